//! What a query costs: the nodes it may return, and the points taken from the hour.
//!
//! GitHub adds up one request for each connection and each parent that may have it, divides by
//! 100, rounds, and takes at least one point (docs.github.com, "Rate limits and query limits for
//! the GraphQL API").

use graphql_parser::query::{Selection, TypeCondition};
use serde_json::{Value, json};

use super::args::{self, Variables};
use super::error::Error;
use super::schema::{SCHEMA, base};
use super::{Field, Fragments, NODE_LIMIT, Operation, SelectionSet};

/// The price of one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub points: u64,
    pub nodes: u64,
}

/// Prices an operation, and refuses pages without a size, of a bad size, or too many nodes.
pub fn cost(
    operation: &Operation,
    fragments: &Fragments<'_>,
    variables: &Variables,
) -> Result<Cost, Vec<Error>> {
    let mut walk = Walk { fragments, variables, requests: 0, nodes: 0, path: Vec::new() };
    let mut errors = Vec::new();
    walk.set(&operation.selection_set, "Query", 1, &mut errors);
    if walk.nodes > NODE_LIMIT {
        let message = format!(
            "This query requests up to {} possible nodes which exceeds the maximum limit of {}.",
            thousands(walk.nodes),
            thousands(NODE_LIMIT)
        );
        errors.push(Error::typed("MAX_NODE_LIMIT_EXCEEDED", message));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Cost { points: ((walk.requests + 50) / 100).max(1), nodes: walk.nodes })
}

struct Walk<'a, 'q> {
    fragments: &'a Fragments<'q>,
    variables: &'a Variables,
    requests: u64,
    nodes: u64,
    path: Vec<Value>,
}

impl Walk<'_, '_> {
    fn set(&mut self, set: &SelectionSet, parent: &str, times: u64, errors: &mut Vec<Error>) {
        for selection in &set.items {
            match selection {
                Selection::Field(field) => self.field(field, parent, times, errors),
                Selection::InlineFragment(inline) => {
                    let on = match &inline.type_condition {
                        Some(TypeCondition::On(on)) => on,
                        None => parent,
                    };
                    self.set(&inline.selection_set, on, times, errors);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(spread.fragment_name.as_str()) {
                        let TypeCondition::On(on) = &fragment.type_condition;
                        self.set(&fragment.selection_set, on, times, errors);
                    }
                }
            }
        }
    }

    fn field(&mut self, field: &Field, parent: &str, times: u64, errors: &mut Vec<Error>) {
        let Some(def) = SCHEMA.field(parent, &field.name) else { return };
        self.path.push(json!(field.alias.as_ref().unwrap_or(&field.name)));
        let mut times = times;
        let args = args::of_field(field, def, self.variables);
        if def.is_connection() {
            match size(field, &args) {
                Ok(size) => {
                    self.requests = self.requests.saturating_add(times);
                    times = times.saturating_mul(size);
                    self.nodes = self.nodes.saturating_add(times);
                }
                Err(error) => errors.push(Error {
                    path: self.path.clone(),
                    at: Some(field.position),
                    ..error
                }),
            }
        } else if let Some(Value::Array(ids)) = args.get("ids") {
            if ids.len() > 100 {
                let message = format!(
                    "You may not provide more than 100 node ids; you provided {}.",
                    ids.len()
                );
                let error = Error::typed("ARGUMENT_LIMIT", message);
                let (path, at) = (self.path.clone(), Some(field.position));
                errors.push(Error { path, at, ..error });
            }
            times = times.saturating_mul(ids.len().max(1) as u64);
            self.nodes = self.nodes.saturating_add(times);
        }
        self.set(&field.selection_set, base(&def.ty), times, errors);
        self.path.pop();
    }
}

/// The size of the page that a connection is asked for.
fn size(field: &Field, args: &args::Args) -> Result<u64, Error> {
    let name = &field.name;
    let Some((side, size)) =
        ["first", "last"].iter().find_map(|side| Some((side, args.get(side)?.as_i64()?)))
    else {
        let message = format!(
            "You must provide a `first` or `last` value to properly paginate the `{name}` \
             connection."
        );
        return Err(Error::typed("MISSING_PAGINATION_BOUNDARIES", message));
    };
    match size {
        1..=100 => Ok(size.unsigned_abs()),
        101.. => {
            let message = format!(
                "Requesting {size} records on the `{name}` connection exceeds the `{side}` limit \
                 of 100 records."
            );
            Err(Error::typed("EXCESSIVE_PAGINATION", message))
        }
        _ => {
            let message = format!("`{side}` on the `{name}` connection cannot be less than 1.");
            Err(Error::typed("INVALID_PAGINATION", message))
        }
    }
}

/// `1234567` as `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
