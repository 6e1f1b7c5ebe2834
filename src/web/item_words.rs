//! The life of an item in sentences.

use chrono_tz::Tz;

use super::layout::sentence;
use crate::gauge::ItemStory;
use crate::model::{Category, Timestamp};
use crate::portfolio::{EpicEntry, ExplainedSegment, Stream};

/// The names behind the ids of streams and epics.
pub struct Names<'a> {
    pub streams: &'a [Stream],
    pub epics: &'a [EpicEntry],
}

impl<'a> Names<'a> {
    #[must_use]
    pub fn stream(&self, id: &'a str) -> &'a str {
        self.streams.iter().find(|stream| stream.id == id).map_or(id, |stream| &stream.name)
    }

    /// The name of a stream or an epic; a slice of another sort has its name already.
    #[must_use]
    pub fn any(&self, id: &'a str) -> &'a str {
        let stream = self.stream(id);
        if stream == id { self.epic(id) } else { stream }
    }

    #[must_use]
    pub fn epic(&self, id: &'a str) -> &'a str {
        self.epics.iter().find(|epic| epic.id == id).map_or(id, |epic| &epic.title)
    }
}

/// What of a story lies before its instant.
pub struct Story<'a> {
    story: &'a ItemStory,
    segments: Vec<&'a ExplainedSegment>,
}

impl<'a> Story<'a> {
    #[must_use]
    pub fn of(story: &'a ItemStory) -> Self {
        let segments = story.explanation.segments.iter().filter(|s| s.from < story.as_of).collect();
        Self { story, segments }
    }

    #[must_use]
    pub fn nth(&self, index: usize) -> Option<&'a ExplainedSegment> {
        self.segments.get(index).copied()
    }

    /// Every stretch with its end, at the latest the instant of the page.
    pub fn all(&self) -> impl Iterator<Item = (&'a ExplainedSegment, Timestamp)> {
        let as_of = self.story.as_of;
        self.segments.iter().map(move |s| (*s, s.to.unwrap_or(as_of).min(as_of)))
    }

    /// Steps, counted from one, at which the item came to another team or stream than it had.
    pub fn moves(&self) -> impl Iterator<Item = (usize, Timestamp)> {
        let other = |before: &Option<String>, now: &Option<String>| {
            before.is_some() && now.is_some() && before != now
        };
        self.segments.windows(2).enumerate().filter_map(move |(index, pair)| {
            let moved =
                other(&pair[0].team, &pair[1].team) || other(&pair[0].stream, &pair[1].stream);
            moved.then_some((index + 2, pair[1].from))
        })
    }

    /// The same for drawing: a long rest after the work is shortened, so that the work shows.
    pub fn drawn(&self) -> impl Iterator<Item = (&'a ExplainedSegment, Timestamp)> {
        let begin = self.segments.first().map_or(0, |s| s.from.millis());
        let resting = self.rest().and(self.segments.last()).map(|last| last.from);
        self.all().map(move |(segment, to)| match resting {
            Some(last) if segment.from == last => {
                let most = ((segment.from.millis() - begin) / 8).max(3_600_000);
                (segment, to.min(segment.from.plus_millis(most)))
            }
            _ => (segment, to),
        })
    }

    /// Where the last run of done or dropped stretches begins, if the item rests in it.
    fn rest(&self) -> Option<Timestamp> {
        let rests =
            |s: &&&ExplainedSegment| matches!(s.category, Category::Done | Category::Dropped);
        self.segments.iter().rev().take_while(rests).last().map(|s| s.from)
    }

    /// Where it stands, when work began, and where the time went.
    #[must_use]
    pub fn sentences(&self, names: &Names<'a>, zone: Tz) -> Vec<String> {
        let told = &self.story.explanation;
        let Some(now) = self.segments.last() else {
            return vec![format!(
                "It was created on {}, after this instant.",
                day(told.created_at, zone)
            )];
        };
        let mut lines = vec![format!(
            "It was created on {} and has been in `{}` since {}, which counts as {}.",
            day(told.created_at, zone),
            now.state,
            day(now.from, zone),
            category(now.category)
        )];
        match told.clock.as_ref().filter(|clock| clock.at < self.story.as_of) {
            Some(clock) => {
                let why = sentence(&clock.why);
                lines.push(format!("Work on it began on {}. {why}", day(clock.at, zone)));
                lines.push(self.spent(clock.at));
            }
            None if told.excluded.is_some() => {}
            None => lines.push("No beginning of work on it can be seen.".to_owned()),
        }
        if let Some(stream) = &now.stream {
            let stream = names.stream(stream);
            lines.push(match &now.epic {
                Some(epic) => {
                    format!("It counts for {stream}, under the epic \"{}\".", names.epic(epic))
                }
                None => format!("It counts for {stream}, under no epic."),
            });
        }
        lines
    }

    /// Where the time between the beginning and the end (or the instant of the page) went.
    fn spent(&self, began: Timestamp) -> String {
        let rest = self.rest();
        let end = rest.unwrap_or(self.story.as_of);
        let (mut active, mut waiting, mut other, mut blocked) = (0.0, 0.0, 0.0, 0.0);
        for (segment, to) in self.all() {
            let (from, to) = (segment.from.max(began), to.min(end));
            if from >= to {
                continue;
            }
            let length = to.days_since(from);
            match segment.category {
                Category::Active => active += length,
                Category::Waiting => waiting += length,
                Category::Proposed | Category::Done | Category::Dropped => other += length,
            }
            if segment.blocked {
                blocked += length;
            }
        }
        let whole = days(end.days_since(began).max(0.0));
        let mut text = match rest {
            Some(_) => format!("From there to its end it took {whole}"),
            None => format!("It has been under way for {whole}"),
        };
        text.push_str(&format!(": {} active, {} waiting", days(active), days(waiting)));
        if other > 0.0 {
            text.push_str(&format!(", {} set back", days(other)));
        }
        text.push('.');
        if blocked > 0.0 {
            text.push_str(&format!(" For {} of this it was blocked.", days(blocked)));
        }
        text
    }
}

/// The word of a category.
#[must_use]
pub fn category(category: Category) -> &'static str {
    match category {
        Category::Proposed => "proposed",
        Category::Active => "active",
        Category::Waiting => "waiting",
        Category::Done => "done",
        Category::Dropped => "dropped",
    }
}

/// A length in days, or in hours when it is shorter.
#[must_use]
pub fn days(length: f64) -> String {
    let (value, unit) = if length < 1.0 { (length * 24.0, "hour") } else { (length, "day") };
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "1" { format!("1 {unit}") } else { format!("{text} {unit}s") }
}

#[must_use]
pub fn day(at: Timestamp, zone: Tz) -> String {
    at.to_utc().with_timezone(&zone).format("%-d %B %Y").to_string()
}

#[must_use]
pub fn minute(at: Timestamp, zone: Tz) -> String {
    at.to_utc().with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}
