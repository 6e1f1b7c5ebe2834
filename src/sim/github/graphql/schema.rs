//! The schema of `schema.graphql` as look-up tables: which fields a type has, what they take and
//! give, and which types an abstract type may be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use graphql_parser::schema as sdl;

use super::super::records::EventKind;

pub use graphql_parser::schema::Type;

/// A type expression of the schema, such as `[Issue!]`.
pub type TypeRef = Type<'static, &'static str>;
/// A constant of the schema, such as a default value.
pub type Constant = sdl::Value<'static, &'static str>;

const SDL: &str = include_str!("schema.graphql");
/// What a client may ask about the schema itself.
const INTROSPECTION: &str = include_str!("introspection.graphql");

/// The schema of the simulation.
pub static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::read);

/// The types by name.
#[derive(Debug, Default)]
pub struct Schema {
    pub types: BTreeMap<&'static str, TypeDef>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    Input,
}

/// One type. Which parts are filled depends on its kind.
#[derive(Debug)]
pub struct TypeDef {
    pub name: &'static str,
    pub kind: Kind,
    pub fields: BTreeMap<&'static str, FieldDef>,
    /// Object types that a value of this type may have; an object type is its own.
    pub possible: BTreeSet<&'static str>,
    pub values: Vec<&'static str>,
    pub inputs: Vec<InputDef>,
}

#[derive(Debug)]
pub struct FieldDef {
    pub args: Vec<InputDef>,
    pub ty: TypeRef,
}

impl FieldDef {
    /// Whether the field is a list in pages, which must be asked with `first` or `last`.
    pub fn is_connection(&self) -> bool {
        base(&self.ty).ends_with("Connection")
    }
}

#[derive(Debug)]
pub struct InputDef {
    pub name: &'static str,
    pub ty: TypeRef,
    pub default: Option<Constant>,
}

impl Schema {
    fn read() -> Self {
        let mut schema = Self::default();
        for name in ["Int", "Float", "String", "Boolean", "ID"] {
            schema.types.insert(name, TypeDef::new(name, Kind::Scalar));
        }
        let mut implementors = Vec::new();
        for text in [SDL, INTROSPECTION] {
            let document = sdl::parse_schema::<&'static str>(text)
                .expect("the schema is part of the program and parsed by every test");
            for definition in document.definitions {
                let sdl::Definition::TypeDefinition(definition) = definition else { continue };
                schema.add(definition, &mut implementors);
            }
        }
        if let Some(query) = schema.types.get_mut("Query") {
            let name = Type::NonNullType(Box::new(Type::NamedType("String")));
            let args = vec![InputDef { name: "name", ty: name, default: None }];
            query.fields.insert("__type", FieldDef { args, ty: Type::NamedType("__Type") });
        }
        for (interface, object) in implementors {
            if let Some(interface) = schema.types.get_mut(interface) {
                interface.possible.insert(object);
            }
        }
        schema
    }

    /// The same without some types (`BlockedByAddedEvent`) and fields (`Issue.blockedBy`), and
    /// without whatever leads to a type that is gone.
    pub fn without(names: &[&'static [&'static str]]) -> Self {
        let mut schema = Self::read();
        for name in names.iter().copied().flatten() {
            if let Some((owner, field)) = name.split_once('.') {
                if let Some(owner) = schema.types.get_mut(owner) {
                    owner.fields.remove(field);
                }
                continue;
            }
            schema.types.remove(name);
            let value = item_type(name);
            for ty in schema.types.values_mut() {
                ty.possible.remove(name);
                ty.values.retain(|one| *one != value);
                ty.fields.retain(|_, field| base(&field.ty) != *name);
            }
        }
        schema
    }

    fn add(
        &mut self,
        definition: sdl::TypeDefinition<'static, &'static str>,
        implementors: &mut Vec<(&'static str, &'static str)>,
    ) {
        let add = match definition {
            sdl::TypeDefinition::Scalar(scalar) => TypeDef::new(scalar.name, Kind::Scalar),
            sdl::TypeDefinition::Object(object) => {
                let interfaces = object.implements_interfaces.iter();
                implementors.extend(interfaces.map(|interface| (*interface, object.name)));
                TypeDef {
                    possible: BTreeSet::from([object.name]),
                    fields: fields(object.fields),
                    ..TypeDef::new(object.name, Kind::Object)
                }
            }
            sdl::TypeDefinition::Interface(interface) => TypeDef {
                fields: fields(interface.fields),
                ..TypeDef::new(interface.name, Kind::Interface)
            },
            sdl::TypeDefinition::Union(union) => TypeDef {
                possible: union.types.into_iter().collect(),
                ..TypeDef::new(union.name, Kind::Union)
            },
            sdl::TypeDefinition::Enum(list) => TypeDef {
                values: list.values.iter().map(|value| value.name).collect(),
                ..TypeDef::new(list.name, Kind::Enum)
            },
            sdl::TypeDefinition::InputObject(input) => {
                TypeDef { inputs: inputs(input.fields), ..TypeDef::new(input.name, Kind::Input) }
            }
        };
        self.types.insert(add.name, add);
    }

    pub fn get(&self, name: &str) -> Option<&TypeDef> {
        self.types.get(name)
    }

    pub fn field(&self, owner: &str, name: &str) -> Option<&FieldDef> {
        self.get(owner)?.fields.get(name)
    }

    /// Whether an object of type `concrete` satisfies the type condition `condition`.
    pub fn is(&self, concrete: &str, condition: &str) -> bool {
        concrete == condition
            || self.get(condition).is_some_and(|ty| ty.possible.contains(concrete))
    }
}

impl TypeDef {
    fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            fields: BTreeMap::new(),
            possible: BTreeSet::new(),
            values: Vec::new(),
            inputs: Vec::new(),
        }
    }

    /// Whether a value of this type has fields to select.
    pub fn is_composite(&self) -> bool {
        matches!(self.kind, Kind::Object | Kind::Interface | Kind::Union)
    }
}

fn fields(fields: Vec<sdl::Field<'static, &'static str>>) -> BTreeMap<&'static str, FieldDef> {
    let define = |field: sdl::Field<'static, &'static str>| {
        (field.name, FieldDef { args: inputs(field.arguments), ty: field.field_type })
    };
    fields.into_iter().map(define).collect()
}

fn inputs(values: Vec<sdl::InputValue<'static, &'static str>>) -> Vec<InputDef> {
    let define = |value: sdl::InputValue<'static, &'static str>| InputDef {
        name: value.name,
        ty: value.value_type,
        default: value.default_value,
    };
    values.into_iter().map(define).collect()
}

/// The name inside lists and exclamation marks.
pub fn base<'a>(ty: &Type<'a, &'a str>) -> &'a str {
    match ty {
        Type::NamedType(name) => name,
        Type::ListType(inner) | Type::NonNullType(inner) => base(inner),
    }
}

/// The GraphQL type of a timeline entry; `None` for what GraphQL does not show.
pub fn event_type(kind: &EventKind) -> Option<&'static str> {
    Some(match kind {
        EventKind::Closed => "ClosedEvent",
        EventKind::Reopened => "ReopenedEvent",
        EventKind::Labeled => "LabeledEvent",
        EventKind::Unlabeled => "UnlabeledEvent",
        EventKind::Milestoned => "MilestonedEvent",
        EventKind::Demilestoned => "DemilestonedEvent",
        EventKind::Renamed => "RenamedTitleEvent",
        EventKind::Assigned => "AssignedEvent",
        EventKind::Unassigned => "UnassignedEvent",
        EventKind::Commented => "IssueComment",
        EventKind::AddedToProjectV2 => "AddedToProjectV2Event",
        EventKind::RemovedFromProjectV2 => "RemovedFromProjectV2Event",
        EventKind::ProjectV2ItemStatusChanged => "ProjectV2ItemStatusChangedEvent",
        EventKind::IssueTypeAdded => "IssueTypeAddedEvent",
        EventKind::IssueTypeChanged => "IssueTypeChangedEvent",
        EventKind::IssueTypeRemoved => "IssueTypeRemovedEvent",
        EventKind::IssueFieldAdded => "IssueFieldAddedEvent",
        EventKind::IssueFieldChanged => "IssueFieldChangedEvent",
        EventKind::IssueFieldRemoved => "IssueFieldRemovedEvent",
        EventKind::ParentIssueAdded => "ParentIssueAddedEvent",
        EventKind::ParentIssueRemoved => "ParentIssueRemovedEvent",
        EventKind::SubIssueAdded => "SubIssueAddedEvent",
        EventKind::SubIssueRemoved => "SubIssueRemovedEvent",
        EventKind::BlockedByAdded => "BlockedByAddedEvent",
        EventKind::BlockedByRemoved => "BlockedByRemovedEvent",
        EventKind::BlockingAdded => "BlockingAddedEvent",
        EventKind::BlockingRemoved => "BlockingRemovedEvent",
        EventKind::Connected => "ConnectedEvent",
        EventKind::Disconnected => "DisconnectedEvent",
        EventKind::CrossReferenced => "CrossReferencedEvent",
        EventKind::Transferred => "TransferredEvent",
        EventKind::MarkedAsDuplicate => "MarkedAsDuplicateEvent",
        EventKind::UnmarkedAsDuplicate => "UnmarkedAsDuplicateEvent",
        EventKind::ConvertedToDiscussion => "ConvertedToDiscussionEvent",
        EventKind::Other(name) => {
            let name = format!("{}Event", pascal(name));
            return SCHEMA.get("IssueTimelineItems")?.possible.get(name.as_str()).copied();
        }
    })
}

/// The value of `IssueTimelineItemsItemType` that selects a type: `ClosedEvent` is asked for as
/// `CLOSED_EVENT`.
pub fn item_type(type_name: &str) -> String {
    let mut upper = String::with_capacity(type_name.len() + 8);
    for (at, letter) in type_name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            upper.push('_');
        }
        upper.push(letter.to_ascii_uppercase());
    }
    upper
}

fn pascal(snake: &str) -> String {
    let mut pascal = String::with_capacity(snake.len());
    for word in snake.split(['_', '-']) {
        let mut letters = word.chars();
        pascal.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        pascal.push_str(letters.as_str());
    }
    pascal
}
