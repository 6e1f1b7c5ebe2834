//! A webhook signed as <https://www.standardwebhooks.com> says: `webhook-id` is the digest's key, so
//! the receiver can tell a repeat, and `webhook-signature` is HMAC-SHA256 over
//! `ID.SECONDS.BODY` in base 64.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderName;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use serde_json::json;
use sha2::Sha256;

use super::http::Post;
use super::{Channel, Class, DeliveryError, Format, Message};

/// How the specification marks a secret that is written in base 64.
const MARK: &str = "whsec_";

pub(super) struct Webhook {
    post: Post,
    key: SecretBox<Vec<u8>>,
}

impl Webhook {
    /// # Errors
    /// The secret is marked as base 64, and is not.
    pub(super) fn new(post: Post, secret: &SecretString) -> Result<Self, String> {
        let text = secret.expose_secret();
        let key = match text.strip_prefix(MARK) {
            Some(coded) => BASE64.decode(coded).map_err(|_| {
                format!("the secret begins with {MARK}, but no base 64 follows: copy it again")
            })?,
            None => text.as_bytes().to_vec(),
        };
        Ok(Self { post, key: SecretBox::new(Box::new(key)) })
    }

    fn signature(&self, id: &str, seconds: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret())
            .expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
    }
}

/// The same for every try: the digest as it was planned.
fn body(message: &Message) -> String {
    let structure = message.texts.get(&Format::Json);
    let structure = structure.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    json!({
        "type": "digest",
        "timestamp": message.at.to_string(),
        "data": {
            "key": message.key,
            "title": message.title,
            "markdown": message.markdown(),
            "page": structure,
        },
    })
    .to_string()
}

#[async_trait]
impl Channel for Webhook {
    fn class(&self) -> Class {
        Class::ByKey
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Json]
    }

    fn preview(&self, message: &Message) -> Result<String, DeliveryError> {
        Ok(body(message))
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let body = body(message);
        let seconds = self.post.caller.clock().now().millis().div_euclid(1000);
        let signature = self.signature(&message.key, seconds, &body);
        let headers = [
            (HeaderName::from_static("webhook-id"), message.key.clone()),
            (HeaderName::from_static("webhook-timestamp"), seconds.to_string()),
            (HeaderName::from_static("webhook-signature"), signature),
        ];
        self.post.json(&body, &headers).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::http::Caller;
    use super::*;
    use crate::clock::SystemClock;
    use crate::entropy::Entropy;
    use crate::transport::{Limits, Transport};

    fn webhook(secret: &str) -> Result<Webhook, String> {
        let (clock, entropy) = (Arc::new(SystemClock), Entropy::from_seed(0));
        let transport = Transport::over_network(Limits::default(), clock, entropy).unwrap();
        let url = SecretString::from("https://receiver.example/x".to_owned());
        let post = Post::new(Caller::new("w", None, &transport)?, url)?;
        Webhook::new(post, &SecretString::from(secret.to_owned()))
    }

    /// The example that implementations of the specification share.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let webhook = webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        assert_eq!(
            webhook.signature(id, 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_broken_secret_is_not_repeated() {
        let error = webhook("whsec_???").err().unwrap();
        assert!(error.contains("no base 64") && !error.contains("???"), "{error}");
    }
}
