//! While the disk fails, the queue is read as if everything had been written: whatever was, whatever was
//! not, and whatever was although the disk said that it was not. Only of meter values that are thinned out
//! while it fails others may go: the disk thins out its own, and what waits for it is thinned out by itself.

#![cfg(feature = "net")]
#![allow(clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use evcp::core::*;
use evcp::store::{MemoryStore, RetryingStore, Store, StoreError};
use evcp::types::Reason;
use evcp_testing::random::runner;
use evcp_testing::records::{datum, queued, stamp, transaction};
use proptest::prelude::*;

/// What happens next; nothing if it makes no sense now.
#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    Value,
    Stop,
    Delivered,
    Refused,
    ClockSet,
    /// Every other value goes that is so far behind the head of the queue: of the transaction that runs, or
    /// of none.
    Thinned {
        of_running: bool,
        behind: u64,
    },
    /// The disk says that it does not write; it may do so all the same.
    Fails {
        writes: bool,
    },
    Works,
    TriedAgain,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Start),
        4 => Just(Step::Value),
        2 => Just(Step::Stop),
        3 => Just(Step::Delivered),
        1 => Just(Step::Refused),
        1 => Just(Step::ClockSet),
        1 => (any::<bool>(), 0..4_u64)
            .prop_map(|(of_running, behind)| Step::Thinned { of_running, behind }),
        2 => any::<bool>().prop_map(|writes| Step::Fails { writes }),
        1 => Just(Step::Works),
        1 => Just(Step::TriedAgain),
    ]
}

#[derive(Clone, Default)]
struct Disk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    kept: MemoryStore,
    fails: Option<Step>,
}

impl Store for Disk {
    fn load(&mut self) -> Result<Stored, StoreError> {
        self.0.lock().expect("one thread").kept.load()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut state = self.0.lock().expect("one thread");
        if !matches!(state.fails, Some(Step::Fails { writes: false })) {
            state.kept.commit(batch)?;
        }
        match state.fails {
            Some(_) => Err(StoreError("it fails".to_owned())),
            None => Ok(()),
        }
    }

    fn queue(&mut self, after: Seq, limit: usize) -> Result<Fetched, StoreError> {
        self.0.lock().expect("one thread").kept.queue(after, limit)
    }

    fn add_transactions(&mut self, fetched: &mut Fetched) -> Result<(), StoreError> {
        self.0
            .lock()
            .expect("one thread")
            .kept
            .add_transactions(fetched)
    }

    fn size(&self) -> u64 {
        0
    }
}

/// What an engine writes, without the engine.
#[derive(Default)]
struct Life {
    seq: u64,
    txs: u64,
    running: Option<Transaction>,
    queue: VecDeque<QueuedMessage>,
    data: u32,
    /// How wrong the clock was, once that is known.
    corrected: bool,
}

const WRONG: i64 = 7_000;

impl Life {
    fn now(&self) -> Stamp {
        let wall = 10_000 + self.seq as i64;
        stamp(
            if self.corrected { wall + WRONG } else { wall },
            self.corrected,
        )
    }

    fn queue(&mut self, body: QueuedBody) -> Change {
        self.seq += 1;
        let message = queued(self.seq, body);
        self.queue.push_back(message.clone());
        Change::Put(Record::Message(message))
    }

    fn data(&mut self, tx: TxId) -> Change {
        self.data += 1;
        let at = self.now();
        Change::Put(Record::StopSample(
            tx,
            StopSample {
                at,
                ..datum(self.data)
            },
        ))
    }

    fn batch(&mut self, step: Step) -> Batch {
        let now = self.now();
        match step {
            Step::Start if self.running.is_none() => {
                self.txs += 1;
                let started = Transaction {
                    started: now,
                    last: (now, Wh(5)),
                    ..transaction(self.txs)
                };
                self.running = Some(started.clone());
                let data = self.data(started.id);
                let message = self.queue(QueuedBody::Start(started.id));
                vec![Change::Put(Record::Transaction(started)), data, message]
            }
            Step::Value => {
                let tx = self.running.as_ref().map(|running| running.id);
                let message = self.queue(QueuedBody::Meter {
                    tx,
                    place: Place::ChargePoint,
                    at: now,
                    values: Vec::new(),
                });
                let mut batch = vec![message];
                if let Some(running) = &mut self.running {
                    running.last = (now, Wh(now.wall.0));
                    batch.push(Change::Put(Record::Transaction(running.clone())));
                }
                batch.extend(tx.map(|tx| self.data(tx)));
                batch
            }
            Step::Stop => {
                let Some(mut running) = self.running.take() else {
                    return Vec::new();
                };
                running.stop = Some(Stop {
                    at: now,
                    meter: Wh(now.wall.0),
                    reason: Reason::Local,
                    tag: None,
                });
                let message = self.queue(QueuedBody::Stop(running.id));
                vec![Change::Put(Record::Transaction(running)), message]
            }
            Step::Delivered => {
                let Some(message) = self.queue.pop_front() else {
                    return Vec::new();
                };
                let mut batch = vec![Change::Drop(RecordKey::Message(message.seq))];
                if let QueuedBody::Stop(tx) = message.body {
                    batch.push(Change::Drop(RecordKey::Transaction(tx)));
                }
                batch
            }
            Step::Refused => {
                let Some(message) = self.queue.front_mut() else {
                    return Vec::new();
                };
                message.refusals += 1;
                vec![Change::Put(Record::Message(message.clone()))]
            }
            Step::ClockSet if !self.corrected => {
                self.corrected = true;
                let correct = |at: &mut Stamp| {
                    if !at.synced {
                        *at = stamp(at.wall.0 + WRONG, true);
                    }
                };
                if let Some(running) = &mut self.running {
                    correct(&mut running.started);
                    correct(&mut running.last.0);
                }
                for message in &mut self.queue {
                    if let QueuedBody::Meter { at, .. } = &mut message.body {
                        correct(at);
                    }
                }
                vec![Change::CorrectTimes(WRONG)]
            }
            Step::Thinned { of_running, behind } => {
                let tx = self.running.as_ref().map(|running| running.id);
                let head = self.queue.front().map_or(0, |head| head.seq.0);
                vec![Change::Thin(tx.filter(|_| of_running), Seq(head + behind))]
            }
            _ => Vec::new(),
        }
    }
}

/// What the queue is to be like.
#[derive(Default)]
struct Wanted {
    /// What a disk has that never fails.
    right: MemoryStore,
    /// That, if it thins nothing out.
    all: MemoryStore,
    /// Where values were thinned out: by transaction, behind which place.
    thinned: BTreeMap<Option<TxId>, Seq>,
    /// Some of them while the disk failed: nobody can say which are left.
    vague: bool,
}

impl Wanted {
    fn commit(&mut self, batch: &Batch, fails: bool) {
        self.right.commit(batch).expect("memory");
        match batch[..] {
            [Change::Thin(tx, after)] => {
                let first = self.thinned.entry(tx).or_insert(after);
                *first = after.min(*first);
                self.vague |= fails;
            }
            _ => self.all.commit(batch).expect("memory"),
        }
    }

    fn compare(&mut self, seen: Fetched, after: Seq, limit: usize) -> Result<(), TestCaseError> {
        let mut wanted = self.right.fetch(after, limit).expect("memory");
        if self.vague {
            let is_full = seen.messages.len() >= limit;
            wanted = self.all.fetch(after, 1_000).expect("memory");
            let newest = newest(&wanted);
            let end = seen.messages.last().filter(|_| is_full);
            let end = end.map_or(Seq(u64::MAX), |last| last.seq);
            let may_be_gone = |message: &QueuedMessage| match message.body {
                QueuedBody::Meter { tx, .. } => {
                    let thinned = self.thinned.get(&tx);
                    let is_behind = thinned.is_some_and(|after| *after < message.seq);
                    is_behind && newest.get(&tx) != Some(&message.seq)
                }
                QueuedBody::Start(_) | QueuedBody::Stop(_) => false,
            };
            let seqs: BTreeSet<_> = seen.messages.iter().map(|message| message.seq).collect();
            wanted
                .messages
                .retain(|message| seqs.contains(&message.seq) || !may_be_gone(message));
            let here = wanted
                .messages
                .partition_point(|message| message.seq <= end);
            wanted.behind = wanted.messages.split_off(here).len() as u64;
            let messages = wanted.messages.iter();
            let named: BTreeSet<_> = messages.filter_map(|message| message.body.tx()).collect();
            wanted.transactions.retain(|tx| named.contains(&tx.id));
            wanted.data.retain(|(tx, _)| named.contains(tx));
        }
        // Those that wait and are on the disk as well count twice.
        prop_assert!(seen.behind >= wanted.behind);
        wanted.behind = seen.behind;
        prop_assert_eq!(seen, wanted);
        Ok(())
    }
}

/// The last value of each transaction.
fn newest(fetched: &Fetched) -> BTreeMap<Option<TxId>, Seq> {
    let messages = fetched.messages.iter();
    let values = messages.filter_map(|message| match message.body {
        QueuedBody::Meter { tx, .. } => Some((tx, message.seq)),
        QueuedBody::Start(_) | QueuedBody::Stop(_) => None,
    });
    values.collect()
}

fn reads_as_if_written(steps: Vec<Step>, after: u64, limit: usize) -> Result<(), TestCaseError> {
    let disk = Disk::default();
    let mut store = RetryingStore::new(Box::new(disk.clone()));
    let (mut wanted, mut life) = (Wanted::default(), Life::default());
    for step in steps {
        match step {
            Step::Fails { .. } => disk.0.lock().expect("one thread").fails = Some(step),
            Step::Works => disk.0.lock().expect("one thread").fails = None,
            Step::TriedAgain => drop(store.try_again()),
            _ => {}
        }
        let batch = life.batch(step);
        if !batch.is_empty() {
            let held_back = store.holds_back();
            store.commit(batch.clone());
            wanted.commit(&batch, held_back || store.holds_back());
        }
        for (after, limit) in [(0, 100), (after, limit)] {
            let seen = store.fetch(Seq(after), limit).0.expect("it can be read");
            wanted.compare(seen, Seq(after), limit)?;
        }
    }
    Ok(())
}

#[test]
fn the_queue_reads_as_if_the_disk_had_written_everything() {
    let steps = prop::collection::vec(step(), 1..60);
    let done = runner(1_000).run(&(steps, 0..20_u64, 1..12_usize), |(steps, after, limit)| {
        reads_as_if_written(steps, after, limit)
    });
    if let Err(why) = done {
        panic!("{why}");
    }
}
