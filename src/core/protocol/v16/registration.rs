//! Whether the central system has accepted us (`OCPP 1.6 §4.2`).

use crate::time::Mono;

/// What the central system thinks of us. It survives the loss of a connection, not a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registration {
    /// Nothing is known: BootNotification is sent at that time.
    Unknown { retry: Mono },
    /// BootNotification is on its way.
    Asked,
    /// It wants to talk to us first; we ask again at that time.
    Pending { retry: Mono },
    /// It does not want us: we are silent until that time, and ask again then.
    Rejected { until: Mono },
    /// We are in operation.
    Accepted,
}

impl Registration {
    pub(super) const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted)
    }

    // rules: 23
    pub(super) const fn is_rejected(self) -> bool {
        matches!(self, Self::Rejected { .. })
    }

    // rules: 21, 24
    /// Whether more than a BootNotification may leave (`OCPP 1.6 §4.2`).
    pub(super) const fn lets_speak(self) -> bool {
        matches!(self, Self::Accepted | Self::Pending { .. })
    }

    pub(super) const fn retry(self) -> Option<Mono> {
        match self {
            Self::Unknown { retry } | Self::Pending { retry } => Some(retry),
            Self::Rejected { until } => Some(until),
            Self::Asked | Self::Accepted => None,
        }
    }
}
