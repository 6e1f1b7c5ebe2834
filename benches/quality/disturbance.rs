//! What can happen to an organisation, how strongly, and which signals ought to tell it.

use streamgauge::signals::report::Move;

/// What happens from the onset on. Sizes are small, medium and large (0, 1, 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One stream loses a quarter, a half, three quarters of its places for work.
    FewerHands,
    /// Work in one stream takes 1.5, 2, 3 times as long.
    SlowerWork,
    /// Reviews in one stream take 1.5, 2.5, 4 times as long.
    SlowerReview,
    /// The same, growing to that over twelve weeks.
    ReviewDrift,
    /// One stream starts more than it finishes: 4, 8, 16 % more in progress every week, while the
    /// teams do as much as before.
    GrowingQueue,
    /// A tenth, a fifth, two fifths of one stream's attention goes to another.
    AttentionMoved,
    /// Another 5, 10, 25 % of one stream's cards wait for another stream.
    CrossWaits,
    /// Releases of one stream come every 4, every 8 weeks, or never, instead of every two.
    RarerReleases,
    /// A measure moves by 1, 2, 3 standard deviations of its readings.
    OutcomeMoved,
    /// Defects are 22, 30, 45 % of the cards instead of 15 %.
    MoreDefects,
    /// 6, 12, 25 % of one stream's cards come back after delivery instead of 2 %.
    MoreReturns,
    /// 5, 10, 20 % of one stream's cards are left lying.
    LeftLying,
    /// For one week nothing is finished: in one stream, in two, everywhere.
    DeadWeek,
}

impl Kind {
    pub const ALL: [Self; 13] = [
        Self::FewerHands,
        Self::SlowerWork,
        Self::SlowerReview,
        Self::ReviewDrift,
        Self::GrowingQueue,
        Self::AttentionMoved,
        Self::CrossWaits,
        Self::RarerReleases,
        Self::OutcomeMoved,
        Self::MoreDefects,
        Self::MoreReturns,
        Self::LeftLying,
        Self::DeadWeek,
    ];

    /// What is planted, with its three sizes.
    pub fn told(self) -> (&'static str, [&'static str; 3]) {
        match self {
            Self::FewerHands => {
                ("a stream loses places for work", ["a quarter", "half", "three quarters"])
            }
            Self::SlowerWork => ("work takes longer", ["1.5 times", "2 times", "3 times"]),
            Self::SlowerReview => ("reviews take longer", ["1.5 times", "2.5 times", "4 times"]),
            Self::ReviewDrift => {
                ("the same, growing over 12 weeks", ["1.5 times", "2.5 times", "4 times"])
            }
            Self::GrowingQueue => {
                ("more is started than finished", ["4 % a week", "8 % a week", "16 % a week"])
            }
            Self::AttentionMoved => {
                ("attention goes to another stream", ["a tenth", "a fifth", "two fifths"])
            }
            Self::CrossWaits => ("cards wait for another stream", ["+ 5 %", "+ 10 %", "+ 25 %"]),
            Self::RarerReleases => {
                ("releases every 2 weeks become rarer", ["every 4", "every 8", "none"])
            }
            Self::OutcomeMoved => ("an outcome measure moves", ["1 sd", "2 sd", "3 sd"]),
            Self::MoreDefects => ("defects instead of 15 %", ["22 %", "30 %", "45 %"]),
            Self::MoreReturns => ("cards come back instead of 2 %", ["6 %", "12 %", "25 %"]),
            Self::LeftLying => ("cards are left lying", ["5 %", "10 %", "20 %"]),
            Self::DeadWeek => {
                ("one week without anything finished", ["one stream", "two streams", "all streams"])
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disturbance {
    pub kind: Kind,
    pub size: usize,
}

/// A planted effect, as the generator asks for it: by stream, and weeks since the onset.
#[derive(Debug, Clone, Copy)]
pub struct Effects {
    pub planted: Option<Disturbance>,
    /// The stream it happens to, and the other one where two are concerned.
    pub stream: usize,
    pub other: usize,
}

impl Effects {
    /// The strength of one kind at a time in a stream; `None` before the onset and elsewhere.
    fn of(&self, kind: Kind, stream: usize, since: f64, sizes: [f64; 3]) -> Option<f64> {
        let planted = self.planted.filter(|planted| planted.kind == kind)?;
        (since >= 0.0 && stream == self.stream).then(|| sizes[planted.size])
    }

    /// Part of the places for work that a stream keeps.
    pub fn places(&self, stream: usize, since: f64) -> f64 {
        1.0 - self.of(Kind::FewerHands, stream, since, [0.25, 0.5, 0.75]).unwrap_or(0.0)
    }

    /// How many times longer work takes.
    pub fn work(&self, stream: usize, since: f64) -> f64 {
        let queue = 1.0 + self.queue(stream, since);
        self.of(Kind::SlowerWork, stream, since, [1.5, 2.0, 3.0]).unwrap_or(1.0) * queue
    }

    /// What is in progress beyond the usual, as a part of it.
    pub fn queue(&self, stream: usize, since: f64) -> f64 {
        self.of(Kind::GrowingQueue, stream, since, [0.04, 0.08, 0.16]).unwrap_or(0.0)
            * since.max(0.0)
    }

    /// How many times longer reviews take.
    pub fn review(&self, stream: usize, since: f64) -> f64 {
        let sizes = [1.5, 2.5, 4.0];
        let drift = self.of(Kind::ReviewDrift, stream, since, sizes);
        let drift = drift.map(|times| 1.0 + (times - 1.0) * (since / 12.0).min(1.0));
        self.of(Kind::SlowerReview, stream, since, sizes).or(drift).unwrap_or(1.0)
    }

    /// Part of a stream's attention that goes to the other one.
    pub fn moved(&self, stream: usize, since: f64) -> f64 {
        self.of(Kind::AttentionMoved, stream, since, [0.1, 0.2, 0.4]).unwrap_or(0.0)
    }

    /// The added chance that a card waits for the other stream.
    pub fn waits(&self, stream: usize, since: f64) -> f64 {
        self.of(Kind::CrossWaits, stream, since, [0.05, 0.1, 0.25]).unwrap_or(0.0)
    }

    /// Weeks between releases; `None` for no more of them.
    pub fn release_weeks(&self, stream: usize, since: f64) -> Option<usize> {
        match self.of(Kind::RarerReleases, stream, since, [4.0, 8.0, 0.0]) {
            Some(weeks) => (weeks > 0.0).then_some(weeks as usize),
            None => Some(2),
        }
    }

    /// The movement of the chosen measure, in standard deviations.
    pub fn outcome(&self, since: f64) -> f64 {
        self.of(Kind::OutcomeMoved, self.stream, since, [1.0, 2.0, 3.0]).unwrap_or(0.0)
    }

    /// The share of defects among the cards, everywhere.
    pub fn defects(&self, since: f64) -> f64 {
        self.of(Kind::MoreDefects, self.stream, since, [0.22, 0.30, 0.45]).unwrap_or(0.15)
    }

    /// The chance that a delivered card comes back.
    pub fn returns(&self, stream: usize, since: f64) -> f64 {
        self.of(Kind::MoreReturns, stream, since, [0.06, 0.12, 0.25]).unwrap_or(0.02)
    }

    /// The added chance that a card is left lying.
    pub fn left(&self, stream: usize, since: f64) -> f64 {
        self.of(Kind::LeftLying, stream, since, [0.05, 0.1, 0.2]).unwrap_or(0.0)
    }

    /// Nothing is finished in the first week.
    pub fn dead(&self, stream: usize, since: f64) -> bool {
        let Some(planted) = self.planted.filter(|p| p.kind == Kind::DeadWeek) else { return false };
        let hit = match planted.size {
            0 => stream == self.stream,
            1 => stream == self.stream || stream == self.other,
            _ => true,
        };
        hit && (0.0..1.0).contains(&since)
    }

    /// What ought to be told: signal, slice and direction. Any one of them is a detection.
    pub fn expected(&self) -> Vec<(&'static str, String, Move)> {
        use Move::{Down, Up};
        let Some(planted) = self.planted else { return Vec::new() };
        let (own, other) = (format!("stream:s{}", self.stream), format!("stream:s{}", self.other));
        let pair = format!("pair:s{}>s{}", self.stream, self.other);
        let one = |signal, direction| (signal, own.clone(), direction);
        match planted.kind {
            Kind::FewerHands => vec![one("V2", Down), one("V3", Down)],
            Kind::SlowerWork => vec![one("V1", Up), one("V2", Down), one("V4", Up)],
            Kind::SlowerReview | Kind::ReviewDrift => {
                vec![one("V5", Down), one("V1", Up), one("V4", Up)]
            }
            Kind::GrowingQueue => vec![one("V3", Up), one("V1", Up), one("V4", Up)],
            Kind::AttentionMoved => {
                vec![one("P1", Down), one("P2", Down), ("P1", other.clone(), Up), ("P2", other, Up)]
            }
            Kind::CrossWaits => vec![("C1", pair, Up), ("C2", other, Up)],
            Kind::RarerReleases => vec![one("C4", Up)],
            Kind::OutcomeMoved => vec![("O1", "outcome:m0".to_owned(), Up)],
            Kind::MoreDefects => vec![("P1", "kind:defect".to_owned(), Up), one("V6", Up)],
            Kind::MoreReturns => vec![one("V6", Up), one("V1", Up)],
            Kind::LeftLying => vec![one("V4", Up), one("V3", Up), one("V1", Up)],
            Kind::DeadWeek => vec![one("V2", Down)],
        }
    }
}
