//! A team's own page as a message: the words of `/team`, for a channel that is the team's alone.

use super::blocks::Block;
use super::words::{local, verdict, zone};
use super::{html, markdown, slack, teams};
use crate::channels::Format;
use crate::plain;
use crate::signals::report::{Finding, Unit};
use crate::signals::team::{SIGNALS, TeamItem, TeamView};
use crate::signals::words::{count, value};

/// Items that a message lists; the rest is counted.
const MOST_ITEMS: usize = 25;

/// One line for a subject.
#[must_use]
pub fn title(view: &TeamView) -> String {
    format!("Streamgauge, {}: the team's own page", view.team.name)
}

/// The page in one form.
#[must_use]
pub fn rendered(format: Format, view: &TeamView) -> String {
    let (title, blocks) = (title(view), blocks(view));
    match format {
        Format::Md => markdown::column(&title, &blocks),
        Format::Html => html::column(&title, &blocks),
        Format::Slack => slack::column(&title, &blocks),
        Format::Teams => teams::column(&title, &blocks),
        Format::Json => {
            let text = serde_json::to_string_pretty(view);
            plain::json(text.expect("plain data with string keys serialises") + "\n")
        }
    }
}

fn blocks(view: &TeamView) -> Vec<Block> {
    let zone = zone(&view.zone);
    let at = local(view.as_of.to_utc().with_timezone(&zone));
    let mut blocks = vec![Block::Soft(format!("As of {at} ({}).", view.zone))];
    blocks.extend(view.findings.iter().filter_map(said));
    blocks.push(Block::Heading("In progress".to_owned()));
    if view.items.is_empty() {
        blocks.push(Block::Text("Nothing is in progress with this team.".to_owned()));
    }
    let (old, other): (Vec<&TeamItem>, Vec<&TeamItem>) =
        view.items.iter().partition(|item| item.older_than_usual);
    blocks.extend(old.iter().chain(&other).take(MOST_ITEMS).map(|one| item(one)));
    if let Some(more) = view.items.len().checked_sub(MOST_ITEMS).filter(|more| *more > 0) {
        let more = count(more as u64, "item");
        blocks.push(Block::Soft(format!("And {more} more, on the team's page.")));
    }
    blocks.push(Block::Soft(
        "Only this team's own channel receives this. Nothing of it is on anybody else's page, and \
         no team is compared with another."
            .to_owned(),
    ));
    blocks
}

fn said(found: &Finding) -> Option<Block> {
    let signal = SIGNALS.iter().find(|signal| signal.id == found.signal)?;
    let text = match &found.observation {
        Some(told) => told.sentences(),
        None => format!("{}.", verdict(&found.verdict)),
    };
    Some(Block::Said(signal.name.to_owned(), text, None))
}

/// "In review for 8 days (waiting), 21 days since the first start, older than usual".
fn item(item: &TeamItem) -> Block {
    let days = |days: f64| value(days, Unit::Days);
    let waiting = if item.waiting { " (waiting)" } else { "" };
    let age = item.age_days.map_or_else(
        || "its start was not seen".to_owned(),
        |age| format!("{} since the first start", days(age)),
    );
    let older = if item.older_than_usual { ", older than usual" } else { "" };
    let text = format!("{} for {}{waiting}, {age}{older}", item.state, days(item.state_days));
    Block::Said(item.key.clone(), text, None)
}
