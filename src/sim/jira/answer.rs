//! From a request to an answer, as one plain function: the server, and a simulation without a
//! network, both call it.

use bytes::Bytes;
use http::{Method, Request};
use serde::de::DeserializeOwned;

use super::access::Caller;
use super::center::Dialect;
use super::faults::{Allowance, Drawn, Trouble};
use super::issues::{self, BulkFetch, ChangelogFetch};
use super::lookup::{self, Offset};
use super::reply::{Refusal, Reply};
use super::search::{self, SearchRequest};
use super::site::Site;
use super::spoil::spoil;
use super::survey;
use crate::model::Timestamp;

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    TenantInfo,
    Myself,
    ServerInfo,
    Field,
    Status,
    IssueType,
    LinkType,
    ProjectSearch,
    Project(String),
    VersionPage(String),
    Versions(String),
    Components(String),
    ProjectStatuses(String),
    Boards,
    Search,
    Count,
    BulkFetch,
    BulkChangelog,
    Issue(String),
    Changelog(String),
    /// `/search` of API versions 2 and 3, gone since 2025.
    Removed,
    Other,
}

impl Target {
    fn of(method: &Method, path: &[&str]) -> Self {
        let own = |text: &&str| percent_decoded(text);
        let get = method == Method::GET;
        let post = method == Method::POST;
        match path {
            ["_edge", "tenant_info"] if get => Self::TenantInfo,
            ["rest", "api", "2" | "3", "search"] => Self::Removed,
            ["rest", "api", "2", "serverInfo"] if get => Self::ServerInfo,
            ["rest", "agile", "1.0", "board"] if get => Self::Boards,
            ["rest", "api", "3", rest @ ..] => match rest {
                ["search", "jql"] if get || post => Self::Search,
                ["search", "approximate-count"] if post => Self::Count,
                ["issue", "bulkfetch"] if post => Self::BulkFetch,
                ["changelog", "bulkfetch"] if post => Self::BulkChangelog,
                _ if !get => Self::Other,
                ["myself"] => Self::Myself,
                ["serverInfo"] => Self::ServerInfo,
                ["field"] => Self::Field,
                ["status"] => Self::Status,
                ["issuetype"] => Self::IssueType,
                ["issueLinkType"] => Self::LinkType,
                ["project", "search"] => Self::ProjectSearch,
                ["project", project] => Self::Project(own(project)),
                ["project", project, "version"] => Self::VersionPage(own(project)),
                ["project", project, "versions"] => Self::Versions(own(project)),
                ["project", project, "components"] => Self::Components(own(project)),
                ["project", project, "statuses"] => Self::ProjectStatuses(own(project)),
                ["issue", issue] => Self::Issue(own(issue)),
                ["issue", issue, "changelog"] => Self::Changelog(own(issue)),
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    /// The endpoint as rate limits and the request log name it.
    fn name(&self, method: &Method) -> &'static str {
        let post = method == Method::POST;
        match self {
            Self::TenantInfo => "GET /_edge/tenant_info",
            Self::Myself => "GET /myself",
            Self::ServerInfo => "GET /serverInfo",
            Self::Field => "GET /field",
            Self::Status => "GET /status",
            Self::IssueType => "GET /issuetype",
            Self::LinkType => "GET /issueLinkType",
            Self::ProjectSearch => "GET /project/search",
            Self::Project(_) => "GET /project/{id}",
            Self::VersionPage(_) => "GET /project/{id}/version",
            Self::Versions(_) => "GET /project/{id}/versions",
            Self::Components(_) => "GET /project/{id}/components",
            Self::ProjectStatuses(_) => "GET /project/{id}/statuses",
            Self::Boards => "GET /board",
            Self::Search if post => "POST /search/jql",
            Self::Search => "GET /search/jql",
            Self::Count => "POST /search/approximate-count",
            Self::BulkFetch => "POST /issue/bulkfetch",
            Self::BulkChangelog => "POST /changelog/bulkfetch",
            Self::Issue(_) => "GET /issue/{id}",
            Self::Changelog(_) => "GET /issue/{id}/changelog",
            Self::Removed => "search (removed)",
            Self::Other => "other",
        }
    }
}

impl Site {
    /// Answers one request.
    pub fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        if let Some(reply) = self.answer_admin(request) {
            return reply;
        }
        if let Dialect::Center(center) = self.dialect.clone() {
            return self.answer_as_center(&center, request);
        }
        self.catch_up();
        let now = self.clock.now();
        let path: Vec<&str> = request.uri().path().split('/').filter(|s| !s.is_empty()).collect();
        let (gateway, path) = match path.as_slice() {
            ["ex", "jira", cloud, rest @ ..] if *cloud == self.access.cloud_id => (true, rest),
            path => (false, path),
        };
        let target = Target::of(request.method(), path);
        let endpoint = target.name(request.method());
        let allowance = self.limits.take(endpoint, now);
        let drawn = self.limits.quota.as_mut().map(|quota| quota.draw(now));
        let reply = match (allowance, drawn) {
            (Some(allowance), _) if !allowance.granted => self.too_many(now),
            (_, Some(drawn)) if !drawn.granted => used_up(drawn),
            _ => self.answer_or_fail(request, &target, gateway),
        };
        let reply = with_quota(with_allowance(reply, allowance), drawn);
        self.log.note(endpoint, reply.status.as_u16());
        let date = self.date();
        reply.with("date", &date)
    }

    fn too_many(&self, now: Timestamp) -> Reply {
        let wait = self.limits.retry_after;
        let reset = now.plus_millis(i64::try_from(wait).unwrap_or(0).saturating_mul(1000));
        Reply::from(Err(Refusal::usual(429)))
            .with("retry-after", &wait.to_string())
            .with("ratelimit-reason", "jira-burst-based")
            .with("x-ratelimit-reset", &reset.to_string())
    }

    fn answer_or_fail(
        &mut self,
        request: &Request<Bytes>,
        target: &Target,
        gateway: bool,
    ) -> Reply {
        let mut troubles = self.faults.meet(request.uri().path());
        // What replaces the answer comes first; what spoils it needs one.
        if let Some(Trouble::Status(status)) =
            troubles.iter().find(|trouble| matches!(trouble, Trouble::Status(_)))
        {
            return Err(Refusal::usual(*status)).into();
        }
        if self.faults.is_poisoned(request) {
            return Err(Refusal::usual(500)).into();
        }
        let expired = troubles.contains(&Trouble::TokensExpired);
        troubles.retain(|trouble| *trouble != Trouble::TokensExpired);
        let caller = self.access.judge(request.headers(), gateway);
        let outcome = self.dispatch(request, target, caller, expired);
        let misplaced = caller == Caller::Misplaced && gateway;
        let reply = match outcome {
            Err(refusal) if refusal.status == 401 && misplaced => {
                let body = r#"{"code":401,"message":"Unauthorized; scope does not match"}"#;
                Reply::json(401, body.as_bytes().to_vec())
            }
            outcome => Reply::from(outcome),
        };
        troubles.into_iter().fold(reply, spoil)
    }

    fn dispatch(
        &mut self,
        request: &Request<Bytes>,
        target: &Target,
        caller: Caller,
        tokens_expired: bool,
    ) -> Result<Vec<u8>, Refusal> {
        match target {
            Target::TenantInfo => return Ok(lookup::tenant_info(self)),
            Target::Removed => return Err(Refusal::usual(410)),
            Target::Other => return Err(Refusal::new(404, "No such resource.")),
            _ => {}
        }
        self.refresh_fragments();
        match caller {
            Caller::Misplaced => Err(Refusal::usual(401)),
            Caller::Anonymous => self.as_stranger(request, target),
            Caller::Known if tokens_expired && presents_token(request) => {
                Err(Refusal::new(400, "The provided next page token is invalid or expired."))
            }
            Caller::Known => self.as_caller(request, target),
        }
    }

    /// What a caller without a valid credential sees: the trap is that much of it is a success.
    fn as_stranger(&self, request: &Request<Bytes>, target: &Target) -> Result<Vec<u8>, Refusal> {
        let nothing = |text: &str| Ok(text.as_bytes().to_vec());
        match target {
            Target::Search => search::search_as_stranger(&search_request(request)?.jql),
            Target::Count => nothing(r#"{"count":0}"#),
            Target::ServerInfo => Ok(lookup::server_info(self)),
            Target::BulkFetch => {
                nothing(r#"{"expand":"schema,names","issues":[],"issueErrors":[]}"#)
            }
            Target::Field | Target::Status | Target::IssueType => nothing("[]"),
            Target::LinkType => nothing(r#"{"issueLinkTypes":[]}"#),
            Target::ProjectSearch => {
                nothing(r#"{"maxResults":50,"startAt":0,"total":0,"isLast":true,"values":[]}"#)
            }
            Target::Issue(_) | Target::Changelog(_) => Err(Refusal::no_issue()),
            Target::Project(name)
            | Target::VersionPage(name)
            | Target::Versions(name)
            | Target::Components(name)
            | Target::ProjectStatuses(name) => {
                Err(Refusal::new(404, format!("No project could be found with key '{name}'.")))
            }
            _ => Err(Refusal::usual(401)),
        }
    }

    fn as_caller(&mut self, request: &Request<Bytes>, target: &Target) -> Result<Vec<u8>, Refusal> {
        let query = Parameters::of(request);
        match target {
            Target::Myself => Ok(lookup::myself(self)),
            Target::ServerInfo => Ok(lookup::server_info(self)),
            Target::Field => Ok(lookup::fields(self)),
            Target::Status => Ok(lookup::statuses(self)),
            Target::IssueType => Ok(lookup::issue_types(self)),
            Target::LinkType => Ok(lookup::link_types(self)),
            Target::ProjectSearch => {
                let insight = query.all("expand").iter().any(|name| name == "insight");
                let (keys, states) = (query.all("keys"), query.all("status"));
                lookup::projects(self, query.offset(), &keys, &states, insight)
            }
            Target::ProjectStatuses(name) => survey::project_statuses(self, name),
            Target::Boards => Ok(survey::boards(self, query.offset())),
            Target::Project(name) => lookup::project(self, name),
            Target::VersionPage(name) => lookup::versions_page(self, name, query.offset()),
            Target::Versions(name) => lookup::versions(self, name),
            Target::Components(name) => lookup::components(self, name),
            Target::Search => search::search(self, &search_request(request)?),
            Target::Count => search::count(self, &body::<SearchRequest>(request)?.jql),
            Target::BulkFetch => issues::bulk_fetch(self, &body::<BulkFetch>(request)?),
            Target::BulkChangelog => {
                issues::bulk_changelog(self, &body::<ChangelogFetch>(request)?)
            }
            Target::Issue(name) => {
                let fields = query.all("fields");
                let fields = (!fields.is_empty()).then_some(fields.as_slice());
                issues::one(self, name, fields, query.one("expand").unwrap_or_default())
            }
            Target::Changelog(name) => issues::changelog(
                self,
                name,
                query.number("startAt").unwrap_or(0),
                query.number("maxResults"),
            ),
            Target::TenantInfo | Target::Removed | Target::Other => Err(Refusal::usual(404)),
        }
    }
}

fn with_allowance(reply: Reply, allowance: Option<Allowance>) -> Reply {
    let Some(allowance) = allowance else { return reply };
    let near = u64::from(allowance.remaining) * 5 < u64::from(allowance.limit);
    reply
        .with("x-ratelimit-limit", &allowance.limit.to_string())
        .with("x-ratelimit-remaining", &allowance.remaining.to_string())
        .with("x-ratelimit-nearlimit", if near { "true" } else { "false" })
}

fn used_up(drawn: Drawn) -> Reply {
    Reply::from(Err(Refusal::usual(429)))
        .with("retry-after", &drawn.full_in.to_string())
        .with("ratelimit-reason", "jira-quota-global-based")
}

/// The policy is always told, how it stands only when most is used.
fn with_quota(reply: Reply, drawn: Option<Drawn>) -> Reply {
    let Some(Drawn { points, remaining, full_in, .. }) = drawn else { return reply };
    let policy = format!("\"global-app-quota\";q={points};w=3600");
    let reply = reply.with("beta-ratelimit-policy", &policy);
    if remaining * 5 > points {
        return reply;
    }
    reply.with("beta-ratelimit", &format!("\"global-app-quota\";r={remaining};t={full_in}"))
}

fn body<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, Refusal> {
    serde_json::from_slice(request.body()).map_err(|_| Refusal::bad_body())
}

fn search_request(request: &Request<Bytes>) -> Result<SearchRequest, Refusal> {
    if request.method() == Method::POST {
        return body(request);
    }
    let query = Parameters::of(request);
    let fields = query.all("fields");
    let reconcile = query.all("reconcileIssues");
    Ok(SearchRequest {
        jql: query.one("jql").unwrap_or_default().to_owned(),
        next_page_token: query.one("nextPageToken").map(str::to_owned),
        max_results: query.number("maxResults"),
        fields: (!fields.is_empty()).then_some(fields),
        expand: query.one("expand").map(str::to_owned),
        reconcile_issues: reconcile.iter().filter_map(|id| id.parse().ok()).collect(),
    })
}

fn presents_token(request: &Request<Bytes>) -> bool {
    Parameters::of(request).one("nextPageToken").is_some()
        || serde_json::from_slice::<SearchRequest>(request.body())
            .is_ok_and(|body| body.next_page_token.is_some())
}

/// The query string.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(request: &Request<Bytes>) -> Self {
        let pairs = request.uri().query().unwrap_or_default().split('&');
        let pairs = pairs.filter_map(|pair| pair.split_once('='));
        let plain = |text: &str| percent_decoded(&text.replace('+', " "));
        Self(pairs.map(|(name, value)| (plain(name), plain(value))).collect())
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let all = self.0.iter().filter(|(known, _)| known == name);
        all.flat_map(|(_, value)| value.split(',')).map(str::to_owned).collect()
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.one(name)?.parse().ok()
    }

    fn offset(&self) -> Offset {
        let size = self.number("maxResults").unwrap_or(50);
        Offset { start: self.number("startAt").unwrap_or(0), size }
    }
}

pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => {
                let digits = [*high, *low];
                std::str::from_utf8(&digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok())
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
