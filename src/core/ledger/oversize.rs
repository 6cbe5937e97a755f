//! Messages that are too large for a central system: it hangs up on them, each time, and nothing
//! behind them would ever be delivered.

use super::Ledger;
use crate::core::output::Output;
use crate::core::{Change, Quantity, QueuedBody, Record, Seq};
use crate::types::SampledValue;

/// No central system is so small that it hangs up on fewer bytes.
const LARGE: usize = 4096;

impl Ledger {
    /// The connection broke while this message, which is so many bytes long, had no answer. If that happens to
    /// the same large message again and again, it says only what it must from then on, as a new message:
    /// then there are words for it.
    pub(crate) fn link_broke(
        &mut self,
        seq: Seq,
        bytes: usize,
        out: &mut Output,
    ) -> Option<String> {
        let head = self.queue.head_mut()?;
        if head.message().seq != seq || bytes < LARGE || !head.broke() {
            return None;
        }
        let needed = |value: &SampledValue| {
            value.measurand == Some(Quantity::REGISTER.measurand) && value.phase.is_none()
        };
        let body = head.message().body.clone();
        let made_smaller = match body {
            QueuedBody::Start(_) => false,
            QueuedBody::Stop(_) => self.strip_stop(&body, out),
            QueuedBody::Meter { .. } => head.keep_values(needed),
        };
        if !made_smaller {
            return None;
        }
        let why = format!(
            "the central system hangs up on a message of {} bytes: it is sent without what it need not say",
            bytes
        );
        log::error!("{why}");
        let id = self.ids.next();
        if let Some(head) = self.queue.head_mut() {
            let message = head.has_other_words(id);
            out.durable(Change::Put(Record::Message(message)));
        }
        Some(why)
    }
}
