//! Inputs that are not odd but too much: deep, long, wide. Each target gets the same ones.

use super::{answers, fuzz_inputs, parsers};

/// Levels of nesting; a parser that went down them would end on its stack.
const DEEP: usize = 1_000_000;

fn deep() -> Vec<Vec<u8>> {
    let times = |text: &str| text.repeat(DEEP).into_bytes();
    let around = |open: &str, inner: &str, close: &str| {
        [times(open), inner.as_bytes().to_vec(), times(close)].concat()
    };
    vec![
        times("["),
        around("[", "", "]"),
        times("{\"a\":"),
        around("{\"a\":", "1", "}"),
        around("{\"issues\":[", "1", "]}"),
        [br#"{"issues":[{"id":"1","fields":"#.to_vec(), around("[", "", "]"), b"}]}".to_vec()]
            .concat(),
        [br#"{"data":{"repository":"#.to_vec(), around("{\"a\":", "1", "}"), b"}}".to_vec()]
            .concat(),
        [
            br#"{"webhookEvent":"jira:issue_updated","issue":{"id":"1","x":"#.to_vec(),
            around("[", "", "]"),
            b"}}".to_vec(),
        ]
        .concat(),
        [b"a = ".to_vec(), around("[", "", "]")].concat(),
        [b"a = ".to_vec(), times("{ a = ")].concat(),
        [b"[".to_vec(), "a.".repeat(50_000).into_bytes(), b"a]\n".to_vec()].concat(),
        [b"claims = ".to_vec(), around("[", "", "]")].concat(),
        times("("),
        times("\""),
        times("<"),
    ]
}

/// A mebibyte each, which is the most that a webhook brings.
fn large() -> Vec<Vec<u8>> {
    let many = |text: &str| text.repeat((1 << 20) / text.len()).into_bytes();
    let listed = |head: &str, row: &str, tail: &str| {
        [head.as_bytes(), &many(row), row.trim_end_matches(',').as_bytes(), tail.as_bytes()]
            .concat()
    };
    vec![
        many("a"),
        many("\u{0}"),
        many("\u{1f600}"),
        many("1"),
        many(","),
        many("1,"),
        many("*/"),
        many("\n"),
        many("a=1\n"),
        many("[[team]]\n"),
        many("id = \"a\"\n"),
        many("x-ratelimit-reset: 1\n"),
        many("%41"),
        many("&as_of=1"),
        many("2026-06-17T09:30:00Z "),
        listed("[", "0,", "]"),
        listed("{\"a\":[", "{},", "]}"),
        listed("{\"issues\":[", "{\"id\":\"1\"},", "]}"),
        listed("{\"issues\":[{\"id\":\"1\",\"fields\":{\"labels\":[", "\"x\",", "]}}]}"),
        listed("{\"webhookEvent\":\"x\",\"a\":[", "null,", "]}"),
        listed("{\"data\":{\"repository\":{\"issues\":{\"nodes\":[", "null,", "]}}}}"),
        listed("{\"errors\":[", "{\"type\":\"NOT_FOUND\",\"path\":[\"nodes\",0]},", "]}"),
        format!("{{\"timestamp\":{}}}", "9".repeat(1 << 20)).into_bytes(),
        format!("{{\"{}\":1}}", "k".repeat(1 << 20)).into_bytes(),
    ]
}

#[test]
fn a_million_levels_are_refused_at_once() {
    for target in parsers() {
        fuzz_inputs(target, deep());
    }
    // Whole clients read the same bytes many times over.
    let (open, closed) = ("[".repeat(DEEP), format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP)));
    for target in
        [answers::jira_cloud_answers(), answers::jira_center_answers(), answers::github_answers()]
    {
        fuzz_inputs(target, vec![open.clone().into_bytes(), closed.clone().into_bytes()]);
    }
}

#[test]
fn large_inputs_end() {
    for target in parsers() {
        fuzz_inputs(target, large());
    }
}
