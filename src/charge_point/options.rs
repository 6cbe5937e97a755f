//! What a charge point is made from.

use std::path::PathBuf;

use crate::core::{NetworkSlot, Setup};
use crate::shell::NetworkProfile;
use crate::store::Store;

/// Everything that a charge point is made from.
pub struct Options {
    /// What it is, but for its networks and their security profiles.
    pub setup: Setup,
    /// How it gets to its central system: at least one way, each in a slot of its own. The setting
    /// `network.priority` says in which order they are tried.
    pub networks: Vec<(NetworkSlot, NetworkProfile)>,
    /// Where it keeps what must survive.
    pub storage: Storage,
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
