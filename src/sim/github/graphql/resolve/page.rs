//! Lists in pages.

use std::rc::Rc;

use serde_json::Value;

use super::super::super::ids::Cursor;
use super::super::plan::Planned;
use super::super::run::Run;
use super::super::schema::{SCHEMA, base};
use super::{Out, Thing};

/// One page of a connection.
pub struct Page<'w> {
    pub type_name: &'static str,
    pub items: Vec<(Thing<'w>, Cursor)>,
    pub total: usize,
    pub has_next: bool,
    pub has_previous: bool,
    /// Set while pages lead back to themselves: the cursor that every page ends with.
    pub stuck_at: Option<String>,
}

impl Page<'_> {
    pub fn edge_type(&self) -> &'static str {
        SCHEMA.field(self.type_name, "edges").map_or("", |edges| base(&edges.ty))
    }
}

/// The page of a short list that `field` asks for; cursors are places in the list.
pub fn of<'w>(run: &Run<'w>, field: &Planned<'w>, things: Vec<Thing<'w>>) -> Out<'w> {
    let total = things.len();
    let items: Vec<_> =
        things.into_iter().enumerate().map(|(at, thing)| (thing, Cursor::Offset(at))).collect();
    let place = |arg: &str| match field.text(arg).map(|text| (text, Cursor::decode(text))) {
        None => Ok(None),
        Some((_, Some(Cursor::Offset(at)))) => Ok(Some(at)),
        Some((text, _)) => Err(bad_cursor(text)),
    };
    let (after, before) = match (place("after"), place("before")) {
        (Ok(after), Ok(before)) => (after, before),
        (Err(bad), _) | (_, Err(bad)) => return bad,
    };
    let from = after.map_or(0, |after| after + 1).min(total);
    let to = before.unwrap_or(total).clamp(from, total);
    cut(run, field, items, total, from, to)
}

/// A page of the items `[from, to)`, as many of them as `first` or `last` says.
fn cut<'w>(
    run: &Run<'w>,
    field: &Planned<'w>,
    mut items: Vec<(Thing<'w>, Cursor)>,
    total: usize,
    mut from: usize,
    mut to: usize,
) -> Out<'w> {
    if let Some(first) = size(field, "first") {
        to = to.min(from + first);
    }
    if let Some(last) = size(field, "last") {
        from = from.max(to.saturating_sub(last));
    }
    let has_next = to < items.len();
    items.truncate(to);
    let items = items.split_off(from.min(items.len()));
    done(run, field, items, total, has_next, from > 0)
}

/// A page whose items, and whether more follow, are already known.
pub fn done<'w>(
    run: &Run<'w>,
    field: &Planned<'w>,
    items: Vec<(Thing<'w>, Cursor)>,
    total: usize,
    has_next: bool,
    has_previous: bool,
) -> Out<'w> {
    let asked = || field.text("after").map(str::to_owned);
    let stuck = || asked().or_else(|| items.last().map(|(_, cursor)| cursor.encode()));
    let stuck_at = if run.quirks.loops { stuck() } else { None };
    let type_name = field.gives;
    let page = Page { type_name, items, total, has_next, has_previous, stuck_at };
    Out::Thing(Thing::Page(Rc::new(page)))
}

pub fn size(field: &Planned<'_>, arg: &str) -> Option<usize> {
    field.args.get(arg).and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok())
}

pub fn bad_cursor<'w>(text: &str) -> Out<'w> {
    let message = format!("`{text}` does not appear to be a valid cursor.");
    Out::Failed("INVALID_CURSOR_ARGUMENTS", message)
}

/// A field of a connection.
pub fn page<'w>(page: &Rc<Page<'w>>, field: &Planned<'w>) -> Out<'w> {
    match field.name {
        "totalCount" | "filteredCount" => Out::int(page.total as u64),
        "pageCount" => Out::int(page.items.len() as u64),
        "totalDiskUsage" => Out::Int(0),
        "nodes" => {
            Out::List(page.items.iter().map(|(thing, _)| Out::Thing(thing.clone())).collect())
        }
        "edges" => {
            let edges = 0..page.items.len();
            Out::List(edges.map(|at| Out::Thing(Thing::Edge(Rc::clone(page), at))).collect())
        }
        "pageInfo" => info(page),
        // The newest entry of a timeline.
        "updatedAt" => match page.items.last() {
            Some((Thing::Event(_, event), _)) => Out::Time(event.at),
            _ => Out::text("1970-01-01T00:00:00Z"),
        },
        _ => Out::Null,
    }
}

fn info<'w>(page: &Page<'w>) -> Out<'w> {
    let cursor = |item: Option<&(Thing<'w>, Cursor)>| {
        item.map_or(Out::Null, |(_, cursor)| Out::text(cursor.encode()))
    };
    let end = match &page.stuck_at {
        Some(stuck) => Out::text(stuck.clone()),
        None => cursor(page.items.last()),
    };
    Out::plain(
        "PageInfo",
        vec![
            ("hasNextPage", Out::Bool(page.has_next || page.stuck_at.is_some())),
            ("hasPreviousPage", Out::Bool(page.has_previous)),
            ("startCursor", cursor(page.items.first())),
            ("endCursor", end),
        ],
    )
}

pub fn edge<'w>(page: &Page<'w>, at: usize, field: &Planned<'w>) -> Out<'w> {
    let Some((thing, cursor)) = page.items.get(at) else { return Out::Null };
    match field.name {
        "node" => Out::Thing(thing.clone()),
        "cursor" => Out::text(cursor.encode()),
        _ => Out::Null,
    }
}
