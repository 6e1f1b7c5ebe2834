//! Issues or discussions of a repository that is named for it, by a token of its own. The text ends
//! with the digest's key in a comment, by which what was posted is found before anything is posted
//! again.

use async_trait::async_trait;
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{Caller, JSON};
use super::settings::Settings;
use super::slack_bot::bearer;
use super::{Channel, Class, DeliveryError, Message};

const API: &str = "https://api.github.com";
/// Characters of a text that GitHub takes, with room for the key.
const MOST_TEXT: usize = 65_000;

pub(super) struct GitHub {
    caller: Caller,
    api: String,
    owner: String,
    name: String,
    /// Without one digests are issues.
    category: Option<String>,
    authorization: HeaderValue,
}

/// What is read of an issue or a discussion: its text, to find our key in. Its author is not.
#[derive(Deserialize)]
struct Posted {
    body: Option<String>,
}

const LOOK: &str = "query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    id
    discussionCategories(first: 100) { nodes { id name slug } }
    discussions(first: 100, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { body } }
  }
}";

const CREATE: &str = "mutation($input: CreateDiscussionInput!) {
  createDiscussion(input: $input) { discussion { id } }
}";

#[derive(Deserialize)]
struct Told {
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    message: String,
}

impl GitHub {
    /// # Errors
    /// No header can hold the token.
    pub(super) fn new(
        settings: &Settings,
        caller: Caller,
        token: &SecretString,
    ) -> Result<Self, String> {
        let repository = settings.repository.as_deref().unwrap_or_default();
        let (owner, name) = repository.split_once('/').unwrap_or_default();
        Ok(Self {
            caller,
            api: settings.api.as_deref().unwrap_or(API).trim_end_matches('/').to_owned(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            category: settings.category.clone(),
            authorization: bearer(token)?,
        })
    }

    fn request(&self, request: http::request::Builder) -> http::request::Builder {
        request
            .header(AUTHORIZATION, &self.authorization)
            .header(ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .header(CONTENT_TYPE, JSON)
    }

    async fn issue(&self, message: &Message) -> Result<(), DeliveryError> {
        let url = format!("{}/repos/{}/{}/issues", self.api, self.owner, self.name);
        let look = format!("{url}?state=all&sort=created&direction=desc&per_page=100");
        let found = self.caller.send(self.request(http::Request::get(look)), "").await?;
        let found: Vec<Posted> = serde_json::from_slice(&found).map_err(|_| self.foreign(false))?;
        if found.iter().any(|one| is_of(one.body.as_deref(), message)) {
            return Ok(());
        }
        let body = json!({"title": message.title, "body": text(message)}).to_string();
        self.caller.send(self.request(http::Request::post(url)), &body).await.map(drop)
    }

    async fn discussion(&self, message: &Message, category: &str) -> Result<(), DeliveryError> {
        let variables = json!({"owner": self.owner, "name": self.name});
        let seen = self.graphql(LOOK, &variables, false).await?;
        let repository = &seen["repository"];
        let nodes = |of: &str| repository[of]["nodes"].as_array().cloned().unwrap_or_default();
        if nodes("discussions").iter().any(|one| is_of(one["body"].as_str(), message)) {
            return Ok(());
        }
        let named = |one: &&Value| one["name"] == category || one["slug"] == category;
        let known = nodes("discussionCategories");
        let Some(found) = known.iter().find(named) else {
            let names: Vec<&str> = known.iter().filter_map(|one| one["name"].as_str()).collect();
            let names = names.join(", ");
            let (owner, name) = (&self.owner, &self.name);
            let reason = format!(
                "{owner}/{name} has no category of discussions `{category}`; there are: {names}"
            );
            return Err(self.caller.failed(reason, false));
        };
        let input = json!({"input": {
            "repositoryId": repository["id"],
            "categoryId": found["id"],
            "title": message.title,
            "body": text(message),
        }});
        self.graphql(CREATE, &input, true).await.map(drop)
    }

    async fn graphql(
        &self,
        query: &str,
        variables: &Value,
        unsure: bool,
    ) -> Result<Value, DeliveryError> {
        // A server of one's own has its REST API below /api/v3.
        let base = self.api.strip_suffix("/v3").unwrap_or(&self.api);
        let request = self.request(http::Request::post(format!("{base}/graphql")));
        let body = json!({"query": query, "variables": variables}).to_string();
        let told = self.caller.send(request, &body).await?;
        let told: Told = serde_json::from_slice(&told).map_err(|_| self.foreign(unsure))?;
        match (told.errors.first(), told.data) {
            (Some(error), _) => {
                Err(self.caller.failed(format!("GitHub refused: {}", error.message), false))
            }
            (None, Some(data)) => Ok(data),
            (None, None) => Err(self.foreign(unsure)),
        }
    }

    fn foreign(&self, unsure: bool) -> DeliveryError {
        self.caller.failed("the answer is not GitHub's; check `api`".to_owned(), unsure)
    }
}

/// The last line of a digest's text, which nobody sees.
fn mark(message: &Message) -> String {
    format!("<!-- streamgauge {} -->", message.key)
}

fn is_of(body: Option<&str>, message: &Message) -> bool {
    body.is_some_and(|body| body.trim_end().ends_with(&mark(message)))
}

fn text(message: &Message) -> String {
    let mut text: String = message.markdown().chars().take(MOST_TEXT).collect();
    if text.len() < message.markdown().len() {
        text.push_str("\n\n(cut here: GitHub takes no longer text)");
    }
    format!("{}\n\n{}\n", text.trim_end(), mark(message))
}

#[async_trait]
impl Channel for GitHub {
    fn class(&self) -> Class {
        Class::ByKey
    }

    fn preview(&self, message: &Message) -> Result<String, DeliveryError> {
        Ok(format!("{}\n\n{}", message.title, text(message)))
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        match &self.category {
            None => self.issue(message).await,
            Some(category) => self.discussion(message, category).await,
        }
    }
}
