//! What comes of a host that does not dispatch while energy flows.

use crate::core::station::watchdog::Step;
use crate::core::station::{Context, Station};
use crate::core::{Due, Effect, Fault};
use crate::time::Mono;
use crate::types::{ChargePointErrorCode, CiString};

impl Station {
    /// Whether the host has dispatched since that was last asked.
    pub(crate) fn on_host(&mut self, dispatched: bool, cx: &mut Context<'_>) {
        let code = ChargePointErrorCode::InternalError;
        match self.watchdog.hear(dispatched, cx.now.mono) {
            None => {}
            Some(Step::Call) => cx.out.want(Effect::CallHost),
            Some(Step::Silent) => {
                let seconds = self.watchdog.patience().0 / 1_000;
                log::error!(
                    "the host has not dispatched for {seconds} s while energy flows: nothing is permitted, \
                     and nobody may have opened a contactor"
                );
                self.condition.fails(Fault {
                    code,
                    info: Some(CiString::truncated("the host did not dispatch")),
                    vendor_code: None,
                });
                cx.out.want(Effect::CallHost);
            }
            Some(Step::Recovered) => {
                log::info!("the host dispatches again");
                self.condition.recovers(code);
            }
        }
    }

    pub(crate) fn host_deadline(&self) -> Option<(Mono, Due)> {
        self.watchdog.due().map(|at| (at, Due::Host))
    }
}
