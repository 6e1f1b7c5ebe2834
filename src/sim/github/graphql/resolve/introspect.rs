//! Questions about the schema itself.

use super::super::plan::Planned;
use super::super::schema::{FieldDef, InputDef, Kind, Schema, Type, TypeDef, TypeRef};
use super::{Out, Thing};

pub fn ty<'w>(schema: &'static Schema, ty: &'static TypeDef, field: &Planned<'_>) -> Out<'w> {
    let input = |def: &'static InputDef| input(schema, def);
    let composite = matches!(ty.kind, Kind::Object | Kind::Interface);
    match field.name {
        "name" => Out::text(ty.name),
        "kind" => Out::text(match ty.kind {
            Kind::Scalar => "SCALAR",
            Kind::Object => "OBJECT",
            Kind::Interface => "INTERFACE",
            Kind::Union => "UNION",
            Kind::Enum => "ENUM",
            Kind::Input => "INPUT_OBJECT",
        }),
        "fields" if composite => {
            let fields = ty.fields.iter().filter(|(name, _)| !name.starts_with("__"));
            let show = |(name, def): (&&'static str, &'static FieldDef)| {
                Out::plain(
                    "__Field",
                    vec![
                        ("name", Out::text(*name)),
                        ("args", Out::List(def.args.iter().map(input).collect())),
                        ("type", type_ref(schema, &def.ty)),
                        ("isDeprecated", Out::Bool(false)),
                    ],
                )
            };
            Out::List(fields.map(show).collect())
        }
        "interfaces" if ty.kind == Kind::Object => {
            let all = schema.types.values();
            let own =
                all.filter(|one| one.kind == Kind::Interface && one.possible.contains(ty.name));
            Out::List(own.map(|one| Out::Thing(Thing::Schema(one))).collect())
        }
        "possibleTypes" if matches!(ty.kind, Kind::Interface | Kind::Union) => {
            let possible = ty.possible.iter().filter_map(|name| schema.get(name));
            Out::List(possible.map(|one| Out::Thing(Thing::Schema(one))).collect())
        }
        "enumValues" if ty.kind == Kind::Enum => {
            let show = |name: &&'static str| {
                let fields = vec![("name", Out::text(*name)), ("isDeprecated", Out::Bool(false))];
                Out::plain("__EnumValue", fields)
            };
            Out::List(ty.values.iter().map(show).collect())
        }
        "inputFields" if ty.kind == Kind::Input => Out::List(ty.inputs.iter().map(input).collect()),
        _ => Out::Null,
    }
}

fn input<'w>(schema: &'static Schema, def: &'static InputDef) -> Out<'w> {
    let default = def.default.as_ref().map(|value| Out::text(value.to_string()));
    Out::plain(
        "__InputValue",
        vec![
            ("name", Out::text(def.name)),
            ("type", type_ref(schema, &def.ty)),
            ("defaultValue", default.unwrap_or(Out::Null)),
        ],
    )
}

fn type_ref<'w>(schema: &'static Schema, ty: &'static TypeRef) -> Out<'w> {
    let (kind, inner) = match ty {
        Type::NamedType(name) => return Out::thing(schema.get(name).map(Thing::Schema)),
        Type::ListType(inner) => ("LIST", inner),
        Type::NonNullType(inner) => ("NON_NULL", inner),
    };
    Out::plain("__Type", vec![("kind", Out::text(kind)), ("ofType", type_ref(schema, inner))])
}
