//! The few questions that `init` asks on a terminal, on standard error.

use std::io::{IsTerminal, Write};

/// Whether anybody could answer.
pub(super) fn possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// One line; empty when the answer is empty or the input has ended.
pub(super) fn line(question: &str) -> String {
    let mut errors = std::io::stderr().lock();
    drop(write!(errors, "{question} "));
    drop(errors.flush());
    let mut answer = String::new();
    drop(std::io::stdin().read_line(&mut answer));
    answer.trim().to_owned()
}

/// The same with what an empty answer means.
pub(super) fn with_default(question: &str, default: &str) -> String {
    let answer = line(&format!("{question} [{default}]"));
    if answer.is_empty() { default.to_owned() } else { answer }
}

pub(super) fn yes(question: &str, default: bool) -> bool {
    let answer = line(&format!("{question} [{}]", if default { "Y/n" } else { "y/N" }));
    match answer.to_ascii_lowercase().as_str() {
        "" => default,
        answer => answer.starts_with('y'),
    }
}

/// Words of one answer.
pub(super) fn words(question: &str) -> Vec<String> {
    let answer = line(question);
    answer.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
