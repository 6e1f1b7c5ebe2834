//! Answers and refusals before they go on the wire.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde_json::json;

/// A refusal in Jira's error form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn bad_body() -> Self {
        Self::new(
            400,
            "Invalid request payload. Refer to the REST API documentation and try again.",
        )
    }

    pub(super) fn no_issue() -> Self {
        Self::new(404, "Issue does not exist or you do not have permission to see it.")
    }

    /// The usual sentence for a status that a fault forces.
    pub(super) fn usual(status: u16) -> Self {
        let message = match status {
            401 => "Client must be authenticated to access this resource.",
            403 => "You do not have permission to perform this operation.",
            404 => "Issue does not exist or you do not have permission to see it.",
            410 => {
                "The requested API has been removed. Please migrate to the \
                 /rest/api/3/search/jql API. A full migration guideline is available at \
                 https://developer.atlassian.com/changelog/#CHANGE-2046"
            }
            429 => "Rate limit exceeded.",
            _ => "Internal server error",
        };
        Self::new(status, message)
    }
}

/// An answer, and how it travels.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Time to wait before anything is sent.
    pub delay: Duration,
    /// The connection breaks after half of the body.
    pub broken: bool,
}

impl Reply {
    pub(super) fn json(status: u16, body: Vec<u8>) -> Self {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json;charset=UTF-8");
        headers.insert(CONTENT_TYPE, json);
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers,
            body: body.into(),
            delay: Duration::ZERO,
            broken: false,
        }
    }

    pub(super) fn html(status: u16) -> Self {
        let page = "<!DOCTYPE html><html><head><title>Log in</title></head><body></body></html>";
        let mut reply = Self::json(status, page.as_bytes().to_vec());
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html;charset=UTF-8"));
        reply
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl From<Result<Vec<u8>, Refusal>> for Reply {
    fn from(outcome: Result<Vec<u8>, Refusal>) -> Self {
        match outcome {
            Ok(body) => Self::json(200, body),
            Err(refusal) => {
                let body = json!({"errorMessages": [refusal.message], "errors": {}});
                Self::json(refusal.status, body.to_string().into_bytes())
            }
        }
    }
}
