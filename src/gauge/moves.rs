//! What a changed portfolio file would move, against the file that is accepted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::World;
use super::build::known;
use super::departed;
use crate::model::States;
use crate::portfolio::{Placed, Portfolio};

/// Items that would change their present place in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// "team in stream", or "no team".
    pub from: String,
    pub to: String,
    pub items: u64,
    /// A few keys.
    pub examples: Vec<String>,
}

/// Places the flow items of `world` by `accepted` and compares where they stand at present.
/// Sorted by place.
#[must_use]
pub fn between(accepted: &Portfolio, world: &World) -> Vec<Move> {
    let mut states = States::default();
    let containers: Vec<_> = world
        .others
        .iter()
        .filter(|(item, placed)| placed.is_none() && departed::still_groups(item))
        .map(|(item, _)| known(item))
        .collect();
    let epics = accepted.epics(&containers, &world.statuses);
    let mut moves: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (item, placed) in world.items.iter().filter(|(item, _)| item.removed.is_none()) {
        let before = accepted.place(&known(item), &epics, &world.statuses, &mut states);
        let from = place(accepted, &before);
        let to = place(&world.portfolio, placed);
        if from != to {
            moves.entry((from, to)).or_default().push(item.attributes.key.clone());
        }
    }
    moves
        .into_iter()
        .map(|((from, to), keys)| Move {
            from,
            to,
            items: keys.len() as u64,
            examples: keys.into_iter().take(3).collect(),
        })
        .collect()
}

fn place(portfolio: &Portfolio, placed: &Placed) -> String {
    let last = placed.segments.last();
    let team = last.and_then(|s| s.team).map(|ix| portfolio.teams()[ix.0 as usize].id.as_str());
    let stream =
        last.and_then(|s| s.stream).map(|ix| portfolio.streams()[ix.0 as usize].id.as_str());
    format!("{} in {}", team.unwrap_or("no team"), stream.unwrap_or("no stream"))
}
