//! What statuses mean, and which items are of which kind.

use std::collections::{BTreeMap, BTreeSet};

use super::{Parsing, choose};
use crate::model::{Kind, Period};
use crate::portfolio::matcher::{Matcher, fold};
use crate::portfolio::reader::{Fields, Text};
use crate::portfolio::rules::{Draft, Rule, RuleSet};
use crate::portfolio::workflow::{DoneWhen, Meaning, Workflow, Workflows};

const ENDS: [(&str, DoneWhen); 2] = [("closed", DoneWhen::Closed), ("merged", DoneWhen::Merged)];

const KINDS: [(&str, Kind); 6] = [
    ("feature", Kind::Feature),
    ("defect", Kind::Defect),
    ("risk", Kind::Risk),
    ("debt", Kind::Debt),
    ("discovery", Kind::Discovery),
    ("governance", Kind::Governance),
];

impl<'d> Parsing<'d> {
    pub(super) fn workflows(&self, fields: &mut Fields<'d>) -> Workflows {
        let mut list: Vec<Workflow> = Vec::new();
        for mut table in fields.tables("workflow") {
            let connection = table.need_text("connection");
            let project = table.text("project").map(|name| fold(name.value).into_owned());
            let meanings = self.meanings(&mut table);
            let active_labels = folded(table.texts("active_labels"));
            let duplicates = folded(table.texts("duplicates"));
            let done_when =
                table.text("done_when").and_then(|word| choose(self.cx, &word, "done_when", &ENDS));
            let span = table.span.clone();
            table.finish();
            let Some(connection) = connection else { continue };
            let connection = connection.value.to_owned();
            let line = self.line(&span);
            let twin = list
                .iter()
                .find(|other| other.connection == connection && other.project == project);
            if let Some(twin) = twin {
                self.cx.log.add(
                    &span,
                    format!("Line {} declares the same workflow.", twin.line),
                    "Join the two, or give one of them another `project`.",
                );
            }
            list.push(Workflow {
                connection,
                project,
                meanings,
                active_labels,
                duplicates,
                done_when,
                line,
            });
        }
        Workflows { list }
    }

    fn meanings(&self, table: &mut Fields<'d>) -> BTreeMap<String, Meaning> {
        let mut meanings = BTreeMap::new();
        for (list, meaning) in Meaning::LISTS {
            for status in table.texts(list) {
                let old = meanings.insert(fold(status.value).into_owned(), meaning);
                if old.is_some_and(|old| old != meaning) {
                    self.cx.log.add(
                        &status.span,
                        format!("The status `{}` stands in two lists.", status.value),
                        "Keep it in the one that says what it means.",
                    );
                }
            }
        }
        meanings
    }

    pub(super) fn kinds(&self, fields: &mut Fields<'d>) -> RuleSet<Kind> {
        let mut drafts = Vec::new();
        for mut table in fields.tables("kind") {
            let kind = table.need_text("is").and_then(|w| choose(self.cx, &w, "kind", &KINDS));
            let matcher = self.matcher(&mut table);
            let span = table.span.clone();
            table.finish();
            let (Some(kind), Some(matcher)) = (kind, matcher) else { continue };
            let line = self.line(&span);
            drafts.push(Draft {
                rule: Rule { matcher, valid: Period::ALWAYS, gives: kind, line },
                span,
            });
        }
        RuleSet::build(drafts, self.cx.log, |kind| kind.as_str().to_owned())
    }

    /// The table `match = { ... }`.
    pub(super) fn matcher(&self, table: &mut Fields<'d>) -> Option<Matcher> {
        if !table.has("match") {
            table.missing("match");
        }
        let mut criteria = table.table("match")?;
        let matcher = Matcher::read(&mut criteria);
        criteria.finish();
        matcher
    }
}

fn folded(texts: Vec<Text<'_>>) -> BTreeSet<String> {
    texts.into_iter().map(|text| fold(text.value).into_owned()).collect()
}
