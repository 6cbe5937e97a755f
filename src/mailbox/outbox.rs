//! What the host is to be told, until it asks: states in a slot each, everything else in order.
//!
//! A supply is a state: it is outside of every queue, told first, and never lost. Less comes before
//! more, measured by what the host was told last, so that connectors that share a supply never
//! draw too much together. What is not a state is kept whatever happens; so nothing may be taken
//! in that makes more of it while [`Outbox::is_full`].

use std::collections::{BTreeMap, BTreeSet};

use crate::core::{
    ConnectorId, Notice, Place, RequestId, Supply, TransactionChange, TransactionStep, TxId,
};
use crate::mailbox::frames::Frames;
use crate::mailbox::{Event, Stops};

/// With so many waiting that must be kept, the host is too far behind for more.
pub(super) const MOST_KEPT: usize = 256;
/// With so many waiting, only the last state of each slot is kept.
pub(super) const BEHIND: usize = 64;

/// What may be drawn at a connector.
#[derive(Debug, Default)]
struct Line {
    /// What the host was told last.
    told: Option<Supply>,
    /// What the engine commanded last.
    commanded: Option<Supply>,
}

/// States of which the host needs only the last.
#[derive(Debug, PartialEq)]
enum Slot<'a> {
    Connection,
    Boot,
    Time,
    Status(Place),
    Availability(Place),
    Key(&'a str),
    Storage,
    Reboot,
    Drained,
}

impl<'a> Slot<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        let Event::Notice(notice) = event else {
            return None;
        };
        Some(match notice {
            Notice::Connection(..) => Self::Connection,
            Notice::Boot(..) => Self::Boot,
            Notice::Time(_) => Self::Time,
            Notice::Status(status) => Self::Status(status.place),
            Notice::Availability(at, _) => Self::Availability(*at),
            Notice::Key(name, _) => Self::Key(name),
            Notice::Storage { .. } => Self::Storage,
            Notice::Reboot { .. } => Self::Reboot,
            Notice::Drained => Self::Drained,
            Notice::Supply(..)
            | Notice::Ask(..)
            | Notice::Authorized { .. }
            | Notice::TimedOut { .. }
            | Notice::Transaction(_)
            | Notice::Damaged(_)
            | Notice::DataTransferred(..) => return None,
        })
    }
}

/// What waits for the host. It neither locks nor wakes anybody.
#[derive(Debug, Default)]
pub struct Outbox {
    lines: BTreeMap<ConnectorId, Line>,
    queue: BTreeMap<u64, Event>,
    count: u64,
    /// Questions that the host has not seen.
    unseen: BTreeMap<RequestId, u64>,
    /// Transactions whose beginning the host has not heard of: nothing is supplied to them.
    starting: BTreeSet<TxId>,
    kept: usize,
    outcomes: usize,
    frames: Frames,
}

impl Outbox {
    /// Puts in what the engine tells, in the order in which it does.
    pub fn push(&mut self, event: Event) {
        if let Event::Notice(Notice::Supply(at, supply)) = &event {
            self.lines.entry(*at).or_default().commanded = Some(*supply);
            return;
        }
        if let Event::Frame(frame) = event {
            self.count += 1;
            return self.frames.push(self.count, frame);
        }
        if self.queue.len() >= BEHIND {
            self.forget_state_before(&event);
        }
        self.count += 1;
        self.note(&event);
        self.queue.insert(self.count, event);
    }

    /// The next thing to tell. `stops`: where energy is off whatever was commanded.
    pub fn next(&mut self, stops: &Stops) -> Option<Event> {
        if let Some((at, supply)) = self.next_supply(stops) {
            self.lines.entry(at).or_default().told = Some(supply);
            return Some(Event::Notice(Notice::Supply(at, supply)));
        }
        let first = self.queue.keys().next().copied();
        if let Some(frame) = self.frames.next_before(first) {
            return Some(Event::Frame(frame));
        }
        self.remove(first?)
    }

    /// How much there is to tell.
    #[must_use]
    pub fn len(&self, stops: &Stops) -> usize {
        let due = |(at, line): &(&ConnectorId, &Line)| {
            line.due(**at, stops, &self.starting)
                .is_some_and(|due| line.told != Some(due))
        };
        self.lines.iter().filter(due).count() + self.queue.len() + self.frames.len()
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self, stops: &Stops) -> bool {
        self.len(stops) == 0
    }

    /// Whether the host is so far behind that nothing should be taken in which makes more to tell.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.kept >= MOST_KEPT
    }

    /// How many outcomes of tags wait.
    #[must_use]
    pub const fn outcomes(&self) -> usize {
        self.outcomes
    }

    /// What a connector may draw now.
    #[must_use]
    pub fn supply(&self, at: ConnectorId, stops: &Stops) -> Supply {
        let line = self.lines.get(&at).and_then(|line| line.commanded);
        let supply = line.unwrap_or(Supply::OFF);
        if stops.holds(at) {
            off(supply)
        } else {
            supply
        }
    }

    /// A question is off. One that the host has not seen is gone, with what it carries; says whether it has.
    pub fn withdraw(&mut self, request: RequestId) -> bool {
        let unseen = self.unseen.remove(&request);
        unseen.and_then(|number| self.remove(number)).is_none()
    }

    /// From now on nothing is supplied anywhere.
    pub fn switch_off(&mut self) {
        for line in self.lines.values_mut() {
            line.commanded = line.commanded.map(off);
        }
    }

    /// First whatever takes something away, then what gives.
    fn next_supply(&self, stops: &Stops) -> Option<(ConnectorId, Supply)> {
        let mut more = None;
        for (at, line) in &self.lines {
            let Some(due) = line.due(*at, stops, &self.starting) else {
                continue;
            };
            if line.told == Some(due) {
                continue;
            }
            let less = match line.told {
                None => Some(due).filter(|due| !due.permit),
                Some(told) => Some(lower(told, due)).filter(|less| *less != told),
            };
            if let Some(less) = less {
                return Some((*at, less));
            }
            more = more.or(Some((*at, due)));
        }
        more
    }

    /// The host is behind: what it has not heard of this state it need not hear any more.
    fn forget_state_before(&mut self, event: &Event) {
        if let Some(slot) = Slot::of(event) {
            self.queue
                .retain(|_, old| Slot::of(old).as_ref() != Some(&slot));
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Notice(Notice::Ask(request, _)) => {
                self.unseen.insert(*request, self.count);
            }
            Event::Notice(Notice::Authorized { .. }) => self.outcomes += 1,
            Event::Notice(Notice::Transaction(step)) if begins(step) => {
                self.starting.insert(step.tx);
            }
            _ => {}
        }
        self.kept += usize::from(Slot::of(event).is_none());
    }

    fn remove(&mut self, number: u64) -> Option<Event> {
        let event = self.queue.remove(&number)?;
        match &event {
            Event::Notice(Notice::Ask(request, _)) => {
                self.unseen.remove(request);
            }
            Event::Notice(Notice::Authorized { .. }) => self.outcomes -= 1,
            Event::Notice(Notice::Transaction(step)) if begins(step) => {
                self.starting.remove(&step.tx);
            }
            _ => {}
        }
        self.kept -= usize::from(Slot::of(&event).is_none());
        Some(event)
    }
}

impl Line {
    /// What the host has to know now; `None` as long as there is nothing.
    fn due(&self, at: ConnectorId, stops: &Stops, starting: &BTreeSet<TxId>) -> Option<Supply> {
        let commanded = self.commanded?;
        if stops.holds(at) {
            return Some(off(commanded));
        }
        // A transaction has its energy after the host has heard of it; what was before is over.
        if commanded.permit && commanded.tx.is_some_and(|tx| starting.contains(&tx)) {
            return self.told.map(off);
        }
        Some(commanded)
    }
}

fn begins(step: &TransactionStep) -> bool {
    matches!(
        step.change,
        TransactionChange::Started | TransactionChange::Resumed
    )
}

/// The same, with nothing flowing: the lock stays as it is.
const fn off(supply: Supply) -> Supply {
    Supply {
        lock: supply.lock,
        tx: supply.tx,
        ..Supply::OFF
    }
}

/// What is on the way from one command to another when all that is taken away has been, in amperes
/// and in watts, and nothing has been given.
fn lower(told: Supply, due: Supply) -> Supply {
    if !due.permit {
        return due;
    }
    let amps = told.deciamps.min(due.deciamps);
    let watts = told.deciwatts.min(due.deciwatts);
    if !told.permit || (amps, watts) == (told.deciamps, told.deciwatts) {
        return told;
    }
    if (amps, watts) == (due.deciamps, due.deciwatts) {
        return due;
    }
    let phases = match (told.phases, due.phases) {
        (Some(told), Some(due)) => Some(told.min(due)),
        (told, due) => told.or(due),
    };
    Supply {
        deciamps: amps,
        deciwatts: watts,
        phases,
        ..due
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
