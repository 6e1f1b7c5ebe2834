//! The story as a Jira site: four projects in normal form.

mod catalogue;

use crate::model::Timestamp;
use crate::sim::jira::records::{
    HistoryRecord, IssueRecord, ItemRecord, LinkRecord, Record, VersionRecord,
};

use super::Plan;
use super::cast::{EPICS, Home, TEAMS, VOUCHERS};
use super::flow::epic_created;
use super::links::Link;
use super::numbers::Numbers;
use super::releases::{PROJECTS, Trains};
use super::work::{Claim, Work};
use catalogue::{
    ANALYSING, BLOCKS, DONE, EPIC_TYPE, FLAGGED, FUNNEL, IMPLEMENTING, RESOLUTIONS, TYPES,
    catalogue, component_id, project_id, resolution, status,
};
pub(super) use catalogue::{status_name, type_name};

/// One change before it has an id.
struct Entry {
    issue: usize,
    at: Timestamp,
    items: Vec<ItemRecord>,
}

pub(super) fn records(
    plan: &Plan,
    works: &[Work],
    numbers: &Numbers,
    links: &[Link],
    trains: &Trains,
) -> Vec<Record> {
    let mut records = catalogue();
    let mut issues = Vec::new();
    let mut entries = Vec::new();
    for index in (0..EPICS.len()).filter(|index| plan.has(&EPICS[*index])) {
        if EPICS[index].line().project.is_some() {
            epic(plan, index, numbers, &mut issues, &mut entries);
        }
    }
    let mut place = vec![None; works.len()];
    for (index, work) in works.iter().enumerate() {
        if let Home::Jira(project, component) = TEAMS[work.team].home {
            place[index] = Some(issues.len());
            card(index, work, project, component, numbers, &mut issues, &mut entries);
        }
    }
    let ends = |work: usize| place[work].map(|issue| (issue, numbers.work(work).key.as_str()));
    for (n, link) in links.iter().enumerate() {
        if let (Some(waiting), Some(blocker)) = (ends(link.waiting), ends(link.blocker)) {
            tie(20_000 + n as u64, link.at, waiting, blocker, &mut issues, &mut entries);
        }
    }
    for (n, version) in trains.versions.iter().enumerate() {
        let id = 30_000 + n as u64;
        let state = if version.date.is_some() { "released" } else { "unreleased" };
        records.push(Record::Version(VersionRecord {
            id,
            name: version.name.clone(),
            project: project_id(version.project),
            state: Some(state.to_owned()),
            end: version.date.clone(),
        }));
        for (nth, work) in version.works.iter().enumerate() {
            let Some(issue) = place[*work] else { continue };
            issues[issue].fix_versions.push(id);
            let to = Some((id.to_string(), version.name.clone()));
            let items = vec![changed("Fix Version", Some("fixVersions"), None, to)];
            let at = version.cut.plus_millis(nth as i64 * 1000);
            entries.push(Entry { issue, at, items });
        }
    }
    write_histories(&mut issues, entries);
    issues.sort_by_key(|issue| issue.id);
    records.extend(issues.into_iter().map(|issue| Record::Issue(Box::new(issue))));
    records
}

fn epic(
    plan: &Plan,
    index: usize,
    numbers: &Numbers,
    issues: &mut Vec<IssueRecord>,
    entries: &mut Vec<Entry>,
) {
    let (cast, name) = (&EPICS[index], numbers.epic(index));
    let created = epic_created(&plan.calendar, index);
    let project = project_id(cast.line().project.unwrap_or_default());
    let mut issue = IssueRecord::new(name.id, &name.key, project, EPIC_TYPE, FUNNEL, created);
    cast.title.clone_into(&mut issue.summary);
    let mut from = (FUNNEL, "Funnel");
    for (at, id, status) in epic_states(plan, index) {
        let mut items = vec![changed(
            "status",
            Some("status"),
            Some((from.0.to_string(), from.1.to_owned())),
            Some((id.to_string(), status.to_owned())),
        )];
        if id == DONE {
            items.push(resolved(None, Some(10_000)));
            issue.resolution = Some(10_000);
            issue.resolved = Some(at);
        }
        entries.push(Entry { issue: issues.len(), at, items });
        from = (id, status);
        issue.status = id;
        issue.status_changed = Some(at);
    }
    issues.push(issue);
}

/// The epic's walk over the portfolio board, as far as it has happened: instant, status id, name.
pub(super) fn epic_states(plan: &Plan, index: usize) -> Vec<(Timestamp, u64, &'static str)> {
    let calendar = &plan.calendar;
    let cast = &EPICS[index];
    let from = cast.from.min(calendar.weeks());
    let day = (index % 5) as u64;
    let mut states = vec![
        (calendar.at_hour(from + 2, day, 11), ANALYSING, "Analysing"),
        (calendar.at_hour(from, 0, 7), IMPLEMENTING, "Implementing"),
    ];
    // One epic was left as it was when its people turned to the next one.
    let dormant = plan.planted && cast.title == super::planted::DORMANT;
    if cast.to > 0 && !dormant {
        states.push((calendar.at_hour(cast.to - 3, day, 15), DONE, "Done"));
    }
    states.retain(|(at, ..)| *at < calendar.now);
    states
}

fn card(
    index: usize,
    work: &Work,
    project: &'static str,
    component: &'static str,
    numbers: &Numbers,
    issues: &mut Vec<IssueRecord>,
    entries: &mut Vec<Entry>,
) {
    let name = numbers.work(index);
    let kind = type_name(work.kind);
    let kind = TYPES.iter().find(|(_, own, _)| *own == kind).map_or(10_105, |(id, ..)| *id);
    let mut issue = IssueRecord::new(
        name.id,
        &name.key,
        project_id(project),
        kind,
        status(work.state()),
        work.created,
    );
    issue.summary.clone_from(&work.title);
    issue.parent = work.epic.map(|epic| numbers.epic(epic).id);
    issue.priority = Some(2 + (index % 3) as u64);
    issue.components = match work.claim {
        Claim::Own => vec![component_id(project, component)],
        Claim::Vouchers => vec![component_id(project, VOUCHERS)],
        Claim::Contested => {
            vec![component_id(project, "Search"), component_id(project, "Itinerary")]
        }
        Claim::Unplaced => Vec::new(),
    };
    let at_issue = issues.len();
    let mut state = work.first;
    for step in &work.steps {
        let named = |state| Some((status(state).to_string(), status_name(state).to_owned()));
        let mut items = Vec::new();
        if status(state) != status(step.state) {
            items.push(changed("status", Some("status"), named(state), named(step.state)));
        }
        if resolution(state) != resolution(step.state) {
            items.push(resolved(resolution(state), resolution(step.state)));
        }
        entries.push(Entry { issue: at_issue, at: step.at, items });
        state = step.state;
        issue.status_changed = Some(step.at);
    }
    issue.resolution = resolution(state);
    issue.resolved = work.ended().or_else(|| issue.resolution.map(|_| work.created));
    for (at, on) in &work.flags {
        let impediment = || ("[10019]".to_owned(), "Impediment".to_owned());
        let (from, to) = if *on { (None, Some(impediment())) } else { (Some(impediment()), None) };
        let mut item = changed("Flagged", Some(FLAGGED), from, to);
        "custom".clone_into(&mut item.kind);
        entries.push(Entry { issue: at_issue, at: *at, items: vec![item] });
        issue.flagged = *on;
    }
    if let (Some((origin, at)), Some(old)) = (work.moved, &name.old_key) {
        let named = |key: &str| {
            let title = PROJECTS.iter().find(|(own, _)| *own == key).map_or("", |(_, name)| name);
            Some((project_id(key).to_string(), title.to_owned()))
        };
        let own = issue.components.first().map(|id| (id.to_string(), component.to_owned()));
        let key = |key: &str| Some((String::new(), key.to_owned()));
        let items = vec![
            changed("project", Some("project"), named(origin), named(project)),
            changed("Key", None, key(old), key(&name.key)),
            changed("Component", Some("components"), None, own),
        ];
        entries.push(Entry { issue: at_issue, at, items });
    }
    issues.push(issue);
}

/// Both ends of a blocking link.
fn tie(
    id: u64,
    at: Timestamp,
    (waiting, waiting_key): (usize, &str),
    (blocker, blocker_key): (usize, &str),
    issues: &mut [IssueRecord],
    entries: &mut Vec<Entry>,
) {
    let ids = (issues[waiting].id, issues[blocker].id);
    let link = |outward, issue, key: &str| LinkRecord {
        id,
        kind: BLOCKS,
        outward,
        issue,
        key: key.to_owned(),
    };
    issues[waiting].links.push(link(false, ids.1, blocker_key));
    issues[blocker].links.push(link(true, ids.0, waiting_key));
    let mut told = |issue, key: &str, phrase| {
        let to = Some((key.to_owned(), format!("This issue {phrase} {key}")));
        entries.push(Entry { issue, at, items: vec![changed("Link", None, None, to)] });
    };
    told(waiting, blocker_key, "is blocked by");
    told(blocker, waiting_key, "blocks");
}

fn changed(
    field: &str,
    id: Option<&str>,
    from: Option<(String, String)>,
    to: Option<(String, String)>,
) -> ItemRecord {
    let (from, from_string) = from.unzip();
    let (to, to_string) = to.unzip();
    ItemRecord {
        field: field.to_owned(),
        kind: "jira".to_owned(),
        field_id: id.map(str::to_owned),
        from,
        from_string,
        to,
        to_string,
    }
}

fn resolved(from: Option<u64>, to: Option<u64>) -> ItemRecord {
    let named = |id: Option<u64>| {
        let id = id?;
        let name = RESOLUTIONS.iter().find(|(own, _)| *own == id)?.1;
        Some((id.to_string(), name.to_owned()))
    };
    changed("resolution", Some("resolution"), named(from), named(to))
}

/// Gives ids in order of time and puts each change into its issue; changes of one issue never
/// share an instant.
fn write_histories(issues: &mut [IssueRecord], mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.items.is_empty());
    entries.sort_by_key(|entry| (entry.issue, entry.at));
    for at in 1..entries.len() {
        let before = (entries[at - 1].issue, entries[at - 1].at);
        if before.0 == entries[at].issue && entries[at].at <= before.1 {
            entries[at].at = before.1.plus_millis(1000);
        }
    }
    entries.sort_by_key(|entry| (entry.at, entry.issue));
    for (n, entry) in entries.into_iter().enumerate() {
        let issue = &mut issues[entry.issue];
        issue.updated = issue.updated.max(entry.at);
        let (id, created) = (100_000 + n as u64, entry.at);
        issue.histories.push(HistoryRecord { id, author: None, created, items: entry.items });
    }
}
