//! What people do in the trackers, and the webhooks that tell of it.

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;
use streamgauge::model::Timestamp;
use streamgauge::sim::github;
use streamgauge::sim::jira::{self, Draft, Edit};

use super::corpus::{
    BLOCKS, BOARD, BOOK, COLUMNS, COMPONENTS, LABELS, PAY, REPOS, STATUSES, STORY,
};
use super::departures::{depart, github_ids, jira_ids};
use super::life::{Life, SECRET};

/// A new issue in one of the trackers.
pub fn create(life: &mut Life) {
    let dice = life.dice.clone();
    let title = format!("work {}", dice.below(1_000_000));
    let crowded = life.swarm.crowded;
    if dice.permille(if crowded { 800 } else { 500 }) {
        let project = if crowded && dice.permille(700) { PAY } else { dice.pick(&[PAY, BOOK]) };
        if !life.ledger.is_writable(project) {
            return;
        }
        let draft =
            Draft { project, kind: STORY, status: STATUSES[0], summary: title, ..Draft::default() };
        let id = jira::lock(&life.jira).create_issue(draft).unwrap();
        life.ledger.jira.push(id);
    } else {
        let repo = dice.pick(&REPOS);
        if !life.ledger.is_writable(repo) {
            return;
        }
        let id = life.github.edit(|edits| edits.create_issue(repo, &title)).unwrap();
        life.ledger.github.insert(id, repo);
    }
    life.note("created", "");
}

/// One edit, or several at one instant.
pub fn edit(life: &mut Life) {
    let dice = life.dice.clone();
    match () {
        () if dice.permille(100) => create(life),
        () if dice.permille(life.swarm.departures) => depart(life),
        () if dice.permille(life.swarm.bulk) => bulk(life),
        () if dice.permille(life.swarm.bursts) => burst(life),
        () if dice.permille(life.swarm.oddities) => oddity(life),
        () if dice.permille(500) => jira_edit(life),
        () => github_edit(life),
    }
}

fn a_jira_edit(life: &Life) -> Edit {
    let dice = &life.dice;
    match dice.below(5) {
        0 | 1 => Edit::Status(dice.pick(&STATUSES)),
        2 => Edit::Labels(vec![format!("label-{}", dice.below(3))]),
        3 => Edit::Components(vec![dice.pick(&COMPONENTS)]),
        _ => Edit::Summary(format!("renamed {}", dice.below(1000))),
    }
}

fn jira_edit(life: &mut Life) {
    let ids = jira_ids(life);
    if ids.is_empty() {
        return create(life);
    }
    let (one, other) = (life.dice.pick(&ids), life.dice.pick(&ids));
    let mut site = jira::lock(&life.jira);
    if life.dice.permille(120) && one != other {
        site.link(one, BLOCKS, other).unwrap();
    } else {
        let edit = a_jira_edit(life);
        site.edit(one, &edit).unwrap();
    }
    drop(site);
    life.note("edited in Jira", "");
}

fn bulk(life: &mut Life) {
    let ids = jira_ids(life);
    let edit = a_jira_edit(life);
    jira::lock(&life.jira).bulk_edit(&ids, &edit).unwrap();
    life.note("bulk edit", "");
}

/// Several edits of one issue within one granule of its stamp.
fn burst(life: &mut Life) {
    let ids = jira_ids(life);
    if ids.is_empty() {
        return create(life);
    }
    let id = life.dice.pick(&ids);
    for _ in 0..2 + life.dice.below(3) {
        let edit = a_jira_edit(life);
        jira::lock(&life.jira).edit(id, &edit).unwrap();
    }
    life.note("edits at one instant", &id.to_string());
}

/// What no tracker should do, and some have done.
fn oddity(life: &mut Life) {
    let ids = jira_ids(life);
    if ids.is_empty() {
        return;
    }
    let id = life.dice.pick(&ids);
    let mut site = jira::lock(&life.jira);
    let name = match life.dice.below(3) {
        0 => {
            site.rewrite_history(id).unwrap();
            "history rewritten"
        }
        1 => {
            site.misdate(id, Timestamp::parse("1970-01-02T00:00:00Z").unwrap()).unwrap();
            "stamp of 1970"
        }
        _ => {
            site.misdate(id, Timestamp::parse("2099-12-31T00:00:00Z").unwrap()).unwrap();
            "stamp of 2099"
        }
    };
    drop(site);
    life.ledger.odd.insert(id);
    life.note(name, &id.to_string());
}

/// A pull request that will close an issue, or the merge of one.
fn pull(life: &mut Life, issue: u64) {
    let open = life.ledger.pulls.iter().filter(|(_, repo)| life.ledger.is_writable(**repo));
    let open: Vec<u64> = open.map(|(pull, _)| *pull).collect();
    if !open.is_empty() && life.dice.permille(500) {
        let pull = life.dice.pick(&open);
        let merged = life.dice.permille(700);
        let end = |edits: &mut github::Edits<'_>| {
            if merged { edits.merge_pull(pull) } else { edits.close(pull, "not_planned") }
        };
        life.github.edit(end).unwrap();
        life.ledger.pulls.remove(&pull);
        return life.note(if merged { "pull request merged" } else { "pull request closed" }, "");
    }
    let repo = life.ledger.github[&issue];
    let opened = life.github.edit(|edits| edits.open_pull(repo, "a change", Some(issue)));
    life.ledger.pulls.insert(opened.unwrap(), repo);
    life.note("pull request opened", "");
}

fn github_edit(life: &mut Life) {
    let ids = github_ids(life);
    if ids.is_empty() {
        return create(life);
    }
    let dice = life.dice.clone();
    if dice.permille(200) {
        return pull(life, dice.pick(&ids));
    }
    let id = dice.pick(&ids);
    let (kind, label, column) = (dice.below(4), dice.pick(&LABELS), dice.pick(&COLUMNS));
    let serial = format!("touched-{}", life.step);
    let done = life.github.edit(|edits| match kind {
        0 => edits.close(id, "completed"),
        1 => edits.reopen(id),
        2 => edits.label(id, label),
        _ => {
            edits.set_board_status(id, BOARD, Some(column))?;
            // A move on a board leaves the stamp of the issue as it is; people do more than that.
            edits.label(id, &serial)
        }
    });
    done.unwrap();
    life.note("edited in GitHub", "");
}

fn signature(body: &[u8]) -> HeaderValue {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    HeaderValue::try_from(format!("sha256={}", hex::encode(mac.finalize().into_bytes()))).unwrap()
}

/// Deliveries arrive, are lost, or arrive twice.
pub fn deliver(life: &mut Life) {
    let jira = jira::lock(&life.jira).take_deliveries();
    let github = life.github.take_deliveries();
    let mut arriving = Vec::new();
    for delivery in jira {
        let mut headers = HeaderMap::new();
        headers.insert("x-hub-signature", HeaderValue::try_from(delivery.signature).unwrap());
        arriving.push(("jira", headers, delivery.body.to_vec()));
    }
    for delivery in github {
        let mut headers = HeaderMap::new();
        headers.insert("x-hub-signature-256", signature(&delivery.body));
        headers.insert("x-github-event", HeaderValue::from_static(delivery.event));
        arriving.push(("github", headers, delivery.body));
    }
    for (connection, headers, body) in arriving {
        if life.dice.permille(life.swarm.lost_hooks) {
            life.note("webhook lost", connection);
            continue;
        }
        for _ in 0..=life.dice.below(2) {
            life.hint(connection, &headers, &body);
        }
        life.note("webhook", connection);
    }
}
