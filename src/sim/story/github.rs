//! The story as a GitHub organisation: five repositories of teams, one of epics, two boards.

use crate::model::{Kind, Timestamp};
use crate::sim::github::records::{
    BoardRecord, EventDetail, EventKind, EventRecord, IssueRecord, LabelRecord, PullRecord, Record,
    ReleaseRecord, RepoRecord,
};

use super::Plan;
use super::cast::{EPICS, Home, TEAMS};
use super::flow::epic_created;
use super::jira::epic_states;
use super::numbers::{Numbers, ORGANISATION, ROADMAP, pull_opened};
use super::releases::Trains;
use super::work::{State, Work};

const DELIVERY: u64 = 9_100_001;
const PORTFOLIO: u64 = 9_100_002;
const LABELS: &[&str] = &["feature", "bug", "tech-debt", "spike", "security"];

pub(super) fn label(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Feature => Some("feature"),
        Kind::Defect => Some("bug"),
        Kind::Debt => Some("tech-debt"),
        Kind::Discovery => Some("spike"),
        Kind::Risk => Some("security"),
        Kind::Governance | Kind::Unclassified => None,
    }
}

/// The column of the delivery board. It has fewer than the story has states.
pub(super) fn column(state: State) -> &'static str {
    match state {
        State::Backlog | State::Ready => "Todo",
        State::Doing | State::Blocked => "In progress",
        State::ReadyForReview | State::Testing | State::InReview => "In review",
        State::Done | State::WontDo | State::Duplicate => "Done",
    }
}

fn repositories() -> impl Iterator<Item = &'static str> {
    let own = TEAMS.iter().filter_map(|team| match team.home {
        Home::GitHub(repo) => Some(repo),
        Home::Jira(..) => None,
    });
    own.chain([ROADMAP])
}

fn repo_id(name: &str) -> u64 {
    810_000_000 + 11 * repositories().position(|repo| repo == name).unwrap_or(0) as u64
}

fn label_id(repo: &str, label: &str) -> u64 {
    repo_id(repo) * 10 + LABELS.iter().position(|own| *own == label).unwrap_or(0) as u64
}

pub(super) fn records(
    plan: &Plan,
    works: &[Work],
    numbers: &Numbers,
    trains: &Trains,
) -> Vec<Record> {
    let mut records = catalogue(plan, trains);
    let mut issues = Vec::new();
    for index in (0..EPICS.len()).filter(|index| plan.has(&EPICS[*index])) {
        if EPICS[index].line().project.is_none() {
            issues.push(epic(plan, index, numbers));
        }
    }
    for (index, work) in works.iter().enumerate() {
        if let Home::GitHub(repo) = TEAMS[work.team].home {
            issues.push(card(index, work, repo, numbers));
            issues.extend(pull(index, work, repo, numbers));
        }
    }
    issues.sort_by_key(|issue| issue.id);
    let mut event = 5_000_000_000;
    for issue in &mut issues {
        finish(issue, &mut event);
    }
    records.extend(issues.into_iter().map(|issue| Record::Issue(Box::new(issue))));
    records
}

fn catalogue(plan: &Plan, trains: &Trains) -> Vec<Record> {
    let mut records = Vec::new();
    let created = plan.calendar.start().plus_days(-60);
    for repo in repositories() {
        records.push(Record::Repo(RepoRecord {
            id: repo_id(repo),
            owner: ORGANISATION.to_owned(),
            name: repo.to_owned(),
            created,
            archived: false,
        }));
        for (label, color) in LABELS.iter().zip(["0e8a16", "d73a4a", "fbca04", "5319e7", "b60205"])
        {
            records.push(Record::Label(LabelRecord {
                id: label_id(repo, label),
                repo: repo_id(repo),
                name: (*label).to_owned(),
                color: color.to_owned(),
            }));
        }
    }
    let board = |id, number, title: &str, statuses: &[&str]| {
        Record::Board(BoardRecord {
            id,
            owner: ORGANISATION.to_owned(),
            number,
            title: title.to_owned(),
            statuses: statuses.iter().map(|status| (*status).to_owned()).collect(),
        })
    };
    records.push(board(DELIVERY, 1, "Delivery", &["Todo", "In progress", "In review", "Done"]));
    let columns = ["Funnel", "Analysing", "Implementing", "Done"];
    records.push(board(PORTFOLIO, 2, "Portfolio", &columns));
    for (n, release) in trains.releases.iter().enumerate() {
        records.push(Record::Release(ReleaseRecord {
            id: 160_000_000 + n as u64,
            repo: repo_id(release.repo),
            tag: release.tag.clone(),
            published: Some(release.published),
            prerelease: false,
        }));
    }
    records
}

fn issue(id: u64, repo: &str, number: u64, title: &str, created: Timestamp) -> IssueRecord {
    IssueRecord {
        id,
        repo: repo_id(repo),
        number,
        title: title.to_owned(),
        created,
        updated: created,
        closed: None,
        reason: None,
        labels: Vec::new(),
        milestone: None,
        comments: 0,
        pr: None,
        events: Vec::new(),
        issue_type: None,
        parent: None,
        blocked_by: None,
        boards: None,
    }
}

fn epic(plan: &Plan, index: usize, numbers: &Numbers) -> IssueRecord {
    let name = numbers.epic(index);
    let created = epic_created(&plan.calendar, index);
    let mut issue = issue(name.id, ROADMAP, name.number, EPICS[index].title, created);
    add_to_board(&mut issue, PORTFOLIO, "Funnel", created);
    let mut from = "Funnel";
    for (at, _, to) in epic_states(plan, index) {
        on_board(&mut issue, at, PORTFOLIO, Some(from), to);
        from = to;
        if to == "Done" {
            close(&mut issue, at.plus_millis(-40_000), "completed", None);
        }
    }
    issue
}

fn card(index: usize, work: &Work, repo: &str, numbers: &Numbers) -> IssueRecord {
    let name = numbers.work(index);
    let mut issue = issue(name.id, repo, name.number, &work.title, work.created);
    if let Some(label) = label(work.kind) {
        issue.labels = vec![label_id(repo, label)];
        let detail = EventDetail { label: Some(label.to_owned()), ..EventDetail::default() };
        event(&mut issue, EventKind::Labeled, work.created.plus_millis(21_000), detail);
    }
    if let Some(epic) = work.epic {
        let detail = EventDetail { issue: Some(numbers.epic(epic).id), ..EventDetail::default() };
        event(&mut issue, EventKind::ParentIssueAdded, work.created.plus_millis(58_000), detail);
    }
    if !work.off_board {
        add_to_board(&mut issue, DELIVERY, "Todo", work.created.plus_millis(90_000));
    }
    let mut state = work.first;
    for step in &work.steps {
        let (from, to) = (column(state), column(step.state));
        if state.is_ended() && !step.state.is_ended() {
            let detail = EventDetail::default();
            event(&mut issue, EventKind::Reopened, step.at.plus_millis(-50_000), detail);
            issue.closed = None;
            issue.reason = Some("reopened".to_owned());
        }
        if !state.is_ended() && step.state.is_ended() {
            let (reason, pull) = match step.state {
                State::WontDo => ("not_planned", None),
                State::Duplicate => ("duplicate", None),
                _ => ("completed", numbers.pull(index).map(|pull| pull.id)),
            };
            close(&mut issue, step.at, reason, pull);
        }
        if from != to && !work.off_board {
            // The board follows a closing by its own automation, a little later.
            let lag = if step.state.is_ended() { 9_000 } else { 0 };
            on_board(&mut issue, step.at.plus_millis(lag), DELIVERY, Some(from), to);
        }
        state = step.state;
    }
    issue
}

/// The pull request that closes the card when merged.
fn pull(index: usize, work: &Work, repo: &str, numbers: &Numbers) -> Option<IssueRecord> {
    let (name, opened) = (numbers.pull(index)?, pull_opened(work)?);
    let title = format!("{} (#{})", work.title, numbers.work(index).number);
    let mut pull = issue(name.id, repo, name.number, &title, opened);
    // The first ending counts: what was reopened later is mended by another pull request.
    let done = work.steps.iter().find(|step| step.state.is_ended());
    let merged = done.filter(|step| step.state == State::Done);
    let merged = merged.map(|step| step.at.plus_millis(-4_000));
    if let Some(at) = merged {
        event(&mut pull, EventKind::Other("merged".to_owned()), at, EventDetail::default());
    }
    if let Some(step) = done {
        let at = step.at.plus_millis(-3_000);
        event(&mut pull, EventKind::Closed, at, EventDetail::default());
        pull.closed = Some(at);
    }
    pull.pr = Some(PullRecord {
        merged,
        draft: false,
        base: Some("main".to_owned()),
        closes: vec![numbers.work(index).id],
    });
    Some(pull)
}

fn event(issue: &mut IssueRecord, kind: EventKind, at: Timestamp, detail: EventDetail) {
    issue.events.push(EventRecord::new(kind, at, detail));
}

fn close(issue: &mut IssueRecord, at: Timestamp, reason: &str, pull: Option<u64>) {
    let detail =
        EventDetail { reason: Some(reason.to_owned()), issue: pull, ..EventDetail::default() };
    event(issue, EventKind::Closed, at, detail);
    issue.closed = Some(at);
    issue.reason = Some(reason.to_owned());
}

fn add_to_board(issue: &mut IssueRecord, board: u64, status: &str, at: Timestamp) {
    let detail = EventDetail { board: Some(board), ..EventDetail::default() };
    event(issue, EventKind::AddedToProjectV2, at, detail);
    on_board(issue, at.plus_millis(1_000), board, None, status);
}

fn on_board(issue: &mut IssueRecord, at: Timestamp, board: u64, from: Option<&str>, to: &str) {
    let detail = EventDetail {
        board: Some(board),
        from: from.map(str::to_owned),
        to: Some(to.to_owned()),
        ..EventDetail::default()
    };
    event(issue, EventKind::ProjectV2ItemStatusChanged, at, detail);
}

/// Sorts the events, keeps their instants apart, and gives them ids.
fn finish(issue: &mut IssueRecord, id: &mut u64) {
    issue.events.sort_by_key(|event| event.created);
    let mut last = issue.created;
    for event in &mut issue.events {
        event.created = event.created.max(last.plus_millis(1000));
        last = event.created;
        *id += 3;
        event.id = *id;
    }
    issue.updated = issue.updated.max(last);
}
