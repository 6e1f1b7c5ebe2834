//! Whether an answer could have come from github.com: GraphQL answers are walked along the query
//! and the schema, JSON objects are checked against the OpenAPI description.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use apollo_compiler::ast::Type;
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Value, json};

pub const SDL: &str = include_str!("../../../src/sim/github/graphql/schema.graphql");

pub static SCHEMA: LazyLock<Valid<Schema>> =
    LazyLock::new(|| Schema::parse_and_validate(SDL, "schema.graphql").unwrap());

static REST: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../schemas/github/rest.json")).unwrap());

/// Checks the query against the schema and the data against both. Returns the concrete types
/// that occurred.
#[track_caller]
pub fn check_data(query: &str, data: &Value) -> BTreeSet<String> {
    let document = ExecutableDocument::parse_and_validate(&SCHEMA, query, "query.graphql");
    let document = document.unwrap_or_else(|errors| panic!("{}", errors.errors));
    let operation = document.operations.iter().next().unwrap();
    let mut walk = Walk { document: &document, seen: BTreeSet::new() };
    walk.object(data, &operation.selection_set, "Query", "data");
    walk.seen
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    seen: BTreeSet<String>,
}

impl Walk<'_> {
    fn object(&mut self, value: &Value, set: &SelectionSet, concrete: &str, path: &str) {
        assert!(value.is_object(), "{path} should be a {concrete}, is {value}");
        self.seen.insert(concrete.to_owned());
        let mut expected = BTreeSet::new();
        self.fields(value, set, concrete, path, &mut expected);
        for key in value.as_object().unwrap().keys() {
            assert!(expected.contains(key), "{path}.{key} was not asked for");
        }
    }

    fn fields(
        &mut self,
        value: &Value,
        set: &SelectionSet,
        concrete: &str,
        path: &str,
        expected: &mut BTreeSet<String>,
    ) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    let key = field.response_key().to_string();
                    let path = format!("{path}.{key}");
                    let found = value.get(&key).unwrap_or_else(|| panic!("{path} is missing"));
                    expected.insert(key);
                    if field.name == "__typename" {
                        assert_eq!(found, concrete, "{path}");
                    } else {
                        self.value(found, field.ty(), &field.selection_set, &path);
                    }
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.type_condition.as_ref();
                    if on.is_none_or(|on| is(concrete, on)) {
                        self.fields(value, &inline.selection_set, concrete, path, expected);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = &self.document.fragments[&spread.fragment_name];
                    if is(concrete, fragment.type_condition()) {
                        self.fields(value, &fragment.selection_set, concrete, path, expected);
                    }
                }
            }
        }
    }

    fn value(&mut self, value: &Value, ty: &Type, set: &SelectionSet, path: &str) {
        if value.is_null() {
            assert!(!ty.is_non_null(), "{path} must not be null");
            return;
        }
        if ty.is_list() {
            let items = value.as_array().unwrap_or_else(|| panic!("{path} should be a list"));
            for (at, item) in items.iter().enumerate() {
                self.value(item, ty.item_type(), set, &format!("{path}[{at}]"));
            }
            return;
        }
        let name = ty.inner_named_type();
        match &SCHEMA.types[name] {
            ExtendedType::Object(_) => self.object(value, set, name, path),
            ExtendedType::Interface(_) | ExtendedType::Union(_) => {
                let concrete = match value["__typename"].as_str() {
                    Some(concrete) => concrete.to_owned(),
                    None => self.by_keys(value, set, name, path),
                };
                assert!(is(&concrete, name), "{path}: a {concrete} is no {name}");
                self.object(value, set, &concrete, path);
            }
            ExtendedType::Enum(list) => {
                let text = value.as_str().unwrap_or_else(|| panic!("{path} is no text"));
                assert!(list.values.keys().any(|one| one == text), "{path}: {text} is no {name}");
            }
            _ => check_scalar(value, name, path),
        }
    }

    /// The type of an object that does not name it: the one that would have these keys.
    fn by_keys(&self, value: &Value, set: &SelectionSet, name: &str, path: &str) -> String {
        let keys: BTreeSet<String> = value.as_object().unwrap().keys().cloned().collect();
        let mut possible = SCHEMA.types.keys().filter(|one| is(one, name));
        let found = possible.find(|one| self.keys(set, one) == keys);
        found.unwrap_or_else(|| panic!("{path} is no {name}: {value}")).to_string()
    }

    fn keys(&self, set: &SelectionSet, concrete: &str) -> BTreeSet<String> {
        let of = |selection: &Selection| match selection {
            Selection::Field(field) => BTreeSet::from([field.response_key().to_string()]),
            Selection::InlineFragment(inline) => match &inline.type_condition {
                Some(on) if !is(concrete, on) => BTreeSet::new(),
                _ => self.keys(&inline.selection_set, concrete),
            },
            Selection::FragmentSpread(spread) => {
                let fragment = &self.document.fragments[&spread.fragment_name];
                match is(concrete, fragment.type_condition()) {
                    true => self.keys(&fragment.selection_set, concrete),
                    false => BTreeSet::new(),
                }
            }
        };
        set.selections.iter().flat_map(of).collect()
    }
}

fn check_scalar(value: &Value, name: &str, path: &str) {
    let good = match name {
        "Int" => value.as_i64().is_some_and(|int| i32::try_from(int).is_ok()),
        "Float" => value.is_number(),
        "Boolean" => value.is_boolean(),
        "DateTime" => value.as_str().is_some_and(|text| text.len() == 20 && text.ends_with('Z')),
        "BigInt" => value.as_str().is_some_and(|text| text.parse::<u64>().is_ok()),
        "URI" => value.as_str().is_some_and(|text| text.starts_with(['h', '/'])),
        _ => value.is_string(),
    };
    assert!(good, "{path}: {value} is no {name}");
}

fn is(concrete: &str, condition: &str) -> bool {
    concrete == condition || SCHEMA.is_subtype(condition, concrete)
}

/// Checks a JSON value against a schema of the OpenAPI description.
#[track_caller]
pub fn check_rest(name: &str, value: &Value) {
    assert!(REST["$defs"].get(name).is_some(), "no schema is called {name}");
    let schema = json!({"$ref": format!("#/$defs/{name}"), "$defs": REST["$defs"]});
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

/// A selection of every field of a type and, `depth` levels down, of what they give. Aliases keep
/// fields of different types apart.
pub fn everything(type_name: &str, depth: usize) -> String {
    let fields = match &SCHEMA.types[type_name] {
        ExtendedType::Object(object) => &object.fields,
        _ => {
            let members = SCHEMA.types.keys().filter(|name| {
                SCHEMA.types[*name].is_object() && is(name, type_name) && *name != "Query"
            });
            let each = members.map(|name| format!("... on {name} {}", everything(name, depth)));
            return format!("{{ __typename {} }}", each.collect::<Vec<_>>().join(" "));
        }
    };
    let each = fields.values().map(|field| {
        let below = field.ty.inner_named_type();
        let connection = below.ends_with("Connection");
        let leaf = SCHEMA.types[below].is_leaf();
        let selection = match depth {
            _ if leaf => String::new(),
            0 if connection => "{ __typename totalCount }".to_owned(),
            _ if connection => pages(below, depth),
            0 => "{ __typename }".to_owned(),
            _ => everything(below, depth - 1),
        };
        let required = field.arguments.iter().find(|argument| argument.is_required());
        let arguments = match required.map(|argument| argument.name.as_str()) {
            _ if connection => format!("(first: {})", if depth == 0 { 1 } else { 100 }),
            Some("number") => match field.name.as_str() {
                "projectV2" => "(number: 7)".to_owned(),
                "pullRequest" => "(number: 4)".to_owned(),
                _ => "(number: 1)".to_owned(),
            },
            Some("name") if type_name == "Organization" => "(name: \"checkout\")".to_owned(),
            Some("name") => "(name: \"Status\")".to_owned(),
            _ => String::new(),
        };
        format!("{type_name}_{0}: {0}{arguments} {selection}", field.name)
    });
    format!("{{ __typename {} }}", each.collect::<Vec<_>>().join(" "))
}

/// A selection of a connection with its edges and nodes.
fn pages(connection: &str, depth: usize) -> String {
    let node = SCHEMA.type_field(connection, "nodes").unwrap().ty.inner_named_type();
    let every = everything(node, depth - 1);
    let own = ["filteredCount", "pageCount", "updatedAt", "totalDiskUsage"];
    let own = own.iter().filter(|name| SCHEMA.type_field(connection, name).is_ok());
    let own = own.copied().collect::<Vec<_>>().join(" ");
    let info = "pageInfo { __typename hasNextPage hasPreviousPage startCursor endCursor }";
    format!(
        "{{ __typename totalCount {own} {info} edges {{ __typename cursor node {every} }} \
         nodes {{ __typename }} }}"
    )
}
