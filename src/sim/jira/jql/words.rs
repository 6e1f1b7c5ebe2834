//! What a query says.

use chrono::{NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use crate::model::Timestamp;

/// A parsed query: all clauses must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    pub clauses: Vec<Clause>,
    pub order: Vec<Order>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// Ids or keys of projects.
    Projects(Vec<String>),
    /// Ids or keys of issues.
    Issues(Vec<String>),
    /// Ids or names of issue types.
    Types(Vec<String>),
    /// Issues of the project of this one, by the number in their key.
    Beyond {
        op: Op,
        issue: String,
    },
    /// A custom field, by its number, that is not empty.
    Filled(String),
    /// Not in a status of category Done.
    Undone,
    Time {
        field: TimeField,
        op: Op,
        value: TimeValue,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeField {
    Created,
    Updated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Equal,
    AtLeast,
    More,
    AtMost,
    Less,
}

/// The right-hand side of a comparison of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeValue {
    /// Milliseconds from now: `-15m` looks back.
    Relative(i64),
    /// An unquoted integer: milliseconds since the epoch.
    Exact(i64),
    /// A date, or a date with hours and minutes, in the caller's zone.
    Local(NaiveDateTime),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    pub by: OrderField,
    pub descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderField {
    Created,
    Updated,
    Key,
    Id,
}

impl TimeValue {
    /// The instant that is meant when the query runs at `now`.
    #[must_use]
    pub fn resolve(self, now: Timestamp, zone: Tz) -> Timestamp {
        match self {
            Self::Relative(millis) => now.plus_millis(millis),
            Self::Exact(millis) => Timestamp::from_millis(millis),
            Self::Local(local) => {
                let instant = zone.from_local_datetime(&local).earliest();
                let instant = instant.unwrap_or_else(|| zone.from_utc_datetime(&local));
                Timestamp::from_millis(instant.timestamp_millis())
            }
        }
    }
}
