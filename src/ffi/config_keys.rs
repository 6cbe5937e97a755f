//! Configuration by name

use std::ffi::c_char;

use crate::core::{DeclaredKey, Key, OwnValues, TuningError};
use crate::ffi::config::{change, evcp_config_t};
use crate::ffi::guard::Fail;
use crate::ffi::results::{evcp_err_t, EVCP_E_UNSUPPORTED};
use crate::ffi::sized::{self, sized32};
use crate::ffi::text::{filled, limited, optional, required};
use crate::types::CiString;

/// What BootNotification says of the device beyond evcp_config_set_device().
fn set_device_field(cfg: &mut evcp_config_t, field: &str, value: &str) -> Result<(), Fail> {
    let missing = || Fail::invalid("evcp_config_set_device() comes first");
    let device = cfg.device.as_mut().ok_or_else(missing)?;
    match field {
        "iccid" => device.iccid = Some(limited(value, "device.iccid")?),
        "vendor_id" => device.vendor_id = Some(limited(value, "device.vendor_id")?),
        "imsi" => device.imsi = Some(limited(value, "device.imsi")?),
        "meter_type" => device.meter_type = Some(limited(value, "device.meter_type")?),
        "meter_serial" => device.meter_serial = Some(limited(value, "device.meter_serial")?),
        _ => {
            let text = format!("there is no setting \"device.{field}\"");
            return Err(Fail(EVCP_E_UNSUPPORTED, text));
        }
    }
    Ok(())
}

/// Everything else by name: OCPP's configuration keys ("HeartbeatInterval", "300"), which stored
/// changes of the central system win over, and the library's own settings ("reconnect.max_s",
/// "60"). EVCP_E_UNSUPPORTED for a name that there is not. The value of an OCPP key is checked by
/// evcp_new().
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set(
    cfg: *mut evcp_config_t,
    name: *const c_char,
    value: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            let name = required(name, "name")?;
            let value = required(value, "value")?;
            let declared = cfg
                .declared
                .iter()
                .any(|key| key.name.as_str().eq_ignore_ascii_case(name));
            if declared || Key::by_name(name).is_some() {
                let key: CiString<50> = limited(name, "name")?;
                let value = limited(value, "value")?;
                cfg.keys.retain(|(known, _)| *known != key);
                cfg.keys.push((key, value));
                return Ok(());
            }
            if let Some(field) = name.strip_prefix("device.") {
                return set_device_field(cfg, field, value);
            }
            match cfg.tuning.set(name, value) {
                Ok(()) => Ok(()),
                Err(TuningError::Value) => {
                    Err(Fail::invalid(format!("{name} cannot be \"{value}\"")))
                }
                Err(TuningError::Unknown) => Err(Fail(
                    EVCP_E_UNSUPPORTED,
                    format!("there is no setting \"{name}\""),
                )),
            }
        })
    }
}

/// Any text.
pub const EVCP_KEY_TEXT: u32 = 0;
/// A whole number.
pub const EVCP_KEY_INTEGER: u32 = 1;
/// "true" or "false", in any case.
pub const EVCP_KEY_BOOLEAN: u32 = 2;
/// Entries with commas between them.
pub const EVCP_KEY_LIST: u32 = 3;

/// A configuration key of the firmware's own. A value outside of what it may be is refused without a question.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_key_decl_t {
    /// sizeof(evcp_key_decl_t); see GROWTH.
    pub struct_size: u32,
    /// EVCP_KEY_*: what its value is.
    pub kind: u32,
    /// Its name, 1 to 50 characters.
    pub name: *const c_char,
    /// Its value until somebody changes it, 500 characters at most.
    pub value: *const c_char,
    /// For EVCP_KEY_TEXT the values that there are, for EVCP_KEY_LIST the entries, with commas between them, as in
    /// "red,blue"; NULL: any.
    pub words: *const c_char,
    /// NULL.
    pub reserved_pointer: *const c_char,
    /// For EVCP_KEY_INTEGER the least value; else 0.
    pub min: i64,
    /// For EVCP_KEY_INTEGER the greatest value (min and max 0: any), for EVCP_KEY_TEXT the characters and for
    /// EVCP_KEY_LIST the entries at most (0: what fits in 500 characters); else 0.
    pub max: i64,
    /// Whether the central system may only read it.
    pub read_only: bool,
    /// Whether a change takes effect at the next boot only: the central system is told so.
    pub reboot_required: bool,
    /// Whether on_key_change is asked before the central system changes it.
    pub asks: bool,
    /// Zero.
    pub reserved: [u8; 5],
}

// repr(C), begins with a u32; zero is NULL for the texts.
sized32!(evcp_key_decl_t {
    struct_size kind name value words reserved_pointer min max read_only reboot_required asks reserved
});

/// What a key may be, as it is declared.
///
/// # Safety
/// See POINTERS at the top of the header.
unsafe fn values_of(decl: &evcp_key_decl_t) -> Result<OwnValues, Fail> {
    // SAFETY: as the caller promises.
    let words = unsafe { optional(decl.words, "words") }?;
    let (min, max) = (decl.min, decl.max);
    let fits = match decl.kind {
        EVCP_KEY_TEXT | EVCP_KEY_LIST => min == 0 && max >= 0,
        EVCP_KEY_INTEGER => min <= max && words.is_none(),
        EVCP_KEY_BOOLEAN => (min, max) == (0, 0) && words.is_none(),
        kind => {
            let why = "it must be one of EVCP_KEY_*, 0 to 3";
            return Err(Fail::invalid(format!("kind is {kind}: {why}")));
        }
    };
    if !fits {
        let why = "with this kind of key: see evcp_key_decl_t";
        return Err(Fail::invalid(format!(
            "min is {min}, max {max}, words {}: not possible {why}",
            words.unwrap_or("NULL")
        )));
    }
    let all = words.into_iter().flat_map(|words| words.split(','));
    let words = all.map(|word| word.trim().to_owned()).collect();
    let most = match max {
        0 => usize::MAX,
        _ => usize::try_from(max).unwrap_or(usize::MAX),
    };
    Ok(match decl.kind {
        EVCP_KEY_TEXT => OwnValues::Text { most, words },
        EVCP_KEY_LIST => OwnValues::List { most, words },
        EVCP_KEY_INTEGER if (min, max) == (0, 0) => OwnValues::Integer(i64::MIN, i64::MAX),
        EVCP_KEY_INTEGER => OwnValues::Integer(min, max),
        _ => OwnValues::Boolean,
    })
}

/// A configuration key of the firmware's own, that the central system may read and, unless it is
/// read_only, write; on_key_changed tells. A name of OCPP's own is refused, and a value that it may not have.
///
/// # Safety
/// See POINTERS at the top of the header; decl->struct_size must be set.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_declare(
    cfg: *mut evcp_config_t,
    decl: *const evcp_key_decl_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            let decl = sized::read(decl, "decl")?;
            let name: CiString<50> = limited(filled(decl.name, "name")?, "name")?;
            if Key::by_name(name.as_str()).is_some() {
                let text = format!("{name} is a key of OCPP's own: evcp_config_set() sets it");
                return Err(Fail::invalid(text));
            }
            let value: CiString<500> = limited(required(decl.value, "value")?, "value")?;
            let values = values_of(&decl)?;
            if !values.admit(value.as_str()) {
                let may = values.in_words();
                let text = format!("{name} cannot be \"{value}\": it is declared as {may}");
                return Err(Fail::invalid(text));
            }
            cfg.declared.push(DeclaredKey {
                name,
                value,
                values,
                read_only: decl.read_only,
                reboot_required: decl.reboot_required,
                asks: decl.asks,
            });
            Ok(())
        })
    }
}
