//! The real program, run in a folder of its own that holds copies of the two sample files.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is a failed test")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

pub const SETTINGS: &str = "config/streamgauge.toml";
pub const PORTFOLIO: &str = "config/portfolio.toml";

/// A portfolio without streams and teams.
pub const EMPTY: &str = "name = \"Small\"\ntimezone = \"UTC\"\n";

/// Every command of the program.
pub const COMMANDS: [&str; 22] = [
    "demo",
    "init",
    "check",
    "map",
    "sync",
    "webhooks",
    "serve",
    "health",
    "backup",
    "restore",
    "purge",
    "signals",
    "digest",
    "brief",
    "explain",
    "export",
    "decide",
    "reading",
    "integration",
    "schema",
    "completions",
    "man",
];

/// Ends the process that a failed test would leave behind.
pub struct Held(pub Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A working directory with `config/`, and the environment that commands get.
pub struct Desk {
    folder: TempDir,
    env: BTreeMap<String, String>,
}

/// Writes a secret into a file that only its owner may read.
pub fn close(path: &Path, secret: &str) {
    std::fs::write(path, secret).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Desk {
    /// With the samples as they are, and values for the secrets that they name.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("config")).unwrap();
        let desk = Self { folder, env: BTreeMap::new() }
            .env("JIRA_TOKEN", "wrong-token")
            .env("GITHUB_TOKEN", "wrong-token");
        for file in [SETTINGS, PORTFOLIO] {
            let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            std::fs::copy(sample, desk.path(file)).unwrap();
        }
        desk
    }

    /// An empty folder and an empty environment.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), env: BTreeMap::new() }
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn without_env(mut self, name: &str) -> Self {
        self.env.remove(name).expect("the variable was set");
        self
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn write(self, file: &str, text: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path(file), text).unwrap();
        self
    }

    pub fn folder(self, name: &str) -> Self {
        std::fs::create_dir(self.path(name)).unwrap();
        self
    }

    /// A file that holds a secret: closed to others.
    pub fn keep(self, file: &str, secret: &str) -> Self {
        close(&self.path(file), secret);
        self
    }

    /// Replaces a part of a file that occurs once.
    pub fn edit(self, file: &str, old: &str, new: &str) -> Self {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        assert_eq!(text.matches(old).count(), 1, "`{old}` is not unique in {file}");
        self.write(file, text.replace(old, new))
    }

    /// `FILE:LINE:COLUMN` of the first place where the file says `needle`.
    pub fn place(&self, file: &str, needle: &str) -> String {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        let before = &text[..text.find(needle).unwrap_or_else(|| panic!("no `{needle}`"))];
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("{file}:{}:{column}", before.matches('\n').count() + 1)
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_streamgauge"))
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        Ran {
            code: output.status.code().expect("the program was not killed"),
            out: String::from_utf8(output.stdout).expect("output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("output is UTF-8"),
        }
    }

    /// Runs a command that must end with 0, and returns its standard output.
    #[track_caller]
    pub fn done(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        ran.out
    }

    /// The same for a command that prints JSON.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let out = self.done(args);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
    }

    /// Every file below the folder with its content.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.insert(path.clone(), std::fs::read(&path).unwrap());
                }
            }
        }
        found
    }
}
