//! How we part from a central system that is there, to come back: for a restart, or with another password.

use crate::time::Millis;

/// The answer to what it ordered is out for so long before the connection is closed.
pub(crate) const ANSWER_OUT: Millis = Millis(100);
/// So long it hears nothing of us then: it sees that we are gone before we are back.
pub(crate) const AWAY: Millis = Millis::from_secs(1);
