//! The digest as a column of short blocks, for places that show neither tables nor headings of
//! their own making. The words are those of the Markdown.

use super::compose::{Digest, Section, Told};
use super::words;
use crate::signals::report::Header;

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Heading(String),
    /// A subject, what is said of it, and where the page of it is.
    Said(String, String, Option<String>),
    Text(String),
    /// As a person would write it into a file.
    Code(String),
    /// Less important than the rest.
    Soft(String),
}

/// Everything that the page tells, in its order.
pub(super) fn of(digest: &Digest) -> Vec<Block> {
    let mut blocks = vec![Block::Soft(digest.dateline.clone())];
    blocks.extend(digest.stale.iter().cloned().map(Block::Text));
    blocks.extend(digest.against_last().into_iter().map(Block::Soft));
    for section in &digest.sections {
        of_section(section, &digest.header, &mut blocks);
    }
    let due = digest.due_reviews.iter().map(words::due_review);
    let due: Vec<String> = due.collect();
    if !due.is_empty() {
        blocks.push(Block::Said("Decisions due for review".to_owned(), due.join("; "), None));
    }
    blocks.extend(digest.foot().into_iter().map(Block::Soft));
    if !digest.appendix.is_empty() {
        blocks.push(Block::Heading("Appendix: observations that did not fit".to_owned()));
        blocks.extend(digest.appendix.iter().map(said));
    }
    blocks
}

fn of_section(section: &Section, header: &Header, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(section.heading.clone()));
    let [_, declared, attention, weekly, _] = words::intent_header(header);
    for row in &section.table {
        let [name, share, observed, range, state] = words::intent_cells(row);
        let told =
            format!("{}: {share}. {attention}: {observed}. {weekly}: {range}. {state}", declared);
        blocks.push(Block::Said(name, told, None));
    }
    blocks.extend(section.observations.iter().map(said));
    if section.overflow > 0 {
        blocks.push(Block::Soft(format!("{} more in the appendix.", section.overflow)));
    }
    blocks.extend(section.silence.iter().cloned().map(Block::Text));
    if let Some(unlock) = &section.unlock {
        blocks.push(Block::Text(unlock.sentence.clone()));
        blocks.push(Block::Code(unlock.declaration.clone()));
    }
}

fn said(told: &Told) -> Block {
    let observation = &told.observation;
    Block::Said(observation.subject.clone(), observation.sentences(), told.link.clone())
}

/// At most `most` characters; what is cut ends in "…".
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}
