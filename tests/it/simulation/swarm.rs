//! What one life is like: drawn by its seed before it begins. Lives that are all equally bad miss
//! what happens when only one thing is.

use std::time::Duration;

use streamgauge::entropy::Entropy;

/// Numbers from a seed.
#[derive(Clone)]
pub struct Dice(Entropy);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Entropy::from_seed(seed))
    }

    pub fn below(&self, end: u64) -> u64 {
        self.0.next_u64() % end.max(1)
    }

    pub fn place(&self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap()
    }

    /// True in this many of a thousand cases.
    pub fn permille(&self, share: u64) -> bool {
        self.below(1000) < share
    }

    pub fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.place(from.len())]
    }
}

/// How long a life is. Most trouble needs few steps; what needs many gets them in one life of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// A fifth of the steps.
    Short,
    Whole,
}

/// One life of this many is whole, besides those that are drawn too large for a short one.
const WHOLE: u64 = 4;
/// How many times fewer steps a short life has.
const SHORTER: u64 = 5;

/// Short lives that are crowded, in thousandths of those in which something leaves.
const CROWDED: u64 = 30;

impl Size {
    /// The variable that asks for it, before a command.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Short => "SIM_SIZE=short ",
            Self::Whole => "SIM_SIZE=whole ",
        }
    }

    /// The size that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "short" => Some(Self::Short),
            "whole" => Some(Self::Whole),
            _ => None,
        }
    }
}

/// Rates are in thousandths of the moments at which the thing could happen.
#[derive(Debug, Clone)]
pub struct Swarm {
    pub size: Size,
    /// Processes over one store.
    pub processes: usize,
    /// Wrong clocks, in milliseconds.
    pub skews: Vec<i64>,
    /// Issues that exist before the first sync.
    pub corpus: u64,
    /// Most issues are of one project: enough for the brake of a sweep.
    pub crowded: bool,
    /// Rows of a page, where the tracker decides.
    pub page: usize,
    /// How long an edit stays invisible to Jira's search.
    pub lag: Duration,
    pub lag_spread: Duration,
    /// How old the corpus is before the first sync.
    pub age: Duration,
    /// How far the replica of Jira lags behind, and how often it answers a read by id.
    pub replica_lag: Duration,
    pub replica: u64,
    /// Steps of the life.
    pub steps: u64,
    pub refused: u64,
    pub broken: u64,
    pub garbled: u64,
    pub refused_writes: u64,
    pub expired_tokens: u64,
    pub endless_tokens: u64,
    pub lost_credential: u64,
    pub crash: u64,
    pub pause: u64,
    pub lost_hooks: u64,
    pub edits: u64,
    pub bulk: u64,
    /// Things that leave and come back; lives without have no sweeps.
    pub departures: u64,
    pub sweeps: u64,
    /// A Data Center instead of Jira Cloud.
    pub center: bool,
    /// How much further behind the second node of the search index is.
    pub second_index: Option<Duration>,
    /// Lists that are short and say that they are whole.
    pub lies: u64,
    /// Edits that no tracker should make: wrong stamps, histories that are written anew.
    pub oddities: u64,
    /// The `Date` of answers against the clock that stamps issues, in milliseconds.
    pub date_skew: i64,
    pub limited: u64,
    pub poisoned: bool,
    /// Several edits of one item at one instant, among edits.
    pub bursts: u64,
    /// A repository is forbidden to the token, and allowed again.
    pub forbidden: u64,
    /// Whether what was closed opens again before everything comes to rest.
    pub reopened: bool,
    /// When the frequent digest is due.
    pub ticks: &'static str,
    /// Looks at what is due to be sent.
    pub sends: u64,
    /// Trouble of the receivers of digests.
    pub receivers: u64,
    /// Looks at the signals.
    pub reads: u64,
}

/// Longer than this the usual pull does not look back.
const USUAL_LAG: Duration = Duration::from_secs(15 * 60);

impl Swarm {
    /// Whether Jira's index lags so much that only deep passes find what it hides.
    pub fn lags_for_hours(&self) -> bool {
        self.lag + self.lag_spread >= USUAL_LAG
    }

    /// What the life of `seed` is like, of a size that is drawn if none is asked for.
    pub fn of(seed: u64, dice: &Dice, size: Option<Size>) -> Self {
        let drawn = Self::draw(dice);
        // By draws of its own: a whole life is what its seed meant before there were short ones.
        let own = Dice::new(seed ^ 0x517e);
        let of_chance = if own.below(WHOLE) == 0 { Size::Whole } else { Size::Short };
        match size.unwrap_or(of_chance) {
            Size::Short if drawn.departures > 0 && own.permille(CROWDED) => drawn.filled(),
            // The brake of a sweep needs a crowd, and time.
            Size::Short if size.is_some() || !drawn.crowded => drawn.shortened(),
            _ => drawn,
        }
    }

    /// More of one project than may leave at once.
    fn filled(self) -> Self {
        Self { steps: self.steps / 2, corpus: 60, crowded: true, edits: 350, ..self.shortened() }
    }

    /// Less of everything, but for what is rare already.
    fn shortened(self) -> Self {
        Self {
            size: Size::Short,
            steps: self.steps / SHORTER,
            corpus: self.corpus.div_ceil(2),
            oddities: self.oddities * 4,
            lies: self.lies * 2,
            forbidden: self.forbidden * 2,
            bulk: self.bulk * 2,
            departures: (self.departures * 2).min(600),
            ..self
        }
    }

    fn draw(dice: &Dice) -> Self {
        let rate = |dice: &Dice| dice.pick(&[0, 0, 5, 20, 60]);
        let processes = dice.pick(&[1, 1, 2, 3]);
        let skew = |dice: &Dice| dice.pick(&[0, 0, -90_000, 90_000, 3_600_000, -7_200_000]);
        let departures = dice.pick(&[0, 150, 400]);
        let crowded = dice.permille(60);
        // An index that lags for hours is for deep passes; a sweep must not take it for the truth.
        let hours = if departures == 0 && dice.permille(300) { 3 + dice.below(7) } else { 0 };
        let center = dice.permille(120);
        Self {
            size: Size::Whole,
            processes,
            skews: (0..processes).map(|_| skew(dice)).collect(),
            crowded,
            corpus: if crowded { 60 } else { 3 + dice.below(14) },
            page: dice.pick(&[1, 2, 3, 5]),
            lag: Duration::from_secs(dice.pick(&[0, 0, 5, 60, 300, 600]) + 3600 * hours),
            lag_spread: Duration::from_secs(dice.pick(&[0, 30, 240])),
            age: Duration::from_secs(3600 * dice.pick(&[0, 0, 2, 30])),
            replica_lag: Duration::from_secs(dice.pick(&[20, 60, 100])),
            replica: if center { 0 } else { dice.pick(&[0, 0, 200, 500]) },
            steps: 60 + dice.below(240),
            refused: rate(dice),
            broken: rate(dice),
            garbled: rate(dice),
            refused_writes: rate(dice),
            expired_tokens: rate(dice),
            endless_tokens: dice.pick(&[0, 0, 0, 10]),
            lost_credential: dice.pick(&[0, 0, 10]),
            crash: dice.pick(&[0, 10, 40]),
            pause: dice.pick(&[0, 10, 40]),
            lost_hooks: dice.pick(&[0, 500, 1000]),
            edits: dice.pick(&[50, 150, 350]),
            bulk: dice.pick(&[0, 20, 60]),
            departures,
            sweeps: if departures > 0 { dice.pick(&[60, 150, 300]) } else { 0 },
            reopened: dice.permille(500),
            ticks: dice.pick(&["*/20 * * * *", "5,50 * * * *", "0 * * * *"]),
            sends: dice.pick(&[30, 100, 250]),
            receivers: rate(dice),
            reads: dice.pick(&[5, 20]),
            center,
            second_index: (!center && dice.permille(250)).then_some(Duration::from_secs(40)),
            lies: dice.pick(&[0, 0, 0, 0, 0, 0, 20, 100]),
            oddities: dice.pick(&[0, 0, 0, 0, 0, 60]),
            date_skew: dice.pick(&[0, 0, 0, -15_000, 15_000]),
            limited: rate(dice),
            poisoned: dice.permille(150),
            bursts: dice.pick(&[0, 100, 300]),
            forbidden: dice.pick(&[0, 0, 0, 10]),
        }
    }

    /// Whether only a walk over everything brings what the trackers did not tell in time.
    pub fn is_deceived(&self) -> bool {
        self.lies > 0 || self.oddities > 0
    }
}
