//! What a rule looks for in an item, and how specific it is.
//!
//! A rule is a set of criteria that must all hold. Its rank is the sum of their weights, so a rule
//! with an additional criterion always beats the same rule without it. The weights give this
//! order, most specific first:
//!
//! 1. one item (`item`)
//! 2. the children of one item (`parent`)
//! 3. component inside a project, then label inside a project or repository
//! 4. the tracker's team field (`team_field`)
//! 5. a project or repository alone
//! 6. a component alone, an issue type alone, a label alone
//! 7. every repository of an owner (`northwind/*`)
//! 8. a whole connection
//!
//! Names are compared without regard to case.

use std::borrow::Cow;

use super::problems::Span;
use super::reader::{Fields, Text};
use crate::model::TrackerKind;

/// What a criterion looks at. The order is from the most to the least selective, and decides
/// under which criterion a rule is indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aspect {
    Item,
    Parent,
    Component,
    Team,
    Label,
    IssueType,
    JiraProject,
    Repository,
    Owner,
    Connection,
}

impl Aspect {
    /// The keys of a matcher in the file, in the order in which a rule is written out.
    const KEYS: [(&'static str, Self); 8] = [
        ("item", Self::Item),
        ("parent", Self::Parent),
        ("jira", Self::JiraProject),
        ("team_field", Self::Team),
        ("component", Self::Component),
        ("issue_type", Self::IssueType),
        ("label", Self::Label),
        ("connection", Self::Connection),
    ];

    fn weight(self) -> u32 {
        match self {
            Self::Item => 800,
            Self::Parent => 400,
            Self::Team => 52,
            Self::JiraProject | Self::Repository => 48,
            Self::Component => 24,
            Self::IssueType => 14,
            Self::Label => 12,
            Self::Owner => 4,
            Self::Connection => 1,
        }
    }
}

/// One thing that must hold; the value is folded with [`fold`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Criterion {
    pub(super) aspect: Aspect,
    pub(super) value: String,
}

/// A set of criteria that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matcher {
    /// Sorted, never empty; the first one is the most selective.
    pub(super) criteria: Vec<Criterion>,
    pub(super) rank: u32,
    /// The rule in the file's own words.
    pub(super) written: String,
}

/// What the rules may look at in an item at one instant. All texts are folded.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) tracker: TrackerKind,
    pub(super) connection: Cow<'a, str>,
    pub(super) key: Cow<'a, str>,
    pub(super) project: Cow<'a, str>,
    pub(super) parent: Option<Cow<'a, str>>,
    /// Names and ids alike.
    pub(super) team: Vec<Cow<'a, str>>,
    /// Names and ids alike.
    pub(super) components: Vec<Cow<'a, str>>,
    /// Names and ids alike.
    pub(super) item_type: Vec<Cow<'a, str>>,
    pub(super) labels: Vec<Cow<'a, str>>,
}

impl Facts<'_> {
    /// The values that the item has in an aspect.
    pub(super) fn values(&self, aspect: Aspect, mut each: impl FnMut(&str)) {
        let github = self.tracker == TrackerKind::GitHub;
        match aspect {
            Aspect::Item => each(&self.key),
            Aspect::Parent => self.parent.iter().for_each(|parent| each(parent)),
            Aspect::Component => self.components.iter().for_each(|component| each(component)),
            Aspect::Team => self.team.iter().for_each(|team| each(team)),
            Aspect::Label => self.labels.iter().for_each(|label| each(label)),
            Aspect::IssueType => self.item_type.iter().for_each(|name| each(name)),
            Aspect::JiraProject if !github => each(&self.project),
            Aspect::Repository if github => each(&self.project),
            Aspect::Owner if github => {
                if let Some((owner, _)) = self.project.split_once('/') {
                    each(owner);
                }
            }
            Aspect::JiraProject | Aspect::Repository | Aspect::Owner => {}
            Aspect::Connection => each(&self.connection),
        }
    }

    fn has(&self, criterion: &Criterion) -> bool {
        let mut found = false;
        self.values(criterion.aspect, |value| found |= value == criterion.value);
        found
    }
}

impl Matcher {
    pub(super) fn matches(&self, facts: &Facts<'_>) -> bool {
        self.criteria.iter().all(|criterion| facts.has(criterion))
    }

    /// Takes the keys of a matcher out of `fields`. `None` after noting a problem.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut criteria = Vec::new();
        let mut written = Vec::new();
        for (key, aspect) in Aspect::KEYS {
            let Some(text) = fields.text(key) else { continue };
            if aspect == Aspect::JiraProject && !is_project_key(&text, fields) {
                return None;
            }
            written.push(format!("{key} = \"{}\"", text.value));
            criteria.push(Criterion { aspect, value: fold(text.value).into_owned() });
        }
        if let Some(text) = fields.text("github") {
            written.push(format!("github = \"{}\"", text.value));
            criteria.push(repository(&text, fields)?);
        }
        let span = fields.span.clone();
        Self::new(criteria, written.join(", "), fields, &span)
    }

    fn new(
        mut criteria: Vec<Criterion>,
        written: String,
        fields: &Fields<'_>,
        span: &Span,
    ) -> Option<Self> {
        let log = fields.cx.log;
        if criteria.is_empty() {
            log.add(
                span,
                "This rule looks for nothing, so it would match every item or none.",
                "Add at least one of `jira`, `github`, `component`, `label`, `team_field`, \
                 `issue_type`, `parent`, `item` or `connection`.",
            );
            return None;
        }
        let has = |aspect| criteria.iter().any(|one: &Criterion| one.aspect == aspect);
        let github = has(Aspect::Repository) || has(Aspect::Owner);
        let jira = [Aspect::JiraProject, Aspect::Component, Aspect::Team];
        if github && jira.into_iter().any(has) {
            log.add(
                span,
                "No item can match this rule: `jira`, `component` and `team_field` belong to \
                 Jira, `github` to GitHub.",
                "Write two rules, one for each tracker.",
            );
            return None;
        }
        criteria.sort();
        let rank = criteria.iter().map(|one| one.aspect.weight()).sum();
        Some(Self { criteria, rank, written })
    }
}

fn is_project_key(text: &Text<'_>, fields: &Fields<'_>) -> bool {
    let log = fields.cx.log;
    if text.value.contains('/') {
        log.add(
            &text.span,
            format!("`{}` is a repository, not a Jira project.", text.value),
            format!("Write `github = \"{}\"`.", text.value),
        );
        return false;
    }
    let is_item = text
        .value
        .rsplit_once('-')
        .is_some_and(|(_, digits)| digits.chars().all(|digit| digit.is_ascii_digit()));
    if is_item {
        log.add(
            &text.span,
            format!("`{}` is the key of an item, not of a Jira project.", text.value),
            "Write `item = ...` for the item itself, or `parent = ...` for what is below it.",
        );
    }
    !is_item
}

fn repository(text: &Text<'_>, fields: &Fields<'_>) -> Option<Criterion> {
    let parts = text.value.split_once('/');
    let well_formed = parts.filter(|(owner, name)| {
        !owner.is_empty() && !owner.contains('*') && !name.is_empty() && !name.contains('/')
    });
    match well_formed {
        Some((owner, "*")) => {
            Some(Criterion { aspect: Aspect::Owner, value: fold(owner).into_owned() })
        }
        Some((_, name)) if !name.contains('*') => {
            Some(Criterion { aspect: Aspect::Repository, value: fold(text.value).into_owned() })
        }
        _ => {
            fields.cx.log.add(
                &text.span,
                format!("`{}` is not a repository.", text.value),
                "Write `owner/repository`, or `owner/*` for all repositories of an owner.",
            );
            None
        }
    }
}

/// The form in which names are compared: lower case, with a plain apostrophe.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(text.to_lowercase().replace('\u{2019}', "'"));
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
