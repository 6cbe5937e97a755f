//! While the disk fails, the queue is read as if everything had been written: whatever was, whatever was
//! not, and whatever was although the disk said that it was not.

#![cfg(feature = "net")]
#![allow(clippy::panic)]

use std::collections::VecDeque;
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
            _ => Vec::new(),
        }
    }
}

fn reads_as_if_written(steps: Vec<Step>, after: u64, limit: usize) -> Result<(), TestCaseError> {
    let disk = Disk::default();
    let mut store = RetryingStore::new(Box::new(disk.clone()));
    let (mut right, mut life) = (MemoryStore::default(), Life::default());
    for step in steps {
        match step {
            Step::Fails { .. } => disk.0.lock().expect("one thread").fails = Some(step),
            Step::Works => disk.0.lock().expect("one thread").fails = None,
            Step::TriedAgain => drop(store.try_again()),
            _ => {}
        }
        let batch = life.batch(step);
        if !batch.is_empty() {
            right.commit(&batch).expect("memory");
            store.commit(batch);
        }
        for (after, limit) in [(0, 100), (after, limit)] {
            let seen = store.fetch(Seq(after), limit).0.expect("it can be read");
            let wanted = right.fetch(Seq(after), limit).expect("memory");
            // Those that wait and are on the disk as well count twice.
            prop_assert!(seen.behind >= wanted.behind);
            let behind = 0;
            prop_assert_eq!(Fetched { behind, ..seen }, Fetched { behind, ..wanted });
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
