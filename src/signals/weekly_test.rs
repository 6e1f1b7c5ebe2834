//! From the p values of one evaluation a week to a verdict (section 0.8 of the catalogue).

use super::defaults::{FAMILY_ALPHA, TEST_ALPHA, WINDOW_WEEKS};
use super::report::{Move, Verdict};
use super::stats::holm::holm;

/// One slice's test in one evaluation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    pub p: f64,
    pub direction: Move,
    /// Large enough to matter, whatever p says.
    pub material: bool,
}

/// `New` when p < 0.01 and Holm at 0.05 across the slices tested in that evaluation also rejects;
/// `Confirmed` when that holds in two successive weekly evaluations in the same direction.
///
/// `evaluate` gives the test of one of `slices` as it stood so many weeks ago, `None` where there
/// was too little data; earlier weeks are read with what is known now, and only when something
/// fired. Returns a verdict and its persistence for each slice tested in the newest evaluation.
pub fn ladder(
    slices: usize,
    evaluate: impl Fn(usize, usize) -> Option<Tested>,
) -> Vec<Option<(Verdict, u32)>> {
    let all = |back: usize| -> Vec<Option<Tested>> {
        (0..slices).map(|slice| evaluate(slice, back)).collect()
    };
    let newest = all(0);
    let fired = fires(&newest);
    let mut alive = fired.clone();
    let mut held = vec![0; slices];
    for back in 1..=WINDOW_WEEKS {
        if alive.iter().all(Option::is_none) {
            break;
        }
        let own: Vec<Option<Tested>> =
            (0..slices).map(|ix| alive[ix].and_then(|_| evaluate(ix, back))).collect();
        // Holm surely rejects a p this small and never matters above the level of one test: only
        // between the two do the other slices have a say.
        let decided =
            |test: &Tested| test.p >= TEST_ALPHA || test.p * slices as f64 <= FAMILY_ALPHA;
        let alone = own.iter().flatten().all(decided);
        let earlier = fires(&if alone { own } else { all(back) });
        for (slice, alive) in alive.iter_mut().enumerate() {
            if alive.is_some() && earlier.get(slice) == Some(alive) {
                held[slice] += 1;
            } else {
                *alive = None;
            }
        }
    }
    let verdict = |slice: usize| match (fired[slice], held[slice]) {
        (None, _) => (Verdict::Usual, 0),
        (Some(direction), 0) => (Verdict::New { direction }, 1),
        (Some(direction), held) => (Verdict::Confirmed { direction }, held),
    };
    newest.iter().enumerate().map(|(slice, test)| test.map(|_| verdict(slice))).collect()
}

/// The direction of each slice whose test rejects, alone and in its family.
fn fires(tests: &[Option<Tested>]) -> Vec<Option<Move>> {
    let tested: Vec<f64> = tests.iter().flatten().map(|test| test.p).collect();
    let mut rejected = holm(&tested, FAMILY_ALPHA).into_iter();
    let mut fire = |test: &Option<Tested>| {
        let test = (*test)?;
        let family = rejected.next().unwrap_or(false);
        (family && test.p < TEST_ALPHA && test.material).then_some(test.direction)
    };
    tests.iter().map(&mut fire).collect()
}

/// What keeps a reader from reading too much into such a verdict.
#[must_use]
pub fn standing(verdict: &Verdict, persistence: u32) -> String {
    match verdict {
        Verdict::Confirmed { .. } => {
            let nth = super::words::ordinal(u64::from(persistence) + 1);
            format!("It holds for the {nth} week in a row.")
        }
        _ => "It holds for the first time; a second week would confirm it.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(p: f64) -> Option<Tested> {
        Some(Tested { p, direction: Move::Up, material: true })
    }

    #[test]
    fn a_second_week_confirms() {
        let weeks = |list: &'static [f64]| {
            ladder(2, move |slice, back| match slice {
                0 => test(list.get(back).copied().unwrap_or(1.0)),
                _ => None,
            })
        };
        let up = Move::Up;
        assert_eq!(weeks(&[0.5])[0], Some((Verdict::Usual, 0)));
        assert_eq!(weeks(&[0.001, 0.02])[0], Some((Verdict::New { direction: up }, 1)));
        let confirmed = Verdict::Confirmed { direction: up };
        assert_eq!(weeks(&[0.001, 0.002, 0.009])[0], Some((confirmed, 2)));
        assert_eq!(weeks(&[0.001])[1], None);
        assert_eq!(standing(&confirmed_up(), 1), "It holds for the 2nd week in a row.");
    }

    fn confirmed_up() -> Verdict {
        Verdict::Confirmed { direction: Move::Up }
    }

    /// Each p is below 0.01, and the family is large: Holm rejects only the least of them.
    #[test]
    fn many_slices_share_one_error() {
        let mut tests = vec![test(0.9); 9];
        tests.push(test(0.007));
        tests.push(test(0.0001));
        let fired = fires(&tests);
        assert_eq!((fired[9], fired[10]), (None, Some(Move::Up)));
        tests[10].as_mut().unwrap().material = false;
        assert_eq!(fires(&tests)[10], None);
        // A week earlier 0.007 among eleven slices was no signal either.
        let ps = |slice: usize, back: usize| match (slice, back) {
            (0, 0) => test(0.0001),
            (0, 1) => test(0.007),
            _ => test(0.9),
        };
        let new = Verdict::New { direction: Move::Up };
        assert_eq!(ladder(11, ps)[0], Some((new, 1)));
        let confirmed = Verdict::Confirmed { direction: Move::Up };
        assert_eq!(ladder(5, ps)[0], Some((confirmed, 1)));
    }
}
