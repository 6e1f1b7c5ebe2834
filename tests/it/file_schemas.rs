//! The JSON Schemas of the two files, and the messages about files that are wrong: both are held
//! to what the parsers accept, on the samples with one thing changed at a time.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is a failed test")]

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use streamgauge::portfolio::Portfolio;
use streamgauge::settings::Settings;

use crate::support::program::{Desk, PORTFOLIO, SETTINGS};
use crate::support::samples::switched_on;

/// One of the two files.
struct File {
    name: &'static str,
    schema: &'static str,
    sample: &'static str,
    /// The sample with everything switched on that it shows switched off.
    text: String,
    read: fn(&str) -> Result<(), String>,
}

fn settings() -> File {
    let sample = include_str!("../../config/streamgauge.toml");
    File {
        name: SETTINGS,
        schema: include_str!("../../config/streamgauge.schema.json"),
        sample,
        text: switched_on(sample).join("\n"),
        read: |text| {
            let desk = Desk::new().write(SETTINGS, text);
            let path = desk.path(SETTINGS);
            let told = Settings::load(&path).map_err(|error| error.to_string());
            let folder = format!("{}/", path.ancestors().nth(2).unwrap().display());
            told.map(drop).map_err(|error| error.replace(&folder, ""))
        },
    }
}

fn portfolio() -> File {
    File {
        name: PORTFOLIO,
        schema: include_str!("../../config/portfolio.schema.json"),
        sample: include_str!("../../config/portfolio.toml"),
        text: include_str!("../../config/portfolio.toml").to_owned(),
        read: |text| {
            Portfolio::parse(text, PORTFOLIO).map(drop).map_err(|problems| problems.to_string())
        },
    }
}

impl File {
    fn validator(&self) -> Validator {
        let schema: Value = serde_json::from_str(self.schema).unwrap();
        jsonschema::meta::validate(&schema).expect("the schema itself is valid");
        jsonschema::draft202012::new(&schema).unwrap()
    }
}

/// A TOML file as the schema sees it: dates are texts.
fn as_json(text: &str) -> Value {
    fn value(one: toml::Value) -> Value {
        match one {
            toml::Value::String(text) => Value::String(text),
            toml::Value::Integer(number) => json!(number),
            toml::Value::Float(number) => json!(number),
            toml::Value::Boolean(flag) => Value::Bool(flag),
            toml::Value::Datetime(at) => Value::String(at.to_string()),
            toml::Value::Array(list) => list.into_iter().map(value).collect(),
            toml::Value::Table(table) => {
                Value::Object(table.into_iter().map(|(key, one)| (key, value(one))).collect())
            }
        }
    }
    value(toml::Value::Table(text.parse().expect("TOML")))
}

#[test]
fn the_printed_schemas_are_the_shipped_ones_and_the_samples_name_them() {
    let desk = Desk::new();
    for (which, file) in [("settings", settings()), ("portfolio", portfolio())] {
        assert!(desk.done(&["schema", which]) == file.schema, "{which}");
        let name = file.name.replace(".toml", ".schema.json").replace("config/", "./");
        let sample = std::fs::read_to_string(desk.path(file.name)).unwrap();
        assert_eq!(sample.lines().next(), Some(format!("#:schema {name}").as_str()));
        let problems: Vec<String> =
            file.validator().iter_errors(&as_json(&file.text)).map(|e| e.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new(), "the schema refuses {}", file.name);
        (file.read)(&file.text).unwrap_or_else(|told| panic!("{told}"));
    }
}

/// Every table of the schema, with the keys it knows, by the path that leads to it.
fn tables(schema: &Value) -> Vec<BTreeSet<&str>> {
    let mut found = Vec::new();
    let mut left = vec![schema];
    while let Some(one) = left.pop() {
        if let Some(keys) = one.get("properties").and_then(Value::as_object)
            && one.get("additionalProperties") == Some(&Value::Bool(false))
        {
            found.push(keys.keys().map(String::as_str).collect());
        }
        match one {
            Value::Object(inner) => left.extend(inner.values()),
            Value::Array(list) => left.extend(list),
            _ => {}
        }
    }
    found
}

#[test]
fn every_key_of_the_schemas_stands_in_the_samples() {
    for file in [settings(), portfolio()] {
        let schema: Value = serde_json::from_str(file.schema).unwrap();
        for table in tables(&schema) {
            for key in table {
                // A list of streams with dates, or the place of a secret, stands in a line.
                let shown = [format!("{key} = "), format!("[{key}]"), format!(".{key}]")];
                assert!(
                    shown.iter().any(|one| file.sample.contains(one)),
                    "{} does not show `{key}`; the schema stands in {}",
                    file.name,
                    file.name.replace(".toml", ".schema.json")
                );
            }
        }
    }
}

/// The value at every path of a document.
fn paths(one: &Value, at: &str, found: &mut Vec<String>) {
    match one {
        Value::Object(table) => {
            for (key, inner) in table {
                let path = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                found.push(path.clone());
                paths(inner, &path, found);
            }
        }
        Value::Array(list) => {
            for (nth, inner) in list.iter().enumerate() {
                let path = format!("{at}/{nth}");
                found.push(path.clone());
                paths(inner, &path, found);
            }
        }
        _ => {}
    }
}

/// The document as TOML again; texts that look like dates become dates.
fn as_toml(one: &Value) -> String {
    fn value(one: &Value) -> String {
        match one {
            Value::Object(table) => {
                let inner: Vec<String> =
                    table.iter().map(|(key, one)| format!("{key:?} = {}", value(one))).collect();
                format!("{{ {} }}", inner.join(", "))
            }
            Value::Array(list) => {
                format!("[{}]", list.iter().map(value).collect::<Vec<_>>().join(", "))
            }
            Value::String(text) if text.parse::<toml::value::Datetime>().is_ok() => text.clone(),
            other => other.to_string(),
        }
    }
    let table = one.as_object().expect("a table");
    table.iter().map(|(key, one)| format!("{key:?} = {}\n", value(one))).collect()
}

/// One thing changed: a key taken out, misspelled, or given a value of another type, a word that
/// is none, an empty text, an empty list.
fn mutants(document: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    paths(document, "", &mut all);
    let mut mutants = Vec::new();
    for path in all {
        let (above, last) = path.rsplit_once('/').unwrap();
        let edit = |what: &str, change: &dyn Fn(&mut Value)| {
            let mut mutant = document.clone();
            change(mutant.pointer_mut(above).unwrap());
            (format!("{what} {path}"), mutant)
        };
        let replaced = |what: &str, by: Value| {
            let mut mutant = document.clone();
            *mutant.pointer_mut(&path).unwrap() = by;
            (format!("{what} {path}"), mutant)
        };
        if document.pointer(above).unwrap().is_object() {
            mutants.push(edit("no", &|table| drop(table.as_object_mut().unwrap().remove(last))));
            mutants.push(edit("misspelled", &|table| {
                let table: &mut Map<String, Value> = table.as_object_mut().unwrap();
                let value = table.remove(last).unwrap();
                table.insert(format!("{last}q"), value);
            }));
        }
        let other =
            if document.pointer(&path).unwrap().is_string() { json!(7) } else { json!("zz") };
        mutants.push(replaced("another type for", other));
        match document.pointer(&path).unwrap() {
            Value::String(_) => mutants.push(replaced("empty", json!(""))),
            Value::Array(_) => mutants.push(replaced("empty list", json!([]))),
            Value::Number(_) => mutants.push(replaced("negative", json!(-3))),
            _ => {}
        }
    }
    mutants
}

/// What a schema cannot know: which ids there are, what adds up, what a schedule or a zone is.
/// The parser refuses more than the schema for these reasons alone.
const BEYOND: [&str; 14] = [
    "There is no ",
    "add up to",
    "is not a time zone",
    "is not a cron expression",
    "overlaps",
    "is not after",
    "stays in stream",
    "same workflow",
    "can only tie",
    "already has",
    "valid at the same time",
    "never valid",
    "which others can reach",
    "write it as \"info",
];

/// Texts that the settings take as they are and that fail when they are used: the schema is no
/// stricter than the parser there either, and says nothing.
fn agree(file: &File) {
    let validator = file.validator();
    let document = as_json(&file.text);
    let (mut accepted, mut refused) = (0, 0);
    for (what, mutant) in mutants(&document) {
        let text = as_toml(&mutant);
        let told = (file.read)(&text);
        let valid = validator.is_valid(&mutant);
        match told {
            Ok(()) if valid => accepted += 1,
            Err(_) if !valid => refused += 1,
            Err(told) if BEYOND.iter().any(|reason| told.contains(reason)) => {}
            told => panic!("{what}: the schema says {valid}, the parser says {told:?}"),
        }
    }
    assert!(accepted > 20 && refused > 100, "{accepted} accepted, {refused} refused");
}

#[test]
fn schema_and_parser_agree_on_changed_settings() {
    agree(&settings());
}

#[test]
fn schema_and_parser_agree_on_changed_portfolios() {
    agree(&portfolio());
}
