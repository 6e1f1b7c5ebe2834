//! Slack by an app of one's own. Every message carries the digest's key as metadata, so what was
//! posted can be looked up before anything is posted again. The app needs the scopes `chat:write`
//! and `channels:history` (`groups:history` for a private channel), and a seat in the channel.

use async_trait::async_trait;
use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{Caller, JSON};
use super::settings::Settings;
use super::{Channel, Class, DeliveryError, Format, Message};

const API: &str = "https://slack.com/api";
/// The name of our metadata.
const EVENT: &str = "streamgauge_digest";
/// Messages that are looked through, the newest first.
const LOOKED_AT: u32 = 100;

pub(super) struct SlackBot {
    caller: Caller,
    api: String,
    channel: String,
    authorization: HeaderValue,
}

/// What is read of an answer. Texts and their authors are not.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    error: Option<String>,
    #[serde(default)]
    messages: Vec<Posted>,
}

#[derive(Deserialize)]
struct Posted {
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    event_type: String,
    #[serde(default)]
    event_payload: Value,
}

impl SlackBot {
    /// # Errors
    /// No header can hold the token.
    pub(super) fn new(
        settings: &Settings,
        caller: Caller,
        token: &SecretString,
    ) -> Result<Self, String> {
        let api = settings.api.as_deref().unwrap_or(API).trim_end_matches('/').to_owned();
        let channel = settings.channel.clone().unwrap_or_default();
        Ok(Self { caller, api, channel, authorization: bearer(token)? })
    }

    fn body(&self, message: &Message) -> Result<String, DeliveryError> {
        let text = message.needed(&self.caller.channel, Format::Slack)?;
        let mut body: Value = serde_json::from_str(text)
            .map_err(|error| self.caller.failed(error.to_string(), false))?;
        body["channel"] = self.channel.as_str().into();
        body["metadata"] = json!({"event_type": EVENT, "event_payload": {"key": message.key}});
        Ok(body.to_string())
    }

    /// Whether the channel holds this digest already.
    async fn holds(&self, message: &Message) -> Result<bool, DeliveryError> {
        let (api, channel) = (&self.api, &self.channel);
        let since = message.at.millis().div_euclid(1000);
        let url = format!(
            "{api}/conversations.history?channel={channel}&oldest={since}&limit={LOOKED_AT}\
             &include_all_metadata=true"
        );
        let request = http::Request::get(url).header(AUTHORIZATION, &self.authorization);
        let answer = self.heard(&self.caller.send(request, "").await?, false)?;
        let is_it = |posted: &Posted| {
            posted.metadata.as_ref().is_some_and(|metadata| {
                metadata.event_type == EVENT && metadata.event_payload["key"] == *message.key
            })
        };
        Ok(answer.messages.iter().any(is_it))
    }

    /// Slack answers 200 to everything and says inside whether it is true.
    fn heard(&self, body: &[u8], unsure: bool) -> Result<Answer, DeliveryError> {
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|_| self.caller.failed("the answer is not Slack's".to_owned(), unsure))?;
        if answer.ok {
            return Ok(answer);
        }
        let why = answer.error.unwrap_or_default();
        let mend = match why.as_str() {
            "missing_scope" => {
                "; the app needs chat:write and channels:history (groups:history for a private \
                 channel)"
            }
            "not_in_channel" | "channel_not_found" => "; invite the app to the channel",
            _ => "",
        };
        Err(self.caller.failed(format!("Slack refused: {why}{mend}"), false))
    }
}

/// # Errors
/// The token is not one line of plain text.
pub(super) fn bearer(token: &SecretString) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
        .map_err(|_| "the token is not one line of plain text: copy it again".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[async_trait]
impl Channel for SlackBot {
    fn class(&self) -> Class {
        Class::ByKey
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Slack]
    }

    fn preview(&self, message: &Message) -> Result<String, DeliveryError> {
        self.body(message)
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        if self.holds(message).await? {
            return Ok(());
        }
        let request = http::Request::post(format!("{}/chat.postMessage", self.api))
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, JSON);
        let answer = self.caller.send(request, &self.body(message)?).await?;
        self.heard(&answer, true).map(drop)
    }
}
