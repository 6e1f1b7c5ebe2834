//! What a world keeps of a stored item: enough to tell which one it is, what it is linked to and
//! how it was placed. A world holds a million of these; the whole item is read again from the
//! store when somebody asks for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{
    ConnectionId, ItemId, ItemRef, Precision, Relation, Timestamp, TrackerKind, What,
};
use crate::portfolio::{Placed, TeamStatus};
use crate::store::{Removed, StoredItem};

/// Where items come from; shared by all items of a project.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Home {
    pub connection: ConnectionId,
    pub tracker: TrackerKind,
    /// The project's key, or `owner/repo`.
    pub project: String,
}

/// An item as a world knows it, without its key and its timeline.
#[derive(Debug)]
pub(super) struct Kept {
    pub home: Arc<Home>,
    /// The tracker's immutable id.
    pub source: Box<str>,
    /// Ids of the releases that contain it.
    pub releases: Box<[Arc<str>]>,
    /// What most items do not have.
    pub more: Option<Box<More>>,
}

/// What only some items have.
#[derive(Debug, Default)]
pub(super) struct More {
    /// Former keys.
    pub aliases: Vec<String>,
    pub links: Vec<Told>,
    pub removed: Option<Removed>,
    pub unknown_statuses: Vec<String>,
    /// Of contested and unplaced items.
    pub astray: Option<Astray>,
}

/// Why an item has no team, and by what it could get one.
#[derive(Debug)]
pub(super) struct Astray {
    pub status: TeamStatus,
    pub components: Vec<String>,
    pub labels: Vec<String>,
}

/// One end's word about a link.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub relation: Relation,
    pub other: ItemRef,
    /// `None`: it stands, first seen at `at`. Else it was made (true) or taken away at `at`.
    pub added: Option<bool>,
    pub at: Timestamp,
    pub precision: Precision,
}

/// Texts that many items share, each held once.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    homes: BTreeMap<String, BTreeMap<String, Arc<Home>>>,
    releases: BTreeMap<Arc<str>, ()>,
}

impl Texts {
    pub fn home(&mut self, item: &StoredItem) -> Arc<Home> {
        let (connection, project) = (&item.id.connection, &item.attributes.project);
        let known = self.homes.get(&connection.0).and_then(|projects| projects.get(project));
        if let Some(home) = known.filter(|home| home.tracker == item.tracker) {
            return Arc::clone(home);
        }
        let home = Arc::new(Home {
            connection: connection.clone(),
            tracker: item.tracker,
            project: project.clone(),
        });
        let projects = self.homes.entry(connection.0.clone()).or_default();
        projects.insert(project.clone(), Arc::clone(&home));
        home
    }

    fn release(&mut self, id: &str) -> Arc<str> {
        if let Some((known, ())) = self.releases.get_key_value(id) {
            return Arc::clone(known);
        }
        let id: Arc<str> = Arc::from(id);
        self.releases.insert(Arc::clone(&id), ());
        id
    }
}

impl Kept {
    /// `placed` is given for items that flow.
    pub fn new(item: &StoredItem, placed: Option<&mut Placed>, texts: &mut Texts) -> Self {
        let attributes = &item.attributes;
        let links = links(item);
        let unknown_statuses =
            placed.as_ref().map_or_else(Vec::new, |placed| placed.unknown_statuses.clone());
        let astray = placed.and_then(|placed| {
            let whole = TeamStatus::Unplaced;
            let status = std::mem::replace(&mut placed.team_status, whole);
            (!matches!(status, TeamStatus::Placed { .. })).then(|| Astray {
                status,
                components: attributes.components.iter().map(|one| one.name.clone()).collect(),
                labels: attributes.labels.clone(),
            })
        });
        let plain = item.aliases.is_empty()
            && links.is_empty()
            && item.removed.is_none()
            && unknown_statuses.is_empty()
            && astray.is_none();
        let more = (!plain).then(|| {
            Box::new(More {
                aliases: item.aliases.clone(),
                links,
                removed: item.removed.clone(),
                unknown_statuses,
                astray,
            })
        });
        Self {
            home: texts.home(item),
            source: item.id.source.as_str().into(),
            releases: attributes.releases.iter().map(|id| texts.release(id)).collect(),
            more,
        }
    }

    /// In the order in which ids are sorted.
    pub fn id(&self) -> (&ConnectionId, &str) {
        (&self.home.connection, &self.source)
    }

    pub fn item_id(&self) -> ItemId {
        let (connection, source) = self.id();
        ItemId { connection: connection.clone(), source: source.to_owned() }
    }

    pub fn removed(&self) -> Option<&Removed> {
        self.more.as_ref()?.removed.as_ref()
    }

    /// The key under which an item that left lives on.
    pub fn goes_to(&self) -> Option<&str> {
        self.removed().and_then(|removed| removed.departure.to())
    }

    pub fn aliases(&self) -> &[String] {
        self.more.as_ref().map_or(&[], |more| &more.aliases)
    }

    pub fn links(&self) -> &[Told] {
        self.more.as_ref().map_or(&[], |more| &more.links)
    }

    pub fn unknown_statuses(&self) -> &[String] {
        self.more.as_ref().map_or(&[], |more| &more.unknown_statuses)
    }

    pub fn astray(&self) -> Option<&Astray> {
        self.more.as_ref()?.astray.as_ref()
    }
}

/// What the item itself says of links, the history first.
fn links(item: &StoredItem) -> Vec<Told> {
    let changes = item.history.iter().filter_map(|change| match &change.what {
        What::Link { relation, other, added } => Some(Told {
            relation: *relation,
            other: other.clone(),
            added: Some(*added),
            at: change.at,
            precision: change.precision,
        }),
        _ => None,
    });
    let present = item.attributes.links.iter().map(|link| Told {
        relation: link.relation,
        other: link.other.clone(),
        added: None,
        at: item.first_seen,
        precision: Precision::Polled,
    });
    changes.chain(present).filter(|told| told.relation != Relation::Duplicates).collect()
}
