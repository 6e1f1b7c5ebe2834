//! What the program prints for shells, terminals and editors.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::program::Desk;

#[test]
fn bash_reads_its_completions_and_every_shell_gets_every_command() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = desk.done(&["completions", shell]);
        for command in ["check", "backup", "restore", "digest", "explain", "completions"] {
            assert!(script.contains(command), "{command} is not in the completions for {shell}");
        }
        assert!(script.contains("--offline") || shell == "fish", "{shell}");
    }
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().expect("bash");
    let script = desk.done(&["completions", "bash"]);
    bash.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("bash reads");
    assert!(bash.wait().expect("bash ends").success());
}

/// Enough of roff to know that it is a page: a title, the sections in their order, and no line
/// that begins with a macro nobody knows.
#[test]
fn the_manual_pages_are_well_formed() {
    let desk = Desk::new();
    let page = desk.done(&["man"]);
    let check = desk.done(&["man", "check"]);
    assert!(page.contains("\n.TH streamgauge 1 ") && check.contains("\n.TH streamgauge-check 1 "));
    let (backup, restore) = (desk.done(&["man", "backup"]), desk.done(&["man", "restore"]));
    for page in [&page, &check, &backup, &restore] {
        let macros = page.lines().filter_map(|line| line.strip_prefix('.'));
        for name in macros.map(|line| line.split(' ').next().unwrap_or_default()) {
            assert!(
                ["TH", "SH", "SS", "TP", "RS", "RE", "br", "ie", "el", "PP"].contains(&name),
                ".{name}"
            );
        }
        let sections: Vec<&str> = page.lines().filter_map(|l| l.strip_prefix(".SH ")).collect();
        assert_eq!(sections[..3], ["NAME", "SYNOPSIS", "DESCRIPTION"], "{page}");
    }
    assert!(check.contains("\\-\\-offline"), "{check}");
    let ran = desk.run(&["man", "chek"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err.contains("there is no command `chek`; there are demo, init, check,"),
        "{}",
        ran.err
    );
}
