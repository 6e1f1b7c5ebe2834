//! Whatever is changed in a line of the two samples: a message points at that line, and says what
//! to do. Words that are nearly right are offered.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is a failed test")]

use regex::Regex;
use streamgauge::portfolio::Portfolio;
use streamgauge::settings::Settings;

use crate::support::program::{Desk, PORTFOLIO, SETTINGS};
use crate::support::samples::switched_on;

/// What is said about a text: lines `FILE:LINE:COLUMN: sentence`.
fn told_of(name: &str, text: &str) -> String {
    if name == PORTFOLIO {
        return Portfolio::parse(text, PORTFOLIO).err().map_or(String::new(), |e| e.to_string());
    }
    let desk = Desk::new().write(SETTINGS, text);
    let path = desk.path(SETTINGS);
    let folder = format!("{}/", path.ancestors().nth(2).unwrap().display());
    Settings::load(&path).err().map_or(String::new(), |e| e.to_string().replace(&folder, ""))
}

/// Line and sentence of each message. A message without a place fails the test.
fn messages(name: &str, told: &str) -> Vec<(usize, String)> {
    let form = Regex::new(r"^([a-z/.]+):(\d+):(\d+): (.+)$").unwrap();
    told.lines()
        .map(|line| {
            let parts = form.captures(line).unwrap_or_else(|| panic!("no place in: {line}"));
            assert_eq!(&parts[1], name);
            assert!(parts[3].parse::<usize>().unwrap() > 0);
            (parts[2].parse().unwrap(), parts[4].to_owned())
        })
        .collect()
}

/// The samples with everything switched on.
fn samples() -> [(&'static str, Vec<String>); 2] {
    let settings = switched_on(include_str!("../../config/streamgauge.toml"));
    let portfolio = include_str!("../../config/portfolio.toml").lines();
    [(SETTINGS, settings), (PORTFOLIO, portfolio.map(str::to_owned).collect())]
}

/// Every `key = value` of a line, as (start of the key, end of the key, start of the value).
fn keys_in(line: &str) -> Vec<(usize, usize, usize)> {
    let code = line.split(" #").next().unwrap_or_default();
    if code.starts_with('#') {
        return Vec::new();
    }
    let key = Regex::new(r"([a-z_]+) = ").unwrap();
    key.captures_iter(code)
        .map(|found| {
            let name = found.get(1).unwrap();
            (name.start(), name.end(), found.get(0).unwrap().end())
        })
        .collect()
}

/// Puts `line` in the place of line `at`, and gives what is said about the file.
fn changed(name: &str, lines: &[String], at: usize, line: &str) -> Vec<(usize, String)> {
    let mut lines = lines.to_vec();
    line.clone_into(&mut lines[at]);
    messages(name, &told_of(name, &lines.join("\n")))
}

/// Some message stands at the changed line.
#[track_caller]
fn at_line(messages: &[(usize, String)], at: usize, line: &str) -> String {
    let here: Vec<&str> =
        messages.iter().filter(|(n, _)| *n == at + 1).map(|(_, told)| told.as_str()).collect();
    assert!(!here.is_empty(), "nothing points at line {}: `{line}`, but: {messages:?}", at + 1);
    here.join("\n")
}

#[test]
fn a_misspelled_key_is_pointed_at_and_the_right_one_offered() {
    for (name, lines) in samples() {
        let mut tried = 0;
        for (at, line) in lines.iter().enumerate() {
            for (start, end, _) in keys_in(line) {
                let key = &line[start..end];
                let wrong = format!("{}{key}q{}", &line[..start], &line[end..]);
                let told = at_line(&changed(name, &lines, at, &wrong), at, &wrong);
                // The place of a secret is told with both of its forms.
                let offered = told.contains(&format!("Did you mean `{key}`?"))
                    || told.contains("{ env = \"NAME\" } or { file = \"PATH\" }")
                    || told.contains(&format!("`{key}`"))
                    || told.contains("exactly one of");
                assert!(offered, "{name}: `{wrong}`: {told}");
                tried += 1;
            }
        }
        assert!(tried > 30, "{name}: {tried}");
    }
}

#[test]
fn a_value_of_another_type_is_pointed_at() {
    for (name, lines) in samples() {
        for (at, line) in lines.iter().enumerate() {
            // The first value of a line that holds a whole value.
            let Some((_, _, value)) = keys_in(line).into_iter().next() else { continue };
            if line.starts_with(' ') || line.trim_end().ends_with('[') {
                continue;
            }
            let wrong = match line[value..].chars().next() {
                Some('"') => format!("{}7", &line[..value]),
                _ => format!("{}\"zz\"", &line[..value]),
            };
            let told = at_line(&changed(name, &lines, at, &wrong), at, &wrong);
            let mend = ["It must be", "correct it", "Write", "write", "There is no", "Declare"];
            assert!(mend.iter().any(|word| told.contains(word)), "{name}: `{wrong}`: {told}");
        }
    }
}

#[test]
fn broken_toml_is_pointed_at() {
    for (name, lines) in samples() {
        for (at, line) in lines.iter().enumerate() {
            let keys = keys_in(line);
            let Some((start, _, value)) = keys.first().copied() else { continue };
            let mut wrong = vec![line[..value].to_owned(), line.replacen(" = ", " ", 1)];
            if let Some(quote) = line[value..].rfind('"') {
                wrong.push(format!("{}{}", &line[..value + quote], &line[value + quote + 1..]));
            }
            if start == 0 {
                wrong.push(format!("{line}\n{line}"));
            }
            for wrong in wrong {
                let told = changed(name, &lines, at, &wrong);
                // Inside a list of several lines the mistake shows where the list no longer fits.
                let reach = if start == 0 { at + 2 } else { lines.len() };
                let near = |line: usize| (at + 1..=reach).contains(&line);
                assert!(told.iter().any(|(line, _)| near(*line)), "{name}: `{wrong}`: {told:?}");
                let mend =
                    |told: &str| told.contains("Mend the TOML") || told.contains("correct it");
                assert!(told.iter().all(|(_, told)| mend(told)), "{name}: `{wrong}`: {told:?}");
            }
        }
    }
}

#[test]
fn a_line_taken_out_is_missed_where_it_stood() {
    for (name, lines) in samples() {
        let mut missed = 0;
        for (at, line) in lines.iter().enumerate() {
            let keys = keys_in(line);
            if keys.first().is_none_or(|(start, ..)| *start != 0) || line.ends_with('[') {
                continue;
            }
            let told = changed(name, &lines, at, "");
            let header = |line: &&String| line.starts_with('[');
            let from = at - lines[..at].iter().rev().position(|line| header(&line)).unwrap_or(at);
            let key = &line[..keys[0].1];
            // Others may refer to what is gone; then the reference is pointed at.
            for (line, told) in told {
                let inside = line >= from && line <= at + 1;
                let refers = told.contains("There is no") || told.contains("contradict");
                assert!(inside || refers, "{name}: without `{key}` of line {}: {told}", at + 1);
                missed += 1;
            }
        }
        assert!(missed > 5, "{name}: {missed}");
    }
}

#[test]
fn nearly_right_words_dates_and_ids_are_pointed_at_with_a_mend() {
    let cases: [(&str, &str, &str, &str); 14] = [
        (SETTINGS, "kind = \"jira-cloud\"", "kind = \"jira-clod\"", "Did you mean `jira-cloud`?"),
        (SETTINGS, "format = \"text\"", "format = \"txet\"", "Did you mean `text`?"),
        (SETTINGS, "role = \"team\"", "role = \"taem\"", "Did you mean `team`?"),
        (
            SETTINGS,
            "listen = \"127.0.0.1:8787\"",
            "listen = \"localhost\"",
            "write it as 127.0.0.1:8787",
        ),
        (
            SETTINGS,
            "id = \"payments\"",
            "id = \"monday\"",
            "two digests are called `monday`; rename one",
        ),
        (PORTFOLIO, "kind = \"enabling\"", "kind = \"enablign\"", "Did you mean `enabling`?"),
        (PORTFOLIO, "is = \"defect\"", "is = \"defetc\"", "Did you mean `defect`?"),
        (PORTFOLIO, "direction = \"up\"", "direction = \"upp\"", "Did you mean `up`?"),
        (PORTFOLIO, "done_when = \"closed\"", "done_when = \"clsoed\"", "Did you mean `closed`?"),
        (PORTFOLIO, "dimension = \"stream\"", "dimension = \"steam\"", "Did you mean `stream`?"),
        (PORTFOLIO, "anchor = 2026-01-05", "anchor = \"2026-01-05\"", "without quotation marks"),
        (PORTFOLIO, "anchor = 2026-01-05", "anchor = 2026-02-30", "Mend the TOML here"),
        (PORTFOLIO, "length = \"10w\"", "length = \"10 weeks\"", "such as `10w` or `14d`"),
        (
            PORTFOLIO,
            "id = \"refunds\"",
            "id = \"checkout\"",
            "There are two of the team `checkout`",
        ),
    ];
    let samples = samples();
    for (name, old, new, mend) in cases {
        let lines = &samples.iter().find(|(one, _)| *one == name).unwrap().1;
        let at = lines.iter().rposition(|line| line.starts_with(old)).expect(old);
        let wrong = lines[at].replacen(old, new, 1);
        let told = at_line(&changed(name, lines, at, &wrong), at, &wrong);
        assert!(told.contains(mend), "{name}: `{wrong}`: {told}");
    }
}

#[test]
fn a_secret_in_the_settings_is_never_repeated() {
    for key in ["token", "webhook_secret"] {
        let desk = Desk::new().edit(
            SETTINGS,
            "token = { env = \"GITHUB_TOKEN\" } }",
            &format!("token = {{ env = \"GITHUB_TOKEN\" }} }}\n{key} = \"hunter2\""),
        );
        let ran = desk.run(&["check", "--offline"]);
        assert_eq!(ran.code, 2);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
    let desk = Desk::new().edit(SETTINGS, "{ env = \"GITHUB_TOKEN\" }", "\"hunter2\"");
    let ran = desk.run(&["check", "--offline"]);
    let place = desk.place(SETTINGS, "\"hunter2\"");
    assert_eq!(
        ran.err,
        format!(
            "streamgauge: {place}: a secret is never written here, only where it is: write {{ env \
             = \"NAME\" }} or {{ file = \"PATH\" }}\n"
        )
    );
}
