//! The sample files with everything switched on that they show switched off.

use std::collections::BTreeSet;

/// The lines of a sample in their places. A switched-off key that stands in its table already is an
/// alternative, and stays a comment.
pub fn switched_on(sample: &str) -> Vec<String> {
    let bare = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => {
            Some(rest.to_owned())
        }
        _ => None,
    };
    let key = |line: &str| line.split_once(" = ").map(|(key, _)| key.to_owned());
    let all: Vec<&str> = sample.lines().collect();
    let is_header = |line: &&&str| line.trim_start_matches('#').starts_with('[');
    let mut shown = BTreeSet::new();
    let mut lines = Vec::with_capacity(all.len());
    for (at, line) in all.iter().enumerate() {
        if is_header(&line) || at == 0 {
            let table = all[at..].iter().skip(1).take_while(|line| !is_header(line));
            shown = table.filter_map(|line| key(line)).collect();
        }
        let on = bare(line).filter(|on| key(on).is_none_or(|key| shown.insert(key)));
        lines.push(on.unwrap_or_else(|| (*line).to_owned()));
    }
    lines
}
