//! What makes a query invalid before it is run: unknown fields, types and arguments, selections
//! where none can be, fragments that can never match, variables and fragments left over.

use std::collections::BTreeSet;

use graphql_parser::Pos;
use graphql_parser::query::{Selection, TypeCondition};
use serde_json::json;

use super::args::literal_fits;
use super::error::Error;
use super::schema::{Schema, Type, TypeDef, base};
use super::{Directive, Field, Fragments, Literal, Operation, SelectionSet};

/// Reads the whole operation; all errors are reported at once.
pub fn check(
    schema: &'static Schema,
    operation: &Operation,
    fragments: &Fragments<'_>,
) -> Result<(), Vec<Error>> {
    let name =
        operation.name.as_ref().map_or_else(|| "query".to_owned(), |name| format!("query {name}"));
    let mut check = Check::new(schema, fragments);
    check.path.push(name.clone());
    if let Some(query) = schema.get("Query") {
        check.selections(&operation.selection_set, query);
    }
    for fragment in fragments.values() {
        check.path = vec![format!("fragment {}", fragment.name)];
        let TypeCondition::On(on) = &fragment.type_condition;
        match schema.get(on) {
            Some(ty) => check.selections(&fragment.selection_set, ty),
            None => check.no_such_type(on, fragment.position),
        }
        check.loops(&fragment.name);
    }
    check.path = vec![name];
    check.left_over(operation);
    if check.errors.is_empty() { Ok(()) } else { Err(check.errors) }
}

struct Check<'f, 'q> {
    schema: &'static Schema,
    fragments: &'f Fragments<'q>,
    path: Vec<String>,
    variables: BTreeSet<&'q str>,
    spread: BTreeSet<&'q str>,
    errors: Vec<Error>,
}

impl<'f, 'q> Check<'f, 'q> {
    fn new(schema: &'static Schema, fragments: &'f Fragments<'q>) -> Self {
        let (variables, spread) = (BTreeSet::new(), BTreeSet::new());
        Self { schema, fragments, path: Vec::new(), variables, spread, errors: Vec::new() }
    }

    fn selections(&mut self, set: &'q SelectionSet, parent: &TypeDef) {
        for selection in &set.items {
            match selection {
                Selection::Field(field) => self.field(field, parent),
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.directives);
                    let Some(TypeCondition::On(on)) = &inline.type_condition else {
                        self.selections(&inline.selection_set, parent);
                        continue;
                    };
                    self.path.push(format!("... on {on}"));
                    if let Some(ty) = self.can_be(on, parent, inline.position) {
                        self.selections(&inline.selection_set, ty);
                    }
                    self.path.pop();
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.directives);
                    self.spread.insert(&spread.fragment_name);
                    let Some(fragment) = self.fragments.get(spread.fragment_name.as_str()) else {
                        let name = &spread.fragment_name;
                        let message = format!("Fragment {name} was used, but not defined");
                        let code = json!({"code": "useAndDefineFragment", "fragmentName": name});
                        self.report(message, spread.position, code);
                        continue;
                    };
                    let TypeCondition::On(on) = &fragment.type_condition;
                    if self.schema.get(on).is_some() {
                        self.can_be(on, parent, spread.position);
                    }
                }
            }
        }
    }

    fn field(&mut self, field: &'q Field, parent: &TypeDef) {
        self.directives(&field.directives);
        if field.name == "__typename" {
            return;
        }
        self.path.push(field.alias.as_ref().unwrap_or(&field.name).clone());
        match parent.fields.get(field.name.as_str()) {
            None => {
                let (name, on) = (&field.name, parent.name);
                let message = format!("Field '{name}' doesn't exist on type '{on}'");
                let code = json!({"code": "undefinedField", "typeName": on, "fieldName": name});
                self.report(message, field.position, code);
            }
            Some(def) => {
                self.arguments(field, def);
                let ty = base(&def.ty);
                if let Some(ty) = self.schema.get(ty) {
                    self.below(field, ty);
                }
            }
        }
        self.path.pop();
    }

    /// Scalars have no selections, everything else must have them.
    fn below(&mut self, field: &'q Field, ty: &TypeDef) {
        let (name, returns) = (&field.name, ty.name);
        let empty = field.selection_set.items.is_empty();
        if ty.is_composite() && !empty {
            return self.selections(&field.selection_set, ty);
        }
        let message = match (ty.is_composite(), empty) {
            (true, _) => format!(
                "Field must have selections (field '{name}' returns {returns} but has no \
                 selections. Did you mean '{name} {{ ... }}'?)"
            ),
            (false, false) => format!(
                "Selections can't be made on scalars (field '{name}' returns {returns} but has \
                 selections)"
            ),
            (false, true) => return,
        };
        let code = json!({"code": "selectionMismatch", "nodeName": name, "typeName": returns});
        self.report(message, field.position, code);
    }

    fn arguments(&mut self, field: &'q Field, def: &super::schema::FieldDef) {
        for (name, value) in &field.arguments {
            self.uses(value);
            let Some(input) = def.args.iter().find(|input| input.name == name) else {
                let message = format!("Field '{}' doesn't accept argument '{name}'", field.name);
                let code = json!({"code": "argumentNotAccepted", "name": field.name,
                    "typeName": "Field", "argumentName": name});
                self.report(message, field.position, code);
                continue;
            };
            if !literal_fits(value, &input.ty, self.schema) {
                let message = format!(
                    "Argument '{name}' on Field '{}' has an invalid value ({value}). Expected \
                     type '{}'.",
                    field.name, input.ty
                );
                let code = json!({"code": "argumentLiteralsIncompatible", "typeName": "Field",
                    "argumentName": name});
                self.report(message, field.position, code);
            }
        }
        let given = |name: &str| field.arguments.iter().any(|(given, _)| given == name);
        let required = def.args.iter().filter(|input| {
            matches!(input.ty, Type::NonNullType(_))
                && input.default.is_none()
                && !given(input.name)
        });
        let missing: Vec<&str> = required.map(|input| input.name).collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            let name = &field.name;
            let message = format!("Field '{name}' is missing required arguments: {missing}");
            let code = json!({"code": "missingRequiredArguments", "className": "Field",
                "name": name, "arguments": missing});
            self.report(message, field.position, code);
        }
    }

    /// The type of a fragment, when a value of `parent` may have it.
    fn can_be(&mut self, on: &str, parent: &TypeDef, at: Pos) -> Option<&'static TypeDef> {
        let Some(ty) = self.schema.get(on) else {
            self.no_such_type(on, at);
            return None;
        };
        if ty.possible.is_disjoint(&parent.possible) {
            let message = format!("Fragment on {on} can't be spread inside {}", parent.name);
            let code = json!({"code": "cannotSpreadFragment", "typeName": on,
                "fragmentName": "unknown", "parentName": parent.name});
            self.report(message, at, code);
            return None;
        }
        Some(ty)
    }

    fn no_such_type(&mut self, name: &str, at: Pos) {
        let message = format!("No such type {name}, so it can't be a fragment condition");
        self.report(message, at, json!({"code": "undefinedType", "typeName": name}));
    }

    fn directives(&mut self, directives: &'q [Directive]) {
        for directive in directives {
            if !["include", "skip"].contains(&directive.name.as_str()) {
                let message = format!("Directive @{} is not defined", directive.name);
                let code = json!({"code": "undefinedDirective", "directiveName": directive.name});
                self.report(message, directive.position, code);
            }
            for (_, value) in &directive.arguments {
                self.uses(value);
            }
        }
    }

    fn uses(&mut self, value: &'q Literal) {
        match value {
            Literal::Variable(name) => drop(self.variables.insert(name)),
            Literal::List(items) => items.iter().for_each(|item| self.uses(item)),
            Literal::Object(object) => object.values().for_each(|value| self.uses(value)),
            _ => {}
        }
    }

    /// A fragment that contains itself would never end.
    fn loops(&mut self, name: &str) {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&SelectionSet> =
            self.fragments.get(name).map(|fragment| &fragment.selection_set).into_iter().collect();
        while let Some(set) = open.pop() {
            for selection in &set.items {
                match selection {
                    Selection::Field(field) => open.push(&field.selection_set),
                    Selection::InlineFragment(inline) => open.push(&inline.selection_set),
                    Selection::FragmentSpread(spread) => {
                        if spread.fragment_name == name {
                            let message = format!("Fragment {name} contains an infinite loop");
                            let code = json!({"code": "infiniteLoop", "fragmentName": name});
                            self.report(message, spread.position, code);
                            return;
                        }
                        let next = self.fragments.get(spread.fragment_name.as_str());
                        if let Some(next) =
                            next.filter(|_| seen.insert(spread.fragment_name.as_str()))
                        {
                            open.push(&next.selection_set);
                        }
                    }
                }
            }
        }
    }

    /// Variables and fragments must be both declared and used.
    fn left_over(&mut self, operation: &Operation) {
        let declared: BTreeSet<&str> =
            operation.variable_definitions.iter().map(|variable| variable.name.as_str()).collect();
        let name = operation.name.as_deref().unwrap_or("anonymous query");
        for variable in self.variables.clone() {
            if !declared.contains(variable) {
                let message = format!("Variable ${variable} is used by {name} but not declared");
                let code = json!({"code": "variableNotDefined", "variableName": variable});
                self.report(message, operation.position, code);
            }
        }
        for variable in declared {
            if !self.variables.contains(variable) {
                let message = format!("Variable ${variable} is declared by {name} but not used");
                let code = json!({"code": "variableNotUsed", "variableName": variable});
                self.report(message, operation.position, code);
            }
        }
        let fragments = self.fragments;
        for (name, fragment) in fragments {
            if !self.spread.contains(name) {
                let message = format!("Fragment {name} was defined, but not used");
                let code = json!({"code": "useAndDefineFragment", "fragmentName": name});
                self.report(message, fragment.position, code);
            }
        }
    }

    fn report(&mut self, message: String, at: Pos, extensions: serde_json::Value) {
        self.errors.push(Error::in_query(message, at, &self.path, extensions));
    }
}
