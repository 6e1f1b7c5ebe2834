//! Signal quality in seconds: a few of the organisations of `cargo bench --bench quality`.

#![allow(dead_code, reason = "the bench uses the rest")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../benches/quality/calendar.rs"]
mod calendar;
#[path = "../../../benches/quality/dataset.rs"]
mod dataset;
#[path = "../../../benches/quality/dice.rs"]
mod dice;
#[path = "../../../benches/quality/disturbance.rs"]
mod disturbance;
#[path = "../../../benches/quality/organisation.rs"]
mod organisation;
#[path = "../../../benches/quality/watch.rs"]
mod watch;
#[path = "../../../benches/quality/work.rs"]
mod work;

use dataset::dataset;
use disturbance::{Disturbance, Kind};
use organisation::Nature;
use watch::watch;

/// Where nothing happened, little is confirmed: about as much as the page says of itself.
#[test]
fn quiet_organisations_are_told_little() {
    let (mut told, mut expected, mut digests) = (0, 0.0, 0);
    for seed in 2_001..2_009 {
        let (own, data) = dataset(seed, Nature::QUIET, None);
        let watched = watch(&own, &data, [5, 12].into_iter());
        let of_tests = |told: &&watch::Told| watched.tested.contains_key(told.signal.as_str());
        told += watched.told.iter().filter(|told| told.confirmed).filter(of_tests).count();
        expected += watched.expected;
        digests += watched.digests;
    }
    println!("seeds 2001 to 2008: {told} confirmed in {digests} digests, {expected:.1} expected");
    assert!(expected > 5.0 && (told as f64) < 2.5 * expected, "{told} of {expected}");
    assert!(told as f64 > 0.2 * expected, "{told} of {expected}: the page expects too much");
}

/// What happened is told.
#[test]
fn large_disturbances_are_told() {
    for kind in [Kind::SlowerReview, Kind::AttentionMoved, Kind::RarerReleases] {
        for seed in 2_001..2_003 {
            let (own, data) = dataset(seed, Nature::QUIET, Some(Disturbance { kind, size: 2 }));
            let watched = watch(&own, &data, [6, 9, 13].into_iter());
            let first = watched.first(&own.effects.expected(), true);
            assert!(first.is_some(), "{kind:?}, seed {seed}: {:?}", watched.told);
        }
    }
}
