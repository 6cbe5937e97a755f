//! All messages: a request has the name of its action, its answer ends in `Response`.
//!
//! Members have their JSON names in snake case. A member that is absent is not written.

mod core;
mod firmware;
mod local_list;
mod reservation;
mod security;
mod smart_charging;
mod trigger;

pub use core::*;
pub use firmware::*;
pub use local_list::*;
pub use reservation::*;
pub use security::*;
pub use smart_charging::*;
pub use trigger::*;
