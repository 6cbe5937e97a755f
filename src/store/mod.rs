//! Where records are kept: SQLite on a device, memory in tests and simulations.

mod cushion;
#[cfg(feature = "net")]
mod database;
#[cfg(feature = "net")]
mod files;
mod interface;
#[cfg(feature = "net")]
mod log_end;
mod memory;
mod overlay;
#[cfg(feature = "net")]
mod rows;
#[cfg(feature = "net")]
mod salvage;
#[cfg(feature = "net")]
mod schema;
#[cfg(feature = "net")]
mod spoilt;
#[cfg(feature = "net")]
mod sqlite;
#[cfg(feature = "net")]
mod start;
#[cfg(feature = "net")]
mod trouble;
#[cfg(feature = "net")]
mod writes;

pub use cushion::{Cushion, Turn};
pub use interface::{Store, StoreError};
pub use memory::MemoryStore;
#[cfg(feature = "net")]
pub use sqlite::{Opened, SqliteStore};
