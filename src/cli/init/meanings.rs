//! What statuses and issue types could mean. A name never decides: names that suggest something
//! are offered as comments, with the category that the tracker gives them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Found;
use super::draft::live;
use super::text::{comment, count, list, names, plain, quoted};
use crate::model::{Level, StatusEntry};
use crate::trackers::ProjectEntry;

const WAITING: [&str; 12] = [
    "review",
    "wait",
    "hold",
    "ready",
    "queue",
    "pending",
    "approv",
    "verif",
    "qa",
    "to test",
    "paused",
    "to deploy",
];
const BLOCKED: [&str; 3] = ["block", "impede", "stuck"];

/// Suggested kinds by the usual names of issue types.
const KINDS: [(&str, &str); 10] = [
    ("Story", "feature"),
    ("Feature", "feature"),
    ("New Feature", "feature"),
    ("Improvement", "feature"),
    ("Spike", "discovery"),
    ("Technical task", "debt"),
    ("Technical debt", "debt"),
    ("Risk", "risk"),
    ("Incident", "defect"),
    ("Vulnerability", "risk"),
];

pub(super) fn workflows(out: &mut String, found: &[Found]) {
    for (at, one) in found.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if one.plan.is_github() {
            boards(out, one);
        } else {
            categories(out, one);
        }
    }
}

fn categories(out: &mut String, found: &Found) {
    comment(
        out,
        &format!(
            "{}: the category that the tracker gives a status decides: to do, in progress, done. A \
             workflow overrides it; none is switched on here, because a name alone decides nothing.",
            found.plan.id
        ),
    );
    // Projects that share a workflow are told together.
    let mut alike: BTreeMap<&[StatusEntry], Vec<&ProjectEntry>> = BTreeMap::new();
    for project in live(found).filter(|project| !project.statuses.is_empty()) {
        alike.entry(&project.statuses).or_default().push(project);
    }
    let mut groups: Vec<_> = alike.into_iter().collect();
    groups.sort_by(|a, b| a.1[0].key.cmp(&b.1[0].key));
    let several = groups.len() > 1;
    for (statuses, projects) in groups {
        let keys: Vec<String> = projects.iter().map(|project| project.key.clone()).collect();
        out.push('\n');
        comment(out, &format!("{}: {}.", names(&keys, 12), by_category(statuses)));
        let waiting = candidates(statuses, &WAITING);
        let blocked = candidates(statuses, &BLOCKED);
        let waiting: Vec<_> = waiting.into_iter().filter(|one| !blocked.contains(one)).collect();
        if waiting.is_empty() && blocked.is_empty() {
            continue;
        }
        for status in blocked.iter().chain(&waiting) {
            comment(out, &suggestion(status));
        }
        for key in keys.iter().take(if several { keys.len() } else { 1 }) {
            let _ = writeln!(out, "#[[workflow]]\n#connection = {}", quoted(found.plan.id));
            if several {
                let _ = writeln!(out, "#project = {}", quoted(key));
            }
            for (meaning, statuses) in [("waiting", &waiting), ("blocked", &blocked)] {
                if !statuses.is_empty() {
                    let names = statuses.iter().map(|one| &one.status.name);
                    let _ = writeln!(out, "#{meaning} = {}", list(names));
                }
            }
        }
    }
}

/// `to do: Backlog; in progress: Doing, In review; done: Done`.
fn by_category(statuses: &[StatusEntry]) -> String {
    let groups = [("new", "to do"), ("indeterminate", "in progress"), ("done", "done")];
    let known = |category: &str| groups.iter().any(|(key, _)| *key == category);
    let of = |keep: &dyn Fn(&str) -> bool| {
        let names: BTreeSet<String> = statuses
            .iter()
            .filter(|one| keep(&one.category))
            .map(|one| plain(&one.status.name))
            .collect();
        names.into_iter().collect::<Vec<_>>()
    };
    let mut parts = Vec::new();
    for (key, word) in groups {
        let names_of = of(&|category| category == key);
        if !names_of.is_empty() {
            parts.push(format!("{word}: {}", names(&names_of, 30)));
        }
    }
    let unknown = of(&|category| !known(category));
    if !unknown.is_empty() {
        parts.push(format!("without a category, so of unknown meaning: {}", names(&unknown, 30)));
    }
    parts.join("; ")
}

/// Statuses, not done, whose names hold one of the words.
fn candidates<'a>(statuses: &'a [StatusEntry], words: &[&str]) -> Vec<&'a StatusEntry> {
    let mut seen = BTreeSet::new();
    statuses
        .iter()
        .filter(|one| one.category != "done")
        .filter(|one| {
            let name = one.status.name.to_lowercase();
            words.iter().any(|word| name.contains(word)) && seen.insert(name)
        })
        .collect()
}

fn suggestion(status: &StatusEntry) -> String {
    let effect = match status.category.as_str() {
        "indeterminate" => "counted as active",
        "new" => "counted as not started",
        _ => "not understood",
    };
    format!(
        "\"{}\" is `{}` in Jira: {effect} until you say otherwise.",
        plain(&status.status.name),
        plain(&status.category)
    )
}

fn boards(out: &mut String, found: &Found) {
    let id = found.plan.id;
    comment(
        out,
        &format!(
            "{id}: issues are open or closed and nothing in between, so no start of work is seen \
             until a workflow says which options of a board (or which labels) mean that somebody \
             works on it. A pull request that will close an issue is taken for a start."
        ),
    );
    let boards: Vec<_> =
        found.inventory.boards.iter().filter(|board| !board.statuses.is_empty()).collect();
    let mut options: Vec<String> = Vec::new();
    for board in &boards {
        let field = board.status_field.as_deref().unwrap_or("Status");
        let shown: Vec<String> = board.statuses.iter().map(|name| plain(name)).collect();
        comment(
            out,
            &format!("Board {}, {}: {}.", plain(&board.name), plain(field), names(&shown, 30)),
        );
        options.extend(
            board
                .statuses
                .iter()
                .filter(|name| !options.contains(name))
                .cloned()
                .collect::<Vec<_>>(),
        );
    }
    if boards.is_empty() {
        comment(out, "No board with a status field was found.");
    } else {
        comment(out, "Move each option to what it means:");
    }
    let _ = writeln!(out, "#[[workflow]]\n#connection = {}", quoted(id));
    if !boards.is_empty() {
        let _ = writeln!(
            out,
            "#proposed = []\n#active = {}\n#waiting = []\n#done = []",
            list(&options)
        );
    }
    out.push_str("#active_labels = [\"in progress\"]\n");
}

pub(super) fn kinds(out: &mut String, found: &[Found]) {
    comment(
        out,
        "feature | defect | risk | debt | discovery | governance. Items that no rule matches are \
         unclassified, and counted so.",
    );
    let mut met: BTreeMap<String, u64> = BTreeMap::new();
    for project in found.iter().flat_map(live) {
        for kind in project.types.iter().filter(|kind| kind.level == Level::Standard) {
            *met.entry(kind.name.clone()).or_default() += 1;
        }
    }
    if met.is_empty() {
        comment(out, "No issue types were found.");
        return;
    }
    let told: Vec<String> = met
        .iter()
        .map(|(name, projects)| format!("{} ({})", plain(name), count(*projects, "project")))
        .collect();
    comment(out, &format!("Issue types met: {}.", names(&told, 40)));
    if met.contains_key("Bug") {
        out.push('\n');
        comment(out, "Bug is a type that the trackers themselves bring along.");
        out.push_str("[[kind]]\nmatch = { issue_type = \"Bug\" }\nis = \"defect\"\n");
    }
    let usual = |name: &str| KINDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    for (name, kind) in met.keys().filter_map(|name| Some((name, usual(name)?.1))) {
        let _ = writeln!(
            out,
            "\n#[[kind]]\n#match = {{ issue_type = {} }}\n#is = \"{kind}\"",
            quoted(name)
        );
    }
}
