//! Sharing: what all together may draw is poured out over the connectors like water
//! (`OCPP 1.6 §3.13.3`).

/// What a connector could take, in tenths of one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// No more than this.
    pub(crate) most: i64,
    /// Less than this is of no use.
    pub(crate) least: i64,
}

/// A connector that is to be served, and the outcome. Who is served first comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    /// In each unit in which the sum is bounded.
    pub(crate) parts: [Part; 2],
    /// Whether its vehicle wants energy now; who does not keeps the least on offer where that fits, and
    /// gets what is left.
    pub(crate) wants: bool,
    /// There is not even the least for it.
    pub(crate) paused: bool,
    /// What it gets, in the unit that was poured last.
    pub(crate) gets: i64,
    /// What it gets is still to be found.
    open: bool,
}

/// Says who is served: the least goes first to those that want energy, then to the others.
pub(crate) fn admit(totals: [i64; 2], claims: &mut [Claim]) {
    let mut left = totals;
    for wants in [true, false] {
        for claim in claims.iter_mut().filter(|claim| claim.wants == wants) {
            let mut parts = left.iter_mut().zip(&claim.parts);
            claim.paused = parts.any(|(left, part)| part.least > *left);
            if !claim.paused {
                for (left, part) in left.iter_mut().zip(&claim.parts) {
                    *left -= part.least;
                }
            }
        }
    }
}

/// Pours a total out in one of the units: beyond the least, first over those who want energy, what is
/// left over the others.
pub(crate) fn pour(total: i64, claims: &mut [Claim], unit: usize) {
    let mut free = total;
    for claim in claims.iter_mut() {
        let least = claim.least(unit);
        claim.gets = least.filter(|_| !claim.paused).unwrap_or(0);
        free -= claim.gets;
    }
    for wants in [true, false] {
        let mut within = free;
        for claim in claims.iter_mut() {
            claim.open = claim.wants == wants && !claim.paused;
            within += if claim.open { claim.gets } else { 0 };
        }
        free = level(within, claims, unit);
    }
}

impl Claim {
    /// One that could take nothing yet.
    pub(crate) fn new(wants: bool) -> Self {
        Self {
            wants,
            ..Self::default()
        }
    }

    /// Whether it could take anything if it were alone.
    pub(crate) fn could_take(&self) -> bool {
        self.parts.iter().any(|part| part.most > 0)
    }

    /// Whether it gets less than it could take in the unit that was poured last.
    pub(crate) fn is_cut(&self, unit: usize) -> bool {
        self.parts
            .get(unit)
            .is_some_and(|part| self.gets < part.most)
    }

    /// What it has to get in a unit: what was cut in the other one may be a little less.
    fn least(&self, unit: usize) -> Option<i64> {
        let part = self.parts.get(unit)?;
        Some(part.least.min(part.most))
    }

    /// How far its share is from an equal one among so many, in parts of that number: more where the least
    /// is more, less where it needs less.
    fn off(&self, left: i64, count: i64, unit: usize) -> i64 {
        let (least, most) = self
            .parts
            .get(unit)
            .map_or((0, 0), |part| (part.least.min(part.most), part.most));
        let (least, most) = (least.saturating_mul(count), most.saturating_mul(count));
        if least > left {
            least.saturating_sub(left)
        } else {
            most.min(left).saturating_sub(left)
        }
    }
}

/// Equal shares for all that are open, but nobody gets less than the least or more than it can take.
/// Returns what nobody can take.
fn level(total: i64, claims: &mut [Claim], unit: usize) -> i64 {
    let mut left = total;
    loop {
        let open = claims.iter().filter(|claim| claim.open);
        let count = i64::try_from(open.clone().count()).unwrap_or(i64::MAX);
        if count == 0 {
            return left;
        }
        let offs = open.map(|claim| claim.off(left, count, unit));
        let all_off = offs.fold(0_i64, i64::saturating_add);
        // Those that are off on the side that weighs more stay there; the others have the rest.
        let (equal, mut extra, mut rest) = (left / count, left % count, left);
        let mut same = true;
        for claim in claims.iter_mut().filter(|claim| claim.open) {
            let off = claim.off(left, count, unit);
            let stays = (off > 0 && all_off >= 0) || (off < 0 && all_off <= 0);
            if let Some(part) = claim.parts.get(unit).filter(|_| stays) {
                claim.gets = if off > 0 { part.least } else { part.most };
                claim.open = false;
                rest -= claim.gets;
                same = false;
            }
        }
        if !same {
            left = rest;
            continue;
        }
        // Tenths that do not divide go to the first.
        for claim in claims.iter_mut().filter(|claim| claim.open) {
            claim.gets = equal + i64::from(extra > 0);
            extra -= 1;
        }
        return 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(most: i64, least: i64) -> Claim {
        Claim {
            parts: [Part { most, least }, Part::default()],
            wants: true,
            ..Claim::default()
        }
    }

    fn idle(most: i64, least: i64) -> Claim {
        Claim {
            wants: false,
            ..claim(most, least)
        }
    }

    fn shared(total: i64, mut claims: Vec<Claim>) -> Vec<i64> {
        admit([total, 0], &mut claims);
        pour(total, &mut claims, 0);
        claims.iter().map(|claim| claim.gets).collect()
    }

    #[test]
    fn equal_shares_and_what_one_does_not_need_goes_to_the_others() {
        let all = |a, b, c| vec![claim(a, 60), claim(b, 60), claim(c, 60)];
        assert_eq!(shared(300, all(320, 320, 320)), [100, 100, 100]);
        assert_eq!(shared(300, all(60, 320, 320)), [60, 120, 120]);
        assert_eq!(shared(301, all(320, 320, 320)), [101, 100, 100]);
        assert_eq!(shared(1_000, all(60, 160, 320)), [60, 160, 320]);
    }

    #[test]
    fn who_cannot_get_the_least_is_paused_the_last_first() {
        let two = || vec![claim(320, 60), claim(320, 60)];
        assert_eq!(shared(100, two()), [100, 0]);
        assert_eq!(shared(59, two()), [0, 0]);
        assert_eq!(shared(120, two()), [60, 60]);
        assert_eq!(shared(119, two()), [119, 0]);
        let lean = vec![claim(60, 60), claim(60, 60)];
        assert_eq!(shared(119, lean), [60, 0]);
    }

    #[test]
    fn who_needs_more_than_an_equal_share_gets_it_and_the_others_have_the_rest() {
        let all = vec![claim(320, 140), claim(320, 60)];
        assert_eq!(shared(220, all), [140, 80]);
        let all = vec![claim(80, 60), claim(320, 140), claim(60, 60)];
        assert_eq!(shared(200, all), [60, 140, 0]);
        let all = vec![claim(320, 200), claim(50, 50)];
        assert_eq!(shared(100, all), [0, 50]);
        // One is as far above the equal share as the others are below it.
        let all = vec![claim(10, 5), claim(3, 3)];
        assert_eq!(shared(9, all), [6, 3]);
    }

    #[test]
    fn who_wants_nothing_keeps_the_least_where_it_fits_and_gets_what_is_left() {
        let with = |total, most| shared(total, vec![claim(most, 60), idle(320, 60)]);
        assert_eq!(with(200, 100), [100, 100]);
        assert_eq!(with(150, 100), [90, 60]);
        assert_eq!(with(120, 320), [60, 60]);
        assert_eq!(with(119, 320), [119, 0]);
        assert_eq!(shared(130, vec![idle(320, 60), claim(320, 60)]), [60, 70]);
    }

    /// Tenth by tenth to whoever has least.
    fn by_tenths(total: i64, claims: &[Claim]) -> Vec<i64> {
        let part = |claim: &Claim| claim.parts[0];
        let mut gets: Vec<_> = claims.iter().map(|claim| part(claim).least).collect();
        for _ in gets.iter().sum::<i64>()..total {
            let open = (0..gets.len()).filter(|at| gets[*at] < part(&claims[*at]).most);
            let Some(poorest) = open.min_by_key(|at| (gets[*at], *at)) else {
                break;
            };
            gets[poorest] += 1;
        }
        gets
    }

    #[test]
    fn shares_are_those_of_water_that_is_poured_out_tenth_by_tenth() {
        for case in 0..4_000_i64 {
            let draw = |number: i64, most: i64| (case * 7_919 + number * 104_729) % 1_009 % most;
            let claims: Vec<_> = (0..2 + case % 4)
                .map(|at| claim(draw(at, 40) + draw(at + 9, 30), draw(at, 40)))
                .collect();
            let leasts: i64 = claims.iter().map(|claim| claim.parts[0].least).sum();
            let total = leasts + draw(20, 60);
            assert_eq!(
                shared(total, claims.clone()),
                by_tenths(total, &claims),
                "{total} {claims:?}"
            );
        }
    }
}
