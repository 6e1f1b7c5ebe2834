//! PostgreSQL servers from the machine's own binaries. A shell keeps each and ends with its input:
//! the pipe breaks with the test process, however that ends, and the folder goes with the shell.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Makes an empty cluster in `$dir` that trusts the user `gauge`; its tools are in `$bin`.
const MAKE: &str = r#"
set -eu
trap '' INT TERM HUP
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$bin" ]; then bin=$(dirname "$(command -v initdb)"); fi
dir=$(mktemp -d "/tmp/streamgauge-$0.XXXXXX")
stop() { "$bin/pg_ctl" -D "$dir/data" -w -m immediate stop >/dev/null 2>&1 || true; }
finish() { stop; rm -rf "$dir"; }
trap finish EXIT
cd "$dir"
"$bin/initdb" -D "$dir/data" -U gauge -A trust -E UTF8 --no-sync >"$dir/log" 2>&1 \
    || { cat "$dir/log" >&2; exit 1; }
"#;

/// The shell that keeps one server.
pub struct Keeper {
    shell: Child,
    out: BufReader<ChildStdout>,
}

impl Keeper {
    /// Makes a cluster in a folder with this name and runs `script`, which starts it, prints one
    /// line and goes on until its input ends. Returns the line as well.
    pub fn start(name: &str, script: &str, env: &[(&str, &str)]) -> (Self, String) {
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n");
        let mut command = if is_root {
            // PostgreSQL refuses to run as root; Debian's package brings this user.
            let mut setpriv = Command::new("setpriv");
            setpriv.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
            setpriv
        } else {
            Command::new("sh")
        };
        let mut shell = command
            .args(["-c", &format!("{MAKE}{script}"), name])
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cannot start a shell");
        let out = BufReader::new(shell.stdout.take().expect("the output is a pipe"));
        let mut keeper = Self { shell, out };
        let line = keeper.line();
        if line.is_empty() {
            let mut why = String::new();
            let mut told = keeper.shell.stderr.take().expect("a pipe");
            let _ = told.read_to_string(&mut why);
            panic!(
                "the tests need PostgreSQL: `apt-get install postgresql`; most of them take another \
                 one by DATABASE_URL.\n{why}"
            );
        }
        (keeper, line)
    }

    /// The next line that the script prints.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("the output is readable");
        line.trim().to_owned()
    }

    /// Tells the script something and returns its answer.
    pub fn order(&mut self, order: &str) -> String {
        let input = self.shell.stdin.as_mut().expect("a pipe");
        input.write_all(format!("{order}\n").as_bytes()).expect("the script reads");
        input.flush().expect("the script reads");
        self.line()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// The address of a server that listens on a socket in this folder.
pub fn in_folder(folder: &str) -> String {
    format!("postgres://gauge@{}/postgres", folder.replace('/', "%2F"))
}
