//! Smart charging by brute force: what a connector may draw in a second, worked out anew from the
//! messages each time. It knows nothing of how the library does it.

mod composite;
mod installing;
mod limits;
mod local;
mod profile;
mod sharing;

use evcp::core::Hardware;

pub use local::{Sources, Word};
pub use profile::{says, Placed};
pub use sharing::{Line, Need};

/// A running transaction: its number, and the second it started in.
pub type Running = Option<(usize, i64)>;

/// What the oracle knows of the charge point.
#[derive(Clone, Debug)]
pub struct Oracle {
    /// What each connector is made for.
    pub hardware: Vec<Hardware>,
    /// The supply of the charge point as a whole, where it is the narrower one.
    pub grid: Option<Hardware>,
    /// The voltage of a phase.
    pub volts: i64,
    /// The installed profiles.
    pub placed: Vec<Placed>,
    /// What runs at each connector.
    pub running: Vec<Running>,
    /// ChargeProfileMaxStackLevel.
    pub max_level: i64,
    /// ChargingScheduleMaxPeriods.
    pub max_periods: i64,
    /// MaxChargingProfilesInstalled.
    pub max_profiles: usize,
    /// The purposes of which the central system's profiles say nothing now.
    pub ignored: Vec<&'static str>,
    /// The clock is known to be behind.
    pub behind: bool,
    /// The local limits that stand now, each with its place.
    pub local: Vec<(i64, Word)>,
    /// The least current that makes sense at each connector, in tenths.
    pub least: Vec<i64>,
    /// ConnectorSwitch3to1PhaseSupported.
    pub switches: bool,
}
