//! Who gets what of a sum in amperes, and when it is whose turn: tenth by tenth, and second by second.

/// A connector with a transaction.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The number of the transaction: the first has the lowest.
    pub session: usize,
    /// What it could take, in tenths of an ampere.
    pub most: i64,
    /// What it has to get, if anything.
    pub least: i64,
    /// Whether its vehicle wants energy now.
    pub wants: bool,
}

/// Those who want energy, first come first served; whoever was served for a turn while another waited goes to
/// the end.
#[derive(Clone, Debug)]
pub struct Line {
    /// How long a turn is, in seconds; 0: for ever.
    turn: i64,
    sessions: Vec<usize>,
    served: Vec<usize>,
    ends: Option<i64>,
}

impl Line {
    /// Nobody stands in it yet. `turn`: how long a turn is, in seconds; 0: there are none.
    pub const fn new(turn: i64) -> Self {
        Self {
            turn,
            sessions: Vec::new(),
            served: Vec::new(),
            ends: None,
        }
    }

    /// How long a turn is, in seconds.
    pub const fn turn(&self) -> i64 {
        self.turn
    }

    /// What each gets of the sum in this second, if there is one.
    pub fn shares(&mut self, t: i64, total: Option<i64>, needs: &[Need]) -> Vec<i64> {
        if needs.is_empty() {
            self.ends = None;
        }
        let Some(total) = total else {
            self.ends = None;
            return needs.iter().map(|need| need.most).collect();
        };
        let wants = |session: &usize| {
            let mut needs = needs.iter();
            needs.any(|need| need.wants && need.session == *session)
        };
        self.sessions.retain(wants);
        let mut new: Vec<_> = needs.iter().filter(|need| need.wants).collect();
        new.sort_by_key(|need| need.session);
        new.retain(|need| !self.sessions.contains(&need.session));
        self.sessions.extend(new.iter().map(|need| need.session));
        if self.ends.is_none() || self.turn == 0 {
            self.sessions.sort_unstable();
        }
        let over = self.ends.is_some_and(|ends| ends <= t);
        if over {
            let served = |session: &usize| self.served.contains(session);
            let (back, front): (Vec<_>, Vec<_>) = self.sessions.iter().partition(|s| served(s));
            self.sessions = [front, back].concat();
            self.ends = None;
        }
        let idle = needs.iter().filter(|need| !need.wants);
        let mut order: Vec<_> = self.sessions.clone();
        let mut idle: Vec<_> = idle.map(|need| need.session).collect();
        idle.sort_unstable();
        order.extend(idle);
        let need = |session: usize| needs.iter().find(|need| need.session == session);
        let order: Vec<_> = order.into_iter().filter_map(need).collect();

        // The least for as many as it is enough for.
        let mut gets = vec![0; order.len()];
        let mut left = total;
        let mut waits = false;
        self.served.clear();
        let mut fed = Vec::new();
        for (at, need) in order.iter().enumerate() {
            if need.least <= left {
                gets[at] = need.least;
                left -= need.least;
                fed.push(at);
                if need.most > 0 {
                    self.served.push(need.session);
                }
            } else {
                waits |= need.wants;
            }
        }
        // The rest a tenth at a time, to who has least.
        for wants in [true, false] {
            while left > 0 {
                let open = fed.iter().copied();
                let open =
                    open.filter(|at| order[*at].wants == wants && gets[*at] < order[*at].most);
                let Some(poorest) = open.min_by_key(|at| (gets[*at], *at)) else {
                    break;
                };
                gets[poorest] += 1;
                left -= 1;
            }
        }
        if self.ends.is_none() && waits && self.turn > 0 {
            self.ends = Some(t + self.turn);
        }
        if over && self.ends.is_none() {
            // Nobody waits: first come, first served.
            return self.shares(t, Some(total), needs);
        }
        let of = |need: &Need| order.iter().position(|one| one.session == need.session);
        needs
            .iter()
            .map(|need| of(need).map_or(0, |at| gets[at]))
            .collect()
    }
}
