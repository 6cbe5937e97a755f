//! What everybody speaks of, in the words of OCPP and of electricity: tokens, readings, limits, statuses. Nothing
//! here belongs to one version of the protocol alone.

mod authorization;
mod charging;
mod decimal;
mod gathered;
mod metering;
mod status;
mod text;
mod timestamp;
pub(crate) mod words;

pub use authorization::*;
pub use charging::*;
pub use decimal::Tenths;
pub(crate) use gathered::gathered;
pub use metering::*;
pub use status::*;
pub(crate) use text::cut;
pub use text::{BoundedString, CiString, IdToken, TooLong};
pub use timestamp::{format_wall, parse_wall};
