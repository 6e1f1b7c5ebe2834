use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::model::{
    BoardStatus, ClosingPull, ConnectionId, ItemId, ItemRef, Level, Link, Named, Precision,
    Relation, What,
};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just("In progress".to_owned()), Just(String::new()), "\\PC{0,12}"]
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (0..2_000_000_000_000_i64).prop_map(Timestamp::from_millis),
        any::<i64>().prop_map(Timestamp::from_millis),
    ]
}

fn named() -> impl Strategy<Value = Named> {
    (text(), text()).prop_map(|(id, name)| Named { id, name })
}

fn item_ref() -> impl Strategy<Value = ItemRef> {
    (option::of(text()), option::of(text())).prop_map(|(source, key)| ItemRef { source, key })
}

fn relation() -> impl Strategy<Value = Relation> {
    prop_oneof![Just(Relation::BlockedBy), Just(Relation::Blocks), Just(Relation::Duplicates)]
}

fn what() -> impl Strategy<Value = What> {
    let maybe = || option::of(named());
    let texts = || vec(text(), 0..3);
    prop_oneof![
        (named(), named()).prop_map(|(from, to)| What::Status { from, to }),
        (maybe(), maybe()).prop_map(|(from, to)| What::Resolution { from, to }),
        (maybe(), maybe()).prop_map(|(from, to)| What::Type { from, to }),
        (texts(), texts()).prop_map(|(added, removed)| What::Labels { added, removed }),
        (vec(named(), 0..3), vec(named(), 0..3))
            .prop_map(|(added, removed)| What::Components { added, removed }),
        (maybe(), maybe()).prop_map(|(from, to)| What::Team { from, to }),
        (option::of(text()), option::of(text())).prop_map(|(from, to)| What::Project { from, to }),
        (option::of(item_ref()), option::of(item_ref()))
            .prop_map(|(from, to)| What::Parent { from, to }),
        any::<bool>().prop_map(|on| What::Flagged { on }),
        (relation(), item_ref(), any::<bool>()).prop_map(|(relation, other, added)| What::Link {
            relation,
            other,
            added
        }),
        (text(), option::of(text()), option::of(text()))
            .prop_map(|(board, from, to)| What::Board { board, from, to }),
        option::of(text()).prop_map(|reason| What::Closed { reason }),
        Just(What::Reopened),
        text().prop_map(|id| What::PullOpened { id }),
        (text(), any::<bool>()).prop_map(|(id, added)| What::Release { id, added }),
        Just(What::Activity),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let precision =
        prop_oneof![Just(Precision::Exact), Just(Precision::Polled), Just(Precision::Inferred)];
    (0..9_u8, time(), what(), precision).prop_map(|(id, at, what, precision)| Change {
        id: id.to_string(),
        at,
        what,
        precision,
    })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let level = prop_oneof![Just(Level::SubTask), Just(Level::Standard), Just(Level::Container)];
    let board = (text(), option::of(text()), time())
        .prop_map(|(board, status, updated_at)| BoardStatus { board, status, updated_at });
    let link = (relation(), item_ref()).prop_map(|(relation, other)| Link { relation, other });
    let pull = (text(), time(), option::of(time()))
        .prop_map(|(id, created_at, merged_at)| ClosingPull { id, created_at, merged_at });
    (
        (text(), option::of(text()), level, option::of(named()), named(), option::of(named())),
        (text(), vec(text(), 0..3), vec(named(), 0..3), option::of(named())),
        (option::of(item_ref()), option::of(text()), vec(board, 0..2), any::<bool>()),
        (vec(link, 0..3), vec(text(), 0..2), vec(pull, 0..2)),
    )
        .prop_map(|(a, b, c, d)| Attributes {
            key: a.0,
            title: a.1,
            level: a.2,
            item_type: a.3,
            status: a.4,
            resolution: a.5,
            project: b.0,
            labels: b.1,
            components: b.2,
            team: b.3,
            parent: c.0,
            milestone: c.1,
            boards: c.2,
            flagged: c.3,
            links: d.0,
            releases: d.1,
            closing_pulls: d.2,
        })
}

/// A history as a tracker gives it: unique ids, oldest first.
fn history() -> impl Strategy<Value = Vec<Change>> {
    vec(change(), 0..6).prop_map(|mut changes| {
        let mut ids = BTreeSet::new();
        changes.retain(|c| ids.insert(c.id.clone()));
        changes.sort_by_key(|c| c.at);
        changes
    })
}

fn read() -> impl Strategy<Value = Item> {
    (attributes(), history(), any::<bool>()).prop_map(|(attributes, history, history_complete)| {
        Item {
            id: ItemId { connection: ConnectionId("jira".into()), source: "1".into() },
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
            attributes,
            history,
            history_complete,
        }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(reads in vec(read(), 1..4), gone in any::<bool>()) {
        let mut facts = Facts::default();
        for (known_at, item) in (1..).zip(reads) {
            facts.learn(item, Timestamp::from_millis(known_at));
        }
        if gone {
            let removal = Removal { at: Timestamp::MAX, reason: "deleted".into() };
            facts.place(Some(removal), Timestamp::from_millis(9));
        }
        prop_assert_eq!(Facts::decode(&facts.encode()), Ok(facts));
    }

    #[test]
    fn foreign_bytes_are_refused_and_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Facts::decode(&bytes);
        let _ = Facts::decode(&[&[VERSION], &bytes[..]].concat());
    }

    #[test]
    fn a_second_look_at_the_same_read_changes_nothing(reads in vec(read(), 1..5)) {
        let mut facts = Facts::default();
        for (known_at, item) in (1..).zip(reads) {
            facts.learn(item.clone(), Timestamp::from_millis(known_at));
            let before = facts.clone();
            prop_assert!(!facts.learn(item, Timestamp::from_millis(known_at + 100)));
            prop_assert_eq!(&facts, &before);
        }
    }

    #[test]
    fn what_was_known_stays_known(reads in vec(read(), 1..5)) {
        let mut facts = Facts::default();
        let mut told = Vec::new();
        for (known_at, item) in (1..).zip(reads) {
            facts.learn(item.clone(), Timestamp::from_millis(known_at));
            told.push((known_at, facts.clone().known(Timestamp::MAX).unwrap()));
            if item.history_complete {
                let history = told.last().unwrap().1.history.iter();
                let of_this_read: Vec<Change> = history
                    .filter(|c| item.history.contains(c) || !c.outlives_reads())
                    .cloned()
                    .collect();
                prop_assert_eq!(&of_this_read, &item.history);
            }
            for (then, expected) in &told {
                let again = facts.clone().known(Timestamp::from_millis(*then)).unwrap();
                // Where instants tie, only the newest read says which entry came first.
                let sorted = |known: &Known| {
                    let mut history = known.history.clone();
                    history.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
                    history
                };
                prop_assert_eq!(sorted(&again), sorted(expected));
                prop_assert_eq!(&again.attributes, &expected.attributes);
                prop_assert_eq!(&again.aliases, &expected.aliases);
            }
        }
        prop_assert_eq!(facts.known(Timestamp::from_millis(0)), None);
    }
}
