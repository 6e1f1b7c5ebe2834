//! The operator's dashboard and alerts against a scrape of the real daemon: every series that they
//! name exists, with the labels and values that they ask for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::client::{get, post};
use super::daemon::{Peopled, VIEWER, scraped};

const DASHBOARD: &str = include_str!("../../../config/grafana/streamgauge.json");
const ALERTS: &str = include_str!("../../../config/grafana/alerts.yaml");
/// What Prometheus adds to every series.
const OWN_LABELS: [&str; 2] = ["instance", "job"];

/// One series that an expression asks for: its name and its label matchers.
type Asked = (String, Vec<(String, String)>);

/// The series of an expression.
fn asked(expression: &str) -> Vec<Asked> {
    let mut found = Vec::new();
    for (at, _) in expression.match_indices("streamgauge_") {
        let rest = &expression[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let inside = rest.strip_prefix('{').map(|rest| rest.split_once('}').unwrap().0);
        let matchers = inside.unwrap_or_default().split(',').filter(|one| !one.is_empty());
        let matchers = matchers.map(|one| {
            let (label, value) = one.split_once('=').unwrap();
            (label.trim().to_owned(), value.trim_matches(['~', '"']).to_owned())
        });
        found.push((name.to_owned(), matchers.collect()));
    }
    found
}

/// The labels that an expression groups by, and those that a legend shows.
fn grouped(expression: &str, legend: &str) -> BTreeSet<String> {
    let groups = expression.split("by (").skip(1).map(|rest| rest.split_once(')').unwrap().0);
    let shown = legend.split("{{").skip(1).map(|rest| rest.split_once("}}").unwrap().0);
    let all = groups.flat_map(|group| group.split(',')).chain(shown);
    all.map(|label| label.trim().trim_start_matches("$labels.").to_owned()).collect()
}

#[test]
fn expressions_are_taken_apart() {
    let text = "sum by (a, b) (rate(streamgauge_x_total{c=\"d\",e=~\"$f\"}[5m])) / streamgauge_y";
    let series = |name: &str, matchers: &[(&str, &str)]| -> Asked {
        let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        (name.to_owned(), matchers.iter().map(own).collect())
    };
    let expected = vec![
        series("streamgauge_x_total", &[("c", "d"), ("e", "$f")]),
        series("streamgauge_y", &[]),
    ];
    assert_eq!(asked(text), expected);
    let labels = grouped(text, "{{g}} of {{$labels.h}}");
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), ["a", "b", "g", "h"]);
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_ask_for_what_is_there() {
    let house = Peopled::start().await;
    assert_eq!(house.ask(get("/").bearer(VIEWER)).await.status, 200);
    let forged = post("/webhooks/github", "application/json", "{}");
    assert_eq!(house.ask(forged.with("x-hub-signature-256", "sha256=00")).await.status, 401);
    let scrape = house.ask(get("/metrics").bearer(VIEWER)).await;
    assert_eq!(scrape.status, 200);
    let mut told: BTreeMap<String, Vec<BTreeMap<String, String>>> = BTreeMap::new();
    let scraped = scraped(&scrape.body);
    for (name, labels) in scraped.keys() {
        told.entry(name.clone()).or_default().push(labels.clone());
    }

    let mut expressions = Vec::new();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: an id comes twice");
        let at = &panel["gridPos"];
        assert!(at["x"].as_u64().unwrap() + at["w"].as_u64().unwrap() <= 24, "{title} is too wide");
        if panel["type"] == "row" {
            continue;
        }
        assert!(panel["description"].as_str().unwrap().len() > 5, "{title} says nothing");
        for target in panel["targets"].as_array().unwrap() {
            let text = |name: &str| target[name].as_str().unwrap().to_owned();
            expressions.push((title.to_owned(), text("expr"), text("legendFormat")));
        }
    }
    let variable = dashboard["templating"]["list"][1]["definition"].as_str().unwrap();
    let (series, label) = variable.trim_start_matches("label_values(").split_once(',').unwrap();
    expressions.push((
        "$connection".to_owned(),
        series.to_owned(),
        format!("{{{{{}}}}}", label.trim().trim_end_matches(')')),
    ));
    let mut alert = "";
    for line in ALERTS.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("- alert: ") {
            alert = name;
        } else if let Some(expression) = line.strip_prefix("expr: ") {
            expressions.push((alert.to_owned(), expression.to_owned(), String::new()));
        } else if let Some(summary) = line.strip_prefix("summary: ") {
            let (_, expression, legend) = expressions.last_mut().unwrap();
            assert!(!expression.is_empty() && summary.len() > 40, "{alert} names no next step");
            summary.clone_into(legend);
        }
    }
    assert!(expressions.len() > 20, "{}", expressions.len());

    let mut drawn = BTreeSet::new();
    for (place, expression, legend) in &expressions {
        let series = asked(expression);
        assert!(!series.is_empty() || expression.contains("up{"), "{place}: {expression}");
        for (name, matchers) in &series {
            let there =
                told.get(name).unwrap_or_else(|| panic!("{place}: no series is named {name}"));
            drawn.insert(name.clone());
            for (label, value) in matchers {
                let known: BTreeSet<&str> =
                    there.iter().filter_map(|one| one.get(label)).map(String::as_str).collect();
                assert!(!known.is_empty(), "{place}: {name} has no label {label}");
                if !value.starts_with('$') {
                    for one in value.split('|') {
                        assert!(known.contains(one), "{place}: {name}{{{label}}} is never {one}");
                    }
                }
            }
        }
        for label in grouped(expression, legend) {
            let known = |(name, _): &Asked| told[name].iter().any(|one| one.contains_key(&label));
            let own = OWN_LABELS.contains(&label.as_str());
            assert!(own || series.iter().any(known), "{place}: no series has the label {label}");
        }
    }
    // What is counted is drawn, but for the parts of a histogram and the stamp behind the lag.
    let undrawn: Vec<&String> = told
        .keys()
        .filter(|name| !drawn.contains(*name) && !name.ends_with("_sum"))
        .filter(|name| *name != "streamgauge_last_complete_pass_seconds")
        .collect();
    assert!(undrawn.is_empty(), "counted, and drawn nowhere: {undrawn:?}");
    // A scrape says nothing of items, streams or teams, and holds real values.
    assert!(
        !scrape.body.contains("northwind/") && !scrape.body.contains("PAY-"),
        "{}",
        scrape.body
    );
    let value = |name: &str| {
        let found = scraped.iter().find(|((known, _), _)| known == name);
        *found.unwrap_or_else(|| panic!("{name}")).1
    };
    assert!(value("streamgauge_resident_memory_bytes") > 5e6);
    assert!(value("streamgauge_items") > 1_000.0);
    let mapped =
        scraped.iter().find(|((_, labels), _)| labels.get("gate").is_some_and(|g| g == "mapped"));
    assert!((0.5..=1.0).contains(mapped.unwrap().1), "{mapped:?}");
}
