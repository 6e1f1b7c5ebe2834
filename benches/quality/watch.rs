//! What Streamgauge tells of one organisation in each weekly digest after the onset.

use std::collections::BTreeMap;

use streamgauge::signals::report::{Finding, Move, Verdict};
use streamgauge::signals::{Dataset, Scope, evaluate};

use super::calendar::DIGESTS;
use super::organisation::Organisation;

/// One tested series in one digest that a rule fired for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    pub digest: usize,
    pub signal: String,
    /// Dimension and id: `stream:s1`.
    pub slice: String,
    pub up: bool,
    /// Confirmed, and not only new.
    pub confirmed: bool,
}

/// All digests of one organisation.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    pub told: Vec<Told>,
    /// Tested series, by signal, over all digests.
    pub tested: BTreeMap<&'static str, u64>,
    /// What the page itself expected of false alarms, over all digests.
    pub expected: f64,
    pub digests: u64,
}

impl Watched {
    /// Confirmed and new findings of a signal.
    pub fn counts(&self, signal: &str) -> (u64, u64) {
        let own = || self.told.iter().filter(|told| told.signal == signal);
        let confirmed = own().filter(|told| told.confirmed).count() as u64;
        (confirmed, own().count() as u64 - confirmed)
    }

    /// The first digest in which one of some findings was confirmed.
    pub fn first(&self, wanted: &[(&'static str, String, Move)], confirmed: bool) -> Option<usize> {
        let fits = |told: &&Told| {
            (told.confirmed || !confirmed)
                && wanted.iter().any(|(signal, slice, way)| {
                    told.signal == *signal && told.slice == *slice && told.up == (*way == Move::Up)
                })
        };
        self.told.iter().filter(fits).map(|told| told.digest).min()
    }
}

/// Evaluates the organisation on some of the Mondays after the onset.
pub fn watch(own: &Organisation, data: &Dataset, digests: impl Iterator<Item = usize>) -> Watched {
    let mut watched = Watched::default();
    for digest in digests.filter(|digest| (1..=DIGESTS).contains(digest)) {
        let at = own.calendar.digest(digest);
        let report = evaluate(data, at, at, &Scope::Portfolio);
        watched.expected += report.tally.expected_false_alarms;
        watched.digests += 1;
        for finding in &report.findings {
            if finding.tested {
                *watched.tested.entry(finding.signal).or_default() += 1;
            }
            watched.told.extend(told(finding, digest));
        }
    }
    watched
}

/// P2 has a direction and no chart, so it is not among the tested series; it is counted as told.
fn told(finding: &Finding, digest: usize) -> Option<Told> {
    let (direction, confirmed) = match finding.verdict {
        Verdict::Confirmed { direction } => (direction, true),
        Verdict::New { direction } => (direction, false),
        _ => return None,
    };
    Some(Told {
        digest,
        signal: finding.signal.to_owned(),
        slice: format!("{}:{}", finding.slice.dimension, finding.slice.id),
        up: direction == Move::Up,
        confirmed,
    })
}
