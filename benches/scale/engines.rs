//! The three engines, one after another, and whether they agree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use comfy_table::{CellAlignment, Table, presets};

use crate::input::{self, AS_OF, ITEMS, MEAN, TEAMS, WEEKS};
use crate::process::Figures;

const ANSWERS: [&str; 5] = ["throughput", "flow_time", "wip", "efficiency", "states"];

/// A figure of one process: a name for people, the program's name, digits.
const ROWS: [(&str, &str, usize); 11] = [
    ("load: CPU, s", "load cpu", 2),
    ("load: time, s", "load wall", 2),
    ("cold: CPU, s", "cold cpu", 3),
    ("cold: time, s", "cold wall", 3),
    ("warm: CPU, s", "warm cpu", 3),
    ("warm: time, s", "warm wall", 3),
    ("memory after the load, MB", "loaded", 0),
    ("largest memory of load and answers, MB", "peak", 0),
    ("whole process: CPU, s", "process cpu", 2),
    ("whole process: time, s", "process wall", 2),
    ("whole process: largest memory, MB", "process memory", 0),
];

/// Writes the input once, runs every engine, compares all rows, and prints the figures.
pub fn measure(folder: &Path) {
    let file = folder.join(format!("segments-{ITEMS}.csv"));
    if !file.exists() {
        let unfinished = folder.join("segments.part");
        input::write(&unfinished, ITEMS);
        std::fs::rename(&unfinished, &file).unwrap();
    }
    let python = python(folder);
    let size = std::fs::metadata(&file).unwrap().len() as f64 / 1e6;
    println!(
        "{ITEMS} items, {} segments, {TEAMS} teams, {WEEKS} weeks; a CSV file of {size:.0} MB",
        ITEMS * MEAN
    );
    let mut columns: Vec<(String, Figures)> = Vec::new();
    let mut outputs: Vec<PathBuf> = Vec::new();
    let own = std::env::current_exe().unwrap().display().to_string();
    let input = file.display().to_string();
    let mut run = |name: String, command: Vec<String>, out: PathBuf| {
        columns.push((name, metered(&python, &command)));
        outputs.push(out);
    };
    let out = folder.join("streamgauge");
    let command = vec![own, "ours".to_owned(), input.clone(), out.display().to_string()];
    run("Streamgauge, 1 thread".to_owned(), command, out);
    for (engine, script) in [("DuckDB", "in_duckdb.py"), ("Polars", "in_polars.py")] {
        for threads in [1, 2] {
            let out = folder.join(format!("{engine}-{threads}"));
            let command = vec![
                python.display().to_string(),
                scripts().join(script).display().to_string(),
                input.clone(),
                out.display().to_string(),
                threads.to_string(),
                AS_OF.millis().to_string(),
            ];
            run(
                format!("{engine}, {threads} thread{}", if threads == 1 { "" } else { "s" }),
                command,
                out,
            );
        }
    }
    print(&columns);
    agree(&outputs);
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/scale")
}

/// Python with the pinned engines, made on first use.
fn python(folder: &Path) -> PathBuf {
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    let wanted = scripts().join("requirements.txt");
    let stamp = venv.join("requirements.txt");
    let same = std::fs::read(&wanted).ok() == std::fs::read(&stamp).ok();
    if !same {
        ran(Command::new("python3").args(["-m", "venv"]).arg(&venv));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        ran(Command::new(&python).args(pip).arg(&wanted));
        std::fs::copy(&wanted, &stamp).unwrap();
    }
    python
}

fn ran(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?} failed");
}

/// Runs a command under the meter and collects its figures.
pub fn metered(python: &Path, command: &[String]) -> Figures {
    let meter = scripts().join("meter.py");
    let output =
        Command::new(python).arg(meter).args(command).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?} failed");
    let text = String::from_utf8(output.stdout).unwrap();
    let figures = text.lines().filter_map(|line| line.rsplit_once('='));
    figures.map(|(name, figure)| (name.to_owned(), figure.parse().unwrap())).collect()
}

fn print(columns: &[(String, Figures)]) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([""].into_iter().chain(columns.iter().map(|(name, _)| name.as_str())));
    for (title, name, digits) in ROWS {
        let cell = |figures: &BTreeMap<String, f64>| {
            figures.get(name).map_or_else(String::new, |figure| format!("{figure:.digits$}"))
        };
        let cells = columns.iter().map(|(_, figures)| cell(figures));
        table.add_row([title.to_owned()].into_iter().chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{}\n", table.to_string().trim_end());
    let [ours, theirs] = [&columns[0].1, &columns[1].1];
    for name in ["cold cpu", "warm cpu", "process cpu", "peak", "process memory"] {
        println!("DuckDB, 1 thread, over Streamgauge: {name} {:.1}", theirs[name] / ours[name]);
    }
}

/// Every row of every answer is the same everywhere.
fn agree(outputs: &[PathBuf]) {
    for answer in ANSWERS {
        let rows = |out: &PathBuf| -> Vec<String> {
            let text = std::fs::read_to_string(out.join(format!("{answer}.csv"))).unwrap();
            let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
            rows.sort_unstable();
            rows
        };
        let ours = rows(&outputs[0]);
        assert!(!ours.is_empty(), "{answer} is empty");
        for other in &outputs[1..] {
            let theirs = rows(other);
            let differ = ours.iter().zip(&theirs).find(|(one, two)| one != two);
            let name = other.display();
            assert!(differ.is_none(), "{answer}: {name} differs: {differ:?}");
            assert_eq!(ours.len(), theirs.len(), "{answer}: {name} has other rows");
        }
        println!("{answer}: {} rows, equal in all {} runs", ours.len(), outputs.len());
    }
}
