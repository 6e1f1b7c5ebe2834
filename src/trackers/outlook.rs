//! What a person wants to know of a connection before its first pass: what the credential may do,
//! when it ends, and what reading everything will cost.

use crate::model::Timestamp;

/// What a tracker tells of the credential: what it may do, and until when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// Rights beyond reading.
    pub wider: Vec<String>,
    /// When it ends, where the tracker tells.
    pub expires: Option<Timestamp>,
    /// What the tracker does not tell, and where it stands instead.
    pub untold: Option<&'static str>,
}

/// What a first pass costs, from the sizes of the tracker's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Requests for 1,000 items with a few changes each.
    pub requests_per_thousand: u32,
    /// What the tracker counts against its hourly budget for the same.
    pub points_per_thousand: u32,
    /// `None`: the tracker names no budget, and slows callers down when it wants to.
    pub points_per_hour: Option<u32>,
}

impl Default for Cost {
    fn default() -> Self {
        Self { requests_per_thousand: 20, points_per_thousand: 0, points_per_hour: None }
    }
}

impl Cost {
    #[must_use]
    pub fn requests(&self, items: u64) -> u64 {
        per_thousand(items, self.requests_per_thousand)
    }

    /// Seconds at an answer time in milliseconds, asked one after the other; when a budget runs
    /// out, the rest waits for the next hour.
    #[must_use]
    pub fn seconds(&self, items: u64, answer_ms: u64) -> u64 {
        let asked = (self.requests(items).saturating_mul(answer_ms)).div_ceil(1000);
        let points = per_thousand(items, self.points_per_thousand);
        let hours = self
            .points_per_hour
            .map_or(0, |budget| points.saturating_sub(1) / u64::from(budget.max(1)));
        asked.max(hours * 3600)
    }
}

fn per_thousand(items: u64, each: u32) -> u64 {
    items.saturating_mul(u64::from(each)).div_ceil(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_that_runs_out_costs_hours() {
        let free =
            Cost { requests_per_thousand: 12, points_per_thousand: 0, points_per_hour: None };
        assert_eq!((free.requests(41_000), free.seconds(41_000, 180)), (492, 89));
        assert_eq!((free.requests(0), free.requests(1)), (0, 1));
        let bound = Cost { points_per_thousand: 80, points_per_hour: Some(5_000), ..free };
        assert_eq!(bound.seconds(62_500, 100), 75, "exactly one hour's budget");
        assert_eq!(bound.seconds(62_501, 100), 3600);
        assert_eq!(bound.seconds(200_000, 100), 3 * 3600);
    }
}
