//! Turns: where the least for all is more than all may draw, those who wait are served after a time, and
//! others wait for them.

use crate::core::station::supply::offer::Demand;
use crate::core::TxId;
use crate::time::{Millis, Mono};

/// In which order connectors are served. Nothing of it survives a restart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns {
    /// Of each connector that was ever in line, by its index.
    standings: Vec<Standing>,
    /// The last place in the line that was given to anybody.
    last: u64,
    /// When the turn is over, if there are any: somebody waits, or did when it began.
    ends: Option<Mono>,
}

/// Where a transaction stands in line.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    tx: Option<TxId>,
    place: u64,
    served: bool,
}

impl Turns {
    /// Nobody has to wait for others.
    pub(super) fn cease(&mut self) {
        self.standings.clear();
        self.last = 0;
        self.ends = None;
    }

    /// When the next turn begins, if there are any.
    pub(super) const fn ends(&self) -> Option<Mono> {
        self.ends
    }

    /// Puts those that want energy in line: who is new comes last. If a turn is over, those who were
    /// served go to the end of it.
    pub(super) fn line_up(&mut self, demands: &mut [Demand], now: Mono) {
        for demand in demands.iter_mut() {
            let index = demand.at.index();
            if self.standings.len() <= index {
                self.standings.resize(index + 1, Standing::default());
            }
            let tx = demand.wants.then_some(TxId(demand.order));
            let standing = self.standings.get_mut(index);
            let Some(standing) = standing.filter(|standing| standing.tx != tx) else {
                continue;
            };
            // Until somebody has to wait, the order is that of the transactions.
            let line = u64::from(self.ends.is_some() && demand.wants);
            self.last += line;
            *standing = Standing {
                tx,
                place: self.last,
                served: false,
            };
        }
        for demand in demands.iter_mut() {
            let standing = self.standings.get(demand.at.index());
            let standing = standing.filter(|_| demand.wants);
            demand.place = standing.map_or(0, |standing| standing.place);
        }
        sort(demands);
        if self.ends.is_some_and(|ends| ends <= now) {
            self.ends = None;
            for demand in demands.iter_mut() {
                let standing = self.standings.get_mut(demand.at.index());
                if let Some(standing) = standing.filter(|standing| standing.served) {
                    self.last += 1;
                    standing.place = self.last;
                    demand.place = self.last;
                }
            }
            sort(demands);
        }
    }

    /// Who of those that want energy is served.
    pub(super) fn is_served(&mut self, demand: &Demand, served: bool) {
        if let Some(standing) = self.standings.get_mut(demand.at.index()) {
            standing.served = served;
        }
    }

    /// Somebody waits, or nobody does: a turn begins with the first who has to, and takes its time. Says whether
    /// there are none any more.
    pub(super) fn begin(&mut self, waits: bool, span: Millis, now: Mono) -> bool {
        let over = self.ends.is_none();
        if over && waits {
            self.ends = Some(now + span);
        } else if over {
            self.cease();
        }
        over && !waits
    }
}

/// Those that want energy first; of them those that are first in line, and that started first.
pub(super) fn sort(demands: &mut [Demand]) {
    demands.sort_unstable_by_key(|demand| (!demand.wants, demand.place, demand.order));
}
