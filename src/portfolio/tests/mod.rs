//! Items as short stories, placed by small portfolio files.

mod epics;
mod github;
mod jira;
mod properties;
mod teams;

use crate::model::{
    Attributes, Category, Change, ClosingPull, ConnectionId, ItemId, ItemRef, Level, Named,
    Precision, States, StatusEntry, Timestamp, TrackerKind, What,
};

use super::{EpicIndex, Explanation, Known, Placed, Portfolio, Statuses, TeamStatus};

/// `03-05`, or `03-05 12:00`, of 2026, UTC.
fn on(text: &str) -> Timestamp {
    let (day, time) = text.split_once(' ').unwrap_or((text, "00:00"));
    Timestamp::parse(&format!("2026-{day}T{time}:00Z")).unwrap()
}

fn portfolio(text: &str) -> Portfolio {
    Portfolio::parse(text, "portfolio.toml").unwrap_or_else(|problems| panic!("{problems}"))
}

/// Statuses as a Jira site lists them. `9` is not listed: it was deleted.
fn statuses() -> Statuses {
    let entry = |id: &str, name: &str, category: &str| StatusEntry {
        status: Named::new(id, name),
        category: category.to_owned(),
    };
    let list = [
        entry("1", "To Do", "new"),
        entry("2", "Doing", "indeterminate"),
        entry("3", "Review", "indeterminate"),
        entry("4", "Done", "done"),
        entry("5", "Blocked", "indeterminate"),
        entry("6", "Odd", "undefined"),
    ];
    Statuses::new([(&ConnectionId("jira".into()), list.as_slice())])
}

fn status(id: &str) -> Named {
    let name = match id {
        "1" => "To Do",
        "2" => "Doing",
        "3" => "Review",
        "4" => "Done",
        "5" => "Blocked",
        "6" => "Odd",
        _ => "Deleted",
    };
    Named::new(id, name)
}

/// An item under construction.
#[derive(Clone, Debug)]
struct Story {
    id: ItemId,
    tracker: TrackerKind,
    created_at: Timestamp,
    updated_at: Timestamp,
    attributes: Attributes,
    history: Vec<Change>,
    complete: bool,
}

impl Story {
    /// A Jira item of project PAY in `To Do`.
    fn jira(key: &str, created: &str) -> Self {
        let mut story = Self::new("jira", TrackerKind::Jira, key, created);
        story.attributes.project = key.split_once('-').unwrap().0.to_owned();
        story.attributes.status = status("1");
        story
    }

    /// An open issue of `northwind/checkout`.
    fn github(number: u32, created: &str) -> Self {
        let key = format!("northwind/checkout#{number}");
        let mut story = Self::new("github", TrackerKind::GitHub, &key, created);
        story.attributes.project = "northwind/checkout".to_owned();
        story.attributes.status = Named::new("open", "open");
        story
    }

    fn new(connection: &str, tracker: TrackerKind, key: &str, created: &str) -> Self {
        let created_at = on(created);
        Self {
            id: ItemId { connection: ConnectionId(connection.into()), source: format!("id-{key}") },
            tracker,
            created_at,
            updated_at: created_at,
            attributes: Attributes { key: key.to_owned(), ..Attributes::default() },
            history: Vec::new(),
            complete: true,
        }
    }

    fn said(mut self, at: &str, what: What) -> Self {
        self.push(on(at), what);
        self
    }

    fn push(&mut self, at: Timestamp, what: What) {
        let id = self.history.len().to_string();
        self.history.push(Change { id, at, what, precision: Precision::Exact });
        self.updated_at = self.updated_at.max(at);
    }

    /// Moves a Jira item to a status.
    fn to(mut self, at: &str, id: &str) -> Self {
        let from = std::mem::replace(&mut self.attributes.status, status(id));
        self.said(at, What::Status { from, to: status(id) })
    }

    /// Sets the resolution of a Jira item.
    fn resolved(mut self, at: &str, name: &str) -> Self {
        let to = Some(Named::new("r", name));
        let from = std::mem::replace(&mut self.attributes.resolution, to.clone());
        self.said(at, What::Resolution { from, to })
    }

    fn flagged(mut self, at: &str, on: bool) -> Self {
        self.attributes.flagged = on;
        self.said(at, What::Flagged { on })
    }

    fn labelled(mut self, at: &str, label: &str) -> Self {
        self.attributes.labels.push(label.to_owned());
        self.said(at, What::Labels { added: vec![label.to_owned()], removed: Vec::new() })
    }

    fn unlabelled(mut self, at: &str, label: &str) -> Self {
        self.attributes.labels.retain(|one| one != label);
        self.said(at, What::Labels { added: Vec::new(), removed: vec![label.to_owned()] })
    }

    /// Has a component from creation on.
    fn component(mut self, name: &str) -> Self {
        self.attributes.components.push(Named::new(format!("c-{name}"), name));
        self
    }

    /// Changes its only component.
    fn recomponent(mut self, at: &str, name: &str) -> Self {
        let added = vec![Named::new(format!("c-{name}"), name)];
        let removed = std::mem::replace(&mut self.attributes.components, added.clone());
        self.said(at, What::Components { added, removed })
    }

    fn typed(mut self, name: &str) -> Self {
        self.attributes.item_type = Some(Named::new(format!("t-{name}"), name));
        self
    }

    fn level(mut self, level: Level) -> Self {
        self.attributes.level = level;
        self
    }

    /// Has a parent, known by id, from creation on.
    fn below(mut self, parent: &Self) -> Self {
        self.attributes.parent =
            Some(ItemRef { source: Some(parent.id.source.clone()), key: None });
        self
    }

    fn board(self, at: &str, option: &str) -> Self {
        let to = Some(option.to_owned());
        self.said(at, What::Board { board: "Board".to_owned(), from: None, to })
    }

    fn closed(mut self, at: &str, reason: Option<&str>) -> Self {
        self.attributes.status = Named::new("closed", "closed");
        self.attributes.resolution = reason.map(|reason| Named::new(reason, reason));
        self.said(at, What::Closed { reason: reason.map(str::to_owned) })
    }

    fn reopened(mut self, at: &str) -> Self {
        self.attributes.status = Named::new("open", "open");
        self.said(at, What::Reopened)
    }

    fn pull(mut self, opened: &str, merged: Option<&str>) -> Self {
        let id = format!("pull-{}", self.attributes.closing_pulls.len());
        let merged_at = merged.map(on);
        let created_at = on(opened);
        self.attributes.closing_pulls.push(ClosingPull { id: id.clone(), created_at, merged_at });
        self.push(created_at, What::PullOpened { id });
        self
    }

    fn known(&self) -> Known<'_> {
        Known {
            id: &self.id,
            tracker: self.tracker,
            created_at: self.created_at,
            updated_at: self.updated_at,
            attributes: &self.attributes,
            history: &self.history,
            history_complete: self.complete,
        }
    }
}

/// An item placed and explained.
struct Seen {
    placed: Placed,
    states: States,
    told: Explanation,
}

fn see(portfolio: &Portfolio, story: &Story) -> Seen {
    see_below(portfolio, story, &EpicIndex::default())
}

fn see_below(portfolio: &Portfolio, story: &Story, epics: &EpicIndex) -> Seen {
    let mut states = States::default();
    let placed = portfolio.place(&story.known(), epics, &statuses(), &mut states);
    let told = portfolio.explain(&story.known(), epics, &statuses());
    Seen { placed, states, told }
}

impl Seen {
    /// The segments in a line each: `03-02 00:00 active Doing @checkout /payments ^PAY-100`.
    fn lines(&self, portfolio: &Portfolio, epics: &EpicIndex) -> Vec<String> {
        let line = |segment: &crate::model::FlowSegment| {
            let at = segment.from.to_utc().format("%m-%d %H:%M");
            let category = format!("{:?}", segment.flow()).to_lowercase();
            let mut line = format!("{at} {category} {}", self.states.name(segment.state));
            if let Some(team) = segment.team {
                line.push_str(&format!(" @{}", portfolio.teams()[team.0 as usize].id));
            }
            if let Some(stream) = segment.stream {
                line.push_str(&format!(" /{}", portfolio.streams()[stream.0 as usize].id));
            }
            if let Some(epic) = segment.epic {
                line.push_str(&format!(" ^{}", epics.get(epic).unwrap().id));
            }
            line
        };
        self.placed.segments.iter().map(line).collect()
    }

    fn categories(&self) -> Vec<(Timestamp, Category)> {
        self.placed.segments.iter().map(|one| (one.from, one.flow())).collect()
    }

    fn contested_lines(&self) -> Vec<usize> {
        let TeamStatus::Contested { rules } = &self.placed.team_status else { return Vec::new() };
        rules.iter().map(|rule| rule.line).collect()
    }
}

/// Places a story by a portfolio file and compares its segments.
#[track_caller]
fn check(file: &str, story: &Story, expected: &[&str]) -> Seen {
    let portfolio = portfolio(file);
    let seen = see(&portfolio, story);
    assert_eq!(seen.lines(&portfolio, &EpicIndex::default()), expected);
    seen
}
