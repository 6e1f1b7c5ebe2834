//! Jira Data Center: the same truth in the dialect of REST version 2. Bearer tokens only, pages by
//! offset, whole histories with the search, and nothing in bulk by id.

mod lookup;
mod paths;
mod reshape;
mod search;

use std::collections::BTreeSet;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request};
use serde_json::Value;

use super::answer::Parameters;
use super::faults::{Allowance, Trouble};
use super::lookup as cloud;
use super::reply::{Refusal, Reply};
use super::site::Site;
use super::spoil::spoil;
use paths::Target;

/// Which product a site plays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Dialect {
    #[default]
    Cloud,
    Center(Center),
}

/// How a Data Center is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Center {
    /// Major, minor and patch.
    pub version: [u32; 3],
    /// Where the product lives under its host: empty, or `/jira`.
    pub context: String,
    /// Most rows of a search page (`jira.search.views.default.max`).
    pub max_results: usize,
    /// The search platform gives no row beyond this one (Jira 11).
    pub window: Option<usize>,
    /// Most entries of an embedded history, newest kept; `None` embeds all, as the product does.
    pub histories: Option<usize>,
    /// Keys of archived projects: they have a page and are not searched.
    pub archived_projects: BTreeSet<String>,
    /// Ids of archived issues: they have a page and are not searched.
    pub archived_issues: BTreeSet<u64>,
    /// Whether fields in a search come from the index, which may lag, and not from the database.
    pub fields_from_index: bool,
}

impl Default for Center {
    fn default() -> Self {
        Self {
            version: [10, 3, 24],
            context: String::new(),
            max_results: 1000,
            window: None,
            histories: None,
            archived_projects: BTreeSet::new(),
            archived_issues: BTreeSet::new(),
            fields_from_index: true,
        }
    }
}

impl Center {
    /// Jira 9, the last without signed webhooks.
    #[must_use]
    pub fn nine() -> Self {
        Self { version: [9, 12, 30], ..Self::default() }
    }

    /// Jira 11, whose search platform has a window.
    #[must_use]
    pub fn eleven() -> Self {
        Self { version: [11, 3, 2], window: Some(10_000), ..Self::default() }
    }

    pub(super) fn signs_webhooks(&self) -> bool {
        self.version[0] >= 10
    }

    /// What Cloud would have sent, in the form of Data Center.
    pub(super) fn reshaped(&self, value: Value) -> Value {
        reshape::value(value)
    }
}

impl Dialect {
    /// What follows the host in every address.
    pub(super) fn context(&self) -> &str {
        match self {
            Self::Cloud => "",
            Self::Center(center) => &center.context,
        }
    }
}

/// Who asks, as the server sees it.
enum Caller {
    Known,
    Anonymous,
    /// Basic authentication, which is switched off.
    Refused,
}

impl Site {
    pub(super) fn answer_as_center(&mut self, center: &Center, request: &Request<Bytes>) -> Reply {
        let now = self.clock.now();
        let target = Target::of(request.method(), request.uri().path(), center);
        let endpoint = target.name(request.method() == Method::POST);
        let allowance = self.limits.take(endpoint, now);
        let caller = self.caller(request);
        let reply = match (&allowance, &caller) {
            (Some(Allowance { granted: false, .. }), _) => Reply::from(Err(Refusal::usual(429)))
                .with("retry-after", &self.limits.retry_after.to_string()),
            (_, Caller::Refused) => {
                let sentence = "Basic Authentication has been disabled on this instance.";
                Reply::from(Err(Refusal::new(403, sentence)))
                    .with("x-seraph-loginreason", "AUTHENTICATED_FAILED")
            }
            _ => self.answer_or_spoil(center, request, &target, &caller),
        };
        self.log.note(endpoint, reply.status.as_u16());
        let user = if matches!(caller, Caller::Known) { "gauge" } else { "anonymous" };
        let date = self.date();
        with_allowance(reply, allowance).with("x-ausername", user).with("date", &date)
    }

    fn caller(&self, request: &Request<Bytes>) -> Caller {
        let value = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match value.map(|value| value.split_once(' ').unwrap_or((value, ""))) {
            Some(("Bearer", token)) => {
                let known = &self.access.credentials;
                if known.iter().any(|known| known.token == token && !known.expired) {
                    Caller::Known
                } else {
                    Caller::Anonymous
                }
            }
            Some(_) => Caller::Refused,
            None => Caller::Anonymous,
        }
    }

    fn answer_or_spoil(
        &mut self,
        center: &Center,
        request: &Request<Bytes>,
        target: &Target,
        caller: &Caller,
    ) -> Reply {
        let troubles = self.faults.meet(request.uri().path());
        if let Some(Trouble::Status(status)) =
            troubles.iter().find(|trouble| matches!(trouble, Trouble::Status(_)))
        {
            return Err(Refusal::usual(*status)).into();
        }
        if self.faults.is_poisoned(request) {
            return Err(Refusal::usual(500)).into();
        }
        self.refresh_fragments();
        let outcome = match caller {
            Caller::Known => self.answer_center_caller(center, request, target),
            Caller::Anonymous | Caller::Refused => self.answer_center_stranger(center, target),
        };
        troubles.into_iter().fold(Reply::from(outcome), spoil)
    }

    /// All projects of the site are private: a stranger sees that there is nothing.
    fn answer_center_stranger(&self, center: &Center, target: &Target) -> Result<Vec<u8>, Refusal> {
        let nothing = |text: &str| Ok(text.as_bytes().to_vec());
        match target {
            Target::ServerInfo => Ok(lookup::server_info(self, center)),
            Target::Fields | Target::Statuses | Target::Projects | Target::IssueTypes => {
                nothing("[]")
            }
            Target::LinkTypes => nothing(r#"{"issueLinkTypes":[]}"#),
            Target::Search => {
                Err(Refusal::new(400, "The value 'PAY' does not exist for the field 'project'."))
            }
            Target::Issue(_) => {
                Err(Refusal::new(401, "You do not have the permission to see the specified issue."))
            }
            Target::Unknown => Err(Refusal::new(404, "null for uri")),
            _ => Err(Refusal::usual(401)),
        }
    }

    fn answer_center_caller(
        &mut self,
        center: &Center,
        request: &Request<Bytes>,
        target: &Target,
    ) -> Result<Vec<u8>, Refusal> {
        let query = Parameters::of(request);
        match target {
            Target::Myself => lookup::reshaped(&cloud::myself(self)),
            Target::ServerInfo => Ok(lookup::server_info(self, center)),
            Target::Window => match center.window {
                Some(window) => Ok(window.to_string().into_bytes()),
                None => Err(Refusal::new(404, "null for uri")),
            },
            Target::Fields => lookup::fields(self),
            Target::Statuses => lookup::reshaped(&cloud::statuses(self)),
            Target::IssueTypes => lookup::reshaped(&cloud::issue_types(self)),
            Target::LinkTypes => lookup::reshaped(&cloud::link_types(self)),
            Target::Projects => lookup::projects(self),
            Target::Project(name) => lookup::project(self, center, name),
            Target::ProjectStatuses(name) => lookup::project_statuses(self, name),
            Target::Versions(name) => lookup::reshaped(&cloud::versions(self, name)?),
            Target::Components(name) => lookup::reshaped(&cloud::components(self, name)?),
            Target::Boards => Ok(lookup::boards(self)),
            Target::Board(_) => Ok(lookup::board(self)),
            Target::Search => {
                let request = search::Question::of(request)?;
                search::search(self, center, &request)
            }
            Target::Issue(name) => {
                let fields = query.all("fields");
                let fields = (!fields.is_empty()).then_some(fields.as_slice());
                search::one(self, center, name, fields, query.one("expand").unwrap_or_default())
            }
            Target::Unknown => Err(Refusal::new(404, "null for uri")),
        }
    }
}

fn with_allowance(reply: Reply, allowance: Option<Allowance>) -> Reply {
    let Some(allowance) = allowance else { return reply };
    reply
        .with("x-ratelimit-limit", &allowance.limit.to_string())
        .with("x-ratelimit-remaining", &allowance.remaining.to_string())
        .with("x-ratelimit-interval-seconds", "1")
        .with("x-ratelimit-fillrate", &allowance.limit.to_string())
}
