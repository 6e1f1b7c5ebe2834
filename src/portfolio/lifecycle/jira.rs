//! The states of a Jira item: status changes by id, resolutions and flags.

use super::{Lifecycle, Meant, Why};
use crate::model::{Category, Change, Named, Precision, Timestamp, What};
use crate::portfolio::history::Past;
use crate::portfolio::known::{Known, Statuses};
use crate::portfolio::workflow::{Meaning, Scope, Workflows};

/// Everything that decides the category at an instant.
#[derive(Clone, Copy)]
struct Now<'a> {
    status: &'a Named,
    resolution: Option<&'a Named>,
    flagged: bool,
}

/// Reads statuses as Jira tells them.
///
/// The first state is where the first status change came from, else the present status. When the
/// last change does not lead to the present status, an inferred one is added at the item's last
/// stamp.
pub(super) fn lifecycle<'a>(
    item: &Known<'a>,
    changes: &[&'a Change],
    past: &Past<'a>,
    workflows: &'a Workflows,
    statuses: &'a Statuses,
) -> Lifecycle<'a> {
    let listed = statuses.of(&item.id.connection);
    let meant = |now: Now<'a>, at: Timestamp, before: Option<Category>| {
        let scope = workflows.of(&item.id.connection, past.at(at).project);
        let listed = listed.and_then(|listed| listed.get(&now.status.id));
        let listed = listed.map(|entry| (entry.status.name.as_str(), entry.category.as_str()));
        meant(now, listed, scope, before)
    };
    let mut now = at_creation(item, changes);
    let precision = if item.history_complete { Precision::Exact } else { Precision::Inferred };
    let first = meant(now, item.created_at, None);
    let mut story = Lifecycle::begin(item.created_at, precision, first);
    note_unknown(&mut story, first);
    let mut newest = item.created_at;
    for change in changes {
        match &change.what {
            What::Status { to, .. } => now.status = to,
            What::Resolution { to, .. } => now.resolution = to.as_ref(),
            What::Flagged { on } => now.flagged = *on,
            // Another project can have another workflow.
            What::Project { .. } => {}
            _ => continue,
        }
        newest = newest.max(change.at);
        let before = story.last().map(|phase| phase.meant.category);
        let after = meant(now, newest, before);
        note_unknown(&mut story, after);
        story.enter(newest, change.precision, after);
    }
    let present = item.attributes;
    let told = same(now.status, &present.status)
        && now.flagged == present.flagged
        && same_ending(now.resolution, present.resolution.as_ref());
    if !told {
        let before = story.last().map(|phase| phase.meant.category);
        let now = Now {
            status: &present.status,
            resolution: present.resolution.as_ref(),
            flagged: present.flagged,
        };
        let at = item.updated_at.max(newest);
        let after = meant(now, at, before);
        note_unknown(&mut story, after);
        story.enter(at, Precision::Inferred, after);
    }
    story
}

fn note_unknown<'a>(story: &mut Lifecycle<'a>, meant: Meant<'a>) {
    if meant.why == Why::Unknown {
        story.unknown.insert(meant.status);
    }
}

/// The oldest values that the changes name, else the present ones.
fn at_creation<'a>(item: &Known<'a>, changes: &[&'a Change]) -> Now<'a> {
    let present = item.attributes;
    let mut oldest: (Option<&Named>, Option<Option<&Named>>, Option<bool>) = (None, None, None);
    for change in changes {
        match &change.what {
            What::Status { from, .. } => oldest.0 = oldest.0.or(Some(from)),
            What::Resolution { from, .. } => oldest.1 = oldest.1.or(Some(from.as_ref())),
            What::Flagged { on } => oldest.2 = oldest.2.or(Some(!on)),
            _ => {}
        }
    }
    Now {
        status: oldest.0.unwrap_or(&present.status),
        resolution: oldest.1.unwrap_or(present.resolution.as_ref()),
        flagged: oldest.2.unwrap_or(present.flagged),
    }
}

/// The meaning of a status: the workflow, then the tracker's category, then the state before.
fn meant<'a>(
    now: Now<'a>,
    listed: Option<(&'a str, &'a str)>,
    scope: Scope<'a>,
    before: Option<Category>,
) -> Meant<'a> {
    let own = if now.status.name.is_empty() { &now.status.id } else { &now.status.name };
    let name = listed.map_or(own.as_str(), |(name, _)| name);
    let declared = scope.meaning(&now.status.id, name);
    let (category, why) = match (declared, listed.map(|(_, category)| category)) {
        (Some((meaning, line)), _) => (meaning.category(), Why::declared(meaning, line)),
        (None, Some(key @ "new")) => (Category::Proposed, Why::Tracker(key)),
        (None, Some(key @ "indeterminate")) => (Category::Active, Why::Tracker(key)),
        (None, Some(key @ "done")) => (Category::Done, Why::Tracker(key)),
        _ => (before.unwrap_or(Category::Proposed), Why::Unknown),
    };
    let mut meant = Meant::new(category, name, why);
    let blocked = declared.is_some_and(|(meaning, _)| meaning == Meaning::Blocked) || now.flagged;
    meant.blocked = blocked && category.is_started();
    let discarded = now.resolution.filter(|resolution| scope.discards(resolution));
    if category == Category::Done
        && why != Why::Unknown
        && let Some(resolution) = discarded
    {
        meant.category = Category::Dropped;
        meant.why = Why::Resolution(&resolution.name);
    }
    if meant.category == Category::Dropped {
        let resolution = now.resolution;
        meant.duplicate = scope.duplicates(&now.status.id, name)
            || resolution.is_some_and(|one| scope.duplicates(&one.id, &one.name));
    }
    meant
}

fn same(a: &Named, b: &Named) -> bool {
    if a.id.is_empty() || b.id.is_empty() { a.name == b.name } else { a.id == b.id }
}

fn same_ending(a: Option<&Named>, b: Option<&Named>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}
