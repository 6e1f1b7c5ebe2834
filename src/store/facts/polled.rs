//! Moves on boards that no event told. A value shows only the newest of them, so what an earlier
//! read saw stays; an event that comes later tells the same move better and takes its place.

use std::collections::{BTreeMap, BTreeSet};

use super::Entry;
use crate::model::{Change, Timestamp, What};

/// Event and value of one move are stamped apart by no more than this, in milliseconds.
const APART_MS: i64 = 10_000;

/// Takes out of `read` what is no news: a value that is the one which was known before it, or an
/// empty field that nothing was known of.
pub(super) fn leave_out_the_known(read: &mut Vec<Change>, stored: &[Entry]) {
    if !read.iter().any(Change::is_of_value) {
        return;
    }
    let valid = || stored.iter().filter(|entry| entry.withdrawn_at.is_none());
    let ids: BTreeSet<String> = valid().map(|entry| entry.change.id.clone()).collect();
    let known: Vec<Change> =
        valid().map(|entry| entry.change.clone()).chain(read.clone()).collect();
    read.retain(|change| {
        let news = |(board, to): (&str, Option<&str>)| {
            let before = known.iter().filter(|one| one.id != change.id && one.at <= change.at);
            last_move(before, board).and_then(|(_, last)| last) != to
        };
        !change.is_of_value() || ids.contains(&change.id) || moved(change).is_none_or(news)
    });
}

/// Whether an event of this read tells the move that `polled` was made of.
pub(super) fn is_told_by_event(polled: &Change, read: &[Change]) -> bool {
    let Some((board, to)) = moved(polled) else { return false };
    let latest = polled.at.plus_millis(APART_MS);
    let events = read.iter().filter(|one| !one.is_of_value() && one.at <= latest);
    last_move(events, board).is_some_and(|(at, told)| {
        // A field that was emptied has no stamp of its own; the card's may be later.
        told == to && (to.is_none() || at >= polled.at.plus_millis(-APART_MS))
    })
}

/// Lets each polled move begin where the board stood before it: its own read could not know.
pub(super) fn join(history: &mut [Change]) {
    let mut boards: BTreeMap<String, Option<String>> = BTreeMap::new();
    for change in history {
        let polled = change.is_of_value();
        let What::Board { board, from, to } = &mut change.what else { continue };
        let before = boards.insert(board.clone(), to.clone());
        if let Some(before) = before.filter(|_| polled) {
            *from = before;
        }
    }
}

fn moved(change: &Change) -> Option<(&str, Option<&str>)> {
    match &change.what {
        What::Board { board, to, .. } => Some((board, to.as_deref())),
        _ => None,
    }
}

fn last_move<'c>(
    changes: impl Iterator<Item = &'c Change>,
    board: &str,
) -> Option<(Timestamp, Option<&'c str>)> {
    let of_board = changes.filter_map(|change| {
        let (own, to) = moved(change)?;
        (own == board).then_some((change.at, to))
    });
    of_board.max_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use crate::model::{
        Attributes, Change, ConnectionId, Item, ItemId, Precision, Timestamp, What,
    };
    use crate::store::facts::Facts;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * 60_000)
    }

    fn to(id: &str, minute: i64, from: Option<&str>, to: Option<&str>) -> Change {
        let polled = id.starts_with('~');
        Change {
            id: id.into(),
            at: at(minute),
            what: What::Board {
                board: "Delivery".into(),
                from: from.map(Into::into),
                to: to.map(Into::into),
            },
            precision: if polled { Precision::Polled } else { Precision::Exact },
        }
    }

    fn told(reads: &[&[Change]]) -> Vec<String> {
        let mut facts = Facts::default();
        for (known, read) in (100..).zip(reads) {
            let item = Item {
                id: ItemId { connection: ConnectionId("github".into()), source: "I_1".into() },
                created_at: at(0),
                updated_at: at(0),
                attributes: Attributes::default(),
                history: read.to_vec(),
                history_complete: true,
            };
            facts.learn(item.clone(), at(known));
            let before = facts.clone();
            assert!(!facts.learn(item, at(known)), "the same read again is no news");
            assert_eq!(facts, before);
        }
        let line = |change: &Change| match &change.what {
            What::Board { from, to, .. } => {
                let text = |it: &Option<String>| it.clone().unwrap_or("-".into());
                format!("{} {} > {}", change.id, text(from), text(to))
            }
            _ => change.id.clone(),
        };
        facts.known(at(1_000)).unwrap().history.iter().map(line).collect()
    }

    #[test]
    fn a_later_look_keeps_what_an_earlier_one_saw_and_begins_where_it_ended() {
        let first = [to("~board:C:1", 1, None, Some("Doing"))];
        let second = [to("~board:C:5", 5, None, Some("Review"))];
        assert_eq!(told(&[&first, &second]), ["~board:C:1 - > Doing", "~board:C:5 Doing > Review"]);
    }

    #[test]
    fn an_event_that_comes_later_takes_the_place_of_the_polled_move() {
        let polled = [to("~board:C:1", 1, None, Some("Doing"))];
        let event = [to("E1", 1, Some("Todo"), Some("Doing"))];
        assert_eq!(told(&[&polled, &event]), ["E1 Todo > Doing"]);
        // An event of another move leaves it alone.
        let other = [to("E2", 7, Some("Doing"), Some("Done"))];
        assert_eq!(told(&[&polled, &other]), ["~board:C:1 - > Doing", "E2 Doing > Done"]);
        let before = [to("E0", 0, None, Some("Doing")), to("E1", 1, None, Some("Todo"))];
        assert_eq!(told(&[&polled, &before]).len(), 3);
    }

    #[test]
    fn an_emptied_field_is_one_move_however_often_the_card_changes() {
        let event = to("E1", 1, None, Some("Doing"));
        let first = [event.clone(), to("~board:C:5", 5, Some("Doing"), None)];
        let second = [event.clone(), to("~board:C:9", 9, Some("Doing"), None)];
        let expected = ["E1 - > Doing", "~board:C:5 Doing > -"];
        assert_eq!(told(&[&first, &second]), expected);
        assert_eq!(told(&[&[to("~board:C:1", 1, None, None)]]), [""; 0], "it was never set");
        let removed = [event, to("E2", 4, Some("Doing"), None)];
        assert_eq!(told(&[&first, &removed]), ["E1 - > Doing", "E2 Doing > -"]);
    }
}
