//! Charging profiles: those that are installed, and the charger's own

use std::ffi::c_char;

use crate::core::{read_profile, Act, ListedProfile, Origin, Place};
use crate::ffi::acts::act;
use crate::ffi::details::{fill, has_room};
use crate::ffi::get::existing_place;
use crate::ffi::guard::Fail;
use crate::ffi::life::{evcp_t, with};
use crate::ffi::results::*;
use crate::ffi::sized::sized32;
use crate::ffi::text::{filled, to_c};
use crate::ffi::values::*;
use crate::types::ChargingProfilePurposeType as Purpose;

/// ChargePointMaxProfile: what all connectors draw together.
pub const EVCP_PURPOSE_CHARGE_POINT_MAX: u32 = 0;
/// TxDefaultProfile: each transaction that has no profile of its own.
pub const EVCP_PURPOSE_TX_DEFAULT: u32 = 1;
/// TxProfile: one transaction.
pub const EVCP_PURPOSE_TX: u32 = 2;

/// A charging profile that is installed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_profile_info_t {
    /// sizeof(evcp_profile_info_t), set by the caller; only that much is written.
    pub struct_size: u32,
    /// Where it is installed; 0: the charge point.
    pub connector: u32,
    /// Its number in the list of evcp_get_profile(), never 0. It stays the same.
    pub number: u64,
    /// The transaction that a TxProfile is for; else 0.
    pub tx: evcp_tx_t,
    /// Its chargingProfileId. The charger's own have ids of their own.
    pub id: i32,
    /// Its stackLevel: a higher one prevails.
    pub level: i32,
    /// EVCP_PURPOSE_*
    pub purpose: u32,
    /// Whether it is one of the charger's own, and not of the central system.
    pub local: bool,
    /// Whether it says nothing now, since there is no connection: "offline.ignores".
    pub ignored: bool,
    /// Zero.
    pub reserved: [u8; 2],
    /// All of it: a ChargingProfile of OCPP 1.6 (§7.8), JSON.
    pub json: *const c_char,
    /// NULL.
    pub reserved_pointer: *const c_char,
}

// repr(C), begins with a u32; zero is NULL for a text.
sized32!(evcp_profile_info_t {
    struct_size connector number tx id level purpose local ignored reserved json reserved_pointer
});

/// No profile is longer.
const MOST_BYTES: usize = 65_536;

/// Installs a charging profile of the charger's own at a connector (0: the charge point), such as an off-peak default
/// or what the owner asks for in an app. json: a ChargingProfile of OCPP 1.6 (§7.8), read as strictly as those in a
/// SetChargingProfile, 65536 bytes at most. One of the charger's own with its chargingProfileId, or its purpose and
/// stackLevel, there is replaced. It is valid and stacked as those of the central system are, of which one with the same
/// purpose and stackLevel prevails while it says something; a higher stackLevel prevails, whosever it is: 0 lets the central
/// system overrule it. A TxProfile is for the transaction that runs at the connector, and ends with it. All are kept over
/// a restart. The central system sees them in composite schedules, and can neither list nor clear them. EVCP_E_INVALID
/// says what is wrong with it, or that there is no transaction, or that 16 are installed. The supply follows in on_supply.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_install_profile(
    cp: *mut evcp_t,
    connector: u32,
    json: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let at = existing_place(inner, connector)?;
            let text = filled(json, "json")?;
            if text.len() > MOST_BYTES {
                let len = text.len();
                return Err(Fail::invalid(format!(
                    "json has {len} bytes: there may be {MOST_BYTES}"
                )));
            }
            let profile =
                read_profile(text).map_err(|why| Fail::invalid(format!("json: {why}")))?;
            inner.charge_point.install_profile(at, profile)?;
            Ok(EVCP_OK)
        })
    }
}

/// Removes the charging profile of the charger's own with that chargingProfileId at a connector (0: the charge point).
/// EVCP_E_INVALID if there is none; those of the central system are its own to clear.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_clear_profile(
    cp: *mut evcp_t,
    connector: u32,
    id: i32,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { act(cp, || Ok(Act::ClearProfile(place(connector)?, id))) }
}

/// Removes all charging profiles of the charger's own, if there are any.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_clear_profiles(cp: *mut evcp_t) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe { act(cp, || Ok(Act::ClearProfiles)) }
}

/// The charging profile that follows that number in the list of all that are installed, those of the central system, then
/// the charger's own, each by connectors and ids. Begin with 0, and go on with the number of the last one: returns 1, and 0
/// when there are no more. What was just installed or cleared shows when the library has dealt with it. Its JSON is
/// written to text, with len as in evcp_get_undelivered(); one of 24 periods takes 2 kB.
///
/// # Safety
/// See POINTERS at the top of the header; out->struct_size must be set, text has *len bytes.
#[no_mangle]
pub unsafe extern "C" fn evcp_get_profile(
    cp: *const evcp_t,
    after: u64,
    out: *mut evcp_profile_info_t,
    text: *mut c_char,
    len: *mut usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            has_room(len)?;
            let Some(listed) = inner.charge_point.profile_after(rank_of(after)?)? else {
                return Ok(0);
            };
            let json = serde_json::to_string(&*listed.profile).unwrap_or_default();
            let json = to_c(&json);
            fill(out, text, len, [Some(json.as_c_str())], |[json]| {
                evcp_profile_info_t {
                    json,
                    ..evcp_profile_info_t::of(&listed)
                }
            })?;
            Ok(1)
        })
    }
}

impl evcp_profile_info_t {
    fn of(listed: &ListedProfile) -> Self {
        let profile = &listed.profile;
        Self {
            struct_size: size::<Self>(),
            connector: listed.place.number(),
            number: number_of(listed.rank()),
            tx: listed.tx.map_or(0, |tx| tx.0),
            id: profile.charging_profile_id,
            level: profile.stack_level,
            purpose: match profile.charging_profile_purpose {
                Purpose::ChargePointMaxProfile => EVCP_PURPOSE_CHARGE_POINT_MAX,
                Purpose::TxDefaultProfile => EVCP_PURPOSE_TX_DEFAULT,
                Purpose::TxProfile => EVCP_PURPOSE_TX,
            },
            local: listed.origin == Origin::Charger,
            ignored: listed.ignored,
            reserved: [0; 2],
            json: std::ptr::null(),
            reserved_pointer: std::ptr::null(),
        }
    }
}

/// Turns the order of ids into that of numbers.
const SIGN: u32 = 1 << 31;

fn number_of((origin, place, id): (Origin, Place, i32)) -> u64 {
    let whose = match origin {
        Origin::Central => 1,
        Origin::Charger => 2,
    };
    whose << 48 | u64::from(place.number()) << 32 | u64::from(id as u32 ^ SIGN)
}

fn rank_of(number: u64) -> Result<Option<(Origin, Place, i32)>, Fail> {
    let origin = match number >> 48 {
        0 if number == 0 => return Ok(None),
        1 => Some(Origin::Central),
        2 => Some(Origin::Charger),
        _ => None,
    };
    let place = Place::new((number >> 32) as u32 & 0xFFFF);
    match (origin, place) {
        (Some(origin), Some(place)) => Ok(Some((origin, place, (number as u32 ^ SIGN) as i32))),
        _ => {
            let why = "it must be 0, or the number of a profile that this function gave";
            Err(Fail::invalid(format!("after is {number}: {why}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_one_profile_and_in_the_order_of_the_list() {
        let mut last = 0;
        for origin in [Origin::Central, Origin::Charger] {
            for place in [0, 1, 256].map(|number| Place::new(number).expect("a place")) {
                for id in [i32::MIN, -1, 0, 1, i32::MAX] {
                    let number = number_of((origin, place, id));
                    assert!(number > last);
                    last = number;
                    let rank = rank_of(number).ok().flatten();
                    assert_eq!(rank, Some((origin, place, id)));
                }
            }
        }
        for bad in [1, 3 << 48, u64::MAX, 1 << 48 | 257 << 32] {
            assert!(rank_of(bad).is_err(), "{bad}");
        }
    }
}
