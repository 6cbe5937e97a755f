//! What the central system hears and says. Everything above speaks to the protocol by these verbs, and knows
//! nothing of its messages; a second version of OCPP would be a second one beside it.

mod v16;

pub use v16::read_profile;
pub(crate) use v16::V16 as Protocol;

use crate::core::ledger::Ledger;
use crate::core::link::Link;
use crate::core::output::Output;
use crate::core::settings::Settings;
use crate::core::station::Station;
use crate::time::{Mono, Now};

/// What a protocol works with while something happens.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) now: Now,
    /// Nothing happened but that time has passed.
    pub(crate) idle: bool,
    pub(crate) station: &'a mut Station,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) link: &'a mut Link,
    pub(crate) out: &'a mut Output,
}

/// What a protocol looks at, where nothing happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) now: Mono,
    pub(crate) station: &'a Station,
    pub(crate) ledger: &'a Ledger,
    pub(crate) link: &'a Link,
}

impl Context<'_> {
    fn view(&self) -> View<'_> {
        View {
            now: self.now.mono,
            station: self.station,
            ledger: self.ledger,
            link: self.link,
        }
    }

    fn settings(&self) -> &Settings {
        self.station.settings()
    }
}
