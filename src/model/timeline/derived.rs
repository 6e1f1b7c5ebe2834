//! What a timeline says: start, end, delivery, age, parked time, reopenings, spells in progress.

use super::{Category, Segment};
use crate::model::{Period, Timestamp};

/// An item that is done this soon after its creation was imported or filed after the fact.
const BORN_DONE_MS: i64 = 60_000;

/// The values derived from one timeline at one instant. Durations are elapsed milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Derived {
    /// Start of the first started segment. Going back to `proposed` does not reset it.
    pub started_at: Option<Timestamp>,
    /// Start of the final stretch, if it is `done` or `dropped`.
    pub ended_at: Option<Timestamp>,
    /// `ended_at` of an item that is done and not born done.
    pub delivered_at: Option<Timestamp>,
    /// Place of the segment that begins at `ended_at`: the team and stream at delivery get credit.
    pub credited: Option<usize>,
    /// The final stretch is `dropped`.
    pub dropped: bool,
    /// From start to delivery, with waiting, parked and reopened time; `None` without either end.
    pub flow_time: Option<i64>,
    /// Time in `proposed` after the start, up to `as_of`.
    pub parked: i64,
    /// Since the start, while the item is in progress.
    pub age: Option<i64>,
    /// Times the item left `done`.
    pub reopens: u32,
    /// First seen done, or done within 60 s of creation. Such items are excluded everywhere.
    pub born_done: bool,
}

/// Derives the values of `segments` as of an instant; what begins at or after it is ignored.
///
/// The end is the start of the final *stretch* of one category, not of the final segment: a done
/// item that only changes its team or its done status was delivered when it entered `done`.
#[must_use]
pub fn derive<S, T, V, E>(
    created_at: Timestamp,
    segments: &[Segment<S, T, V, E>],
    as_of: Timestamp,
) -> Derived {
    let seen = segments.partition_point(|segment| segment.from < as_of);
    let segments = &segments[..seen];
    let mut derived = Derived::default();
    let mut previous: Option<Category> = None;
    let mut stretch = 0;
    for (ix, segment) in segments.iter().enumerate() {
        if previous != Some(segment.category) {
            stretch = ix;
            if previous == Some(Category::Done) {
                derived.reopens += 1;
            }
        }
        if segment.category.is_started() && derived.started_at.is_none() {
            derived.started_at = Some(segment.from);
        }
        if segment.category == Category::Proposed && derived.started_at.is_some() {
            derived.parked += segment.to.min(as_of).millis() - segment.from.millis();
        }
        if segment.category == Category::Done
            && (ix == 0 || segment.from.millis() - created_at.millis() <= BORN_DONE_MS)
        {
            derived.born_done = true;
        }
        previous = Some(segment.category);
    }
    let Some(last) = previous else { return derived };
    if last.is_ended() {
        let ended_at = segments[stretch].from;
        derived.ended_at = Some(ended_at);
        derived.credited = Some(stretch);
        derived.dropped = last == Category::Dropped;
        if last == Category::Done && !derived.born_done {
            derived.delivered_at = Some(ended_at);
            derived.flow_time = derived.started_at.map(|from| ended_at.millis() - from.millis());
        }
    } else if last.is_started() {
        derived.age = derived.started_at.map(|from| as_of.millis() - from.millis());
    }
    derived
}

/// The maximal runs of started segments, cut at `as_of`. A run still open there ends in
/// [`Timestamp::MAX`].
pub fn wip_spells<S, T, V, E>(
    segments: &[Segment<S, T, V, E>],
    as_of: Timestamp,
) -> impl Iterator<Item = Period> {
    let seen = segments.partition_point(|segment| segment.from < as_of);
    let mut rest = segments[..seen].iter().peekable();
    std::iter::from_fn(move || {
        let first = rest.find(|segment| segment.category.is_started())?;
        while rest.next_if(|segment| segment.category.is_started()).is_some() {}
        Some(Period::new(first.from, rest.peek().map_or(Timestamp::MAX, |next| next.from)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DAY_MS, Event, Precision, fold};

    type Line = Vec<Segment<&'static str, u8, u8, u8>>;

    fn at(text: &str) -> Timestamp {
        let (day, time) = text.split_once(' ').unwrap_or((text, "00:00"));
        Timestamp::parse(&format!("2026-{day}T{time}:00Z")).unwrap()
    }

    /// `03-02 09:00 proposed; 03-03 active; 03-21 team 2` for an item of team 1.
    fn line(text: &'static str) -> (Timestamp, Line) {
        let (mut category, mut state, mut team) = (Category::Proposed, "", 1);
        let mut events = Vec::new();
        for event in text.split("; ") {
            let (when, word) = event.rsplit_once(' ').unwrap();
            match word {
                "active" => category = Category::Active,
                "waiting" => category = Category::Waiting,
                "done" => category = Category::Done,
                "dropped" => category = Category::Dropped,
                "proposed" => category = Category::Proposed,
                number => team = number.parse().unwrap(),
            }
            if word.parse::<u8>().is_err() {
                state = word;
            }
            events.push(Event {
                at: at(when.trim_end_matches(" team")),
                category,
                state,
                blocked: false,
                team: Some(team),
                stream: Some(team),
                epic: None,
                precision: Precision::Exact,
            });
        }
        let created = events[0].at;
        (created, fold(events, created, Timestamp::MAX).segments)
    }

    const F0: [&str; 10] = [
        "03-02 09:00 proposed; 03-03 active; 03-09 done",
        "03-04 proposed; 03-04 12:00 active; 03-10 12:00 done; 03-12 12:00 active; 03-14 done",
        "03-05 proposed; 03-06 done",
        "03-04 proposed; 03-05 active; 03-08 proposed; 03-18 active; 03-20 done",
        "03-11 done",
        "03-09 proposed; 03-10 active; 03-17 dropped",
        "03-02 proposed; 03-13 dropped",
        "03-15 proposed; 03-16 active; 03-21 team 2; 03-25 done",
        "03-19 proposed; 03-20 active; 03-24 waiting",
        "02-19 proposed; 02-20 active",
    ];

    fn derived() -> Vec<Derived> {
        let as_of = at("03-30");
        F0.iter().map(|text| line(text)).map(|(c, s)| derive(c, &s, as_of)).collect()
    }

    #[test]
    fn f0_flow_times_and_ages() {
        let days = |of: fn(&Derived) -> Option<i64>| -> Vec<Option<f64>> {
            derived().iter().map(|d| of(d).map(|ms| ms as f64 / DAY_MS as f64)).collect()
        };
        let none = None;
        assert_eq!(
            days(|d| d.flow_time),
            [Some(6.0), Some(9.5), none, Some(15.0), none, none, none, Some(9.0), none, none]
        );
        let ages = days(|d| d.age);
        assert_eq!((ages[8], ages[9]), (Some(10.0), Some(38.0)));
        assert_eq!(ages.iter().flatten().count(), 2);
        assert_eq!(days(|d| Some(d.parked))[3], Some(10.0));
    }

    #[test]
    fn f0_ends_and_credit() {
        let all = derived();
        assert_eq!(all[1].reopens, 1);
        assert_eq!(all.iter().map(|d| d.reopens).sum::<u32>(), 1);
        assert!(all[4].born_done && all[4].delivered_at.is_none());
        assert_eq!(all.iter().filter(|d| d.born_done).count(), 1);
        assert!(all[5].dropped && all[6].dropped && all[5].delivered_at.is_none());
        let (_, h) = line(F0[7]);
        assert_eq!(h[all[7].credited.unwrap()].team, Some(2));
    }

    /// Weeks W10 to W13: throughput, entries, exits, and work in progress at the week's ends.
    #[test]
    fn f0_weekly_flow() {
        let edges = ["03-02", "03-09", "03-16", "03-23", "03-30"].map(at);
        let all = derived();
        let spells: Vec<Period> = F0
            .iter()
            .flat_map(|text| wip_spells(&line(text).1, at("03-30")).collect::<Vec<_>>())
            .collect();
        let count = |instants: Vec<Timestamp>| -> Vec<usize> {
            let inside = |w: &[Timestamp]| {
                instants.iter().filter(|t| Period::new(w[0], w[1]).contains(**t)).count()
            };
            edges.windows(2).map(inside).collect()
        };
        assert_eq!(count(all.iter().filter_map(|d| d.delivered_at).collect()), [1, 2, 1, 1]);
        let entries = count(spells.iter().map(|s| s.from).collect());
        let exits = count(spells.iter().map(|s| s.to).collect());
        assert_eq!((&entries[..], &exits[..]), (&[3, 2, 3, 0][..], &[1, 3, 2, 1][..]));
        let wip = |at: Timestamp| spells.iter().filter(|s| s.from < at && s.to >= at).count();
        assert_eq!(edges.map(wip), [1, 3, 2, 3, 2]);
    }

    #[test]
    fn a_done_item_that_only_moves_was_delivered_before() {
        let (created, segments) = line("03-02 proposed; 03-03 active; 03-09 done; 03-11 team 2");
        let d = derive(created, &segments, at("03-30"));
        assert_eq!((d.delivered_at, d.reopens), (Some(at("03-09")), 0));
        assert_eq!(segments[d.credited.unwrap()].team, Some(1));
    }

    #[test]
    fn done_within_a_minute_of_creation_is_born_done() {
        let (created, segments) = line("03-02 09:00 proposed; 03-02 09:01 done");
        assert!(derive(created, &segments, at("03-30")).born_done);
        let (created, segments) = line("03-02 09:00 proposed; 03-02 09:02 done");
        assert!(!derive(created, &segments, at("03-30")).born_done);
    }

    #[test]
    fn what_happens_at_as_of_is_not_known_yet() {
        let (created, segments) = line(F0[0]);
        let d = derive(created, &segments, at("03-09"));
        assert_eq!((d.delivered_at, d.age), (None, Some(6 * DAY_MS)));
    }
}
