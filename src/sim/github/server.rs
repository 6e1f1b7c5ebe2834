//! GitHub Enterprise Server: the same product on a machine of one's own, with other addresses, an
//! older schema and, as it comes, without rate limits.
//!
//! What each version lacks follows the published schemas; that timeline events of boards are
//! missing has been met in the field on servers whose schema had the boards themselves.

use std::sync::LazyLock;

use http::Uri;

use crate::transport::Request;

use super::graphql::Dialect;
use super::graphql::schema::{SCHEMA, Schema};
use super::site::State;

/// What the site is while it is a server.
#[derive(Debug)]
pub struct Server {
    /// `3.17.4`
    pub version: String,
    schema: &'static Schema,
}

const BOARD_EVENTS: &[&str] =
    &["AddedToProjectV2Event", "RemovedFromProjectV2Event", "ProjectV2ItemStatusChangedEvent"];

const ISSUE_FIELDS: &[&str] =
    &["IssueFieldAddedEvent", "IssueFieldChangedEvent", "IssueFieldRemovedEvent"];

const DEPENDENCIES: &[&str] = &[
    "Issue.blockedBy",
    "Issue.blocking",
    "Issue.issueDependenciesSummary",
    "Issue.duplicateOf",
    "BlockedByAddedEvent",
    "BlockedByRemovedEvent",
    "BlockingAddedEvent",
    "BlockingRemovedEvent",
];

const HIERARCHY: &[&str] = &[
    "Issue.issueType",
    "Issue.parent",
    "Issue.subIssues",
    "Issue.subIssuesSummary",
    "IssueTypeAddedEvent",
    "IssueTypeChangedEvent",
    "IssueTypeRemovedEvent",
    "ParentIssueAddedEvent",
    "ParentIssueRemovedEvent",
    "SubIssueAddedEvent",
    "SubIssueRemovedEvent",
];

static BEFORE_3_17: LazyLock<Schema> =
    LazyLock::new(|| Schema::without(&[BOARD_EVENTS, ISSUE_FIELDS, DEPENDENCIES, HIERARCHY]));
static SINCE_3_17: LazyLock<Schema> =
    LazyLock::new(|| Schema::without(&[BOARD_EVENTS, ISSUE_FIELDS, DEPENDENCIES]));
static SINCE_3_19: LazyLock<Schema> =
    LazyLock::new(|| Schema::without(&[BOARD_EVENTS, ISSUE_FIELDS]));

impl Server {
    pub fn new(version: &str) -> Self {
        let minor = version.split('.').nth(1).and_then(|minor| minor.parse().ok());
        let schema: &'static Schema = match minor.unwrap_or(0_u32) {
            0..17 => &BEFORE_3_17,
            17..19 => &SINCE_3_17,
            19..22 => &SINCE_3_19,
            _ => &SCHEMA,
        };
        Self { version: version.to_owned(), schema }
    }

    /// The request as github.com would get it; what lies elsewhere than a server's addresses
    /// leads nowhere.
    pub fn inside(&self, request: &Request) -> Request {
        let asked = request.uri().path();
        let path = match asked.strip_prefix("/api/v3") {
            Some("" | "/") => "/",
            Some(rest) if rest.starts_with('/') && rest != "/graphql" => rest,
            None if asked == "/api/graphql" => "/graphql",
            _ => "/nowhere",
        };
        let query = request.uri().query().map_or(String::new(), |query| format!("?{query}"));
        let mut inside = request.clone();
        *inside.uri_mut() =
            format!("{path}{query}").parse().unwrap_or(Uri::from_static("/nowhere"));
        inside
    }
}

impl State {
    pub fn dialect(&self) -> Dialect {
        let schema = self.server.as_ref().map_or(&*SCHEMA, |server| server.schema);
        Dialect { schema, metered: self.server.is_none() }
    }
}
