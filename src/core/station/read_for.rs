//! What a meter is read for, and what the readings say of it (`OCPP 1.6 §7.35`).

use crate::core::Stamp;
use crate::time::Mono;
use crate::types::ReadingContext;

/// What a meter is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadFor {
    /// The start of a transaction.
    Begin,
    /// The end of a transaction.
    End,
    /// The periodic sample that was due then.
    Periodic(Mono),
    /// The sample of an instant of the wall clock, and when that was.
    Aligned(Stamp, Mono),
    /// A transaction goes on after a power cut.
    Resumed,
    /// TriggerMessage.
    Trigger,
    /// Nothing but to know how much energy has flowed.
    Watch,
}

impl ReadFor {
    // rules: 75
    pub(crate) const fn context(self) -> ReadingContext {
        match self {
            Self::Begin => ReadingContext::TransactionBegin,
            Self::End => ReadingContext::TransactionEnd,
            Self::Periodic(_) | Self::Watch => ReadingContext::SamplePeriodic,
            Self::Aligned(..) => ReadingContext::SampleClock,
            Self::Resumed => ReadingContext::InterruptionEnd,
            Self::Trigger => ReadingContext::Trigger,
        }
    }
}
