//! Schemas of what is served and taken, from its types.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// The schema of one type: a reference, with its definition left in the generator.
pub(super) type Of = fn(&mut SchemaGenerator) -> Schema;

/// The schema of `T`.
pub(super) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Definitions for answers, and for what is sent to us: a field with a default is always told and
/// need not be sent.
pub(super) struct Schemas {
    answers: SchemaGenerator,
    questions: SchemaGenerator,
}

impl Schemas {
    pub fn new() -> Self {
        let place = "/components/schemas";
        let settings =
            || SchemaSettings::draft2020_12().with(|to| to.definitions_path = place.into());
        Self {
            answers: settings().for_serialize().into_generator(),
            questions: settings().for_deserialize().into_generator(),
        }
    }

    pub fn answer(&mut self, of: Of) -> Value {
        let mut schema = of(&mut self.answers).to_value();
        close(&mut schema, false);
        schema
    }

    pub fn question(&mut self, of: Of) -> Value {
        of(&mut self.questions).to_value()
    }

    /// Every definition, each closed: no field may be there that it does not name.
    pub fn take(mut self) -> Map<String, Value> {
        let mut all = self.questions.take_definitions(true);
        all.extend(self.answers.take_definitions(true));
        for schema in all.values_mut() {
            close(schema, false);
        }
        all
    }
}

/// Words under which parts of the same object stand.
const PARTS: [&str; 3] = ["oneOf", "anyOf", "allOf"];
/// Words under which other values stand.
const OTHERS: [&str; 2] = ["items", "additionalProperties"];

/// Says of each object that it has no other fields. An object that is described in `parts` says so
/// once for all of them.
fn close(schema: &mut Value, part: bool) {
    let Some(map) = schema.as_object_mut() else { return };
    let own = map.contains_key("properties");
    let parts = PARTS.iter().any(|word| map.contains_key(*word)) || map.contains_key("$ref");
    for word in PARTS {
        for one in map.get_mut(word).and_then(Value::as_array_mut).into_iter().flatten() {
            close(one, part || own);
        }
    }
    for word in OTHERS {
        if let Some(one) = map.get_mut(word) {
            close(one, false);
        }
    }
    for one in map.get_mut("prefixItems").and_then(Value::as_array_mut).into_iter().flatten() {
        close(one, false);
    }
    for one in map.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        close(one.1, false);
    }
    if own && !part {
        let word = if parts { "unevaluatedProperties" } else { "additionalProperties" };
        map.insert(word.to_owned(), Value::Bool(false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_closed_once() {
        let mut schema = json!({
            "properties": { "a": { "properties": {} } },
            "oneOf": [{ "properties": { "b": {} } }, { "properties": { "c": { "properties": {} } } }],
        });
        close(&mut schema, false);
        let expected = json!({
            "properties": { "a": { "properties": {}, "additionalProperties": false } },
            "oneOf": [
                { "properties": { "b": {} } },
                { "properties": { "c": { "properties": {}, "additionalProperties": false } } },
            ],
            "unevaluatedProperties": false,
        });
        assert_eq!(schema, expected);
    }
}
