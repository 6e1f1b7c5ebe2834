//! Boards are read as well as events: a card that moves may leave no event, and need not change
//! the stamp of its issue, so that no walk over issues would meet it.
//!
//! Boards are met on the issues themselves. Each is a scan of its own with its own cursor: all
//! cards, a hundred a question, and the issues of those that changed since are read by id. The
//! value of the status says when it was set, so the last move is dated to the second; moves before
//! it leave no trace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::wire::board::{BoardData, Card};
use super::{GitHub, Repository, queries, wire};
use crate::model::{Gap, Timestamp};
use crate::trackers::{Discovered, ScanId, Stamp, TrackerError};

/// What the name of a board's scan begins with; no repository has a colon.
const PREFIX: &str = "board:";
/// The shortest time between two looks at a board, in milliseconds.
const PACE_MS: i64 = 60 * 60_000;
/// What each question of a look adds to the time until the next one, in milliseconds: a board of
/// more than 6,000 cards is read less often, so that boards never cost more than one question a
/// minute.
const PACE_PER_PAGE_MS: i64 = 60_000;

/// The boards that issues were seen on.
#[derive(Debug, Default)]
pub(super) struct Boards(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// By node id.
    boards: BTreeMap<String, Board>,
    /// The tracker's clock at the start of this pass.
    clock: Option<Timestamp>,
    /// The clock at which a walk over everything began, by repository. Such a walk reads every
    /// card of its issues.
    whole: BTreeMap<String, Timestamp>,
}

#[derive(Debug, Default)]
struct Board {
    /// Whose issue the board was met on: the installation there sees it.
    owner: String,
    /// The clock that the last look covers, as the store has it: a look whose issues could not be
    /// read is still to come.
    looked_at: Option<Timestamp>,
    /// Questions of the last look.
    pages: i64,
    /// What changed, as far as this look has come.
    changed: Vec<(Timestamp, String)>,
}

impl Boards {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A pass begins.
    pub fn tick(&self, clock: Timestamp) {
        self.seen().clock = Some(clock);
    }

    /// An issue of `owner` stands on this board.
    pub fn meet(&self, board: &str, owner: &str) {
        let mut seen = self.seen();
        if !seen.boards.contains_key(board) {
            seen.boards.insert(board.to_owned(), Board::default());
        }
        if let Some(known) = seen.boards.get_mut(board).filter(|known| known.owner.is_empty()) {
            owner.clone_into(&mut known.owner);
        }
    }

    /// The owner on whose issue the board was met first; empty when no issue of this process was.
    fn owner_of(&self, board: &str) -> String {
        self.seen().boards.get(board).map(|board| board.owner.clone()).unwrap_or_default()
    }

    /// Looks that were brought to an end, by this process or an earlier one.
    pub fn recall(&self, walked: &[(ScanId, Timestamp)]) {
        let mut seen = self.seen();
        for (scan, at) in walked {
            if let Some(board) = board_of(scan) {
                seen.boards.entry(board.to_owned()).or_default().looked_at = Some(*at);
            }
        }
    }

    /// The scans of the boards that it is time to look at, sorted.
    pub fn due(&self) -> Vec<ScanId> {
        let seen = self.seen();
        let Some(now) = seen.clock else { return Vec::new() };
        let due = |board: &Board| {
            let pace = PACE_MS.max(board.pages * PACE_PER_PAGE_MS);
            board.looked_at.is_none_or(|at| now >= at.plus_millis(pace))
        };
        let boards = seen.boards.iter().filter(|(_, board)| due(board));
        boards.map(|(id, _)| ScanId(format!("{PREFIX}{id}"))).collect()
    }

    /// A walk over everything in `repository` begins.
    pub fn walks_whole(&self, repository: String, clock: Timestamp) {
        self.seen().whole.insert(repository, clock);
    }

    /// Cards that have not changed since this instant were read with their issues; `None` when
    /// this process has not walked over everything.
    fn read_whole_at(&self, repositories: &[Repository]) -> Option<Timestamp> {
        let seen = self.seen();
        let walks = repositories.iter().map(|one| seen.whole.get(&one.full_name()).copied());
        walks.collect::<Option<Vec<_>>>()?.into_iter().min()
    }

    fn begin(&self, board: &str) {
        let mut seen = self.seen();
        let board = seen.boards.entry(board.to_owned()).or_default();
        (board.pages, board.changed) = (0, Vec::new());
    }

    /// Takes in one page; the end of a look tells everything that changed, oldest first, so that
    /// an interrupted walk can go on from what it has read.
    fn page(&self, board: &str, changed: Vec<(Timestamp, String)>, ends: bool) -> Vec<Stamp> {
        let mut seen = self.seen();
        let board = seen.boards.entry(board.to_owned()).or_default();
        board.pages += 1;
        board.changed.extend(changed);
        if !ends {
            return Vec::new();
        }
        let mut changed = std::mem::take(&mut board.changed);
        changed.sort();
        let stamps = changed.into_iter();
        stamps.map(|(at, source)| Stamp { source, updated_at: Some(at) }).collect()
    }
}

/// The board that a scan walks.
pub(super) fn board_of(scan: &ScanId) -> Option<&str> {
    scan.0.strip_prefix(PREFIX)
}

impl GitHub {
    /// One page of a board's cards; the last one names the issues whose card changed at or after
    /// `since`.
    pub(super) async fn board(
        &self,
        board: &str,
        since: Option<Timestamp>,
        clock: Timestamp,
        page: Option<&str>,
    ) -> Result<Discovered, TrackerError> {
        let whole = self.boards.read_whole_at(&self.scopes.repositories());
        if page.is_none() {
            self.boards.begin(board);
            if since.is_none() && whole == Some(clock) {
                // Every issue was read in this very pass, with its cards.
                self.boards.page(board, Vec::new(), true);
                return Ok(Discovered::default());
            }
        }
        let variables = json!({ "id": board, "after": page, "status": self.status_field });
        let shown = self.ask_of_board(board, variables).await?;
        let told = shown.as_ref().map(|(client, answer)| client.data::<BoardData<'_>>(answer));
        let node = told.transpose()?.and_then(|(data, _)| data.node);
        let Some(cards) = node.and_then(|node| node.items) else {
            self.boards.page(board, Vec::new(), true);
            return Ok(Discovered { gaps: vec![hidden_board(board)], ..Discovered::default() });
        };
        // GitHub's stamps are whole seconds.
        let second = |at: Timestamp| Timestamp::from_millis(at.millis().div_euclid(1000) * 1000);
        let since = since.or(whole).map_or(Timestamp::MIN, second);
        let rows = cards.nodes.unwrap_or_default().into_iter().flatten();
        let ours = self.known_names();
        let changed = rows
            .filter_map(|row| wire::read::<Card>(row.get()).ok())
            .filter_map(|card| changed(card, &ours))
            .filter(|(at, _)| *at >= since);
        let changed = changed.collect();
        let next = self.next(&cards.page_info, page, "a board")?;
        let stamps = self.boards.page(board, changed, next.is_none());
        Ok(Discovered { stamps, next, ..Discovered::default() })
    }

    /// Asks the installation on whose issue the board was met, then the others: an id does not tell
    /// its owner. `None` when nobody shows it.
    async fn ask_of_board(
        &self,
        board: &str,
        variables: Value,
    ) -> Result<Option<(&Client, Answer)>, TrackerError> {
        let first = self.client_of(&self.boards.owner_of(board));
        let others = self.clients().filter(|client| !std::ptr::eq(*client, first));
        let mut refused = None;
        for client in std::iter::once(first).chain(others) {
            let answer = match client.ask(queries::BOARD, variables.clone()).await {
                Ok(answer) => answer,
                Err(error @ TrackerError::Unauthorized(_)) => {
                    refused.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let (data, _) = client.data::<BoardData<'_>>(&answer)?;
            if data.node.is_some_and(|node| node.items.is_some()) {
                return Ok(Some((client, answer)));
            }
        }
        refused.map_or(Ok(None), Err)
    }
}

/// The issue of ours behind a card, and when the card changed last.
fn changed(card: Card, ours: &BTreeSet<String>) -> Option<(Timestamp, String)> {
    let issue = card.content?;
    let repository = issue.repository?.name_with_owner.to_ascii_lowercase();
    let status = card.status.and_then(|status| status.updated_at);
    let at = card.updated_at.max(status.unwrap_or(card.updated_at)).0;
    ours.contains(&repository).then_some((at, issue.id?))
}

fn hidden_board(board: &str) -> Gap {
    Gap {
        source: None,
        key: None,
        reason: "hidden-board".to_owned(),
        detail: format!(
            "the board {board}, on which issues stand, is not visible to the token, so moves on it \
             may be missed"
        ),
    }
}
