//! Configuration by name

use std::ffi::c_char;

use crate::core::{DeclaredKey, Key, TuningError};
use crate::ffi::config::{change, evcp_config_t};
use crate::ffi::guard::Fail;
use crate::ffi::results::{evcp_err_t, EVCP_E_UNSUPPORTED};
use crate::ffi::text::{filled, limited, required};
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

/// A configuration key of the firmware's own, that the central system may read and, unless it is
/// read_only, write; on_key_changed tells. A name of OCPP's own is refused.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_declare(
    cfg: *mut evcp_config_t,
    key: *const c_char,
    value: *const c_char,
    read_only: bool,
    reboot_required: bool,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            let name: CiString<50> = limited(filled(key, "key")?, "key")?;
            if Key::by_name(name.as_str()).is_some() {
                let text = format!("{name} is a key of OCPP's own: evcp_config_set() sets it");
                return Err(Fail::invalid(text));
            }
            let value = limited(required(value, "value")?, "value")?;
            cfg.declared.push(DeclaredKey {
                name,
                value,
                read_only,
                reboot_required,
            });
            Ok(())
        })
    }
}
