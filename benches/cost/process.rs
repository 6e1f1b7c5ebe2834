//! Child processes, and what the kernel knows of this one.

use std::collections::BTreeMap;
use std::fs::read_to_string;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// The kernel's clock ticks in `/proc/self/stat`; Linux has fixed them for programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process has used since an earlier look.
pub struct Meter {
    cpu: f64,
    began: Instant,
}

/// Figures by name, as a child prints them.
pub type Figures = BTreeMap<String, f64>;

impl Meter {
    /// From the start of the process.
    pub fn whole() -> Self {
        Self { cpu: 0.0, began: Instant::now() }
    }

    /// From now on.
    pub fn start() -> Self {
        Self { cpu: cpu_seconds(), began: Instant::now() }
    }

    /// Prints CPU and wall seconds under `name`.
    pub fn print(&self, name: &str) {
        tell(&format!("{name} cpu"), cpu_seconds() - self.cpu);
        tell(&format!("{name} wall"), self.began.elapsed().as_secs_f64());
    }
}

/// Prints one figure for the parent.
pub fn tell(name: &str, figure: f64) {
    println!("{name}={figure}");
}

/// CPU seconds of all threads, ended ones included.
fn cpu_seconds() -> f64 {
    let stat = read_to_string("/proc/self/stat").unwrap();
    // The second field is the program's name in brackets and may hold anything.
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
    let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum();
    ticks / TICKS_PER_SECOND
}

/// A size in MB (of a million bytes) from `/proc/self/status`: `VmHWM`, `VmRSS`.
pub fn memory(name: &str) -> f64 {
    let status = read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024.0 / 1e6
}

/// Calls this program with other arguments and collects its figures.
pub fn figures(args: &[&str]) -> Figures {
    let output = command(args).output().unwrap();
    assert!(output.status.success(), "{args:?} failed");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.rsplit_once('='))
        .map(|(name, figure)| (name.to_owned(), figure.parse().unwrap()))
        .collect()
}

/// A child that serves until its standard input closes.
pub struct Server {
    child: Child,
    /// The line it printed when it was ready.
    pub url: String,
}

impl Server {
    pub fn start(args: &[&str]) -> Self {
        let mut child = command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Whether it ended well no longer matters to any figure.
        let _ = self.child.wait();
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// The processor and its threads, in one line.
pub fn machine() -> String {
    let info = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, name)| name);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{threads} threads of {model}")
}
