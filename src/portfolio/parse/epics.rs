//! Themes, epics, the rules for epics' streams, and the states of the portfolio kanban.

use std::collections::BTreeMap;

use super::{Parsing, choose, id, refer, sort_by_id};
use crate::model::{Context, EpicState, Period, StreamIx};
use crate::portfolio::declared::{Alias, Epic, Outcome, Stream, Theme};
use crate::portfolio::matcher::fold;
use crate::portfolio::reader::{Fields, Text};
use crate::portfolio::rules::{Draft, Rule, RuleSet};

const CONTEXTS: [(&str, Context); 2] =
    [("product", Context::Product), ("one_off", Context::OneOff)];

const STATES: [(&str, EpicState); 7] = [
    ("funnel", EpicState::Funnel),
    ("reviewing", EpicState::Reviewing),
    ("analysing", EpicState::Analysing),
    ("ready", EpicState::Ready),
    ("implementing", EpicState::Implementing),
    ("done", EpicState::Done),
    ("rejected", EpicState::Rejected),
];

impl<'d> Parsing<'d> {
    pub(super) fn themes(&self, fields: &mut Fields<'d>) -> Vec<Theme> {
        let mut themes = Vec::new();
        for mut table in fields.tables("theme") {
            let id = id(&mut table);
            let name = table.text("name");
            table.finish();
            let Some(id) = id else { continue };
            let name = name.map_or(id.value, |name| name.value).to_owned();
            themes.push((id.span, Theme { id: id.value.to_owned(), name }));
        }
        sort_by_id(self.cx, "theme", themes, |theme| theme.id.clone())
    }

    pub(super) fn epics(
        &self,
        fields: &mut Fields<'d>,
        streams: &[Stream],
        themes: &[Theme],
        outcomes: &[Outcome],
    ) -> Vec<Epic> {
        let mut epics = Vec::new();
        for mut table in fields.tables("epic") {
            let key = table.need_text("ref");
            let owned = |text: Option<Text<'_>>| text.map(|text| text.value.to_owned());
            let stream = table.take("stream");
            let theme = table.text("theme").and_then(|name| self.theme(themes, &name));
            let outcome = table.text("outcome").filter(|name| self.outcome(outcomes, name));
            let context =
                table.text("context").and_then(|w| choose(self.cx, &w, "context", &CONTEXTS));
            let title = owned(table.text("title"));
            let horizon = owned(table.text("horizon"));
            let hypothesis = owned(table.text("hypothesis"));
            table.finish();
            // After a stream has ended its work is where its teams are.
            let within = |(period, ix): (Period, StreamIx)| {
                Some((period.intersect(&streams[ix.0 as usize].valid)?, ix))
            };
            let dated = stream.map(|value| self.dated_streams(&value, streams));
            let streams = dated.into_iter().flatten().filter_map(within).collect();
            let Some(key) = key else { continue };
            let epic = Epic {
                key: key.value.to_owned(),
                title,
                streams,
                theme,
                horizon,
                context: context.unwrap_or_default(),
                hypothesis,
                outcome: owned(outcome),
            };
            epics.push((key.span, epic));
        }
        sort_by_id(self.cx, "epic", epics, |epic| fold(&epic.key).into_owned())
    }

    fn theme(&self, themes: &[Theme], name: &Text<'_>) -> Option<usize> {
        refer(self.cx, "theme", themes, name, |theme| &theme.id)
    }

    fn outcome(&self, outcomes: &[Outcome], name: &Text<'_>) -> bool {
        refer(self.cx, "outcome", outcomes, name, |outcome| &outcome.measure.id).is_some()
    }

    pub(super) fn epic_rules(
        &self,
        fields: &mut Fields<'d>,
        streams: &[Stream],
    ) -> RuleSet<StreamIx> {
        let mut drafts = Vec::new();
        for mut table in fields.tables("epic_rule") {
            let stream = table.need_text("stream");
            let valid = table.period();
            let matcher = self.matcher(&mut table);
            let span = table.span.clone();
            table.finish();
            let stream = stream
                .and_then(|name| refer(self.cx, "stream", streams, &name, |stream| &stream.id));
            let (Some(stream), Some(matcher)) = (stream, matcher) else { continue };
            let Some(valid) = valid.intersect(&streams[stream].valid) else {
                self.cx.log.add(
                    &span,
                    "This rule is never valid, because the stream does not exist at that time.",
                    "Change `from` and `until` of the rule or of the stream.",
                );
                continue;
            };
            let gives = StreamIx(u32::try_from(stream).unwrap_or(u32::MAX));
            let line = self.line(&span);
            drafts.push(Draft { rule: Rule { matcher, valid, gives, line }, span });
        }
        let name = |stream: &StreamIx| streams[stream.0 as usize].id.clone();
        RuleSet::build(drafts, self.cx.log, name)
    }

    /// `[epic_states]`: which statuses (folded names, or ids) stand for a portfolio-kanban state.
    pub(super) fn epic_states(&self, fields: &mut Fields<'d>) -> BTreeMap<String, EpicState> {
        let mut states = BTreeMap::new();
        let Some(mut table) = fields.table("epic_states") else { return states };
        for (name, state) in STATES {
            for status in table.texts(name) {
                let old = states.insert(fold(status.value).into_owned(), state);
                if old.is_some_and(|old| old != state) {
                    self.cx.log.add(
                        &status.span,
                        format!("The status `{}` stands for two states.", status.value),
                        "Keep it in one list.",
                    );
                }
            }
        }
        table.finish();
        states
    }

    pub(super) fn aliases(&self, fields: &mut Fields<'d>) -> Vec<Alias> {
        let mut aliases = Vec::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for mut table in fields.tables("alias") {
            let items = table.texts("items");
            let span = table.span.clone();
            table.finish();
            if items.len() < 2 {
                self.cx.log.add(
                    &span,
                    "An alias says that items are the same work, so it needs at least two.",
                    "Write `items = [\"PAY-12\", \"northwind/checkout#12\"]`.",
                );
            }
            for item in &items {
                if let Some(line) = seen.insert(fold(item.value).into_owned(), self.line(&span)) {
                    self.cx.log.add(
                        &item.span,
                        format!("`{}` already has an alias on line {line}.", item.value),
                        "Name all items that are the same work in one alias.",
                    );
                }
            }
            let mut keys: Vec<String> = items.iter().map(|item| item.value.to_owned()).collect();
            keys.sort();
            aliases.push(Alias { keys });
        }
        aliases.sort_by(|a, b| a.keys.cmp(&b.keys));
        aliases
    }
}
