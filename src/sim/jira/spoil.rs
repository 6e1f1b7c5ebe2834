//! Faults that spoil an answer which exists.

use bytes::Bytes;

use super::faults::{LOOP, Trouble};
use super::lies;
use super::reply::{Refusal, Reply};

/// Spoils an answer that exists.
pub(super) fn spoil(mut reply: Reply, trouble: Trouble) -> Reply {
    match trouble {
        Trouble::Delay(delay) => reply.delay += delay,
        Trouble::Broken => reply.broken = true,
        Trouble::Truncated => reply.body.truncate(reply.body.len() / 2),
        Trouble::Html => return Reply::html(200),
        Trouble::Malformed => reply.body = Bytes::from_static(b"{\"issues\":[{\"id\":,}]"),
        Trouble::Unavailable { retry_after } => {
            return Reply::from(Err(Refusal::usual(503)))
                .with("retry-after", &retry_after.to_string());
        }
        Trouble::Limited { retry_after } => {
            return Reply::from(Err(Refusal::usual(429)))
                .with("retry-after", &retry_after.to_string());
        }
        Trouble::CutLists => {
            if let Ok(body) = serde_json::from_slice(&reply.body) {
                reply.body = lies::cut_lists(body).to_string().into();
            }
        }
        Trouble::TokenLoop => {
            let body = serde_json::from_slice::<serde_json::Value>(&reply.body);
            if let Ok(mut body) = body
                && body.is_object()
            {
                body["nextPageToken"] = LOOP.into();
                body["isLast"] = false.into();
                reply.body = body.to_string().into();
            }
        }
        Trouble::Status(_) | Trouble::TokensExpired => {}
    }
    reply
}
