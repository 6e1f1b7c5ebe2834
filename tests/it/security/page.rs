//! The page `src/docs/security.md` names a test for each rule; this one sees that they exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text() -> String {
    std::fs::read_to_string(root().join("src/docs/security.md")).unwrap()
}

/// The rows below the header that begins like this, cell by cell.
pub fn table(header: &str) -> Vec<Vec<String>> {
    let text = text();
    let from = text.lines().position(|line| line.starts_with(header));
    let from = from.unwrap_or_else(|| panic!("there is no table {header}"));
    let rows = text.lines().skip(from + 2).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
        inner.split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

/// Paths in backticks that begin with the package of tests or the crate.
fn named(cell: &str) -> Vec<String> {
    let code = cell.split('`').skip(1).step_by(2);
    code.filter(|code| code.starts_with("it::") || code.starts_with("streamgauge::"))
        .map(str::to_owned)
        .collect()
}

/// Whether the path leads to a test.
fn exists(path: &str) -> bool {
    let (module, name) = path.rsplit_once("::").unwrap();
    let (base, inside) = match module.strip_prefix("it") {
        Some(inside) => (root().join("tests/it"), inside),
        None => (root().join("src"), module.strip_prefix("streamgauge").unwrap()),
    };
    let parts: Vec<&str> = inside.split("::").filter(|part| !part.is_empty()).collect();
    // The last part may be a module inside of its file.
    [parts.len(), parts.len().saturating_sub(1)].iter().any(|length| {
        let file = parts[..*length].iter().fold(base.clone(), |path, part| path.join(part));
        [file.with_extension("rs"), file.join("mod.rs")].iter().any(|file| holds(file, name))
    })
}

fn holds(file: &Path, name: &str) -> bool {
    let Ok(text) = std::fs::read_to_string(file) else { return false };
    let lines: Vec<&str> = text.lines().collect();
    let is_test = |at: usize| {
        let above = lines[..at].iter().rev().take_while(|line| !line.trim().is_empty());
        above.take(6).any(|line| line.contains("test]") || line.contains("tokio::test"))
    };
    let told = |line: &str| {
        let line = line.trim_start().trim_start_matches("async ");
        line.starts_with(&format!("fn {name}(")) || line.starts_with(&format!("async fn {name}("))
    };
    let listed = text.split("fuzzed! {").nth(1).is_some_and(|list| {
        list.split([',', ';', '}', ':', '\n']).any(|target| target.trim() == name)
    });
    listed || (0..lines.len()).any(|at| told(lines[at]) && is_test(at))
}

#[test]
fn every_item_has_a_row_and_every_named_test_exists() {
    let rows = table("| item |");
    let mut seen = BTreeSet::new();
    let mut missing = Vec::new();
    for row in &rows {
        let [item, _, rule, held] = row.as_slice() else { panic!("four cells: {row:?}") };
        let number: u32 = item.parse().unwrap();
        assert!(seen.insert(number), "item {number} has two rows");
        assert!(!rule.is_empty(), "item {number} has no rule");
        let tests = named(held);
        let open = held.contains("not built") || held.contains("open:");
        assert!(!tests.is_empty() || open, "item {number} names no test and does not say why");
        missing.extend(tests.into_iter().filter(|test| !exists(test)));
    }
    assert_eq!(seen, (1..=55).collect(), "the items from 1 to 55");
    assert!(missing.is_empty(), "no such test: {missing:#?}");
}

#[test]
fn a_name_that_leads_nowhere_is_seen() {
    assert!(exists("it::security::page::a_name_that_leads_nowhere_is_seen"));
    assert!(exists("streamgauge::secret::tests::a_file_is_trimmed_and_never_shown"));
    assert!(exists("it::fuzz::jira_webhook"));
    assert!(!exists("it::security::page::exists"), "a function, but no test");
    assert!(!exists("it::security::page::a_name"));
    assert!(!exists("it::nowhere::every_item_has_a_row_and_every_named_test_exists"));
}
