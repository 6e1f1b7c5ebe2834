//! What GitHub's errors mean for the next move. Messages are never passed on: they may quote
//! names. Kinds and paths are GitHub's own words.

use std::collections::BTreeMap;

use super::wire::{Fault, Step};
use crate::model::Gap;
use crate::trackers::TrackerError;
use crate::transport::Response;

/// What to do with an answer of status 200.
pub enum Verdict {
    /// There is data; faults concern parts of it.
    Usable,
    /// Ask for less.
    TooHeavy(String),
    /// The budget is used up.
    RateLimited,
    /// Nothing to be had; made into an error with the name of the place.
    Failed(Box<dyn Fn(&str) -> TrackerError + Send>),
}

const RIGHTS: &str = "the token needs read access to Issues, Pull requests and Metadata of the \
    repositories, to Contents for releases, and to the organisation's Projects for boards";

/// Decides by the kinds of all faults and by whether there is any data.
#[must_use]
pub fn judge(faults: &[Fault], has_data: bool) -> Verdict {
    let any = |kinds: &[&str]| faults.iter().any(|fault| kinds.contains(&kind(fault)));
    if any(&["RATE_LIMITED", "RATE_LIMIT"]) {
        return Verdict::RateLimited;
    }
    if any(&["RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"]) {
        return Verdict::TooHeavy("resource limits".to_owned());
    }
    if any(&["INVALID_CURSOR_ARGUMENTS"]) {
        return failed(|place| {
            TrackerError::BadToken(format!(
                "{place}: GitHub no longer knows the page token; the walk starts again from its \
                 last key"
            ))
        });
    }
    // GitHub's own time-out carries no kind, and leads to no single row.
    let whole = |fault: &Fault| {
        let path = fault.path.as_deref().unwrap_or_default();
        kind(fault) == UNNAMED && !path.iter().any(|step| matches!(step, Step::Index(_)))
    };
    if faults.iter().any(whole) {
        return Verdict::TooHeavy("time-out".to_owned());
    }
    if has_data {
        return Verdict::Usable;
    }
    if any(&["FORBIDDEN", "INSUFFICIENT_SCOPES"]) {
        return failed(|place| {
            TrackerError::Unauthorized(format!("{place}: GitHub refuses the question; {RIGHTS}"))
        });
    }
    match faults.first() {
        None => failed(|place| {
            TrackerError::Malformed(format!(
                "{place}: the answer holds neither data nor errors; check `url` and the way to it"
            ))
        }),
        Some(fault) => {
            let kind = kind(fault).to_owned();
            failed(move |place| {
                TrackerError::Refused(format!(
                    "{place}: GitHub refuses the question itself ({kind}); this version of \
                     Streamgauge does not fit the server, look for a newer one"
                ))
            })
        }
    }
}

/// Whether the question asks for something that this server's schema does not have.
#[must_use]
pub fn is_misfit(faults: &[Fault], has_data: bool) -> bool {
    let codes = [
        "undefinedField",
        "undefinedType",
        "argumentNotAccepted",
        "argumentLiteralsIncompatible",
        "cannotSpreadFragment",
        "useAndDefineFragment",
    ];
    !has_data && faults.iter().any(|fault| codes.contains(&kind(fault)))
}

const UNNAMED: &str = "unnamed error";

fn failed(error: impl Fn(&str) -> TrackerError + Send + 'static) -> Verdict {
    Verdict::Failed(Box::new(error))
}

fn kind(fault: &Fault) -> &str {
    let code = fault.extensions.as_ref().and_then(|extensions| extensions.code.as_deref());
    fault.kind.as_deref().or(code).unwrap_or(UNNAMED)
}

/// The error of an answer whose status is not 200 and which does not ask to wait.
#[must_use]
pub fn of_status(place: &str, api: &str, response: &Response) -> TrackerError {
    let status = response.status().as_u16();
    match status {
        401 => TrackerError::Unauthorized(format!(
            "{place}: GitHub does not accept the token (401); it is wrong, expired or revoked: \
             create a fine-grained one, {RIGHTS}"
        )),
        // One organisation's matter: the token may be good for all the others.
        403 if response.headers().contains_key("x-github-sso") => TrackerError::Refused(format!(
            "{place}: the organisation demands single sign-on (403); authorise the token for it \
                 in GitHub's token settings"
        )),
        403 => TrackerError::Unauthorized(format!("{place}: GitHub forbids it (403); {RIGHTS}")),
        404 => TrackerError::Refused(format!(
            "{place}: there is no GraphQL endpoint below {api} (404); check `url`, and set `server` \
             where the address does not show that it is a server of your own, or that it is not"
        )),
        410 => TrackerError::Refused(format!(
            "{place}: GitHub has ended this version of its API (410); look for a newer Streamgauge"
        )),
        300..=399 => TrackerError::Refused(format!(
            "{place}: {api} points elsewhere ({status}); write its new address into `url`"
        )),
        500..=599 => TrackerError::Unavailable(format!(
            "{place}: GitHub answers {status}; the next pass tries again"
        )),
        _ => TrackerError::Refused(format!(
            "{place}: GitHub refuses the question ({status}); check `url` and the token"
        )),
    }
}

/// Whether a repository came back as null because there is none for this credential.
#[must_use]
pub fn is_unseen(faults: &[Fault]) -> bool {
    let any = |kinds: &[&str]| faults.iter().any(|fault| kinds.contains(&kind(fault)));
    any(&["NOT_FOUND"]) && !any(&["FORBIDDEN", "INSUFFICIENT_SCOPES"])
}

/// A repository that came back as null. All of it concerns this repository alone: a credential
/// that is good for nothing fails at the first question of a pass.
#[must_use]
pub fn of_repository(place: &str, repository: &str, faults: &[Fault]) -> TrackerError {
    let any = |kinds: &[&str]| faults.iter().any(|fault| kinds.contains(&kind(fault)));
    if any(&["FORBIDDEN", "INSUFFICIENT_SCOPES"]) {
        return TrackerError::Refused(format!(
            "{place}: GitHub forbids reading {repository}; {RIGHTS}, and may have to be authorised \
             for the organisation's single sign-on"
        ));
    }
    if any(&["NOT_FOUND"]) {
        return TrackerError::Refused(format!(
            "{place}: GitHub shows no repository {repository}: either it does not exist (check the \
             spelling in `scopes`) or the token has no access to it, which GitHub answers alike"
        ));
    }
    TrackerError::Unavailable(format!(
        "{place}: GitHub gave neither {repository} nor a reason; the next pass tries again"
    ))
}

/// The faults of single rows, by the row's place in the list that `prefix` leads to.
#[derive(Debug, Default)]
pub struct RowFaults {
    rows: BTreeMap<usize, Vec<RowFault>>,
    /// Boards are closed to the token: one missing right, said once and not for every row.
    pub boards_forbidden: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    pub kind: String,
    /// The field below the row, such as `timelineItems`; empty for the row itself.
    pub field: String,
}

impl RowFaults {
    /// Sorts `faults` by row. Faults outside the list are about the whole answer and left out.
    #[must_use]
    pub fn of(faults: &[Fault], prefix: &[&str]) -> Self {
        let mut sorted = Self::default();
        for fault in faults {
            let path = fault.path.as_deref().unwrap_or_default();
            let (before, rest) = path.split_at(prefix.len().min(path.len()));
            let inside = before.len() == prefix.len()
                && before
                    .iter()
                    .zip(prefix)
                    .all(|(step, name)| *step == Step::Field((*name).into()));
            let Some((Step::Index(row), below)) = rest.split_first().filter(|_| inside) else {
                continue;
            };
            let field = below.iter().find_map(|step| match step {
                Step::Field(name) => Some(name.clone()),
                Step::Index(_) => None,
            });
            let fault = RowFault { kind: kind(fault).to_owned(), field: field.unwrap_or_default() };
            let closed = matches!(fault.kind.as_str(), "FORBIDDEN" | "INSUFFICIENT_SCOPES");
            if closed && fault.field == "projectItems" {
                sorted.boards_forbidden = true;
            } else {
                sorted.rows.entry(*row).or_default().push(fault);
            }
        }
        sorted
    }

    #[must_use]
    pub fn row(&self, row: usize) -> &[RowFault] {
        self.rows.get(&row).map_or(&[], Vec::as_slice)
    }

    /// The gap that stands for all rows without boards.
    #[must_use]
    pub fn boards_gap(&self) -> Option<Gap> {
        self.boards_forbidden.then(|| Gap {
            source: None,
            key: None,
            reason: "boards-forbidden".to_owned(),
            detail: "the token may not read the organisation's Projects, so board statuses are \
                     missing; grant it Projects: read"
                .to_owned(),
        })
    }
}
