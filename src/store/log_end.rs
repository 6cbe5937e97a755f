//! Whether the write-ahead log ends before its file does. SQLite takes a log up to the first frame that
//! is not whole, and says nothing of what comes behind that.

/// The header of a log, and that of each frame before its page.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

fn word(bytes: &[u8], at: usize, big: bool) -> Option<u32> {
    let word: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(if big {
        u32::from_be_bytes(word)
    } else {
        u32::from_le_bytes(word)
    })
}

/// The running sum of the format of the log.
fn sum((mut a, mut b): (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    for at in (0..bytes.len()).step_by(8) {
        let x = word(bytes, at, big).unwrap_or(0);
        let y = word(bytes, at.saturating_add(4), big).unwrap_or(0);
        a = a.wrapping_add(x).wrapping_add(b);
        b = b.wrapping_add(y).wrapping_add(a);
    }
    (a, b)
}

/// How many frames that had been made durable stand behind one that is damaged. A cut in the midst of
/// a commit leaves the frames of that commit alone, and frames of an earlier round of the log have
/// another salt: those are no damage.
pub(super) fn lost_frames(log: &[u8]) -> Option<usize> {
    let big = word(log, 0, true)? & 1 == 1;
    let page = usize::try_from(word(log, 8, true)?).ok()?;
    if !(512..=65_536).contains(&page) {
        return None;
    }
    let salt = log.get(16..24)?;
    let mut running = sum((0, 0), log.get(..24)?, big);
    let whole = Some(running) == word(log, 24, true).zip(word(log, 28, true));
    let (mut valid, mut behind, mut after_commit) = (whole, 0, false);
    let mut lost = None;
    for frame in log
        .get(HEADER..)?
        .chunks_exact(page.checked_add(FRAME_HEADER)?)
    {
        let ours = frame.get(8..16) == Some(salt);
        running = sum(running, frame.get(..8)?, big);
        running = sum(running, frame.get(FRAME_HEADER..)?, big);
        let sums = word(frame, 16, true).zip(word(frame, 20, true));
        valid = valid && ours && sums == Some(running);
        if valid || !ours {
            continue;
        }
        // What stands behind the end of a commit was begun when that was durable.
        if after_commit {
            lost = Some(behind);
        }
        behind += 1;
        after_commit |= word(frame, 4, true)? != 0;
    }
    lost
}
