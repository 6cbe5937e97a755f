//! Whether a vehicle has just been plugged in: that alone begins a session where nobody is asked for a tag
//! (key FreeCharging).

/// How the vehicle at a connector came there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The firmware has not spoken of it since the start: a vehicle that is in may have been there for long.
    Unknown,
    /// There is none.
    Away,
    /// It was plugged in while nobody is asked for a tag, and nothing has come of it yet.
    New,
    /// Somebody has to ask for whatever begins.
    Known,
}

impl Arrival {
    /// The firmware says whether a vehicle is in. `free`: nobody is asked for a tag.
    pub(super) const fn seen(self, vehicle: bool, free: bool) -> Self {
        match (self, vehicle) {
            (_, false) => Self::Away,
            (Self::Away, true) if free => Self::New,
            (Self::New, true) => Self::New,
            (_, true) => Self::Known,
        }
    }

    /// Nothing begins any more for the plug alone.
    pub(super) fn is_over(&mut self) {
        if *self == Self::New {
            *self = Self::Known;
        }
    }
}
