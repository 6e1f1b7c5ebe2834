//! Rules that the sources keep. Comments and tests inside of `src` do not count.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use crate::support::program::{COMMANDS, Desk};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Path below `src`, number and text of every line of code.
fn code() -> Vec<(String, usize, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let name = path.strip_prefix(root().join("src")).unwrap().display().to_string();
                if name.contains("tests") {
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let own = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
                let lines = own.enumerate().filter(|(_, l)| !l.trim_start().starts_with("//"));
                found.extend(lines.map(|(at, line)| (name.clone(), at + 1, line.to_owned())));
            }
        }
    }
    assert!(found.len() > 20_000, "{} lines", found.len());
    found
}

/// Lines with one of these words, outside of these files.
#[track_caller]
fn only_in(words: &[&str], places: &[&str]) {
    let mut at = BTreeSet::new();
    let mut wrong = Vec::new();
    for (file, number, line) in code() {
        if words.iter().any(|word| line.contains(word)) {
            if places.iter().any(|place| file.starts_with(place)) {
                at.insert(file);
            } else {
                wrong.push(format!("src/{file}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{words:?} outside of {places:?}:\n{}", wrong.join("\n"));
    let unused = places.iter().filter(|p| !at.iter().any(|file| file.starts_with(**p)));
    assert_eq!(unused.collect::<Vec<_>>(), Vec::<&&str>::new(), "{words:?} is not there any more");
}

/// Everything that reaches a database is a text of the program, and values are bound.
#[test]
fn sql_is_never_put_together() {
    let driver = std::fs::read_to_string(root().join("src/store/driver/mod.rs")).unwrap();
    let takes = driver.matches("sql: &'static str").count();
    // The text of a statement is put into a dialect, and a backup names the tables of the schema;
    // nothing else takes one that was made.
    assert_eq!(driver.matches("sql: &str").count(), 3, "statements are known when it is built");
    only_in(&["query_once(", "execute_once("], &["store/driver/", "store/backup.rs"]);
    assert!(takes >= 6, "{takes}");
    let words =
        ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", " FROM ", " WHERE ", "PRAGMA ", "ALTER "];
    let code = code();
    let mut wrong = Vec::new();
    for (at, (file, number, line)) in code.iter().enumerate() {
        let made = ["format!(", "write!(", "push_str("].iter().any(|m| line.contains(m));
        if !file.starts_with("store/") || !made {
            continue;
        }
        let mut ended = false;
        let statement = code[at..].iter().take(3).take_while(|(_, _, line)| {
            !std::mem::replace(&mut ended, line.trim_end().ends_with(';'))
        });
        let next: String = statement.map(|(_, _, line)| line.as_str()).collect();
        // The others are made of constants: the name of our files, the number of a lock, words of
        // the driver, and in a backup the names of our tables, which it has checked to be words.
        let constants = ["{APPLICATION_ID}", "{SCHEMA_LOCK}", "checkpoint({how})"];
        let tables = ["{of}.meta", "main.{table}", "self.columns", "{name} ({columns})"];
        let constant = constants.iter().chain(&tables).any(|known| next.contains(known));
        if words.iter().any(|word| next.contains(word)) && !constant {
            wrong.push(format!("src/{file}:{number}: {}", line.trim()));
        }
    }
    assert!(wrong.is_empty(), "SQL is put together:\n{}", wrong.join("\n"));
    only_in(&["rusqlite::", "tokio_postgres::"], &["store/driver/"]);
}

/// `==` stops at the first byte that differs, and tells by its time which one that was.
#[test]
fn proofs_are_compared_in_constant_time() {
    let places = [
        "web/access.rs",
        "trackers/signature.rs",
        "web/webhooks.rs",
        "secret.rs",
        "trackers/github/webhook.rs",
        "trackers/jira/webhook.rs",
    ];
    let words = ["digest", "mac", "sign", "secret", "token", "code(", "given", "known", "proof"];
    let mut compared = 0;
    for (file, number, line) in code() {
        if !places.contains(&file.as_str()) {
            continue;
        }
        compared += usize::from(line.contains("ct_eq(") || line.contains("verify_slice("));
        let plain = line.contains("==") || line.contains("!=") || line.contains("assert_eq");
        let named = words.iter().find(|word| line.to_lowercase().contains(**word));
        assert!(
            !plain || named.is_none(),
            "src/{file}:{number}: {}: compares {named:?}",
            line.trim()
        );
    }
    assert!(compared >= 4, "{compared} comparisons in constant time");
}

#[test]
fn routes_exist_in_their_table_only() {
    let makes = [".route(", ".nest(", ".route_service(", ".fallback_service("];
    for (file, number, line) in code() {
        let made = file.starts_with("web/") && makes.iter().any(|word| line.contains(word));
        assert!(!made || file == "web/routes.rs", "src/{file}:{number}: {}", line.trim());
    }
    let table: Vec<_> = code().into_iter().filter(|(file, ..)| file == "web/routes.rs").collect();
    assert_eq!(table.iter().filter(|(_, _, line)| line.contains(".route(")).count(), 1);
    only_in(&["ServeDir", "ServeFile", "CorsLayer"], &[]);
}

/// Pages are made by templates that escape; the frame cleans what they made, and adds nothing.
#[test]
fn no_page_holds_unescaped_text() {
    only_in(&["PreEscaped"], &["web/layout.rs"]);
    let layout = std::fs::read_to_string(root().join("src/web/layout.rs")).unwrap();
    assert_eq!(layout.matches("PreEscaped(").count(), 1);
}

#[test]
fn sockets_are_opened_in_few_places() {
    // Those that come in.
    only_in(&["TcpStream"], &["web/server.rs", "web/stalled.rs"]);
    only_in(&["TcpSocket"], &["web/server.rs"]);
    only_in(&["UdpSocket", "UnixStream", "UnixDatagram"], &[]);
    only_in(
        &["TcpListener"],
        &["web/server.rs", "serve/mod.rs", "cli/demo.rs", "demo/stage.rs", "sim/"],
    );
    only_in(&["reqwest::"], &["transport/", "demo/mod.rs"]);
    only_in(&["danger", "dangerous("], &["trust.rs"]);
    only_in(&["Command::new"], &[]);
}

#[test]
fn there_is_one_tls_library_over_one_provider_and_no_unsafe_code_of_ours() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
        let args = ["tree", "--locked", "--offline", "-e", "normal,build", "--prefix", "none"];
        let mut tree = Command::new(&cargo);
        tree.args(args).args(["--target", target]).current_dir(root());
        let tree = tree.output().unwrap();
        let told = String::from_utf8(tree.stdout).unwrap();
        let names: BTreeSet<&str> = told
            .lines()
            .filter_map(|line| line.split(' ').next())
            .filter(|n| !n.is_empty())
            .collect();
        let why = String::from_utf8_lossy(&tree.stderr);
        assert!(names.len() > 200, "{target}: {} packages: {why}", names.len());
        for one in ["rustls", "aws-lc-rs"] {
            assert!(names.contains(one), "{target}: {one}");
        }
        for other in [
            "ring",
            "openssl",
            "openssl-sys",
            "native-tls",
            "boring",
            "mbedtls",
            "schannel",
            "rustls-openssl",
            "rustls-graviola",
            "webpki-roots",
            "hyper-tls",
            "sodiumoxide",
        ] {
            assert!(!names.contains(other), "{target}: {other}");
        }
    }
    // Each of our two TLS libraries' versions occurs once.
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for one in ["rustls", "aws-lc-rs", "aws-lc-sys", "rustls-webpki"] {
        assert_eq!(lock.matches(&format!("name = \"{one}\"\n")).count(), 1, "{one}");
    }
    let policy = std::fs::read_to_string(root().join(".deny.toml")).unwrap();
    for part in [
        "[advisories]",
        "[licenses]",
        "[bans]",
        "[sources]",
        "unknown-registry = \"deny\"",
        "unknown-git = \"deny\"",
        "crate = \"openssl\"",
        "crate = \"ring\"",
        "crate = \"native-tls\"",
    ] {
        assert!(policy.contains(part), "{part}");
    }
    for package in lock.split("[[package]]").skip(1) {
        let source = package.lines().find_map(|line| line.strip_prefix("source = "));
        let registry = "\"registry+https://github.com/rust-lang/crates.io-index\"";
        assert!(source.is_none_or(|source| source == registry), "{package}");
    }
}

/// What `cargo deny` says of dependencies, where it is installed.
#[test]
fn dependencies_keep_the_policy() {
    let there = Command::new("cargo").args(["deny", "--version"]).output();
    if !there.is_ok_and(|ran| ran.status.success()) {
        println!("cargo deny is not installed: the policy was only read");
        return;
    }
    let args =
        ["deny", "--offline", "--config", ".deny.toml", "check", "bans", "licenses", "sources"];
    let ran = Command::new("cargo").args(args).current_dir(root()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// What an image, a container and a service hold no right to.
#[test]
fn deployments_give_up_what_they_do_not_need() {
    let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    for (name, parts) in [
        (
            "Dockerfile",
            &[
                "gcr.io/distroless/",
                ":nonroot",
                "USER 65532:65532",
                "--locked",
                "org.opencontainers.image.revision=\"${REVISION}\"",
                "/usr/share/streamgauge/Cargo.lock",
            ][..],
        ),
        (
            "config/compose.yaml",
            &[
                "read_only: true",
                "cap_drop: [ALL]",
                "no-new-privileges:true",
                "user: \"65532:65532\"",
                "mem_limit:",
                "127.0.0.1:8787:8787",
            ],
        ),
        (
            "config/streamgauge.service",
            &[
                "DynamicUser=yes",
                "NoNewPrivileges=yes",
                "ProtectSystem=strict",
                "LimitCORE=0",
                "MemoryDenyWriteExecute=yes",
                "SystemCallFilter=@system-service",
                "UMask=0077",
                "CapabilityBoundingSet=\n",
                "LoadCredential=",
            ],
        ),
    ] {
        let text = read(name);
        for part in parts {
            assert!(text.contains(part), "{name}: {part}");
        }
    }
    // systemd's own judgement, where systemd is: 0 is safe, 10 is not.
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", "--threshold=20"])
        .arg(root().join("config/streamgauge.service"))
        .output();
    if let Ok(ran) = judged {
        let told = String::from_utf8_lossy(&ran.stdout).into_owned();
        let told = told.lines().last().unwrap_or_default().to_owned();
        println!("{told}");
        assert!(ran.status.success(), "{told} {}", String::from_utf8_lossy(&ran.stderr));
    }
}

/// Other users of the machine can read a command line.
#[test]
fn no_option_takes_a_secret() {
    let desk = Desk::new();
    let mut options = 0;
    for command in COMMANDS {
        let help = desk.done(&[command, "--help"]);
        for line in help.lines().map(str::trim).filter(|line| line.starts_with('-')) {
            options += 1;
            let name = line.split("  ").next().unwrap().to_lowercase();
            let secret = ["token", "secret", "password", "auth", "credential"];
            if secret.iter().any(|word| name.contains(word)) {
                assert!(name.contains("-env <name>"), "{command} {line}");
            }
        }
    }
    assert!(options > 30, "{options} options");
}

/// What a person is, no structure of ours can hold.
#[test]
fn no_type_of_ours_names_a_person() {
    let words = [
        "assignee",
        "reporter",
        "author",
        "creator",
        "actor",
        "login",
        "avatar",
        "display_name",
        "displayname",
        "email",
    ];
    for (file, number, line) in code() {
        let field = line.trim().trim_start_matches("pub ").split(':').next().unwrap_or("").trim();
        let outside = ["sim/", "demo/", "cli/init"].iter().any(|place| file.starts_with(place));
        assert!(outside || !words.contains(&field), "src/{file}:{number}: {line}");
    }
}
