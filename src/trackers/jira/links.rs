//! Which relation a link means, from its type and direction, or from the sentence in a history.

use std::collections::BTreeMap;

use super::wire::LinkType;
use crate::model::Relation;

/// The end of a link type that an issue stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The issue "is blocked by" the other one.
    Inward,
    /// The issue "blocks" the other one.
    Outward,
}

/// The link types of a site, as far as they mean something to us.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// Names of the types that mean blocking.
    blocking: Vec<String>,
    /// What each phrase means, longest first. A phrase that two types use for different relations
    /// is left out.
    phrases: Vec<(String, Option<Relation>)>,
}

impl Links {
    /// `types` are the link types that the site lists; `blocking` names those that mean blocking.
    #[must_use]
    pub fn new(blocking: &[String], types: &[LinkType<'_>]) -> Self {
        let mut links = Self { blocking: blocking.to_vec(), phrases: Vec::new() };
        let mut meanings = BTreeMap::<&str, Vec<Option<Relation>>>::new();
        for kind in types {
            for (phrase, end) in [(&kind.inward, End::Inward), (&kind.outward, End::Outward)] {
                let Some(phrase) = phrase.as_deref().filter(|p| !p.is_empty()) else { continue };
                meanings.entry(phrase).or_default().push(links.relation(&kind.name, end));
            }
        }
        let same = |all: &[Option<Relation>]| all.iter().all(|one| *one == all[0]);
        links.phrases = meanings
            .into_iter()
            .filter(|(_, all)| same(all))
            .map(|(phrase, all)| (phrase.to_owned(), all[0]))
            .collect();
        links.phrases.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
        links
    }

    /// The relation of an issue at `end` of a link of type `name`; `None` for a type that signals
    /// do not use. A duplicate is told by the issue that duplicates, not by its original.
    #[must_use]
    pub fn relation(&self, name: &str, end: End) -> Option<Relation> {
        match end {
            End::Inward if self.blocks(name) => Some(Relation::BlockedBy),
            End::Outward if self.blocks(name) => Some(Relation::Blocks),
            End::Outward if name == "Duplicate" => Some(Relation::Duplicates),
            _ => None,
        }
    }

    /// What a history's sentence ("This issue is blocked by PAY-3") says of the issue `key`.
    /// `Err` when it uses no phrase of today's link types: it is localised, or the type is gone.
    pub fn spoken(&self, sentence: &str, key: &str) -> Result<Option<Relation>, Unknown> {
        let words = sentence.trim_end().strip_suffix(key).ok_or(Unknown)?.trim_end();
        let known = self.phrases.iter().find(|(phrase, _)| {
            let before = words.strip_suffix(phrase.as_str());
            before.is_some_and(|before| !before.ends_with(char::is_alphanumeric))
        });
        known.map(|(_, relation)| *relation).ok_or(Unknown)
    }

    fn blocks(&self, name: &str) -> bool {
        self.blocking.iter().any(|blocking| blocking == name)
    }
}

/// The sentence uses no phrase that the site's link types have today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown;
