//! What the host tells, until the library's thread takes it: one slot for each state, acts in order.
//!
//! A state that is told again takes the place of what waits, unless something was done since: a
//! vehicle, a card, and no vehicle any more must not become no vehicle and a card. What takes
//! energy away is taken in however much waits, and counts from the moment in which it is told.

use std::collections::{BTreeMap, VecDeque};

use crate::core::{Act, Answer, Fact, Place, Reading, RequestId};
use crate::error::Error;
use crate::mailbox::slot::{allows, is_ordinary, Slot, Waits};
use crate::mailbox::stops::Stops;
use crate::time::Mono;

/// Something for the library's thread.
#[derive(Clone, Debug, PartialEq)]
pub enum Mail {
    /// The host stated a fact.
    Fact(Fact),
    /// The host, or somebody at the charger, did something.
    Act(Act),
    /// The host answered a question.
    Answer(RequestId, Answer),
}

/// So many acts of the host may wait.
pub(super) const MOST_ACTS: usize = 1024;
/// So many states may wait, over all slots and the acts between them.
pub(super) const MOST_LEVELS: usize = 4096;
/// So many bytes of readings and data may wait.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

#[derive(Debug)]
enum Entry {
    State {
        slot: Slot,
        first: Fact,
        /// One that allows more than the first.
        then: Option<Fact>,
        /// When the first was told.
        told: Mono,
    },
    Act(Mail),
}

/// What waits for the library's thread. It neither locks nor wakes anybody.
#[derive(Debug, Default)]
pub struct Inbox {
    queue: VecDeque<Entry>,
    /// How many entries have been taken: the number of the first one that waits.
    taken: u64,
    /// The entries that still take in what is told, by their numbers.
    open: BTreeMap<Slot, u64>,
    acts: usize,
    bytes: usize,
    stops: Stops,
    /// What was taken last, if it takes energy away and has not been dealt with.
    in_hand: Option<Place>,
}

impl Inbox {
    /// Takes a fact in.
    ///
    /// # Errors
    /// [`Error::Full`] when too much waits; never for what takes energy away.
    pub fn put(&mut self, fact: Fact, now: Mono) -> Result<(), Error> {
        self.put_state(Slot::of(&fact), fact, now)
    }

    /// Takes an act in.
    ///
    /// # Errors
    /// [`Error::Full`] when too much waits; never for what takes energy away, nor for
    /// [`Act::Closing`].
    pub fn act(&mut self, act: Act) -> Result<(), Error> {
        let ordinary = is_ordinary(&act);
        if ordinary && (self.acts >= MOST_ACTS || self.bytes + act.bytes() > MOST_BYTES) {
            return Err(Error::Full);
        }
        if !self.repeats(&act) {
            self.count_in(&act);
            self.push_act(Mail::Act(act));
        }
        Ok(())
    }

    /// Takes in the answer to a question that was open; there are never many.
    pub fn answer(&mut self, request: RequestId, answer: Answer) {
        self.push_act(Mail::Answer(request, answer));
    }

    /// The next thing, for the library's thread, which says [`handled`](Self::handled) after it.
    pub fn take(&mut self, now: Mono) -> Option<Mail> {
        self.handled();
        let mail = match self.queue.front_mut()? {
            Entry::State {
                first, then, told, ..
            } => {
                let mut fact = match then.take() {
                    Some(second) => std::mem::replace(first, second),
                    None => return self.take_entry(now),
                };
                correct(&mut fact, *told, now);
                Mail::Fact(fact)
            }
            Entry::Act(_) => return self.take_entry(now),
        };
        self.note_taken(&mail);
        Some(mail)
    }

    fn take_entry(&mut self, now: Mono) -> Option<Mail> {
        let number = self.taken;
        let entry = self.queue.pop_front()?;
        self.taken += 1;
        let mail = match entry {
            Entry::Act(mail) => {
                self.acts -= 1;
                mail
            }
            Entry::State {
                slot,
                mut first,
                told,
                ..
            } => {
                if self.open.get(&slot) == Some(&number) {
                    self.open.remove(&slot);
                }
                correct(&mut first, told, now);
                Mail::Fact(first)
            }
        };
        self.note_taken(&mail);
        Some(mail)
    }

    fn note_taken(&mut self, mail: &Mail) {
        let waited: &dyn Waits = match mail {
            Mail::Fact(fact) => fact,
            Mail::Act(act) => act,
            Mail::Answer(..) => return,
        };
        self.bytes -= waited.bytes();
        self.in_hand = waited.stops();
    }

    /// What was taken last has been dealt with: what it took away is the engine's affair now.
    pub fn handled(&mut self) {
        if let Some(at) = self.in_hand.take() {
            self.stops.remove(at);
        }
    }

    /// Where energy is off for what waits, or is being dealt with.
    #[must_use]
    pub const fn stops(&self) -> &Stops {
        &self.stops
    }

    /// How many entries wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Nobody takes anything any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn put_state(&mut self, slot: Slot, fact: Fact, now: Mono) -> Result<(), Error> {
        self.clear_each(slot, now);
        if let Some(number) = self
            .open
            .get(&slot)
            .filter(|number| !self.is_cleared(slot, **number))
        {
            let index = usize::try_from(number - self.taken).unwrap_or(usize::MAX);
            self.merge(index, fact, now);
            return Ok(());
        }
        let states = self.queue.len() - self.acts;
        if states >= MOST_LEVELS || self.bytes + fact.bytes() > MOST_BYTES {
            if fact.stops().is_none() {
                return Err(Error::Full);
            }
            // Room for each fault there is: when it comes before acts that wait, it only takes
            // away the earlier.
            let cleared = self.open.contains_key(&slot);
            let same =
                |entry: &Entry| matches!(entry, Entry::State { slot: there, .. } if *there == slot);
            let waiting = self.queue.iter().rposition(same);
            if let Some(index) = waiting.filter(|_| !cleared) {
                self.merge(index, fact, now);
                return Ok(());
            }
        }
        self.count_in(&fact);
        let number = self.taken + self.queue.len() as u64;
        self.open.insert(slot, number);
        self.queue.push_back(Entry::State {
            slot,
            first: fact,
            then: None,
            told: now,
        });
        Ok(())
    }

    /// That nothing is wrong any more is said of each fault that waits, too.
    fn clear_each(&mut self, slot: Slot, now: Mono) {
        let open: Vec<_> = self
            .open
            .iter()
            .map(|(slot, number)| (*slot, *number))
            .collect();
        for (other, number) in open {
            let over = match (slot, other) {
                (Slot::Fault(at, None), Slot::Fault(there, Some(code))) if at == there => {
                    Fact::FaultOver(at, code)
                }
                (Slot::Warning(at, None), Slot::Warning(there, Some(code))) if at == there => {
                    Fact::WarningOver(at, code)
                }
                _ => continue,
            };
            let index = usize::try_from(number - self.taken).unwrap_or(usize::MAX);
            self.merge(index, over, now);
        }
    }

    /// Whether what waits for one fault comes before the word that nothing is wrong any more.
    fn is_cleared(&self, slot: Slot, number: u64) -> bool {
        let all = match slot {
            Slot::Fault(at, Some(_)) => Slot::Fault(at, None),
            Slot::Warning(at, Some(_)) => Slot::Warning(at, None),
            _ => return false,
        };
        self.open.get(&all).is_some_and(|all| *all > number)
    }

    fn merge(&mut self, index: usize, fact: Fact, now: Mono) {
        let Some(Entry::State {
            first, then, told, ..
        }) = self.queue.get_mut(index)
        else {
            return;
        };
        let fact = match (&*first, fact) {
            (Fact::Meter(_, old), Fact::Meter(at, new)) => Fact::Meter(at, merged(old, new)),
            (_, fact) => fact,
        };
        let before = [Some(first.clone()), then.take()];
        if allows(&fact) > allows(first) {
            *then = Some(fact);
        } else {
            *first = fact;
            *told = now;
        }
        let after = [Some(first.clone()), then.clone()];
        // Counted in before the old is counted out, so that what is off stays off.
        after.iter().flatten().for_each(|fact| self.count_in(fact));
        before
            .iter()
            .flatten()
            .for_each(|fact| self.count_out(fact));
    }

    fn count_in(&mut self, waits: &impl Waits) {
        self.bytes += waits.bytes();
        if let Some(at) = waits.stops() {
            self.stops.add(at);
        }
    }

    fn count_out(&mut self, waits: &impl Waits) {
        self.bytes -= waits.bytes();
        if let Some(at) = waits.stops() {
            self.stops.remove(at);
        }
    }

    fn push_act(&mut self, mail: Mail) {
        self.acts += 1;
        self.open.clear();
        self.queue.push_back(Entry::Act(mail));
    }

    /// Whether a stop waits already, and nothing since could have begun what it is to stop.
    fn repeats(&self, act: &Act) -> bool {
        for entry in self.queue.iter().rev() {
            match (entry, act) {
                (Entry::Act(Mail::Act(Act::StopTx(there, _))), Act::StopTx(at, _))
                    if there == at =>
                {
                    return true;
                }
                (Entry::Act(Mail::Act(Act::PowerFails)), Act::PowerFails) => return true,
                (Entry::Act(Mail::Answer(..)), _) => return false,
                (Entry::Act(Mail::Act(waiting)), _) if is_ordinary(waiting) => return false,
                (
                    Entry::State {
                        slot: Slot::Ev(there),
                        ..
                    },
                    Act::StopTx(at, _),
                ) if there == at => return false,
                (
                    Entry::State {
                        slot: Slot::Ev(_), ..
                    },
                    Act::PowerFails,
                ) => return false,
                _ => {}
            }
        }
        false
    }
}

/// A time that was told goes on while it waits.
fn correct(fact: &mut Fact, told: Mono, now: Mono) {
    let waited = now.since(told).0;
    match fact {
        Fact::Clock(wall) => *wall = wall.offset(i64::try_from(waited).unwrap_or(i64::MAX)),
        Fact::LocalLimit {
            valid: Some(valid), ..
        } => valid.0 = valid.0.saturating_sub(waited),
        _ => {}
    }
}

/// What the meter shows: the new, and of the old what the new does not name.
fn merged(old: &[Reading], new: Vec<Reading>) -> Vec<Reading> {
    let mut all = old.to_vec();
    for reading in new {
        let of = |reading: &Reading| (reading.measurand, reading.phase, reading.location);
        match all.iter_mut().find(|old| of(old) == of(&reading)) {
            Some(old) => *old = reading,
            None => all.push(reading),
        }
    }
    all
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
