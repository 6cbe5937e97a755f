//! What a charge point is made from.

use std::path::PathBuf;

use crate::core::Setup;
use crate::shell::TlsOptions;
use crate::store::Store;

/// Everything that a charge point is made from.
pub struct Options {
    /// What it is.
    pub setup: Setup,
    /// Where the central system is: `ws://host:port/path`, `wss://...` for TLS, or without a scheme, so
    /// that the security profile decides: `ws` for 0 and 1, `wss` for 2 and 3. A scheme that does not
    /// agree with the profile is refused. The identity is appended (`OCPP-J 1.6 §3.1.1`).
    pub url: String,
    /// Its name at the central system.
    pub identity: String,
    /// Where it keeps what must survive.
    pub storage: Storage,
    /// Certificates, as PEM.
    pub tls: TlsOptions,
}

/// Where things are kept.
pub enum Storage {
    /// In a SQLite file in this directory.
    Directory(PathBuf),
    /// Nowhere: everything is forgotten.
    Memory,
    /// Somewhere else.
    Custom(Box<dyn Store>),
}
