//! `portfolio.toml` as `init` writes it: what is evident is switched on, what somebody has to
//! decide stands beside it as a comment.

use std::fmt::Write as _;

use super::Found;
use super::draft::{Draft, live};
use super::meanings;
use super::text::{comment, heading, plain, quoted};

/// Epics that the file lists for each project.
const EPICS: usize = 10;

/// What the file says beside the map.
pub(super) struct Frame<'a> {
    pub(super) vocabulary: &'a str,
    pub(super) zone: &'a str,
    /// Where the zone comes from.
    pub(super) zone_from: &'a str,
}

pub(super) fn text(found: &[Found], draft: &Draft, frame: &Frame<'_>) -> String {
    let mut out = "#:schema ./portfolio.schema.json\n\n".to_owned();
    comment(
        &mut out,
        "A first map, written by `streamgauge init` from what the trackers show. Each part says what \
         it is based on. Correct it and keep it under review; `streamgauge check` tells what a change \
         would move, `streamgauge map` what no rule claims. The sample config/portfolio.toml of the \
         project explains every key. Nothing here can name a person.",
    );
    out.push_str("\nname = \"Portfolio\"\n");
    out.push_str("# generic | safe | less | scrum-at-scale | spotify: words only.\n");
    let _ = writeln!(out, "vocabulary = {}", quoted(frame.vocabulary));
    let _ = writeln!(out, "# In which days and weeks begin; from {}.", frame.zone_from);
    let _ = writeln!(out, "timezone = {}", quoted(frame.zone));
    streams(&mut out, draft);
    teams(&mut out, draft);
    heading(&mut out, "What statuses mean");
    meanings::workflows(&mut out, found);
    heading(&mut out, "Kinds of work");
    meanings::kinds(&mut out, found);
    heading(&mut out, "Themes, epics, outcomes");
    epics(&mut out, found, draft);
    heading(&mut out, "Intent and cadence");
    direction(&mut out, draft);
    out
}

fn streams(out: &mut String, draft: &Draft) {
    heading(out, "Value streams");
    comment(
        out,
        "A stream with fewer than three teams is shown as part of \"other streams\", so that no \
         team is put on display. A stream whose teams are fine with being shown sets publish = true.",
    );
    for stream in &draft.streams {
        out.push('\n');
        comment(out, &stream.why);
        let _ = writeln!(
            out,
            "[[stream]]\nid = {}\nname = {}",
            quoted(&stream.id),
            quoted(&stream.name)
        );
        let teams = draft.teams.iter().filter(|team| team.stream == stream.id).count();
        if teams < 3 {
            out.push_str("# publish = true\n");
        }
    }
}

fn teams(out: &mut String, draft: &Draft) {
    heading(out, "Teams and the rules that claim items for them");
    comment(
        out,
        "What no claim matches is unplaced, what claims of two teams match alike is contested; both \
         are listed by `streamgauge map` and counted for nobody.",
    );
    for team in &draft.teams {
        out.push('\n');
        comment(out, &team.why);
        let _ = writeln!(out, "[[team]]\nid = {}\nname = {}", quoted(&team.id), quoted(&team.name));
        let _ = writeln!(out, "stream = {}\nclaims = [", quoted(&team.stream));
        for claim in &team.claims {
            let _ = writeln!(out, "  {claim},");
        }
        if let Some((what, claim)) = &team.rest {
            let _ = writeln!(out, "  # {claim},   # would take {what} as well");
        }
        out.push_str("]\n");
    }
}

fn epics(out: &mut String, found: &[Found], draft: &Draft) {
    comment(
        out,
        "Every container of the trackers is counted as an epic without being declared. Declare what \
         the tracker does not know: the theme it serves, what you expect of it, and the outcome that \
         would show it. Open now:",
    );
    let mut first = None;
    for project in found.iter().flat_map(live).filter(|project| !project.epics.is_empty()) {
        comment(out, "");
        for epic in project.epics.iter().take(EPICS) {
            first.get_or_insert((&epic.key, &project.key));
            let title = epic.title.as_deref().map(plain).unwrap_or_default();
            let line = format!("#   {}  [{}]  {title}", plain(&epic.key), plain(&epic.status));
            let _ = writeln!(out, "{}", line.trim_end());
        }
        let more = project.epics.len().saturating_sub(EPICS);
        if more > 0 {
            let _ = writeln!(out, "#   and {more} more of {}", plain(&project.key));
        }
    }
    let Some((epic, project)) = first else {
        comment(out, "none was found.");
        return;
    };
    let stream = draft.stream_of.get(project).map(String::as_str).unwrap_or_default();
    out.push_str("\n#[[theme]]\n#id = \"retention\"\n#name = \"Keep the customers we have\"\n");
    let _ = writeln!(out, "\n#[[epic]]\n#ref = {}\n#stream = {}", quoted(epic), quoted(stream));
    out.push_str("#theme = \"retention\"\n#hypothesis = \"...\"\n#outcome = \"refund-contacts\"\n");
    let _ =
        writeln!(out, "\n#[[outcome]]\n#id = \"refund-contacts\"\n#stream = {}", quoted(stream));
    out.push_str("#unit = \"per 1000 orders\"\n#direction = \"down\"\n");
}

fn direction(out: &mut String, draft: &Draft) {
    comment(
        out,
        "Where attention should go, and why; shares add up to 1. Without an intent nothing is \
         compared.",
    );
    let mut left = 100_usize;
    let mut shares = Vec::new();
    let streams = draft.streams.len().min(5);
    for (at, stream) in draft.streams.iter().take(streams).enumerate() {
        let share = left / (streams - at);
        left -= share;
        shares.push(format!("{} = {}.{:02}", stream.id, share / 100, share % 100));
    }
    out.push_str(
        "#[[intent]]\n#dimension = \"stream\"\n#from = 2026-01-01\n#why = \"Q1 funding review\"\n",
    );
    let _ = writeln!(out, "#shares = {{ {} }}", shares.join(", "));
    out.push('\n');
    comment(out, "The rhythm in which the portfolio looks up.");
    out.push_str("#[[cadence]]\n#id = \"quarter\"\n#anchor = 2026-01-05\n#length = \"13w\"\n");
}
