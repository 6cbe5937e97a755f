//! Contactors and locks that take their time, stick, and say what they do.

use super::*;

impl World<'_> {
    /// Contactor and lock of a connector begin to do what they are told.
    pub(super) fn board_obeys(&mut self, number: usize) {
        let outlet = &self.outlets[number - 1];
        let asks = outlet.supply.permit && outlet.ev() == Ev::Charging;
        let (closes, locks) = (asks != outlet.closed, outlet.supply.lock != outlet.locked);
        if let Some(takes) = self.make.contactor.filter(|_| closes) {
            self.after(takes, Next::Contactor(number));
        }
        if let Some(takes) = self.make.lock.filter(|_| locks) {
            self.after(takes, Next::Lock(number));
        }
    }

    pub(super) fn contactor_moves(&mut self, number: usize) -> Is {
        let outlet = &mut self.outlets[number - 1];
        let asks = outlet.supply.permit && outlet.ev() == Ev::Charging;
        if asks == outlet.closed {
            return Ok(());
        }
        if self.now < outlet.sticks_until {
            // Whoever reads the last time reads while energy flows.
            self.sessions.cannot_read(outlet, 10_000);
            let until = outlet.sticks_until;
            self.at(until, Next::Contactor(number));
            return Ok(());
        }
        outlet.integrate(self.now);
        outlet.closed = asks;
        outlet.flowed |= !asks;
        self.say(|| {
            format!(
                "contactor {number} is {}",
                if asks { "closed" } else { "open" }
            )
        });
        if !asks && self.make.pushes() {
            self.after(100, Next::Push(number));
        }
        self.tell_contactor(number)
    }

    /// Nobody told it to.
    pub(super) fn contactor_closes(&mut self, number: usize, millis: u64) -> Is {
        let outlet = &mut self.outlets[number - 1];
        if self.make.contactor.is_none() || outlet.closed || !self.power.is_on() {
            return Ok(());
        }
        outlet.integrate(self.now);
        (outlet.closed, outlet.flowed) = (true, true);
        outlet.sticks_until = self.now + millis;
        // Until it opens, who reads reads while energy flows.
        self.sessions.cannot_read(outlet, 10_000);
        let until = outlet.sticks_until;
        self.at(until, Next::Contactor(number));
        self.say(|| format!("contactor {number} closes by itself"));
        self.tell_contactor(number)
    }

    /// The firmware is to unlock a connector: nothing flows there.
    pub(super) fn may_unlock(&self, number: usize) -> Is {
        let outlet = &self.outlets[number - 1];
        let live = outlet.told_closed.is_some() && !outlet.supply.permit;
        match live && self.now >= self.busy_until {
            true => Err(format!("connector {number} is to be unlocked, and live")),
            false => Ok(()),
        }
    }

    fn tell_contactor(&mut self, number: usize) -> Is {
        let outlet = &mut self.outlets[number - 1];
        outlet.told_closed = outlet.closed.then_some(self.now);
        let closed = outlet.closed;
        self.fact(Fact::Contactor(at(number), closed))
    }

    pub(super) fn lock_moves(&mut self, number: usize) -> Is {
        let outlet = &mut self.outlets[number - 1];
        if outlet.supply.lock == outlet.locked {
            return Ok(());
        }
        if self.now < outlet.jams_until {
            let until = outlet.jams_until;
            self.at(until, Next::Lock(number));
            return Ok(());
        }
        outlet.locked = outlet.supply.lock;
        self.tell_lock(number)
    }

    /// Somebody pulls at the cable until the lock gives way; it closes again.
    pub(super) fn lock_opens(&mut self, number: usize) -> Is {
        if self.make.lock.is_none() || !self.outlets[number - 1].locked {
            return Ok(());
        }
        self.outlets[number - 1].locked = false;
        self.tell_lock(number)?;
        if self.power.is_on() && self.supply(number).permit {
            return Err(format!(
                "the lock of connector {number} opened, and it has energy"
            ));
        }
        self.board_obeys(number);
        Ok(())
    }

    fn tell_lock(&mut self, number: usize) -> Is {
        let outlet = &mut self.outlets[number - 1];
        let locked = outlet.locked;
        outlet.told_locked = locked && self.power.is_on();
        self.say(|| {
            format!(
                "lock {number} is {}",
                if locked { "closed" } else { "open" }
            )
        });
        self.fact(Fact::Lock(at(number), locked))
    }

    /// The firmware begins, and says what it finds.
    pub(super) fn tell_board(&mut self, number: usize) -> Is {
        if self.make.contactor.is_some() {
            self.tell_contactor(number)?;
        }
        if self.make.lock.is_some() {
            self.tell_lock(number)?;
        }
        self.board_obeys(number);
        Ok(())
    }

    /// Contactors fall open, but for those that stick; nothing is told any more.
    pub(super) fn board_is_off(&mut self) {
        for outlet in &mut self.outlets {
            outlet.closed &= self.now < outlet.sticks_until;
            (outlet.told_closed, outlet.told_locked) = (None, false);
            outlet.watts = 0;
        }
    }

    /// From now on everything moves.
    pub(super) fn board_is_mended(&mut self) {
        for number in 1..=self.make.connectors {
            let outlet = &mut self.outlets[number - 1];
            (outlet.sticks_until, outlet.jams_until) = (self.now, self.now);
            self.board_obeys(number);
        }
    }

    /// Energy waits for the lock, and what does not open is told.
    pub(super) fn look_at_board(&self) -> Is {
        for (index, outlet) in self.outlets.iter().enumerate() {
            let number = index + 1;
            let permit = self.supply(number).permit;
            if self.make.lock.is_some() && permit && !outlet.told_locked {
                return Err(format!("connector {number} has energy and is not locked"));
            }
            if self.now < self.busy_until || !self.power.is_on() {
                continue;
            }
            let status = self.statuses.get(&number);
            let open = self.make.contactor.is_some() && outlet.told_closed.is_none();
            // One that is stopping is what it was until its last reading.
            if open && permit && status == Some(&ChargePointStatus::Charging) {
                return Err(format!("connector {number} is Charging and open"));
            }
            let since = outlet.told_closed.max(outlet.permitted_at.into());
            let since = since.filter(|_| outlet.told_closed.is_some() && !permit);
            let held_up = self.slow_at.max(self.busy_until).max(self.booted);
            let late = since.is_some_and(|since| self.now > since.max(held_up) + 3_000);
            if late && status != Some(&ChargePointStatus::Faulted) {
                return Err(format!("connector {number} is {status:?} and welded"));
            }
        }
        Ok(())
    }
}
