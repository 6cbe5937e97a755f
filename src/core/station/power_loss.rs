//! Power that fails, and power that is back (`OCPP 1.6 §7.36`, PowerLoss).

use crate::core::ledger::End;
use crate::core::station::authorizations::group;
use crate::core::station::read_for::ReadFor;
use crate::core::station::run::Run;
use crate::core::station::{Context, Station};
use crate::core::{AfterPowerLoss, Change, Place, RecordKey, Transaction};
use crate::time::Millis;
use crate::types::Reason;

/// How long the end of an interrupted transaction waits for a firmware that just started to read the
/// meter. Energy was off meanwhile, so that the register says exactly what flowed.
const RESTART: Millis = Millis::from_secs(10);

impl Station {
    // rules: 72
    /// What the store says was running when power was lost (`OCPP 1.6 §7.36`, PowerLoss), or when the
    /// host stopped us in an orderly way.
    pub(crate) fn restore(
        &mut self,
        running: Vec<Transaction>,
        orderly: bool,
        cx: &mut Context<'_>,
    ) {
        if orderly {
            cx.out.durable(Change::Drop(RecordKey::Orderly));
        }
        let reason = match orderly {
            true => Reason::Reboot,
            false => Reason::PowerLoss,
        };
        let resumes = self.setup.tuning.after_power_loss == AfterPowerLoss::Resume;
        for mut transaction in running {
            transaction.parent = transaction.parent.and_then(group);
            let (tx, at) = (transaction.id, transaction.connector);
            let sample = self.first_sample(cx.now.mono);
            let run = Run::resumed(&transaction, cx.now.mono, sample);
            let (before, zero) = (transaction.last, transaction.zero);
            cx.ledger.restore(transaction);
            let end = End {
                reason,
                tag: None,
                at: before.0,
                meter: None,
            };
            let Some(connector) = self.connectors.get_mut(at.index()) else {
                log::warn!("connector {at} is gone: its transaction is stopped");
                self.end_transaction(at, tx, end, cx);
                continue;
            };
            connector.resume(run, zero);
            if resumes {
                connector.expect_vehicle();
                self.rearm_watch(at, cx);
                cx.ledger.resume(tx, cx.out);
                continue;
            }
            log::warn!(
                "connector {at}: the transaction was interrupted by a restart: it is stopped"
            );
            connector.interrupt(end);
            let patience = match self.setup.host.reads_meter {
                true => RESTART.max(self.setup.tuning.meter_timeout),
                false => self.setup.tuning.meter_timeout,
            };
            if !self.await_meter(Place::Connector(at), ReadFor::End, patience, cx) {
                self.stop_now(at, cx);
            }
        }
    }

    /// Power fails: there is no time to ask anybody, and nothing begins any more.
    pub(crate) fn on_power_fails(&mut self, cx: &mut Context<'_>) {
        for at in self.connector_ids() {
            self.begin_stop(at, Reason::PowerLoss, None, cx);
            self.stop_now(at, cx);
        }
    }
}
