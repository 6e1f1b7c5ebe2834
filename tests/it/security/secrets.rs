//! Where secrets may lie, how long they must be, and what a process gives away of them.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::process::{DEADLINE, until};
use crate::support::program::{Desk, EMPTY, Held, PORTFOLIO, SETTINGS};

/// One connection that nothing answers, with a webhook, and one reader.
const FILES: &str = r#"
[[connection]]
id = "jira"
kind = "jira-data-center"
url = "http://127.0.0.1:1"
scopes = ["PAY"]
auth = { token = { file = "token" } }
webhook_secret = { file = "hook" }

[[web.token]]
role = "viewer"
secret = { file = "viewer" }
"#;
const TOKEN: &str = "canary-of-the-tracker";
const HOOK: &str = "canary-of-the-webhook-0123456789";
const VIEWER: &str = "canary-of-the-reader-0123456789";

fn desk() -> Desk {
    Desk::empty()
        .keep("token", TOKEN)
        .keep("hook", HOOK)
        .keep("viewer", VIEWER)
        .env("STREAMGAUGE_WEB__LISTEN", "127.0.0.1:0")
        .folder("config")
        .write(SETTINGS, FILES)
        .write(PORTFOLIO, EMPTY)
}

fn assert_silent(told: &str) {
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn a_file_that_everybody_can_read_is_no_place_for_a_secret() {
    for name in ["token", "hook", "viewer"] {
        for mode in [0o644, 0o606, 0o666] {
            let desk = desk();
            let open = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(desk.path(name), open).unwrap();
            let ran = desk.run(&["serve"]);
            let place = desk.place(SETTINGS, &format!("{{ file = \"{name}\""));
            let at = place.rsplit_once(':').unwrap().0;
            assert_eq!(ran.code, 2, "{name}: {ran:?}");
            assert!(ran.err.contains(at), "{at}: {}", ran.err);
            assert!(ran.err.contains("is open to every user of this machine"), "{}", ran.err);
            assert!(ran.err.contains(&format!("mode {mode:04o}")), "{}", ran.err);
            assert_silent(&ran.err);
        }
    }
}

#[test]
fn a_secret_that_opens_a_door_of_ours_has_a_least_length() {
    for name in ["hook", "viewer"] {
        let ran = desk().keep(name, "canary-of-23-bytes-only").run(&["serve"]);
        assert_eq!(ran.code, 2, "{name}: {ran:?}");
        assert!(ran.err.contains("is shorter than 24 characters"), "{}", ran.err);
        assert!(ran.err.contains("openssl rand -hex 24"), "{}", ran.err);
        assert_silent(&ran.err);
    }
    // How long its own tokens are is the tracker's affair: this one gets as far as the question.
    let ran = desk().keep("token", "short").run(&["sync"]);
    assert!(ran.err.contains("127.0.0.1:1") && !ran.err.contains("shorter"), "{ran:?}");
}

#[test]
fn a_password_in_the_settings_file_is_refused_and_not_repeated() {
    for url in
        ["postgres://gauge:canary@127.0.0.1:1/g", "postgres://gauge@127.0.0.1:1/g?password=canary"]
    {
        let ran =
            desk().write(SETTINGS, format!("[store]\nurl = \"{url}\"\n{FILES}")).run(&["map"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("config/streamgauge.toml:2:"), "{}", ran.err);
        assert!(ran.err.contains("`store.url` holds a password"), "{}", ran.err);
        assert_silent(&ran.err);
    }
}

/// The daemon as other processes of the machine see it.
#[tokio::test]
async fn a_running_daemon_shows_no_secret_and_leaves_no_dump() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let desk = desk();
    let daemon = Command::new(env!("CARGO_BIN_EXE_streamgauge"))
        .arg("serve")
        .current_dir(desk.path(""))
        .env_clear()
        .env("STREAMGAUGE_WEB__LISTEN", &address)
        .env("RUST_LOG", "trace")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(desk.path("log")).unwrap())
        .spawn()
        .unwrap();
    let daemon = Held(daemon);
    let log = || std::fs::read_to_string(desk.path("log")).unwrap();
    assert!(until(DEADLINE, || log().contains("streamgauge serves")).await, "{}", log());
    let proc = |file: &str| {
        let bytes = std::fs::read(format!("/proc/{}/{file}", daemon.0.id())).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    assert_silent(&proc("cmdline"));
    assert!(proc("cmdline").contains("serve"));
    let limits = proc("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let numbers: Vec<&str> = core.split_whitespace().filter(|w| w.parse::<u64>().is_ok()).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");
    // A process that leaves no dump belongs to root in /proc, whoever runs it.
    let about = std::fs::metadata(format!("/proc/{}/environ", daemon.0.id())).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&about), 0, "its memory is closed");
    // Two failing pulls at the loudest level later.
    let _ = until(Duration::from_secs(2), || log().matches("127.0.0.1:1").count() > 3).await;
    assert_silent(&log());
}
