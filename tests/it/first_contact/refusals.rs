//! What `init` does not do: ask a pipe, overwrite, invent a right, repeat a secret.

use super::{Contact, recorded};
use crate::support::program::{Desk, PORTFOLIO, SETTINGS};

#[track_caller]
fn check_refusal(desk: &Desk, code: i32, args: &[&str], sentence: &str) {
    let before = desk.files();
    let ran = desk.run(args);
    assert_eq!(ran.code, code, "{args:?}: {ran:?}");
    assert!(ran.err.contains(sentence), "{args:?}: {ran:?}");
    assert_eq!(desk.files(), before, "{args:?} changed files");
}

#[test]
fn without_a_terminal_what_is_missing_is_said() {
    let desk = Desk::empty();
    check_refusal(&desk, 2, &["init"], "give --jira URL or --github");
    let site = ["init", "--jira", "northwind.atlassian.net"];
    check_refusal(&desk, 2, &site, "--jira-user is missing");
    let with_user = [&site[..], &["--jira-user", "gauge@example.com"]].concat();
    check_refusal(&desk, 2, &with_user, "environment variable JIRA_TOKEN is not set");
    check_refusal(&desk, 2, &["init", "--github"], "environment variable GITHUB_TOKEN is not set");
    check_refusal(&desk, 2, &["init", "--github", "--timezone", "Berlin"], "Europe/Berlin");
    check_refusal(&desk, 2, &["init", "--github", "--vocabulary", "waterfall"], "spotify");
    check_refusal(&desk, 2, &["init", "--jira", "http://jira.example.com"], "write https://");
}

#[test]
fn a_token_in_place_of_its_name_is_not_repeated() {
    let desk = Desk::empty();
    let token = "github_pat_11ABCDEF0_secret";
    let ran = desk.run(&["init", "--github", "--github-token-env", token]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("named by the environment variable"), "{ran:?}");
    assert!(!ran.err.contains(token) && !ran.out.contains(token), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_exist_are_kept_unless_told_otherwise() {
    let contact = Contact::with(recorded().0).await;
    contact.init(&[]);
    let first = contact.file(PORTFOLIO);
    let mine = format!("{first}# mine\n");
    std::fs::write(contact.desk.path(PORTFOLIO), &mine).unwrap();
    let github = contact.gate.github.as_str();
    let again = ["init", "--github-url", github];
    check_refusal(&contact.desk, 2, &again, "exists and is not touched");
    assert_eq!(contact.file(PORTFOLIO), mine);
    contact.init(&["--force"]);
    assert_eq!(contact.file(PORTFOLIO), first);
    contact.init(&["--dir", "elsewhere", "--no-titles"]);
    assert!(contact.file("elsewhere/streamgauge.toml").contains("\ntitles = false\n"));
    contact.desk.done(&["--config", "elsewhere/streamgauge.toml", "check"]);
    assert_eq!(contact.file(PORTFOLIO), first);
    assert!(contact.file(SETTINGS).contains("[[connection]]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn trackers_that_refuse_are_named_and_nothing_is_written() {
    let contact = Contact::with(recorded().0).await;
    let (jira, github) = (contact.gate.jira.as_str(), contact.gate.github.as_str());
    let desk = &contact.desk;
    let unknown =
        ["init", "--jira", jira, "--jira-user", contact.user, "--project", "SP", "--project", "NO"];
    check_refusal(desk, 1, &unknown, "NO does not exist or may not be seen");
    let unknown = ["init", "--github-url", github, "--github", "nobody"];
    check_refusal(desk, 1, &unknown, "GitHub shows no owner nobody");
    let stranger = Desk::empty().env("GITHUB_TOKEN", "wrong-token");
    check_refusal(&stranger, 1, &["init", "--github-url", github], "does not accept the token");
    check_refusal(desk, 1, &["init", "--jira", github, "--jira-user", "a@b.c"], "as Jira does");
}
