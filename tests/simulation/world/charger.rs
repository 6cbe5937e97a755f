//! The charger: contactors, meters that tell the truth, vehicles; and what was told of sessions.

use evcp::core::{Ev, Supply, TransactionChange, TransactionStep};

use super::plan::{Blow, Make, Step};

/// One connector's hardware, and who stands before it.
pub struct Outlet {
    pub cable: bool,
    pub vehicle: bool,
    pub wants: bool,
    pub faulted: bool,
    /// The charger itself cannot supply energy now.
    pub paused: bool,
    pub supply: Supply,
    /// The contactor is closed, and the lock.
    pub closed: bool,
    pub locked: bool,
    /// They do not move before this.
    pub sticks_until: u64,
    pub jams_until: u64,
    /// Since when the library is told that the contactor is closed; whether it is told that the lock is.
    pub told_closed: Option<u64>,
    pub told_locked: bool,
    /// What the vehicle drew when it was last permitted to.
    pub watts: u64,
    /// The register in thousandths of a watt-hour.
    pub mwh: u64,
    /// Up to when that has been counted.
    since: u64,
    /// For so long a session may go on unread, and how long a gap between two readings is.
    pub blind: u64,
    pub gap: u64,
    /// The meter does not answer before this.
    pub stalls_until: u64,
    /// When it answered last, and how often it was asked.
    pub read_at: u64,
    /// Since when it may draw.
    pub permitted_at: u64,
    pub asked: u64,
    /// What strikes when the connector gets to that step of a session.
    pub strike: Option<(Step, Blow)>,
    /// For so long the firmware did not look at what was decided, or could not see it.
    pub loose: u64,
    /// What the library was shown last since it runs, and when.
    pub shown: Option<u64>,
    /// Energy may have flowed since then.
    pub flowed: bool,
    /// The session that was told of and has not ended.
    pub session: Option<usize>,
    /// The tag that was shown here last.
    pub tag: String,
}

impl Outlet {
    pub fn new(make: &Make, mwh: u64) -> Self {
        Self {
            cable: false,
            vehicle: false,
            wants: false,
            faulted: false,
            paused: false,
            supply: Supply::OFF,
            closed: false,
            locked: false,
            sticks_until: 0,
            jams_until: 0,
            told_closed: None,
            told_locked: false,
            watts: 0,
            mwh,
            since: 0,
            blind: make.blind(),
            gap: make.gap(),
            stalls_until: 0,
            read_at: 0,
            permitted_at: 0,
            asked: 0,
            strike: None,
            loose: 0,
            shown: None,
            flowed: false,
            session: None,
            tag: String::new(),
        }
    }

    /// Counts the energy up to now. To be called before anything about it changes.
    pub fn integrate(&mut self, now: u64) {
        if self.supply.permit {
            let watts = self.supply.deciwatts.map_or(11_000, |tenths| tenths / 10);
            self.watts = watts.min(MOST_WATTS);
        }
        if self.closed && self.vehicle && self.wants {
            self.mwh += self.watts * (now - self.since) / 3_600;
        }
        self.since = now;
    }

    pub fn ev(&self) -> Ev {
        match (self.cable, self.vehicle, self.wants) {
            (false, ..) => Ev::Absent,
            (true, false, _) => Ev::CableOnly,
            (true, true, true) => Ev::Charging,
            (true, true, false) => Ev::Plugged,
        }
    }
}

/// A session as the firmware was told of it.
pub struct Told {
    pub tx: u64,
    pub tag: String,
    pub connector: usize,
    pub start: i64,
    pub stop: Option<i64>,
    /// When that was told.
    pub stopped: u64,
    /// It was running or came to be while the disk failed, and the power went: nobody can know it.
    pub excused: bool,
    /// Its end was stored, but the power went before anybody was told: the register then.
    pub untold: Option<u64>,
    /// What the meter showed at its start, if it had shown anything.
    reference: Option<u64>,
    /// It had not, or energy may have flowed since: where it begins may become known later.
    pub guessed: bool,
    /// When that was shown, if after its start.
    referred: u64,
    /// The register when nothing had flowed yet.
    base: u64,
    /// So long energy may have flowed that nobody could read, in milliseconds.
    pub unread: u64,
    /// So long the contactor may have been closed against a decision, before it began.
    loose: u64,
    /// Readings since its start, and when: not all of them survive a power cut.
    shown: Vec<(u64, u64)>,
    /// A reading that must be on the bill.
    sure: u64,
}

/// How the tags begin of those who need none of their own.
pub const FREE: char = 'F';

/// The most that flows, in watts.
const MOST_WATTS: u64 = 22_000;

/// A meter that stalled when it was asked for the start is asked again after so long at most.
const ASKED_AGAIN: u64 = 10_000;

/// What rounding to whole watt-hours at both ends may make.
const ROUNDING: u64 = 1_500;

/// All sessions that were told of.
#[derive(Default)]
pub struct Sessions(pub Vec<Told>);

impl Sessions {
    /// Takes in a step; `Err` says what is wrong with it.
    pub fn step(
        &mut self,
        now: u64,
        outlet: &mut Outlet,
        step: &TransactionStep,
    ) -> Result<(), String> {
        let tx = step.tx.0;
        if matches!(
            step.change,
            TransactionChange::Confirmed
                | TransactionChange::Deauthorized
                | TransactionChange::GivenUp
                | TransactionChange::Delivered
                | TransactionChange::Unanswered
        ) {
            // A word about one that may be over.
            return Ok(());
        }
        if let Some(open) = outlet.session.map(|at| &self.0[at]) {
            if open.tx != tx {
                return Err(format!("{tx} while {} runs there", open.tx));
            }
        }
        if step.change == TransactionChange::Started && outlet.session.is_some() {
            return Err(format!("{tx} starts twice"));
        }
        if outlet.session.is_none() {
            // What was forgotten, since the disk failed when the power went, may come back.
            let begins = step.change == TransactionChange::Started;
            let lost = self.0.iter().rposition(|known| {
                !begins
                    && known.excused
                    && (known.tx, known.tag.as_str()) == (tx, step.tag.as_str())
            });
            outlet.session = lost.or(Some(self.0.len()));
            if lost.is_none() {
                self.0.push(Told {
                    tx,
                    tag: step.tag.as_str().to_owned(),
                    connector: step.connector.index() + 1,
                    start: step.meter_start.0,
                    stop: None,
                    stopped: 0,
                    excused: false,
                    untold: None,
                    reference: outlet.shown.filter(|_| !outlet.flowed),
                    // Who was busy hears of a start whose meter was silent when it has been read since.
                    guessed: outlet.shown.is_none()
                        || outlet.flowed
                        || (outlet.loose > 0 && step.meter_start.0 == 0),
                    referred: 0,
                    base: outlet.mwh,
                    unread: match (outlet.stalls_until + ASKED_AGAIN).saturating_sub(now)
                        + outlet.loose
                    {
                        0 => outlet.blind,
                        stalls => outlet
                            .blind
                            .saturating_add(outlet.gap)
                            .saturating_add(stalls),
                    },
                    loose: outlet.loose,
                    shown: Vec::new(),
                    sure: 0,
                });
            }
        }
        let at = outlet.session.unwrap_or_default();
        let told = &mut self.0[at];
        if told.guessed {
            told.start = step.meter_start.0;
        }
        if (told.start, told.tag.as_str()) != (step.meter_start.0, step.tag.as_str()) {
            return Err(format!("{tx} began otherwise before: {step:?}"));
        }
        if step.change == TransactionChange::Stopped {
            let Some((_, stop)) = step.stopped else {
                return Err(format!("{tx} stopped at nothing"));
            };
            told.stop = Some(stop.0);
            told.stopped = now;
            outlet.session = None;
            told.sure = told.sure.max(told.shown.last().map_or(0, |(_, mwh)| *mwh));
            return told.is_right(told.start, stop.0, outlet.mwh);
        }
        Ok(())
    }

    /// The meter was read.
    pub fn read(&mut self, outlet: &mut Outlet, now: u64, permit: bool) {
        outlet.read_at = now;
        outlet.shown = Some(outlet.mwh);
        outlet.flowed = permit || outlet.supply.permit || outlet.closed;
        if let Some(at) = outlet.session {
            if self.0[at].reference.is_none() {
                self.0[at].reference = Some(outlet.mwh);
                self.0[at].referred = now;
            }
        }
    }

    /// A reading reached the library while a transaction ran.
    pub fn taken(&mut self, outlet: &Outlet, tx: u64, now: u64, mwh: u64) {
        let told = outlet.session.map(|at| &mut self.0[at]);
        if let Some(told) = told.filter(|told| told.tx == tx) {
            told.shown.push((now, mwh));
        }
    }

    /// Nothing can be read for so long.
    pub fn cannot_read(&mut self, outlet: &Outlet, millis: u64) {
        if let Some(at) = outlet.session {
            let unread = &mut self.0[at].unread;
            *unread = unread.saturating_add(millis).saturating_add(outlet.gap);
        }
    }

    /// The power goes: what was shown longer ago than `commit` is durable.
    pub fn power_cut(&mut self, outlet: &mut Outlet, now: u64, commit: u64, lossy: bool) {
        (outlet.shown, outlet.flowed) = (None, false);
        let Some(at) = outlet.session else { return };
        let told = &mut self.0[at];
        let durable = told.shown.iter().filter(|(when, _)| when + commit < now);
        told.sure = told
            .sure
            .max(durable.map(|(_, mwh)| *mwh).max().unwrap_or(0));
        told.shown.clear();
        if told.referred == now {
            // The power went before it was stored.
            told.reference = None;
        }
        if lossy {
            told.excused = true;
            // It may never have been.
            outlet.session = None;
        }
    }

    /// The power is back, and these transactions were running: all others had come to their end.
    pub fn power_on(&mut self, outlet: &mut Outlet, running: &[u64]) {
        let ended = outlet
            .session
            .filter(|at| !running.contains(&self.0[*at].tx));
        if let Some(at) = ended {
            self.0[at].untold = Some(outlet.mwh);
            outlet.session = None;
        }
    }

    /// The power failed with a moment's notice: the last reading counts.
    pub fn power_fails(&mut self, outlet: &Outlet) {
        if let Some(at) = outlet.session {
            let told = &mut self.0[at];
            told.sure = told.sure.max(told.shown.last().map_or(0, |(_, mwh)| *mwh));
        }
    }
}

impl Told {
    /// Nothing is billed that did not flow, and what is known for sure is billed.
    pub fn is_right(&self, start: i64, stop: i64, mwh: u64) -> Result<(), String> {
        let billed = u64::try_from((stop - start) * 1_000)
            .map_err(|_| format!("{} runs backwards: {start} to {stop}", self.tag))?;
        let flowed = mwh - self.base;
        let before = self.loose.saturating_mul(MOST_WATTS) / 3_600;
        if billed > flowed + before + ROUNDING {
            return Err(format!(
                "{}: {billed} mWh billed, {flowed} flowed",
                self.tag
            ));
        }
        let blind = self.unread.saturating_mul(MOST_WATTS) / 3_600;
        if !self.excused && billed + blind + ROUNDING < flowed {
            return Err(format!(
                "{}: {billed} mWh billed, {flowed} flowed, of which {blind} could not be read",
                self.tag
            ));
        }
        let sure = self
            .sure
            .saturating_sub(self.reference.unwrap_or(self.base));
        // Where it began is known by the first register that the library took in, which need not be the
        // first that the firmware read: what it may cost is bounded above.
        if !self.excused && !self.guessed && billed + ROUNDING < sure {
            return Err(format!(
                "{}: {billed} mWh billed, {sure} were shown and durable",
                self.tag
            ));
        }
        Ok(())
    }
}
