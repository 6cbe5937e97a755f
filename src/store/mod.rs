//! Where records are kept: SQLite on a device, memory in tests and simulations.

#[cfg(feature = "net")]
mod database;
#[cfg(feature = "net")]
mod database_error;
#[cfg(feature = "net")]
mod files;
mod interface;
#[cfg(feature = "net")]
mod log_end;
mod memory;
mod records;
mod retrying;
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
mod start;
#[cfg(feature = "net")]
mod start_rows;
#[cfg(feature = "net")]
mod times;
mod unwritten;
#[cfg(feature = "net")]
mod writes;

#[cfg(feature = "testkit")]
pub(crate) use database::IS_VIRTUAL;
pub use interface::{Store, StoreError};
pub use memory::MemoryStore;
pub use retrying::{Health, RetryingStore};
#[cfg(feature = "net")]
pub use sqlite::{Opened, SqliteStore};
