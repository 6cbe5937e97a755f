//! Whose log lines a thread writes: the charge points of a process share its log, and one thread.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The identity of a charge point, as far as a log shows it. A plain value, so that nothing of it is left on the
/// host's threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Speaker {
    len: u8,
    bytes: [u8; Self::MOST],
}

thread_local! {
    static SPEAKER: Cell<Speaker> = const { Cell::new(Speaker::NOBODY) };
}

impl Speaker {
    const MOST: usize = 63;

    const NOBODY: Self = Self {
        len: 0,
        bytes: [0; Self::MOST],
    };

    /// The first 63 bytes of an identity.
    pub(crate) fn new(identity: &str) -> Self {
        let mut end = identity.len().min(Self::MOST);
        while !identity.is_char_boundary(end) {
            end -= 1;
        }
        let mut bytes = [0; Self::MOST];
        bytes[..end].copy_from_slice(&identity.as_bytes()[..end]);
        let len = u8::try_from(end).unwrap_or(0);
        Self { len, bytes }
    }

    /// What this thread logs until the guard goes is of this charge point.
    pub(crate) fn speaks(self) -> Speaks {
        Speaks(SPEAKER.with(|speaker| speaker.replace(self)))
    }

    /// Whoever speaks now has this identity from here on; where nobody does, nobody goes on.
    pub(crate) fn takes_over(self) {
        SPEAKER.with(|speaker| {
            if speaker.get() != Self::NOBODY {
                speaker.set(self);
            }
        });
    }

    /// What a future logs is of this charge point.
    pub(crate) fn of<F: Future>(self, inner: F) -> Spoken<F> {
        Spoken {
            inner: Box::pin(inner),
            speaker: self,
        }
    }
}

/// Until it goes, lines of this thread are those of a charge point.
pub(crate) struct Speaks(Speaker);

impl Drop for Speaks {
    fn drop(&mut self) {
        SPEAKER.with(|speaker| speaker.set(self.0));
    }
}

/// A future of one charge point among others.
pub(crate) struct Spoken<F> {
    inner: Pin<Box<F>>,
    speaker: Speaker,
}

impl<F: Future> Future for Spoken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _speaks = self.speaker.speaks();
        let poll = self.inner.as_mut().poll(context);
        // It may have another identity now.
        self.speaker = SPEAKER.with(Cell::get);
        poll
    }
}

/// The identity (its first 63 bytes) of the charge point whose line this thread logs now: to be asked by a
/// [`log::Log`], in its `log`. `None` for what is of no charge point.
#[must_use]
pub fn log_identity() -> Option<String> {
    let speaker = SPEAKER.with(Cell::get);
    let identity = speaker.bytes.get(..usize::from(speaker.len))?;
    let identity = std::str::from_utf8(identity).ok()?;
    (!identity.is_empty()).then(|| identity.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn a_line_is_of_whoever_is_at_work_and_of_nobody_afterwards() {
        assert_eq!(log_identity(), None);
        let outer = Speaker::new("CP1").speaks();
        {
            let _inner = Speaker::new("CP2").speaks();
            assert_eq!(log_identity().as_deref(), Some("CP2"));
        }
        assert_eq!(log_identity().as_deref(), Some("CP1"));
        drop(outer);
        assert_eq!(log_identity(), None);
    }

    #[test]
    fn a_future_speaks_for_its_charge_point_while_it_is_polled_alone() {
        let mut spoken = Speaker::new("CP1").of(async {
            assert_eq!(log_identity().as_deref(), Some("CP1"));
            tokio::task::yield_now().await;
            log_identity()
        });
        assert_eq!((&mut spoken).now_or_never(), None);
        assert_eq!(log_identity(), None);
        assert_eq!(spoken.now_or_never().flatten().as_deref(), Some("CP1"));
    }

    #[test]
    fn a_future_that_gets_another_identity_keeps_it() {
        let mut spoken = Speaker::new("CP1").of(async {
            Speaker::new("CP2").takes_over();
            tokio::task::yield_now().await;
            log_identity()
        });
        assert_eq!((&mut spoken).now_or_never(), None);
        assert_eq!(log_identity(), None);
        assert_eq!(spoken.now_or_never().flatten().as_deref(), Some("CP2"));
        Speaker::new("CP3").takes_over();
        assert_eq!(log_identity(), None, "nobody speaks");
    }

    #[test]
    fn a_long_identity_is_cut_between_characters() {
        let _speaks = Speaker::new(&"ü".repeat(40)).speaks();
        assert_eq!(log_identity(), Some("ü".repeat(31)));
    }
}
