//! Rules that give something to items: a team, a kind, a stream. The most specific rule that is
//! valid at an instant decides; rules that match equally and give different things are contested.

use std::collections::BTreeMap;

use super::matcher::{Aspect, Facts, Matcher};
use super::problems::{Log, Span};
use crate::model::{Period, Timestamp};

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule<T> {
    pub(super) matcher: Matcher,
    pub(super) valid: Period,
    pub(super) gives: T,
    /// Where it stands in the file, counted from 1.
    pub(super) line: usize,
}

/// A rule with the place in the text that messages point at.
pub(super) struct Draft<T> {
    pub(super) rule: Rule<T>,
    pub(super) span: Span,
}

/// What the rules say of an item at one instant. Numbers are places in [`RuleSet::rules`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Given(usize),
    /// One rule for each different thing given, in the order of the set.
    Contested(Vec<usize>),
    Silent,
}

/// Rules in their order of precedence, indexed by their most selective criterion.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RuleSet<T> {
    rules: Vec<Rule<T>>,
    index: BTreeMap<Aspect, BTreeMap<String, Vec<usize>>>,
}

impl<T> Default for RuleSet<T> {
    fn default() -> Self {
        Self { rules: Vec::new(), index: BTreeMap::new() }
    }
}

impl<T: Ord> RuleSet<T> {
    /// Sorts and indexes the rules, and refuses those that can only tie: the same criteria at the
    /// same time for different things. The order in the file plays no part.
    pub(super) fn build(mut drafts: Vec<Draft<T>>, log: &Log, name: impl Fn(&T) -> String) -> Self {
        drafts.sort_by(|a, b| {
            let (a, b) = (&a.rule, &b.rule);
            (b.matcher.rank, &a.matcher.criteria, a.valid, &a.gives).cmp(&(
                a.matcher.rank,
                &b.matcher.criteria,
                b.valid,
                &b.gives,
            ))
        });
        let same = |a: &Draft<T>, b: &Draft<T>| a.rule.matcher.criteria == b.rule.matcher.criteria;
        for group in drafts.chunk_by(same) {
            for (at, one) in group.iter().enumerate() {
                for other in &group[at + 1..] {
                    refuse_tie(one, other, log, &name);
                }
            }
        }
        let rules: Vec<Rule<T>> = drafts.into_iter().map(|draft| draft.rule).collect();
        let mut index: BTreeMap<Aspect, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
        for (at, rule) in rules.iter().enumerate() {
            let first = &rule.matcher.criteria[0];
            let values = index.entry(first.aspect).or_default();
            values.entry(first.value.clone()).or_default().push(at);
        }
        Self { rules, index }
    }
}

impl<T: PartialEq> RuleSet<T> {
    pub(super) fn rules(&self) -> &[Rule<T>] {
        &self.rules
    }

    pub(super) fn rule(&self, at: usize) -> &Rule<T> {
        &self.rules[at]
    }

    /// The rules that match, whenever they are valid, best first.
    pub(super) fn matching(&self, facts: &Facts<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        for (aspect, values) in &self.index {
            facts.values(*aspect, |value| {
                let candidates = values.get(value).into_iter().flatten();
                found.extend(candidates.filter(|at| self.rules[**at].matcher.matches(facts)));
            });
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What the `matching` rules say at an instant.
    pub(super) fn decide(&self, matching: &[usize], at: Timestamp) -> Verdict {
        let mut valid = matching.iter().copied().filter(|ix| self.rules[*ix].valid.contains(at));
        let Some(best) = valid.next() else { return Verdict::Silent };
        let rank = self.rules[best].matcher.rank;
        let mut rivals: Vec<usize> = Vec::new();
        for ix in valid.take_while(|ix| self.rules[*ix].matcher.rank == rank) {
            let gives = &self.rules[ix].gives;
            let known = rivals.iter().chain([&best]);
            if known.into_iter().all(|other| self.rules[*other].gives != *gives) {
                rivals.push(ix);
            }
        }
        if rivals.is_empty() {
            return Verdict::Given(best);
        }
        rivals.insert(0, best);
        Verdict::Contested(rivals)
    }

    /// The instants at which one of the `matching` rules begins or ends to be valid.
    pub(super) fn boundaries(&self, matching: &[usize], mut each: impl FnMut(Timestamp)) {
        for ix in matching {
            let valid = self.rules[*ix].valid;
            each(valid.from);
            each(valid.to);
        }
    }
}

fn refuse_tie<T: PartialEq>(
    one: &Draft<T>,
    other: &Draft<T>,
    log: &Log,
    name: &impl Fn(&T) -> String,
) {
    if one.rule.gives == other.rule.gives || one.rule.valid.intersect(&other.rule.valid).is_none() {
        return;
    }
    let (first, second) =
        if one.span.start <= other.span.start { (one, other) } else { (other, one) };
    log.add(
        &second.span,
        format!(
            "The rule `{}` of `{}` can only tie with the same rule of `{}` on line {}.",
            second.rule.matcher.written,
            name(&second.rule.gives),
            name(&first.rule.gives),
            first.rule.line,
        ),
        "Take one of them out, make one more specific, or give them `from` and `until` that do \
         not overlap.",
    );
}
