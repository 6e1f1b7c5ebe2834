//! Nobody is called but the trackers that the settings name.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::process::{DEADLINE, until};
use crate::support::program::{Desk, EMPTY, Held, PORTFOLIO, SETTINGS};

/// Stands between the program and the world: notes whom it asks for, and lets nobody through.
struct World {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let target = head.split(' ').nth(1).unwrap_or("?").to_owned();
                kept.lock().unwrap().push(target);
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap().iter().cloned().collect()
    }
}

const SETTLED: &str = r#"
[[connection]]
id = "jira"
kind = "jira-cloud"
url = "https://jira.streamgauge.invalid"
gateway = "https://gateway.streamgauge.invalid"
scopes = ["PAY"]
auth = { user = "gauge@example.com", token = { env = "JIRA_TOKEN" } }
[[connection]]
id = "center"
kind = "jira-data-center"
url = "https://center.streamgauge.invalid/jira"
scopes = ["OPS"]
auth = { token = { env = "JIRA_TOKEN" } }
[[connection]]
id = "github"
kind = "github"
url = "https://github.streamgauge.invalid"
scopes = ["northwind/checkout"]
auth = { token = { env = "GITHUB_TOKEN" } }
"#;

#[tokio::test]
async fn only_the_configured_hosts_are_called() {
    let world = World::open();
    let mut desk = Desk::new().write(SETTINGS, SETTLED).write(PORTFOLIO, EMPTY);
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"]
    {
        desk = desk.env(name, &world.address);
    }
    // What works on the store alone calls nobody.
    desk.run(&["check", "--offline"]);
    for args in
        [&["map"][..], &["signals"], &["digest"], &["export", "--out", "out"], &["--version"]]
    {
        desk.run(args);
    }
    // Neither do the demo and the question of a container, which stay on this machine whatever
    // proxy the environment names.
    let told = desk.done(&["demo", "--once"]);
    assert!(told.contains("# "), "{told}");
    let health = desk.run(&["health"]);
    assert!(health.err.contains("the daemon does not answer"), "{health:?}");
    assert_eq!(world.asked(), BTreeSet::new(), "without a need");

    let own = ["jira", "center", "github"].map(|name| format!("{name}.streamgauge.invalid:443"));
    let mut own: BTreeSet<String> = own.into_iter().collect();
    let check = desk.run(&["check"]);
    assert_ne!(check.code, 0, "{check:?}");
    assert!(world.asked().is_superset(&own), "{:?}", world.asked());
    desk.run(&["sync"]);
    let daemon = Command::new(env!("CARGO_BIN_EXE_streamgauge"))
        .arg("serve")
        .current_dir(desk.path(""))
        .env_clear()
        .env("JIRA_TOKEN", "x")
        .env("GITHUB_TOKEN", "x")
        .env("ALL_PROXY", &world.address)
        .env("STREAMGAUGE_WEB__LISTEN", "127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let daemon = Held(daemon.unwrap());
    let before = world.asked.lock().unwrap().len();
    let more = until(DEADLINE, || world.asked.lock().unwrap().len() >= before + 3).await;
    drop(daemon);
    assert!(more, "the daemon asks its trackers");
    own.insert("gateway.streamgauge.invalid:443".to_owned());
    let asked = world.asked();
    assert!(asked.is_subset(&own), "{asked:?}");
}
