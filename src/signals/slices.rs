//! The slices that one reader sees in each dimension.
//!
//! A stream with fewer than three teams is merged into "Other streams" outside itself, unless it
//! opted in; otherwise its numbers would be those of one or two teams.

use super::defaults::TEAMS_PER_SLICE;
use super::report::Slice;
use super::{Dataset, Scope};
use crate::model::{Dimension, EpicIx, Kind, StreamIx, Timestamp};

/// Id of the merged slice.
pub const OTHER: &str = "other-streams";
/// Id of what belongs to no slice of a dimension.
pub const NONE: &str = "none";

/// The slices of one dimension, sorted by name, and where everything belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slices {
    pub dimension: Dimension,
    pub list: Vec<Slice>,
    /// Stream, theme, kind or horizon (by epic) to a place in `list`; the last entry is "none".
    place: Vec<usize>,
}

impl Slices {
    fn new(dimension: Dimension, named: Vec<(String, String)>) -> Self {
        let label = label(dimension);
        let mut list: Vec<Slice> = named
            .iter()
            .map(|(id, name)| Slice { dimension: label, id: id.clone(), name: name.clone() })
            .collect();
        list.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        list.dedup();
        let place = named
            .iter()
            .map(|(id, _)| list.iter().position(|slice| slice.id == *id).unwrap_or(0))
            .collect();
        Self { dimension, list, place }
    }

    /// The streams as `scope` sees them; the merged slice and "No stream" are slices too.
    #[must_use]
    pub fn streams(data: &Dataset, as_of: Timestamp, scope: &Scope) -> Self {
        let own = |id: &str| matches!(scope, Scope::Stream(own) if own == id);
        let mut named: Vec<(String, String)> = data
            .streams
            .iter()
            .enumerate()
            .map(|(ix, stream)| {
                let shown = stream.publish
                    || own(&stream.id)
                    || teams_of(data, ix, as_of) >= TEAMS_PER_SLICE;
                if shown {
                    (stream.id.clone(), stream.name.clone())
                } else {
                    (OTHER.to_owned(), "Other streams".to_owned())
                }
            })
            .collect();
        named.push((NONE.to_owned(), "No stream".to_owned()));
        Self::new(Dimension::Stream, named)
    }

    /// The themes, and "No theme".
    #[must_use]
    pub fn themes(data: &Dataset) -> Self {
        let mut named: Vec<_> =
            data.themes.iter().map(|theme| (theme.id.clone(), theme.name.clone())).collect();
        named.push((NONE.to_owned(), "No theme".to_owned()));
        let mut slices = Self::new(Dimension::Theme, named);
        slices.place = slices.by_epic(data, |epic| epic.theme);
        slices
    }

    /// The horizons that epics name, and "No horizon".
    #[must_use]
    pub fn horizons(data: &Dataset) -> Self {
        let mut names: Vec<&String> =
            data.epics.iter().filter_map(|epic| epic.horizon.as_ref()).collect();
        names.sort_unstable();
        names.dedup();
        let mut named: Vec<_> = names.iter().map(|n| ((*n).clone(), (*n).clone())).collect();
        named.push((NONE.to_owned(), "No horizon".to_owned()));
        let mut slices = Self::new(Dimension::Horizon, named);
        slices.place = slices
            .by_epic(data, |epic| epic.horizon.as_ref().and_then(|h| names.binary_search(&h).ok()));
        slices
    }

    /// The kinds of work.
    #[must_use]
    pub fn kinds() -> Self {
        let named = Kind::ALL.map(|kind| (kind.as_str().to_owned(), kind.as_str().to_owned()));
        Self::new(Dimension::Kind, named.to_vec())
    }

    fn by_epic(
        &self,
        data: &Dataset,
        of: impl Fn(&super::dataset::Epic) -> Option<usize>,
    ) -> Vec<usize> {
        let none = self.place.len() - 1;
        let mut place: Vec<usize> =
            data.epics.iter().map(|epic| self.place[of(epic).unwrap_or(none)]).collect();
        place.push(self.place[none]);
        place
    }

    /// The slice of work with this stream, epic and kind.
    #[must_use]
    pub fn of(&self, stream: Option<StreamIx>, epic: Option<EpicIx>, kind: Kind) -> usize {
        let ix = match self.dimension {
            Dimension::Stream => stream.map(|s| s.0 as usize),
            Dimension::Theme | Dimension::Horizon => epic.map(|e| e.0 as usize),
            Dimension::Kind => Some(kind as usize),
        };
        self.place[ix.filter(|ix| *ix < self.place.len()).unwrap_or(self.place.len() - 1)]
    }

    /// The place of a slice by id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<usize> {
        self.list.iter().position(|slice| slice.id == id)
    }

    /// The slice that shows a declared id: its own, or the merged one it is part of.
    #[must_use]
    pub fn showing(&self, data: &Dataset, id: &str) -> Option<usize> {
        if self.dimension == Dimension::Stream
            && let Some(ix) = data.streams.iter().position(|stream| stream.id == id)
        {
            return Some(self.place[ix]);
        }
        self.find(id)
    }
}

/// The word that a slice carries for its dimension.
#[must_use]
pub fn label(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Stream => "stream",
        Dimension::Theme => "theme",
        Dimension::Kind => "kind",
        Dimension::Horizon => "horizon",
    }
}

/// Teams whose home is the stream at an instant.
#[must_use]
pub fn teams_of(data: &Dataset, stream: usize, as_of: Timestamp) -> usize {
    data.teams
        .iter()
        .filter(|team| team.valid.contains(as_of))
        .filter(|team| team.home_at(as_of).is_some_and(|home| home.0 as usize == stream))
        .count()
}
