//! Sharing: what ChargePointMaxProfile allows is poured out over the connectors like water
//! (`OCPP 1.6 §3.13.3`).

/// What a connector could take, and what it gets; all in tenths of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// No more than this.
    pub(crate) most: i64,
    /// Less than this is of no use.
    pub(crate) least: i64,
    /// Whether its vehicle wants energy now; who does not gets what is left.
    pub(crate) wants: bool,
    /// Who started earlier has the lower number.
    pub(crate) order: u64,
    /// The outcome.
    pub(crate) gets: i64,
    /// It cannot be served.
    pub(crate) paused: bool,
}

/// Pours a total out: first over those who want energy, what is left over the others.
pub(crate) fn share(total: i64, claims: &mut [Claim]) {
    for claim in claims.iter_mut() {
        claim.gets = 0;
        claim.paused = false;
    }
    let left = pour(total, claims, true);
    pour(left, claims, false);
}

/// Serves one of the two groups; returns what is left.
fn pour(total: i64, claims: &mut [Claim], wants: bool) -> i64 {
    loop {
        fill(total, claims, wants);
        let starving = claims
            .iter_mut()
            .filter(|claim| claim.wants == wants && !claim.paused && claim.gets < claim.least);
        // The latest of those who get too little makes room for the others.
        match starving.max_by_key(|claim| claim.order) {
            Some(latest) => {
                latest.paused = true;
                latest.gets = 0;
            }
            None => break,
        }
    }
    let used: i64 = claims
        .iter()
        .filter(|claim| claim.wants == wants)
        .map(|claim| claim.gets)
        .sum();
    let mut left = total - used;
    // Who was paused for the sake of one that was paused later may fit now.
    loop {
        let fits = |claim: &&mut Claim| {
            claim.wants == wants && claim.paused && claim.least <= left && claim.most > 0
        };
        let Some(claim) = claims
            .iter_mut()
            .filter(fits)
            .min_by_key(|claim| claim.order)
        else {
            return left;
        };
        claim.paused = false;
        claim.gets = claim.most.min(left);
        left -= claim.gets;
    }
}

/// Equal shares; who needs less gives the rest to the others.
fn fill(total: i64, claims: &mut [Claim], wants: bool) {
    let open = |claim: &Claim| claim.wants == wants && !claim.paused;
    for claim in claims.iter_mut().filter(|claim| open(claim)) {
        claim.gets = -1;
    }
    let mut left = total;
    loop {
        let count = claims
            .iter()
            .filter(|claim| open(claim) && claim.gets < 0)
            .count();
        let Ok(count) = i64::try_from(count) else {
            return;
        };
        if count == 0 {
            return;
        }
        let equal = left / count;
        let mut modest = false;
        for claim in claims.iter_mut() {
            if open(claim) && claim.gets < 0 && claim.most <= equal {
                claim.gets = claim.most;
                left -= claim.most;
                modest = true;
            }
        }
        if modest {
            continue;
        }
        // Tenths that do not divide go to the earliest.
        for _ in 0..left % count {
            let waiting = claims
                .iter_mut()
                .filter(|claim| open(claim) && claim.gets < 0);
            if let Some(earliest) = waiting.min_by_key(|claim| claim.order) {
                earliest.gets = equal + 1;
            }
        }
        for claim in claims
            .iter_mut()
            .filter(|claim| open(claim) && claim.gets < 0)
        {
            claim.gets = equal;
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(most: i64, least: i64, order: u64) -> Claim {
        Claim {
            most,
            least,
            wants: true,
            order,
            gets: 0,
            paused: false,
        }
    }

    fn shared(total: i64, mut claims: Vec<Claim>) -> Vec<i64> {
        share(total, &mut claims);
        claims.iter().map(|claim| claim.gets).collect()
    }

    #[test]
    fn equal_shares_and_what_one_does_not_need_goes_to_the_others() {
        let all = |a, b, c| vec![claim(a, 60, 1), claim(b, 60, 2), claim(c, 60, 3)];
        assert_eq!(shared(300, all(320, 320, 320)), [100, 100, 100]);
        assert_eq!(shared(300, all(60, 320, 320)), [60, 120, 120]);
        assert_eq!(shared(301, all(320, 320, 320)), [101, 100, 100]);
        assert_eq!(shared(1_000, all(60, 160, 320)), [60, 160, 320]);
    }

    #[test]
    fn who_cannot_get_the_least_is_paused_the_latest_first() {
        let two = || vec![claim(320, 60, 2), claim(320, 60, 1)];
        assert_eq!(shared(100, two()), [0, 100]);
        assert_eq!(shared(59, two()), [0, 0]);
        assert_eq!(shared(120, two()), [60, 60]);
        // The tenth that makes it enough is the earlier one's.
        assert_eq!(shared(119, two()), [0, 119]);
        let lean = vec![claim(60, 60, 2), claim(60, 60, 1)];
        assert_eq!(shared(119, lean), [0, 60]);
    }

    #[test]
    fn who_was_paused_for_another_that_is_paused_too_comes_back() {
        let all = vec![claim(80, 60, 1), claim(320, 140, 2), claim(60, 60, 3)];
        assert_eq!(shared(200, all), [80, 0, 60]);
        let all = vec![claim(50, 50, 3), claim(320, 200, 1)];
        assert_eq!(shared(100, all), [50, 0]);
    }

    #[test]
    fn who_wants_nothing_gets_what_is_left() {
        let mut claims = vec![claim(320, 60, 1), claim(100, 60, 2)];
        claims[0].wants = false;
        assert_eq!(shared(200, claims.clone()), [100, 100]);
        assert_eq!(shared(150, claims), [0, 100]);
    }
}
