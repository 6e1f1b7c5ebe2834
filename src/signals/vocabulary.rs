//! What a framework hides (section 6 of the catalogue). A level that a framework does not have is
//! hidden and never renamed; nothing else depends on the vocabulary but words.
//!
//! Everything is computed alike under every vocabulary, and the findings that this file names are
//! left out of the report at the end: of its list, its tally and its hints. Of D1 LeSS hides the
//! whole finding, for without a portfolio its queues are all that it is about.

use super::report::Slice;
use crate::model::Vocabulary;

/// Whether a framework has no level to which this finding would speak.
#[must_use]
pub fn hides(vocabulary: Vocabulary, signal: &str, slice: &Slice) -> bool {
    match vocabulary {
        // One product, one Sprint, no portfolio queue and no themes.
        Vocabulary::Less => match signal {
            "P2" => slice.dimension == "theme",
            "C5" | "D1" => true,
            _ => false,
        },
        // No cadence is prescribed.
        Vocabulary::Spotify => signal == "C5",
        Vocabulary::Generic | Vocabulary::Safe | Vocabulary::ScrumAtScale => false,
    }
}

/// What LeSS adds to the question of a circle of streams: its own, and only as a question.
#[must_use]
pub fn of_circles(vocabulary: Vocabulary, question: &str) -> String {
    match vocabulary {
        Vocabulary::Less => {
            format!("{question} LeSS would ask: do these areas gain from being separate?")
        }
        _ => question.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cadence, Dimension, Intent, Period, Precision, StreamIx};
    use crate::signals::dataset::{ReleaseFacts, Theme};
    use crate::signals::fixture::{at, bets, item, link, portfolio, under};
    use crate::signals::report::{Finding, Report, Verdict};
    use crate::signals::{Dataset, Scope, evaluate};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const ALL: [Vocabulary; 5] = [
        Vocabulary::Generic,
        Vocabulary::Safe,
        Vocabulary::Less,
        Vocabulary::ScrumAtScale,
        Vocabulary::Spotify,
    ];

    /// Three streams that wait for each other, eight epics with themes, releases, two cadences,
    /// and an intent by stream and one by theme.
    fn invented(seed: u64) -> Dataset {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut data = portfolio(3, &[1, 1, 1, 2, 2, 2, 3, 3, 3]);
        bets(&mut data, 8);
        data.themes = vec![Theme { id: "reach".into(), name: "Reach".into() }];
        data.epics.iter_mut().step_by(2).for_each(|epic| epic.theme = Some(0));
        let day = |n: i64| at("01-05").plus_days(n);
        let word = |n: i64| day(n).to_utc().format("%m-%d").to_string();
        for n in 0..240 {
            let team = rng.random_range(0..9);
            let place = format!("T{}/S{}", team + 1, team / 3 + 1);
            let start = rng.random_range(0..140);
            let end = start + rng.random_range(2..20);
            let last = if rng.random_bool(0.9) { "done" } else { "Review" };
            let (start_word, work, end) = (word(start), word(start + 1), word(end));
            let events =
                [(start_word.as_str(), "proposed"), (work.as_str(), "Dev"), (end.as_str(), last)];
            let ix = item(&mut data, &format!("K-{n:03}"), &place, &events);
            under(&mut data, ix, rng.random_range(0..8));
            if ix > 10 && rng.random_bool(0.4) {
                let (a, b) = (ix, rng.random_range(0..ix));
                let (a, b) = if rng.random_bool(0.5) { (a, b) } else { (b, a) };
                link(&mut data, a, b, &word(start), "");
            }
        }
        for n in 0..12 {
            let held = (0..data.items.len()).filter(|ix| ix % 12 == n).collect();
            let at = day(40 + 9 * i64::try_from(n).unwrap());
            let (id, precision) = (format!("r{n:02}"), Precision::Exact);
            data.releases.push(ReleaseFacts {
                id: id.clone(),
                name: id,
                at,
                items: held,
                precision,
            });
        }
        let cadence = |days| Cadence {
            id: "pi".into(),
            anchor: chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(),
            days,
        };
        data.cadences = vec![cadence(20)];
        data.stream_cadences = vec![(StreamIx(0), cadence(14)), (StreamIx(1), cadence(21))];
        for (dimension, ids) in
            [(Dimension::Stream, ["s1", "s2"]), (Dimension::Theme, ["none", "reach"])]
        {
            let shares = ids.iter().zip([0.2, 0.8]).map(|(id, s)| ((*id).to_owned(), s)).collect();
            let (tolerance, valid) = (0.05, Period::ALWAYS);
            data.intents.push(Intent { dimension, shares, tolerance, valid, why: "spring".into() });
        }
        data
    }

    /// Everything of a finding but its words.
    fn without_words(found: &Finding) -> Finding {
        Finding { observation: None, ..found.clone() }
    }

    fn report(data: &Dataset, vocabulary: Vocabulary) -> Report {
        let data = Dataset { vocabulary, ..data.clone() };
        evaluate(&data, at("06-15"), at("06-15"), &Scope::Portfolio)
    }

    /// Every number, verdict and ordering key is the same under all five; what a framework hides is
    /// missing from its list, and from nothing else.
    #[test]
    fn only_words_depend_on_the_vocabulary() {
        let (mut themes, mut circles, mut entries) = (0, 0, 0);
        for seed in 0..12 {
            let data = invented(seed);
            let whole = report(&data, Vocabulary::Generic);
            for vocabulary in ALL {
                let told = report(&data, vocabulary);
                let hidden = |found: &&Finding| hides(vocabulary, found.signal, &found.slice);
                let left: Vec<&Finding> = whole.findings.iter().filter(|f| !hidden(f)).collect();
                assert_eq!(left.len(), told.findings.len(), "seed {seed}, {vocabulary:?}");
                for (one, other) in left.iter().zip(&told.findings) {
                    let (a, b) = (without_words(one), without_words(other));
                    assert_eq!(a, b, "seed {seed}, {vocabulary:?}");
                    let words = |found: &Finding| {
                        let told = found.observation.as_ref();
                        told.map(|o| (o.subject.clone(), o.evidence.clone(), o.uncertainty.clone()))
                    };
                    assert_eq!(words(one), words(other), "seed {seed}, {vocabulary:?}");
                }
                let rows = whole.intent_table.iter();
                let rows: Vec<_> =
                    rows.filter(|row| !hides(vocabulary, "P2", &row.slice)).collect();
                assert_eq!(rows, told.intent_table.iter().collect::<Vec<_>>(), "seed {seed}");
                assert_eq!(whole.confidence, told.confidence, "seed {seed}, {vocabulary:?}");
                assert_eq!(whole.unseen, told.unseen, "seed {seed}, {vocabulary:?}");
                assert_eq!(whole.due_reviews, told.due_reviews, "seed {seed}, {vocabulary:?}");
                let tested = left.iter().filter(|found| found.tested).count();
                assert_eq!(told.tally.series, tested as u64, "seed {seed}, {vocabulary:?}");
            }
            let seen = |signal: &str, wanted: fn(&Finding) -> bool| {
                whole.findings.iter().filter(|f| f.signal == signal).any(wanted)
            };
            themes += i32::from(seen("P2", |f| f.slice.dimension == "theme"));
            entries += i32::from(seen("C5", |f| f.verdict.has_data()));
            circles += i32::from(seen("C2", |f| {
                f.verdict == Verdict::Fact && f.slice.id.starts_with('s')
            }));
        }
        // The comparison is not one of empty reports.
        assert!(themes > 6 && entries > 6 && circles > 6, "{themes} {entries} {circles}");
    }

    #[test]
    fn less_asks_whether_the_areas_gain_from_being_separate() {
        let data = invented(1);
        for vocabulary in ALL {
            let told = report(&data, vocabulary);
            let circles = told.findings.iter().filter(|f| f.signal == "C2");
            let asked = circles.filter_map(|f| f.observation.as_ref());
            let asked: Vec<_> = asked.filter(|o| o.question.contains("LeSS would ask")).collect();
            assert_eq!(!asked.is_empty(), vocabulary == Vocabulary::Less);
            assert!(asked.iter().all(|o| o.question.ends_with('?')));
        }
    }
}
