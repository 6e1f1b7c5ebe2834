//! The floors of the house, held by a test because Cargo cannot hold them inside one package.
//!
//! Each file of `src` may import only modules of lower floors than its own; siblings on a floor
//! never meet; one module a `use crate::` line, so that a line names what it imports.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Bottom first.
const FLOORS: &[&[&str]] = &[
    &["model", "mutants"],
    &["clock", "entropy", "spans", "spawn", "schedule", "secret", "trust", "plain"],
    &["transport"],
    &["portfolio", "signals"],
    &["trackers", "sources", "store", "channels", "registrar"],
    &["sync", "gauge"],
    &["digests"],
    &["web"],
    &["settings", "telemetry"],
    &["serve", "demo"],
    &["cli"],
    &["main", "lib"],
];
/// The demo equipment stands outside the house: it may use the ground only, so that it cannot
/// share a mistake with the trackers, and only the program may use it.
const OUTSIDE: &str = "sim";
const SIM_MAY_USE: &[&str] =
    &["model", "clock", "entropy", "spawn", "schedule", "secret", "transport"];
const MAY_USE_SIM: &[&str] = &["demo", "cli", "main", "lib"];
const LONGEST_FILE: usize = 400;

#[test]
fn modules_import_only_lower_floors() {
    let mut offences = String::new();
    for (path, text) in sources() {
        let own = module_of(&path);
        for (number, line) in text.lines().enumerate() {
            for other in imports(line) {
                if other == own || allowed(&own, &other) {
                    continue;
                }
                let _ = writeln!(offences, "{}:{}: {own} -> {other}", path.display(), number + 1);
            }
            if line.trim_start().starts_with("use crate::{") {
                let place = format!("{}:{}", path.display(), number + 1);
                let _ = writeln!(offences, "{place}: one module a `use crate::` line");
            }
        }
    }
    assert!(offences.is_empty(), "imports against the floors:\n{offences}");
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter_map(|(path, text)| {
            let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
            (lines > LONGEST_FILE).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "production files over {LONGEST_FILE} lines: {long:#?}");
}

#[test]
fn the_checker_sees_offences() {
    assert!(!allowed("store", "sync"));
    assert!(!allowed("portfolio", "signals"));
    assert!(!allowed("sim", "trackers"));
    assert!(!allowed("web", "sim"));
    assert!(allowed("sync", "store"));
    assert_eq!(imports("    let x = crate::store::Store::open();"), ["store"]);
    assert_eq!(imports("pub(crate) use crate::model::Item;"), ["model"]);
    assert!(imports("//! see crate::store").is_empty());
}

fn allowed(own: &str, other: &str) -> bool {
    if own == OUTSIDE {
        return SIM_MAY_USE.contains(&other);
    }
    if other == OUTSIDE {
        return MAY_USE_SIM.contains(&own);
    }
    floor(own) > floor(other)
}

fn floor(module: &str) -> usize {
    FLOORS
        .iter()
        .position(|floor| floor.contains(&module))
        .unwrap_or_else(|| panic!("module `{module}` stands on no floor: add it to FLOORS"))
}

fn imports(line: &str) -> Vec<String> {
    let code = line.trim_start();
    if code.starts_with("//") {
        return Vec::new();
    }
    code.match_indices("crate::")
        .map(|(at, found)| {
            let rest = &code[at + found.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest[..end].to_owned()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

/// `src/store/codec.rs` belongs to `store`.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root()).expect("every source lies in src");
    let first = inside.components().next().expect("a file has a name");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((path, text));
            }
        }
    }
    found.sort();
    assert!(found.len() > 20, "the walk over src found only {} files", found.len());
    found
}
