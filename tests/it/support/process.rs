//! The real program in a folder of its own, connected to a gate.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use streamgauge::clock::{Clock, SystemClock};
use streamgauge::demo::{Stage, WEBHOOK_SECRET};
use streamgauge::entropy::Entropy;
use streamgauge::transport::{Limits, Pace, Request, Response, Transport, TransportError};

use super::gate::Gate;
use super::settings::{list, with_jira};

/// Longest wait for anything that must happen.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// The folder of one installation: settings, portfolio, database, logs.
pub struct Folder {
    pub dir: tempfile::TempDir,
    /// Secrets and what else is in the environment.
    secrets: Vec<(&'static str, String)>,
    log: String,
    /// Files that a process may have open; `None`: as many as this one.
    files: Option<u32>,
    store: String,
}

/// The addresses by which an installation reaches the world.
pub struct Ways {
    pub jira: String,
    pub github: String,
    pub store: String,
}

/// A daemon that runs.
pub struct Daemon {
    child: Child,
    pub address: String,
}

/// A command that runs.
pub struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

/// How a command ended.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Folder {
    /// Writes the settings of an installation that reads the trackers of `stage` through `gate`.
    pub fn new(stage: &Stage, gate: &Gate, portfolio: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", dir.path().join("streamgauge.db").display());
        let ways = Ways { jira: gate.jira.clone(), github: gate.github.clone(), store };
        Self::in_dir(dir, stage, ways, portfolio)
    }

    /// The same by other ways than through a gate into a file.
    pub fn by(stage: &Stage, ways: Ways, portfolio: &str) -> Self {
        Self::in_dir(tempfile::tempdir().unwrap(), stage, ways, portfolio)
    }

    fn in_dir(dir: tempfile::TempDir, stage: &Stage, ways: Ways, portfolio: &str) -> Self {
        let (jira, github) = (stage.jira.as_ref().unwrap(), stage.github.as_ref().unwrap());
        let settings = with_jira(&ways.store, &ways.jira, &jira.projects)
            + &format!(
                r#"
[[connection]]
id = "github"
kind = "github"
url = "{url}"
scopes = {repositories}
auth = {{ token = {{ env = "TEST_GITHUB_TOKEN" }} }}
webhook_secret = {{ env = "TEST_WEBHOOK_SECRET" }}
"#,
                url = ways.github,
                repositories = list(&github.repositories),
            );
        let secrets = vec![
            ("TEST_JIRA_TOKEN", jira.token.to_owned()),
            ("TEST_GITHUB_TOKEN", github.token.to_owned()),
            ("TEST_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        ];
        Self { store: ways.store, ..Self::of(dir, &settings, portfolio, secrets) }
    }

    /// Any settings over a file, with the secrets that they name.
    pub fn of(
        dir: tempfile::TempDir,
        settings: &str,
        portfolio: &str,
        secrets: Vec<(&'static str, String)>,
    ) -> Self {
        fs::write(dir.path().join("streamgauge.toml"), settings).unwrap();
        fs::write(dir.path().join("portfolio.toml"), portfolio).unwrap();
        let store = format!("sqlite:{}", dir.path().join("streamgauge.db").display());
        Self { dir, secrets, log: "info".to_owned(), files: None, store }
    }

    /// Lets processes have no more open files than this.
    #[must_use]
    pub fn with_files(mut self, most: u32) -> Self {
        self.files = Some(most);
        self
    }

    /// An installation with these settings; `STORE` in them is the database. Secrets come by the
    /// environment variables that hold them.
    pub fn over(settings: &str, portfolio: &str, secrets: &[(&'static str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", dir.path().join("streamgauge.db").display());
        let settings = settings.replace("STORE", &store);
        fs::write(dir.path().join("streamgauge.toml"), settings).unwrap();
        fs::write(dir.path().join("portfolio.toml"), portfolio).unwrap();
        let secrets = secrets.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { dir, secrets, log: "info".to_owned(), files: None, store }
    }

    /// Logs this much.
    #[must_use]
    pub fn logging(mut self, filter: &str) -> Self {
        filter.clone_into(&mut self.log);
        self
    }

    /// Writes more settings, with a secret that they name.
    #[must_use]
    pub fn with(mut self, settings: &str, name: &'static str, secret: &str) -> Self {
        let file = self.path().join("streamgauge.toml");
        let before = fs::read_to_string(&file).unwrap();
        fs::write(&file, before + settings).unwrap();
        self.secrets.push((name, secret.to_owned()));
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: &str) -> Self {
        self.secrets.push((name, value.to_owned()));
        self
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn url(&self) -> String {
        self.store.clone()
    }

    /// The file of a SQLite store.
    pub fn database(&self) -> PathBuf {
        self.url().strip_prefix("sqlite:").expect("a file").into()
    }

    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_streamgauge");
        let mut command = Command::new(if self.files.is_some() { "sh" } else { program });
        if let Some(most) = self.files {
            command.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\""), program]);
        }
        command
            .arg("--config")
            .arg(self.path().join("streamgauge.toml"))
            .envs(self.secrets.iter().map(|(name, value)| (*name, value.as_str())))
            .env("RUST_LOG", &self.log)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, args: &[&str]) -> Ended {
        self.start(args).end().await
    }

    /// Starts a command and leaves it running.
    pub fn start(&self, args: &[&str]) -> Running {
        let (out, err) = (self.path().join("out.txt"), self.path().join("err.txt"));
        let child = self
            .command()
            .args(args)
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        Running { child, out, err }
    }

    /// Where the daemon of this folder logs to; every start begins it anew.
    pub fn daemon_log(&self) -> PathBuf {
        self.path().join("daemon.log")
    }

    /// Starts the daemon and waits until it serves.
    pub async fn serve(&self) -> Daemon {
        let served = self.try_serve().await;
        served.unwrap_or_else(|text| panic!("the daemon does not serve:\n{text}"))
    }

    /// Starts the daemon; what it said, when it ended instead of serving.
    pub async fn try_serve(&self) -> Result<Daemon, String> {
        let log = self.daemon_log();
        let mut child = self
            .command()
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut address = None;
        let served = until(DEADLINE, || {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let line = text.lines().find(|line| line.contains("streamgauge serves"));
            let found = line.and_then(|line| line.split("address=").nth(1));
            address = found.and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
            address.is_some() || child.try_wait().unwrap().is_some()
        });
        served.await;
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(fs::read_to_string(&log).unwrap());
        };
        Ok(Daemon { child, address })
    }
}

impl Running {
    /// Waits for its end.
    pub async fn end(mut self) -> Ended {
        let status = ended(&mut self.child).await;
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        Ended { code: status.code(), out: read(&self.out), err: read(&self.err) }
    }
}

impl Daemon {
    /// `kill -9`, and waits until the system has taken the process away.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(sent.success(), "kill -{name} {pid}");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end and gives its exit code.
    pub async fn code(&mut self) -> Option<i32> {
        ended(&mut self.child).await.code()
    }

    /// An absolute URL of the daemon.
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A test that failed must not leave a process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn ended(child: &mut Child) -> ExitStatus {
    let mut status = None;
    until(DEADLINE, || {
        status = child.try_wait().unwrap();
        status.is_some()
    })
    .await;
    status.unwrap_or_else(|| {
        let _ = child.kill();
        panic!("the process did not end within {DEADLINE:?}")
    })
}

/// Looks every few milliseconds whether something has happened; tells whether it has.
pub async fn until(deadline: Duration, mut happened: impl FnMut() -> bool) -> bool {
    let clock = SystemClock;
    let end = clock.now().plus_millis(i64::try_from(deadline.as_millis()).unwrap());
    loop {
        if happened() {
            return true;
        }
        if clock.now() >= end {
            return false;
        }
        clock.sleep(Duration::from_millis(5)).await;
    }
}

/// Looks again and again whether something has happened that other processes do, and fails when it
/// has not in time; how long it took.
pub async fn eventually(happened: impl AsyncFnMut() -> bool, what: &str) -> Duration {
    within(DEADLINE, happened, what).await
}

/// The same with another patience.
pub async fn within(
    deadline: Duration,
    mut happened: impl AsyncFnMut() -> bool,
    what: &str,
) -> Duration {
    let since = Instant::now();
    // A look that hangs is a failure with a name as well.
    let looks = async {
        while !happened().await {
            SystemClock.sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(deadline, looks)
        .await
        .unwrap_or_else(|_| panic!("{what} within {deadline:?}"));
    since.elapsed()
}

/// A client without patience: one try for each request.
pub fn client() -> Transport {
    let limits = Limits { backoff: Vec::new(), ..Limits::default() };
    Transport::over_network(limits, Arc::new(SystemClock), Entropy::from_seed(0)).unwrap()
}

pub async fn send(client: &Transport, request: Request) -> Result<Response, TransportError> {
    client.ask(request, |_| Pace::Proceed).await
}

/// Status and text of a page.
pub async fn get(client: &Transport, url: &str) -> Option<(u16, String)> {
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    let answer = send(client, request).await.ok()?;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    Some((answer.status().as_u16(), text))
}
