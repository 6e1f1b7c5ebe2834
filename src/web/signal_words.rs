//! What a signal concludes, in words: the verdict, which rule gave it, and what is missing for one.

use crate::digests::words as digest_words;
use crate::signals::false_alarms_percent;
use crate::signals::report::{Finding, Move, Series, Verdict};
use crate::signals::stats::xmr::Rule;
use crate::signals::words::number;

use super::layout::{capital, sentence};

/// What a verdict says, as a sentence.
#[must_use]
pub fn verdict(verdict: &Verdict) -> String {
    sentence(&digest_words::verdict(verdict))
}

/// The verdict in a word or two, for a list or a table.
#[must_use]
pub fn short(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Confirmed { direction: Move::Up } => "up, confirmed",
        Verdict::Confirmed { direction: Move::Down } => "down, confirmed",
        Verdict::New { direction: Move::Up } => "up, not confirmed yet",
        Verdict::New { direction: Move::Down } => "down, not confirmed yet",
        Verdict::Usual => "within its usual range",
        Verdict::Fact => "found",
        Verdict::Nothing => "nothing found",
        Verdict::Described => "told as it is",
        Verdict::Insufficient { .. } => "not enough data",
        Verdict::NotApplicable { .. } => "not told here",
    }
}

/// Why the verdict is what it is, one sentence each.
#[must_use]
pub fn reasons(finding: &Finding) -> Vec<String> {
    let mut told = Vec::new();
    match (&finding.verdict, &finding.series) {
        (Verdict::Confirmed { .. } | Verdict::New { .. }, Some(series)) => {
            told.extend(fired(series));
        }
        (Verdict::Confirmed { .. } | Verdict::New { .. }, None) => {
            told.push("The test below rejects that nothing changed.".to_owned());
        }
        (Verdict::Usual, Some(series)) if series.limits.is_some() => {
            told.push(quiet(series));
        }
        (Verdict::Usual, _) => told.push("The test below found no difference.".to_owned()),
        (Verdict::Fact, _) => told.push("A fact needs no test; it stands in the data.".to_owned()),
        (Verdict::Nothing, _) => {
            told.push("What this signal looks for does not occur in the data.".to_owned());
        }
        (Verdict::Described, _) => {
            told.push("These are numbers to read; no test is made of them.".to_owned());
        }
        (Verdict::Insufficient { .. } | Verdict::NotApplicable { .. }, _) => {}
    }
    match finding.verdict {
        Verdict::Confirmed { .. } if finding.persistence > 1 => {
            told.push(format!("It has held for {} evaluations in a row.", finding.persistence));
        }
        Verdict::New { .. } => told.push(
            "It happened once. Only a second time within three periods would confirm it, and until \
             then it headlines nothing."
                .to_owned(),
        ),
        _ => {}
    }
    if finding.tested {
        let percent = number(false_alarms_percent(finding.signal));
        told.push(format!(
            "Of a hundred such series in simulated organisations to which nothing happened, about \
             {percent} are confirmed all the same."
        ));
    }
    told
}

/// The rules that fired at the newest point; without any there, those within the newest three.
fn fired(series: &Series) -> Vec<String> {
    let newest = series.points.len().saturating_sub(1);
    let of = |from: usize| -> Vec<Rule> {
        let mut rules: Vec<Rule> = series
            .patterns
            .iter()
            .filter(|pattern| pattern.index >= from)
            .map(|pattern| pattern.rule)
            .collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    };
    let rules = Some(of(newest)).filter(|rules| !rules.is_empty());
    let rules = rules.unwrap_or_else(|| of(newest.saturating_sub(2)));
    let told: Vec<String> =
        rules.into_iter().map(|rule| format!("{}.", capital(words(rule)))).collect();
    if told.is_empty() {
        vec!["The test below rejects that nothing changed.".to_owned()]
    } else {
        told
    }
}

fn words(rule: Rule) -> &'static str {
    match rule {
        Rule::Outside => "the newest point lies beyond the usual range",
        Rule::Run => "the newest eight points lie on the same side of the centre line",
        Rule::NearLimit => {
            "at least three of the newest four points lie nearer to the same limit than to the \
             centre line"
        }
    }
}

/// No rule fired at the newest point: whether any did before.
fn quiet(series: &Series) -> String {
    match series.fired.len() {
        0 => "No rule fired at any point of the chart.".to_owned(),
        1 => "No rule fires at the newest point; one fired at an earlier one (the diamond)."
            .to_owned(),
        n => format!("No rule fires at the newest point; at {n} earlier ones they did (diamonds)."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::report::{Pattern, Slice, Unit};

    fn finding(verdict: Verdict, patterns: &[(usize, Rule)]) -> Finding {
        let week =
            crate::model::Week::of(crate::model::Timestamp::from_millis(0), chrono_tz::Tz::UTC);
        let point = crate::signals::report::Point { week, value: Some(1.0) };
        let mut series = Series::bare(Unit::Items, 1, vec![point; 26]);
        series.patterns = patterns
            .iter()
            .map(|(index, rule)| Pattern { index: *index, rule: *rule, direction: Move::Up })
            .collect();
        series.fired = patterns.iter().map(|(index, _)| *index).collect();
        let slice = Slice { dimension: "stream", id: "a".into(), name: "A".into() };
        let found = crate::signals::finding::finding(
            &crate::signals::v2_throughput::SIGNAL,
            slice,
            verdict,
        );
        Finding { series: Some(series), persistence: 2, tested: true, ..found }
    }

    #[test]
    fn the_rule_at_the_newest_point_is_told_and_no_other() {
        let up = Verdict::Confirmed { direction: Move::Up };
        let told = reasons(&finding(up, &[(24, Rule::Outside), (25, Rule::Run)]));
        assert_eq!(told[0], "The newest eight points lie on the same side of the centre line.");
        assert_eq!(told[1], "It has held for 2 evaluations in a row.");
        assert!(told[2].starts_with("Of a hundred such series"), "{told:?}");
        let unusual = finding(Verdict::Usual, &[(3, Rule::Outside)]);
        let mut unusual = unusual;
        if let Some(series) = &mut unusual.series {
            series.limits = Some(crate::signals::report::Limits {
                centre: 1.0,
                lower: None,
                upper: None,
                provisional: false,
            });
        }
        assert!(reasons(&unusual)[0].contains("one fired at an earlier one"));
    }

    #[test]
    fn verdicts_are_sentences() {
        let why = "P85 rests on twenty exits".to_owned();
        let short = Verdict::Insufficient { have: 3, need: 20, unit: "exits".into(), why };
        assert_eq!(verdict(&short), "Not enough data: P85 rests on twenty exits (3 of 20 exits).");
        let none = Verdict::NotApplicable { why: "no cadence is declared".into() };
        assert_eq!(verdict(&none), "Not told here: no cadence is declared.");
    }
}
