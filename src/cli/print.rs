//! The only place that writes to the terminal; nothing that a tracker wrote can command it. A closed
//! pipe is the reader's choice, not an error.

use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

use serde::Serialize;

use crate::model::Timestamp;
use crate::plain;

/// Why a part of the output was lost; a closed pipe is no reason.
static LOST: OnceLock<String> = OnceLock::new();

pub(crate) fn out(text: &str) {
    write(&plain::lines(text));
}

fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        // The first reason is the one to tell.
        let _ = LOST.set(error.to_string());
    }
}

/// Why standard output is not whole.
pub(crate) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

pub(crate) fn line(text: &str) {
    out(&format!("{text}\n"));
}

pub(crate) fn json(value: &impl Serialize) {
    let text = serde_json::to_string_pretty(value).expect("plain data serialises");
    write(&(plain::json(text) + "\n"));
}

/// A remark beside the result.
pub(crate) fn note(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{}", plain::lines(text)));
}

/// How every line about an error begins.
pub(crate) const NAME: &str = "streamgauge: ";

pub(crate) fn error(text: &str) {
    note(&format!("{NAME}{text}"));
}

/// A table without borders, wrapped to the terminal.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(header.to_vec());
    table.add_rows(rows);
    for row in table.lines() {
        line(row.trim_end());
    }
}

/// "2026-11-21 15:32 UTC", for what is told and never read back.
pub(crate) fn minute(at: Timestamp) -> String {
    at.to_utc().format("%Y-%m-%d %H:%M UTC").to_string()
}

/// How wide running text is set.
const WIDTH: usize = 100;

/// Text after `first`, broken between words, with every further line moved in by `indent`.
pub(crate) fn wrapped(first: &str, text: &str, indent: usize) -> String {
    let (first, text) = (plain::line(first), plain::line(text));
    let mut lines = vec![first.to_string()];
    let mut width = first.chars().count();
    let mut fresh = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !fresh && width + 1 + length > WIDTH {
            lines.push(" ".repeat(indent));
            (width, fresh) = (indent, true);
        }
        if let Some(last) = lines.last_mut() {
            if !fresh {
                last.push(' ');
            }
            last.push_str(word);
        }
        width += length + usize::from(!fresh);
        fresh = false;
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn text_is_broken_between_words_and_moved_in() {
        let text = wrapped("  head  ", &"word ".repeat(30), 4);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].starts_with("  head  word word") && lines[0].len() <= 100, "{text}");
        assert!(lines[1].starts_with("    word") && !lines[1].ends_with(' '), "{text}");
        assert_eq!(wrapped("bare", "", 4), "bare");
    }
}
