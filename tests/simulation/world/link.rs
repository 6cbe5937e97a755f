//! The connection between the two, with frames under way.

use evcp::core::NetworkSlot;

/// What is known of the connection. Each attempt has a number of its own, so that what belongs to an
/// earlier one is not mistaken.
#[derive(Debug)]
pub struct Link {
    pub number: u64,
    pub state: State,
    /// Frames vanish in both directions.
    pub half_open: bool,
    /// Milliseconds one way.
    pub latency: u64,
    /// No connection can be made before this.
    pub reachable_from: u64,
    /// Nor by one of the network profiles before this.
    pub ways_from: [u64; NetworkSlot::COUNT],
    /// When the last frame on its way arrives: frames do not overtake each other.
    to_central: u64,
    to_charger: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    None,
    Opening,
    Open,
}

impl Link {
    pub fn new() -> Self {
        Self {
            number: 0,
            state: State::None,
            half_open: false,
            latency: 50,
            reachable_from: 0,
            ways_from: [0; NetworkSlot::COUNT],
            to_central: 0,
            to_charger: 0,
        }
    }

    /// Another connection, or another state of none.
    pub fn change(&mut self, state: State) {
        if state != State::Open {
            self.number += 1;
            self.half_open = false;
            (self.to_central, self.to_charger) = (0, 0);
        }
        self.state = state;
    }

    /// When a frame that is sent now arrives at the central system.
    pub fn arrives_at_central(&mut self, now: u64) -> u64 {
        self.to_central = self.to_central.max(now + self.latency);
        self.to_central
    }

    /// When a frame that is sent then arrives at the charge point.
    pub fn arrives_at_charger(&mut self, sent: u64) -> u64 {
        self.to_charger = self.to_charger.max(sent + self.latency);
        self.to_charger
    }
}
