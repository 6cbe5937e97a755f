//! Between the engine and the firmware: what one has not heard of the other waits in the mailbox, as
//! in the shell. The disk may hold the engine up, and the firmware may be busy with something else.

use super::*;

/// What the engine has heard of a connector, and decided.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    vehicle: bool,
    fault: bool,
    /// The transaction that runs.
    pub runs: Option<u64>,
    /// Nothing may begin here until somebody asks for it.
    called_off: bool,
    /// The firmware has said whether a vehicle is in.
    spoken: bool,
    /// A vehicle came, and no transaction has begun since.
    came: bool,
}

const SOURCES: [&str; 3] = ["grid", "house meter", "cable"];

fn amperes(tenths: u32) -> Rate {
    Rate {
        tenths,
        unit: ChargingRateUnitType::A,
        phases: None,
    }
}

impl World<'_> {
    /// The firmware states something, or acts.
    /// A source of local limits speaks.
    pub(super) fn limit(
        &mut self,
        number: usize,
        source: u8,
        rate: Option<u32>,
        valid: Option<u64>,
    ) -> Is {
        if !self.power.is_on() {
            return Ok(());
        }
        let name = SOURCES[usize::from(source)];
        let mono = self.device().mono.0;
        self.limits.say(number as i64, name, rate, mono, valid);
        self.fact(Fact::LocalLimit {
            place: place(number),
            source: Source::new(name).expect("a source"),
            rate: rate.map(amperes),
            valid: valid.map(Millis),
        })
    }

    /// What holds when it has not spoken.
    pub(super) fn failsafe(&mut self, number: usize, source: u8, rate: Option<u32>) -> Is {
        if !self.power.is_on() {
            return Ok(());
        }
        let name = SOURCES[usize::from(source)];
        self.limits.failsafe(number as i64, name, rate);
        let source = Source::new(name).expect("a source");
        self.act(Act::SetFailsafe(place(number), source, rate.map(amperes)))
    }

    /// No source limits anything any more.
    pub(super) fn no_limits(&mut self) -> Is {
        if !self.make.limits {
            return Ok(());
        }
        for number in 0..=self.make.connectors {
            for source in [0, 1, 2] {
                self.failsafe(number, source, None)?;
                self.limit(number, source, None, None)?;
            }
        }
        Ok(())
    }

    pub(super) fn fact(&mut self, fact: Fact) -> Is {
        if !self.power.is_on() {
            return Ok(());
        }
        let mono = self.device().mono;
        let text = format!("{fact:?}");
        self.inbox
            .put(fact, mono)
            .map_err(|why| format!("refused: {why}: {text}"))?;
        self.turn()
    }

    /// The firmware does something.
    pub(super) fn act(&mut self, act: Act) -> Is {
        if !self.power.is_on() {
            return Ok(());
        }
        let text = format!("{act:?}");
        self.inbox
            .act(act)
            .map_err(|why| format!("refused: {why}: {text}"))?;
        self.turn()
    }

    /// The firmware answers a question.
    pub(super) fn answer(&mut self, request: RequestId, answer: Answer) -> Is {
        if !self.power.is_on() {
            return Ok(());
        }
        self.inbox.answer(request, answer);
        self.turn()
    }

    /// Takes in all that waits, unless the engine is busy, and lets the firmware hear what came of it.
    pub(super) fn turn(&mut self) -> Is {
        if self.power.is_working() {
            return Ok(());
        }
        loop {
            let now = self.device();
            let Some(mail) = self.power.engine().and(self.inbox.take(now.mono)) else {
                break;
            };
            self.hear(&mail);
            let input = match mail {
                Mail::Answer(request, answer) => Input::Answer(request, answer),
                Mail::Fact(fact) => Input::Charger(fact),
                Mail::Act(act) => Input::Act(act),
            };
            let stopped = match &input {
                Input::Act(Act::StopTx(at, _)) => Some(at.index()),
                _ => None,
            };
            Power::give(self, input)?;
            if let Some(index) = stopped {
                self.seen[index].called_off = true;
            }
            self.inbox.handled();
        }
        self.dispatch()
    }

    /// What the engine knows from now on.
    fn hear(&mut self, mail: &Mail) {
        match mail {
            Mail::Fact(Fact::Ev(at, ev)) => {
                let seen = &mut self.seen[at.index()];
                let before = std::mem::replace(&mut seen.vehicle, ev.is_connected());
                seen.came = seen.vehicle && (seen.came || (!before && seen.spoken));
                seen.spoken = true;
                if self.make.free && seen.vehicle && !before {
                    seen.called_off = false;
                }
            }
            Mail::Fact(Fact::Draining(is)) => self.draining = *is,
            Mail::Fact(Fact::Fault(Place::Connector(at), fault)) => {
                self.seen[at.index()].fault = fault.is_some();
            }
            Mail::Fact(Fact::Fault(Place::ChargePoint, fault)) => self.seen_fault = fault.is_some(),
            // There is one code in this world.
            Mail::Fact(Fact::FaultOver(Place::Connector(at), _)) => {
                self.seen[at.index()].fault = false
            }
            Mail::Fact(Fact::FaultOver(Place::ChargePoint, _)) => self.seen_fault = false,
            Mail::Act(Act::Tag(..)) => self.somebody_asks(),
            Mail::Fact(Fact::Meter(Place::Connector(at), readings)) => {
                self.is_shown(at.index(), readings)
            }
            Mail::Answer(request, Answer::Meter(readings)) => {
                if let Some(index) = self.open_meters.remove(request) {
                    self.is_shown(index, readings);
                }
            }
            _ => {}
        }
        // A vehicle that is plugged in while a fault is there does not charge when it is over, unless
        // somebody asks anew.
        for seen in &mut self.seen {
            let stands = seen.vehicle && (self.seen_fault || seen.fault);
            seen.called_off |= stands && seen.runs.is_none();
        }
    }

    /// A register reached the engine.
    fn is_shown(&mut self, index: usize, readings: &[Reading]) {
        let register = Measurand::EnergyActiveImportRegister;
        let shown = readings.iter().find(|one| one.measurand == register);
        if let (Some(shown), Some(tx)) = (shown, self.seen[index].runs) {
            let mwh = u64::try_from(shown.milli).unwrap_or(0);
            self.sessions.taken(&self.outlets[index], tx, self.now, mwh);
        }
    }

    /// Somebody shows a tag, or wants to start from afar.
    pub(super) fn somebody_asks(&mut self) {
        for seen in &mut self.seen {
            seen.called_off = false;
        }
    }

    /// The engine decided something: the firmware hears of it when it asks.
    pub(super) fn decided(&mut self, notice: Notice) -> Is {
        match &notice {
            Notice::Supply(at, supply) => {
                self.outlets[at.index()].flowed |= supply.permit;
                self.commanded = true;
                let flows = (1..=self.make.connectors).any(|number| self.supply(number).permit);
                if !flows {
                    self.flows_since = self.now;
                }
                if supply.deciamps.is_some_and(|tenths| tenths > 320) {
                    return Err(format!("more than the hardware can: {supply:?}"));
                }
            }
            Notice::Transaction(step) => {
                let index = step.connector.index();
                let seen = &mut self.seen[index];
                match step.change {
                    TransactionChange::Started if seen.called_off => {
                        return Err(format!("{} starts after it was called off", step.tx.0));
                    }
                    TransactionChange::Started if self.draining => {
                        return Err(format!("{} starts while it is drained", step.tx.0));
                    }
                    TransactionChange::Started
                        if step.tag.as_str().starts_with(FREE) && !seen.came =>
                    {
                        return Err(format!("{} starts, and no vehicle came", step.tx.0));
                    }
                    TransactionChange::Started | TransactionChange::Resumed => {
                        seen.came = false;
                        seen.runs = Some(step.tx.0);
                    }
                    TransactionChange::Stopped => seen.runs = None,
                    TransactionChange::Confirmed
                    | TransactionChange::Deauthorized
                    | TransactionChange::GivenUp
                    | TransactionChange::Delivered
                    | TransactionChange::Unanswered => {}
                }
                let runs = seen.runs.is_some();
                self.limits.runs(index, runs, self.now);
            }
            Notice::Drained if self.seen.iter().any(|seen| seen.runs.is_some()) => {
                return Err("it is drained, and somebody charges".to_owned());
            }
            _ => {}
        }
        self.outbox.push(evcp::Event::Notice(notice));
        Ok(())
    }

    /// What may flow at a connector, as evcp_get_supply() says it.
    pub(super) fn supply(&self, number: usize) -> Supply {
        self.outbox.supply(at(number), self.inbox.stops())
    }

    /// The firmware hears everything, if it has time. Then it knows what was decided.
    pub(super) fn dispatch(&mut self) -> Is {
        if self.now < self.busy_until {
            return Ok(());
        }
        (self.dispatched, self.dispatched_at) = (true, self.now);
        while let Some(event) = self.outbox.next(self.inbox.stops()) {
            if let evcp::Event::Notice(notice) = event {
                self.told(notice)?;
            }
        }
        for number in 1..=self.make.connectors {
            let (decided, told) = (self.supply(number), self.outlets[number - 1].supply);
            if self.power.is_on() && decided != told {
                return Err(format!(
                    "connector {number} is at {told:?} and not {decided:?}"
                ));
            }
        }
        Ok(())
    }

    /// Whether the firmware has dispatched since the engine asked. One that has time does.
    pub(super) fn has_dispatched(&mut self) -> bool {
        let has_time = self.now >= self.busy_until;
        if has_time {
            self.dispatched_at = self.now;
        }
        std::mem::take(&mut self.dispatched) || has_time
    }

    /// The firmware that was called, and has time, dispatches.
    pub(super) fn host_comes(&mut self) -> Is {
        if !self.called || self.now < self.busy_until || !self.power.is_on() {
            return Ok(());
        }
        self.called = false;
        self.give(Input::Host { dispatched: true })
    }

    /// What flows while nobody obeys is not permitted any more.
    pub(super) fn look_at_host(&self) -> Is {
        let most = self.make.watchdog;
        let last = self.dispatched_at.max(self.flows_since);
        let silent = most > 0 && self.now > last.max(self.slow_at) + most * 3 / 2 + 100;
        let permits = |number: usize| self.supply(number).permit;
        match (1..=self.make.connectors).find(|number| permits(*number)) {
            Some(number) if silent && self.power.is_on() => {
                Err(format!("connector {number} has energy and a silent host"))
            }
            _ => Ok(()),
        }
    }

    /// The firmware has followed: what the central system asked meanwhile goes on.
    pub(super) fn release(&mut self) -> Is {
        while !self.outbox.is_full() {
            let Some(text) = self.held.pop_front() else {
                break;
            };
            self.at_charger(&text)?;
        }
        Ok(())
    }

    pub(super) fn is_busy(&mut self, millis: u64) {
        self.busy_until = self.busy_until.max(self.now + millis);
        for outlet in &mut self.outlets {
            outlet.loose += millis;
            self.sessions.cannot_read(outlet, millis);
        }
        self.at(self.busy_until, Next::HostIsBack);
    }

    /// A commit takes its time, and the firmware goes on meanwhile.
    pub(super) fn disk_is_slow(&mut self, millis: u64) -> Is {
        for outlet in &mut self.outlets {
            self.sessions.cannot_read(outlet, millis);
            // Energy that is to end behind that write flows on meanwhile, and a firmware that is not asked
            // shows its meter now and then: who starts before it does may have some of that on the bill.
            if outlet.supply.permit && !self.make.reads_meter {
                outlet.loose += millis.min(self.make.pushes_every);
            }
        }
        let end = self.now + millis;
        self.dispatch()?;
        loop {
            let mut due = self.agenda.range(..=(end, u64::MAX));
            let due = due.find(|(_, next)| self.is_of_firmware(next));
            let Some(key) = due.map(|(key, _)| *key) else {
                break;
            };
            if let Some(next) = self.agenda.remove(&key) {
                self.now = self.now.max(key.0);
                self.happen(next)?;
                self.dispatch()?;
            }
        }
        self.now = end;
        self.slow_at = end;
        Ok(())
    }

    fn is_of_firmware(&self, next: &Next) -> bool {
        match next {
            Next::Push(_)
            | Next::Contactor(_)
            | Next::Lock(_)
            | Next::Meter(..)
            | Next::NoMeter(..)
            | Next::Bare(..)
            | Next::Answer(..)
            | Next::HostIsBack => true,
            Next::Strike(_, _, act) => *act != Blow::PowerFails,
            Next::Event(number) => matches!(
                self.plan.events[*number].1,
                Event::Plug(_)
                    | Event::Wants(..)
                    | Event::CableOnly(_)
                    | Event::Unplug(_)
                    | Event::Tag(..)
                    | Event::TagAnywhere(_)
                    | Event::StopLocal(_)
                    | Event::Fault(..)
                    | Event::Flaps(..)
                    | Event::Pauses(..)
                    | Event::Cancel(_)
                    | Event::Sticks(..)
                    | Event::Closes(..)
                    | Event::Jams(..)
                    | Event::LockOpens(_)
                    | Event::VendorData(_)
                    | Event::MeterStalls(..)
                    | Event::HostIsBusy(_)
            ),
            _ => false,
        }
    }

    /// The power goes: of what nobody was told, the records remain.
    pub(super) fn nobody_hears(&mut self) -> Is {
        while let Some(event) = self.outbox.next(self.inbox.stops()) {
            if let evcp::Event::Notice(Notice::Transaction(step)) = event {
                let outlet = &mut self.outlets[step.connector.index()];
                outlet.integrate(self.now);
                self.sessions.step(self.now, outlet, &step)?;
            }
        }
        (self.inbox, self.outbox) = (Inbox::default(), Outbox::default());
        self.held.clear();
        Ok(())
    }

    /// What an engine that begins knows.
    pub(super) fn begins_anew(&mut self) {
        self.seen_fault = false;
        self.draining = false;
        for (seen, outlet) in self.seen.iter_mut().zip(&self.outlets) {
            (seen.vehicle, seen.fault) = (false, false);
            (seen.spoken, seen.came) = (false, false);
            seen.runs = outlet.session.map(|at| self.sessions.0[at].tx);
        }
    }
}
