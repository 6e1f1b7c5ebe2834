//! One sweep over the projects of a connection: a list of all ids finds candidates, single reads
//! decide. Each project is settled by itself, so that an interrupted sweep goes on with the next
//! one that is due.

use std::collections::{BTreeMap, BTreeSet};

use super::absence::is_mass;
use super::outcome::Problem;
use super::roster::Comparison;
use super::run::{Run, Step};
use super::settings::{Settings, after, settling_ms};
use crate::model::{Departure, Timestamp};
use crate::mutants::{Mutant, alive};
use crate::store::{Rostered, ScopeRecord, Store, StoreError};
use crate::trackers::{Standing, Tracker};

/// What a sweep covers, and what a person has confirmed.
#[derive(Debug, Clone, Default)]
pub struct Sweeping {
    /// Every project, or only those that are due.
    pub all: bool,
    /// Projects whose missing items are believed to be gone, however many there are.
    pub accepted: BTreeSet<String>,
}

impl Sweeping {
    /// All projects now.
    #[must_use]
    pub fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }

    fn accepts(&self, project: &str) -> bool {
        self.accepted.iter().any(|named| named.eq_ignore_ascii_case(project))
    }
}

impl Run<'_> {
    /// Sweeps the projects that are due, or all of them.
    pub async fn sweep(&mut self, sweeping: &Sweeping) -> Step<()> {
        if alive(Mutant::CensusOff) {
            return Ok(());
        }
        self.leave_reserve("").await?;
        let probe = self.probe().await?;
        self.outcome.notes.clone_from(&probe.notes);
        self.recall().await?;
        let settings = &self.engine.settings;
        let mut due = due(self.store(), self.tracker, self.now(), settings).await?;
        let projects = asked(self.store(), self.tracker).await?;
        if sweeping.all || !sweeping.accepted.is_empty() {
            due = projects.iter().cloned().collect();
        }
        let mut standings = Vec::new();
        for project in &projects {
            match self.alongside(self.tracker.standing(project)).await? {
                Ok(standing) => standings.push((project, standing)),
                Err(error) => self.set_aside(project, error.into()).await?,
            }
        }
        // A dead credential must not pass for hidden projects.
        self.probe().await?;
        let any_seen = standings.iter().any(|(_, standing)| *standing != Standing::Hidden);
        for (project, standing) in standings {
            if !due.contains(project) {
                continue;
            }
            let swept = match standing {
                Standing::Hidden => {
                    let believed = any_seen || sweeping.accepts(project);
                    self.out_of_sight(project, believed, sweeping.accepts(project)).await
                }
                Standing::Archived | Standing::Trashed => {
                    self.shelve(project, standing, probe.clock).await
                }
                Standing::Live => self.walk(project, sweeping, probe.clock).await,
            };
            self.commit().await?;
            if let Err(problem) = swept {
                self.set_aside(project, problem).await?;
            }
        }
        self.second_looks().await
    }

    /// A project that could not be swept: the others go on, unless the tracker as a whole is
    /// unwell.
    async fn set_aside(&mut self, project: &str, problem: Problem) -> Step<()> {
        let local = problem.is_local();
        if !local {
            return Err(problem);
        }
        let standing = self.standing_before(project).await?;
        let told = problem.to_string();
        self.note_scope(project, &standing, None, None, Some(told)).await?;
        self.outcome.note(problem);
        Ok(())
    }

    /// A project that a pass or a single read did not see: a sweep finds out, unless one has.
    pub async fn suspect(&mut self, project: &str) -> Step<()> {
        if self.standing_before(project).await? == "live" {
            self.outcome.sweep = true;
        }
        Ok(())
    }

    /// A project that a walk left out because it cannot be searched. No pass sees what changes in
    /// it from now on, so it is noted at once: even if it can be seen again by then, the next sweep
    /// reads all of it.
    pub async fn unseen(&mut self, project: &str) -> Step<()> {
        if matches!(self.standing_before(project).await?.as_str(), "" | "live") {
            self.stands(project, "hidden").await?;
            self.outcome.sweep = true;
        }
        Ok(())
    }

    async fn standing_before(&self, project: &str) -> Step<String> {
        let sweeps = self.store().sweeps(self.connection()).await?;
        let before = sweeps.into_iter().find(|last| last.project == project);
        Ok(before.map(|last| last.standing).unwrap_or_default())
    }

    /// A project that the credential cannot see. Its items leave our sight when it was so twice,
    /// minutes apart, while something else of the connection could be seen.
    async fn out_of_sight(&mut self, project: &str, believed: bool, sure: bool) -> Step<()> {
        let since = self.stands(project, "hidden").await?;
        if !believed {
            let told = format!(
                "nothing of this connection can be seen any more, so nothing is concluded \
                 for {project}; give the account its rights back, or say that it was deleted: \
                 `streamgauge sync --accept-mass-removal {project}`"
            );
            self.note_scope(project, "hidden", None, None, Some(told.clone())).await?;
            self.outcome.note(Problem::Refused(told));
            return Ok(());
        }
        let way = match self.tracker.covers(project) {
            true => "what is stored of it leaves, and comes back with the right",
            false => "give the right back, or take it out of `scopes`",
        };
        let told = format!(
            "{project} cannot be seen: the account lost the right to see it, or it was \
             deleted; {way}"
        );
        let confirmed = self.now() >= after(since, self.engine.settings.misses_apart);
        if !confirmed && !sure {
            let told = format!("{told}; a second look in some minutes decides");
            self.note_scope(project, "hidden", None, None, Some(told.clone())).await?;
            self.outcome.notes.push(told);
            return Ok(());
        }
        self.read_again(project, true).await?;
        // The proof comes last: the credential is alive and the project still out of sight.
        if self.alongside(self.tracker.standing(project)).await?? != Standing::Hidden {
            return Ok(());
        }
        let clock = self.probe().await?.clock;
        let items = self.leaving(project, true).await?;
        self.remove_all(items, &Departure::AccessLost, clock).await?;
        self.outcome.notes.push(told.clone());
        self.note_scope(project, "hidden", None, Some(clock), Some(told)).await
    }

    /// A project that its owners closed: its items have left, and keep their past.
    async fn shelve(&mut self, project: &str, standing: Standing, clock: Timestamp) -> Step<()> {
        let (word, departure) = match standing {
            Standing::Trashed => ("trashed", Departure::ProjectTrashed),
            _ => ("archived", Departure::ProjectArchived),
        };
        let since = self.stands(project, word).await?;
        self.shelved.push(project.to_owned());
        // A lagging replica still shows in it what moved out just before it was closed.
        if self.now() < since.plus_millis(settling_ms(self.tracker.kind())) {
            let told = format!("{project} is {word}; a second look in some minutes decides");
            self.note_scope(project, word, None, None, Some(told.clone())).await?;
            self.outcome.notes.push(told);
            return Ok(());
        }
        let silent = standing == Standing::Trashed;
        self.read_again(project, silent).await?;
        let items = self.leaving(project, silent).await?;
        self.remove_all(items, &departure, clock).await?;
        self.note_scope(project, word, None, Some(clock), None).await
    }

    /// A live project: every id is listed, and what is missing on either side is read.
    async fn walk(&mut self, project: &str, sweeping: &Sweeping, clock: Timestamp) -> Step<()> {
        self.shelved.retain(|shelved| !shelved.eq_ignore_ascii_case(project));
        let before = self.standing_before(project).await?;
        let back = !before.is_empty() && before != "live";
        let listed = self.roll(project).await?;
        let count = listed.len() as u64;
        self.outcome.discovered += count;
        let Comparison { live, put_away, unlisted, mut wanted } =
            self.compare(project, &listed).await?;
        if back {
            // No pass saw what changed while the project was out of sight.
            wanted = listed.into_iter().collect();
        }
        // A list lags behind, and an issue may have moved to another project of ours: reading by
        // id tells, a thousand at a time.
        let sources = unlisted.iter().map(|item| item.source.clone()).collect();
        if alive(Mutant::TombstoneNoVerify) {
            return self.remove_all(sources, &Departure::Deleted, clock).await;
        }
        let absent = self.read_all(sources).await?;
        for part in wanted.chunks(self.tracker.batch().max(1)) {
            self.leave_reserve(project).await?;
            for source in self.read_all(part.to_vec()).await? {
                self.missing(&source).await?;
            }
        }
        let gone: Vec<Rostered> =
            unlisted.into_iter().filter(|item| absent.contains(&item.source)).collect();
        let sure = sweeping.accepts(project);
        if is_mass(gone.len(), live) && !sure {
            let missing = gone.len();
            let told = format!(
                "{missing} of {live} items of {project} are missing at once, so none is \
                 removed; look whether the account lost a right, or say that they were deleted: \
                 `streamgauge sync --accept-mass-removal {project}`"
            );
            self.stands(project, "live").await?;
            self.note_scope(project, "live", Some(count), Some(clock), Some(told.clone())).await?;
            self.outcome.note(Problem::Refused(told));
            return Ok(());
        }
        self.conclude(project, gone, sure).await?;
        // They did not come back with their project: they have left for a reason of their own.
        let sources = put_away.iter().map(|item| item.source.clone()).collect();
        let absent = self.read_all(sources).await?;
        let left = put_away.into_iter().filter(|item| absent.contains(&item.source)).collect();
        self.conclude(project, left, sure).await?;
        if self.standing_before(project).await? != before {
            // A pass lost sight of it meanwhile: the next sweep reads all of it.
            return Ok(());
        }
        self.stands(project, "live").await?;
        self.note_scope(project, "live", Some(count), Some(clock), None).await
    }

    /// Every id of a project.
    async fn roll(&mut self, project: &str) -> Step<BTreeSet<String>> {
        let (mut listed, mut tokens) = (BTreeSet::new(), BTreeSet::new());
        let mut page: Option<String> = None;
        loop {
            self.leave_reserve(project).await?;
            let roll = self.tracker.roll(project, page.as_deref());
            let roll = self.alongside(roll).await??;
            listed.extend(roll.sources);
            let Some(next) = roll.next else { return Ok(listed) };
            if !tokens.insert(next.clone()) {
                return Err(Problem::Again(format!(
                    "{}: the list of {project} leads back to a page that was already read; the \
                     next sweep tries again",
                    self.connection()
                )));
            }
            page = Some(next);
        }
    }

    /// Notes how a project stands and returns since when it has.
    async fn stands(&self, project: &str, standing: &str) -> Step<Timestamp> {
        let (connection, now) = (self.connection(), self.now());
        Ok(self.store().note_standing(&self.lease, connection, project, standing, now).await?)
    }

    async fn note_scope(
        &self,
        project: &str,
        standing: &str,
        listed: Option<u64>,
        swept_at: Option<Timestamp>,
        problem: Option<String>,
    ) -> Step<()> {
        let scope = ScopeRecord {
            connection: self.connection().clone(),
            project: project.to_owned(),
            standing: standing.to_owned(),
            listed,
            swept_at,
            problem,
            stored: 0,
            gone: 0,
        };
        Ok(self.store().put_scope(&self.lease, scope).await?)
    }
}

/// The projects that a sweep asks for, sorted: those that the tracker names now, and those that it
/// no longer names though items of them are stored, because an owner's list left them out.
pub async fn asked(store: &Store, tracker: &dyn Tracker) -> Result<Vec<String>, StoreError> {
    let mut projects = tracker.projects();
    for name in store.lived_in(tracker.connection()).await? {
        let named = projects.iter().any(|project| project.eq_ignore_ascii_case(&name));
        if !named && tracker.covers(&name) {
            projects.push(name);
        }
    }
    // Nothing would be kept of what was purged.
    let purged = store.purged().await?;
    let own = purged.iter().filter(|one| one.what.connection == *tracker.connection());
    for one in own.filter(|one| one.what.source.is_none()) {
        let purged = one.what.project.as_deref();
        projects.retain(|name| purged.is_some_and(|project| !project.eq_ignore_ascii_case(name)));
    }
    projects.sort();
    Ok(projects)
}

/// The projects whose turn it is, by what earlier sweeps noted.
pub async fn due(
    store: &Store,
    tracker: &dyn Tracker,
    now: Timestamp,
    settings: &Settings,
) -> Result<BTreeSet<String>, StoreError> {
    let turns = turns(store, tracker, settings).await?;
    Ok(turns.into_iter().filter(|(_, at)| *at <= now).map(|(project, _)| project).collect())
}

/// From when each project may be swept again: at once when it never was. One that had a trouble is
/// looked at as often as one that is closed, so that what was mended is soon told no more.
pub async fn turns(
    store: &Store,
    tracker: &dyn Tracker,
    settings: &Settings,
) -> Result<BTreeMap<String, Timestamp>, StoreError> {
    let swept = store.sweeps(tracker.connection()).await?;
    let turn = |project: String| {
        let last = swept.iter().find(|last| last.project == project);
        let at = last.and_then(|last| {
            let calm = last.standing == "live" && !last.troubled;
            let pause = if calm { settings.sweep } else { settings.sweep_closed };
            Some(after(last.swept_at?, pause))
        });
        (project, at.unwrap_or(Timestamp::MIN))
    };
    Ok(asked(store, tracker).await?.into_iter().map(turn).collect())
}
