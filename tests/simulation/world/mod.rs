//! A world in which everything goes wrong, all of it drawn from one number: a charge point (the real
//! engine and the real records) with drivers, meters, a disk, a clock and a power supply, and a central
//! system with books, over a link that cannot be trusted. Time is virtual.

#![allow(unreachable_pub)]

mod books;
mod central;
mod charger;
mod disk;
mod limits;
mod link;
mod plan;
mod refusals;
mod requests;
mod run;
mod shrink;
mod sloppy;

pub use plan::Plan;
pub use run::run;
pub use shrink::{shrink, story};

/// The first instant of all runs: 2026-01-01 00:00 UTC.
pub const NEW_YEAR: i64 = 1_767_225_600_000;
