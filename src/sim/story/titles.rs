//! Titles of cards: a verb and a thing. Plain words that no wording rule of the digest forbids.

use crate::model::Kind;

use super::dice::Dice;

const VERBS: &[&str] = &[
    "Show", "Store", "Validate", "Simplify", "Cache", "Split", "Import", "Export", "Offer", "Log",
];
const CHORES: &[&str] = &["Replace", "Upgrade", "Remove", "Untangle", "Rename", "Speed up"];

const THINGS: &[(&str, &[&str])] = &[
    (
        "booking",
        &["the fare calendar", "seat choice", "the trip summary", "search filters", "saved trips"],
    ),
    (
        "fleet",
        &["the vehicle list", "return slots", "tyre records", "the depot map", "charging points"],
    ),
    (
        "identity",
        &["the session token", "sign-in", "the consent record", "profile photos", "recovery codes"],
    ),
    (
        "payments",
        &["the payment form", "refund rules", "currency rounding", "postings", "stored cards"],
    ),
];

const PLACES: &[&str] = &[
    "on mobile",
    "for groups",
    "in the back office",
    "in French",
    "after a retry",
    "for partners",
];

pub(super) fn title(kind: Kind, stream: &str, dice: &mut Dice) -> String {
    let things = THINGS.iter().find(|(id, _)| *id == stream).map_or(THINGS[0].1, |(_, t)| *t);
    let (thing, place) = (dice.pick(things), dice.pick(PLACES));
    match kind {
        Kind::Defect => format!("Wrong result: {thing} {place}"),
        Kind::Debt => format!("{} {thing} code {place}", dice.pick(CHORES)),
        Kind::Discovery => format!("Find out what {thing} {place} is used for"),
        Kind::Risk => format!("Close the gap in {thing} {place}"),
        _ => format!("{} {thing} {place}", dice.pick(VERBS)),
    }
}
