//! What the generator does, in plain facts.

use streamgauge::model::Kind as Kinds;

use super::calendar::ONSET;
use super::dataset::dataset;
use super::disturbance::{Disturbance, Kind};
use super::organisation::Nature;
use super::work::{Card, State, cards};

/// Plain facts of one organisation, undisturbed and with each disturbance in its largest size: to
/// see that the generator does what it says, without asking any signal.
pub fn print(seed: u64) {
    let kinds = Kind::ALL.into_iter().map(|kind| Some(Disturbance { kind, size: 2 }));
    for planted in std::iter::once(None).chain(kinds) {
        let (own, data) = dataset(seed, Nature::QUIET, planted);
        let cards = cards(&own, seed);
        if planted.is_none() {
            println!(
                "streams {}, teams {}, cards {}, shares {:.2?}",
                own.streams,
                own.teams.len(),
                cards.len(),
                own.shares()
            );
        }
        println!("{planted:?}, in stream {} (and {}):", own.effects.stream, own.effects.other);
        for (name, span) in [("before", -13.0..0.0), ("after", 0.0..13.0)] {
            let inside = |at: i64| span.contains(&own.calendar.since_onset(at));
            let home = |card: &&Card| own.teams[card.team].stream == own.effects.stream;
            let (mut done, mut defects, mut returned, mut times) = (0, 0, 0, Vec::new());
            for card in cards.iter().filter(home) {
                let mut ends = card.steps.iter().filter(|(at, s)| *s == State::Done && inside(*at));
                returned += ends.clone().count().saturating_sub(1);
                if let (Some((at, State::Done)), Some(_)) = (card.end(), ends.next_back()) {
                    done += 1;
                    defects += usize::from(card.kind == Kinds::Defect);
                    let started = card.steps.iter().find(|(_, state)| *state == State::Doing);
                    times.extend(started.map(|(from, _)| (at - from) / 3_600_000));
                }
            }
            times.sort_unstable();
            let middle = times.get(times.len() / 2).map_or(0.0, |hours| *hours as f64 / 24.0);
            let waited = cards.iter().filter(|c| c.stream == own.effects.stream);
            let waited =
                waited.filter(|c| c.waited.is_some_and(|(_, from, _)| inside(from))).count();
            let until = own.calendar.at(if name == "before" { ONSET } else { ONSET + 13 }, 0, 0);
            let open = cards.iter().filter(home).filter(|card| {
                let now = card.steps.iter().rfind(|(at, _)| *at < until);
                now.is_some_and(|(_, s)| {
                    !matches!(s, State::Backlog | State::Done | State::Dropped)
                })
            });
            let release = format!("r{}-", own.effects.stream);
            let releases = data.releases.iter().filter(|r| r.id.starts_with(&release));
            let away = cards.iter().filter(home).filter(|c| inside(c.steps[0].0));
            let (all, away) =
                (away.clone().count(), away.filter(|c| c.stream != own.effects.stream).count());
            println!(
                "  {name}: {done} done, {defects} defects, {returned} returned, median {middle:.1} days, {} open, \
                 {waited} waited, {} releases, {away} of {all} for others",
                open.count(),
                releases.filter(|r| inside(r.at.millis())).count(),
            );
        }
    }
}
