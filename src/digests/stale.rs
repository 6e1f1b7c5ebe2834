//! What is said before anything else when the data is old, incomplete or in doubt.

use chrono_tz::Tz;

use super::words::local;
use crate::gauge::{Freshness, Stale, Unread};
use crate::signals::words::{count, list, quoted};
use crate::store::ScopeTrouble;

const HOUR_MS: i64 = 3_600_000;
/// Scopes named in one sentence; the rest is counted.
const NAMED: usize = 3;
/// Where to look on. Code stands between backticks.
const LOOK: &str = "The status page and `streamgauge check` tell why.";

/// One sentence or two for each connection with old data, for scopes in doubt and for sources of
/// outcomes that failed; none when all is fresh. Words of trackers do not occur.
#[must_use]
pub fn lines(freshness: &Freshness, zone: Tz) -> Vec<String> {
    let mut lines: Vec<String> =
        freshness.stale.iter().map(|stale| connection(stale, zone)).collect();
    let mut connections: Vec<&str> =
        freshness.scopes.iter().map(|scope| scope.connection.0.as_str()).collect();
    connections.dedup();
    for name in connections {
        let own = |wanted: fn(&ScopeTrouble) -> bool| -> Vec<&ScopeTrouble> {
            let scopes = freshness.scopes.iter();
            scopes.filter(|scope| scope.connection.0 == name && wanted(scope)).collect()
        };
        let unseen = own(|scope| matches!(scope.standing.as_str(), "hidden" | "trashed"));
        if !unseen.is_empty() {
            lines.push(format!(
                "{} of {} cannot be seen any more: deleted, in the bin, or no longer open to the \
                 credential. What was last seen there is still shown below. {LOOK}",
                named(&unseen),
                quoted(name)
            ));
        }
        let unswept = own(|scope| {
            scope.problem.is_some() && !matches!(scope.standing.as_str(), "hidden" | "trashed")
        });
        if !unswept.is_empty() {
            let since = unswept.iter().map(|scope| scope.swept_at).min().flatten();
            let since = since.map_or_else(String::new, |at| {
                format!(" since {}", local(at.to_utc().with_timezone(&zone)))
            });
            lines.push(format!(
                "The last sweep of {} of {} did not end or was held back; items that left{since} \
                 may still be shown below. {LOOK}",
                named(&unswept),
                quoted(name)
            ));
        }
    }
    lines.extend(freshness.unread.iter().map(|one| source(one, zone)));
    lines
}

fn source(unread: &Unread, zone: Tz) -> String {
    let last = unread.read_at.map_or_else(
        || "it has given none so far".to_owned(),
        |at| format!("it last gave some on {}", local(at.to_utc().with_timezone(&zone))),
    );
    format!(
        "The source of the measure {} did not give its readings when asked; {last}. Nothing newer \
         is in what is told of this measure. {LOOK}",
        quoted(&unread.measure)
    )
}

fn connection(stale: &Stale, zone: Tz) -> String {
    let name = quoted(&stale.connection);
    match (stale.last_complete, stale.age_ms) {
        (Some(last), Some(age)) => {
            let last = local(last.to_utc().with_timezone(&zone));
            let why = if stale.declared {
                LOOK
            } else {
                "The settings no longer name this connection; its items are still counted."
            };
            format!(
                "Data from {name} is {} old (last complete pull {last}); everything below about it \
                 is as of then. {why}",
                old(age)
            )
        }
        _ if stale.attempted => format!(
            "No pull of {name} has come to its end yet; what it holds is missing below, wholly or \
             in part. {LOOK}"
        ),
        _ => format!(
            "{name} was never pulled; nothing below comes from it. `streamgauge serve` pulls on \
             schedule, `streamgauge sync` pulls now."
        ),
    }
}

/// "26 hours", "3 days".
#[must_use]
pub fn old(age_ms: i64) -> String {
    let hours = u64::try_from(age_ms / HOUR_MS).unwrap_or(0);
    if hours < 48 { count(hours, "hour") } else { count(hours / 24, "day") }
}

fn named(scopes: &[&ScopeTrouble]) -> String {
    let mut names: Vec<String> =
        scopes.iter().take(NAMED).map(|scope| quoted(&scope.project)).collect();
    let more = scopes.len().saturating_sub(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    list(&names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digests::wording::violations;
    use crate::model::{ConnectionId, Timestamp};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn stale(last: Option<&str>, hours: i64, declared: bool) -> Stale {
        Stale {
            connection: "jira".into(),
            declared,
            attempted: true,
            last_complete: last.map(at),
            age_ms: last.map(|_| hours * HOUR_MS),
        }
    }

    fn scope(project: &str, standing: &str, problem: bool) -> ScopeTrouble {
        ScopeTrouble {
            connection: ConnectionId("github".into()),
            project: project.into(),
            standing: standing.into(),
            swept_at: Some(at("2026-11-17T04:00:00Z")),
            problem: problem.then(|| "most ids are missing, so nothing must be removed".into()),
        }
    }

    #[test]
    fn every_kind_of_doubt_has_its_sentence_and_keeps_the_rules() {
        let last = Some("2026-11-18T04:00:00Z");
        let freshness = Freshness {
            stale: vec![
                stale(last, 75, true),
                stale(last, 30, false),
                stale(None, 0, true),
                Stale { attempted: false, ..stale(None, 0, true) },
            ],
            scopes: vec![
                scope("a/a", "hidden", true),
                scope("a/b", "trashed", false),
                scope("a/c", "hidden", false),
                scope("a/d", "hidden", false),
                scope("a/e", "live", true),
            ],
            unread: vec![
                Unread { measure: "Refunds".into(), read_at: Some(at("2026-11-17T04:00:00Z")) },
                Unread { measure: "Returns".into(), read_at: None },
            ],
        };
        let lines = lines(&freshness, Tz::Europe__Berlin);
        let text = lines.join("\n");
        assert_eq!(violations(&text, &[]), [] as [String; 0], "{text}");
        for part in [
            "Data from \"jira\" is 3 days old (last complete pull 18 November 2026 05:00);",
            "Data from \"jira\" is 30 hours old",
            "The settings no longer name this connection",
            "No pull of \"jira\" has come to its end yet",
            "\"jira\" was never pulled",
            "\"a/a\", \"a/b\", \"a/c\" and 1 more of \"github\" cannot be seen any more",
            "The last sweep of \"a/e\" of \"github\" did not end or was held back; items that left \
             since 17 November 2026 05:00",
            "measure \"Refunds\" did not give its readings when asked; it last gave some on \
             17 November 2026 05:00.",
            "measure \"Returns\" did not give its readings when asked; it has given none so far.",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert_eq!(lines.len(), 8);
    }
}
