//! What is wrong with a file, where, and how to mend it.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// One problem in a declaration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong, one sentence.
    pub message: String,
    /// What to do about it, one sentence.
    pub mend: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {} {}", self.file, self.line, self.column, self.message, self.mend)
    }
}

/// Every problem that was found, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    pub problems: Vec<Problem>,
    /// The same with the offending lines of the file, for a terminal.
    pub rendered: String,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// A range of bytes in the text of a file.
pub(super) type Span = Range<usize>;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    start: usize,
    end: usize,
    message: String,
    mend: String,
}

/// Collects problems while a file is read, so that all of them are told at once.
#[derive(Debug, Default)]
pub(super) struct Log {
    found: RefCell<Vec<Found>>,
}

impl Log {
    /// Notes a problem: `message` and `mend` are one sentence each.
    pub(super) fn add(&self, span: &Span, message: impl Into<String>, mend: impl Into<String>) {
        self.found.borrow_mut().push(Found {
            start: span.start,
            end: span.end,
            message: message.into(),
            mend: mend.into(),
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// The problems with lines and columns of `text`, in the order of the file.
    pub(super) fn into_problems(self, text: &str, file: &str) -> Problems {
        let mut found = self.found.into_inner();
        found.sort();
        found.dedup();
        let mut problems = Vec::with_capacity(found.len());
        let mut rendered = String::new();
        for Found { start, end, message, mend } in found {
            let (line, column) = line_and_column(text, start);
            rendered.push_str(&render(text, file, start..end, &message, &mend));
            rendered.push('\n');
            problems.push(Problem { file: file.to_owned(), line, column, message, mend });
        }
        Problems { problems, rendered }
    }
}

/// Line and column of a byte offset, both counted from 1.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn render(text: &str, file: &str, span: Span, message: &str, mend: &str) -> String {
    let end = span.end.min(text.len());
    let span = span.start.min(end)..end;
    let snippet = Snippet::source(text)
        .path(file)
        .line_start(1)
        .annotation(AnnotationKind::Primary.span(span));
    let report = [
        Level::ERROR.primary_title(message).element(snippet),
        Group::with_title(Level::HELP.secondary_title(mend)),
    ];
    Renderer::plain().render(&report)
}
