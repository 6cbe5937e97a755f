//! Whether the host dispatches.

/// What was seen of the host since that was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Attendance {
    #[default]
    Nothing,
    Dispatched,
    /// Nothing, and it was called: when it dispatches, the library's thread wants to know.
    Called,
    /// It dispatched when it had been called, and the library's thread has not heard of it.
    Came,
}

impl Attendance {
    /// The host dispatches; says whether the library's thread wants to know.
    pub(super) fn dispatches(&mut self) -> bool {
        let called = *self == Self::Called;
        *self = match self {
            Self::Called | Self::Came => Self::Came,
            Self::Nothing | Self::Dispatched => Self::Dispatched,
        };
        called
    }

    /// It is called; says whether it has dispatched meanwhile.
    pub(super) fn call(&mut self) -> bool {
        let came = *self != Self::Nothing && *self != Self::Called;
        *self = match came {
            true => Self::Came,
            false => Self::Called,
        };
        came
    }

    /// Whether it dispatched since this was last asked.
    pub(super) fn take(&mut self) -> bool {
        let dispatched = matches!(self, Self::Dispatched | Self::Came);
        if dispatched {
            *self = Self::Nothing;
        }
        dispatched
    }

    /// Whether it came when it was called.
    pub(super) fn take_answer(&mut self) -> bool {
        *self == Self::Came && self.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_that_was_called_rings() {
        let mut host = Attendance::default();
        assert!(!host.dispatches() && !host.dispatches());
        assert!(host.take() && !host.take());
        assert!(!host.call());
        assert!(!host.take(), "a call is no dispatch");
        assert!(host.dispatches() && !host.dispatches());
        assert!(host.take_answer() && !host.take_answer());
        assert!(!host.dispatches() && !host.take_answer());
        assert!(host.call(), "it dispatched before the call");
        assert!(host.take_answer());
    }
}
