//! What a plan can bring about.

use super::*;

impl World<'_> {
    pub(super) fn event(&mut self, event: Event) -> Is {
        match event {
            Event::Plug(number) => self.plug(number),
            Event::Wants(number, wants) => self.person(number, |outlet| outlet.wants = wants),
            Event::CableOnly(number) => self.person(number, |outlet| outlet.vehicle = false),
            Event::Unplug(number) => self.person(number, |outlet| {
                (outlet.cable, outlet.vehicle, outlet.wants) = (false, false, false);
            }),
            Event::Tag(number, who) => self.tag(Some(number), who),
            Event::TagAnywhere(who) => self.tag(None, who),
            Event::StopLocal(number) => {
                let tags = self.tags;
                self.act(Act::StopTx(at(number), Reason::Local))?;
                self.is_over(number, tags)
            }
            Event::Fault(number, is) => self.fault(number, is),
            Event::Pauses(number, is) => self.evse(number, is),
            Event::Limit(at, source, rate, valid) => self.limit(at, source, rate, valid),
            Event::Failsafe(at, source, rate) => self.failsafe(at, source, rate),
            Event::Drain(is) => self.fact(Fact::Draining(is)),
            Event::Cancel(number) => self.act(Act::Cancel(place(number))),
            Event::Sticks(number, millis) => {
                self.outlets[number - 1].sticks_until = self.now + millis;
                Ok(())
            }
            Event::Closes(number, millis) => self.contactor_closes(number, millis),
            Event::Jams(number, millis) => {
                self.outlets[number - 1].jams_until = self.now + millis;
                Ok(())
            }
            Event::LockOpens(number) => self.lock_opens(number),
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
            Event::HostIsBusy(millis) => {
                self.is_busy(millis);
                Ok(())
            }
            Event::Stands(millis) => {
                self.pass(self.now + millis);
                self.slow_at = self.now;
                Ok(())
            }
            Event::Cut => self.cut(),
            Event::Unreachable(millis) => {
                self.link.reachable_from = self.now + millis;
                self.cut()
            }
            Event::WayIsCut(number, millis) => {
                let number = device::slot(number);
                self.link.ways_from[number.index()] = self.now + millis;
                match self.way_in_use == Some(number) {
                    true => self.cut(),
                    false => Ok(()),
                }
            }
            Event::NewWay(number, name) => {
                let network = Some(device::way(name));
                self.act(Act::SetNetwork(device::slot(number), network))
            }
            Event::NoWay(number) => self.act(Act::SetNetwork(device::slot(number), None)),
            Event::Priority(dice) => {
                let mut slots = NetworkSlot::ALL.to_vec();
                slots.rotate_left((dice % 4) as usize);
                slots.truncate((dice / 4 % 5) as usize);
                self.act(Act::NetworkPriority(slots))
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
            Event::RefuseAll(kind, form, millis) => {
                let until = self.now + millis;
                self.central.refuse_all.insert(kind, (form, until));
                Ok(())
            }
            Event::DeliverAgain => self.deliver_again(),
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
            Event::Sloppy(count, way) => {
                self.central.sloppy = (count, way);
                Ok(())
            }
            Event::DeafTo(action) => {
                self.central.deaf_to = Some(action);
                Ok(())
            }
            Event::Again(how) => {
                self.central.again = how;
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
                if self.power.is_on() && self.power.fuel.is_none() {
                    (self.power.fuel, self.off_for) = (Some(effects as usize), off);
                    if effects == 0 {
                        return self.power_off(off);
                    }
                }
                Ok(())
            }
            Event::PowerFails(off) => {
                for outlet in &self.outlets {
                    self.sessions.cannot_read(outlet, 0);
                }
                // Unless the moment's notice is cut short too.
                if self.power.fuel.is_none() {
                    for outlet in &self.outlets {
                        self.sessions.power_fails(outlet);
                    }
                }
                self.act(Act::PowerFails)?;
                if self.power.is_on() {
                    return self.power_off(off);
                }
                Ok(())
            }
            Event::Restart => {
                let orderly = self.power.fuel.is_none();
                self.act(Act::Closing)?;
                if self.power.is_on() {
                    if orderly {
                        for outlet in &self.outlets {
                            self.sessions.power_fails(outlet);
                        }
                    }
                    return self.power_off(2_000);
                }
                Ok(())
            }
        }
    }

    /// A vehicle comes. Where nobody is asked for a tag each has another one, so that it is known on the books.
    fn plug(&mut self, number: usize) -> Is {
        if self.make.free {
            self.tags += 1;
            let key = CiString::truncated("RfidTagFreeCharging");
            let tag = format!("{FREE}{}", self.tags);
            self.act(Act::SetKey(key, CiString::truncated(&tag)))?;
        }
        self.person(number, |outlet| {
            (outlet.cable, outlet.vehicle) = (true, true)
        })
    }

    /// Somebody does something at a connector.
    fn person(&mut self, number: usize, act: impl FnOnce(&mut Outlet)) -> Is {
        let outlet = &mut self.outlets[number - 1];
        outlet.integrate(self.now);
        act(outlet);
        self.board_obeys(number);
        self.state(number)
    }

    /// The firmware stopped what went on at a connector: no energy from now on, unless somebody showed a tag
    /// while the disk took its time. `tags`: how many had been shown before.
    fn is_over(&mut self, number: usize, tags: u64) -> Is {
        if !self.power.is_on() || self.tags > tags {
            return Ok(());
        }
        match self.supply(number).permit {
            true => Err(format!("connector {number} was stopped and has energy")),
            false => Ok(()),
        }
    }

    fn tag(&mut self, number: Option<usize>, who: Who) -> Is {
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
        self.act(Act::Tag(number.map(at).into_iter().collect(), name))
    }

    /// Nothing fails any more, everybody leaves.
    pub(super) fn calm_down(&mut self) -> Is {
        self.say(|| "from here on nothing fails".to_owned());
        self.calm = true;
        self.central.calm_down();
        self.slow = (0, 0);
        self.busy_until = self.busy_until.min(self.now);
        self.turn()?;
        for outlet in &mut self.outlets {
            outlet.strike = None;
        }
        self.board_is_mended();
        self.disk.set_failing(false);
        self.link.latency = 50;
        self.link.reachable_from = 0;
        // What was late on the old connection is of no concern on a new one.
        self.cut()?;
        // The device may be off: it comes back before anything is asked of it.
        let end = self.now + DAY;
        if !self.until(end, |world| {
            world.power.is_on() && world.power.fuel.is_none()
        })? {
            self.power.fuel = None;
        }
        self.fault(0, false)?;
        self.fact(Fact::Draining(false))?;
        self.no_limits()?;
        for number in 1..=self.make.connectors {
            let outlet = &mut self.outlets[number - 1];
            outlet.stalls_until = outlet.stalls_until.min(self.now);
            self.fault(number, false)?;
            self.evse(number, false)?;
            self.act(Act::StopTx(at(number), Reason::Local))?;
            self.event(Event::Unplug(number))?;
        }
        Ok(())
    }
}
