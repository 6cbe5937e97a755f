//! What the firmware is asked: meters above all, which answer when they can.

use super::*;

impl World<'_> {
    pub(super) fn asked(&mut self, request: RequestId, question: &Question) {
        let epoch = self.epoch;
        match question {
            Question::ReadMeter(place, context) => {
                self.strike_at(*place, *context);
                let number = place.number() as usize;
                if number > 0 && self.now >= self.outlets[number - 1].stalls_until {
                    self.meter_is_asked(request, number);
                }
            }
            Question::Unlock(_) => {
                let answer = if self.dice.bool() {
                    Answer::Accepted
                } else {
                    Answer::Failed
                };
                let wait = self.dice.u64(1..8_000);
                self.after(wait, Next::Answer(epoch, request, answer));
            }
            Question::Reset { .. } | Question::KeyChange { .. } => {
                self.after(1, Next::Answer(epoch, request, Answer::Accepted));
            }
            Question::DataTransfer { .. } => {
                let answer = Answer::Data(DataTransferStatus::Accepted, None);
                self.after(1, Next::Answer(epoch, request, answer));
            }
        }
    }

    /// The meter answers when it can, however late that is.
    fn meter_is_asked(&mut self, request: RequestId, number: usize) {
        let outlet = &mut self.outlets[number - 1];
        self.open_meters.insert(request, number - 1);
        outlet.asked += 1;
        let text = format!("  meter {number} is asked");
        let first = outlet.asked == 1;
        self.say(|| text);
        let quick = self.dice.u64(1..400);
        let wait = match self.make.meter {
            Speed::Slow => 3_000 + quick,
            Speed::SlowAtFirst if first => 3_000 + quick,
            Speed::Quick | Speed::SlowAtFirst => quick,
            Speed::Bare => quick,
            Speed::Moody => self.dice.u64(1..10_000),
            Speed::Silent => return,
        };
        let fails = self.make.meter == Speed::Moody && self.dice.u8(..10) == 0;
        let next = match (self.make.meter, fails) {
            (_, true) => Next::NoMeter(self.epoch, request),
            (Speed::Bare, _) => Next::Bare(self.epoch, request),
            _ => Next::Meter(self.epoch, request, number),
        };
        self.after(wait, next);
    }

    fn strike_at(&mut self, place: Place, context: ReadingContext) {
        let number = place.number() as usize;
        match context {
            ReadingContext::TransactionBegin => self.strike(number, Step::Begins),
            ReadingContext::TransactionEnd => self.strike(number, Step::Ends),
            _ => {}
        }
    }

    /// A session gets to a step: something may be waiting for that.
    pub(super) fn strike(&mut self, number: usize, step: Step) {
        let Some(outlet) = number
            .checked_sub(1)
            .and_then(|at| self.outlets.get_mut(at))
        else {
            return;
        };
        if let Some((_, act)) = outlet.strike.filter(|(at, _)| *at == step) {
            outlet.strike = None;
            let wait = self.dice.u64(..500);
            self.after(wait, Next::Strike(self.epoch, number, act));
        }
    }

    pub(super) fn reading(&self, number: usize) -> Vec<Reading> {
        let milli = i64::try_from(self.outlets[number - 1].mwh).unwrap_or(0);
        vec![Reading {
            measurand: Measurand::EnergyActiveImportRegister,
            phase: None,
            location: None,
            milli,
        }]
    }

    /// The firmware shows the meter of its own accord.
    pub(super) fn show(&mut self, number: usize) -> Is {
        let permit = self.supply(number).permit;
        let outlet = &mut self.outlets[number - 1];
        outlet.integrate(self.now);
        if self.now < outlet.stalls_until || !self.power.is_on() {
            return Ok(());
        }
        self.sessions.read(outlet, self.now, permit);
        self.fact(Fact::Meter(
            Place::Connector(at(number)),
            self.reading(number),
        ))
    }
}
