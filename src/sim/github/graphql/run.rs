//! Runs a checked query: walks the plan over the world and writes the answer.

use std::cell::{Cell, RefCell};
use std::fmt::Write;

use serde_json::{Value, json};

use crate::sim::people::People;

use super::super::json::Json;
use super::super::limits::Standing;
use super::super::site::world::World;
use super::args::Variables;
use super::cost::Cost;
use super::error::Error;
use super::plan::{Plan, Planned, Planner};
use super::resolve::{Out, Thing};
use super::{Dialect, Fragments, Quirks, SelectionSet};

/// One execution.
pub struct Run<'q> {
    pub world: &'q World,
    pub people: &'q People,
    pub cost: Cost,
    pub standing: Standing,
    pub quirks: Quirks,
    pub dialect: Dialect,
    planner: Planner<'q>,
    errors: RefCell<Vec<Error>>,
    lost_one: Cell<bool>,
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

type Path<'a> = Vec<Step<'a>>;

impl<'q> Run<'q> {
    pub fn new(
        world: &'q World,
        people: &'q People,
        fragments: &'q Fragments<'q>,
        variables: &'q Variables,
        cost: Cost,
        standing: Standing,
        (dialect, quirks): (Dialect, Quirks),
    ) -> Self {
        let planner = Planner { fragments, variables };
        let (errors, lost_one) = (RefCell::default(), Cell::new(!quirks.partial));
        Self { world, people, cost, standing, quirks, dialect, planner, errors, lost_one }
    }

    /// The whole answer as JSON text.
    pub fn execute(&self, set: &'q SelectionSet) -> String {
        let mut out = String::with_capacity(1 << 14);
        out.push_str("{\"data\":");
        let plan = self.planner.plan(&[set], "Query");
        self.object(&Thing::Query, &plan, &mut Vec::new(), &mut out);
        let errors = self.errors.take();
        if !errors.is_empty() {
            let errors: Vec<Value> = errors.iter().map(Error::to_json).collect();
            let _ = write!(out, ",\"errors\":{}", json!(errors));
        }
        out.push('}');
        out
    }

    pub fn json(&self) -> Json<'q> {
        Json { world: self.world, people: self.people }
    }

    fn object(&self, thing: &Thing<'q>, plan: &Plan<'q>, path: &mut Path<'q>, out: &mut String) {
        out.push('{');
        for (at, field) in plan.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            for part in ["\"", field.key, "\":"] {
                out.push_str(part);
            }
            if field.name == "__typename" {
                string(thing.type_name(), out);
                continue;
            }
            path.push(Step::Key(field.key));
            let value = thing.resolve(self, field);
            self.value(value, field, path, out);
            path.pop();
        }
        out.push('}');
    }

    fn value(&self, value: Out<'q>, field: &Planned<'q>, path: &mut Path<'q>, out: &mut String) {
        match value {
            Out::Null => out.push_str("null"),
            Out::Bool(yes) => out.push_str(if yes { "true" } else { "false" }),
            Out::Int(number) => drop(write!(out, "{number}")),
            Out::Float(number) => drop(write!(out, "{number}")),
            Out::Text(text) => string(&text, out),
            Out::Time(at) => drop(write!(out, "\"{at}\"")),
            Out::Thing(thing) => {
                let plan = self.planner.below(field, thing.type_name());
                self.object(&thing, &plan, path, out);
            }
            Out::List(items) => self.list(items, field, path, out),
            Out::Failed(kind, message) => {
                let steps = path.iter().map(|step| match step {
                    Step::Key(key) => json!(key),
                    Step::Index(index) => json!(index),
                });
                let (path, at) = (steps.collect(), Some(field.position));
                let error = Error { path, at, ..Error::typed(kind, message) };
                self.errors.borrow_mut().push(error);
                out.push_str("null");
            }
        }
    }

    fn list(
        &self,
        items: Vec<Out<'q>>,
        field: &Planned<'q>,
        path: &mut Path<'q>,
        out: &mut String,
    ) {
        out.push('[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            path.push(Step::Index(at));
            let lose = field.name == "nodes" && !self.lost_one.replace(true);
            let item = if lose {
                let text = "Something went wrong while executing your query.";
                Out::Failed("SERVICE_UNAVAILABLE", text.to_owned())
            } else {
                item
            };
            self.value(item, field, path, out);
            path.pop();
        }
        out.push(']');
    }
}

/// Writes a JSON string.
fn string(text: &str, out: &mut String) {
    let plain = !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}
