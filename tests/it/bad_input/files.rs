//! The two files, the environment and the secrets.

use std::net::TcpListener;

use super::{refused, sentences};
use crate::support::program::{Desk, PORTFOLIO, SETTINGS};

/// Whatever is wrong with the files stops every command that reads them, alike.
#[track_caller]
fn stops_everything(desk: &Desk, expected: &str) {
    for args in [&["check", "--offline"][..], &["sync"], &["serve"], &["map"]] {
        refused(desk, args, 2, expected);
    }
}

/// The same, for a settings file with one edit; `needle` is where the problem stands.
#[track_caller]
fn wrong_settings(old: &str, new: &str, needle: &str, problem: &str) {
    let desk = Desk::new().edit(SETTINGS, old, new);
    let place = desk.place(SETTINGS, needle);
    refused(&desk, &["check", "--offline"], 2, &format!("{place}: {problem}"));
}

#[track_caller]
fn wrong_portfolio(old: &str, new: &str, needle: &str, problem: &str) {
    let desk = Desk::new().edit(PORTFOLIO, old, new);
    let place = desk.place(PORTFOLIO, needle);
    refused(&desk, &["check", "--offline"], 2, &format!("{place}: {problem}"));
}

#[test]
fn a_missing_file_is_named() {
    let desk = Desk::new();
    refused(
        &desk,
        &["--config", "gauge.toml", "serve"],
        2,
        "cannot read gauge.toml: No such file or directory (os error 2); `streamgauge init` \
         writes a first pair of files, --config names a settings file elsewhere, and `streamgauge \
         demo` needs none",
    );
    std::fs::remove_file(desk.path(PORTFOLIO)).unwrap();
    stops_everything(
        &desk,
        "cannot read config/portfolio.toml: No such file or directory (os error 2); write it, \
         let `streamgauge init --dir FOLDER` write a first one, or name it as `portfolio` in config/streamgauge.toml",
    );
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_keys_there_are() {
    let desk = Desk::new().edit(SETTINGS, "titles = true", "tilte = true");
    let place = desk.place(SETTINGS, "tilte");
    stops_everything(&desk, &format!("{place}: `tilte` is not a key here. Did you mean `titles`?"));
    wrong_settings(
        "status_field = \"Status\"",
        "due_field = \"Due\"",
        "due_field",
        "`due_field` is not a key here; the keys are `id`, `kind`, `url`, `scopes`, `auth`, \
         `webhook_secret`, `webhook_secret_previous`, `pull`, `gateway`, `blocking_links`, \
         `proxy`, `ca`, `status_field`, `server`",
    );
    let desk = Desk::new().edit(PORTFOLIO, "vocabulary = \"safe\"", "vocabluary = \"safe\"");
    let place = desk.place(PORTFOLIO, "vocabluary");
    stops_everything(
        &desk,
        &format!(
            "{place}: `vocabluary` is not a key of this portfolio file. Did you mean `vocabulary`?"
        ),
    );
}

#[test]
fn broken_toml_is_named_with_its_place() {
    let desk = Desk::new().edit(SETTINGS, "format = \"text\"", "format = \"text");
    let ran = desk.run(&["check", "--offline"]);
    let place = desk.place(SETTINGS, "format = \"text");
    let file_and_line = place.rsplit_once(':').unwrap().0;
    assert_eq!((ran.code, sentences(&ran.err).lines().count()), (2, 1), "{}", ran.err);
    assert!(ran.err.starts_with(&format!("streamgauge: {file_and_line}:")), "{}", ran.err);
    assert!(ran.err.contains("; correct it"), "{}", ran.err);
    wrong_settings(
        "titles = true",
        "titles = \"yes\"",
        "\"yes\"",
        "invalid type: string \"yes\", expected a boolean; correct it, config/streamgauge.toml of \
         the project explains every key",
    );
}

#[test]
fn a_variable_of_the_environment_that_names_no_key_is_refused() {
    let desk = Desk::new().env("STREAMGAUGE_STOER__URL", "sqlite:x.db");
    stops_everything(
        &desk,
        "STREAMGAUGE_STOER__URL over config/streamgauge.toml: `stoer` is not a key here. Did you \
         mean `store`?",
    );
}

#[test]
fn a_missing_or_empty_secret_is_named_by_its_place() {
    let desk = Desk::new().without_env("JIRA_TOKEN");
    let place = desk.place(SETTINGS, "token = { env = \"JIRA_TOKEN\"");
    let expected = &format!(
        "{place}: connection `jira`: the secret in environment variable JIRA_TOKEN is not set: \
         export it before starting"
    );
    for command in [&["check", "--offline"][..], &["sync"], &["serve"]] {
        refused(&desk, command, 2, expected);
    }
    let desk = Desk::new().edit(SETTINGS, "{ env = \"GITHUB_TOKEN\" }", "{ file = \"no/token\" }");
    let place = desk.place(SETTINGS, "token = { file = \"no/token\"");
    let expected = format!(
        "{place}: connection `github`: the secret in file no/token cannot be read: No such file \
         or directory (os error 2); put it there, or correct its path"
    );
    refused(&desk, &["sync"], 2, &expected);
    let desk = Desk::new().env("JIRA_TOKEN", "");
    let place = desk.place(SETTINGS, "token = { env = \"JIRA_TOKEN\"");
    let expected = format!(
        "{place}: connection `jira`: the secret in environment variable JIRA_TOKEN is empty: give \
         it its value"
    );
    refused(&desk, &["sync"], 2, &expected);
    let token = "[[web.token]]\nrole = \"viewer\"\nsecret = { env = \"GAUGE_TOKEN\" }\n\n[log]";
    let desk = Desk::new().edit(SETTINGS, "[log]", token);
    let place = desk.place(SETTINGS, "secret = { env = \"GAUGE_TOKEN\"");
    let expected = format!(
        "{place}: the secret in environment variable GAUGE_TOKEN is not set: export it before \
         starting"
    );
    refused(&desk, &["serve"], 2, &expected);
}

#[test]
fn a_bad_cron_expression_is_named_with_its_place() {
    wrong_settings(
        "at = \"0 7 * * MON\"",
        "at = \"0 7 * * MNO\"",
        "at = \"0 7",
        "digest `monday`: at: `0 7 * * MNO` is not a cron expression of five fields (minute hour \
         day month weekday): `MNO` is not a weekday (0-7 or MON-SUN)",
    );
    let sample = "pull = \"*/5 * * * *\"\n#webhook_secret = { env = \"GITHUB";
    wrong_settings(
        sample,
        &sample.replacen("*/5 *", "0 0 5", 1),
        "pull = \"0 0",
        "connection `github`: pull: `0 0 5 * * *` is not a cron expression of five fields (minute \
         hour day month weekday): it has 6 fields",
    );
}

#[test]
fn an_address_that_others_can_reach_needs_a_credential() {
    let problem = "web.listen is 0.0.0.0:8787, which others can reach, but there is no \
                   [[web.token]]: add one, or listen on 127.0.0.1";
    wrong_settings("\"127.0.0.1:8787\"", "\"0.0.0.0:8787\"", "listen = ", problem);
    let desk = Desk::new().env("STREAMGAUGE_WEB__LISTEN", "0.0.0.0:8787");
    let told = format!("STREAMGAUGE_WEB__LISTEN over config/streamgauge.toml: {problem}");
    stops_everything(&desk, &told);
}

#[test]
fn values_that_contradict_are_named_with_their_place() {
    wrong_settings(
        "id = \"github\"",
        "id = \"jira\"",
        "id = \"jira\"\nkind = \"github\"",
        "two connections are called `jira`; rename one",
    );
    wrong_settings(
        "url = \"https://northwind.atlassian.net\"",
        "url = \"http://northwind.atlassian.net\"",
        "url = \"http:",
        "connection `jira`: `url` is http://northwind.atlassian.net, but credentials are only sent \
         over https: write https://",
    );
    wrong_settings(
        "\"northwind/search\"]",
        "\"search\"]",
        "scopes = [\"northwind",
        "connection `github`: scope `search` is not a repository: write it as owner/repository, \
         or owner/* for all",
    );
    wrong_settings(
        "to = [\"file:digests\"]\n# A folder",
        "to = [\"slack:leads\"]\n# A folder",
        "to = [\"slack",
        "digest `monday`: to: `slack:leads` is not a channel; there are \"file:FOLDER\", \"stdout\"",
    );
    wrong_settings(
        "format = \"text\"",
        "filter = \"streamgauge=loud\"",
        "filter = ",
        "filter: error parsing level filter: expected one of \"off\", \"error\", \"warn\", \"info\", \
         \"debug\", \"trace\", or a number 0-5; write it as \"info,streamgauge=debug\"",
    );
}

#[test]
fn a_wrong_time_zone_is_named_with_its_place() {
    wrong_portfolio(
        "\"Europe/Berlin\"",
        "\"Europe/Berlim\"",
        "\"Europe/Berlim\"",
        "`Europe/Berlim` is not a time zone. Did you mean `Europe/Berlin`?",
    );
}

#[test]
fn rules_that_can_only_tie_are_named_with_their_place() {
    let desk = Desk::new().edit(
        PORTFOLIO,
        "claims = [{ jira = \"BOOK\" }]",
        "claims = [{ jira = \"PAY\" }]",
    );
    let place = desk.place(PORTFOLIO, "{ jira = \"PAY\" }]\n\n[[team]]");
    let line = desk.place(PORTFOLIO, "{ jira = \"PAY\" }]    ");
    let line = line.split(':').nth(1).unwrap();
    stops_everything(
        &desk,
        &format!(
            "{place}: The rule `jira = \"PAY\"` of `itinerary` can only tie with the same rule of \
             `ledger` on line {line}. Take one of them out, make one more specific, or give them \
             `from` and `until` that do not overlap."
        ),
    );
}

#[test]
fn a_reference_to_nothing_is_named_with_its_place() {
    wrong_portfolio(
        "id = \"login\"\nstream = \"identity\"",
        "id = \"login\"\nstream = \"idenity\"",
        "\"idenity\"",
        "There is no stream `idenity`. Did you mean `identity`?",
    );
    wrong_settings(
        "for = \"stream:payments\"",
        "for = \"stream:paymets\"",
        "for = \"stream:paymets\"",
        "there is no stream `paymets`; config/portfolio.toml declares booking, identity, payments. Did you \
         mean `payments`?",
    );
    let token =
        "[[web.token]]\nrole = \"team\"\nteam = \"chekout\"\nsecret = { env = \"T\" }\n\n[log]";
    wrong_settings(
        "[log]",
        token,
        "team = \"chekout\"",
        "there is no team `chekout`; config/portfolio.toml declares checkout, itinerary, ledger, \
         login, refunds, search. Did you mean `checkout`?",
    );
    let desk = Desk::new().edit(SETTINGS, "id = \"jira\"", "id = \"cloud\"");
    let ran = desk.run(&["check", "--offline"]);
    assert_eq!((ran.code, sentences(&ran.err).lines().count()), (2, 1), "{}", ran.err);
    let place = desk.place(PORTFOLIO, "\"jira\"                         # a");
    let told = "there is no connection `jira`; config/streamgauge.toml declares cloud, github";
    assert!(
        ran.err.starts_with(&format!("streamgauge: {place}: {told}\n")),
        "{place}: {}",
        ran.err
    );
    assert!(ran.err.contains(" | connection = \"jira\""), "the line is shown: {}", ran.err);
}

#[test]
fn settings_without_a_tracker_say_what_to_add() {
    let desk = Desk::new().write(SETTINGS, "");
    let told = "config/streamgauge.toml: there is no [[connection]]; add one (`streamgauge init` \
                writes it), or try `streamgauge demo`";
    refused(&desk, &["sync"], 2, told);
    refused(&desk, &["serve"], 2, told);
}

#[test]
fn a_port_that_is_taken_is_a_failure_of_the_outside() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let desk = Desk::new().edit(SETTINGS, "127.0.0.1:8787\"", &format!("{address}\""));
    let told = format!(
        "cannot listen on {address}: Address already in use (os error 98); change web.listen"
    );
    refused(&desk, &["serve"], 1, &told);
}
