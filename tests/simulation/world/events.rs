//! What a plan can bring about, and what must hold at every moment and at the end.

use std::collections::BTreeSet;

use super::*;

impl World<'_> {
    pub(super) fn event(&mut self, event: Event) -> Is {
        match event {
            Event::Plug(number) => self.person(number, |outlet| {
                (outlet.cable, outlet.vehicle) = (true, true)
            }),
            Event::Wants(number, wants) => self.person(number, |outlet| outlet.wants = wants),
            Event::CableOnly(number) => self.person(number, |outlet| outlet.vehicle = false),
            Event::Unplug(number) => self.person(number, |outlet| {
                (outlet.cable, outlet.vehicle, outlet.wants) = (false, false, false);
            }),
            Event::Tag(number, who) => self.tag(Some(number), who),
            Event::TagAnywhere(who) => self.tag(None, who),
            Event::StopLocal(number) => {
                self.fact(Fact::StopTx(at(number), Reason::Local))?;
                self.is_over(number)
            }
            Event::Fault(number, is) => self.fault(number, is),
            Event::Flaps(number, times) => {
                (0..2 * times).try_for_each(|turn| self.fault(number, turn % 2 == 0))
            }
            Event::VendorData(count) => (0..count).try_for_each(|_| self.vendor_data()),
            Event::MeterStalls(number, millis) => {
                let outlet = &mut self.outlets[number - 1];
                outlet.stalls_until = self.now + millis;
                self.sessions.cannot_read(outlet, millis);
                Ok(())
            }
            Event::Cut => self.cut(),
            Event::Unreachable(millis) => {
                self.link.reachable_from = self.now + millis;
                self.cut()
            }
            Event::HalfOpen => {
                self.link.half_open = self.link.state == State::Open;
                Ok(())
            }
            Event::Latency(millis) => {
                self.link.latency = millis;
                Ok(())
            }
            Event::Refuse(count) => {
                self.central.refuse += count;
                Ok(())
            }
            Event::Mute(count) => {
                self.central.mute += count;
                Ok(())
            }
            Event::Late(count, millis) => {
                self.central.late = (count, millis);
                Ok(())
            }
            Event::Double(count) => {
                self.central.double += count;
                Ok(())
            }
            Event::NotYet(count, pending) => {
                self.central.not_yet = (count, pending);
                self.call(
                    "TriggerMessage",
                    json!({"requestedMessage": "BootNotification"}),
                )
            }
            Event::Request(number) => {
                let open = self
                    .central
                    .books
                    .sessions
                    .iter()
                    .filter(|booked| booked.stop.is_none());
                let running: Vec<_> = open.map(|booked| booked.id).collect();
                let (action, payload) =
                    request(number, self.make.connectors, &running, self.wall());
                self.call(action, payload)
            }
            Event::Nonsense(number) => {
                self.calls += 1;
                let text = nonsense(number).replace("\"n-", &format!("\"n{}-", self.calls));
                self.write(text, 0)
            }
            Event::CentralClock(millis) => {
                self.central.clock += millis;
                Ok(())
            }
            Event::Clock(millis) => {
                self.clock += millis;
                Ok(())
            }
            Event::DiskSlow(count, millis) => {
                self.slow = (count, millis);
                Ok(())
            }
            Event::Strike(number, step, act) => {
                self.outlets[number - 1].strike = Some((step, act));
                Ok(())
            }
            Event::DiskFails(millis) => {
                self.disk.set_failing(true);
                self.after(millis, Next::DiskWorks);
                Ok(())
            }
            Event::PowerCut(effects, off) => {
                if self.engine.is_some() && self.fuel.is_none() {
                    self.fuel = Some((effects, off));
                    if effects == 0 {
                        self.power_off(off);
                    }
                }
                Ok(())
            }
            Event::PowerFails(off) => {
                // Unless the moment's notice is cut short too.
                if self.fuel.is_none() {
                    for outlet in &self.outlets {
                        self.sessions.power_fails(outlet);
                    }
                }
                self.fact(Fact::PowerFails)?;
                if self.engine.is_some() {
                    self.power_off(off);
                }
                Ok(())
            }
            Event::Restart => {
                let orderly = self.fuel.is_none();
                self.fact(Fact::Closing)?;
                if self.engine.is_some() {
                    if orderly {
                        for outlet in &self.outlets {
                            self.sessions.power_fails(outlet);
                        }
                    }
                    self.power_off(2_000);
                }
                Ok(())
            }
        }
    }

    /// Somebody does something at a connector.
    fn person(&mut self, number: usize, act: impl FnOnce(&mut Outlet)) -> Is {
        let outlet = &mut self.outlets[number - 1];
        outlet.integrate(self.now);
        act(outlet);
        self.forbid_what_is_plugged();
        self.state(number)
    }

    /// A vehicle that is plugged in while a fault is there does not charge when it is over, unless
    /// somebody asks anew.
    pub(super) fn forbid_what_is_plugged(&mut self) {
        if self.engine.is_none() {
            return;
        }
        let all = self.faulted;
        for outlet in &mut self.outlets {
            let stands = outlet.vehicle && (all || outlet.faulted);
            outlet.called_off |= stands && outlet.session.is_none();
        }
    }

    /// Somebody shows a tag, or wants to start from afar.
    pub(super) fn somebody_asks(&mut self) {
        for outlet in &mut self.outlets {
            outlet.called_off = false;
        }
    }

    /// The firmware stopped what went on at a connector: no energy from now on.
    fn is_over(&mut self, number: usize) -> Is {
        if self.engine.is_none() {
            return Ok(());
        }
        let outlet = &mut self.outlets[number - 1];
        outlet.called_off = true;
        match outlet.supply.permit {
            true => Err(format!("connector {number} was stopped and has energy")),
            false => Ok(()),
        }
    }

    fn tag(&mut self, number: Option<usize>, who: Who) -> Is {
        self.somebody_asks();
        self.tags += 1;
        let letter = match who {
            Who::Good => "G",
            Who::Member => "M",
            Who::Bad => "B",
            Who::Same => "",
        };
        let mut name = format!("{letter}{}", self.tags);
        let here = &mut self.outlets[number.unwrap_or(1) - 1];
        if letter.is_empty() {
            if here.tag.is_empty() {
                return Ok(());
            }
            name.clone_from(&here.tag);
        } else {
            here.tag.clone_from(&name);
        }
        let name = IdToken::new(name).map_err(|_| "a long tag")?;
        self.fact(Fact::Tag(number.map(at).into_iter().collect(), name))
    }

    /// Nothing fails any more, everybody leaves.
    pub(super) fn calm_down(&mut self) -> Is {
        self.say(|| "from here on nothing fails".to_owned());
        self.calm = true;
        self.central.calm_down();
        self.slow = (0, 0);
        for outlet in &mut self.outlets {
            outlet.strike = None;
        }
        self.disk.set_failing(false);
        self.link.latency = 50;
        self.link.reachable_from = 0;
        // What was late on the old connection is of no concern on a new one.
        self.cut()?;
        // The device may be off: it comes back before anything is asked of it.
        let end = self.now + DAY;
        if !self.until(end, |world| world.engine.is_some() && world.fuel.is_none())? {
            self.fuel = None;
        }
        self.fault(0, false)?;
        for number in 1..=self.make.connectors {
            self.outlets[number - 1].stalls_until = 0;
            self.fault(number, false)?;
            self.fact(Fact::StopTx(at(number), Reason::Local))?;
            self.event(Event::Unplug(number))?;
        }
        Ok(())
    }

    /// Connected, nothing queued, and no session anywhere.
    pub(super) fn is_well(&self) -> bool {
        let queued = self.engine.as_ref().map(|engine| engine.counters().queued);
        let quiet = self.outlets.iter().all(|outlet| outlet.session.is_none());
        self.registered
            && self.link.state == State::Open
            && queued == Some(0)
            && self.open_data.is_empty()
            && quiet
            && !self.is_failing()
    }

    fn is_failing(&self) -> bool {
        self.store.as_ref().is_some_and(Cushion::is_failing)
    }

    pub(super) fn ails(&self) -> String {
        let queued = self.engine.as_ref().map(|engine| engine.counters().queued);
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
        let supplies: Vec<_> = self.outlets.iter().map(|outlet| outlet.supply).collect();
        let command = std::mem::take(&mut self.commanded);
        self.limits.look(&supplies, self.now, command)?;
        let queued = self
            .engine
            .as_ref()
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
            if outlet.supply.permit && (outlet.faulted || self.faulted) {
                return Err(format!("connector {number} has a fault and energy"));
            }
            let since = outlet
                .read_at
                .max(outlet.stalls_until)
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
        offline || self.central.accepted.iter().any(|known| known == tag)
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
            if told.iter().any(|told| told.excused) || given_up(&format!("\"{tag}\"")) {
                if booked.len() > told.len() {
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
            for (told, booked) in told.iter().zip(&booked) {
                let place = i64::try_from(told.connector).unwrap_or(0);
                let stop_given_up = given_up(&format!(" {}", booked.id));
                if let (Some(mwh), Some(stop)) = (told.untold, booked.stop) {
                    told.is_right(stop, mwh)?;
                }
                let ends = match told.untold {
                    Some(_) => booked.stop.is_some(),
                    None => told.stop == booked.stop,
                };
                let start = told.start == booked.start || (told.guessed && told.untold.is_some());
                let right = (place == booked.connector && start) && (ends || stop_given_up);
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
