//! What can go wrong at the handle.

use std::fmt;

/// Why a call of the host failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Something about the arguments or options is not possible; the text names it.
    Invalid(String),
    /// There is no such name; the text says which.
    Unsupported(String),
    /// Not possible now.
    State(&'static str),
    /// The library's thread, or the host that is to fetch events, does not keep up: try again later.
    Full,
    /// The question was answered before, its time is over, or there never was one.
    Expired,
    /// The charge point has been stopped.
    Closed,
    /// Storage or sockets failed.
    Io(String),
    /// A bug of ours, contained: drop the charge point and supply nothing.
    Panicked,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(what) | Self::Unsupported(what) => f.write_str(what),
            Self::State(why) => f.write_str(why),
            Self::Full => f.write_str("too much is waiting: dispatch what waits, and try again"),
            Self::Expired => f.write_str("the question is not open any more"),
            Self::Closed => f.write_str("the charge point has been stopped"),
            Self::Io(why) => f.write_str(why),
            Self::Panicked => f.write_str("the charge point failed inside and is out of order"),
        }
    }
}

impl std::error::Error for Error {}
