//! Explaining an item: the decision in sentences.

use crate::model::timeline::fold;
use crate::model::{Kind, Precision, States, Timestamp};

use super::Portfolio;
use super::decide::{Decision, Piece, StreamBy};
use super::epics::EpicIndex;
use super::explain::{ClockStart, ExplainedSegment, Explanation, MatchingRule};
use super::known::{Known, Statuses};
use super::place::start_before_data;
use super::placed::RuleRef;
use super::rules::Verdict;

impl Portfolio {
    /// The same decision as [`Portfolio::place`], told to a person. Items that take no part in the
    /// flow are told as well.
    #[must_use]
    pub fn explain(&self, item: &Known<'_>, epics: &EpicIndex, statuses: &Statuses) -> Explanation {
        let decision = self.decide(item, epics, statuses);
        let kind = decision.kinds.last().unwrap_or(&Verdict::Silent);
        Explanation {
            key: item.attributes.key.clone(),
            title: item.attributes.title.clone(),
            connection: item.id.connection.0.clone(),
            created_at: item.created_at,
            excluded: self.flows(item).err().map(|reason| reason.sentence().to_owned()),
            clock: decision.life.started().map(|phase| ClockStart {
                at: phase.from,
                precision: phase.precision,
                why: phase.meant.sentence(),
            }),
            segments: self.explained_segments(item, epics, &decision),
            kind: self.kind_of(kind),
            kind_why: self.kind_why(kind),
            rules: self.matching_rules(&decision),
            team_status: match decision.last().team {
                Verdict::Given(_) => "placed",
                Verdict::Contested(_) => "contested",
                Verdict::Silent => "unplaced",
            },
            notes: self.notes(item, &decision),
        }
    }

    fn explained_segments(
        &self,
        item: &Known<'_>,
        epics: &EpicIndex,
        decision: &Decision<'_>,
    ) -> Vec<ExplainedSegment> {
        let mut states = States::default();
        let events = self.events(decision, &mut states);
        let segments = fold(events, item.created_at, Timestamp::MAX).segments;
        let explained = segments.into_iter().filter_map(|segment| {
            let piece = decision.pieces.iter().find(|piece| piece.from == segment.from)?;
            let epic = segment.epic.and_then(|epic| epics.get(epic));
            Some(ExplainedSegment {
                from: segment.from,
                to: (segment.to != Timestamp::MAX).then_some(segment.to),
                category: segment.category,
                state: states.name(segment.state).to_owned(),
                blocked: segment.blocked,
                precision: segment.precision,
                state_why: piece.meant.sentence(),
                team: segment.team.map(|team| self.teams[team.0 as usize].id.clone()),
                team_why: self.team_why(item, decision, piece),
                stream: segment.stream.map(|stream| self.streams[stream.0 as usize].id.clone()),
                stream_why: stream_why(piece, epic.is_some_and(|epic| epic.stream_declared)),
                epic: epic.map(|epic| epic.id.clone()),
                epic_why: match epic {
                    Some(_) if decision.own.is_some() => {
                        "It is this epic, or a container below it."
                    }
                    Some(epic) if epic.declared => "Its parent leads to this declared epic.",
                    Some(_) => "Its parent holds it.",
                    None => "No parent of it is an epic.",
                }
                .to_owned(),
            })
        });
        explained.collect()
    }

    fn team_why(&self, item: &Known<'_>, decision: &Decision<'_>, piece: &Piece<'_>) -> String {
        match &piece.team {
            Verdict::Given(rule) => sentence("Claimed", &self.claim_ref(*rule)),
            Verdict::Contested(rules) => {
                let rivals: Vec<String> =
                    rules.iter().map(|rule| named(&self.claim_ref(*rule))).collect();
                format!("Contested: these rules match equally well: {}.", rivals.join("; "))
            }
            Verdict::Silent => {
                let slice = decision.past.at(piece.from);
                let mut facts = format!("project `{}`", slice.project);
                let components = slice.components.iter().map(|one| one.name.as_str());
                for (what, list) in [
                    ("components", components.collect::<Vec<_>>()),
                    ("labels", slice.labels.clone()),
                ] {
                    if !list.is_empty() {
                        facts.push_str(&format!(", {what} `{}`", list.join("`, `")));
                    }
                }
                format!("No rule matches connection `{}`, {facts}.", item.id.connection)
            }
        }
    }

    fn kind_why(&self, verdict: &Verdict) -> String {
        let name = |kind: &Kind| kind.as_str().to_owned();
        match verdict {
            Verdict::Given(rule) => {
                sentence("Classified", &self.rule_ref(&self.kinds, *rule, name))
            }
            Verdict::Contested(rules) => {
                let rivals =
                    rules.iter().map(|rule| named(&self.rule_ref(&self.kinds, *rule, name)));
                let rivals: Vec<String> = rivals.collect();
                format!("Unclassified, because these rules match equally: {}.", rivals.join("; "))
            }
            Verdict::Silent => "No `[[kind]]` matches its issue type or labels.".to_owned(),
        }
    }

    /// Every claim that ever matches, best first, with the periods in which it decides.
    fn matching_rules(&self, decision: &Decision<'_>) -> Vec<MatchingRule> {
        let mut rules: Vec<usize> = decision.claims.concat();
        rules.sort_unstable();
        rules.dedup();
        let decides = |rule: usize| {
            let mut periods: Vec<(Timestamp, Option<Timestamp>)> = Vec::new();
            for (at, piece) in decision.pieces.iter().enumerate() {
                if piece.team != Verdict::Given(rule) {
                    continue;
                }
                let end = decision.pieces.get(at + 1).map(|next| next.from);
                match periods.last_mut() {
                    Some((_, until)) if *until == Some(piece.from) => *until = end,
                    _ => periods.push((piece.from, end)),
                }
            }
            periods
        };
        rules
            .into_iter()
            .map(|rule| MatchingRule { rule: self.claim_ref(rule), decides: decides(rule) })
            .collect()
    }

    fn notes(&self, item: &Known<'_>, decision: &Decision<'_>) -> Vec<String> {
        let mut notes = Vec::new();
        if !item.history_complete {
            notes.push("The tracker did not give its whole history.".to_owned());
        }
        if self.placement_is_inferred(decision) {
            notes.push(
                "Part of the history of its labels, components, team or project is missing, so \
                 present values stand in for past ones."
                    .to_owned(),
            );
        }
        if start_before_data(item, decision) {
            notes.push(
                "It had started before the oldest known state, so it has no flow time.".to_owned(),
            );
        }
        for status in &decision.life.unknown {
            notes.push(format!(
                "The category of `{status}` is unknown; list it in a `[[workflow]]` of `{}`.",
                item.id.connection
            ));
        }
        for (precision, how) in [
            (
                Precision::Polled,
                "were noticed by a poll, so they happened at or before the instant",
            ),
            (Precision::Inferred, "are inferred from other facts"),
        ] {
            let count = decision.pieces.iter().filter(|one| one.precision == precision).count();
            if count > 0 {
                notes.push(format!("Instants of its story that {how}: {count}."));
            }
        }
        if !decision.relabelled.is_empty() {
            let count = decision.relabelled.len();
            notes.push(format!("Kind, theme or epic changed after work had started: {count}."));
        }
        notes
    }
}

fn stream_why(piece: &Piece<'_>, declared: bool) -> String {
    let why = match piece.stream {
        Some((_, StreamBy::Epic)) if declared => "The stream of its epic, which is declared.",
        Some((_, StreamBy::Epic)) => "The stream of its epic, which a rule gives.",
        Some((_, StreamBy::Team)) => "The home stream of its team.",
        None => "Neither an epic nor a team gives it a stream.",
    };
    why.to_owned()
}

fn sentence(done: &str, rule: &RuleRef) -> String {
    format!("{done} by `{}` ({}:{}).", rule.rule, rule.file, rule.line)
}

fn named(rule: &RuleRef) -> String {
    format!("`{}` of `{}` ({}:{})", rule.rule, rule.gives, rule.file, rule.line)
}
