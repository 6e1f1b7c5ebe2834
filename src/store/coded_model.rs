//! The stored form of the model's types. A new field or variant goes to the end, under a new
//! version byte of the value that holds it.

use super::codec::{Coded, DecodeError, Decoder, Encoder, coded, coded_enum};
use crate::model::{
    Attributes, BoardStatus, Change, ClosingPull, ItemRef, Level, Link, Named, Precision, Relation,
    What,
};

coded!(Named { id, name });
coded!(ItemRef { source, key });
coded!(Link { relation, other });
coded!(BoardStatus { board, status, updated_at });
coded!(ClosingPull { id, created_at, merged_at });
coded!(Change { id, at, what, precision });
coded!(Attributes {
    key,
    title,
    level,
    item_type,
    status,
    resolution,
    project,
    labels,
    components,
    team,
    parent,
    milestone,
    boards,
    flagged,
    links,
    releases,
    closing_pulls,
});
coded_enum!(Level { 0 = SubTask, 1 = Standard, 2 = Container });
coded_enum!(Relation { 0 = BlockedBy, 1 = Blocks, 2 = Duplicates });
coded_enum!(Precision { 0 = Exact, 1 = Polled, 2 = Inferred });

/// Writes a variant's number and its fields in order.
macro_rules! put {
    ($out:ident, $number:literal $(, $field:ident)*) => {{
        $out.byte($number);
        $($field.put($out);)*
    }};
}

/// Reads a variant's fields in the order in which they are named.
macro_rules! take {
    ($from:ident, $variant:ident { $($field:ident),* }) => {{
        $(let $field = Coded::take($from)?;)*
        What::$variant { $($field),* }
    }};
}

impl Coded for What {
    fn put(&self, out: &mut Encoder) {
        match self {
            Self::Status { from, to } => put!(out, 0, from, to),
            Self::Resolution { from, to } => put!(out, 1, from, to),
            Self::Type { from, to } => put!(out, 2, from, to),
            Self::Labels { added, removed } => put!(out, 3, added, removed),
            Self::Components { added, removed } => put!(out, 4, added, removed),
            Self::Team { from, to } => put!(out, 5, from, to),
            Self::Project { from, to } => put!(out, 6, from, to),
            Self::Parent { from, to } => put!(out, 7, from, to),
            Self::Flagged { on } => put!(out, 8, on),
            Self::Link { relation, other, added } => put!(out, 9, relation, other, added),
            Self::Board { board, from, to } => put!(out, 10, board, from, to),
            Self::Closed { reason } => put!(out, 11, reason),
            Self::Reopened => put!(out, 12),
            Self::PullOpened { id } => put!(out, 13, id),
            Self::Release { id, added } => put!(out, 14, id, added),
            Self::Activity => put!(out, 15),
        }
    }

    fn take(from_bytes: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match from_bytes.byte()? {
            0 => take!(from_bytes, Status { from, to }),
            1 => take!(from_bytes, Resolution { from, to }),
            2 => take!(from_bytes, Type { from, to }),
            3 => take!(from_bytes, Labels { added, removed }),
            4 => take!(from_bytes, Components { added, removed }),
            5 => take!(from_bytes, Team { from, to }),
            6 => take!(from_bytes, Project { from, to }),
            7 => take!(from_bytes, Parent { from, to }),
            8 => take!(from_bytes, Flagged { on }),
            9 => take!(from_bytes, Link { relation, other, added }),
            10 => take!(from_bytes, Board { board, from, to }),
            11 => take!(from_bytes, Closed { reason }),
            12 => Self::Reopened,
            13 => take!(from_bytes, PullOpened { id }),
            14 => take!(from_bytes, Release { id, added }),
            15 => Self::Activity,
            _ => return Err(DecodeError("unknown kind of change")),
        })
    }
}
