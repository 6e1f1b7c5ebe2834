//! The walks: pages of a repository, issues by id, long histories, releases.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use serde_json::json;
use serde_json::value::RawValue;

use super::client::{Answer, Client};
use super::faults::{self, RowFaults};
use super::{GitHub, Repository, convert, queries, wire};
use crate::model::{Gap, Item, Release, Timestamp};
use crate::trackers::{Discovered, ReadOut, Stamp, TrackerError};

impl GitHub {
    /// One page of a repository's issues that changed at or after `since`.
    pub(super) async fn issues(
        &self,
        repository: &Repository,
        since: Option<Timestamp>,
        clock: Timestamp,
        after: Option<&str>,
    ) -> Result<Discovered, TrackerError> {
        if since.is_none() && after.is_none() {
            self.boards.walks_whole(repository.full_name(), clock);
        }
        let variables = |n: u32| {
            json!({
                "owner": repository.owner, "name": repository.name,
                "since": since.map(|at| at.to_string()), "after": after, "n": n,
                "events": null, "status": self.status_field, "titles": self.titles,
            })
        };
        let client = self.client_of(&repository.owner);
        let answer = self.ask_fitting_rows(client, |texts| &texts.issues, variables).await?;
        let (data, found) = client.data::<wire::IssuesData<'_>>(&answer)?;
        let full_name = repository.full_name();
        let Some(told) = data.repository else {
            return Err(faults::of_repository(client.place(), &full_name, &found));
        };
        let mut page = Discovered { expected: told.issues.total_count, ..Discovered::default() };
        page.next = self.next(&told.issues.page_info, after, &full_name)?;
        page.gaps.extend(self.remember(&full_name, &told.name_with_owner));
        let row_faults = RowFaults::of(&found, &["repository", "issues", "nodes"]);
        page.gaps.extend(row_faults.boards_gap());
        for (place, row) in told.issues.nodes.unwrap_or_default().into_iter().enumerate() {
            let Some(row) = row else {
                page.gaps.push(hidden_row(&full_name));
                continue;
            };
            let read = self.row(client, row, row_faults.row(place)).await?;
            page.stamps.extend(read.stamp);
            page.items.extend(read.item);
            page.gaps.extend(read.gaps);
        }
        Ok(page)
    }

    /// Issues by id. What one installation does not show, the next one may: an id does not tell
    /// its owner.
    pub(super) async fn by_id(&self, sources: &[String]) -> Result<ReadOut, TrackerError> {
        let mut out = ReadOut { absent: sources.to_vec(), ..ReadOut::default() };
        let (mut shut, mut answered) = (None, false);
        for client in self.clients() {
            let asked = std::mem::take(&mut out.absent);
            if asked.is_empty() {
                break;
            }
            let told = match self.by_id_from(client, &asked).await {
                // One owner that shuts us out must not stop the reads of the others.
                Err(TrackerError::Unauthorized(why)) if !self.others.is_empty() => {
                    shut = Some(why);
                    out.absent = asked;
                    continue;
                }
                told => told?,
            };
            answered = true;
            out.items.extend(told.items);
            out.gaps.extend(told.gaps);
            out.absent = told.absent;
            out.read_at = out.read_at.or(told.read_at);
        }
        if let Some(why) = shut {
            if !answered {
                return Err(TrackerError::Unauthorized(why));
            }
            // It may be theirs: nothing is concluded.
            let unknown = std::mem::take(&mut out.absent);
            out.gaps.extend(unknown.iter().map(|id| unread(id, "unreadable-item", &why)));
        }
        Ok(out)
    }

    /// Issues by id, in as many questions as GitHub's patience needs.
    async fn by_id_from(
        &self,
        client: &Client,
        sources: &[String],
    ) -> Result<ReadOut, TrackerError> {
        let mut out = ReadOut::default();
        let mut rest = sources;
        while !rest.is_empty() {
            let asked = |n: u32| &rest[..rest.len().min(n as usize)];
            let variables = |n: u32| {
                json!({
                    "ids": asked(n), "events": null,
                    "status": self.status_field, "titles": self.titles,
                })
            };
            let answer = self.ask_fitting_rows(client, |texts| &texts.nodes, variables).await?;
            let (data, found) = client.data::<wire::NodesData<'_>>(&answer)?;
            let given = data.nodes.len();
            if given == 0 || given > rest.len() {
                let place = client.place();
                return Err(TrackerError::Malformed(format!(
                    "{place}: GitHub answered {given} rows for {} ids; the next pass tries again",
                    rest.len()
                )));
            }
            out.read_at.get_or_insert(answer.clock());
            let (these, after) = rest.split_at(given);
            let row_faults = RowFaults::of(&found, &["nodes"]);
            self.take_nodes(client, these, &data, &row_faults, &mut out).await?;
            rest = after;
        }
        Ok(out)
    }

    async fn take_nodes(
        &self,
        client: &Client,
        ids: &[String],
        data: &wire::NodesData<'_>,
        row_faults: &RowFaults,
        out: &mut ReadOut,
    ) -> Result<(), TrackerError> {
        out.gaps.extend(row_faults.boards_gap());
        for (place, (id, row)) in ids.iter().zip(&data.nodes).enumerate() {
            let faults = row_faults.row(place);
            let Some(row) = row else {
                if faults.iter().any(|fault| fault.kind == "NOT_FOUND") {
                    out.absent.push(id.clone());
                } else {
                    out.gaps.push(unread(id, "unreadable-item", "GitHub gave neither it nor why"));
                }
                continue;
            };
            let head: wire::Head = wire::read(row.get()).unwrap_or_default();
            if let Some(other) = head.typename.filter(|name| name != "Issue") {
                out.gaps.push(unread(id, "not-an-issue", &format!("it is a {other}")));
                continue;
            }
            let read = self.row(client, row, faults).await?;
            let outside = match &read.item {
                Some(item) => !self.in_scope(&item.attributes.project).await?,
                None => false,
            };
            if outside {
                out.absent.push(id.clone());
            } else {
                out.items.extend(read.item);
                out.gaps.extend(read.gaps);
            }
        }
        Ok(())
    }

    /// One issue with its whole history.
    async fn row(
        &self,
        client: &Client,
        row: &RawValue,
        row_faults: &[faults::RowFault],
    ) -> Result<Row, TrackerError> {
        let issue: wire::Issue<'_> = match wire::read(row.get()) {
            Ok(issue) => issue,
            Err(path) => {
                let gap = convert::malformed(row, &path);
                let stamp = gap.source.clone().map(|source| Stamp { source, updated_at: None });
                return Ok(Row { stamp, item: None, gaps: vec![gap] });
            }
        };
        let boards = issue.project_items.as_ref().and_then(|list| list.nodes.as_deref());
        for card in boards.unwrap_or_default().iter().flatten() {
            let owner = client.credential().app().map_or("", |(_, owner)| owner);
            self.boards.meet(&card.project.id, owner);
        }
        let answers = self.more_history(client, &issue).await?;
        let mut pages = Vec::with_capacity(answers.len());
        for answer in &answers {
            let (data, _) = client.data::<wire::HistoryData<'_>>(answer)?;
            pages.extend(data.node.and_then(|node| node.timeline_items));
        }
        let (mut item, mut gaps) = convert::issue(&self.connection, &issue, &pages);
        convert::apply_faults(&mut item, row_faults, &mut gaps);
        if !self.titles {
            item.attributes.title = None;
        }
        let stamp = Stamp { source: item.id.source.clone(), updated_at: Some(item.updated_at) };
        Ok(Row { stamp: Some(stamp), item: Some(item), gaps })
    }

    /// The pages of history after the first. A cursor that repeats, or an issue that vanished
    /// meanwhile, ends them early; the last page then still promises more.
    async fn more_history(
        &self,
        client: &Client,
        issue: &wire::Issue<'_>,
    ) -> Result<Vec<Answer>, TrackerError> {
        let mut answers = Vec::new();
        let mut seen = BTreeSet::new();
        let mut at = issue.timeline_items.as_ref().map(|page| page.page_info.clone());
        while let Some(cursor) = at.filter(|at| at.has_next_page).and_then(|at| at.end_cursor) {
            if !seen.insert(cursor.clone()) {
                break;
            }
            let variables = json!({ "id": issue.id, "events": cursor });
            let answer = self.ask_fitting(client, |texts| &texts.history, variables).await?;
            let (data, _) = client.data::<wire::HistoryData<'_>>(&answer)?;
            at = data.node.and_then(|node| node.timeline_items).map(|page| page.page_info);
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Every published release of every repository. A repository that hides its releases is
    /// logged and left out, for releases need a right of their own.
    pub(super) async fn releases(&self) -> Result<Vec<Release>, TrackerError> {
        let mut releases = Vec::new();
        for repository in &self.scopes.repositories() {
            match self.releases_of(repository).await {
                Ok(found) => releases.extend(found),
                Err(error @ (TrackerError::Unauthorized(_) | TrackerError::Refused(_))) => {
                    tracing::warn!("no releases: {error}");
                }
                Err(error) => return Err(error),
            }
        }
        releases.sort();
        Ok(releases)
    }

    async fn releases_of(&self, repository: &Repository) -> Result<Vec<Release>, TrackerError> {
        let full_name = repository.full_name();
        let mut releases = Vec::new();
        let mut after: Option<String> = None;
        let mut seen = BTreeSet::new();
        loop {
            let variables = |n: u32| {
                json!({
                    "owner": repository.owner, "name": repository.name, "after": after, "n": n,
                })
            };
            let client = self.client_of(&repository.owner);
            let answer = client.ask_rows(queries::RELEASES, variables).await?;
            let (data, found) = client.data::<wire::ReleasesData<'_>>(&answer)?;
            let Some(told) = data.repository else {
                return Err(faults::of_repository(client.place(), &full_name, &found));
            };
            for row in told.releases.nodes.unwrap_or_default().into_iter().flatten() {
                match wire::read::<wire::Release>(row.get()) {
                    Ok(release) => {
                        releases.extend(convert::release(&told.name_with_owner, &release));
                    }
                    Err(path) => {
                        tracing::warn!(repository = full_name, path, "a release is unreadable");
                    }
                }
            }
            after = self.next(&told.releases.page_info, after.as_deref(), &full_name)?;
            match &after {
                Some(cursor) if !seen.insert(cursor.clone()) => {
                    return Err(self.repeated(&full_name));
                }
                Some(_) => {}
                None => return Ok(releases),
            }
        }
    }

    /// The token of the next page, unless it cannot lead anywhere.
    pub(super) fn next(
        &self,
        info: &wire::PageInfo,
        asked: Option<&str>,
        repository: &str,
    ) -> Result<Option<String>, TrackerError> {
        match &info.end_cursor {
            _ if !info.has_next_page => Ok(None),
            Some(cursor) if asked != Some(cursor) => Ok(Some(cursor.clone())),
            _ => Err(self.repeated(repository)),
        }
    }

    pub(super) fn repeated(&self, repository: &str) -> TrackerError {
        TrackerError::BadToken(format!(
            "{}: GitHub leads from one page of {repository} back to itself; the walk starts again \
             from its last key",
            self.client.place()
        ))
    }

    /// Keeps the present name of a repository; a gap says when it is not the configured one.
    pub(super) fn remember(&self, configured: &str, present: &str) -> Option<Gap> {
        let mut names = self.present_names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(configured.to_owned(), present.to_owned());
        if self.scopes.covers(present) {
            // The next list of its owner has the present name.
            if !configured.eq_ignore_ascii_case(present) {
                self.scopes.distrust();
            }
            return None;
        }
        (!configured.eq_ignore_ascii_case(present)).then(|| Gap {
            source: None,
            key: None,
            reason: "renamed-repository".to_owned(),
            detail: format!("{configured} is now called {present}; write that into `scopes`"),
        })
    }

    /// Our repositories in lower case, under their configured names and, as far as they are known,
    /// their present ones.
    pub(super) fn known_names(&self) -> BTreeSet<String> {
        let names = self.present_names.lock().unwrap_or_else(PoisonError::into_inner);
        let repositories = self.scopes.repositories();
        let configured = repositories.iter().map(Repository::full_name);
        configured.chain(names.values().cloned()).map(|name| name.to_ascii_lowercase()).collect()
    }

    /// Whether `project` is one of ours under its configured or its present name. An issue that
    /// was transferred elsewhere is still readable by id and must leave.
    async fn in_scope(&self, project: &str) -> Result<bool, TrackerError> {
        if self.scopes.covers(project) {
            return Ok(true);
        }
        let repositories = self.scopes.repositories();
        let unknown: Vec<_> = {
            let names = self.present_names.lock().unwrap_or_else(PoisonError::into_inner);
            let configured = repositories.iter().map(Repository::full_name);
            let mut known = configured.chain(names.values().cloned());
            if known.any(|name| name.eq_ignore_ascii_case(project)) {
                return Ok(true);
            }
            let nameless = |it: &&Repository| !names.contains_key(&it.full_name());
            repositories.iter().filter(nameless).collect()
        };
        for repository in unknown {
            let variables = json!({ "owner": repository.owner, "name": repository.name });
            let client = self.client_of(&repository.owner);
            let answer = client.ask(queries::REPOSITORY, variables).await?;
            let (data, _) = client.data::<wire::RepositoryData>(&answer)?;
            let configured = repository.full_name();
            let present = data.repository.map_or(configured.clone(), |it| it.name_with_owner);
            self.remember(&configured, &present);
            if present.eq_ignore_ascii_case(project) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What one row of an answer became.
struct Row {
    stamp: Option<Stamp>,
    item: Option<Item>,
    gaps: Vec<Gap>,
}

fn hidden_row(repository: &str) -> Gap {
    Gap {
        source: None,
        key: None,
        reason: "hidden-item".to_owned(),
        detail: format!("an issue of {repository} is listed but not visible to the token"),
    }
}

fn unread(source: &str, reason: &str, detail: &str) -> Gap {
    Gap {
        source: Some(source.to_owned()),
        key: None,
        reason: reason.to_owned(),
        detail: detail.to_owned(),
    }
}
