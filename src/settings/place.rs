//! Where in the settings file a key stands, for messages.

use toml::de::{DeTable, DeValue};

/// A key, and for a list which of its entries.
pub(super) type Step<'a> = (&'a str, Option<usize>);

/// Line and column, counted from 1, of what the path leads to, or of the last part of the path
/// that the text has. `None` when it has none of it.
pub(super) fn find(text: &str, path: &[Step<'_>]) -> Option<(usize, usize)> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut found = None;
    for (key, entry) in path {
        let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref() == key) else {
            break;
        };
        let listed =
            entry.and_then(|entry| value.get_ref().as_array().and_then(|list| list.get(entry)));
        found = Some(listed.map_or_else(|| name.span(), toml::Spanned::span).start);
        let Some(inner) = listed.unwrap_or(value).get_ref().as_table() else { break };
        table = inner;
    }
    found.map(|offset| line_and_column(text, offset))
}

/// Line and column of the key whose secret has this name.
pub(super) fn secret(text: &str, name: &str) -> Option<(usize, usize)> {
    let document = DeTable::parse(text).ok()?;
    holder(document.get_ref(), name).map(|offset| line_and_column(text, offset))
}

/// Where the key stands that holds `{ env = name }` or `{ file = name }`.
fn holder(table: &DeTable<'_>, name: &str) -> Option<usize> {
    let names = |value: &DeValue<'_>| {
        let kinds = value.as_table().into_iter().flatten();
        let mut kinds = kinds.filter(|(kind, _)| ["env", "file"].contains(&&**kind.get_ref()));
        kinds.any(|(_, place)| place.get_ref().as_str() == Some(name))
    };
    table.iter().find_map(|(key, value)| {
        if names(value.get_ref()) {
            return Some(key.span().start);
        }
        match value.get_ref() {
            DeValue::Table(inner) => holder(inner, name),
            DeValue::Array(list) => {
                list.iter().find_map(|one| holder(one.get_ref().as_table()?, name))
            }
            _ => None,
        }
    })
}

/// Where `name` stands in quotation marks, from `line` on; the beginning of `line` when it does not.
pub(super) fn quoted(text: &str, line: usize, name: &str) -> (usize, usize) {
    let wanted = format!("\"{}\"", name.to_lowercase());
    let later = text.lines().enumerate().skip(line.saturating_sub(1));
    let found = later.filter_map(|(at, shown)| {
        let lower = shown.to_lowercase();
        let offset = lower.find(&wanted)?;
        Some((at + 1, lower[..offset].chars().count() + 1))
    });
    found.min().unwrap_or((line, 1))
}

/// Line and column of a byte offset, both counted from 1, the column in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "[web]\nlisten = \"x\"\n\n[[digest]]\nid = \"a\"\n[[digest]]\n  at = \"b\"\n";

    #[test]
    fn a_key_inside_a_list_is_found() {
        assert_eq!(find(TEXT, &[("digest", Some(1)), ("at", None)]), Some((7, 3)));
        assert_eq!(find(TEXT, &[("web", None), ("listen", None)]), Some((2, 1)));
    }

    #[test]
    fn a_missing_key_leads_to_what_should_hold_it() {
        assert_eq!(find(TEXT, &[("digest", Some(0)), ("to", None)]), Some((4, 1)));
        assert_eq!(find(TEXT, &[("log", None), ("filter", None)]), None);
    }
}
