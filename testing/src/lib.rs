//! What the tests of evcp share: a world without I/O for the engine to live in. A disk in memory, a central
//! system that keeps books, rules that every frame must hold to, a clock that moves when it is told to, and an
//! oracle for smart charging. What must never happen is a panic, in the words of whoever looks at a failed test.

mod central;
pub mod frames;
pub mod habits;
pub mod oracle;
mod polite;
pub mod power;
#[cfg(feature = "proptest")]
pub mod random;
pub mod records;
mod scenes;
mod trace;
mod world;

use evcp::core::*;
use evcp::time::Millis;
use evcp::types::{CiString, IdToken};
use serde_json::json;

pub use central::{Central, CentralSystem, Reply, Session, Treat};
pub use polite::Polite;
pub use world::World;

/// 2026-01-01T00:00:00Z
pub const NEW_YEAR: i64 = 1_767_225_600_000;

/// The connector of that number.
pub fn at(number: u32) -> ConnectorId {
    ConnectorId::new(number).expect("connectors count from 1")
}

/// The place of that number; 0 is the charge point.
pub fn place(number: u32) -> Place {
    Place::new(number).expect("no connector has so high a number")
}

/// The idTag of that name.
pub fn tag(name: &str) -> IdToken {
    IdToken::new(name).expect("tags have 20 characters at most")
}

/// A charge point with so many sockets, whose firmware shows its meters without being asked.
pub fn setup(connectors: usize) -> Setup {
    let device = Device::new(CiString::truncated("evcp"), CiString::truncated("world"));
    Setup {
        host: Host {
            reads_meter: false,
            ..Host::COMPLETE
        },
        tuning: Tuning {
            reconnect_jitter: 0,
            measurable: Quantity::parse_list(
                "Power.Active.Import,Current.Import,Voltage,SoC,Temperature",
            )
            .expect("these are OCPP's"),
            ..Tuning::default()
        },
        seed: 1,
        ..Setup::new(device, vec![ConnectorSetup::SOCKET; connectors])
    }
}

/// A charge point with these configuration keys.
pub fn with(connectors: usize, keys: &[(&str, &str)]) -> Setup {
    let mut setup = setup(connectors);
    for (name, value) in keys {
        let key = CiString::new(*name).expect("names have 50 characters at most");
        let value = CiString::new(*value).expect("values have 500 characters at most");
        setup.keys.push((key, value));
    }
    setup
}

/// An answer to BootNotification.
pub fn boot(status: &str, interval: i64) -> Treat {
    let time = "2026-01-01T00:00:00Z";
    Treat::With(json!({"status": status, "currentTime": time, "interval": interval}))
}

/// A charge point whose first boot was answered so.
pub fn told(setup: Setup, status: &str, interval: i64) -> World {
    let mut world = World::new(setup);
    world
        .central
        .treat("BootNotification", boot(status, interval));
    world.run(Millis(0));
    world
}
