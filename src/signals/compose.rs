//! The report around the findings: header, table, tally, due reviews, what cannot be seen.

use super::bets::{concerns, decisions, due, phrase, verb};
use super::calendar::cadence_period;
use super::decision_rows::decision_rows;
use super::defaults::{FALSE_ALARMS_PERCENT, FALSE_ALARMS_PERCENT_ELSE, STANDING_WEEKS};
use super::definitions::listed;
use super::epic_rows::epic_rows;
use super::point_rows::point_rows;
use super::report::{
    CadencePosition, DueReview, Finding, Header, IntentRow, Report, Tally, Verdict,
};
use super::view::View;
use super::vocabulary::hides;
use super::{h2_data_confidence as h2, p1_attention_share as p1, p2_intent_gap as p2};
use super::{home_work, unlocks, unseen};
use crate::model::{DAY_MS, Dimension, Week};

/// Runs every signal of the catalogue over a view.
///
/// Findings stand in the order of the catalogue, then by slice name; nothing is sorted by a metric.
pub(super) fn report(view: &View<'_>) -> Report {
    let mut findings = Vec::new();
    for signal in super::ALL {
        let mut of_signal = (signal.evaluate)(view);
        let vocabulary = view.data.vocabulary;
        of_signal.retain(|found| !hides(vocabulary, found.signal, &found.slice));
        of_signal.sort_by(|a, b| place(a).cmp(&place(b)));
        findings.extend(of_signal);
    }
    let teams = view.data.teams.iter().flat_map(|team| [team.id.clone(), team.name.clone()]);
    let mut team_names: Vec<String> = teams.collect();
    team_names.sort_unstable();
    team_names.dedup();
    let confidence = h2::confidence(view);
    Report {
        header: header(view),
        intent_table: intent_table(view),
        home_by_work: home_work::home_by_work(view),
        due_reviews: due_reviews(view),
        epics: epic_rows(view, &findings),
        decisions: decision_rows(view),
        integration_points: point_rows(view),
        tally: tally(&findings),
        unseen: unseen::unseen(view, &confidence[0], &findings),
        confidence,
        unlocks: unlocks::unlocks(view, &findings),
        lacks: unlocks::lacks(view, &findings),
        findings,
        team_names,
    }
}

fn place(finding: &Finding) -> (&str, &str, &str) {
    (&finding.slice.name, finding.slice.dimension, &finding.slice.id)
}

fn header(view: &View<'_>) -> Header {
    let zone = view.data.zone;
    let week = Week::of(view.as_of, zone).previous();
    let period = week.period(zone);
    let cadence = view.data.cadences.first().map(|cadence| {
        // The position of the week that the page is about, which is the newest complete one.
        let number = cadence.number(period.from, zone);
        let span = cadence_period(cadence, number, zone);
        let left = span.to.millis() - view.as_of.millis();
        let week_ms = 7 * DAY_MS;
        CadencePosition {
            id: cadence.id.clone(),
            number: number + 1,
            // Half a day of slack: a change of the clocks makes a week an hour longer or shorter.
            week: (period.from.millis() - span.from.millis() + DAY_MS / 2) / week_ms + 1,
            weeks: i64::from(cadence.days.div_ceil(7)),
            near_boundary: left <= STANDING_WEEKS * week_ms,
        }
    });
    Header {
        portfolio: view.data.portfolio.clone(),
        vocabulary: view.data.vocabulary,
        as_of: view.as_of,
        known: view.known,
        zone: zone.name().to_owned(),
        week,
        period,
        cadence,
        definitions: listed(),
    }
}

/// Streams always; other dimensions where an intent is declared.
fn intent_table(view: &View<'_>) -> Vec<IntentRow> {
    let others = [Dimension::Theme, Dimension::Kind, Dimension::Horizon];
    let declared = others.into_iter().filter(|d| p2::intent(view, *d).is_some());
    // Below the floor no share is printed, here as little as by P1.
    let withheld = p1::floor(view, view.weeks.span(view.weeks.intent())).is_some();
    let row = |row: p2::Row| {
        let present: Vec<f64> =
            row.weekly.iter().flatten().copied().filter(|_| !withheld).collect();
        let observed = (!present.is_empty()).then_some(row.observed);
        let low = present.iter().copied().min_by(f64::total_cmp);
        let high = present.iter().copied().max_by(f64::total_cmp);
        let state = match (row.band, row.state, observed) {
            (.., None) if withheld => "too little was observed".to_owned(),
            (.., None) => "no attention observed".to_owned(),
            (None, ..) => "no intent declared".to_owned(),
            (_, Some(p2::State::Gap { weeks }), _) => {
                format!("outside the band in {weeks} of {} weeks", row.weekly.len())
            }
            (_, Some(p2::State::Persistent), _) => {
                format!("outside the band in {0} of {0} weeks", row.weekly.len())
            }
            _ => "within the band".to_owned(),
        };
        IntentRow {
            slice: row.slice,
            declared: row.band.map(|band| band.declared),
            band: row.band.map(|band| band.edges()),
            observed,
            weekly: low.zip(high),
            attribution: row.attribution.filter(|_| !withheld),
            state,
        }
    };
    std::iter::once(Dimension::Stream)
        .chain(declared)
        .flat_map(|dimension| p2::rows(view, dimension))
        .map(row)
        .filter(|row| row.slice.dimension != "stream" || view.in_scope(&row.slice.id))
        .filter(|row| !hides(view.data.vocabulary, p2::SIGNAL.id, &row.slice))
        .filter(|row| row.declared.is_some() || row.observed.is_some())
        .collect()
}

/// Decisions whose review date has passed without a later decision on the same subject.
fn due_reviews(view: &View<'_>) -> Vec<DueReview> {
    decisions(view)
        .filter(|decision| concerns(view, &decision.subject))
        .filter_map(|decision| {
            let expects = due(view, decision)?;
            let measure = view.data.outcomes.iter().find(|m| m.id == expects.measure);
            let name = measure.map_or(&expects.measure, |measure| &measure.name);
            let direction = expects.direction.word();
            Some(DueReview {
                decision: decision.id.clone(),
                subject: phrase(view.data, decision),
                verb: verb(decision.verb).to_owned(),
                expected: format!("{name} {direction}"),
                review_at: expects.review_at,
            })
        })
        .collect()
}

fn tally(findings: &[Finding]) -> Tally {
    let (mut tally, mut percent) = (Tally::default(), 0.0);
    for finding in findings.iter().filter(|finding| finding.tested) {
        tally.series += 1;
        percent += false_alarms_percent(finding.signal);
        match finding.verdict {
            Verdict::Usual => tally.usual += 1,
            Verdict::New { .. } => tally.new += 1,
            Verdict::Confirmed { .. } => tally.confirmed += 1,
            _ => {}
        }
    }
    // Rates have one decimal, and so has their sum.
    tally.expected_false_alarms = (percent * 10.0).round() / 1_000.0;
    tally
}

/// Of a hundred tested series of a signal, those that are confirmed although nothing happened.
#[must_use]
pub fn false_alarms_percent(signal: &str) -> f64 {
    let measured = FALSE_ALARMS_PERCENT.iter().find(|(id, _)| *id == signal);
    measured.map_or(FALSE_ALARMS_PERCENT_ELSE, |(_, percent)| *percent)
}
