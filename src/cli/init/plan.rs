//! What `init` is to connect to: from flags, and from questions where there is a terminal.

use super::text::{list, quoted};
use super::{Args, address, ask};
use crate::cli::Failure;
use crate::trackers::settings::Connection;
use crate::transport::Transport;

/// A connection before its scopes are known.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) id: &'static str,
    /// As in the settings.
    pub(super) kind: &'static str,
    pub(super) url: Option<String>,
    pub(super) user: Option<String>,
    /// The environment variable that holds the token.
    pub(super) token: String,
    /// The projects or repositories that were named; empty for all that can be seen.
    pub(super) wanted: Vec<String>,
}

const JIRA_TOKENS: [&str; 2] = ["JIRA_TOKEN", "JIRA_API_TOKEN"];
const GITHUB_TOKENS: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];

impl Plan {
    pub(super) fn is_github(&self) -> bool {
        self.kind == "github"
    }

    /// The keys of `[[connection]]` that do not depend on what exists.
    pub(super) fn keys(&self) -> String {
        let mut text = format!("id = {}\nkind = {}\n", quoted(self.id), quoted(self.kind));
        if let Some(url) = &self.url {
            text.push_str(&format!("url = {}\n", quoted(url)));
        }
        let user = self.user.as_ref().map(|user| format!("user = {}, ", quoted(user)));
        let token = quoted(&self.token);
        let user = user.unwrap_or_default();
        text.push_str(&format!("auth = {{ {user}token = {{ env = {token} }} }}\n"));
        text
    }

    /// The connection for a look around.
    pub(super) fn connection(&self) -> Result<Connection, Failure> {
        // A connection is not well-formed without a scope; the survey does not use it.
        let scope = if self.is_github() { "any/any" } else { "ANY" };
        let text = format!("{}scopes = {}\n", self.keys(), list([scope]));
        toml::from_str(&text).map_err(|error| {
            Failure::Usage(format!("connection `{}`: {}", self.id, error.message()))
        })
    }
}

/// Everything to connect to, at least one.
pub(super) async fn plans(args: &Args, transport: &Transport) -> Result<Vec<Plan>, Failure> {
    let may_ask = ask::possible() && !args.non_interactive;
    let mut jira = args.jira.clone();
    let mut github = args.github.clone();
    if jira.is_none() && github.is_none() && args.github_url.is_none() {
        if !may_ask {
            return Err(Failure::Usage(
                "init has to know a tracker: give --jira URL or --github, or run it on a \
                 terminal, where it asks"
                    .to_owned(),
            ));
        }
        let answer = ask::line("Address of your Jira site (empty for none):");
        jira = Some(answer).filter(|answer| !answer.is_empty());
        let known = GITHUB_TOKENS.iter().any(|name| is_set(name));
        if ask::yes("Read GitHub as well?", known) {
            github = Some(ask::words(
                "Owners or repositories, separated by spaces (empty for all that the token sees):",
            ));
        }
    }
    let mut plans = Vec::new();
    if let Some(site) = jira {
        plans.push(jira_plan(args, &site, may_ask, transport).await?);
    }
    if github.is_some() || args.github_url.is_some() {
        plans.push(Plan {
            id: "github",
            kind: "github",
            url: args.github_url.as_deref().map(address::normal),
            user: None,
            token: token(args.github_token_env.as_ref(), &GITHUB_TOKENS, may_ask)?,
            wanted: github.unwrap_or_default(),
        });
    }
    if plans.is_empty() {
        return Err(Failure::Usage("no tracker was named, so nothing is written".to_owned()));
    }
    Ok(plans)
}

async fn jira_plan(
    args: &Args,
    site: &str,
    may_ask: bool,
    transport: &Transport,
) -> Result<Plan, Failure> {
    if site.contains('@') {
        return Err(Failure::Usage(
            "--jira holds a user or a password; give the address alone, and the account as \
             --jira-user"
                .to_owned(),
        ));
    }
    let url = address::normal(site);
    let loopback = ["http://127.0.0.1", "http://localhost"];
    if !url.starts_with("https://") && !loopback.iter().any(|start| url.starts_with(start)) {
        return Err(Failure::Usage(format!(
            "--jira {url}: credentials are only sent over https; write https://"
        )));
    }
    let kind = address::jira_kind(&url, transport).await?;
    // A token of Data Center belongs to its account and needs no name.
    let mut user = args.jira_user.clone().filter(|_| kind == "jira-cloud");
    if kind == "jira-cloud" && user.is_none() && may_ask {
        let answer = ask::line("E-mail address of the account that the API token belongs to:");
        user = Some(answer).filter(|answer| !answer.is_empty());
    }
    if kind == "jira-cloud" && user.is_none() {
        return Err(Failure::Usage(
            "--jira-user is missing: give the e-mail address of the account that the API token \
             belongs to"
                .to_owned(),
        ));
    }
    Ok(Plan {
        id: "jira",
        kind,
        url: Some(url),
        user,
        token: token(args.jira_token_env.as_ref(), &JIRA_TOKENS, may_ask)?,
        wanted: args.projects.clone(),
    })
}

/// The variable that holds a token: the one that was named, one that is set, or an answer.
fn token(named: Option<&String>, usual: &[&str], may_ask: bool) -> Result<String, Failure> {
    let name = match (named, usual.iter().find(|name| is_set(name))) {
        (Some(named), _) => named.clone(),
        (None, Some(set)) => (*set).to_owned(),
        (None, None) if may_ask => {
            ask::with_default("Environment variable that holds the token:", usual[0])
        }
        (None, None) => usual[0].to_owned(),
    };
    // Whoever gives the token itself must not see it again on the terminal or in a file.
    if is_name(&name) {
        return Ok(name);
    }
    Err(Failure::Usage(
        "the token is named by the environment variable that holds it, such as JIRA_TOKEN; what \
         was given is no such name (if it is the token itself, replace it: it stands in the \
         history of your shell)"
            .to_owned(),
    ))
}

fn is_name(text: &str) -> bool {
    const TOKENS: [&str; 7] = ["ATATT", "ATSTT", "ghp_", "gho_", "ghu_", "ghs_", "github_pat_"];
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.chars().all(plain) && !TOKENS.iter().any(|one| text.starts_with(one))
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_token_is_no_name_of_a_variable() {
        assert!(is_name("JIRA_TOKEN") && is_name("gauge2"));
        for token in ["", "ATATT3xFfGF0", "ghp_abc", "github_pat_11A", "a-b", "x=y"] {
            assert!(!is_name(token), "{token}");
        }
    }
}
