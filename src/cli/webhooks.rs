//! `streamgauge webhooks`: where webhooks go, and the command that registers them. Only this
//! command changes anything at a tracker, and only when a person runs it with a credential for it.

use std::path::Path;

use clap::{Args as ClapArgs, Subcommand};
use secrecy::{ExposeSecret, SecretString};

use super::context::Context;
use super::{Done, Failure, Outcome, print};
use crate::registrar::{Credential, Place, Step, Wanted, Writer};
use crate::trackers::github::address::Address;
use crate::trackers::settings::{Connection, Kind};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show where each connection's webhooks go, and which of them can be checked.
    List,
    /// Register the webhook of a connection at its tracker, or mend it; a second run changes
    /// nothing.
    Register(Change),
    /// Take the webhook of a connection away again.
    Unregister(Change),
}

#[derive(Debug, ClapArgs)]
struct Change {
    /// The connection, by its id.
    connection: String,
    /// The public https address of this program, as the tracker reaches it.
    #[arg(long)]
    url: String,
    /// The environment variable with a token of an administrator, used for this command alone.
    #[arg(long, value_name = "NAME")]
    token_env: String,
    /// Jira Cloud: the e-mail address of the account that the token belongs to.
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// GitHub: one webhook at each organisation instead of one at each repository. Boards are
    /// announced there only.
    #[arg(long)]
    organization: bool,
    /// Look what is there, show what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let context = Context::load(config)?;
    match &args.command {
        Command::List => Ok(list(&context)),
        Command::Register(change) => register(&context, change, true).await,
        Command::Unregister(change) => register(&context, change, false).await,
    }
}

fn list(context: &Context) -> Done {
    for connection in &context.settings.connection {
        let id = &connection.id;
        let secret = match connection.webhook_secret {
            Some(_) => "checked by the connection's webhook_secret",
            None => "refused: the connection has no webhook_secret",
        };
        print::line(&format!("{id}: /webhooks/{id}, {secret}"));
        print::line(&format!("    {}", when_missed(connection)));
    }
    print::note(
        "a public https address must lead there; `streamgauge webhooks register CONNECTION --url \
         https://... --token-env NAME --dry-run` shows what a tracker has to be told",
    );
    Done::Complete
}

/// What happens to deliveries that do not arrive.
fn when_missed(connection: &Connection) -> &'static str {
    match connection.kind {
        Kind::JiraCloud => {
            "missed ones are sent again by Jira for about half an hour; then the next pull finds \
             the change"
        }
        Kind::JiraDataCenter => "missed ones are not sent again; the next pull finds the change",
        Kind::Github => {
            "missed ones are read back from GitHub's log where the credential may; else the next \
             pull finds the change"
        }
    }
}

async fn register(context: &Context, change: &Change, wanted: bool) -> Outcome {
    let connection = chosen(context, &change.connection)?;
    let (order, writer) = prepared(context, connection, change)?;
    let steps = match wanted {
        true => order.missing(&writer).await,
        false => order.removal(&writer).await,
    };
    let steps: Vec<Step> = steps.map_err(|error| failed(connection, &error))?;
    if steps.is_empty() {
        let state = if wanted { "is registered as it should be" } else { "is not registered" };
        print::line(&format!("{}: the webhook to {} {state}", connection.id, order.address()));
        return Ok(Done::Complete);
    }
    for step in &steps {
        if change.dry_run {
            print::line(&format!("would send, {step}"));
            continue;
        }
        order.take(&writer, step).await.map_err(|error| failed(connection, &error))?;
        print::line(&format!("{}: {}: done", connection.id, step.why));
    }
    Ok(Done::Complete)
}

fn failed(connection: &Connection, error: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(anyhow::anyhow!("{}: {error}", connection.id))
}

fn chosen<'a>(context: &'a Context, id: &str) -> Result<&'a Connection, Failure> {
    let all = &context.settings.connection;
    all.iter().find(|connection| connection.id == id).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|connection| connection.id.as_str()).collect();
        Failure::Usage(format!("there is no connection {id}; there are {}", names.join(", ")))
    })
}

/// What is wanted, and the client that may change something.
fn prepared(
    context: &Context,
    connection: &Connection,
    change: &Change,
) -> Result<(Wanted, Writer), Failure> {
    let id = &connection.id;
    let base = change.url.trim_end_matches('/');
    let address: Option<http::Uri> = base.parse().ok();
    let host = address.as_ref().and_then(http::Uri::host);
    let local = base.starts_with("http://") && matches!(host, Some("127.0.0.1" | "localhost"));
    if !(base.starts_with("https://") || local) || base.contains(['@', '?', '#', ' ']) {
        return Err(Failure::Usage(format!(
            "--url {base}: write the public address of this program, such as \
             https://gauge.example.com"
        )));
    }
    let Some(secret) = &connection.webhook_secret else {
        return Err(context.wrong(format!(
            "connection `{id}` has no `webhook_secret`: without one its webhooks are refused, so \
             name one first"
        )));
    };
    let secret = secret.read().map_err(|error| context.wrong(format!("{id}: {error}")))?;
    let token = std::env::var(&change.token_env).map_err(|_| {
        Failure::Usage(format!(
            "--token-env {}: there is no such environment variable; put a token of an \
             administrator into it, for this command alone",
            change.token_env
        ))
    })?;
    let token = SecretString::from(token.trim().to_owned());
    if token.expose_secret().is_empty() {
        return Err(Failure::Usage(format!("--token-env {}: it is empty", change.token_env)));
    }
    let at = place(connection, change)?;
    let credential = match (&connection.kind, &change.user) {
        (Kind::JiraCloud, Some(user)) => Credential::Account(user.clone(), token),
        (Kind::JiraCloud, None) => {
            return Err(Failure::Usage(
                "--user is missing: the e-mail address of the administrator whose token it is"
                    .to_owned(),
            ));
        }
        (_, Some(_)) => {
            return Err(Failure::Usage("--user is for Jira Cloud; leave it out".to_owned()));
        }
        _ => Credential::Token(token),
    };
    let wire = connection.wire().map_err(|error| context.wrong(error))?;
    let writer = Writer::new(wire, &credential).map_err(|error| failed(connection, &error))?;
    let wanted = Wanted { connection: id.clone(), base: base.to_owned(), secret, at };
    Ok((wanted, writer))
}

fn place(connection: &Connection, change: &Change) -> Result<Place, Failure> {
    let site = connection.url.clone().unwrap_or_default();
    let projects = connection.scopes.clone();
    match connection.kind {
        Kind::JiraCloud => Ok(Place::Jira { site, cloud: true, projects }),
        Kind::JiraDataCenter => Ok(Place::Jira { site, cloud: false, projects }),
        Kind::Github if connection.auth.app.is_some() => Err(Failure::Usage(format!(
            "connection `{}` is a GitHub App, which has one webhook of its own: in the App's \
             settings, under Webhook, write the URL {}/webhooks/{} and the connection's \
             webhook_secret, choose SSL verification, and under Permissions & events subscribe to \
             Issues, Sub-issues, Issue dependencies, Pull request, Release, Label, Milestone, \
             Repository and Projects v2 item",
            connection.id,
            change.url.trim_end_matches('/'),
            connection.id
        ))),
        Kind::Github => {
            let api = connection.url.clone().unwrap_or_else(|| "https://api.github.com".into());
            let address = Address::of(&api, connection.server).map_err(Failure::Usage)?;
            let places = github_places(&connection.scopes, change.organization);
            Ok(Place::GitHub { api: address.rest, server: address.server, places })
        }
    }
}

/// `repos/OWNER/NAME` of each repository; organisations where they are wanted, or all of an owner
/// is in the scopes.
fn github_places(scopes: &[String], organization: bool) -> Vec<String> {
    let place = |scope: &String| {
        let (owner, name) = scope.split_once('/').unwrap_or((scope, "*"));
        let whole = organization || name == "*";
        if whole { format!("orgs/{owner}") } else { format!("repos/{owner}/{name}") }
    };
    let mut places: Vec<String> = scopes.iter().map(place).collect();
    places.sort();
    places.dedup();
    let whole: Vec<String> =
        places.iter().filter_map(|place| place.strip_prefix("orgs/")).map(str::to_owned).collect();
    // What an organisation announces, its repositories need not announce again.
    places.retain(|place| {
        let owner = place.strip_prefix("repos/").and_then(|rest| rest.split('/').next());
        owner.is_none_or(|owner| !whole.iter().any(|one| one.eq_ignore_ascii_case(owner)))
    });
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_stands_for_its_repositories() {
        let scopes = ["a/one", "a/two", "b/*", "b/three"].map(str::to_owned);
        assert_eq!(github_places(&scopes, false), ["orgs/b", "repos/a/one", "repos/a/two"]);
        assert_eq!(github_places(&scopes, true), ["orgs/a", "orgs/b"]);
    }
}
