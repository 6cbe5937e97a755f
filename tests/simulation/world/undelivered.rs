//! Transactions that the central system refused to the end: they are there, complete, and can be delivered.

use super::*;

impl World<'_> {
    /// The firmware wants everything that was given up to be delivered again.
    pub(super) fn deliver_again(&mut self) -> Is {
        let all: Vec<_> = self.undelivered();
        for one in all {
            self.act(Act::Deliver(one.id))?;
        }
        Ok(())
    }

    fn undelivered(&self) -> Vec<Transaction> {
        let listed = self
            .power
            .engine()
            .into_iter()
            .flat_map(|engine| engine.undelivered().values());
        listed.cloned().collect()
    }

    /// All that was given up has what its bill hangs on, also after a power cut, and arrives.
    pub(super) fn deliver_all(&mut self) -> Is {
        let before = self.undelivered();
        if before.is_empty() {
            return Ok(());
        }
        self.power_off(1_000)?;
        let end = self.now + RECOVERS;
        if !self.until(end, Self::is_well)? {
            return Err(format!("not well after a power cut: {}", self.ails()));
        }
        let listed = self.undelivered();
        let again = |one: &Transaction| listed.iter().any(|kept| is_same(one, kept));
        // What is delivered each hour may be gone by now.
        if !self.make.redelivers && !before.iter().all(again) {
            return Err(format!("{before:?} were undelivered, {listed:?} are now"));
        }
        for one in listed {
            let tag = one.tag.as_str();
            let told = self.sessions.0.iter().rev();
            let mut told = told.filter(|told| told.tx == one.id.0 && told.tag == tag);
            let Some(told) = told.next() else {
                return Err(format!("nobody was told of {one:?}"));
            };
            let stop = one.stop.as_ref().map(|stop| stop.meter.0);
            let ends = stop == told.stop || (told.stop.is_none() && stop.is_some());
            if !told.excused && (told.start != one.meter_start.0 || !ends) {
                return Err(format!(
                    "told {} to {:?}, kept {one:?}",
                    told.start, told.stop
                ));
            }
        }
        self.deliver_again()?;
        let end = self.now + RECOVERS;
        let arrived = |world: &Self| world.is_well() && world.undelivered().is_empty();
        match self.until(end, arrived)? {
            true => Ok(()),
            false => Err(format!(
                "undelivered: {:?}, {}",
                self.undelivered(),
                self.ails()
            )),
        }
    }
}

/// Times that nobody corrected in their run are final in the next.
fn is_same(one: &Transaction, kept: &Transaction) -> bool {
    let bill = |of: &Transaction| {
        let stop = of
            .stop
            .as_ref()
            .map(|stop| (stop.at.wall, stop.meter, stop.reason));
        let begins = (
            of.connector,
            of.tag.clone(),
            of.started.wall,
            of.meter_start,
        );
        (
            of.id,
            begins,
            stop,
            of.central,
            of.start_id.clone(),
            of.stop_id.clone(),
        )
    };
    bill(one) == bill(kept)
}
