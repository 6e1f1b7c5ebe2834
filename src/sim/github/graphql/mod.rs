//! The GraphQL API: parses the query, refuses what github.com refuses, and resolves the rest
//! generically over the world.

mod args;
mod check;
mod cost;
mod error;
mod parsed;
mod plan;
mod resolve;
mod run;
pub mod schema;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use graphql_parser::query::{self, Definition, OperationDefinition};
use http::{Method, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::model::Timestamp;
use crate::sim::people::People;
use crate::transport::Request;

use super::answer::{message, raw, reply};
use super::limits::{Resource, Standing};
use super::site::State;
use error::Error;

type SelectionSet = query::SelectionSet<'static, String>;
type Field = query::Field<'static, String>;
type Directive = query::Directive<'static, String>;
type Literal = query::Value<'static, String>;
type Operation = query::Query<'static, String>;
type Fragments<'q> = BTreeMap<&'q str, &'q query::FragmentDefinition<'static, String>>;

/// Which GitHub answers.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    pub schema: &'static schema::Schema,
    /// Whether there is a rate limit to tell of.
    pub metered: bool,
}

/// Faults that change a valid answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quirks {
    /// Pages never end and lead back to themselves.
    pub loops: bool,
    /// The first list loses its first element.
    pub partial: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    query: Option<String>,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(default)]
    operation_name: Option<String>,
}

/// Most nodes that a query may ask for.
const NODE_LIMIT: u64 = 500_000;

/// Answers `POST /graphql`.
pub fn answer(
    people: &People,
    state: &mut State,
    request: &Request,
    how: (Dialect, Quirks),
    now: Timestamp,
) -> Response<Bytes> {
    if request.method() != Method::POST {
        return message(404, "Not Found");
    }
    let Ok(body) = serde_json::from_slice::<Body>(request.body()) else {
        return message(400, "Problems parsing JSON");
    };
    let Some(text) = body.query else {
        let text = "A query attribute must be specified and must be a string.";
        return reply(200, &json!({"errors": [{"message": text}]}));
    };
    let variables = body.variables.unwrap_or_default();
    match execute(people, state, &text, variables, body.operation_name.as_deref(), how, now) {
        Ok(text) => raw(200, "application/json; charset=utf-8", Bytes::from(text)),
        Err(errors) => {
            state.limits.charge(Resource::GraphQl, 1, now);
            let errors: Vec<Value> = errors.iter().map(Error::to_json).collect();
            reply(200, &json!({ "errors": errors }))
        }
    }
}

fn execute(
    people: &People,
    state: &mut State,
    text: &str,
    variables: Map<String, Value>,
    name: Option<&str>,
    how: (Dialect, Quirks),
    now: Timestamp,
) -> Result<String, Vec<Error>> {
    let parsed = parsed::parsed(how.0.schema, text)?;
    let document = &parsed.document;
    let mut fragments = Fragments::new();
    let mut operations: Vec<&Operation> = Vec::new();
    let mut anonymous = None;
    for definition in &document.definitions {
        match definition {
            Definition::Fragment(fragment) => drop(fragments.insert(&fragment.name, fragment)),
            Definition::Operation(OperationDefinition::Query(query)) => operations.push(query),
            Definition::Operation(OperationDefinition::SelectionSet(set)) => anonymous = Some(set),
            Definition::Operation(_) => {
                let text = "Resource not accessible by integration";
                return Err(vec![Error::typed("FORBIDDEN", text.to_owned())]);
            }
        }
    }
    let shorthand = anonymous.map(|set| Operation {
        position: set.span.0,
        name: None,
        variable_definitions: Vec::new(),
        directives: Vec::new(),
        selection_set: set.clone(),
    });
    operations.extend(&shorthand);
    let chosen = operations.iter().find(|one| name.is_none() || one.name.as_deref() == name);
    let Some(operation) = chosen else {
        return Err(vec![Error::plain("No operation named in the document".to_owned())]);
    };
    if operations.len() > 1 && name.is_none() {
        return Err(vec![Error::plain("An operation name is required".to_owned())]);
    }
    state.log.note_operation(operation.name.as_deref().unwrap_or("anonymous"));
    if !parsed.sound.load(Ordering::Relaxed) {
        check::check(how.0.schema, operation, &fragments)?;
        parsed.sound.store(operations.len() == 1, Ordering::Relaxed);
    }
    let variables = args::variables(operation, variables)?;
    let cost = cost::cost(operation, &fragments, &variables)?;
    state.limits.charge(Resource::GraphQl, cost.points, now);
    let standing: Standing = state.limits.standing(Resource::GraphQl, now);
    let run = run::Run::new(&state.world, people, &fragments, &variables, cost, standing, how);
    Ok(run.execute(&operation.selection_set))
}
