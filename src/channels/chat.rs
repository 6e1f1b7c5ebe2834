//! Slack and Microsoft Teams, by the webhooks that each lets a person make for a channel. Both show
//! every message that arrives and have no key to collapse repeats.

use async_trait::async_trait;

use super::http::Post;
use super::{Channel, Class, DeliveryError, Format, Message};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Slack,
    Teams,
}

pub(super) struct Chat {
    post: Post,
    kind: Kind,
}

impl Chat {
    pub(super) fn new(post: Post, kind: Kind) -> Self {
        Self { post, kind }
    }

    fn body<'a>(&self, message: &'a Message) -> Result<&'a str, DeliveryError> {
        message.needed(&self.post.caller.channel, self.formats()[0])
    }
}

#[async_trait]
impl Channel for Chat {
    fn class(&self) -> Class {
        Class::Blind
    }

    fn formats(&self) -> &'static [Format] {
        match self.kind {
            Kind::Slack => &[Format::Slack],
            Kind::Teams => &[Format::Teams],
        }
    }

    fn preview(&self, message: &Message) -> Result<String, DeliveryError> {
        self.body(message).map(str::to_owned)
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        self.post.json(self.body(message)?, &[]).await
    }
}
