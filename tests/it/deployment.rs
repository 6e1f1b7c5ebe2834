//! What a service manager and a container see: readiness, the end, health, and deployment files
//! that speak of things that exist.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::process::DEADLINE;
use crate::support::program::{Desk, Held, PORTFOLIO, SETTINGS};

/// A connection that nothing answers, and a portfolio of one team.
const LONELY: &str = r#"
[[connection]]
id = "jira"
kind = "jira-cloud"
url = "http://127.0.0.1:1"
scopes = ["PAY"]
auth = { user = "gauge@example.com", token = { env = "JIRA_TOKEN" } }
"#;
const SMALL: &str = r#"
name = "Small"
timezone = "UTC"
[[stream]]
id = "payments"
[[team]]
id = "checkout"
stream = "payments"
claims = [{ jira = "PAY" }]
"#;

/// The next thing that the service manager is told.
fn told(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 256];
    let length = socket.recv(&mut buffer).expect("the daemon tells its state");
    String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
}

#[test]
fn a_service_manager_hears_of_readiness_and_of_the_end() {
    // The port is free again when the daemon takes it; nobody else asks for ports this often.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let desk = Desk::new()
        .write(SETTINGS, LONELY)
        .write(PORTFOLIO, SMALL)
        .env("STREAMGAUGE_WEB__LISTEN", &address);
    let early = desk.run(&["health"]);
    assert_eq!(early.code, 1, "{early:?}");
    assert!(early.err.contains("the daemon does not answer"), "{}", early.err);

    let path = desk.path("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut daemon = Held(
        Command::new(env!("CARGO_BIN_EXE_streamgauge"))
            .arg("serve")
            .current_dir(desk.path(""))
            .env("JIRA_TOKEN", "wrong-token")
            .env("STREAMGAUGE_WEB__LISTEN", &address)
            .env("NOTIFY_SOCKET", &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    assert_eq!(told(&socket), "READY=1");
    let healthy = desk.run(&["health"]);
    assert_eq!((healthy.code, healthy.out.as_str()), (0, "ok\n"), "{}", healthy.err);

    let pid = daemon.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(told(&socket), "STOPPING=1");
    assert_eq!(daemon.0.wait().unwrap().code(), Some(0));
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Names that begin with the prefix of settings.
fn variables(text: &str) -> BTreeSet<String> {
    let name = |c: char| !(c.is_ascii_uppercase() || c == '_');
    text.split(name).filter(|w| w.starts_with("STREAMGAUGE_")).map(str::to_owned).collect()
}

#[test]
fn deployment_files_speak_of_settings_and_commands_that_exist() {
    let files = ["Dockerfile", "config/compose.yaml", "config/streamgauge.service"];
    let named: BTreeSet<String> = files.iter().flat_map(|name| variables(&file(name))).collect();
    assert!(named.len() >= 3, "{named:?}");
    for name in named {
        let value = match name.as_str() {
            "STREAMGAUGE_STORE__PASSWORD__FILE" => "password",
            "STREAMGAUGE_STORE__URL" => "postgres://gauge@127.0.0.1:1/gauge",
            _ => "127.0.0.1:0",
        };
        let mut desk = Desk::new()
            .write(SETTINGS, LONELY)
            .write(PORTFOLIO, SMALL)
            .keep("password", "secret")
            .env("STREAMGAUGE_STORE__URL", "postgres://gauge@127.0.0.1:1/gauge");
        desk = desk.env(&name, value);
        let ran = desk.run(&["map"]);
        let reached = ran.err.contains("PostgreSQL at 127.0.0.1 cannot be reached");
        assert!(reached && !ran.err.contains("secret"), "{name}: {ran:?}");
    }
    let desk = Desk::new();
    for command in ["serve", "health", "check", "demo"] {
        assert_eq!(desk.run(&[command, "--help"]).code, 0, "{command}");
    }
    let dockerfile = file("Dockerfile");
    for part in ["USER 65532:65532", r#"CMD ["serve"]"#, r#""health"]"#, "VOLUME /data"] {
        assert!(dockerfile.contains(part), "{part}");
    }
    let ignored = file(".dockerignore");
    for kept in ["!Cargo.toml", "!Cargo.lock", "!src"] {
        assert!(ignored.lines().any(|line| line == kept), "{kept}");
    }
}

#[test]
fn no_image_and_no_release_holds_the_known_bugs_of_the_tests() {
    let cargo: toml::Table = toml::from_str(&file("Cargo.toml")).unwrap();
    let features = cargo["features"].as_table().unwrap();
    let names: Vec<&String> = features.keys().collect();
    assert_eq!(names, ["mutants", "otel"], "no default, and none that could bring them");
    let brings = features["otel"].as_array().unwrap();
    assert!(brings.iter().all(|one| one.as_str().unwrap().starts_with("dep:")), "{brings:?}");
    for file in ["Dockerfile", ".ci/run", "config/compose.yaml"].map(file) {
        assert!(!file.contains("features") && !file.contains("mutants"), "{file}");
    }
    let version = Desk::new().run(&["--version"]).out;
    let bugs = cfg!(feature = "mutants");
    assert_eq!(version.contains("known bugs"), bugs, "{version}");
    let served = Desk::new().write(SETTINGS, LONELY).write(PORTFOLIO, "nothing").run(&["serve"]);
    assert_eq!(served.code, 2, "{served:?}");
    assert_eq!(served.err.contains("built with the feature `mutants`"), bugs, "{served:?}");
}
