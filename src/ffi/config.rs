//! Configuration

use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::charge_point::{Options, Storage};
use crate::core::{
    ConnectorId, ConnectorSetup, DeclaredKey, Device, Feed, Feedback, Hardware, Host, NetworkSlot,
    Setup, Tuning,
};
use crate::ffi::guard::{contain, guard, Fail};
use crate::ffi::results::{evcp_err_t, EVCP_OK};
use crate::ffi::text::{filled, limited, optional, required};
use crate::shell::NetworkProfile;
use crate::types::CiString;

/// What a charge point is made of. Not for two threads at once.
pub struct evcp_config_t {
    /// The network profiles by their slots.
    pub(super) networks: [Option<NetworkProfile>; NetworkSlot::COUNT],
    pub(super) device: Option<Device>,
    connectors: Vec<ConnectorSetup>,
    storage: Option<PathBuf>,
    pub(super) keys: Vec<(CiString<50>, CiString<500>)>,
    pub(super) declared: Vec<DeclaredKey>,
    pub(super) tuning: Tuning,
}

impl evcp_config_t {
    /// A copy of it all, as the handle wants it.
    pub(super) fn options(&self, host: Host) -> Result<Options, Fail> {
        let device = self.device.clone();
        let device = device.ok_or_else(|| Fail::invalid("evcp_config_set_device() is missing"))?;
        let slots = NetworkSlot::ALL.into_iter().zip(&self.networks);
        let networks = slots.filter_map(|(slot, profile)| Some((slot, profile.clone()?)));
        let networks: Vec<_> = networks.collect();
        // Only what was said piece by piece can lack something.
        if networks.is_empty() || networks.iter().any(|(_, it)| it.url.is_empty()) {
            return Err(Fail::invalid("evcp_config_set_url() is missing"));
        }
        if networks.iter().any(|(_, it)| it.identity.is_empty()) {
            return Err(Fail::invalid("evcp_config_set_identity() is missing"));
        }
        Ok(Options {
            setup: Setup {
                networks: Vec::new(),
                device,
                connectors: self.connectors.clone(),
                keys: self.keys.clone(),
                declared: self.declared.clone(),
                host,
                tuning: self.tuning.clone(),
                seed: seed(),
            },
            networks,
            storage: self
                .storage
                .clone()
                .map_or(Storage::Memory, Storage::Directory),
        })
    }

    /// The network profile that is said piece by piece.
    pub(super) fn first(&mut self) -> &mut NetworkProfile {
        self.networks[NetworkSlot::FIRST.index()].get_or_insert_with(NetworkProfile::default)
    }
}

/// Different in each run: the operating system's randomness, as std's hasher takes it, and the
/// time for good measure.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u64(COUNT.fetch_add(1, Ordering::Relaxed));
    hasher.write_u128(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |t| t.as_nanos()),
    );
    hasher.finish()
}

/// Takes a configuration for a change.
///
/// # Safety
/// `cfg` is NULL or came from evcp_config_new(), and nobody else uses it now.
pub(super) unsafe fn change(
    cfg: *mut evcp_config_t,
    body: impl FnOnce(&mut evcp_config_t) -> Result<(), Fail>,
) -> evcp_err_t {
    guard(|| {
        // SAFETY: as the caller promises.
        let cfg = unsafe { cfg.as_mut() }.ok_or_else(|| Fail::invalid("cfg is NULL"))?;
        body(cfg)?;
        Ok(EVCP_OK)
    })
}

/// A configuration with one connector and defaults for everything else. Yours until
/// evcp_config_free(). NULL only after a failure inside the library.
#[no_mangle]
pub extern "C" fn evcp_config_new() -> *mut evcp_config_t {
    let new = contain(|| {
        Box::into_raw(Box::new(evcp_config_t {
            networks: Default::default(),
            device: None,
            connectors: vec![ConnectorSetup::SOCKET],
            storage: None,
            keys: Vec::new(),
            declared: Vec::new(),
            tuning: Tuning::default(),
        }))
    });
    new.unwrap_or(std::ptr::null_mut())
}

/// Frees a configuration; NULL is fine. Charge points made from it keep their copies.
///
/// # Safety
/// `cfg` is NULL or came from evcp_config_new() and was not freed before.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_free(cfg: *mut evcp_config_t) {
    if !cfg.is_null() {
        // SAFETY: made by Box::into_raw in evcp_config_new().
        let _ = contain(|| drop(unsafe { Box::from_raw(cfg) }));
    }
}

/// Where the central system is: "ws://host:port/path", "wss://..." for TLS, or "host:port/path": then
/// the security profile decides. evcp_new() refuses wss:// at profile 1, which would send the password
/// without TLS, and ws:// at profiles 2 and 3. The identity is appended.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_url(
    cfg: *mut evcp_config_t,
    url: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            cfg.first().url = filled(url, "url")?.to_owned();
            Ok(())
        })
    }
}

/// The name of the charge point at the central system; also the user name for its password.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_identity(
    cfg: *mut evcp_config_t,
    identity: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            cfg.first().identity = filled(identity, "identity")?.to_owned();
            Ok(())
        })
    }
}

/// What BootNotification says of the device: vendor and model have 1 to 20 characters; serial (25)
/// and firmware (50) may be NULL.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_device(
    cfg: *mut evcp_config_t,
    vendor: *const c_char,
    model: *const c_char,
    serial: *const c_char,
    firmware: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            let serial = optional(serial, "serial")?.filter(|text| !text.is_empty());
            let firmware = optional(firmware, "firmware")?.filter(|text| !text.is_empty());
            cfg.device = Some(Device {
                vendor: limited(required(vendor, "vendor")?, "vendor")?,
                model: limited(required(model, "model")?, "model")?,
                serial: serial.map(|text| limited(text, "serial")).transpose()?,
                firmware: firmware.map(|text| limited(text, "firmware")).transpose()?,
                vendor_id: None,
                iccid: None,
                imsi: None,
                meter_type: None,
                meter_serial: None,
            });
            Ok(())
        })
    }
}

/// How many connectors there are, 1 to 256. All are sockets that can be locked; see
/// evcp_config_set_lockable().
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_connectors(
    cfg: *mut evcp_config_t,
    count: u32,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            let fits = (1..=u32::from(ConnectorId::MAX)).contains(&count);
            if !fits {
                return Err(Fail::invalid(format!(
                    "{count} connectors: there must be 1 to 256"
                )));
            }
            cfg.connectors = vec![ConnectorSetup::SOCKET; count as usize];
            Ok(())
        })
    }
}

/// Whether a connector is a socket with a lock (true, the default) or has a fixed cable (false).
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_lockable(
    cfg: *mut evcp_config_t,
    connector: u32,
    lockable: bool,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            let at = ConnectorId::new(connector).and_then(|at| cfg.connectors.get_mut(at.index()));
            let at =
                at.ok_or_else(|| Fail::invalid(format!("connector {connector} does not exist")))?;
            at.lockable = lockable;
            Ok(())
        })
    }
}

/// The firmware reports with evcp_set_contactor() whether a contactor is closed.
pub const EVCP_FEEDBACK_CONTACTOR: u32 = 1;
/// The firmware reports with evcp_set_lock() whether a lock is closed.
pub const EVCP_FEEDBACK_LOCK: u32 = 2;

/// What of a connector reports whether it is closed: flags: EVCP_FEEDBACK_*, or 0 for nothing, the default:
/// then it is taken to obey. With EVCP_FEEDBACK_LOCK a transaction begins, and energy is permitted,
/// when the lock is closed; one that is not as it should be "lock.timeout_s" (5 s) after its command is a
/// fault, ConnectorLockFailure, until it is. With EVCP_FEEDBACK_CONTACTOR a vehicle is Charging when the contactor
/// is closed, and the last reading of a transaction waits until it is open; one that does not obey for
/// "contactor.timeout_s" (2 s) is a fault, PowerSwitchFailure. A fixed cable has no lock:
/// evcp_config_set_lockable() first. docs/guide.md has the order in which all this happens.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_feedback(
    cfg: *mut evcp_config_t,
    connector: u32,
    flags: u32,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            let at = ConnectorId::new(connector).and_then(|at| cfg.connectors.get_mut(at.index()));
            let at =
                at.ok_or_else(|| Fail::invalid(format!("connector {connector} does not exist")))?;
            if flags & !(EVCP_FEEDBACK_CONTACTOR | EVCP_FEEDBACK_LOCK) != 0 {
                let text = format!("flags is {flags}: there are EVCP_FEEDBACK_CONTACTOR and _LOCK");
                return Err(Fail::invalid(text));
            }
            let lock = flags & EVCP_FEEDBACK_LOCK != 0;
            if lock && !at.lockable {
                let text = format!("connector {connector} has a fixed cable: it has no lock");
                return Err(Fail::invalid(text));
            }
            at.feedback = Feedback {
                contactor: flags & EVCP_FEEDBACK_CONTACTOR != 0,
                lock,
            };
            Ok(())
        })
    }
}

/// What the wires and contactors of a connector (0: of the grid connection of the whole charge point)
/// can carry: amps per phase on 1 to 3 phases, or, with phases 0, of direct current; up to 10000 A,
/// in steps of 0.1 A. A connector has 32 A on three phases unless this says otherwise, and is never
/// told more. The grid connection has no limit unless this says so; then all connectors together are
/// never told more, whatever the central system says: they share it, or have equal parts of it with
/// "smart.sharing" off. The amps of all connectors count as if they were on the same phases. The
/// voltage is the setting "electric.voltage_v".
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_limit(
    cfg: *mut evcp_config_t,
    connector: u32,
    phases: u32,
    amps: f64,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            if !(0.0..=10_000.0).contains(&amps) {
                return Err(Fail::invalid(format!("amps is {amps}")));
            }
            let hardware = Hardware {
                // Never more than was said.
                deciamps: (amps * 10.0 + 1e-6).floor() as u32,
                feed: match phases {
                    0 => Feed::Dc,
                    1 => Feed::One,
                    2 => Feed::Two,
                    3 => Feed::Three,
                    _ => return Err(Fail::invalid(format!("phases is {phases}"))),
                },
            };
            if connector == 0 {
                cfg.tuning.grid = Some(hardware);
                return Ok(());
            }
            let at = ConnectorId::new(connector).and_then(|at| cfg.connectors.get_mut(at.index()));
            let missing = || Fail::invalid(format!("connector {connector} does not exist"));
            at.ok_or_else(missing)?.hardware = hardware;
            Ok(())
        })
    }
}

/// The least current that a connector can say to a vehicle, in A per phase, up to 80: where limits leave less than
/// that, nothing flows (SuspendedEVSE). For alternating current it is the setting "electric.min_a" (6 A, as in IEC
/// 61851), and for direct current 0, unless this says otherwise.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_min_current(
    cfg: *mut evcp_config_t,
    connector: u32,
    amps: f64,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            if !(0.0..=80.0).contains(&amps) {
                return Err(Fail::invalid(format!("amps is {amps}: it must be 0 to 80")));
            }
            // Never less than was said.
            let least = (amps * 10.0 - 1e-6).ceil().max(0.0) as u32;
            let at = ConnectorId::new(connector).and_then(|at| cfg.connectors.get_mut(at.index()));
            let missing = || Fail::invalid(format!("connector {connector} does not exist"));
            at.ok_or_else(missing)?.least = Some(least);
            Ok(())
        })
    }
}

/// The directory for everything that must survive a power cut; it is made if it does not exist, and
/// belongs to one charge point alone. Without one (NULL) everything is forgotten at the end.
///
/// # Safety
/// See POINTERS at the top of the header.
#[no_mangle]
pub unsafe extern "C" fn evcp_config_set_storage(
    cfg: *mut evcp_config_t,
    directory: *const c_char,
) -> evcp_err_t {
    // SAFETY: as the caller promises.
    unsafe {
        change(cfg, |cfg| {
            cfg.storage = match directory.is_null() {
                true => None,
                false => Some(PathBuf::from(filled(directory, "directory")?)),
            };
            Ok(())
        })
    }
}
