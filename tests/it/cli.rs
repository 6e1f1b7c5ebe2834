//! The commands as a person types them, on the sample files and an empty store; and the sample
//! settings, which have to show every key there is.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde::de::value::Error;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use streamgauge::digests::settings::Digest;
use streamgauge::model::TrackerKind;
use streamgauge::portfolio::Portfolio;
use streamgauge::settings::{Log, LogFormat, Settings, Store};
use streamgauge::signals;
use streamgauge::trackers::settings::{Auth, Connection};
use streamgauge::web::settings::{Proxy, Token, Web};

use crate::support::program::{COMMANDS, Desk, PORTFOLIO, SETTINGS};

const SAMPLE: &str = include_str!("../../config/streamgauge.toml");
const README: &str = include_str!("../../README.md");

/// Gives up as soon as a struct names its keys, and tells them.
struct Keys;

impl<'de> Deserializer<'de> for Keys {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        keys: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        Err(Error::custom(keys.join(" ")))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("not a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn keys_of<'de, T: Deserialize<'de>>() -> Vec<String> {
    let told = T::deserialize(Keys).err().expect("nothing can be made of keys").to_string();
    assert_ne!(told, "not a struct");
    told.split(' ').map(str::to_owned).collect()
}

/// The sample with everything switched on that it shows switched off.
fn switched_on() -> String {
    let lines = SAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn load(text: &str) -> Settings {
    let desk = Desk::new().write(SETTINGS, text);
    Settings::load(&desk.path(SETTINGS)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_sample_settings_are_read_as_they_stand() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SETTINGS);
    let settings = Settings::load(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(settings.portfolio, path.with_file_name("portfolio.toml"));
    assert!(settings.titles);
    assert_eq!(settings.store.url, "sqlite:streamgauge.db");
    assert!(settings.web.listen.ip().is_loopback() && settings.web.token.is_empty());
    assert_eq!(settings.log.format, LogFormat::Text);
    let kinds: Vec<TrackerKind> =
        settings.connection.iter().map(Connection::tracker_kind).collect();
    assert_eq!(kinds, [TrackerKind::Jira, TrackerKind::GitHub]);
    let audiences: Vec<&str> = settings.digest.iter().map(|one| one.audience.as_str()).collect();
    assert_eq!(audiences, ["portfolio", "stream:payments"]);
}

#[test]
fn the_sample_settings_show_every_key_and_all_of_them_work() {
    let text = switched_on();
    let settings = load(&text);
    assert_eq!(settings.web.token.len(), 2);
    assert!(settings.web.proxy.is_some() && settings.web.public_url.is_some());
    assert!(settings.connection.iter().all(|one| one.webhook_secret.is_some()));
    assert!(settings.log.filter.is_some());

    let all = [
        ("settings", keys_of::<Settings>()),
        ("store", keys_of::<Store>()),
        ("log", keys_of::<Log>()),
        ("web", keys_of::<Web>()),
        ("web.token", keys_of::<Token>()),
        ("web.proxy", keys_of::<Proxy>()),
        ("connection", keys_of::<Connection>()),
        ("auth", keys_of::<Auth>()),
        ("digest", keys_of::<Digest>()),
    ];
    let shown = |table: &str| -> BTreeSet<String> {
        let document: toml::Table = text.parse().unwrap();
        let mut tables = vec![toml::Value::Table(document)];
        for key in table.split('.').filter(|key| *key != "settings") {
            let inner = tables.iter().filter_map(|table| table.get(key).cloned());
            tables = inner.flat_map(|one| one.as_array().cloned().unwrap_or(vec![one])).collect();
        }
        tables.iter().filter_map(|one| one.as_table()).flat_map(|one| one.keys().cloned()).collect()
    };
    for (table, keys) in all {
        let path = if table == "auth" { "connection.auth" } else { table };
        let missing: Vec<_> = keys.iter().filter(|key| !shown(path).contains(*key)).collect();
        assert!(missing.is_empty(), "the sample does not show {missing:?} of {table}");
    }
}

#[test]
fn every_key_of_the_sample_is_explained() {
    let mut explained = BTreeSet::new();
    let mut above = "";
    for line in SAMPLE.lines() {
        let bare = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
        let key = bare.split(" = ").next().filter(|key| bare.len() > key.len());
        if let Some(key) =
            key.filter(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        {
            // A key that comes again was explained where it stood first.
            assert!(
                explained.contains(key) || above.starts_with("# "),
                "nothing explains `{key}` above `{line}`"
            );
            explained.insert(key);
        }
        above = line;
    }
    assert!(explained.len() > 20, "{explained:?}");
}

#[test]
fn the_samples_hold_no_secret() {
    for line in
        switched_on().lines().filter(|line| line.contains("secret = ") && !line.contains('#'))
    {
        assert!(line.contains("{ env = ") || line.contains("{ file = "), "{line}");
    }
}

/// The blocks of the README in this language.
fn examples(language: &str) -> Vec<&'static str> {
    let blocks = README.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

#[test]
fn the_examples_of_the_readme_are_valid() {
    let (mut connections, mut portfolios) = (String::new(), 0);
    for example in examples("toml") {
        if example.contains("[[connection]]") || example.contains("[[source]]") {
            connections.push_str(example);
        } else {
            portfolios += 1;
            let read = Portfolio::parse(example, "README.md");
            read.unwrap_or_else(|problems| panic!("{}", problems.rendered));
        }
    }
    let settings = load(&connections);
    assert_eq!((settings.connection.len(), settings.source.len(), portfolios), (4, 1, 2));
}

#[test]
fn the_readme_names_the_commands_and_the_one_that_passes_the_tests() {
    let help = Desk::new().done(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.map_while(|line| line.strip_prefix("  ")?.split(' ').next());
    let commands: BTreeSet<&str> = commands.filter(|command| *command != "help").collect();
    assert_eq!(commands, BTreeSet::from(COMMANDS), "{help}");
    for command in commands {
        assert!(README.contains(&format!("| `{command}")), "{command} is not in the README");
    }
    let test = "bash tests/run.sh";
    assert!(examples("console").iter().any(|example| example.contains(&format!("$ {test} "))));
    assert!(include_str!("../../.ci/run").lines().any(|line| line == format!("exec {test}")));
}

#[test]
fn help_names_every_command_and_version_is_told() {
    let desk = Desk::new();
    let help = desk.done(&["--help"]);
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in\n{help}");
        assert!(desk.done(&[command, "--help"]).contains("Usage:"), "{command}");
    }
    assert_eq!(desk.done(&["--version"]).trim(), "streamgauge 0.1.0");
}

/// Whoever writes into a file must hear that it is not whole.
#[test]
fn output_that_is_lost_is_told() {
    let desk = Desk::new();
    let decide = ["decide", "continue", "portfolio", "--why", "the June review"];
    let as_json = [&decide[..], &["--json"]].concat();
    for args in [&["schema", "settings"][..], &decide, &as_json] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ended = std::process::Command::new(env!("CARGO_BIN_EXE_streamgauge"))
            .args(args)
            .current_dir(desk.path(""))
            .env_clear()
            .envs([("JIRA_TOKEN", "x"), ("GITHUB_TOKEN", "x")])
            .stdout(full)
            .output()
            .unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{args:?}: {told}");
        assert!(told.contains("No space left"), "{args:?}: {told}");
    }
}

#[test]
fn wrong_use_ends_with_two_and_says_what_to_type() {
    let desk = Desk::new();
    for (args, told) in [
        (&["synch"][..], "sync"),
        (&[], "Usage:"),
        (&["map", "--jsn"], "--json"),
        (&["decide", "begin", "portfolio", "--why", "x"], "begin"),
        (&["export"], "--out"),
        (&["digest", "--format", "pdf"], "md"),
    ] {
        let ran = desk.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(told), "{args:?}: {}", ran.err);
    }
}

#[test]
fn check_without_a_store_says_what_is_there_and_writes_nothing() {
    let desk = Desk::new();
    let before = desk.files();
    let found = desk.json(&["check", "--offline", "--json"]);
    assert_eq!(found["files"], "valid");
    assert_eq!(found["coverage"], Value::Null);
    assert!(found["store"].as_str().unwrap().contains("run `streamgauge sync` first"));
    assert_eq!(desk.files(), before);
}

/// A folder with a store that knows one outcome reading and no item.
fn empty_store() -> Desk {
    let desk = Desk::new();
    let out = desk.done(&["reading", "refund-contacts", "12.5", "--at", "2026-06-01T06:00:00Z"]);
    assert_eq!(out, "recorded 12.5 for refund-contacts\n");
    let wal = desk.path("streamgauge.db-wal");
    assert!(!wal.exists(), "a program that has ended leaves one file");
    desk
}

#[test]
fn an_empty_store_answers_every_question() {
    let desk = empty_store();
    assert_eq!(desk.json(&["check", "--offline", "--json"])["store"], "0 items, 0 removed, 0 gaps");

    let map = desk.json(&["map", "--json"]);
    assert_eq!(map["streams"].as_array().unwrap().len(), 3);
    assert_eq!(map["coverage"]["items"], 0);
    let text = desk.done(&["map", "--as-of", "2026-06-15"]);
    assert!(text.contains("Payments [payments]") && text.contains("0 of 0 items placed"), "{text}");

    let report = desk.json(&["signals", "--json"]);
    for finding in report["findings"].as_array().unwrap() {
        let verdict = finding["verdict"].to_string();
        assert!(
            verdict.contains("insufficient") || verdict.contains("not_applicable"),
            "an empty store tells nothing: {finding}"
        );
    }
    let table = desk.done(&["signals", "--as-of", "2026-06-15T06:00:00Z"]);
    for signal in signals::ALL.iter().filter(|signal| signal.id != "H2") {
        assert!(table.contains(&format!("{} {}", signal.id, signal.name)), "{}", signal.id);
    }

    let known = desk.json(&["explain", "p2", "--json"]);
    assert_eq!(known[0]["signal"], "P2");
    let told = desk.done(&["explain", "V5"]);
    assert!(told.contains("Asks: ") && told.contains("Definition: "), "{told}");
    let unknown = desk.run(&["explain", "PAY-12"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.starts_with("streamgauge: no item is known by the key PAY-12"));
}

#[test]
fn a_digest_of_nothing_says_what_is_missing() {
    let desk = empty_store();
    let moment = ["--as-of", "2026-06-15T06:00:00Z", "--known", "2100-01-01"];
    let digest = desk.done(&[&["digest"], &moment[..]].concat());
    assert!(digest.starts_with("# Streamgauge digest: Northwind\n"), "{digest}");
    for question in ["## 1. ", "## 2. ", "## 3. "] {
        assert!(digest.contains(question), "{digest}");
    }
    assert!(digest.contains("No signal of this section has enough data yet."), "{digest}");
    assert_eq!(digest, desk.done(&[&["digest"], &moment[..]].concat()), "the same bytes again");
    // Nothing was pulled: the settings name connections that the store has never heard of.
    let live = desk.done(&["digest"]);
    let first = live.lines().find(|line| line.starts_with("> ")).unwrap_or_default();
    assert!(first.starts_with("> \"github\" was never pulled;"), "{live}");
    let (before, _) = live.split_once("## 1.").unwrap();
    assert!(before.contains("> \"jira\" was never pulled"), "{live}");
    let html = desk.done(&["digest", "--format", "html"]);
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("was never pulled"), "{html}");
    let stream = ["digest", "--for", "stream:payments", "--format", "json"];
    assert!(desk.json(&[&stream[..], &moment[..]].concat()).is_object());

    for (audience, told) in [
        ("stream:paymets", "--for stream:paymets: the streams are booking, identity, payments"),
        ("team:checkout", "--for team:ID: a team's page opens with the team's own credential"),
        ("everyone", "write \"portfolio\", \"stream:ID\" or \"team:ID\""),
    ] {
        let ran = desk.run(&["digest", "--for", audience]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(told), "{}", ran.err);
    }
    let ran = desk.run(&["digest", "--as-of", "yesterday"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("write it as 2026-06-15 or 2026-06-15T06:00:00Z"), "{}", ran.err);
}

#[test]
fn an_export_of_nothing_is_five_empty_files() {
    let desk = empty_store();
    let counts = desk.json(&["export", "--format", "jsonl", "--out", "out", "--json"]);
    assert_eq!(counts["items"], 0);
    for name in ["items", "segments", "links", "releases", "gaps"] {
        let path = desk.path(&format!("out/{name}.jsonl"));
        assert_eq!(std::fs::read(&path).unwrap(), b"", "{name}");
    }
}

#[test]
fn decisions_and_readings_are_recorded_corrected_and_refused() {
    let desk = empty_store();
    let first = desk.json(&[
        "decide",
        "more",
        "stream:payments",
        "--why",
        "refund contacts fell",
        "--target",
        "0.40,0.45",
        "--expects",
        "refund-contacts:down:2026-12-01T00:00:00Z",
        "--cites",
        "P2",
        "--made-at",
        "2026-06-02T09:00:00Z",
        "--json",
    ]);
    assert_eq!(first["id"], "D-1");
    assert_eq!(first["made_at"], "2026-06-02T09:00:00Z");
    let corrected =
        ["decide", "rebalance", "portfolio", "--why", "misread the data", "--supersedes", "D-1"];
    assert_eq!(desk.done(&corrected), "recorded D-2\n");
    assert_eq!(desk.json(&["reading", "refund-contacts", "-0.5", "--json"])["value"], -0.5);

    for (args, told) in [
        (&["decide", "stop", "stream:paymets", "--why", "x"][..], "there is no stream `paymets`"),
        (&["decide", "stop", "portfolio", "--why", " "], "why: is empty"),
        (&["decide", "stop", "portfolio", "--why", "x", "--made-at", "today"], "made_at: `today`"),
        (&["reading", "refunds", "1"], "measure: `refunds` is not declared as [[outcome]]"),
        (&["reading", "refund-contacts", "NaN"], "value: is not a number"),
    ] {
        let ran = desk.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.starts_with("streamgauge: ") && ran.err.contains(told), "{}", ran.err);
    }
    assert!(desk.path(PORTFOLIO).exists());
}
