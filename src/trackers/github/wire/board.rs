//! The cards of one board.

use serde::Deserialize;

use super::{Instant, Page, Repository};

/// `data` of [`crate::trackers::github::queries::BOARD`].
#[derive(Debug, Deserialize)]
pub struct BoardData<'a> {
    #[serde(borrow, default)]
    pub node: Option<BoardNode<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct BoardNode<'a> {
    #[serde(borrow, default)]
    pub items: Option<Page<'a>>,
}

/// One card. Draft cards, pull requests and hidden issues have no issue behind them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    pub updated_at: Instant,
    #[serde(default)]
    pub content: Option<Content>,
    #[serde(default)]
    pub status: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub struct Content {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Value {
    #[serde(default)]
    pub updated_at: Option<Instant>,
}
