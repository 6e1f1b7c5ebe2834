//! Projects (V2): boards, their items and the Status field.

use super::super::super::ids::node_id;
use super::super::super::json::{free_text, owner_id};
use super::super::super::records::BoardRecord;
use super::super::super::site::world::{Card, Issue};
use super::super::super::webhooks::option_id;
use super::super::plan::Planned;
use super::super::run::Run;
use super::{Out, Thing, page};

const BORN: &str = "2024-01-01T00:00:00Z";

pub fn board<'w>(run: &Run<'w>, board: &'w BoardRecord, field: &Planned<'w>) -> Out<'w> {
    let path = || format!("/orgs/{}/projects/{}", board.owner, board.number);
    match field.name {
        "id" => Out::text(node_id("PVT", &[owner_id(&board.owner), board.id])),
        "databaseId" => Out::small_id(board.id),
        "fullDatabaseId" => Out::text(board.id.to_string()),
        "number" => Out::int(board.number),
        "title" => Out::text(board.title.as_str()),
        "closed" | "public" => Out::Bool(false),
        "createdAt" => Out::text(BORN),
        "updatedAt" => {
            let newest = items(run, board).map(|(_, card)| card.updated).max();
            newest.map_or(Out::text(BORN), Out::Time)
        }
        "url" => Out::text(format!("https://github.com{}", path())),
        "resourcePath" => Out::text(path()),
        "readme" | "shortDescription" => Out::text(free_text(run.people, "description", board.id)),
        "creator" => Out::person(run, "creator", board.id),
        "items" => {
            let mut all: Vec<_> = items(run, board).collect();
            all.sort_by_key(|(_, card)| (card.created, card.id));
            let cards = all.into_iter().map(|(issue, card)| Thing::Card(issue, card));
            page::of(run, field, cards.collect())
        }
        "fields" => {
            let fields = [false, true].map(|status| Thing::BoardField(board, status));
            page::of(run, field, fields.to_vec())
        }
        "field" => match field.text("name") {
            Some("Status") => Out::Thing(Thing::BoardField(board, true)),
            Some("Title") => Out::Thing(Thing::BoardField(board, false)),
            _ => Out::Null,
        },
        _ => Out::Null,
    }
}

/// The cards of a board whose issues can be seen.
fn items<'w>(run: &Run<'w>, board: &'w BoardRecord) -> impl Iterator<Item = (&'w Issue, &'w Card)> {
    let issues = run.world.issues.values();
    issues.flat_map(move |issue| {
        let cards = issue.cards.iter().filter(move |card| card.board == board.id);
        cards.map(move |card| (issue, card))
    })
}

pub fn card<'w>(run: &Run<'w>, issue: &'w Issue, card: &'w Card, field: &Planned<'w>) -> Out<'w> {
    let status = || card.status.is_some().then_some(Thing::CardStatus(issue, card));
    match field.name {
        "id" => Out::text(card.node_id()),
        "databaseId" => Out::small_id(card.id),
        "fullDatabaseId" => Out::text(card.id.to_string()),
        "type" => Out::text(if issue.pull.is_some() { "PULL_REQUEST" } else { "ISSUE" }),
        "isArchived" => Out::Bool(false),
        "createdAt" => Out::Time(card.created),
        "updatedAt" => Out::Time(card.updated),
        "creator" => Out::person(run, "creator", card.id),
        // Redacted when the issue's repository is out of sight.
        "content" => Out::thing(run.world.issue(issue.id).map(Thing::Issue)),
        "project" => project(run, card),
        "fieldValueByName" => match field.text("name") {
            Some("Status") => Out::thing(status()),
            _ => Out::Null,
        },
        "fieldValues" => {
            let mut values = vec![title(run, issue, card)];
            values.extend(status());
            page::of(run, field, values)
        }
        _ => Out::Null,
    }
}

fn project<'w>(run: &Run<'w>, card: &Card) -> Out<'w> {
    Out::thing(run.world.boards.get(&card.board).map(Thing::Board))
}

/// Every item has its title as the value of a field.
fn title<'w>(run: &Run<'w>, issue: &'w Issue, card: &'w Card) -> Thing<'w> {
    let board = run.world.boards.get(&card.board);
    let fields = vec![
        ("id", Out::text(node_id("PVTFTV", &[card.board, card.id]))),
        ("databaseId", Out::small_id(card.id)),
        ("text", Out::text(issue.title.as_str())),
        ("createdAt", Out::Time(card.created)),
        ("updatedAt", Out::Time(card.created)),
        ("creator", Out::person(run, "creator", card.id)),
        ("field", Out::thing(board.map(|board| Thing::BoardField(board, false)))),
        ("item", Out::Thing(Thing::Card(issue, card))),
    ];
    let type_name = "ProjectV2ItemFieldTextValue";
    Thing::Plain(std::rc::Rc::new(super::Plain { type_name, fields }))
}

/// The value of the Status field of a card.
pub fn status<'w>(run: &Run<'w>, issue: &'w Issue, card: &'w Card, field: &Planned<'w>) -> Out<'w> {
    let name = card.status.as_deref().unwrap_or("");
    match field.name {
        "id" => Out::text(node_id("PVTFSV", &[card.board, card.id])),
        "databaseId" => Out::small_id(card.id),
        "optionId" => Out::text(option_id(name)),
        "name" | "nameHTML" => Out::text(name),
        "color" => Out::text("GRAY"),
        "description" => Out::text(""),
        "createdAt" => Out::Time(card.created),
        "updatedAt" => Out::Time(card.updated),
        "creator" => Out::person(run, "creator", card.id),
        "field" => {
            let board = run.world.boards.get(&card.board);
            Out::thing(board.map(|board| Thing::BoardField(board, true)))
        }
        "item" => Out::Thing(Thing::Card(issue, card)),
        _ => Out::Null,
    }
}

/// The Status field of a board, or its Title field.
pub fn field<'w>(
    _run: &Run<'w>,
    board: &'w BoardRecord,
    status: bool,
    field: &Planned<'w>,
) -> Out<'w> {
    match field.name {
        "id" if status => Out::text(node_id("PVTSSF", &[board.id, 1])),
        "id" => Out::text(node_id("PVTF", &[board.id, 2])),
        "databaseId" => Out::Int(if status { 1 } else { 2 }),
        "name" => Out::text(if status { "Status" } else { "Title" }),
        "dataType" => Out::text(if status { "SINGLE_SELECT" } else { "TITLE" }),
        "createdAt" | "updatedAt" => Out::text(BORN),
        "project" => Out::Thing(Thing::Board(board)),
        "options" => {
            let names = board.statuses.iter().filter(|name| field.allows("names", name));
            Out::List(names.map(|name| option(name)).collect())
        }
        _ => Out::Null,
    }
}

fn option(name: &str) -> Out<'_> {
    Out::plain(
        "ProjectV2SingleSelectFieldOption",
        vec![
            ("id", Out::text(option_id(name))),
            ("name", Out::text(name)),
            ("nameHTML", Out::text(name)),
            ("color", Out::text("GRAY")),
            ("description", Out::text("")),
            ("descriptionHTML", Out::text("")),
        ],
    )
}
