//! Where an item belongs at every instant, with the reason for each part. Placing and explaining
//! both read this one decision.

use crate::model::{
    Change, EpicIx, Kind, Level, Named, Precision, StreamIx, TeamIx, Timestamp, What,
};

use super::Portfolio;
use super::epics::EpicIndex;
use super::history::{Past, Slice, in_order, past};
use super::known::{Known, Statuses};
use super::lifecycle::{Lifecycle, Meant, lifecycle};
use super::matcher::{Facts, fold};
use super::placed::Exclusion;
use super::rules::Verdict;

/// The decision about one item.
pub(super) struct Decision<'a> {
    pub(super) past: Past<'a>,
    pub(super) life: Lifecycle<'a>,
    /// Contiguous from creation; neighbours may be equal. Never empty.
    pub(super) pieces: Vec<Piece<'a>>,
    /// For each slice of the past: the claims that match it, whenever they are valid.
    pub(super) claims: Vec<Vec<usize>>,
    /// For each slice of the past: what the kind rules say.
    pub(super) kinds: Vec<Verdict>,
    /// The epic that the item itself is, or is a part of as a container.
    pub(super) own: Option<EpicIx>,
    /// For each slice of the past: that epic, or the one by parent.
    pub(super) epics: Vec<Option<EpicIx>>,
    pub(super) activity: Vec<Timestamp>,
    pub(super) relabelled: Vec<Timestamp>,
}

/// A stretch in which nothing about the item changes.
pub(super) struct Piece<'a> {
    pub(super) from: Timestamp,
    pub(super) precision: Precision,
    pub(super) meant: Meant<'a>,
    pub(super) team: Verdict,
    pub(super) stream: Option<(StreamIx, StreamBy)>,
    pub(super) epic: Option<EpicIx>,
}

/// What gave an item its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamBy {
    Epic,
    Team,
}

impl Decision<'_> {
    pub(super) fn last(&self) -> &Piece<'_> {
        self.pieces.last().expect("an item has a piece from its creation on")
    }
}

/// The facts that rules look at, in one slice of an item's past.
pub(super) fn facts<'a>(item: &Known<'a>, slice: &Slice<'a>, parent: Option<&'a str>) -> Facts<'a> {
    let named = |one: &'a Named| {
        [fold(&one.name), fold(&one.id)].into_iter().filter(|text| !text.is_empty())
    };
    Facts {
        tracker: item.tracker,
        connection: fold(&item.id.connection.0),
        key: fold(&item.attributes.key),
        project: fold(slice.project),
        parent: parent.map(fold),
        team: slice.team.into_iter().flat_map(named).collect(),
        components: slice.components.iter().copied().flat_map(named).collect(),
        item_type: slice.item_type.into_iter().flat_map(named).collect(),
        labels: slice.labels.iter().copied().map(fold).collect(),
    }
}

impl Portfolio {
    /// Whether the item takes part in the flow of work.
    pub(super) fn flows(&self, item: &Known<'_>) -> Result<(), Exclusion> {
        match item.attributes.level {
            _ if self.declares_epic(&item.attributes.key) => Err(Exclusion::DeclaredEpic),
            Level::Container => Err(Exclusion::Container),
            Level::SubTask => Err(Exclusion::SubTask),
            Level::Standard => Ok(()),
        }
    }

    pub(super) fn decide<'a>(
        &'a self,
        item: &Known<'a>,
        epics: &'a EpicIndex,
        statuses: &'a Statuses,
    ) -> Decision<'a> {
        let changes = in_order(item.history);
        let past = past(item, &changes);
        let life = lifecycle(item, &changes, &past, &self.workflows, statuses);
        let own = epics.of_container(item);
        let (mut claims, mut kinds, mut parents) = (Vec::new(), Vec::new(), Vec::new());
        for slice in &past.slices {
            let connection = &item.id.connection;
            let parent = slice.parent;
            let known_key = parent.and_then(|parent| epics.key_of(connection, parent));
            let key = parent.and_then(|parent| parent.key.as_deref()).or(known_key);
            let facts = facts(item, slice, key);
            claims.push(self.claims.matching(&facts));
            kinds.push(self.kinds.decide(&self.kinds.matching(&facts), slice.from));
            let by_parent = || parent.and_then(|parent| epics.of_parent(connection, parent));
            parents.push(own.or_else(by_parent));
        }
        let mut decision = Decision {
            past,
            life,
            pieces: Vec::new(),
            claims,
            kinds,
            own,
            epics: parents,
            activity: activity(&changes),
            relabelled: Vec::new(),
        };
        let pieces = self.pieces(item, epics, &decision);
        decision.pieces = pieces;
        decision.relabelled = self.relabelled(epics, &decision);
        decision
    }

    fn pieces<'a>(
        &self,
        item: &Known<'a>,
        epics: &EpicIndex,
        decision: &Decision<'a>,
    ) -> Vec<Piece<'a>> {
        let cuts = self.cuts(item, epics, decision);
        let (mut slice, mut phase) = (0, 0);
        let (slices, phases) = (&decision.past.slices, &decision.life.phases);
        let mut pieces = Vec::with_capacity(cuts.len());
        for at in cuts {
            while slices.get(slice + 1).is_some_and(|next| next.from <= at) {
                slice += 1;
            }
            while phases.get(phase + 1).is_some_and(|next| next.from <= at) {
                phase += 1;
            }
            let precision = if phases[phase].from == at {
                phases[phase].precision
            } else if slices[slice].from == at {
                slices[slice].precision
            } else {
                Precision::Exact
            };
            let team = self.claims.decide(&decision.claims[slice], at);
            let epic = decision.epics[slice];
            // An epic's own stream never comes from the team that happens to claim it.
            let epic_first = self.epic_first || decision.own.is_some();
            pieces.push(Piece {
                from: at,
                precision,
                meant: phases[phase].meant,
                stream: self.stream(self.team_of(&team), epic, epics, at, epic_first),
                team,
                epic,
            });
        }
        pieces
    }

    /// Every instant at which something about the item may change, from its creation on.
    fn cuts(&self, item: &Known<'_>, epics: &EpicIndex, decision: &Decision<'_>) -> Vec<Timestamp> {
        let mut cuts = vec![item.created_at];
        cuts.extend(decision.past.slices.iter().map(|slice| slice.from));
        cuts.extend(decision.life.phases.iter().map(|phase| phase.from));
        for claims in &decision.claims {
            self.claims.boundaries(claims, |at| cuts.push(at));
            for claim in claims {
                let team = &self.teams[self.claims.rule(*claim).gives.0 as usize];
                cuts.extend(team.home.iter().flat_map(|(period, _)| [period.from, period.to]));
            }
        }
        for epic in decision.epics.iter().flatten().filter_map(|epic| epics.get(*epic)) {
            cuts.extend(epic.streams.iter().flat_map(|(period, _)| [period.from, period.to]));
        }
        let created = item.created_at;
        cuts.retain(|at| *at == created || (created < *at && *at < Timestamp::MAX));
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    /// The team that a verdict about claims names.
    pub(super) fn team_of(&self, verdict: &Verdict) -> Option<TeamIx> {
        match verdict {
            Verdict::Given(rule) => Some(self.claims.rule(*rule).gives),
            Verdict::Contested(_) | Verdict::Silent => None,
        }
    }

    /// The kind that a verdict about kinds names.
    pub(super) fn kind_of(&self, verdict: &Verdict) -> Kind {
        match verdict {
            Verdict::Given(rule) => self.kinds.rule(*rule).gives,
            Verdict::Contested(_) | Verdict::Silent => Kind::Unclassified,
        }
    }

    fn stream(
        &self,
        team: Option<TeamIx>,
        epic: Option<EpicIx>,
        epics: &EpicIndex,
        at: Timestamp,
        epic_first: bool,
    ) -> Option<(StreamIx, StreamBy)> {
        let by_epic = epic.and_then(|epic| epics.get(epic)?.stream_at(at));
        let by_epic = by_epic.map(|stream| (stream, StreamBy::Epic));
        let by_team = team.and_then(|team| self.teams[team.0 as usize].home_at(at));
        let by_team = by_team.map(|stream| (stream, StreamBy::Team));
        if epic_first { by_epic.or(by_team) } else { by_team.or(by_epic) }
    }

    /// Instants after the start of work at which kind, theme or epic changed.
    fn relabelled(&self, epics: &EpicIndex, decision: &Decision<'_>) -> Vec<Timestamp> {
        let Some(started) = decision.life.started() else { return Vec::new() };
        let theme = |at: usize| decision.epics[at].and_then(|epic| epics.get(epic)?.theme);
        let kind = |at: usize| self.kind_of(&decision.kinds[at]);
        let slices = decision.past.slices.iter().enumerate().skip(1);
        slices
            .filter(|(at, slice)| {
                let before = at - 1;
                let moved = decision.epics[*at] != decision.epics[before]
                    || theme(*at) != theme(before)
                    || kind(*at) != kind(before);
                moved && slice.from > started.from
            })
            .map(|(_, slice)| slice.from)
            .collect()
    }
}

/// Instants of status and link changes and of linked pull requests: the signs of life. The changes
/// are in order, so the instants are, too.
fn activity(changes: &[&Change]) -> Vec<Timestamp> {
    let signs = changes.iter().filter(|change| {
        matches!(
            change.what,
            What::Status { .. }
                | What::Board { .. }
                | What::Closed { .. }
                | What::Reopened
                | What::Link { .. }
                | What::PullOpened { .. }
                | What::Activity
        )
    });
    let mut instants: Vec<Timestamp> = signs.map(|change| change.at).collect();
    instants.dedup();
    instants
}
