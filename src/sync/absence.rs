//! What was asked for and not given. Absence proves nothing at once: a list lags, a replica lags,
//! a right may be lost. A single read decides, and where the tracker does not say why, two of
//! them, minutes apart, in a project that is proven visible after each.

use std::collections::{BTreeMap, BTreeSet};

use super::read::FAILURES_MAX;
use super::run::{Run, Step};
use super::settings::before;
use crate::model::{Departure, Timestamp};
use crate::mutants::{Mutant, alive};
use crate::store::{Hint, Rostered};
use crate::trackers::{Fate, Standing, TrackerError};

/// Reads after which an item that we never had is not looked for any more.
const ATTEMPTS_MAX: u32 = 3;

/// So many items of one project may be found gone at once.
const GONE_MAX: usize = 20;
/// Or one of so many, in a large project; more look like a lost right or a fault.
const GONE_SHARE: u64 = 10;

/// Whether so many absent items of a project with so many live ones are too many to believe in.
#[must_use]
pub fn is_mass(absent: usize, live: u64) -> bool {
    absent > GONE_MAX && absent as u64 > live / GONE_SHARE
}

impl Run<'_> {
    /// A listed item that reading by id does not give. One that we know is looked at closely when
    /// the walks are done; one that we do not know is named as a gap and looked for a few times.
    pub async fn missing(&mut self, source: &str) -> Step<()> {
        let now = self.now();
        let known = self.store().rostered(self.connection(), vec![source.to_owned()]).await?;
        let attempts = self.attempts.get(source).copied().unwrap_or_default();
        if !known.is_empty() || attempts >= ATTEMPTS_MAX {
            self.store().clear_retry(&self.lease, self.connection(), source).await?;
            self.store().close_gaps(&self.lease, self.connection(), source, now).await?;
            if known.iter().any(|item| item.live) {
                self.absent.insert(source.to_owned());
            }
            return Ok(());
        }
        let detail = "the tracker lists the item and does not give it".to_owned();
        self.try_later(source, &detail).await?;
        self.gap(source, "missing-item", detail).await
    }

    /// Hinted items that reading by id does not give. What the tracker does not explain has missed
    /// once, and a pass looks again.
    pub async fn hinted_missing(&mut self, hints: Vec<Hint>) -> Step<()> {
        let sources: Vec<String> = hints.iter().map(|hint| hint.source.clone()).collect();
        let known = self.store().rostered(self.connection(), sources.clone()).await?;
        let stored: BTreeSet<&String> = known.iter().map(|item| &item.source).collect();
        for source in sources.iter().filter(|source| !stored.contains(source)) {
            self.unknown(source).await?;
        }
        let live: Vec<Rostered> = known.into_iter().filter(|item| item.live).collect();
        self.look_closely(live).await?;
        Ok(self.store().done_hints(&self.lease, self.connection(), hints).await?)
    }

    /// A hint for something that we never had and cannot read: a replica may lag behind.
    async fn unknown(&mut self, source: &str) -> Step<()> {
        let attempts = self.attempts.get(source).copied().unwrap_or_default();
        if attempts >= ATTEMPTS_MAX {
            return Ok(());
        }
        self.try_later(source, "hinted, and not given").await
    }

    /// Looks again at the items that missed some minutes ago, and for the first time at those that
    /// this run listed and did not get.
    pub async fn second_looks(&mut self) -> Step<()> {
        let until = before(self.now(), self.engine.settings.misses_apart);
        let missed = self.store().missed(self.connection(), until).await?;
        let mut absent = std::mem::take(&mut self.absent);
        let known = |item: &&Rostered| !absent.contains(&item.source);
        let sources = missed.iter().filter(known).map(|item| item.source.clone()).collect();
        absent.extend(self.read_all(sources).await?);
        let absent = absent.into_iter().collect();
        let absent = self.store().rostered(self.connection(), absent).await?;
        self.look_closely(absent.into_iter().filter(|item| item.live).collect()).await
    }

    /// Asks for the fate of absent items, unless too many of one project are absent: then nothing
    /// is noted of them, for nobody looked whether the project could be seen.
    async fn look_closely(&mut self, absent: Vec<Rostered>) -> Step<()> {
        for (project, absent) in by_project(absent) {
            let live = self.store().live_in(self.connection(), &project).await?;
            if is_mass(absent.len(), live) {
                let (name, count) = (self.connection(), absent.len());
                self.outcome.notes.push(format!(
                    "{count} items of {project} are missing at once; none is removed, see \
                     `streamgauge sync --sweep --scope {name}`"
                ));
                continue;
            }
            self.conclude(&project, absent, false).await?;
        }
        Ok(())
    }

    /// Asks for the fate of absent items of one project and records what is proven. `sure` takes
    /// the place of the second look, because a person has confirmed it.
    pub async fn conclude(&mut self, project: &str, absent: Vec<Rostered>, sure: bool) -> Step<()> {
        if absent.is_empty() {
            return Ok(());
        }
        let mut fates: Vec<(Rostered, Fate)> = Vec::with_capacity(absent.len());
        for item in absent {
            let fate = self.tracker.fate(&item.source, &item.key);
            match self.alongside(fate).await? {
                Ok(fate) => {
                    self.failures = 0;
                    fates.push((item, fate));
                }
                Err(error) => self.untold(&item.source, error)?,
            }
        }
        // After the reads: what they did not show must not be for want of a right.
        let mut standing = self.alongside(self.tracker.standing(project)).await??;
        if alive(Mutant::TombstoneNoVisibility) {
            standing = Standing::Live;
        }
        let clock = self.probe().await?.clock;
        if standing != Standing::Live {
            self.suspect(project).await?;
        }
        let mut here = Vec::new();
        for (item, fate) in fates {
            match fate {
                Fate::Here { key, project } => here.push((item, key, project)),
                Fate::Transferred { key } => {
                    self.remove(&item.source, &Departure::Transferred(key), clock).await?;
                }
                Fate::Archived => self.remove(&item.source, &Departure::Archived, clock).await?,
                Fate::Deleted if standing == Standing::Live => {
                    self.remove(&item.source, &Departure::Deleted, clock).await?;
                }
                Fate::Absent if standing == Standing::Live => {
                    self.miss(&item.source, sure, clock).await?;
                }
                // The project is closed or out of sight: the sweep tells what that means.
                Fate::Deleted | Fate::Absent => {}
            }
        }
        self.still_here(here, clock).await
    }

    /// A single read that told nothing. A tracker that is unwell ends the pass.
    fn untold(&mut self, source: &str, error: TrackerError) -> Step<()> {
        let ends = matches!(error, TrackerError::Unauthorized(_) | TrackerError::Wait { .. });
        self.failures += 1;
        if ends || self.failures > FAILURES_MAX {
            return Err(error.into());
        }
        tracing::debug!(source, %error, "nothing is concluded of an item");
        Ok(())
    }

    /// One more unexplained absence in a visible project; the second one counts.
    async fn miss(&mut self, source: &str, sure: bool, clock: Timestamp) -> Step<()> {
        let (id, now) = (self.id(source), self.now());
        let apart = self.engine.settings.misses_apart;
        let misses = self.store().record_miss(&self.lease, &id, now, apart).await?;
        if sure || misses.is_some_and(|misses| misses >= 2) {
            self.remove(source, &Departure::Gone, clock).await?;
        }
        Ok(())
    }

    /// Items that can be read by themselves: they are read again, and those that moved to a
    /// project that is not ours leave.
    async fn still_here(
        &mut self,
        here: Vec<(Rostered, String, String)>,
        clock: Timestamp,
    ) -> Step<()> {
        let sources = here.iter().map(|(item, _, _)| item.source.clone()).collect();
        let absent = self.read_all(sources).await?;
        let projects = self.tracker.projects();
        for (item, key, project) in here {
            let ours = projects.iter().any(|known| known.eq_ignore_ascii_case(&project));
            if absent.contains(&item.source) && !ours {
                self.remove(&item.source, &Departure::Moved(key), clock).await?;
            }
        }
        Ok(())
    }

    /// Reads any number of ids and commits; returns those that were not given.
    pub async fn read_all(&mut self, sources: Vec<String>) -> Step<BTreeSet<String>> {
        let mut absent = BTreeSet::new();
        for part in sources.chunks(self.tracker.batch().max(1)) {
            absent.extend(self.read(part.to_vec()).await?);
            self.commit().await?;
        }
        Ok(absent)
    }

    async fn remove(&mut self, source: &str, departure: &Departure, clock: Timestamp) -> Step<()> {
        self.remove_all(vec![source.to_owned()], departure, clock).await
    }

    /// Records that items have left, at the latest at `clock`.
    pub async fn remove_all(
        &mut self,
        sources: Vec<String>,
        departure: &Departure,
        clock: Timestamp,
    ) -> Step<()> {
        let (connection, now) = (self.connection(), self.now());
        let left =
            self.store().depart(&self.lease, connection, sources, clock, departure, now).await?;
        self.outcome.left += left;
        self.outcome.changed += left;
        Ok(())
    }
}

fn by_project(items: Vec<Rostered>) -> BTreeMap<String, Vec<Rostered>> {
    let mut projects: BTreeMap<String, Vec<Rostered>> = BTreeMap::new();
    for item in items {
        projects.entry(item.project.clone()).or_default().push(item);
    }
    projects
}

#[cfg(test)]
mod tests {
    use super::is_mass;

    #[test]
    fn more_than_twenty_and_more_than_a_tenth_is_a_mass() {
        assert!(!is_mass(20, 20));
        assert!(is_mass(21, 40));
        assert!(is_mass(21, 209));
        assert!(!is_mass(21, 210));
        assert!(!is_mass(100, 1_000));
        assert!(is_mass(101, 1_000));
    }
}
