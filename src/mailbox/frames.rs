//! Frames that wait for a host that wants to see them: a window of the newest, which holds nothing else up.

use std::collections::VecDeque;

use crate::mailbox::SeenFrame;

/// So many frames may wait.
pub(super) const MOST_FRAMES: usize = 256;
/// So many bytes of frames may wait.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// Frames with their numbers among all that the host is told.
#[derive(Debug, Default)]
pub(super) struct Frames {
    queue: VecDeque<(u64, SeenFrame)>,
    bytes: usize,
    /// How many were lost before the first that waits.
    lost: u64,
}

impl Frames {
    /// Takes a frame in; the oldest go for it.
    pub(super) fn push(&mut self, number: u64, frame: SeenFrame) {
        self.bytes += frame.text.len();
        self.queue.push_back((number, frame));
        while self.queue.len() > MOST_FRAMES || self.bytes > MOST_BYTES {
            self.pop();
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// The first frame, unless what has that number comes before it.
    pub(super) fn next_before(&mut self, other: Option<u64>) -> Option<SeenFrame> {
        let (number, _) = self.queue.front()?;
        if other.is_some_and(|other| other < *number) {
            return None;
        }
        let mut frame = self.pop()?;
        frame.dropped = std::mem::take(&mut self.lost);
        Some(frame)
    }

    fn pop(&mut self) -> Option<SeenFrame> {
        let (_, frame) = self.queue.pop_front()?;
        self.bytes -= frame.text.len();
        Some(frame)
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Wall;

    fn frame(text: String) -> SeenFrame {
        SeenFrame {
            received: true,
            at: Wall(0),
            text,
            masked: false,
            dropped: 0,
        }
    }

    #[test]
    fn the_newest_frames_wait_and_the_first_of_them_says_how_many_were_lost() {
        let mut frames = Frames::default();
        for number in 0..1_000 {
            frames.push(number, frame(number.to_string()));
        }
        assert_eq!(frames.len(), MOST_FRAMES);
        let first = frames.next_before(None).expect("one waits");
        assert_eq!((first.text.as_str(), first.dropped), ("744", 744));
        let second = frames.next_before(None).expect("one waits");
        assert_eq!((second.text.as_str(), second.dropped), ("745", 0));
    }

    #[test]
    fn large_frames_are_bounded_by_their_bytes() {
        let mut frames = Frames::default();
        for number in 0..5 {
            frames.push(number, frame("x".repeat(MOST_BYTES / 2)));
        }
        assert_eq!(frames.len(), 2);
        frames.push(5, frame("x".repeat(MOST_BYTES + 1)));
        assert_eq!((frames.len(), frames.bytes, frames.lost), (0, 0, 6));
        frames.push(6, frame("y".to_owned()));
        assert_eq!(frames.next_before(None).map(|it| it.dropped), Some(6));
    }

    #[test]
    fn what_came_before_a_frame_is_told_before_it() {
        let mut frames = Frames::default();
        frames.push(7, frame(String::new()));
        assert_eq!(frames.next_before(Some(6)), None);
        assert!(frames.next_before(Some(8)).is_some());
    }
}
