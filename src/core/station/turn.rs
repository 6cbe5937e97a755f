//! What the engine has the station do at each turn, whatever happened.

use crate::core::station::Context;
use crate::core::station::Kept;
use crate::core::station::Station;
use crate::core::Due;
use crate::time::Mono;

impl Station {
    /// What was running goes on, or is stopped.
    pub(crate) fn restore_kept(&mut self, kept: Kept, cx: &mut Context<'_>) {
        self.restore(kept.running, kept.orderly, cx);
        self.restore_profiles(kept.profiles, cx);
        self.local = kept.local;
        self.rearm_aligned(cx.now.mono);
    }

    /// The time of the next thing to do if nothing else happens, and what that is.
    pub(crate) fn deadline(&self, now: Mono) -> Option<(Mono, Due)> {
        let questions = self.questions.deadline().map(|at| (at, Due::Question));
        let sessions = self.session_deadline();
        let aligned = self.aligned_deadline(now);
        let limits = self.offer_deadline(now);
        let local = self.local_limit_deadline();
        let absence = self.absence_deadline();
        let reset = self.reset_deadline(now);
        let feedback = self.feedback_deadline();
        let host = self.host_deadline();
        let all = [
            questions, sessions, aligned, limits, local, absence, reset, feedback, host,
        ];
        all.into_iter().flatten().min()
    }

    /// All that the last input led to has been done: the firmware sees what it was asked, and who ordered a
    /// reset has the answer.
    pub(crate) fn answers_are_out(&mut self, now: Mono) {
        self.questions.are_seen(now);
        self.reset_is_answered(now);
    }

    /// Everything whose time has come.
    pub(crate) fn expire(&mut self, cx: &mut Context<'_>) {
        self.expire_local_limits(cx.now.mono);
        self.mind_feedback(cx);
        self.expire_sessions(cx);
        self.expire_samples(cx);
    }
}
