//! Small pieces of the files that `init` writes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::plain::{is_active, line};

/// Columns of a line of comment.
const WIDTH: usize = 98;

/// A TOML string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_active(c) => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A TOML list of strings.
pub(super) fn list(texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let all: Vec<String> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", all.join(", "))
}

/// A text as part of a comment: on one line, without what could end it.
pub(super) fn plain(text: &str) -> String {
    line(text).trim().to_owned()
}

/// Words as comment lines, broken between words.
pub(super) fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in plain(text).split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && line != "#" {
            let _ = writeln!(out, "{line}");
            line = String::from("#");
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(out, "{line}");
}

/// A heading between the parts of a file.
pub(super) fn heading(out: &mut String, title: &str) {
    let dashes = "-".repeat(WIDTH.saturating_sub(title.chars().count() + 8));
    let _ = writeln!(out, "\n\n# ---- {title} {dashes}\n");
}

/// Names for a comment: all of them, or the first and how many more.
pub(super) fn names(all: &[String], most: usize) -> String {
    let shown: Vec<&str> = all.iter().take(most).map(String::as_str).collect();
    let more = all.len().saturating_sub(most);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{rest}", shown.join(", "))
}

/// `1 item`, `2 items`.
pub(super) fn count(number: u64, one: &str) -> String {
    match (number, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) if one.ends_with('s') => format!("{number} {one}es"),
        (_, None) => format!("{number} {one}s"),
    }
}

/// Ids that appear in addresses: lower-case letters, digits and hyphens, each given once.
#[derive(Debug, Default)]
pub(super) struct Ids(BTreeSet<String>);

impl Ids {
    /// An id that reads like `name`; `fallback` where nothing of it can be kept.
    pub(super) fn take(&mut self, name: &str, fallback: &str) -> String {
        let mut id = String::new();
        for c in name.chars() {
            if c.is_ascii_alphanumeric() {
                id.push(c.to_ascii_lowercase());
            } else if !id.is_empty() && !id.ends_with('-') {
                id.push('-');
            }
        }
        let id = id.trim_end_matches('-');
        let id = if id.is_empty() { fallback } else { id };
        let free = (2..).map(|number| format!("{id}-{number}"));
        let mut tries = std::iter::once(id.to_owned()).chain(free);
        let id = tries.find(|id| !self.0.contains(id)).unwrap_or_else(|| id.to_owned());
        self.0.insert(id.clone());
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_inside_its_quotes_and_its_line() {
        let name = "a\"]\nscopes = [\"x\\";
        let document: toml::Table = format!("name = {}", quoted(name)).parse().unwrap();
        assert_eq!(document["name"].as_str(), Some(name));
        let mut out = String::new();
        comment(&mut out, name);
        assert!(out.lines().all(|line| line.starts_with('#')), "{out}");
    }

    #[test]
    fn ids_are_plain_and_given_once() {
        let mut ids = Ids::default();
        assert_eq!(ids.take("Checkout & Refunds!", "team"), "checkout-refunds");
        assert_eq!(ids.take("checkout refunds", "team"), "checkout-refunds-2");
        assert_eq!(ids.take("支付", "team"), "team");
        assert_eq!(ids.take("检索", "team"), "team-2");
    }

    #[test]
    fn numbers_agree_with_their_nouns() {
        assert_eq!(count(1, "repository"), "1 repository");
        assert_eq!(count(2, "repository"), "2 repositories");
        assert_eq!(count(3, "status"), "3 statuses");
        assert_eq!(count(0, "board"), "0 boards");
    }
}
