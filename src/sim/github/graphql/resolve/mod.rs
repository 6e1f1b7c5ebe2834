//! What each field of each type is worth. One file for each part of the site.

mod board;
mod event;
mod introspect;
mod issue;
mod page;
mod repo;
mod root;

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use crate::model::Timestamp;
use crate::sim::people::Canary;

use super::super::records::{BoardRecord, MilestoneRecord, ReleaseRecord};
use super::super::site::world::{Card, Event, Issue, Label, Repo};
use super::plan::Planned;
use super::run::Run;
use super::schema::TypeDef;

pub use page::Page;

/// A value with fields.
#[derive(Clone)]
pub enum Thing<'w> {
    Query,
    Repository(&'w Repo),
    Organization(&'w str),
    Person(Arc<Canary>),
    /// Issues and pull requests.
    Issue(&'w Issue),
    Label(&'w Label),
    Milestone(&'w MilestoneRecord),
    Release(&'w ReleaseRecord),
    IssueType(&'w str),
    Board(&'w BoardRecord),
    Card(&'w Issue, &'w Card),
    CardStatus(&'w Issue, &'w Card),
    /// A field of a board: the Status field, or one that holds text.
    BoardField(&'w BoardRecord, bool),
    Event(&'w Issue, &'w Event),
    Page(Rc<Page<'w>>),
    Edge(Rc<Page<'w>>, usize),
    Schema(&'static TypeDef),
    /// A small object whose fields are known when it is made.
    Plain(Rc<Plain<'w>>),
}

/// See [`Thing::Plain`]. Fields that are not listed are null.
pub struct Plain<'w> {
    pub type_name: &'static str,
    pub fields: Vec<(&'static str, Out<'w>)>,
}

/// The value of a field.
#[derive(Clone)]
pub enum Out<'w> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'w, str>),
    Time(Timestamp),
    Thing(Thing<'w>),
    List(Vec<Out<'w>>),
    /// Null, with an entry of this type and message in `errors`.
    Failed(&'static str, String),
}

impl<'w> Thing<'w> {
    /// The concrete type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Repository(_) => "Repository",
            Self::Organization(_) => "Organization",
            Self::Person(_) => "User",
            Self::Issue(issue) if issue.pull.is_some() => "PullRequest",
            Self::Issue(_) => "Issue",
            Self::Label(_) => "Label",
            Self::Milestone(_) => "Milestone",
            Self::Release(_) => "Release",
            Self::IssueType(_) => "IssueType",
            Self::Board(_) => "ProjectV2",
            Self::Card(..) => "ProjectV2Item",
            Self::CardStatus(..) => "ProjectV2ItemFieldSingleSelectValue",
            Self::BoardField(_, true) => "ProjectV2SingleSelectField",
            Self::BoardField(_, false) => "ProjectV2Field",
            Self::Event(_, event) => event.type_name.unwrap_or("UserBlockedEvent"),
            Self::Page(page) => page.type_name,
            Self::Edge(page, _) => page.edge_type(),
            Self::Schema(_) => "__Type",
            Self::Plain(plain) => plain.type_name,
        }
    }

    /// The value of one field.
    pub fn resolve(&self, run: &Run<'w>, field: &Planned<'w>) -> Out<'w> {
        match self {
            Self::Query => root::query(run, field),
            Self::Repository(repo) => repo::repository(run, repo, field),
            Self::Organization(login) => repo::organization(run, login, field),
            Self::Person(_) if field.name == "repositories" => page::of(run, field, Vec::new()),
            Self::Person(canary) => repo::person(canary, field),
            Self::Issue(issue) => issue::issue(run, issue, field),
            Self::Label(label) => repo::label(run, label, field),
            Self::Milestone(milestone) => repo::milestone(run, milestone, field),
            Self::Release(release) => repo::release(run, release, field),
            Self::IssueType(name) => repo::issue_type(run, name, field),
            Self::Board(board) => board::board(run, board, field),
            Self::Card(issue, card) => board::card(run, issue, card, field),
            Self::CardStatus(issue, card) => board::status(run, issue, card, field),
            Self::BoardField(board, status) => board::field(run, board, *status, field),
            Self::Event(issue, event) => event::event(run, issue, event, field),
            Self::Page(page) => page::page(page, field),
            Self::Edge(page, at) => page::edge(page, *at, field),
            Self::Schema(ty) => introspect::ty(ty, field),
            Self::Plain(plain) => {
                let known = plain.fields.iter().find(|(name, _)| *name == field.name);
                known.map_or(Out::Null, |(_, value)| value.clone())
            }
        }
    }
}

impl<'w> Out<'w> {
    pub fn text(text: impl Into<Cow<'w, str>>) -> Self {
        Self::Text(text.into())
    }

    pub fn int(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// `databaseId`, which is null where 32 bits are too few.
    pub fn small_id(id: u64) -> Self {
        i32::try_from(id).map_or(Self::Null, |id| Self::Int(i64::from(id)))
    }

    pub fn time(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Null, Self::Time)
    }

    pub fn thing(thing: Option<Thing<'w>>) -> Self {
        thing.map_or(Self::Null, Self::Thing)
    }

    pub fn plain(type_name: &'static str, fields: Vec<(&'static str, Out<'w>)>) -> Self {
        Self::Thing(Thing::Plain(Rc::new(Plain { type_name, fields })))
    }

    /// The canary in a role.
    pub fn person(run: &Run<'w>, role: &str, nth: u64) -> Self {
        Self::Thing(Thing::Person(run.people.in_role(role, nth)))
    }

    /// A page with a few canaries.
    pub fn people(run: &Run<'w>, role: &str, nth: u64, field: &Planned<'w>) -> Self {
        let people = [run.people.in_role(role, nth), run.people.in_role(role, nth + 1)];
        page::of(run, field, people.map(Thing::Person).to_vec())
    }
}
