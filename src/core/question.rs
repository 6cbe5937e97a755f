//! What the firmware is asked, and what it answers.

use crate::core::{ConnectorId, Place, Reading};
use crate::types::{DataTransferStatus, ReadingContext};

/// A question to the firmware, to be answered with its number: never used twice in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What the firmware is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Unlock the connector. Accepted, Failed or NotSupported.
    Unlock(ConnectorId),
    /// May the device be restarted? Accepted or Rejected.
    Reset {
        /// Whether the hardware is to be restarted too.
        hard: bool,
    },
    /// What does the meter of a connector, or the main meter, show? [`Answer::Meter`].
    ReadMeter(Place, ReadingContext),
    /// Vendor data. [`Answer::Data`], or Rejected and the like.
    DataTransfer {
        /// Who defined it.
        vendor: String,
        /// Which message.
        message: Option<String>,
        /// The content.
        data: Option<String>,
    },
    /// May the central system change a key of the firmware's own? Accepted, Rejected or RebootRequired.
    KeyChange {
        /// Its name.
        key: String,
        /// What it is to be; within its limits.
        value: String,
    },
}

impl Question {
    /// What is answered in the firmware's place when it says nothing in time.
    #[must_use]
    pub fn default_answer(&self) -> Answer {
        match self {
            Self::Unlock(_) => Answer::Failed,
            Self::Reset { .. } | Self::KeyChange { .. } => Answer::Rejected,
            Self::ReadMeter(..) => Answer::Meter(Vec::new()),
            Self::DataTransfer { .. } => Answer::Data(DataTransferStatus::Rejected, None),
        }
    }
}

/// What the firmware answers to a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Yes, or it was done.
    Accepted,
    /// No.
    Rejected,
    /// It was tried and did not work.
    Failed,
    /// There is no such thing here.
    NotSupported,
    /// Yes, and it counts from the next boot on.
    RebootRequired,
    /// What the meter shows.
    Meter(Vec<Reading>),
    /// The answer to vendor data.
    Data(DataTransferStatus, Option<String>),
}
