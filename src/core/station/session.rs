//! What is going on at a connector, and how one thing follows another: nothing else assigns it
//! (`OCPP 1.6 §3.6`, `§4.9`, `§4.10`).

use crate::core::ledger::End;
use crate::core::station::run::Run;
use crate::core::{Claim, ConnectorId};
use crate::time::{Millis, Mono};
use crate::types::{ChargePointStatus, ChargingProfile, IdToken};

/// What is going on at a connector.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// Nothing.
    Idle,
    /// Somebody plugged in or showed a tag; the other is still to come (`OCPP 1.6 §4.9`).
    Preparing {
        /// When it began: ConnectionTimeOut counts from here (errata 3.77).
        since: Mono,
        /// Who may charge, once that is settled.
        allowed: Option<Allowed>,
    },
    /// All is there but the reading of the meter, which the firmware was asked for.
    Starting(Allowed),
    /// A transaction is running.
    Running(Run),
    /// The transaction is to end, energy is off; only the reading of the meter is missing.
    Stopping(Run, Ending),
    /// The transaction is over, or nobody came to start one, and the cable is still in.
    Finishing {
        /// The vehicle was unplugged at its own side.
        left: bool,
        /// Who has to come to get the cable back, if it stays locked.
        hold: Option<Owner>,
    },
}

/// A tag that may charge.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Allowed {
    pub(crate) claim: Claim,
    pub(crate) parent: Option<IdToken>,
    /// The charging profile that a remote start brought.
    pub(crate) profile: Option<Box<ChargingProfile>>,
    /// Where it holds as well, until a cable is plugged in at one of them.
    pub(crate) elsewhere: Vec<ConnectorId>,
}

/// Whose cable is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Owner {
    pub(crate) tag: IdToken,
    pub(crate) parent: Option<IdToken>,
}

/// How a transaction is to end.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) end: End,
    /// What the status was: a vehicle that stops drawing because energy is off has not suspended.
    pub(crate) status: ChargePointStatus,
    /// The meter is read when the contactor is open.
    pub(crate) reads_later: bool,
}

/// What is going on at a connector.
#[derive(Clone, Debug)]
pub(crate) struct Session(Stage);

impl Session {
    /// Nothing.
    pub(crate) const IDLE: Self = Self(Stage::Idle);

    /// How far it is.
    pub(crate) const fn stage(&self) -> &Stage {
        &self.0
    }

    /// Its transaction, until the end of it is on the books.
    pub(crate) const fn run(&self) -> Option<&Run> {
        match &self.0 {
            Stage::Running(run) | Stage::Stopping(run, _) => Some(run),
            _ => None,
        }
    }

    /// Its transaction, while it runs.
    pub(crate) const fn running(&self) -> Option<&Run> {
        match &self.0 {
            Stage::Running(run) => Some(run),
            _ => None,
        }
    }

    pub(crate) fn running_mut(&mut self) -> Option<&mut Run> {
        match &mut self.0 {
            Stage::Running(run) => Some(run),
            _ => None,
        }
    }

    /// Its transaction, while that is to end.
    pub(crate) const fn stopping(&self) -> Option<(&Run, &Ending)> {
        match &self.0 {
            Stage::Stopping(run, ending) => Some((run, ending)),
            _ => None,
        }
    }

    /// Whose transaction begins as soon as the meter has been read.
    pub(crate) const fn starting(&self) -> Option<&Allowed> {
        match &self.0 {
            Stage::Starting(allowed) => Some(allowed),
            _ => None,
        }
    }

    /// Who has to come to get the cable back.
    pub(crate) const fn kept_for(&self) -> Option<&Owner> {
        match &self.0 {
            Stage::Finishing { hold, .. } => hold.as_ref(),
            _ => None,
        }
    }

    /// Whether nobody is served or waited for here.
    pub(crate) const fn is_open(&self) -> bool {
        match &self.0 {
            Stage::Idle => true,
            // A cable that is kept for somebody cannot serve anybody else.
            Stage::Finishing { hold, .. } => hold.is_none(),
            Stage::Preparing { allowed, .. } => allowed.is_none(),
            Stage::Starting(_) | Stage::Running(_) | Stage::Stopping(..) => false,
        }
    }

    /// Until when it prepares, if it does and that may last so long.
    pub(crate) fn preparing_until(&self, most: Option<Millis>) -> Option<Mono> {
        match (&self.0, most) {
            (Stage::Preparing { since, .. }, Some(most)) => Some(*since + most),
            _ => None,
        }
    }

    /// Since when somebody is waited for here who may charge at that connector as well.
    pub(crate) fn waits_for_one_of(&self, at: ConnectorId) -> Option<Mono> {
        match &self.0 {
            Stage::Preparing {
                since,
                allowed: Some(allowed),
            } => allowed.elsewhere.contains(&at).then_some(*since),
            _ => None,
        }
    }

    /// Who may charge here is known. ConnectionTimeOut counts from the beginning of Preparing (errata 3.77).
    pub(crate) fn permit(&mut self, allowed: Allowed, now: Mono) {
        let since = match &self.0 {
            Stage::Preparing { since, .. } => *since,
            _ => now,
        };
        self.prepare(since, Some(allowed));
    }

    /// Somebody plugged in or showed a tag. `since`: ConnectionTimeOut counts from there.
    pub(crate) fn prepare(&mut self, since: Mono, allowed: Option<Allowed>) {
        self.0 = Stage::Preparing { since, allowed };
    }

    /// Who may charge, may not any more, or not yet: what was about to begin does not. Returns who that is.
    pub(crate) fn call_off(&mut self, since: Mono) -> Option<Claim> {
        let allowed = match &self.0 {
            Stage::Starting(allowed) => Some(allowed),
            Stage::Preparing { allowed, .. } => allowed.as_ref(),
            _ => None,
        };
        let claim = allowed?.claim.clone();
        self.prepare(since, None);
        Some(claim)
    }

    /// The vehicle left, or the lock opened, while the meter was being read: who may charge still may.
    pub(crate) fn wait_again(&mut self, since: Mono) -> bool {
        let Stage::Starting(allowed) = &self.0 else {
            return false;
        };
        let allowed = Some(allowed.clone());
        self.prepare(since, allowed);
        true
    }

    /// Who is waited for here goes somewhere else: nobody is any more.
    pub(crate) fn take_along(&mut self) -> Option<Allowed> {
        let Stage::Preparing { allowed, .. } = &mut self.0 else {
            return None;
        };
        let allowed = allowed.take();
        self.0 = Stage::Idle;
        allowed.map(|allowed| Allowed {
            elsewhere: Vec::new(),
            ..allowed
        })
    }

    /// Who may charge here or elsewhere may not at that connector.
    pub(crate) fn permit_no_more_at(&mut self, at: ConnectorId) {
        if let Stage::Preparing {
            allowed: Some(allowed),
            ..
        } = &mut self.0
        {
            allowed.elsewhere.retain(|place| *place != at);
        }
    }

    /// A tag that was shown is taken back; says whether it was waited for.
    pub(crate) fn take_back(&mut self, tag: &IdToken) -> bool {
        match &mut self.0 {
            Stage::Preparing { allowed, .. }
                if allowed.as_ref().is_some_and(|by| by.claim.tag == *tag) =>
            {
                *allowed = None;
                true
            }
            _ => false,
        }
    }

    /// The meter is read, then the transaction begins.
    pub(crate) fn await_meter(&mut self, allowed: Allowed) {
        self.0 = Stage::Starting(allowed);
    }

    /// The transaction begins, or goes on.
    pub(crate) fn begin(&mut self, run: Run) {
        self.0 = Stage::Running(run);
    }

    /// The transaction that runs is to end; the meter is read once more, and for nothing else.
    pub(crate) fn stop(&mut self, ending: Ending) {
        self.0 = match std::mem::replace(&mut self.0, Stage::Idle) {
            Stage::Running(mut run) => {
                run.read_no_more();
                Stage::Stopping(run, ending)
            }
            other => other,
        };
    }

    /// The last reading waits for the contactor, or does not any more.
    pub(crate) fn read_later(&mut self, waits: bool) {
        if let Stage::Stopping(_, ending) = &mut self.0 {
            ending.reads_later = waits;
        }
    }

    /// It is over. `cable`: it is still in.
    pub(crate) fn end(&mut self, cable: bool) {
        self.finish(cable, false, None);
    }

    /// It is over. `left`: the vehicle was unplugged at its own side; `hold`: who has to come to get the
    /// cable back.
    pub(crate) fn finish(&mut self, cable: bool, left: bool, hold: Option<Owner>) {
        self.0 = match cable {
            true => Stage::Finishing { left, hold },
            false => Stage::Idle,
        };
    }

    /// The cable may be taken, if it is kept for somebody who fits; says whether it was.
    pub(crate) fn release(&mut self, fits: impl Fn(&Owner) -> bool) -> bool {
        let Stage::Finishing { hold, .. } = &mut self.0 else {
            return false;
        };
        let released = hold.as_ref().is_some_and(fits);
        if released {
            *hold = None;
        }
        released
    }
}
