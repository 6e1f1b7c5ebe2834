//! The digest as plain Markdown.

use std::fmt::Write as _;

use super::blocks::Block;
use super::compose::{Digest, Section, Told};
use super::words;
use crate::plain;
use crate::signals::report::{Header, Observation};

/// Renders the page. Text from trackers (titles of epics) arrives escaped here and only here.
#[must_use]
pub fn render(digest: &Digest) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n{}\n", escape(&digest.title), digest.dateline);
    if !digest.stale.is_empty() {
        let lines: Vec<String> = digest.stale.iter().map(|line| prose(line)).collect();
        let _ = writeln!(out, "> {}\n", lines.join("\n>\n> "));
    }
    for line in digest.against_last() {
        let _ = writeln!(out, "{}\n", escape(&line));
    }
    for section in &digest.sections {
        render_section(&mut out, section, &digest.header);
    }
    if !digest.due_reviews.is_empty() {
        let due: Vec<String> =
            digest.due_reviews.iter().map(|due| escape(&words::due_review(due))).collect();
        let _ = writeln!(out, "Decisions due for review: {}\n", due.join("; "));
    }
    let _ = writeln!(out, "---");
    for line in digest.foot() {
        let _ = writeln!(out, "{}", escape(&line));
    }
    if !digest.appendix.is_empty() {
        let _ = writeln!(out, "\n## Appendix: observations that did not fit\n");
        for told in &digest.appendix {
            let _ = writeln!(out, "- {}", told_line(told));
        }
    }
    plain::lines(&out).into_owned()
}

/// A page of blocks.
pub(super) fn column(title: &str, blocks: &[Block]) -> String {
    let mut out = format!("# {}\n\n", escape(title));
    for block in blocks {
        let _ = match block {
            Block::Heading(text) => writeln!(out, "\n## {}\n", escape(text)),
            Block::Said(subject, text, _) => {
                writeln!(out, "- **{}**: {}", escape(subject), escape(text))
            }
            Block::Text(text) | Block::Soft(text) => writeln!(out, "{}\n", escape(text)),
            Block::Code(text) => writeln!(out, "```\n{text}\n```\n"),
        };
    }
    plain::lines(&out).into_owned()
}

fn render_section(out: &mut String, section: &Section, header: &Header) {
    let _ = writeln!(out, "## {}\n", section.heading);
    if !section.table.is_empty() {
        let _ = writeln!(out, "| {} |", words::intent_header(header).join(" | "));
        let _ = writeln!(out, "|---|---|---|---|---|");
        for row in &section.table {
            let cells = words::intent_cells(row).map(|cell| escape(&cell).replace('|', "\\|"));
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out.push('\n');
    }
    for told in &section.observations {
        let _ = writeln!(out, "- {}", told_line(told));
    }
    if section.overflow > 0 {
        let _ = writeln!(out, "- {} more in the appendix.", section.overflow);
    }
    for silence in &section.silence {
        let _ = writeln!(out, "- {}", escape(silence));
    }
    if let Some(unlock) = &section.unlock {
        let _ = writeln!(out, "- {}\n\n  ```", escape(&unlock.sentence));
        for line in unlock.declaration.lines() {
            let _ = writeln!(out, "  {line}");
        }
        let _ = writeln!(out, "  ```");
    }
    out.push('\n');
}

/// One observation as it stands in the page: "**Fleet**: evidence. Uncertainty. Question?"
#[must_use]
pub fn observation_line(observation: &Observation) -> String {
    line(observation, None)
}

/// The same with the link to its signal page, where there is one: it stands on the subject, so that
/// the question stays the last word.
fn told_line(told: &Told) -> String {
    line(&told.observation, told.link.as_deref())
}

fn line(observation: &Observation, link: Option<&str>) -> String {
    let sentence = escape(&observation.sentences());
    let subject = escape(&observation.subject);
    match link {
        Some(link) => format!("**[{subject}]({link})**: {sentence}"),
        None => format!("**{subject}**: {sentence}"),
    }
}

/// Our own sentence, with code between backticks.
fn prose(text: &str) -> String {
    let part = |(index, part): (usize, &str)| {
        if index % 2 == 1 { format!("`{part}`") } else { escape(part) }
    };
    text.split('`').enumerate().map(part).collect()
}

/// Makes tracker text inert: no markup, no link, no mention, no line break.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            // GitHub makes links of bare addresses too.
            ':' if text[at..].starts_with("://") => out.push_str("\\:"),
            '.' if text[..at].to_ascii_lowercase().ends_with("www") => out.push_str("\\."),
            // Also an entity, and a formula.
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' | '~' | '&' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '@' => out.push_str("@\u{200b}"),
            c if plain::is_active(c) => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracker_text_is_inert() {
        let hostile = "[x](http://evil) @all <script>\n# `run` \u{202e}";
        let safe = escape(hostile);
        assert_eq!(safe, "\\[x\\](http\\://evil) @\u{200b}all \\<script\\> \\# \\`run\\`  ");
    }
}
