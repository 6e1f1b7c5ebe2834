//! Northwind many times over: divisions with streams, teams, epics and projects of their own, so
//! that an organisation has the 200 teams of the design's budgets.

use streamgauge::model::{Item, ItemRef, What};
use toml::{Table, Value};

/// Northwind itself and its likes: 210 teams, 60 streams.
pub const DIVISIONS: usize = 15;

/// What all divisions declare together; intents are shared out among them.
pub fn portfolio(text: &str) -> String {
    let mut whole: Table = text.parse().unwrap();
    let own = whole.clone();
    let list = |name: &str| own.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    for division in 1..DIVISIONS {
        let name = |value: &mut Value| *value = format!("{}-{division:02}", word(value)).into();
        let key = |value: &mut Value| *value = project_of(word(value), division).into();
        for (kind, names) in [
            ("stream", &["id", "name"][..]),
            ("team", &["id", "name", "stream"]),
            ("outcome", &["id", "name", "stream"]),
            ("epic", &["title", "stream", "outcome"]),
        ] {
            let mut again = list(kind);
            for entry in again.iter_mut().map(|entry| entry.as_table_mut().unwrap()) {
                for field in names {
                    entry.get_mut(*field).into_iter().for_each(name);
                }
                entry.get_mut("ref").into_iter().for_each(key);
                let claims = entry.get_mut("claims").and_then(Value::as_array_mut);
                for claim in claims.into_iter().flatten() {
                    for at in ["jira", "github"] {
                        claim.get_mut(at).into_iter().for_each(key);
                    }
                }
            }
            whole[kind].as_array_mut().unwrap().extend(again);
        }
    }
    for intent in whole["intent"].as_array_mut().unwrap() {
        let shares = intent["shares"].as_table_mut().unwrap();
        let own: Vec<(String, f64)> = shares
            .iter_mut()
            .map(|(stream, share)| {
                let part = share.as_float().unwrap() / DIVISIONS as f64;
                *share = part.into();
                (stream.clone(), part)
            })
            .collect();
        for (stream, part) in own {
            for division in 1..DIVISIONS {
                shares.insert(format!("{stream}-{division:02}"), part.into());
            }
        }
    }
    whole.to_string()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A project, a repository or a key as a division knows it: `PAY03`, `northwind/offers-03#7`.
fn project_of(key: &str, division: usize) -> String {
    if division == 0 {
        return key.to_owned();
    }
    match (key.find('#'), key.contains('/')) {
        (Some(at), _) => format!("{}-{division:02}{}", &key[..at], &key[at..]),
        (None, true) => format!("{key}-{division:02}"),
        (None, false) => {
            let at = key.find('-').unwrap_or(key.len());
            format!("{}{division:02}{}", &key[..at], &key[at..])
        }
    }
}

/// The division that has the nth copy of a card.
pub fn of(copy: usize) -> usize {
    copy % DIVISIONS
}

/// Moves a card or an epic to a division. The epics that it names are the division's own.
pub fn settle(item: &mut Item, division: usize) {
    let move_to = |text: &mut String| *text = project_of(text, division);
    let other = |other: &mut ItemRef| {
        other.key.as_mut().map(move_to);
    };
    let parent = |parent: &mut ItemRef| {
        other(parent);
        if let Some(source) = parent.source.as_mut().filter(|_| division > 0) {
            own_source(source, division);
        }
    };
    move_to(&mut item.attributes.key);
    move_to(&mut item.attributes.project);
    item.attributes.parent.as_mut().map(parent);
    item.attributes.links.iter_mut().for_each(|link| other(&mut link.other));
    for change in &mut item.history {
        match &mut change.what {
            What::Link { other: linked, .. } => other(linked),
            What::Parent { from, to } => [from, to].into_iter().flatten().for_each(parent),
            What::Project { from, to } => [from, to].into_iter().flatten().for_each(move_to),
            _ => {}
        }
    }
}

/// The id of a division's own epic.
pub fn own_source(source: &mut String, division: usize) {
    source.push_str(&format!("d{division:02}"));
}
