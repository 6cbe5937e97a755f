//! Power that fails, and power that is back (`OCPP 1.6 §7.36`, PowerLoss).

use crate::core::connector::{Allowance, Ending, Run, Session};
use crate::core::meter::Take;
use crate::core::{
    AfterPowerLoss, Engine, Ev, QueuedBody, Stop, Transaction, TransactionChange, Wh, Write,
};
use crate::wire::{ReadingContext, Reason};

impl Engine {
    /// What the store says was running when power was lost (`OCPP 1.6 §7.36`, PowerLoss).
    pub(crate) fn restore(&mut self, running: Vec<Transaction>) {
        for mut transaction in running {
            let (tx, at) = (transaction.id, transaction.connector);
            if self.setup.tuning.after_power_loss == AfterPowerLoss::Resume {
                let (sample, since) = (self.first_sample(), self.now.mono);
                if let Some(connector) = self.connector_mut(at) {
                    let refused = transaction.deauthorized;
                    let run = Run {
                        tx,
                        since,
                        sample,
                        reacts_until: None,
                        allowance: if refused {
                            Allowance::Spent
                        } else {
                            Allowance::Full
                        },
                        watch: None,
                        resumes: false,
                        declined: false,
                        offer: None,
                    };
                    connector.session = Session::Running(run);
                    // Until the firmware says otherwise, the vehicle is still there.
                    connector.ev = Ev::Plugged;
                    connector.meter.zero = transaction.zero.unwrap_or(Wh(0));
                    connector.meter.takes.push(Take::Resumed);
                    self.interrupted.insert(tx, transaction.last);
                    self.transactions.insert(tx, transaction);
                    self.tell_step(tx, TransactionChange::Resumed);
                    continue;
                }
            }
            log::warn!("a transaction on connector {at} was interrupted by a power loss: stopped");
            let (stamp, meter) = transaction.last;
            let reason = Reason::PowerLoss;
            transaction.stop = Some(Stop {
                at: stamp,
                meter,
                reason,
                tag: None,
            });
            self.write(Write::Transaction(transaction.clone()));
            self.transactions.insert(tx, transaction);
            self.add_final_datum(tx, stamp, meter, ReadingContext::TransactionEnd);
            self.enqueue(QueuedBody::Stop(tx), true);
            self.tell_step(tx, TransactionChange::Stopped);
        }
    }

    /// Power fails: there is no time to ask anybody.
    pub(crate) fn on_power_fails(&mut self) {
        for at in self.connector_ids() {
            let stamp = self.clock.stamp(self.now.mono);
            let Some(connector) = self.connector_mut(at) else {
                continue;
            };
            if let Session::Running(run) = &connector.session {
                let ending = Ending {
                    reason: Reason::PowerLoss,
                    tag: None,
                    at: stamp,
                };
                connector.session = Session::Stopping(run.clone(), ending);
            }
            self.stop_now(at);
        }
    }
}
