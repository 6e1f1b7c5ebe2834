//! What is wrong with a file, where, and how to mend it.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

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

/// Problems that are told of one file; the rest is counted.
const MOST: usize = 100;

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
        let more = found.len().saturating_sub(MOST);
        if more > 0 {
            found.truncate(MOST);
            let Span { start, end } = found.last().map_or(0..0, |last| last.start..last.end);
            let message = format!("There are {more} more problems below.");
            found.push(Found { start, end, message, mend: "Correct these first.".to_owned() });
        }
        let mut problems = Vec::with_capacity(found.len());
        let mut rendered = String::new();
        for Found { start, message, mend, .. } in found {
            let (line, column) = line_and_column(text, start);
            let problem = Problem { file: file.to_owned(), line, column, message, mend };
            rendered.push_str(&format!("{problem}\n"));
            rendered.push_str(&excerpt(text, line, column).unwrap_or_default());
            problems.push(problem);
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

/// The offending line with a mark below the column, for a terminal; `None` for a line that may
/// hold a credential. Line and column are counted from 1, the column in characters.
pub(crate) fn excerpt(text: &str, line: usize, column: usize) -> Option<String> {
    let shown = text.lines().nth(line.checked_sub(1)?)?;
    let lower = shown.to_lowercase();
    if ["token", "secret", "password", "auth", "://", "@"].iter().any(|word| lower.contains(word)) {
        return None;
    }
    // Tabs stay tabs, so that the mark stands where the terminal puts the column.
    let before = shown.chars().take(column.saturating_sub(1));
    let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let number = line.to_string();
    let blank = " ".repeat(number.len());
    Some(format!("  {number} | {}\n  {blank} | {indent}^\n", shown.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_the_column_and_credentials_stay_unseen() {
        let text = "a = 1\n\tbé = 2\ntoken = \"x\"\nurl = \"https://me:pw@a.example\"\n";
        assert_eq!(excerpt(text, 2, 6).as_deref(), Some("  2 | \tbé = 2\n    | \t    ^\n"));
        assert_eq!(
            [excerpt(text, 3, 9), excerpt(text, 4, 7), excerpt(text, 9, 1)],
            [None, None, None]
        );
    }
}
