//! Ways to a central system: network profiles, and the order in which they are tried

use std::ffi::c_char;
use std::net::IpAddr;
use std::time::Duration;

use crate::core::NetworkSlot;
use crate::ffi::config::{change, evcp_config_t};
use crate::ffi::guard::Fail;
use crate::ffi::life::{evcp_t, with};
use crate::ffi::results::{evcp_err_t, EVCP_E_UNSUPPORTED, EVCP_OK};
use crate::ffi::sized::{read, sized32};
use crate::ffi::text::{bytes, filled, optional};
use crate::shell::{NetworkProfile, TlsOptions};

/// No URL is longer.
const MOST_URL: usize = 2048;
/// No file of certificates is.
const MOST_PEM: usize = 65_536;

/// A way to a central system. What is zero or NULL is as if it were not there.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evcp_network_profile_t {
    /// sizeof(evcp_network_profile_t); see GROWTH.
    pub struct_size: u32,
    /// As evcp_config_set_profile().
    pub security_profile: u32,
    /// As evcp_config_set_url(). Must be there.
    pub url: *const c_char,
    /// As evcp_config_set_identity(). Must be there.
    pub identity: *const c_char,
    /// The password for security profiles 1 and 2, 16 to 20 bytes of any kind, for the central system of this
    /// url and identity alone. NULL: that of another profile with the same url, but for its scheme, and
    /// identity, or else, if the profile with the lowest number at evcp_new() has them too, the configuration
    /// key AuthorizationKey. What the central system sets later wins, also after a restart, for as long as
    /// url, identity and auth_key stay the same.
    pub auth_key: *const u8,
    /// Its bytes.
    pub auth_key_len: usize,
    /// As evcp_config_set_ca_pem().
    pub ca_pem: *const u8,
    /// Its bytes.
    pub ca_pem_len: usize,
    /// As evcp_config_set_client_pem().
    pub client_chain_pem: *const u8,
    /// Its bytes.
    pub client_chain_pem_len: usize,
    /// The key to it.
    pub client_key_pem: *const u8,
    /// Its bytes.
    pub client_key_pem_len: usize,
    /// The network interface that connections leave by, "wwan0" (SO_BINDTODEVICE). Before Linux 5.7 the
    /// process needs CAP_NET_RAW for it; on_connection says so where that is missing. Names are looked
    /// up as the system does it, not by this interface.
    pub interface: *const c_char,
    /// The address that connections leave from, IPv4 or IPv6: only addresses of its kind are tried.
    pub source_address: *const c_char,
    /// An HTTP proxy on the way, "http://[user:password@]host:port", characters of its user and password
    /// percent-encoded where need be. It is asked for a tunnel to the central system (CONNECT), whose name
    /// it looks up; TLS runs inside.
    pub proxy: *const c_char,
    /// How long an attempt to connect may take with all its steps, 1 to 600; 0: 30.
    pub connect_timeout_s: u32,
    /// Zero.
    pub reserved: u32,
}

// repr(C), begins with a u32, valid with all bytes zero.
sized32!(evcp_network_profile_t {
    struct_size security_profile url identity auth_key auth_key_len ca_pem ca_pem_len client_chain_pem
    client_chain_pem_len client_key_pem client_key_pem_len interface source_address proxy connect_timeout_s
    reserved
});

fn slot_of(number: u32) -> Result<NetworkSlot, Fail> {
    let slot = NetworkSlot::new(number);
    slot.ok_or_else(|| Fail::invalid(format!("slot is {number}: there are 1 to 4")))
}

/// A text that says something, or NULL, and is not too long for an address.
///
/// # Safety
/// As of [`optional`].
unsafe fn said<'a>(text: *const c_char, what: &str) -> Result<Option<&'a str>, Fail> {
    // SAFETY: as the caller promises.
    let text = unsafe { optional(text, what) }?;
    match text.map_or(1, str::len) {
        0 => Err(Fail::invalid(format!("{what} is empty: NULL means none"))),
        1..=MOST_URL => Ok(text),
        len => Err(Fail::invalid(format!(
            "{what} has {len} bytes: there may be {MOST_URL}"
        ))),
    }
}

/// # Safety
/// As of [`bytes`].
unsafe fn pem(at: *const u8, len: usize, what: &str) -> Result<Vec<u8>, Fail> {
    if len > MOST_PEM {
        let text = format!("{what} has {len} bytes: there may be {MOST_PEM}");
        return Err(Fail::invalid(text));
    }
    // SAFETY: as the caller promises.
    Ok(unsafe { bytes(at, len, what) }?.to_vec())
}

/// A profile of the caller's; `None` for NULL.
///
/// # Safety
/// `from` is NULL or points to `struct_size` readable bytes that are as the header says.
unsafe fn taken(from: *const evcp_network_profile_t) -> Result<Option<NetworkProfile>, Fail> {
    if from.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises, here and for each pointer in it.
    unsafe {
        let given = read(from, "profile")?;
        if given.reserved != 0 {
            let text = "profile: reserved is not 0".to_owned();
            return Err(Fail(EVCP_E_UNSUPPORTED, text));
        }
        let source_address = said(given.source_address, "source_address")?;
        let source_address = source_address.map(|text| {
            let why = "source_address must be an IPv4 or IPv6 address, as 192.0.2.1 or 2001:db8::1";
            text.parse::<IpAddr>()
                .map_err(|_| Fail::invalid(format!("{why}, and is \"{text}\"")))
        });
        let key = bytes(given.auth_key, given.auth_key_len, "auth_key")?;
        let timeout = u64::from(given.connect_timeout_s);
        filled(given.url, "url")?;
        Ok(Some(NetworkProfile {
            url: said(given.url, "url")?.unwrap_or_default().to_owned(),
            identity: filled(given.identity, "identity")?.to_owned(),
            // There are none so large, as whoever checks it will say.
            security_profile: u8::try_from(given.security_profile).unwrap_or(u8::MAX),
            auth_key: (!key.is_empty()).then(|| key.to_vec()),
            tls: TlsOptions {
                roots_pem: pem(given.ca_pem, given.ca_pem_len, "ca_pem")?,
                client_chain_pem: pem(
                    given.client_chain_pem,
                    given.client_chain_pem_len,
                    "client_chain_pem",
                )?,
                client_key_pem: pem(
                    given.client_key_pem,
                    given.client_key_pem_len,
                    "client_key_pem",
                )?,
            },
            interface: said(given.interface, "interface")?.map(str::to_owned),
            source_address: source_address.transpose()?,
            proxy: said(given.proxy, "proxy")?.map(str::to_owned),
            connect_timeout: (timeout > 0).then(|| Duration::from_secs(timeout)),
        }))
    }
}

/// The network profile of a slot, 1 to 4; NULL: none. evcp_config_set_url(), evcp_config_set_identity(),
/// evcp_config_set_profile(), evcp_config_set_ca_pem() and evcp_config_set_client_pem() change that of slot 1. With several, the
/// setting "network.priority" ("1,2,3,4") says in which order they are tried: after "network.attempts"
/// (3) that failed in a row the next one has its turn, round and round, with waits that grow as they do
/// with one. A connection that stands is not given up for a better one, unless "network.prefer_s" says after
/// how long the first one is tried again; if that attempt fails, the one that worked is next. evcp_new()
/// checks the profiles.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_network_profile(
    cfg: *mut evcp_config_t,
    slot: u32,
    profile: *const evcp_network_profile_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            let slot = slot_of(slot)?;
            cfg.networks[slot.index()] = taken(profile)?;
            Ok(())
        })
    }
}

/// Another network profile for a slot, 1 to 4, while the charge point lives; NULL: no longer any. The last one
/// cannot be taken away: see evcp_set_network(). It is checked here, and counts from the next attempt to
/// connect. If the connection that stands is by this slot, it is closed in order and made anew at once; if
/// none stands, the profiles are tried anew, the first one first. What is the same as before changes
/// nothing. Calls that are out end as with any connection that is lost. What is queued, of transactions that
/// run or are over, is delivered by the next connection in its order, and nothing twice; also to another central system or
/// under another identity, whose transaction ids may then not be its own. A central system that has not
/// registered this charge point since its start is sent BootNotification. None of this is kept: after a
/// restart evcp_config_t counts.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_network_profile(
    cp: *mut evcp_t,
    slot: u32,
    profile: *const evcp_network_profile_t,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            let (slot, profile) = (slot_of(slot)?, taken(profile)?);
            inner.charge_point.set_network_profile(slot, profile)?;
            Ok(EVCP_OK)
        })
    }
}

/// The order in which network profiles are tried from now on, by their slots, the first one first; a slot that
/// is not named is not used. With another first profile than before, or when the one in use is not named any more,
/// the connection that stands is closed in order, and the first one is tried at once. It is not kept:
/// after a restart the setting "network.priority" counts.
///
/// # Safety
/// See POINTERS at the top of the header; slots points to count numbers.
#[no_mangle]
pub unsafe extern "C" fn evcp_set_network_priority(
    cp: *mut evcp_t,
    slots: *const u32,
    count: usize,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        with(cp, |inner| {
            if slots.is_null() || !(1..=NetworkSlot::COUNT).contains(&count) {
                return Err(Fail::invalid("slots must be 1 to 4 numbers"));
            }
            let numbers = std::slice::from_raw_parts(slots, count);
            let slots: Vec<_> =
                { numbers.iter().map(|number| slot_of(*number)) }.collect::<Result<_, _>>()?;
            inner.charge_point.set_network_priority(&slots)?;
            Ok(EVCP_OK)
        })
    }
}
