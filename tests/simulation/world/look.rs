//! What must hold at every moment and at the end.

use std::collections::BTreeSet;

use super::*;

impl World<'_> {
    /// Connected, nothing queued, and no session anywhere.
    pub(super) fn is_well(&self) -> bool {
        let queued = self.power.engine().map(|engine| engine.counters().queued);
        let quiet = self.outlets.iter().all(|outlet| outlet.session.is_none());
        self.registered
            && self.link.state == State::Open
            && queued == Some(0)
            && self.open_data.is_empty()
            && quiet
            && !self.is_failing()
    }

    fn is_failing(&self) -> bool {
        self.store.as_ref().is_some_and(RetryingStore::is_failing)
    }

    pub(super) fn ails(&self) -> String {
        let queued = self.power.engine().map(|engine| engine.counters().queued);
        let open: Vec<_> = self.outlets.iter().map(|outlet| outlet.session).collect();
        let (link, failing, data) = (self.link.state, self.is_failing(), &self.open_data);
        format!(
            "link {link:?}, queued {queued:?}, sessions {open:?}, disk fails {failing}, data {data:?}"
        )
    }

    /// A connector serves somebody, now that all is well.
    pub(super) fn probe(&mut self, number: usize) -> Is {
        if self.statuses.get(&number) != Some(&ChargePointStatus::Available) {
            return Err(format!(
                "connector {number} is {:?}",
                self.statuses.get(&number)
            ));
        }
        self.event(Event::Plug(number))?;
        self.event(Event::Tag(number, Who::Good))?;
        self.event(Event::Wants(number, true))?;
        let end = self.now + 600_000;
        if !self.until(end, |world| world.outlets[number - 1].supply.permit)? {
            return Err(format!(
                "connector {number} does not charge: {:?}",
                self.outlets[number - 1].supply
            ));
        }
        self.until(self.now + 120_000, |_| false)?;
        self.event(Event::Tag(number, Who::Same))?;
        self.event(Event::Unplug(number))
    }

    /// What holds at every moment.
    pub(super) fn look(&mut self) -> Is {
        for outlet in &self.outlets {
            let tx = outlet
                .supply
                .tx
                .map(|tx| tx.0)
                .filter(|_| outlet.supply.permit);
            let runs = outlet.session.map(|at| &self.sessions.0[at]);
            match (outlet.supply.permit, runs) {
                (true, None) => return Err("energy without a transaction".to_owned()),
                (true, Some(told)) if Some(told.tx) != tx => {
                    return Err(format!("energy for {tx:?} while {} runs", told.tx));
                }
                (true, Some(told)) if !self.may_charge(&told.tag) => {
                    return Err(format!("energy for {} without authorization", told.tag));
                }
                _ => {}
            }
        }
        self.look_at_meters()?;
        self.look_at_board()?;
        self.look_at_host()?;
        let supplies: Vec<_> = (1..=self.make.connectors)
            .map(|at| self.supply(at))
            .collect();
        let command = std::mem::take(&mut self.commanded);
        let mono = self.device().mono.0;
        self.limits.mind_sources(&supplies, mono)?;
        self.limits.look(&supplies, self.now, command)?;
        let queued = self
            .power
            .engine()
            .map_or(0, |engine| engine.counters().queued);
        // Starts and stops are never dropped, so there is no fixed bound: two for each session.
        let most = self.make.most_values + 2 * self.sessions.0.len() as u64 + 128;
        if queued > most {
            return Err(format!("{queued} messages are queued, {most} are the most"));
        }
        Ok(())
    }

    /// While energy flows a meter that answers is read at least as often as readings are stored, and
    /// what a fault forbids has no energy.
    fn look_at_meters(&self) -> Is {
        // The last reading may have taken its time, and so may the disk.
        let patience = self.make.reads_every() + 30_000;
        for (index, outlet) in self.outlets.iter().enumerate() {
            let number = index + 1;
            if self.supply(number).permit && (outlet.faulted || self.faulted) {
                return Err(format!("connector {number} has a fault and energy"));
            }
            if self.supply(number).permit && outlet.paused {
                return Err(format!("connector {number} pauses and has energy"));
            }
            // One that was silent is asked once a minute.
            let silent = match outlet.stalls_until {
                0 => 0,
                until => until + 60_000,
            };
            let since = outlet
                .read_at
                .max(silent)
                .max(self.busy_until)
                .max(self.slow_at)
                .max(self.booted)
                .max(outlet.permitted_at);
            let reads = self.make.reads_meter
                && !matches!(self.make.meter, Speed::Moody | Speed::Silent | Speed::Bare);
            if reads && outlet.supply.permit && self.now > since + patience {
                return Err(format!("the meter of connector {number} is not read"));
            }
        }
        Ok(())
    }

    fn may_charge(&self, tag: &str) -> bool {
        // Started from afar without being asked about (AuthorizeRemoteTxRequests is on by default), or offline.
        let offline = self.make.offline_strangers;
        let free = self.make.free && tag.starts_with(FREE);
        offline || free || self.central.accepted.iter().any(|known| known == tag)
    }

    /// The books are right: every session that was told of is there once, in order, with its energy.
    pub(super) fn compare(&self) -> Is {
        let books = &self.central.books.sessions;
        let given_up = |booked: &str| {
            let most = self.make.attempts;
            let mut refused = self.central.refused.iter();
            refused.any(|(says, count)| *count >= most && says.contains(booked))
        };
        let tags: BTreeSet<&str> = self
            .sessions
            .0
            .iter()
            .map(|told| told.tag.as_str())
            .collect();
        for tag in tags {
            let told: Vec<_> = self
                .sessions
                .0
                .iter()
                .filter(|told| told.tag == tag)
                .collect();
            let booked: Vec<_> = books.iter().filter(|booked| booked.tag == tag).collect();
            if told.iter().any(|told| told.excused) {
                // One that was forgotten may have looked like the next of the same tag.
                let excused = told.iter().filter(|told| told.excused).count();
                if booked.len() > told.len() + excused {
                    return Err(format!(
                        "{tag}: {} told, {} booked",
                        told.len(),
                        booked.len()
                    ));
                }
                continue;
            }
            if told.len() != booked.len() {
                return Err(format!(
                    "{tag}: {} told, {} booked",
                    told.len(),
                    booked.len()
                ));
            }
            let (mut told, mut booked) = (told, booked);
            if given_up(&format!("\"{tag}\"")) {
                // What was given up comes later than what began later.
                told.sort_by_key(|told| (told.connector, told.start, told.stop));
                booked.sort_by_key(|booked| (booked.connector, booked.start, booked.stop));
            }
            for (told, booked) in told.iter().zip(&booked) {
                let place = i64::try_from(told.connector).unwrap_or(0);
                if let (Some(mwh), Some(stop)) = (told.untold, booked.stop) {
                    // Where it began became known after it was told, and is on the books.
                    let start = if told.guessed {
                        booked.start
                    } else {
                        told.start
                    };
                    told.is_right(start, stop, mwh)?;
                }
                let ends = match told.untold {
                    Some(_) => booked.stop.is_some(),
                    None => told.stop == booked.stop,
                };
                let start = told.start == booked.start || (told.guessed && told.untold.is_some());
                let right = (place == booked.connector && start) && ends;
                if !right {
                    return Err(format!(
                        "{tag}: told {place} {} to {:?}, booked {booked:?}",
                        told.start, told.stop
                    ));
                }
                if booked.stop.is_some_and(|stop| booked.highest > stop) {
                    return Err(format!("{tag}: a sample above the stop: {booked:?}"));
                }
            }
        }
        for (tag, what) in &self.central.books.late {
            if !self
                .sessions
                .0
                .iter()
                .any(|told| told.tag == *tag && told.excused)
            {
                return Err(format!("after the stop of {tag}: {what}"));
            }
        }
        let known: BTreeSet<&str> = self
            .sessions
            .0
            .iter()
            .map(|told| told.tag.as_str())
            .collect();
        if let Some(booked) = books
            .iter()
            .find(|booked| !known.contains(booked.tag.as_str()))
        {
            return Err(format!("nobody was told of {booked:?}"));
        }
        // Each connector's sessions arrived in the order in which they began.
        for number in 1..=self.make.connectors {
            let sure = |tag: &str| {
                let mut told = self.sessions.0.iter().filter(|told| told.tag == tag);
                !told.any(|told| told.excused) && !given_up(&format!("\"{tag}\""))
            };
            let told = self
                .sessions
                .0
                .iter()
                .filter(|told| told.connector == number);
            let told: Vec<_> = told
                .map(|told| told.tag.as_str())
                .filter(|tag| sure(tag))
                .collect();
            let place = i64::try_from(number).unwrap_or(0);
            let booked = books.iter().filter(|booked| booked.connector == place);
            let booked: Vec<_> = booked
                .map(|booked| booked.tag.as_str())
                .filter(|tag| sure(tag))
                .collect();
            if told != booked {
                return Err(format!(
                    "connector {number}: told {told:?}, booked {booked:?}"
                ));
            }
        }
        Ok(())
    }
}
