//! The test kit: a charge point in virtual time, with a central system in the process. Nothing here has a
//! thread, a socket, a clock of the system, or randomness.

mod books;
mod central;
mod charger;
mod disk;
mod json;
mod line;
mod rules;
mod world;

pub(crate) use central::Link;
pub(crate) use charger::Charger;
pub(crate) use json::value_in;
pub(crate) use rules::Rule;
pub(crate) use world::World;
