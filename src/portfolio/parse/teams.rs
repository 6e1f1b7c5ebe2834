//! Value streams, teams and the claims of teams.

use super::{Parsing, choose, id, refer, sort_by_id};
use crate::model::{Period, StreamIx, StreamKind, TeamIx, Timestamp};
use crate::portfolio::declared::{Stream, Team};
use crate::portfolio::matcher::Matcher;
use crate::portfolio::problems::Span;
use crate::portfolio::reader::{Fields, Text, Value};
use crate::portfolio::rules::{Draft, Rule, RuleSet};

const STREAM_KINDS: [(&str, StreamKind); 2] =
    [("customer", StreamKind::Customer), ("enabling", StreamKind::Enabling)];

/// A team before the teams are sorted, with its claims.
struct TeamDraft<'d> {
    team: Team,
    claims: Vec<Fields<'d>>,
}

impl<'d> Parsing<'d> {
    pub(super) fn streams(&self, fields: &mut Fields<'d>) -> Vec<Stream> {
        let mut streams = Vec::new();
        for mut table in fields.tables("stream") {
            let id = id(&mut table);
            let name = table.text("name");
            let kind = table.text("kind").and_then(|w| choose(self.cx, &w, "kind", &STREAM_KINDS));
            let publish = table.flag("publish");
            let valid = table.period();
            table.finish();
            let Some(id) = id else { continue };
            let name = name.map_or(id.value, |name| name.value).to_owned();
            let kind = kind.unwrap_or_default();
            streams.push((id.span, Stream { id: id.value.to_owned(), name, kind, publish, valid }));
        }
        sort_by_id(self.cx, "stream", streams, |stream| stream.id.clone())
    }

    pub(super) fn teams(
        &self,
        fields: &mut Fields<'d>,
        streams: &[Stream],
    ) -> (Vec<Team>, RuleSet<TeamIx>) {
        let mut drafts = Vec::new();
        for mut table in fields.tables("team") {
            let id = id(&mut table);
            let name = table.text("name");
            let valid = table.period();
            let home = self.home(&mut table, streams, valid);
            let weight = self.weight(&mut table);
            let claims = table.tables("claims");
            table.finish();
            let Some(id) = id else { continue };
            let name = name.map_or(id.value, |name| name.value).to_owned();
            let team = Team { id: id.value.to_owned(), name, home, weight, valid };
            drafts.push((id.span, TeamDraft { team, claims }));
        }
        let drafts = sort_by_id(self.cx, "team", drafts, |draft| draft.team.id.clone());
        let mut teams = Vec::with_capacity(drafts.len());
        let mut rules = Vec::new();
        for (at, draft) in drafts.into_iter().enumerate() {
            let team = TeamIx(u32::try_from(at).unwrap_or(u32::MAX));
            for claim in draft.claims {
                rules.extend(self.claim(claim, team, draft.team.valid));
            }
            teams.push(draft.team);
        }
        let names: Vec<String> = teams.iter().map(|team| team.id.clone()).collect();
        let rules = RuleSet::build(rules, self.cx.log, |team| names[team.0 as usize].clone());
        (teams, rules)
    }

    fn claim(&self, mut claim: Fields<'d>, team: TeamIx, life: Period) -> Option<Draft<TeamIx>> {
        let valid = claim.period();
        let matcher = Matcher::read(&mut claim);
        let span = claim.span.clone();
        claim.finish();
        let Some(valid) = valid.intersect(&life) else {
            self.cx.log.add(
                &span,
                "This claim is never valid, because the team does not exist at that time.",
                "Change `from` and `until` of the claim or of the team.",
            );
            return None;
        };
        let line = self.line(&span);
        Some(Draft { rule: Rule { matcher: matcher?, valid, gives: team, line }, span })
    }

    /// `stream = "payments"`, or a list of `{ id, from, until }` for a team that moved.
    fn home(
        &self,
        table: &mut Fields<'d>,
        streams: &[Stream],
        life: Period,
    ) -> Vec<(Period, StreamIx)> {
        let Some(value) = table.take("stream") else {
            table.missing("stream");
            return Vec::new();
        };
        let home = self.dated_streams(&value, streams);
        let mut lived = Vec::with_capacity(home.len());
        for (period, ix) in home {
            let stream = &streams[ix.0 as usize];
            let Some(period) = period.intersect(&life) else { continue };
            if period.to > stream.valid.to {
                self.cx.log.add(
                    &value.span,
                    format!("The team stays in stream `{}` after that has ended.", stream.id),
                    "Re-home the team with a dated list, or end it with `until`.",
                );
            }
            lived.extend(period.intersect(&stream.valid).map(|period| (period, ix)));
        }
        lived
    }

    /// A stream by id, or a dated list of them; sorted and free of overlaps.
    pub(super) fn dated_streams(
        &self,
        value: &Value<'d>,
        streams: &[Stream],
    ) -> Vec<(Period, StreamIx)> {
        let refer = |name: &Text<'_>| {
            let at = refer(self.cx, "stream", streams, name, |stream| &stream.id)?;
            Some(StreamIx(u32::try_from(at).unwrap_or(u32::MAX)))
        };
        if value.value.is_str() {
            let name = value.text(self.cx, "stream");
            return name
                .and_then(|name| refer(&name))
                .map(|ix| (Period::ALWAYS, ix))
                .into_iter()
                .collect();
        }
        let mut dated = Vec::new();
        for mut entry in value.tables(self.cx, "stream") {
            let name = entry.need_text("id");
            let period = entry.period();
            let span = entry.span.clone();
            entry.finish();
            dated.extend(name.and_then(|name| refer(&name)).map(|ix| (span, period, ix)));
        }
        self.in_turn("stream", dated)
    }

    /// `weight = 1.5`, or a list of `{ value, from, until }`.
    fn weight(&self, table: &mut Fields<'d>) -> Vec<(Period, f64)> {
        let Some(value) = table.take("weight") else { return Vec::new() };
        if !value.value.is_array() {
            let weight = value.number(self.cx, "weight");
            let weight = weight.filter(|weight| self.positive(*weight, &value.span));
            return weight.map(|weight| (Period::ALWAYS, weight)).into_iter().collect();
        }
        let mut dated = Vec::new();
        for mut entry in value.tables(self.cx, "weight") {
            if !entry.has("value") {
                entry.missing("value");
            }
            let number = entry.number("value");
            let period = entry.period();
            let span = entry.span.clone();
            entry.finish();
            let number = number.filter(|(number, span)| self.positive(*number, span));
            dated.extend(number.map(|(number, _)| (span, period, number)));
        }
        self.in_turn("weight", dated)
    }

    fn positive(&self, weight: f64, span: &Span) -> bool {
        if weight > 0.0 {
            return true;
        }
        self.cx.log.add(
            span,
            format!("A weight of {weight} funds nothing."),
            "Give a number above 0, or end the team with `until`.",
        );
        false
    }

    /// Sorts dated entries. An entry without `until` ends where the next one begins; other
    /// overlaps are noted.
    fn in_turn<T>(&self, what: &str, mut dated: Vec<(Span, Period, T)>) -> Vec<(Period, T)> {
        dated.sort_by_key(|(_, period, _)| *period);
        let starts: Vec<Timestamp> = dated.iter().map(|(_, period, _)| period.from).collect();
        let mut turns = Vec::with_capacity(dated.len());
        for (at, (span, mut period, entry)) in dated.into_iter().enumerate() {
            if let Some(next) = starts.get(at + 1).copied() {
                if period.to == Timestamp::MAX && next > period.from {
                    period.to = next;
                }
                if next < period.to {
                    self.cx.log.add(
                        &span,
                        format!("This {what} overlaps with the next one in the list."),
                        "Let `until` of one be `from` of the other.",
                    );
                }
            }
            turns.push((period, entry));
        }
        turns
    }
}
