//! Names of constants

use std::ffi::c_char;

const STATUSES: &[&str] = &[
    "Available\0",
    "Preparing\0",
    "Charging\0",
    "SuspendedEVSE\0",
    "SuspendedEV\0",
    "Finishing\0",
    "Reserved\0",
    "Unavailable\0",
    "Faulted\0",
];

const REASONS: &[&str] = &[
    "none\0",
    "Local\0",
    "Remote\0",
    "EVDisconnected\0",
    "EmergencyStop\0",
    "DeAuthorized\0",
    "UnlockCommand\0",
    "PowerLoss\0",
    "Reboot\0",
    "HardReset\0",
    "SoftReset\0",
    "Other\0",
];

const ERROR_CODES: &[&str] = &[
    "NoError\0",
    "ConnectorLockFailure\0",
    "EVCommunicationError\0",
    "GroundFailure\0",
    "HighTemperature\0",
    "InternalError\0",
    "LocalListConflict\0",
    "OtherError\0",
    "OverCurrentFailure\0",
    "OverVoltage\0",
    "PowerMeterFailure\0",
    "PowerSwitchFailure\0",
    "ReaderFailure\0",
    "ResetFailure\0",
    "UnderVoltage\0",
    "WeakSignal\0",
];

const AUTHS: &[&str] = &[
    "Accepted\0",
    "Blocked\0",
    "Expired\0",
    "Invalid\0",
    "ConcurrentTx\0",
];

const BOOTS: &[&str] = &["Accepted\0", "Pending\0", "Rejected\0"];

const READS: &[&str] = &[
    "Transaction.Begin\0",
    "Sample.Periodic\0",
    "Transaction.End\0",
    "Trigger\0",
    "Sample.Clock\0",
];

const EVS: &[&str] = &[
    "absent\0",
    "plugged\0",
    "charging\0",
    "suspended\0",
    "cable\0",
];

const TX_CHANGES: &[&str] = &[
    "started\0",
    "resumed\0",
    "confirmed\0",
    "deauthorized\0",
    "stopped\0",
    "given up\0",
    "delivered\0",
    "unanswered\0",
];

const CONNECTIONS: &[&str] = &["disconnected\0", "connect failed\0", "connected\0"];

const STORAGES: &[&str] = &["works\0", "fails\0", "damaged\0"];

const BYS: &[&str] = &[
    "reader\0",
    "central system\0",
    "charger\0",
    "free charging\0",
];

const PURPOSES: &[&str] = &["start\0", "stop\0", "unlock\0", "take back\0"];

const WHYS: &[&str] = &[
    "none\0",
    "out of service\0",
    "faulted\0",
    "not registered\0",
    "restarting\0",
    "offline and unknown\0",
    "central system silent\0",
    "too many\0",
    "no free connector\0",
    "other tag charges\0",
    "cable kept\0",
    "cancelled\0",
    "free charging\0",
    "draining\0",
];

const RESTARTS: &[&str] = &["free\0", "waiting\0", "session\0", "data\0"];

fn name(names: &'static [&'static str], number: u32) -> *const c_char {
    let at = usize::try_from(number).ok();
    let name = at.and_then(|at| names.get(at)).unwrap_or(&"unknown\0");
    name.as_ptr().cast()
}

/// The name of one of EVCP_STATUS_*, in the words of OCPP, such as "SuspendedEV". Each of these: static, never NULL; "unknown" for a number
/// that is none.
#[no_mangle]
pub extern "C" fn evcp_status_name(status: u32) -> *const c_char {
    name(STATUSES, status)
}

/// The name of one of EVCP_REASON_*, in the words of OCPP, such as "EVDisconnected"; "none" for EVCP_REASON_NONE.
#[no_mangle]
pub extern "C" fn evcp_reason_name(reason: u32) -> *const c_char {
    name(REASONS, reason)
}

/// The name of one of EVCP_ERROR_*, in the words of OCPP, such as "GroundFailure".
#[no_mangle]
pub extern "C" fn evcp_error_code_name(code: u32) -> *const c_char {
    name(ERROR_CODES, code)
}

/// The name of one of EVCP_AUTH_*, in the words of OCPP, such as "Blocked".
#[no_mangle]
pub extern "C" fn evcp_auth_name(status: u32) -> *const c_char {
    name(AUTHS, status)
}

/// The name of one of EVCP_BY_*, such as "reader".
#[no_mangle]
pub extern "C" fn evcp_by_name(by: u32) -> *const c_char {
    name(BYS, by)
}

/// The name of one of EVCP_FOR_*, such as "unlock".
#[no_mangle]
pub extern "C" fn evcp_for_name(purpose: u32) -> *const c_char {
    name(PURPOSES, purpose)
}

/// The name of one of EVCP_WHY_*, such as "no free connector"; "none" for EVCP_WHY_NONE.
#[no_mangle]
pub extern "C" fn evcp_why_name(why: u32) -> *const c_char {
    name(WHYS, why)
}

/// The name of one of EVCP_BOOT_*, in the words of OCPP, such as "Pending".
#[no_mangle]
pub extern "C" fn evcp_boot_name(status: u32) -> *const c_char {
    name(BOOTS, status)
}

/// The name of one of EVCP_READ_*, in the words of OCPP, such as "Sample.Periodic".
#[no_mangle]
pub extern "C" fn evcp_read_name(context: u32) -> *const c_char {
    name(READS, context)
}

/// The name of one of EVCP_EV_*, such as "plugged".
#[no_mangle]
pub extern "C" fn evcp_ev_name(ev: u32) -> *const c_char {
    name(EVS, ev)
}

/// The name of one of EVCP_TX_*, such as "started".
#[no_mangle]
pub extern "C" fn evcp_tx_change_name(change: u32) -> *const c_char {
    name(TX_CHANGES, change)
}

/// The name of one of EVCP_DISCONNECTED and so on, such as "connected".
#[no_mangle]
pub extern "C" fn evcp_connection_name(state: u32) -> *const c_char {
    name(CONNECTIONS, state)
}

/// The name of one of EVCP_RESTART_*, such as "session".
#[no_mangle]
pub extern "C" fn evcp_restart_name(verdict: u32) -> *const c_char {
    name(RESTARTS, verdict)
}

/// The name of one of EVCP_STORAGE_*, such as "fails".
#[no_mangle]
pub extern "C" fn evcp_storage_name(state: u32) -> *const c_char {
    name(STORAGES, state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::codes::{error_number, reason_number};
    use crate::ffi::dispatch::number;
    use crate::types::{AuthorizationStatus, ChargePointErrorCode, ChargePointStatus};
    use crate::types::{Reason, RegistrationStatus};
    use std::ffi::CStr;

    fn text(name: *const c_char) -> &'static str {
        // SAFETY: each name is static and NUL-terminated.
        unsafe { CStr::from_ptr(name) }.to_str().unwrap()
    }

    #[test]
    fn names_are_the_words_on_the_wire() {
        for known in ChargePointStatus::ALL {
            assert_eq!(text(evcp_status_name(number(*known))), known.as_str());
        }
        for known in Reason::ALL {
            let number = reason_number(Some(*known));
            assert_eq!(text(evcp_reason_name(number)), known.as_str());
        }
        for known in ChargePointErrorCode::ALL {
            assert_eq!(
                text(evcp_error_code_name(error_number(*known))),
                known.as_str()
            );
        }
        let auths = AuthorizationStatus::ALL.iter().map(|known| known.as_str());
        assert!(auths.eq(AUTHS.iter().map(|name| name.trim_end_matches('\0'))));
        let boots = RegistrationStatus::ALL.iter().map(|known| known.as_str());
        assert!(boots.eq(BOOTS.iter().map(|name| name.trim_end_matches('\0'))));
    }

    #[test]
    fn every_name_ends_for_c_and_a_number_that_is_none_is_unknown() {
        let all = [
            STATUSES,
            REASONS,
            ERROR_CODES,
            AUTHS,
            BOOTS,
            READS,
            EVS,
            TX_CHANGES,
        ];
        for name in all
            .iter()
            .chain(&[CONNECTIONS, STORAGES, BYS, PURPOSES, WHYS, RESTARTS])
            .copied()
            .flatten()
        {
            assert_eq!(name.find('\0'), Some(name.len() - 1), "{name}");
        }
        assert_eq!(text(evcp_ev_name(5)), "unknown");
        assert_eq!(text(evcp_status_name(u32::MAX)), "unknown");
    }
}
