//! A meter: what it shows, what it is being read for, and its readings as messages have them
//! (`OCPP 1.6 §3.16`, `§7.35`, `§7.43`).

use crate::core::settings::Quantity;
use crate::core::station::read_for::ReadFor;
use crate::core::station::sampled_values::{register_value, unit_of, usual_place};
use crate::core::{Reading, TemperatureUnit, Wh};
use crate::time::{Millis, Mono};
use crate::types::{Measurand, ReadingContext, SampledValue, ValueFormat};

/// A reading that is not older needs no question to the firmware.
const FRESH: Millis = Millis(1_000);

/// All measurands on all phases at all places are fewer.
const MOST_READINGS: usize = 256;

/// The meter of a connector, or the main meter.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    /// What it showed last; values are replaced one by one.
    readings: Vec<Reading>,
    /// What is offered is among them, and the firmware does not say it.
    offers: bool,
    read_at: Option<Mono>,
    /// What it showed at 0 Wh of the transaction that is running, see
    /// [`Transaction::zero`](crate::core::Transaction::zero).
    zero: Wh,
    /// Energy may have flowed since it was read: it does not say where the next transaction starts.
    flowed: bool,
    /// The register at the end of the last transaction here, for the time that the meter says
    /// nothing after a restart.
    remembered: Option<Wh>,
    /// A signed reading that has not been passed on yet.
    signed: Option<String>,
    /// What waits for the answer to the question to the firmware that is open.
    awaiting: Vec<ReadFor>,
    /// What waits for whatever the meter says next, one of each kind.
    late: Vec<ReadFor>,
    /// When the reading was made that the last periodic sample had, and the last clock-aligned one.
    sampled: Option<Mono>,
    aligned: Option<Mono>,
    /// The time that the last periodic sample carries.
    last_sample: Option<Mono>,
    /// What temperatures are sent in.
    temperature: TemperatureUnit,
}

impl Meter {
    /// One that has shown nothing yet. `temperature`: what temperatures are sent in.
    pub(crate) const fn new(temperature: TemperatureUnit) -> Self {
        Self {
            readings: Vec::new(),
            offers: false,
            read_at: None,
            zero: Wh(0),
            flowed: false,
            remembered: None,
            signed: None,
            awaiting: Vec::new(),
            late: Vec::new(),
            sampled: None,
            aligned: None,
            last_sample: None,
            temperature,
        }
    }

    /// Takes in what the meter shows; values that it does not name stay as they are.
    pub(crate) fn read(&mut self, now: Mono, readings: &[Reading]) {
        for new in readings {
            if !(self.offers && new.measurand.is_offered()) {
                self.put(*new);
            }
        }
        if !readings.is_empty() {
            self.read_at = Some(now);
        }
    }

    /// Takes in a signed reading, as the meter wrote it.
    fn put(&mut self, new: Reading) {
        let full = self.readings.len() >= MOST_READINGS;
        let same = |old: &&mut Reading| {
            (old.measurand, old.phase, old.location) == (new.measurand, new.phase, new.location)
        };
        match self.readings.iter_mut().find(same) {
            Some(old) => *old = new,
            None if full => {}
            None => self.readings.push(new),
        }
    }

    /// What the vehicle is offered, in tenths of A and W: nobody knows it better.
    pub(crate) fn offers(&mut self, deciamps: u32, deciwatts: u64) {
        self.offers = true;
        let milli = |tenths: u64| {
            i64::try_from(tenths)
                .unwrap_or(i64::MAX)
                .saturating_mul(100)
        };
        let amps = (Measurand::CurrentOffered, milli(deciamps.into()));
        for (measurand, milli) in [amps, (Measurand::PowerOffered, milli(deciwatts))] {
            self.put(Reading {
                measurand,
                phase: None,
                location: None,
                milli,
            });
        }
    }

    pub(crate) fn sign(&mut self, signed: String) {
        self.signed = Some(signed);
    }

    pub(crate) fn is_fresh(&self, now: Mono) -> bool {
        self.read_at.is_some_and(|read| now.since(read) < FRESH)
    }

    pub(crate) fn has_readings(&self) -> bool {
        self.read_at.is_some()
    }

    /// When a sample that was due then was made: the instant that it was due at, or that of the
    /// reading if it is another one. A register that cannot have moved since is as good as read now.
    pub(crate) fn made_at(&self, due: Mono, now: Mono, tolerance: Millis) -> Option<Mono> {
        let read = self.read_at?;
        let still = self.stands_still() && now <= due + tolerance;
        let close = read + FRESH >= due && read <= due + tolerance;
        Some(if close || still { due } else { read })
    }

    /// Whether it showed something that no sample of that kind has had yet, or that still holds.
    pub(crate) fn has_news_for(&self, read_for: ReadFor, now: Mono) -> bool {
        let used = match read_for {
            ReadFor::Periodic(_) => self.sampled,
            ReadFor::Aligned(..) => self.aligned,
            _ => None,
        };
        self.is_fresh(now) || self.stands_still() || self.read_at > used
    }

    /// A sample of that kind has the present reading.
    pub(crate) fn used_for(&mut self, read_for: ReadFor) {
        match read_for {
            ReadFor::Periodic(_) => self.sampled = self.read_at,
            ReadFor::Aligned(..) => self.aligned = self.read_at,
            _ => {}
        }
    }

    /// A periodic sample carries that time; says whether the one before did not.
    pub(crate) fn takes_new_sample(&mut self, taken: Mono) -> bool {
        self.last_sample.replace(taken) != Some(taken)
    }

    /// Whether the register is known and cannot have moved since it was read.
    pub(crate) fn stands_still(&self) -> bool {
        !self.flowed && self.energy().is_some()
    }

    /// Energy may flow from now on.
    pub(crate) fn energy_may_flow(&mut self) {
        self.flowed = true;
    }

    /// The register was read; `permitted`: energy may flow on. Returns what it shows.
    pub(crate) fn register_is_read(&mut self, permitted: bool) -> Option<Wh> {
        self.flowed = permitted;
        self.energy()
    }

    /// The register at the end of the last transaction here, as it is stored.
    pub(crate) fn remember(&mut self, register: Wh) {
        self.remembered = Some(register);
    }

    /// A transaction begins: what the meter showed before is no sample of it. Returns the register, as far
    /// as it is known, and [`Transaction::zero`](crate::core::Transaction::zero) of it.
    pub(crate) fn begin(&mut self) -> (Option<Wh>, Option<Wh>) {
        self.sampled = self.read_at;
        // Energy that flowed since the last reading is not this one's.
        let zero = self.stands_still().then_some(Wh(0));
        (self.energy().or(self.remembered), zero)
    }

    /// The transaction of an earlier run goes on, or ends now: `zero` is what the meter showed at 0 Wh of it,
    /// and nobody knows how much flowed since.
    pub(crate) fn resume(&mut self, zero: Option<Wh>) {
        self.zero = zero.unwrap_or(Wh(0));
        self.flowed = true;
    }

    /// What it showed at 0 Wh of the transaction that runs.
    pub(crate) fn counts_from(&mut self, zero: Wh) {
        self.zero = zero;
    }

    /// The transaction is over, and nobody waits for its last reading. Returns the register as the bill counts
    /// it, and as the meter shows it.
    pub(crate) fn end(&mut self) -> (Option<Wh>, Option<Wh>) {
        self.nobody_waits_for(ReadFor::End);
        let billed = self.energy();
        self.zero = Wh(0);
        let register = self.energy();
        self.remembered = register.or(self.remembered);
        (billed, register)
    }

    /// Its firmware was asked, for that.
    pub(crate) fn asked_for(&mut self, read_for: ReadFor) {
        self.awaiting.push(read_for);
    }

    /// Something waits for the answer as well, if its firmware has been asked; says whether it has.
    pub(crate) fn wait_too(&mut self, read_for: ReadFor) -> bool {
        let is_asked = !self.awaiting.is_empty();
        if is_asked && !self.awaiting.contains(&read_for) {
            self.awaiting.push(read_for);
        }
        is_asked
    }

    /// What the meter was to be read for is off.
    pub(crate) fn nobody_waits_for(&mut self, read_for: ReadFor) {
        self.awaiting.retain(|waiting| *waiting != read_for);
    }

    /// It could not be read. Samples wait for whatever it says next; what does not wait is returned: a
    /// transaction begins, or ends, with what is known.
    pub(crate) fn stays_silent(&mut self) -> Vec<ReadFor> {
        let mut at_once = std::mem::take(&mut self.awaiting);
        at_once.retain(|read_for| match read_for {
            ReadFor::Begin | ReadFor::End => true,
            ReadFor::Periodic(_) | ReadFor::Aligned(..) | ReadFor::Trigger => {
                self.wait(*read_for);
                false
            }
            ReadFor::Resumed | ReadFor::Watch => false,
        });
        at_once
    }

    /// Something waits for whatever the meter says next; it takes the place of what waited for the
    /// same before.
    pub(crate) fn wait(&mut self, read_for: ReadFor) {
        let kind = std::mem::discriminant(&read_for);
        self.late
            .retain(|waiting| std::mem::discriminant(waiting) != kind);
        self.late.push(read_for);
    }

    /// What waited for the meter: for the answer, unless this is one to an older question, and for
    /// anything at all.
    pub(crate) fn served(&mut self, older: bool) -> Vec<ReadFor> {
        let mut served = std::mem::take(&mut self.late);
        if !older {
            served.splice(0..0, std::mem::take(&mut self.awaiting));
        }
        served
    }

    /// Whether a bill waits for the answer.
    pub(crate) fn bills(&self) -> bool {
        let billed = |read_for: &ReadFor| matches!(read_for, ReadFor::Begin | ReadFor::End);
        self.awaiting.iter().any(billed)
    }

    /// The import register, if the meter ever showed it.
    pub(crate) fn energy(&self) -> Option<Wh> {
        let shown = self.readings.iter().find_map(Reading::as_energy)?;
        Some(self.counted(shown))
    }

    // rules: 57
    /// The import register as the bill counts it.
    const fn counted(&self, shown: Wh) -> Wh {
        Wh(shown.0.saturating_sub(self.zero.0))
    }

    // rules: 78
    /// The readings that are wanted, as messages have them.
    pub(crate) fn values(&self, wanted: &[Quantity], context: ReadingContext) -> Vec<SampledValue> {
        let chosen = wanted.iter().flat_map(|wanted| {
            let fits = move |reading: &&Reading| {
                wanted.measurand == reading.measurand
                    && (wanted.phase.is_none() || wanted.phase == reading.phase)
            };
            self.readings.iter().filter(fits)
        });
        chosen
            .map(|reading| SampledValue {
                // Whole watt-hours, as at start and stop: a bill must add up.
                value: match reading.as_energy() {
                    Some(wh) => self.counted(wh).0.to_string(),
                    None => self.temperature.shown(*reading).text(),
                },
                context: Some(context),
                format: None,
                measurand: Some(reading.measurand),
                phase: reading.phase,
                location: reading.location.or_else(|| usual_place(reading.measurand)),
                unit: match reading.measurand {
                    Measurand::Temperature => Some(self.temperature.unit()),
                    other => unit_of(other),
                },
            })
            .collect()
    }

    /// The readings at the start or the end of a transaction: the register shows exactly what the
    /// start or the stop says, and a signed reading goes along once. `current`: the rest of what the
    /// meter shows was read just now.
    pub(crate) fn final_values(
        &mut self,
        wanted: &[Quantity],
        context: ReadingContext,
        energy: Wh,
        current: bool,
    ) -> Vec<SampledValue> {
        // What the meter showed once is no reading of this moment.
        let mut values = match current {
            true => self.values(wanted, context),
            false => Vec::new(),
        };
        let register = Measurand::EnergyActiveImportRegister;
        let whole =
            |value: &&mut SampledValue| value.measurand == Some(register) && value.phase.is_none();
        match values.iter_mut().find(whole) {
            Some(value) => value.value = energy.0.to_string(),
            None if wanted.contains(&Quantity::REGISTER) => {
                values.push(register_value(context, energy))
            }
            None => {}
        }
        if let Some(signed) = self.signed.take() {
            values.push(SampledValue {
                value: signed,
                format: Some(ValueFormat::SignedData),
                ..register_value(context, energy)
            });
        }
        values
    }
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
