//! What the fuzz targets do with their bytes, and what must hold.

pub mod bytes;
pub mod capi;
pub mod engine;
pub mod frame;
pub mod message;
pub mod records;
pub mod settings;
