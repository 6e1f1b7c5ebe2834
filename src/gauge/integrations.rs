//! Declared integration events and the items that were there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::beside::Changes;
use super::members::Flowing;
use crate::model::{Category, EpicIx, Integration, Timestamp};
use crate::portfolio::EpicIndex;
use crate::signals::dataset::IntegrationFacts;
use crate::signals::integration::delivery;
use crate::signals::items::Items;

/// The events with their items, by instant. What no longer exists is passed over.
///
/// An event that names an epic held all that was delivered of it before, provided that something
/// was delivered since the last event that named it: to look at the same work again integrates
/// nothing. Example: a demo every second week names `PAY-100`; in a fortnight without a delivery
/// it holds nothing of that epic. An item that is named itself was there in any case.
#[must_use]
pub fn facts(events: &[Integration], items: &Items, epics: &EpicIndex) -> Vec<IntegrationFacts> {
    if events.is_empty() {
        return Vec::new();
    }
    let by_key: BTreeMap<&str, usize> =
        items.iter().enumerate().map(|(ix, item)| (item.key.as_str(), ix)).collect();
    let mut shown: BTreeMap<&str, Timestamp> = BTreeMap::new();
    let mut facts: Vec<IntegrationFacts> = Vec::with_capacity(events.len());
    for event in events {
        let named = event.items.iter().filter_map(|key| by_key.get(key.as_str()).copied());
        let mut held: Vec<usize> = named.collect();
        for key in &event.epics {
            let place = epics.entries().iter().position(|epic| epic.id == *key);
            let epic = place.and_then(|place| u32::try_from(place).ok()).map(EpicIx);
            let Some(epic) = epic else { continue };
            let before = shown.insert(key, event.at);
            held.extend(delivered(items, epic, event.at, before));
        }
        held.sort_unstable();
        held.dedup();
        let (id, name) = (event.id.clone(), event.name.clone());
        facts.push(IntegrationFacts { id, name, at: event.at, items: held });
    }
    facts
}

/// Moves the contents to where the items are now. False where one that changed has a say in them:
/// it is named, or had been delivered when the newest event took place.
pub(super) fn mend(
    facts: &mut [IntegrationFacts],
    events: &[Integration],
    changes: &Changes,
) -> bool {
    let Some(newest) = events.iter().map(|event| event.at).max() else { return true };
    let says = |(_, one): &(usize, Arc<Flowing>)| {
        let named = events.iter().any(|event| event.items.contains(&one.facts.key));
        named || one.facts.segments.iter().any(|s| s.category == Category::Done && s.from <= newest)
    };
    if changes.gone.iter().chain(&changes.come).any(says) {
        return false;
    }
    for fact in facts {
        fact.items = fact.items.iter().filter_map(|item| changes.shift.place(*item)).collect();
    }
    true
}

/// What was delivered of an epic up to an instant; nothing unless a part of it is new since the
/// event before.
fn delivered(items: &Items, epic: EpicIx, at: Timestamp, before: Option<Timestamp>) -> Vec<usize> {
    let (mut held, mut new) = (Vec::new(), false);
    for (ix, item) in items.iter().enumerate() {
        let Some((delivery, now)) = delivery(&item.segments, at) else { continue };
        if now.epic == Some(epic) {
            held.push(ix);
            new |= before.is_none_or(|before| delivery.from > before);
        }
    }
    if new { held } else { Vec::new() }
}
