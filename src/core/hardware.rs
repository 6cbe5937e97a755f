//! What the charger can carry.

/// What wires and contactors can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// Current per phase, or of the direct current, in tenths of an ampere.
    pub deciamps: u32,
    /// What kind of current.
    pub feed: Feed,
}

/// The kind of current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Alternating current on one phase.
    One,
    /// On two phases.
    Two,
    /// On three phases.
    Three,
    /// Direct current.
    Dc,
}

impl Feed {
    /// How many conductors the current counts for: the phases, or one.
    #[must_use]
    pub const fn lines(self) -> u8 {
        match self {
            Self::One | Self::Dc => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}
