//! Turns what serde says into a sentence with a next step.

use crate::portfolio::nearest;

const SAMPLE: &str = "config/streamgauge.toml of the project explains every key";

/// The problem and its mend in one sentence.
pub(super) fn reworded(message: &str) -> String {
    let line = message.lines().collect::<Vec<_>>().join(", ");
    if let Some((key, keys)) = offered(&line, "unknown field ") {
        return match meant(key, keys) {
            Some(near) => format!("{key} is not a key here. Did you mean `{near}`?"),
            None => format!("{key} is not a key here; the keys are {keys}"),
        };
    }
    if let Some((word, words)) = offered(&line, "unknown variant ") {
        return match meant(word, words) {
            Some(near) => format!("{word} is not possible here. Did you mean `{near}`?"),
            None => format!("{word} is not possible here; choose {words}"),
        };
    }
    if let Some(key) = line.strip_prefix("missing field ") {
        return format!("{key} is missing here; add it");
    }
    if line.contains("socket address") {
        return "this is not an address to listen on; write it as 127.0.0.1:8787".to_owned();
    }
    if line.contains("a secret is ") {
        return line;
    }
    format!("{line}; correct it, {SAMPLE}")
}

/// "unknown field `x`, expected one of `a`, `b`" as the word and the list.
fn offered<'a>(line: &'a str, what: &str) -> Option<(&'a str, &'a str)> {
    let (word, list) = line.strip_prefix(what)?.split_once(", expected ")?;
    Some((word, list.strip_prefix("one of ").unwrap_or(list)))
}

/// The word of a list in backticks that was probably meant.
fn meant<'a>(word: &str, list: &'a str) -> Option<&'a str> {
    let known: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    nearest(word.trim_matches('`'), &known)
}
