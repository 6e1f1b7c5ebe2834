//! Cards as the records of both trackers tell them.

use std::collections::BTreeMap;

use streamgauge::sim::github::records as github;
use streamgauge::sim::jira::records as jira;

use super::now;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stage {
    Proposed,
    Active,
    Waiting(&'static str),
    Ended(bool),
}

#[derive(Debug)]
pub(super) struct Card {
    pub(super) key: String,
    pub(super) team: String,
    pub(super) epic: Option<String>,
    pub(super) kind: String,
    /// From when on, and what.
    pub(super) stages: Vec<(i64, Stage)>,
    pub(super) blocked_by: Vec<(String, i64)>,
}

impl Card {
    pub(super) fn segments(&self, now: i64) -> impl Iterator<Item = (i64, i64, Stage)> + '_ {
        self.stages.iter().enumerate().map(move |(n, (from, stage))| {
            (*from, self.stages.get(n + 1).map_or(now, |(to, _)| *to), *stage)
        })
    }

    pub(super) fn delivered(&self) -> Option<i64> {
        let (at, stage) = self.stages.last()?;
        (*stage == Stage::Ended(true) && self.stages.len() > 1).then_some(*at)
    }

    pub(super) fn ended(&self) -> Option<i64> {
        self.stages.last().filter(|(_, s)| matches!(s, Stage::Ended(_))).map(|(at, _)| *at)
    }

    pub(super) fn started(&self) -> Option<i64> {
        let is = |s: &Stage| matches!(s, Stage::Active | Stage::Waiting(_));
        self.stages.iter().find(|(_, s)| is(s)).map(|(at, _)| *at)
    }
}

fn stage_of(status: &str, resolution: Option<&str>) -> Stage {
    match status {
        "Backlog" | "Ready" | "Todo" => Stage::Proposed,
        "In progress" => Stage::Active,
        "Blocked" => Stage::Waiting("Blocked"),
        "Ready for review" => Stage::Waiting("Ready for review"),
        "In review" => Stage::Waiting("In review"),
        "In testing" => Stage::Waiting("In testing"),
        "Done" => Stage::Ended(resolution == Some("Done")),
        other => panic!("unknown status {other}"),
    }
}

pub(super) fn jira_cards(records: &[jira::Record], places: &BTreeMap<String, String>) -> Vec<Card> {
    let (mut names, mut keys) = (BTreeMap::new(), BTreeMap::new());
    for record in records {
        match record {
            jira::Record::Component(c) => drop(names.insert(c.id, c.name.clone())),
            jira::Record::Issue(issue) => drop(keys.insert(issue.id, issue.key.clone())),
            jira::Record::IssueType(kind) => drop(names.insert(kind.id, kind.name.clone())),
            _ => {}
        }
    }
    let mut cards = Vec::new();
    for record in records {
        let jira::Record::Issue(issue) = record else { continue };
        let kind = names[&issue.kind].clone();
        let [component] = issue.components[..] else { continue };
        if kind == "Epic" {
            continue;
        }
        // The component that changed hands is far older than the weeks that are looked at.
        let place = match names[&component].as_str() {
            "Vouchers" => "Refunds",
            "Accounts" => "ID",
            own => own,
        };
        let (mut status, mut resolution) = (String::new(), None);
        let mut flagged = false;
        let mut stages = vec![(issue.created.millis(), Stage::Proposed)];
        let mut blocked_by = Vec::new();
        for history in &issue.histories {
            let at = history.created.millis();
            assert!(history.created < now() && history.created >= issue.created);
            for item in &history.items {
                match item.field.as_str() {
                    "status" => status = item.to_string.clone().unwrap(),
                    "resolution" => resolution = item.to_string.clone(),
                    "Flagged" => flagged = item.to.is_some(),
                    "Link" if item.to_string.as_ref().unwrap().contains("is blocked by") => {
                        blocked_by.push((item.to.clone().unwrap(), at));
                    }
                    _ => {}
                }
            }
            if !status.is_empty() {
                let stage = stage_of(&status, resolution.as_deref());
                let held = flagged && stage == Stage::Active;
                stages.push((at, if held { Stage::Waiting("Blocked") } else { stage }));
            }
        }
        let epic = issue.parent.map(|id| keys[&id].clone());
        let (key, team) = (issue.key.clone(), places[place].clone());
        stages.dedup_by_key(|(_, stage)| *stage);
        cards.push(Card { key, team, epic, kind, stages, blocked_by });
    }
    cards
}

pub(super) fn github_cards(
    records: &[github::Record],
    places: &BTreeMap<String, String>,
) -> Vec<Card> {
    let (mut repos, mut numbers) = (BTreeMap::new(), BTreeMap::new());
    for record in records {
        match record {
            github::Record::Repo(repo) => {
                repos.insert(repo.id, format!("{}/{}", repo.owner, repo.name));
            }
            github::Record::Issue(issue) => {
                numbers.insert(issue.id, format!("{}#{}", repos[&issue.repo], issue.number));
            }
            _ => {}
        }
    }
    let mut cards = Vec::new();
    for record in records {
        let github::Record::Issue(issue) = record else { continue };
        let Some(team) = places.get(&repos[&issue.repo]) else { continue };
        if issue.pr.is_some() {
            continue;
        }
        let mut stages = vec![(issue.created.millis(), Stage::Proposed)];
        let (mut epic, mut kind) = (None, String::new());
        for event in &issue.events {
            let at = event.created.millis();
            let detail = &event.detail;
            match event.event {
                github::EventKind::Closed => {
                    let done = detail.reason.as_deref() == Some("completed");
                    stages.push((at, Stage::Ended(done)));
                }
                github::EventKind::ParentIssueAdded => {
                    epic = Some(numbers[&detail.issue.unwrap()].clone());
                }
                github::EventKind::Labeled => kind = detail.label.clone().unwrap(),
                github::EventKind::ProjectV2ItemStatusChanged => match detail.to.as_deref() {
                    Some("Done") | None => {}
                    Some(status) => stages.push((at, stage_of(status, None))),
                },
                _ => {}
            }
        }
        let key = numbers[&issue.id].clone();
        let team = team.clone();
        stages.dedup_by_key(|(_, stage)| *stage);
        cards.push(Card { key, team, epic, kind, stages, blocked_by: Vec::new() });
    }
    cards
}
