//! The only place that writes to the terminal. A closed pipe is the reader's choice, not an error.

use std::io::Write;

use serde::Serialize;

pub(crate) fn out(text: &str) {
    drop(std::io::stdout().lock().write_all(text.as_bytes()));
}

pub(crate) fn line(text: &str) {
    out(&format!("{text}\n"));
}

pub(crate) fn json(value: &impl Serialize) {
    let text = serde_json::to_string_pretty(value).expect("plain data serialises");
    line(&text);
}

/// A remark beside the result.
pub(crate) fn note(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
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
    line(&table.to_string());
}
