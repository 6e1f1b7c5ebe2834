//! The chapters that are made from the code: signals, upgrade notes, the API.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use streamgauge::digests::markdown::escape;
use streamgauge::signals::definitions::Definition;
use streamgauge::signals::report::Question;
use streamgauge::signals::{ALL, Signal, is_gate};
use streamgauge::web::openapi;

/// What stands in a chapter for `{{name}}`.
pub fn made(name: &str) -> String {
    match name {
        "signals" => Question::ALL.into_iter().map(under).collect(),
        "gates" => list(|signal| is_gate(signal.id)),
        "upgrades" => upgrades(ALL),
        "api" => api(&openapi::document()),
        other => panic!("nothing is made for {{{{{other}}}}}"),
    }
}

/// The pages that stand under a chapter: title, path, text.
pub fn below(chapter: &str) -> Vec<(String, String, String)> {
    let gates = match chapter {
        "signals.md" => false,
        "gates.md" => true,
        _ => return Vec::new(),
    };
    let own = ALL.iter().filter(|signal| is_gate(signal.id) == gates);
    own.map(|signal| (title(signal), address(signal), page(signal))).collect()
}

pub fn address(signal: &Signal) -> String {
    format!("signals/{}.md", signal.id.to_lowercase())
}

fn title(signal: &Signal) -> String {
    format!("{} ({})", signal.name, signal.id)
}

fn under(question: Question) -> String {
    let own = list(|signal| signal.question == question && !is_gate(signal.id));
    format!("## {}\n\n{own}\n", question.text())
}

fn list(of: impl Fn(&Signal) -> bool) -> String {
    let mut out = "| signal | asks |\n|---|---|\n".to_owned();
    for signal in ALL.iter().filter(|signal| of(signal)) {
        let asks = escape(signal.asks).replace('|', "\\|");
        let _ = writeln!(out, "| [{}]({}) | {asks} |", title(signal), address(signal));
    }
    out
}

/// The words of the signal page.
fn page(signal: &Signal) -> String {
    let Signal { id, .. } = signal;
    let mut out = format!("# {}\n\n", title(signal));
    let (asks, definition) = (escape(signal.asks), escape(signal.definition));
    let _ = write!(out, "**{asks}**\n\n");
    if !is_gate(id) {
        let _ = write!(out, "It serves the question \"{}\"\n\n", signal.question.text());
    }
    let _ = write!(out, "{definition}\n\n{}\n\n", signal.edition());
    let _ = write!(out, "## Easily misread\n\n{}\n\n", escape(signal.misreading));
    let _ = write!(out, "## When it is told\n\n{}\n", escape(signal.test));
    if signal.version() > 1 {
        let _ = write!(out, "\n## How its definition changed\n\n");
        for Definition { version, since, changed } in signal.history.iter().rev() {
            let _ = writeln!(out, "- Version {version}, since {since}: {}", escape(changed));
        }
    }
    let _ = write!(
        out,
        "\n## What it says of your portfolio\n\nOn the page `/signals/{id}` of your own \
         Streamgauge, or with `streamgauge explain {id}`: verdict, range, n and coverage for each \
         slice, and the items behind it. What these words mean: [How to read a \
         signal](../reading.md).\n"
    );
    out
}

/// A release, and the definitions that came or changed with it.
type Release<'a> = (&'a str, Vec<(&'a Signal, &'a Definition)>);

/// Each release with what it changed, the newest first.
pub fn upgrades(signals: &[Signal]) -> String {
    let number = |release: &str| -> Vec<u64> {
        release.split('.').map(|part| part.parse().unwrap()).collect()
    };
    let mut releases: BTreeMap<Vec<u64>, Release<'_>> = BTreeMap::new();
    for signal in signals {
        for one in signal.history {
            let release = releases.entry(number(one.since)).or_insert((one.since, Vec::new()));
            release.1.push((signal, one));
        }
    }
    let mut out = String::new();
    for (release, changes) in releases.into_values().rev() {
        let _ = write!(out, "## {release}\n\n");
        let (first, later): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|(_, one)| one.version == 1);
        for (signal, one) in later {
            let (link, changed) = (address(signal), escape(one.changed));
            let _ =
                writeln!(out, "- [{}]({link}), version {}: {changed}", title(signal), one.version);
        }
        if let [(signal, _)] = first.as_slice() {
            let _ = writeln!(
                out,
                "- The first definition of [{}]({}).",
                title(signal),
                address(signal)
            );
        } else if !first.is_empty() {
            let _ = writeln!(out, "- The first definitions of {} signals.", first.len());
        }
        out.push('\n');
    }
    out
}

/// A table of operations for each tag of the document.
fn api(document: &Value) -> String {
    let mut out = String::new();
    for tag in document["tags"].as_array().unwrap() {
        let says = tag["description"].as_str().unwrap();
        let _ = write!(out, "## {says}\n\n| request | gives or takes | roles |\n|---|---|---|\n");
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, told) in methods.as_object().unwrap() {
                if told["tags"][0] != tag["name"] {
                    continue;
                }
                let text = |name: &str| escape(told[name].as_str().unwrap());
                let roles: Vec<&str> = told["security"][0]["bearer"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                let method = method.to_uppercase();
                let (summary, says) = (text("summary"), text("description"));
                let roles = roles.join(", ");
                let _ = writeln!(out, "| `{method} {path}` | {summary}. {says} | {roles} |");
            }
        }
        out.push('\n');
    }
    out
}
