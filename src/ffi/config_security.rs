//! Configuration of what the central system is known by, and known to

use crate::core::Key;
use crate::ffi::config::{change, evcp_config_t};
use crate::ffi::guard::Fail;
use crate::ffi::results::evcp_err_t;
use crate::ffi::text::{bytes, limited};
use crate::types::CiString;

/// Security profile of OCPP: 0 none, 1 password, 2 TLS and password, 3 TLS with certificates on
/// both sides.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_profile(
    cfg: *mut evcp_config_t,
    security_profile: u32,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            let profile = u8::try_from(security_profile)
                .ok()
                .filter(|profile| *profile <= 3);
            cfg.first().security_profile = profile.ok_or_else(|| {
                Fail::invalid(format!(
                    "security profile {security_profile}: there are 0 to 3"
                ))
            })?;
            Ok(())
        })
    }
}

/// The password for profiles 1 and 2, 16 to 20 bytes of any kind. A password that the central
/// system sets later wins.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_auth_key(
    cfg: *mut evcp_config_t,
    key: *const u8,
    len: usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            let key = bytes(key, len, "key")?;
            if !(16..=20).contains(&key.len()) {
                let text = format!("the key has {len} bytes: there must be 16 to 20");
                return Err(Fail::invalid(text));
            }
            let hex = data_encoding::HEXLOWER.encode(key);
            let name = CiString::truncated(Key::AuthorizationKey.row().name);
            cfg.keys.retain(|(known, _)| *known != name);
            cfg.keys.push((name, limited(&hex, "key")?));
            Ok(())
        })
    }
}

/// The roots that the central system's certificate must lead to, one or several, as PEM. No others
/// are trusted.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_ca_pem(
    cfg: *mut evcp_config_t,
    pem: *const u8,
    len: usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            cfg.first().tls.roots_pem = bytes(pem, len, "pem")?.to_vec();
            Ok(())
        })
    }
}

/// The charge point's own certificate with those between it and its root, and the key to it, as
/// PEM, for profile 3.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_client_pem(
    cfg: *mut evcp_config_t,
    chain: *const u8,
    chain_len: usize,
    key: *const u8,
    key_len: usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            cfg.first().tls.client_chain_pem = bytes(chain, chain_len, "chain")?.to_vec();
            cfg.first().tls.client_key_pem = bytes(key, key_len, "key")?.to_vec();
            Ok(())
        })
    }
}
