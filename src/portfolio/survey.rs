//! Drawing the map: streams, teams and claims at an instant, and how many items the rules place.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Altitude, DAY_MS, StreamIx, Timestamp, TrackerKind, Verb};

use super::Portfolio;
use super::epics::{EpicEntry, EpicIndex};
use super::map::{
    AltitudeView, ClaimView, ContestedView, CoverageView, EpicView, MapView, NextRule, StreamView,
    TeamView, UnplacedView,
};
use super::matcher::{Aspect, fold};
use super::placed::{Covered, RuleRef, TeamStatus};
use super::words::words;

/// Streams with fewer teams are merged into "other streams" outside themselves.
const TEAMS_TO_PUBLISH: usize = 3;
/// Keys shown per group.
const EXAMPLES: usize = 5;
/// Claims proposed.
const NEXT_RULES: usize = 10;
/// Labels shown per group of unplaced items.
const LABELS: usize = 5;

impl Portfolio {
    /// The map at an instant, with the coverage of the given flow items.
    #[must_use]
    pub fn map<'a>(
        &self,
        at: Timestamp,
        epics: &EpicIndex,
        items: impl IntoIterator<Item = Covered<'a>>,
    ) -> MapView {
        let streams = self.stream_views(at, epics);
        let homeless = epics.entries().iter().filter(|epic| epic.stream_at(at).is_none());
        MapView {
            at,
            portfolio: self.name.clone(),
            vocabulary: self.vocabulary,
            words: *words(self.vocabulary),
            epics_without_stream: homeless.map(|epic| self.epic_view(epic)).collect(),
            coverage: self.coverage(items),
            altitudes: self.altitudes(),
            notes: self.map_notes(at, &streams),
            streams,
        }
    }

    fn stream_views(&self, at: Timestamp, epics: &EpicIndex) -> Vec<StreamView> {
        let mut views = Vec::new();
        for (ix, stream) in self.streams.iter().enumerate() {
            if !stream.valid.contains(at) {
                continue;
            }
            let lives_here =
                |home: Option<StreamIx>| home.is_some_and(|home| home.0 as usize == ix);
            let teams =
                self.teams.iter().enumerate().filter(|(_, team)| lives_here(team.home_at(at)));
            let mut teams: Vec<TeamView> =
                teams.map(|(place, _)| self.team_view(place, at)).collect();
            teams.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
            let published = stream.publish || teams.len() >= TEAMS_TO_PUBLISH;
            let note = (!published).then(|| {
                format!(
                    "Fewer than {TEAMS_TO_PUBLISH} teams: outside itself it is part of \"other \
                     streams\" unless it sets `publish = true`."
                )
            });
            let own = epics.entries().iter().filter(|epic| lives_here(epic.stream_at(at)));
            views.push(StreamView {
                id: stream.id.clone(),
                name: stream.name.clone(),
                kind: stream.kind,
                teams,
                epics: own.map(|epic| self.epic_view(epic)).collect(),
                published,
                note,
            });
        }
        views.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        views
    }

    fn team_view(&self, place: usize, at: Timestamp) -> TeamView {
        let team = &self.teams[place];
        let claims = self.claims.rules().iter().filter(|rule| rule.gives.0 as usize == place);
        let mut claims: Vec<ClaimView> = claims
            .map(|rule| ClaimView {
                rule: rule.matcher.written.clone(),
                line: rule.line,
                from: (rule.valid.from != Timestamp::MIN).then_some(rule.valid.from),
                until: (rule.valid.to != Timestamp::MAX).then_some(rule.valid.to),
                valid: rule.valid.contains(at),
            })
            .collect();
        claims.sort_by_key(|claim| claim.line);
        TeamView {
            id: team.id.clone(),
            name: team.name.clone(),
            weight: team.weight_at(at),
            claims,
        }
    }

    fn epic_view(&self, epic: &EpicEntry) -> EpicView {
        EpicView {
            id: epic.id.clone(),
            title: epic.title.clone(),
            theme: epic.theme.and_then(|theme| Some(self.themes.get(theme)?.name.clone())),
            horizon: epic.horizon.clone(),
            context: epic.context,
            declared: epic.declared,
            found: epic.found,
        }
    }

    /// Which decisions belong where: all to the portfolio unless it declares otherwise, and to the
    /// streams what is delegated to them.
    fn altitudes(&self) -> Vec<AltitudeView> {
        let words = words(self.vocabulary);
        let all = [
            Verb::Start,
            Verb::Continue,
            Verb::Stop,
            Verb::Pivot,
            Verb::More,
            Verb::Less,
            Verb::Rebalance,
        ];
        let levels = [
            (Altitude::Portfolio, words.portfolio, all.as_slice(), "Decided here by default."),
            (Altitude::Stream, Some(words.stream), &[], "No guardrail delegates decisions to it."),
        ];
        levels
            .into_iter()
            .map(|(altitude, word, may, why)| {
                let declared = self.guardrails.iter().find(|one| one.altitude == altitude);
                AltitudeView {
                    altitude,
                    word,
                    may: declared.map_or_else(|| may.to_vec(), |one| one.may.clone()),
                    why: declared.map_or_else(|| why.to_owned(), |one| one.why.clone()),
                }
            })
            .collect()
    }

    fn map_notes(&self, at: Timestamp, streams: &[StreamView]) -> Vec<String> {
        let mut notes = Vec::new();
        for stream in streams {
            if stream.teams.is_empty() {
                notes.push(format!("Stream `{}` has no team at this time.", stream.id));
            }
        }
        let teams = self.teams.iter().enumerate().filter(|(_, team)| team.valid.contains(at));
        for (place, team) in teams {
            let mut claims = self.claims.rules().iter().filter(|one| one.gives.0 as usize == place);
            if !claims.any(|claim| claim.valid.contains(at)) {
                notes.push(format!("No claim of team `{}` is valid at this time.", team.id));
            }
        }
        notes
    }

    fn coverage<'a>(&self, items: impl IntoIterator<Item = Covered<'a>>) -> CoverageView {
        let mut view = CoverageView::default();
        let mut contested: BTreeMap<Vec<RuleRef>, Examples> = BTreeMap::new();
        let mut unplaced: BTreeMap<(&str, &str, Vec<&str>), Lookalikes<'_>> = BTreeMap::new();
        let mut wanting = Vec::new();
        let (mut all, mut torn, mut nobodys) = (0, 0, 0);
        for item in items {
            view.items += 1;
            all += item.active;
            view.inferred += u64::from(item.inferred);
            match item.astray {
                None | Some(TeamStatus::Placed { .. }) => view.placed += 1,
                Some(TeamStatus::Contested { rules }) => {
                    view.contested += 1;
                    torn += item.active;
                    contested.entry(rules.clone()).or_default().add(item.key);
                }
                Some(TeamStatus::Unplaced) => {
                    view.unplaced += 1;
                    nobodys += item.active;
                    wanting.push(Wanting { claims: self.candidates(&item), active: item.active });
                    let place = (item.connection, item.project, item.components);
                    let alike = unplaced.entry(place).or_default();
                    alike.items.add(item.key);
                    for label in item.labels {
                        *alike.labels.entry(label).or_default() += 1;
                    }
                }
            }
        }
        view.contested_by = contested
            .into_iter()
            .map(|(rules, examples)| ContestedView {
                rules,
                items: examples.count,
                examples: examples.keys(),
            })
            .collect();
        view.unplaced_in = unplaced
            .into_iter()
            .map(|((connection, project, components), alike)| UnplacedView {
                connection: connection.to_owned(),
                project: project.to_owned(),
                components: components.into_iter().map(str::to_owned).collect(),
                labels: alike.frequent_labels(),
                items: alike.items.count,
                examples: alike.items.keys(),
            })
            .collect();
        (view.active_days, view.contested_days) = (days(all), days(torn));
        view.unplaced_days = days(nobodys);
        view.next_rules = next_rules(&wanting);
        view
    }

    /// Claims that would place an unplaced item. A project that some rule already divides is not
    /// proposed as a whole, unless the item shows nothing finer.
    fn candidates(&self, item: &Covered<'_>) -> Vec<String> {
        let (key, aspect) = match item.tracker {
            TrackerKind::Jira => ("jira", Aspect::JiraProject),
            TrackerKind::GitHub => ("github", Aspect::Repository),
        };
        let whole = format!("{key} = {}", quoted(item.project));
        let project = fold(item.project);
        let divided = self.claims.rules().iter().any(|rule| {
            rule.matcher.criteria.iter().any(|one| one.aspect == aspect && one.value == *project)
        });
        let components = item.components.iter().map(|name| ("component", *name));
        let labels = item.labels.iter().map(|label| ("label", *label));
        let finer = components.chain(labels);
        let finer = finer.map(|(key, name)| format!("{{ {whole}, {key} = {} }}", quoted(name)));
        let finer: Vec<String> = if divided { finer.collect() } else { Vec::new() };
        if finer.is_empty() { vec![format!("{{ {whole} }}")] } else { finer }
    }
}

/// An unplaced item: the claims that would place it, and its active work in milliseconds.
struct Wanting {
    claims: Vec<String>,
    active: i64,
}

/// Picks, again and again, the claim that places most of the active work that is left, then most
/// of the items. This orders proposals by their use, not teams or streams by a metric.
fn next_rules(wanting: &[Wanting]) -> Vec<NextRule> {
    let all: i64 = wanting.iter().map(|one| one.active).sum();
    let mut left: Vec<&Wanting> = wanting.iter().collect();
    let mut rules = Vec::new();
    while rules.len() < NEXT_RULES && !left.is_empty() {
        let mut use_of: BTreeMap<&str, (i64, u64)> = BTreeMap::new();
        for one in &left {
            for claim in &one.claims {
                let (active, items) = use_of.entry(claim).or_default();
                *active += one.active;
                *items += 1;
            }
        }
        let best = use_of.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)));
        let Some((claim, (active, items))) = best else { break };
        let claim = claim.to_owned();
        left.retain(|one| !one.claims.contains(&claim));
        let share = (all > 0).then(|| active as f64 / all as f64);
        rules.push(NextRule { claim, items, active_days: days(active), share });
    }
    rules
}

/// Item-days with two decimals.
fn days(millis: i64) -> f64 {
    (millis as f64 / DAY_MS as f64 * 100.0).round() / 100.0
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A count and the first keys in order.
#[derive(Default)]
struct Examples {
    count: u64,
    first: BTreeSet<String>,
}

impl Examples {
    fn add(&mut self, key: &str) {
        self.count += 1;
        if self.first.len() < EXAMPLES || self.first.last().is_some_and(|last| key < last.as_str())
        {
            self.first.insert(key.to_owned());
        }
        if self.first.len() > EXAMPLES {
            self.first.pop_last();
        }
    }

    fn keys(self) -> Vec<String> {
        self.first.into_iter().collect()
    }
}

/// Unplaced items of one project with the same components.
#[derive(Default)]
struct Lookalikes<'a> {
    items: Examples,
    labels: BTreeMap<&'a str, u64>,
}

impl Lookalikes<'_> {
    /// The labels that most of the items carry, sorted by name.
    fn frequent_labels(&self) -> Vec<String> {
        let mut labels: Vec<(&str, u64)> = self.labels.iter().map(|(l, n)| (*l, *n)).collect();
        labels.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let mut names: Vec<String> =
            labels.into_iter().take(LABELS).map(|(label, _)| label.to_owned()).collect();
        names.sort();
        names
    }
}
