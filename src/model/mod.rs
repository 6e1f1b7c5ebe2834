//! The words everyone uses: items and their changes, timelines, periods, and what a portfolio
//! declares. No I/O, no clock, no wire format, and no place for a person.

pub mod declared;
pub mod departure;
pub mod item;
pub mod period;
pub mod timeline;

pub use declared::*;
pub use departure::Departure;
pub use item::*;
pub use period::{DAY_MS, Period, Timestamp, Week, start_of_day};
pub use timeline::{
    Category, Derived, EpicIx, Event, FlowEvent, FlowSegment, Precision, Segment, StateIx, States,
    StreamIx, TeamIx, Timeline, derive, fold, wip_spells,
};
