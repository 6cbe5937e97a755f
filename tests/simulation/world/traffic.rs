//! The link: frames in both directions, and whatever else comes due.

use super::*;
use serde_json::value::RawValue;

impl World<'_> {
    pub(super) fn send(&mut self, text: String) -> Is {
        if self.link.state != State::Open {
            return Err(format!("sent without a connection: {text}"));
        }
        let frame: Value = serde_json::from_str(&text).map_err(|why| format!("{why}: {text}"))?;
        self.say(|| format!("  > {text}"));
        self.frames.sent(Mono(self.now), PATIENCE, &frame)?;
        self.refusals.sent(self.now, &frame)?;
        if let (Some(3), Some(id)) = (frame[0].as_i64(), frame[1].as_str()) {
            self.limits.answered(id, &frame[2], self.now);
        }
        if !self.link.half_open {
            let (number, when) = (self.link.number, self.link.arrives_at_central(self.now));
            self.at(when, Next::ToCentral(number, text));
        }
        Ok(())
    }

    pub(super) fn call(&mut self, action: &str, payload: Value) -> Is {
        self.calls += 1;
        let id = format!("cs-{}", self.calls);
        self.write(json!([2, id, action, payload]).to_string(), 0)
    }

    /// The central system writes.
    pub(super) fn write(&mut self, text: String, later: u64) -> Is {
        if self.link.state == State::Open && !self.link.half_open {
            let (number, when) = (
                self.link.number,
                self.link.arrives_at_charger(self.now + later),
            );
            self.at(when, Next::ToCharger(number, text));
        }
        Ok(())
    }

    pub(super) fn at_central(&mut self, text: &str) -> Is {
        let frame: Value = serde_json::from_str(text).map_err(|why| why.to_string())?;
        if frame[0] != 2 {
            return Ok(());
        }
        for (later, answer) in self.central.take(self.wall(), self.now, &frame)? {
            self.write(answer, later)?;
        }
        Ok(())
    }

    pub(super) fn at_charger(&mut self, text: &str) -> Is {
        let asks = text.trim_start().starts_with("[2");
        if asks && self.outbox.is_full() {
            // The central system is not answered faster than the firmware follows.
            self.held.push_back(text.to_owned());
            return Ok(());
        }
        self.say(|| format!("  < {text}"));
        // A number that is larger than any of Rust's is JSON all the same.
        let parts: Vec<Box<RawValue>> = serde_json::from_str(text).unwrap_or_default();
        let value = |part: &RawValue| serde_json::from_str(part.get()).unwrap_or_default();
        let frame: Value = parts.iter().map(|part| -> Value { value(part) }).collect();
        if frame[0] == 3 || frame[0] == 4 {
            if let Some(id) = frame[1].as_str() {
                self.refusals
                    .answered(self.now, id, frame[0] == 4, self.make.attempts);
                self.frames.answered(id);
            }
        } else if let (Some(2), Some(id)) = (frame[0].as_i64(), frame[1].as_str()) {
            self.frames.asked(id);
            if frame[2] == "RemoteStartTransaction" {
                self.somebody_asks();
            }
            self.limits
                .asked(id, frame[2].as_str().unwrap_or(""), &frame[3]);
        }
        self.give(Input::Link(evcp::core::LinkEvent::Text(text)))
    }

    pub(super) fn cut(&mut self) -> Is {
        if self.link.state != State::Open {
            return Ok(());
        }
        self.link.change(State::None);
        self.held.clear();
        self.give(Input::Link(evcp::core::LinkEvent::Down(
            "reset by peer".to_owned(),
        )))
    }

    pub(super) fn happen(&mut self, next: Next) -> Is {
        match next {
            Next::Event(number) => {
                let event = self.plan.events[number].1.clone();
                self.say(|| format!("{event:?}"));
                self.event(event)
            }
            Next::ToCentral(number, text) if number == self.link.number => self.at_central(&text),
            Next::ToCharger(number, text) if number == self.link.number => self.at_charger(&text),
            Next::Connected(number) if number == self.link.number => {
                self.link.change(State::Open);
                self.frames.connected();
                self.refusals.forget();
                self.give(Input::Link(evcp::core::LinkEvent::Up))
            }
            Next::Refused(number) if number == self.link.number => {
                self.link.change(State::None);
                self.give(Input::Link(evcp::core::LinkEvent::Failed(
                    "no route".to_owned(),
                )))
            }
            Next::Pong(number) if number == self.link.number => {
                self.give(Input::Link(evcp::core::LinkEvent::Pong))
            }
            Next::Answer(epoch, request, answer) if epoch == self.epoch => {
                self.answer(request, answer)
            }
            Next::Meter(epoch, request, number) if epoch == self.epoch && self.power.is_on() => {
                let permit = self.supply(number).permit;
                let outlet = &mut self.outlets[number - 1];
                outlet.integrate(self.now);
                self.sessions.read(outlet, self.now, permit);
                self.say(|| format!("  meter {number} answers"));
                let answer = Answer::Meter(self.reading(number));
                self.answer(request, answer)
            }
            Next::NoMeter(epoch, request) if epoch == self.epoch => {
                self.answer(request, Answer::Meter(Vec::new()))
            }
            Next::Bare(epoch, request) if epoch == self.epoch => {
                let power = Reading {
                    measurand: Measurand::PowerActiveImport,
                    phase: None,
                    location: None,
                    milli: 7_000_000,
                };
                self.answer(request, Answer::Meter(vec![power]))
            }
            Next::Strike(epoch, number, act) if epoch == self.epoch && !self.calm => {
                self.say(|| format!("{act:?} strikes at {number}"));
                match act {
                    Blow::Stop => self.event(Event::StopLocal(number)),
                    Blow::Fault => self.event(Event::Fault(number, true)),
                    Blow::FaultOfAll => self.event(Event::Fault(0, true)),
                    Blow::PowerFails => self.event(Event::PowerFails(5_000)),
                    Blow::TagAgain => self.event(Event::Tag(number, Who::Same)),
                    Blow::Unplug => self.event(Event::Unplug(number)),
                }
            }
            Next::Contactor(number) => self.contactor_moves(number),
            Next::Lock(number) => self.lock_moves(number),
            Next::Push(number) => {
                if self.outlets[number - 1].supply.permit {
                    self.after(self.make.pushes_every, Next::Push(number));
                }
                self.show(number)
            }
            Next::HostIsBack => self.turn(),
            Next::DiskWorks => {
                self.disk.set_failing(false);
                Ok(())
            }
            Next::DiskTry(epoch) if epoch == self.epoch => self.try_disk_again(),
            Next::PowerOn => self.power_on(),
            _ => Ok(()),
        }
    }
}
