//! What statuses mean, by connection and project. Without a declaration the tracker's own
//! category decides; the name of a status never does.

use std::collections::{BTreeMap, BTreeSet};

use super::matcher::fold;
use crate::model::{Category, ConnectionId, Named};

/// What the portfolio file says a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    Proposed,
    Active,
    Waiting,
    /// Active, with the blocked overlay.
    Blocked,
    Done,
    Dropped,
}

impl Meaning {
    /// The lists of a `[[workflow]]` and what their statuses mean.
    pub(super) const LISTS: [(&'static str, Self); 6] = [
        ("proposed", Self::Proposed),
        ("active", Self::Active),
        ("waiting", Self::Waiting),
        ("blocked", Self::Blocked),
        ("done", Self::Done),
        ("dropped", Self::Dropped),
    ];

    pub(super) fn category(self) -> Category {
        match self {
            Self::Proposed => Category::Proposed,
            Self::Active | Self::Blocked => Category::Active,
            Self::Waiting => Category::Waiting,
            Self::Done => Category::Done,
            Self::Dropped => Category::Dropped,
        }
    }

    pub(super) fn is_started(self) -> bool {
        self.category().is_started()
    }
}

/// What ends an item on GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DoneWhen {
    Closed,
    /// The merge of a closing pull request; closing still ends what nothing was merged for.
    Merged,
}

/// Resolutions that mean "ended without delivery" unless a workflow lists them under `done`.
pub(super) const DISCARDED: [&str; 10] = [
    "won't do",
    "won't fix",
    "duplicate",
    "cannot reproduce",
    "declined",
    "incomplete",
    "invalid",
    "not a bug",
    "not a problem",
    "abandoned",
];

/// One `[[workflow]]` of the file. Names are folded, ids are as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Workflow {
    pub(super) connection: String,
    /// Folded; `None` for the whole connection.
    pub(super) project: Option<String>,
    pub(super) meanings: BTreeMap<String, Meaning>,
    pub(super) active_labels: BTreeSet<String>,
    pub(super) duplicates: BTreeSet<String>,
    pub(super) done_when: Option<DoneWhen>,
    /// Where it stands in the file, counted from 1.
    pub(super) line: usize,
}

/// Every workflow of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Workflows {
    pub(super) list: Vec<Workflow>,
}

/// The workflows in force for one item: its project's, then its connection's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    in_force: [Option<&'a Workflow>; 2],
}

impl Workflows {
    pub(super) fn of(&self, connection: &ConnectionId, project: &str) -> Scope<'_> {
        let mut in_force = [None, None];
        for workflow in self.list.iter().filter(|one| one.connection == connection.0) {
            match &workflow.project {
                Some(own) if own.eq_ignore_ascii_case(project) => in_force[0] = Some(workflow),
                Some(_) => {}
                None => in_force[1] = Some(workflow),
            }
        }
        Scope { in_force }
    }
}

impl<'a> Scope<'a> {
    fn each(self) -> impl Iterator<Item = &'a Workflow> {
        self.in_force.into_iter().flatten()
    }

    /// What a status means, and the line of the workflow that says so. The id is tried before the
    /// name.
    pub(super) fn meaning(self, id: &str, name: &str) -> Option<(Meaning, usize)> {
        self.each().next()?;
        let name = fold(name);
        self.each().find_map(|one| {
            let found = one.meanings.get(id).or_else(|| one.meanings.get(&*name));
            found.map(|meaning| (*meaning, one.line))
        })
    }

    /// Whether a resolution means "ended without delivery".
    pub(super) fn discards(self, resolution: &Named) -> bool {
        if self.duplicates(&resolution.id, &resolution.name) {
            return true;
        }
        match self.meaning(&resolution.id, &resolution.name) {
            Some((Meaning::Dropped, _)) => true,
            Some((Meaning::Done, _)) => false,
            _ => DISCARDED.contains(&&*fold(&resolution.name)),
        }
    }

    /// Whether a status or resolution means "the same as another item".
    pub(super) fn duplicates(self, id: &str, name: &str) -> bool {
        let name = fold(name);
        let mut declared = self.each().filter(|one| !one.duplicates.is_empty()).peekable();
        if declared.peek().is_none() {
            return name == "duplicate";
        }
        declared.any(|one| one.duplicates.contains(id) || one.duplicates.contains(&*name))
    }

    pub(super) fn is_active_label(self, label: &str) -> bool {
        let label = fold(label);
        self.each().any(|one| one.active_labels.contains(&*label))
    }

    pub(super) fn done_when(self) -> DoneWhen {
        self.each().find_map(|one| one.done_when).unwrap_or(DoneWhen::Closed)
    }

    /// Whether any status is declared as waiting or blocked.
    pub(super) fn sees_waiting(self) -> bool {
        self.each().any(|one| {
            one.meanings.values().any(|one| matches!(one, Meaning::Waiting | Meaning::Blocked))
        })
    }
}
