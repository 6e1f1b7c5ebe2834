//! What to ask of an object: the selections of a query, flattened once for each concrete type
//! that they meet.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use graphql_parser::Pos;
use graphql_parser::query::{Selection, TypeCondition};
use serde_json::Value;

use super::args::{self, Args, Variables};
use super::schema::{SCHEMA, base, item_type};
use super::{Directive, Field, Fragments, SelectionSet};

/// The fields to ask of one object type, in the order of the query.
pub type Plan<'q> = Rc<Vec<Planned<'q>>>;

/// A field to ask.
pub struct Planned<'q> {
    /// The key in the answer: alias or name.
    pub key: &'q str,
    pub name: &'q str,
    pub args: Args,
    /// The type of the field without lists; empty for `__typename`.
    pub gives: &'static str,
    pub position: Pos,
    below: Vec<&'q SelectionSet>,
    plans: RefCell<Vec<(&'static str, Plan<'q>)>>,
    timeline_types: OnceCell<Option<BTreeSet<&'static str>>>,
}

/// Makes plans for one query.
pub struct Planner<'q> {
    pub fragments: &'q Fragments<'q>,
    pub variables: &'q Variables,
}

impl<'q> Planner<'q> {
    /// The plan for what is selected of an object of this type.
    pub fn plan(&self, sets: &[&'q SelectionSet], type_name: &'static str) -> Plan<'q> {
        let mut fields = Vec::new();
        for set in sets {
            self.collect(set, type_name, &mut fields);
        }
        Rc::new(fields)
    }

    /// The plan for what a field selects of an object of this type.
    pub fn below(&self, field: &Planned<'q>, type_name: &'static str) -> Plan<'q> {
        let known = field.plans.borrow().iter().find(|(name, _)| *name == type_name).cloned();
        if let Some((_, plan)) = known {
            return plan;
        }
        let plan = self.plan(&field.below, type_name);
        field.plans.borrow_mut().push((type_name, Rc::clone(&plan)));
        plan
    }

    fn collect(
        &self,
        set: &'q SelectionSet,
        type_name: &'static str,
        fields: &mut Vec<Planned<'q>>,
    ) {
        for selection in &set.items {
            match selection {
                Selection::Field(field) if self.wanted(&field.directives) => {
                    self.add(field, type_name, fields);
                }
                Selection::InlineFragment(inline) if self.wanted(&inline.directives) => {
                    let fits = match &inline.type_condition {
                        Some(TypeCondition::On(on)) => SCHEMA.is(type_name, on),
                        None => true,
                    };
                    if fits {
                        self.collect(&inline.selection_set, type_name, fields);
                    }
                }
                Selection::FragmentSpread(spread) if self.wanted(&spread.directives) => {
                    let Some(fragment) = self.fragments.get(spread.fragment_name.as_str()) else {
                        continue;
                    };
                    let TypeCondition::On(on) = &fragment.type_condition;
                    if SCHEMA.is(type_name, on) {
                        self.collect(&fragment.selection_set, type_name, fields);
                    }
                }
                _ => {}
            }
        }
    }

    fn add(&self, field: &'q Field, type_name: &'static str, fields: &mut Vec<Planned<'q>>) {
        let key = field.alias.as_ref().unwrap_or(&field.name);
        if let Some(same) = fields.iter_mut().find(|known| known.key == key) {
            same.below.push(&field.selection_set);
            return;
        }
        let def = SCHEMA.field(type_name, &field.name);
        fields.push(Planned {
            key,
            name: &field.name,
            args: def.map(|def| args::of_field(field, def, self.variables)).unwrap_or_default(),
            gives: def.map_or("", |def| base(&def.ty)),
            position: field.position,
            below: vec![&field.selection_set],
            plans: RefCell::default(),
            timeline_types: OnceCell::new(),
        });
    }

    fn wanted(&self, directives: &[Directive]) -> bool {
        directives.iter().all(|directive| {
            let condition = directive.arguments.first();
            let value = condition.map(|(_, value)| args::literal(value, self.variables));
            let holds = value.as_ref().and_then(Value::as_bool).unwrap_or(false);
            holds == (directive.name == "include")
        })
    }
}

impl Planned<'_> {
    pub fn text(&self, arg: &str) -> Option<&str> {
        self.args.get(arg)?.as_str()
    }

    pub fn flag(&self, arg: &str) -> bool {
        self.args.get(arg).and_then(Value::as_bool).unwrap_or(false)
    }

    pub fn number(&self, arg: &str) -> Option<u64> {
        self.args.get(arg)?.as_u64()
    }

    /// Whether `arg` is absent, or a list that contains `value`, or `value` itself.
    pub fn allows(&self, arg: &str, value: &str) -> bool {
        match self.args.get(arg) {
            None => true,
            Some(Value::Array(list)) => list.iter().any(|one| one == value),
            Some(one) => one == value,
        }
    }

    /// The types that `itemTypes` of a timeline selects; `None` for all.
    pub fn timeline_types(&self) -> Option<&BTreeSet<&'static str>> {
        let read = || {
            let asked = self.args.get("itemTypes")?.as_array()?;
            let all = &SCHEMA.get("IssueTimelineItems")?.possible;
            let wanted = all.iter().filter(|name| {
                let item_type = item_type(name);
                asked.iter().any(|asked| asked == item_type.as_str())
            });
            Some(wanted.copied().collect())
        };
        self.timeline_types.get_or_init(read).as_ref()
    }
}
