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

/// Rates are in thousandths of the moments at which the thing could happen.
#[derive(Debug, Clone)]
pub struct Swarm {
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

impl Swarm {
    pub fn draw(dice: &Dice) -> Self {
        let rate = |dice: &Dice| dice.pick(&[0, 0, 5, 20, 60]);
        let processes = dice.pick(&[1, 1, 2, 3]);
        let skew = |dice: &Dice| dice.pick(&[0, 0, -90_000, 90_000, 3_600_000, -7_200_000]);
        let departures = dice.pick(&[0, 150, 400]);
        let crowded = dice.permille(60);
        Self {
            processes,
            skews: (0..processes).map(|_| skew(dice)).collect(),
            crowded,
            corpus: if crowded { 60 } else { 3 + dice.below(14) },
            page: dice.pick(&[1, 2, 3, 5]),
            lag: Duration::from_secs(dice.pick(&[0, 0, 5, 60, 300])),
            lag_spread: Duration::from_secs(dice.pick(&[0, 30, 240])),
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
        }
    }
}
