//! Reasons and error codes
// Most of the constants are for C alone.
#![allow(dead_code)]

use crate::ffi::guard::Fail;
use crate::types::{ChargePointErrorCode, Reason};

/// Why a transaction ended, as OCPP has it: EVCP_REASON_*.
pub type evcp_reason_t = u32;
/// None: it runs.
pub const EVCP_REASON_NONE: u32 = 0;
/// Somebody at the charger stopped it.
pub const EVCP_REASON_LOCAL: u32 = 1;
/// The central system asked for it.
pub const EVCP_REASON_REMOTE: u32 = 2;
/// The vehicle was unplugged.
pub const EVCP_REASON_EV_DISCONNECTED: u32 = 3;
/// Somebody pressed the emergency stop.
pub const EVCP_REASON_EMERGENCY_STOP: u32 = 4;
/// The central system did not accept the tag after all.
pub const EVCP_REASON_DE_AUTHORIZED: u32 = 5;
/// The central system had the connector unlocked.
pub const EVCP_REASON_UNLOCK_COMMAND: u32 = 6;
/// There was no power any more.
pub const EVCP_REASON_POWER_LOSS: u32 = 7;
/// The charge point restarted, and nobody asked it to.
pub const EVCP_REASON_REBOOT: u32 = 8;
/// A hard reset.
pub const EVCP_REASON_HARD_RESET: u32 = 9;
/// A soft reset.
pub const EVCP_REASON_SOFT_RESET: u32 = 10;
/// Anything else.
pub const EVCP_REASON_OTHER: u32 = 11;

/// In the order of their numbers, from 1 on.
const REASONS: &[Reason] = &[
    Reason::Local,
    Reason::Remote,
    Reason::EVDisconnected,
    Reason::EmergencyStop,
    Reason::DeAuthorized,
    Reason::UnlockCommand,
    Reason::PowerLoss,
    Reason::Reboot,
    Reason::HardReset,
    Reason::SoftReset,
    Reason::Other,
];

/// What is wrong, as OCPP has it: EVCP_ERROR_*.
pub type evcp_error_code_t = u32;
/// Nothing is wrong.
pub const EVCP_ERROR_NO_ERROR: u32 = 0;
/// The lock of the connector does not close or open.
pub const EVCP_ERROR_CONNECTOR_LOCK_FAILURE: u32 = 1;
/// The vehicle does not talk as it should.
pub const EVCP_ERROR_EV_COMMUNICATION_ERROR: u32 = 2;
/// The residual current device has tripped.
pub const EVCP_ERROR_GROUND_FAILURE: u32 = 3;
/// It is too hot inside.
pub const EVCP_ERROR_HIGH_TEMPERATURE: u32 = 4;
/// An error of hardware or software inside.
pub const EVCP_ERROR_INTERNAL_ERROR: u32 = 5;
/// The list of tags is not that of the central system.
pub const EVCP_ERROR_LOCAL_LIST_CONFLICT: u32 = 6;
/// Anything else: see vendor_code.
pub const EVCP_ERROR_OTHER_ERROR: u32 = 7;
/// Too much current.
pub const EVCP_ERROR_OVER_CURRENT_FAILURE: u32 = 8;
/// Too much voltage.
pub const EVCP_ERROR_OVER_VOLTAGE: u32 = 9;
/// The meter cannot be read.
pub const EVCP_ERROR_POWER_METER_FAILURE: u32 = 10;
/// The contactor does not close or open.
pub const EVCP_ERROR_POWER_SWITCH_FAILURE: u32 = 11;
/// The reader of tags does not work.
pub const EVCP_ERROR_READER_FAILURE: u32 = 12;
/// A reset was not possible.
pub const EVCP_ERROR_RESET_FAILURE: u32 = 13;
/// Too little voltage.
pub const EVCP_ERROR_UNDER_VOLTAGE: u32 = 14;
/// The radio link is weak.
pub const EVCP_ERROR_WEAK_SIGNAL: u32 = 15;

/// In the order of their numbers.
const ERROR_CODES: &[ChargePointErrorCode] = &[
    ChargePointErrorCode::NoError,
    ChargePointErrorCode::ConnectorLockFailure,
    ChargePointErrorCode::EVCommunicationError,
    ChargePointErrorCode::GroundFailure,
    ChargePointErrorCode::HighTemperature,
    ChargePointErrorCode::InternalError,
    ChargePointErrorCode::LocalListConflict,
    ChargePointErrorCode::OtherError,
    ChargePointErrorCode::OverCurrentFailure,
    ChargePointErrorCode::OverVoltage,
    ChargePointErrorCode::PowerMeterFailure,
    ChargePointErrorCode::PowerSwitchFailure,
    ChargePointErrorCode::ReaderFailure,
    ChargePointErrorCode::ResetFailure,
    ChargePointErrorCode::UnderVoltage,
    ChargePointErrorCode::WeakSignal,
];

fn index<T: PartialEq>(all: &[T], one: &T) -> u32 {
    let at = all.iter().position(|known| known == one);
    at.and_then(|at| u32::try_from(at).ok()).unwrap_or(0)
}

fn at<T: Copy>(all: &[T], index: u32) -> Option<T> {
    all.get(usize::try_from(index).ok()?).copied()
}

/// The number of a reason.
pub(super) fn reason_number(reason: Option<Reason>) -> evcp_reason_t {
    reason.map_or(EVCP_REASON_NONE, |reason| index(REASONS, &reason) + 1)
}

/// The number of an error code.
pub(super) fn error_number(code: ChargePointErrorCode) -> evcp_error_code_t {
    index(ERROR_CODES, &code)
}

/// A reason for a stop.
pub(super) fn reason(number: evcp_reason_t) -> Result<Reason, Fail> {
    let reason = number.checked_sub(1).and_then(|index| at(REASONS, index));
    let most = REASONS.len();
    reason.ok_or_else(|| {
        Fail::invalid(format!(
            "reason is {number}: it must be one of EVCP_REASON_*, 1 to {most}"
        ))
    })
}

/// A code of something that is wrong, or of nothing (`None`).
pub(super) fn error_code(number: evcp_error_code_t) -> Result<Option<ChargePointErrorCode>, Fail> {
    let code = at(ERROR_CODES, number);
    let most = ERROR_CODES.len() - 1;
    let code = code.ok_or_else(|| {
        Fail::invalid(format!(
            "code is {number}: it must be one of EVCP_ERROR_*, 0 to {most}"
        ))
    })?;
    Ok(Some(code).filter(|code| *code != ChargePointErrorCode::NoError))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_and_every_error_code_has_one_number() {
        for known in Reason::ALL {
            assert_eq!(reason(reason_number(Some(*known))).ok(), Some(*known));
        }
        for known in ChargePointErrorCode::ALL {
            let wrong = Some(*known).filter(|code| *code != ChargePointErrorCode::NoError);
            assert_eq!(error_code(error_number(*known)).ok(), Some(wrong));
        }
        assert_eq!(REASONS.len(), Reason::ALL.len());
        assert_eq!(ERROR_CODES.len(), ChargePointErrorCode::ALL.len());
        assert!(reason(EVCP_REASON_NONE).is_err() && reason(12).is_err());
        assert!(error_code(16).is_err() && error_code(u32::MAX).is_err());
    }
}
