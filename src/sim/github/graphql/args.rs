//! Variables and arguments as JSON values.

use std::collections::BTreeMap;

use graphql_parser::query::{Text, Value as Constant};
use serde_json::{Map, Value, json};

use super::error::Error;
use super::schema::{FieldDef, Kind, SCHEMA, Schema, Type, TypeRef};
use super::{Field, Literal, Operation};

/// The variables of an operation with their defaults.
pub type Variables = BTreeMap<String, Value>;

/// The arguments of a field, coerced, with the schema's defaults; `null` counts as absent.
pub type Args = BTreeMap<&'static str, Value>;

/// Checks the given variables against their declarations.
pub fn variables(
    operation: &Operation,
    mut given: Map<String, Value>,
) -> Result<Variables, Vec<Error>> {
    let mut variables = Variables::new();
    let mut errors = Vec::new();
    for declared in &operation.variable_definitions {
        let default =
            || declared.default_value.as_ref().map(|value| literal(value, &Variables::new()));
        let value = given.remove(&declared.name).or_else(default).unwrap_or(Value::Null);
        if !fits(&value, &declared.var_type) {
            let ty = &declared.var_type;
            let message =
                format!("Variable ${} of type {ty} was provided invalid value", declared.name);
            let extensions = json!({"value": value, "problems": []});
            errors.push(Error::in_query(message, declared.position, &[], extensions));
        }
        variables.insert(declared.name.clone(), value);
    }
    if errors.is_empty() { Ok(variables) } else { Err(errors) }
}

/// Whether a JSON value can be of a type.
fn fits<T: Text<'static>>(value: &Value, ty: &Type<'static, T>) -> bool {
    match (ty, value) {
        (Type::NonNullType(inner), value) => !value.is_null() && fits(value, inner),
        (_, Value::Null) => true,
        (Type::ListType(inner), Value::Array(items)) => items.iter().all(|item| fits(item, inner)),
        (Type::ListType(inner), one) => fits(one, inner),
        (Type::NamedType(name), value) => match name.as_ref() {
            "Int" => value.as_i64().is_some_and(|int| i32::try_from(int).is_ok()),
            "Float" => value.is_number(),
            "Boolean" => value.is_boolean(),
            "ID" => value.is_string() || value.is_i64(),
            "DateTime" => {
                value.as_str().is_some_and(|text| crate::model::Timestamp::parse(text).is_ok())
            }
            name => fits_named(value, name),
        },
    }
}

fn fits_named(value: &Value, name: &str) -> bool {
    let Some(ty) = SCHEMA.get(name) else { return false };
    match (ty.kind, value) {
        (Kind::Scalar, value) => value.is_string(),
        (Kind::Enum, Value::String(text)) => ty.values.contains(&text.as_str()),
        (Kind::Input, Value::Object(object)) => {
            let known = |key: &String| ty.inputs.iter().any(|input| input.name == key);
            let good = |input: &super::schema::InputDef| match object.get(input.name) {
                Some(value) => fits(value, &input.ty),
                None => input.default.is_some() || !matches!(input.ty, Type::NonNullType(_)),
            };
            object.keys().all(known) && ty.inputs.iter().all(good)
        }
        _ => false,
    }
}

/// Whether a literal can be of a type; variables are taken on trust.
pub fn literal_fits(value: &Literal, ty: &TypeRef, schema: &'static Schema) -> bool {
    match (ty, value) {
        (_, Literal::Variable(_)) => true,
        (Type::NonNullType(inner), value) => {
            *value != Literal::Null && literal_fits(value, inner, schema)
        }
        (_, Literal::Null) => true,
        (Type::ListType(inner), Literal::List(items)) => {
            items.iter().all(|item| literal_fits(item, inner, schema))
        }
        (Type::ListType(inner), one) => literal_fits(one, inner, schema),
        (Type::NamedType(name), Literal::Object(object)) => schema.get(name).is_some_and(|ty| {
            let good = |(key, value): (&String, &Literal)| {
                let input = ty.inputs.iter().find(|input| input.name == key);
                input.is_some_and(|input| literal_fits(value, &input.ty, schema))
            };
            let missing = |input: &super::schema::InputDef| {
                let optional = input.default.is_some() || !matches!(input.ty, Type::NonNullType(_));
                !optional && !object.contains_key(input.name)
            };
            ty.kind == Kind::Input && object.iter().all(good) && !ty.inputs.iter().any(missing)
        }),
        (Type::NamedType(name), Literal::Enum(value)) => {
            schema.get(name).is_some_and(|ty| ty.values.contains(&value.as_str()))
        }
        // In a query an enum value is a bare word; as a variable it is a string.
        (Type::NamedType(name), Literal::String(_))
            if schema.get(name).is_some_and(|ty| ty.kind == Kind::Enum) =>
        {
            false
        }
        (_, other) => fits(&literal(other, &Variables::new()), ty),
    }
}

/// The arguments of a field under these variables.
pub fn of_field(field: &Field, def: &'static FieldDef, variables: &Variables) -> Args {
    let mut args = Args::new();
    for input in &def.args {
        let given = field.arguments.iter().find(|(name, _)| name == input.name);
        let value = given.map(|(_, value)| literal(value, variables));
        let default = || input.default.as_ref().map(|value| literal(value, &Variables::new()));
        let value = value.filter(|value| !value.is_null()).or_else(default);
        if let Some(value) = value.filter(|value| !value.is_null()) {
            args.insert(input.name, value);
        }
    }
    args
}

/// A literal as JSON, its variables replaced.
pub fn literal<T: Text<'static>>(value: &Constant<'static, T>, variables: &Variables) -> Value {
    match value {
        Constant::Variable(name) => variables.get(name.as_ref()).cloned().unwrap_or(Value::Null),
        Constant::Int(number) => json!(number.as_i64()),
        Constant::Float(number) => json!(number),
        Constant::String(text) => json!(text),
        Constant::Boolean(yes) => json!(yes),
        Constant::Null => Value::Null,
        Constant::Enum(name) => json!(name.as_ref()),
        Constant::List(items) => items.iter().map(|item| literal(item, variables)).collect(),
        Constant::Object(object) => {
            let pairs = object.iter();
            pairs.map(|(key, value)| (key.as_ref().to_owned(), literal(value, variables))).collect()
        }
    }
}
