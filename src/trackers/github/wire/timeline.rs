//! The entries of an issue's timeline.

use serde::Deserialize;

use super::{Board, Instant, IssueRef, IssueType, Label, Repository};

/// What every timeline entry has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryHead {
    pub id: String,
    pub created_at: Instant,
}

/// A timeline entry, by its type.
#[derive(Debug, Deserialize)]
#[serde(tag = "__typename", rename_all_fields = "camelCase")]
pub enum Event {
    ClosedEvent {
        #[serde(default)]
        state_reason: Option<String>,
    },
    ReopenedEvent,
    LabeledEvent {
        label: Label,
    },
    UnlabeledEvent {
        label: Label,
    },
    ProjectV2ItemStatusChangedEvent {
        previous_status: Option<String>,
        status: Option<String>,
        project: Option<Board>,
    },
    RemovedFromProjectV2Event {
        project: Option<Board>,
    },
    IssueTypeAddedEvent {
        issue_type: Option<IssueType>,
    },
    IssueTypeChangedEvent {
        issue_type: Option<IssueType>,
        prev_issue_type: Option<IssueType>,
    },
    IssueTypeRemovedEvent {
        issue_type: Option<IssueType>,
    },
    ParentIssueAddedEvent {
        parent: Option<IssueRef>,
    },
    ParentIssueRemovedEvent {
        parent: Option<IssueRef>,
    },
    BlockedByAddedEvent {
        blocking_issue: Option<IssueRef>,
    },
    BlockedByRemovedEvent {
        blocking_issue: Option<IssueRef>,
    },
    BlockingAddedEvent {
        blocked_issue: Option<IssueRef>,
    },
    BlockingRemovedEvent {
        blocked_issue: Option<IssueRef>,
    },
    ConnectedEvent {
        source: PullRef,
        subject: PullRef,
    },
    DisconnectedEvent {
        source: PullRef,
        subject: PullRef,
    },
    CrossReferencedEvent {
        will_close_target: bool,
        source: PullRef,
    },
    MarkedAsDuplicateEvent {
        canonical: Option<IssueRef>,
    },
    UnmarkedAsDuplicateEvent {
        canonical: Option<IssueRef>,
    },
    TransferredEvent {
        from_repository: Option<Repository>,
    },
    ConvertedToDiscussionEvent,
    #[serde(other)]
    Unknown,
}

/// Either side of a reference; only pull requests are of interest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PullRef {
    #[serde(rename = "__typename")]
    pub typename: Option<String>,
    pub id: Option<String>,
    pub created_at: Option<Instant>,
}
