//! The GraphQL texts, one file each. They ask for what [`super::wire`] reads and nothing else.

/// Spends nothing worth counting and needs the credential.
pub const PROBE: &str = include_str!("queries/probe.graphql");

/// One page of a repository's issues, oldest change first, with their history.
pub const ISSUES: &str = concat!(
    include_str!("queries/issues.graphql"),
    include_str!("queries/issue_fields.graphql"),
    include_str!("queries/issue_history.graphql"),
);

/// Issues by node id, with the same fields.
pub const NODES: &str = concat!(
    include_str!("queries/nodes.graphql"),
    include_str!("queries/issue_fields.graphql"),
    include_str!("queries/issue_history.graphql"),
);

/// The next hundred history entries of one issue.
pub const HISTORY: &str = concat!(
    include_str!("queries/history.graphql"),
    include_str!("queries/issue_history.graphql"),
);

/// What the server can tell; see `dialect`.
pub const CAPABILITIES: &str = include_str!("queries/capabilities.graphql");

/// A hundred cards of a board.
pub const BOARD: &str = include_str!("queries/board.graphql");

/// One page of a repository's releases, oldest first.
pub const RELEASES: &str = include_str!("queries/releases.graphql");

/// How a repository stands.
pub const STANDING: &str = include_str!("queries/standing.graphql");

/// One page of the ids of a repository's issues, oldest first.
pub const ROLL: &str = include_str!("queries/roll.graphql");

/// Where the issue with a node id is now.
pub const WHEREABOUTS: &str = include_str!("queries/whereabouts.graphql");

/// The present name of a repository that may have been renamed.
pub const REPOSITORY: &str = include_str!("queries/repository.graphql");

/// One page of the repositories that the credential can read.
pub const VISIBLE: &str = include_str!("queries/visible.graphql");

/// One page of an owner's repositories.
pub const OWNED: &str = include_str!("queries/owned.graphql");

/// What rules can look at in one repository.
pub const SURVEY: &str = include_str!("queries/survey.graphql");

/// One page of an organisation's boards with their single-select fields.
pub const BOARDS: &str = include_str!("queries/boards.graphql");
/// One page of the repositories of an owner.
pub const REPOSITORIES: &str = include_str!("queries/repositories.graphql");

/// When an issue of each of many repositories was last touched.
pub const PULSE: &str = include_str!("queries/pulse.graphql");
