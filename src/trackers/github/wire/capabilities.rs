//! What the schema says of itself.

use std::collections::BTreeSet;

use serde::Deserialize;

/// `data` of [`crate::trackers::github::queries::CAPABILITIES`].
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Capabilities {
    issue: Option<Type>,
    repository: Option<Type>,
    entries: Option<Type>,
    entry_types: Option<Type>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Type {
    fields: Option<Vec<Field>>,
    possible_types: Option<Vec<Name>>,
    enum_values: Option<Vec<Name>>,
}

#[derive(Debug, Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    args: Vec<Name>,
}

#[derive(Debug, Deserialize)]
struct Name {
    name: String,
}

impl Capabilities {
    /// `Issue.field`, `Issue.field.argument`, `Repository.field`, and the timeline entries that exist and can be asked
    /// for; `None` when the schema is not told.
    #[must_use]
    pub fn names(self) -> Option<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for field in self.issue?.fields? {
            let name = format!("Issue.{}", field.name);
            names.extend(field.args.iter().map(|arg| format!("{name}.{}", arg.name)));
            names.insert(name);
        }
        let fields = self.repository.and_then(|repository| repository.fields).unwrap_or_default();
        names.extend(fields.iter().map(|field| format!("Repository.{}", field.name)));
        let asked: BTreeSet<String> =
            self.entry_types?.enum_values?.into_iter().map(|value| value.name).collect();
        let entries = self.entries?.possible_types?.into_iter().map(|entry| entry.name);
        names.extend(entries.filter(|entry| asked.contains(&entry_type(entry))));
        Some(names)
    }
}

/// `BlockedByAddedEvent` is asked for as `BLOCKED_BY_ADDED_EVENT`, and `ProjectV2...` as
/// `PROJECT_V2_...`.
fn entry_type(entry: &str) -> String {
    let mut upper = String::with_capacity(entry.len() + 8);
    for (at, letter) in entry.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            upper.push('_');
        }
        upper.push(letter.to_ascii_uppercase());
    }
    upper
}
