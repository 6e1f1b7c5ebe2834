//! The constants of the catalogue in one place. They are conventions of method, not targets; a
//! portfolio does not set them per stream or team.

/// Longest weekly series, in weeks.
pub const SERIES_WEEKS: usize = 26;
/// From this many points on, the newest ones stay out of the baseline ...
pub const HOLD_OUT_FROM: usize = 20;
/// ... and this many of them.
pub const HOLD_OUT: usize = 8;
/// Fewest points of a process-behaviour chart.
pub const XMR_MIN: usize = 6;
/// Fewest points for all rules; below, limits are provisional.
pub const XMR_FULL: usize = 12;
/// Fewer distinct baseline values than this are too chunky for limits.
pub const DISTINCT_MIN: usize = 4;
/// The window W of most signals, in complete weeks.
pub const WINDOW_WEEKS: usize = 12;
/// The window of the intent gap, in complete weeks.
pub const INTENT_WEEKS: usize = 8;
/// An active card draws attention this long after its last sign of life, in days.
pub const STALE_DAYS: i64 = 28;
/// Least share of team time that must be observed.
pub const COVERAGE_MIN: f64 = 0.5;
/// Least observed team-days for a share.
pub const TEAM_DAYS_MIN: f64 = 40.0;
/// Least item-days in progress in a week, on average, for the wait locator.
pub const WIP_ITEM_DAYS_MIN: f64 = 20.0;
/// Weeks before a decision that make its baseline, and the fewest of them.
pub const FOLLOW_BASELINE: usize = 8;
pub const FOLLOW_BASELINE_MIN: usize = 6;
/// A slice has started, or stopped, at this share of attention.
pub const PRESENCE_SHARE: f64 = 0.01;
/// Complete cadences without a look that make continuation unexamined.
pub const UNEXAMINED_CADENCES: i64 = 2;
/// Longest series of complete cadences, and how far back one reaches, in weeks.
pub const CADENCE_SERIES: i64 = 12;
pub const CADENCE_REACH_WEEKS: i64 = 84;
/// Work that starts this near a boundary, in days, enters at it.
pub const ENTRY_DAYS: i64 = 7;
/// Two integration points less than this apart, in milliseconds, are one.
pub const ONE_POINT_MS: i64 = 24 * 60 * 60 * 1000;
/// Least share of an epic's attention that makes a stream one of its own, in percent.
pub const MULTI_STREAM_PERCENT: i64 = 10;
/// Links in the window from which betweenness is quoted.
pub const LINKS_FOR_PATHS: usize = 10;
/// Percentages are printed from this n on, "k of n" from the second, counts below.
pub const PERCENT_FROM: u64 = 20;
pub const K_OF_N_FROM: u64 = 5;
/// Teams that a stream needs to be shown outside itself.
pub const TEAMS_PER_SLICE: usize = 3;
/// Of a hundred tested series of organisations to which nothing happened, those that are confirmed in
/// one digest: what `cargo bench --bench quality` finds with its first seeds and judges with others,
/// see `src/docs/quality.md`. None is set below a tenth.
pub const FALSE_ALARMS_PERCENT: &[(&str, f64)] = &[
    ("C1", 3.7),
    ("C2", 5.1),
    ("C4", 0.2),
    ("C5", 0.1),
    ("O1", 3.1),
    ("P1", 4.0),
    ("P3", 2.8),
    ("V1", 0.6),
    ("V2", 1.3),
    ("V3", 0.1),
    ("V4", 1.7),
    ("V5", 8.4),
    ("V6", 2.6),
];
/// The same of a signal that could not be measured: that of all series together.
pub const FALSE_ALARMS_PERCENT_ELSE: f64 = 3.1;
/// Weeks before a cadence boundary in which standing lines are shown.
pub const STANDING_WEEKS: i64 = 4;
/// Gates of data confidence (section 1.3 of the catalogue).
pub const MAPPED_MIN: f64 = 0.7;
pub const START_OBSERVABLE_MIN: f64 = 0.8;
pub const POLLED_MAX: f64 = 0.25;
pub const CLASSIFIED_MIN: f64 = 0.8;
/// Level of a weekly test by p value, and across the slices that are tested together.
pub const TEST_ALPHA: f64 = 0.01;
pub const FAMILY_ALPHA: f64 = 0.05;
/// Fewest deliveries for a median and for either side of a comparison of flow times, fewest for a
/// P85, and fewest items at risk at either.
pub const MEDIAN_EVENTS: u64 = 10;
pub const P85_EVENTS: u64 = 20;
pub const RISK_SET_MIN: u64 = 5;
/// Net flow: fewest entries and exits, and the change of stock that matters.
pub const NET_FLOW_EVENTS: i64 = 20;
pub const NET_FLOW_ITEMS: i64 = 5;
pub const NET_FLOW_PERCENT: i64 = 10;
/// Flow is steady while entries and exits, and drops among exits, differ by no more than this ...
pub const IMBALANCE_PERCENT: i64 = 10;
/// ... and the mean age of work in progress stays within this ratio.
pub const AGE_RATIO: (f64, f64) = (0.8, 1.25);
/// A pause longer than this is dormancy while fewer resumed ones than the second are known.
pub const DORMANT_DAYS: i64 = 28;
pub const RESUMED_GAPS: usize = 20;
/// Ageing: fewest items in progress.
pub const AGEING_WIP_MIN: u64 = 5;
/// Focus spread: most attention without an epic.
pub const UNPARENTED_MAX: f64 = 0.4;
/// Team continuity: fewest observed team-days of a team in either of two cadences.
pub const CONTINUITY_TEAM_DAYS: f64 = 20.0;
/// A share that moves by more than this when waiting items are counted depends on how waiting is
/// counted.
pub const WAITING_SHIFT: f64 = 0.05;
/// Fields that Streamgauge asks teams to fill in. A contract: this number stays zero.
pub const FIELDS_ASKED_OF_TEAMS: u64 = 0;
/// A year in whole weeks, for the time to first evidence.
pub const YEAR_WEEKS: i64 = 52;
/// Readings without movement from which an expectation counts as missed, and the fewest resolved
/// expectations of which a rate is told.
pub const READINGS_TO_MISS: usize = 8;
pub const RESOLVED_MIN: u64 = 5;
