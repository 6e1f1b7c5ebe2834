//! The parsers, each with what has to hold of its answer.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::LazyLock;

use chrono_tz::Tz;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;
use streamgauge::demo::Recording;
use streamgauge::model::{ConnectionId, Gap, Item, Timestamp};
use streamgauge::portfolio::Portfolio;
use streamgauge::schedule::Schedule;
use streamgauge::settings::Settings;
use streamgauge::trackers::github::{self, convert, faults, limits, wire};
use streamgauge::trackers::jira;
use streamgauge::trackers::{Hints, WebhookError};

use super::{Shape, Target};

pub const SECRET: &str = "a secret of the fuzzer";

fn lines(text: &str) -> Vec<Vec<u8>> {
    text.lines().map(|line| line.as_bytes().to_vec()).collect()
}

/// The kind of an error: its words without the values in it.
fn kind(error: &impl Debug) -> Shape {
    format!("{error:?}").chars().filter(char::is_ascii_alphabetic).take(60).collect()
}

/// What holds of everything that a tracker's answer was turned into, and its shape.
pub fn converted(items: &[Item], gaps: &[Gap]) -> Shape {
    for item in items {
        assert!(!item.id.source.is_empty() || !item.attributes.key.is_empty(), "{:?}", item.id);
        assert!(item.history.is_sorted_by_key(|change| change.at), "{}", item.id);
        let ids: std::collections::BTreeSet<_> = item.history.iter().map(|c| &c.id).collect();
        assert_eq!(ids.len(), item.history.len(), "{}: an id occurs twice", item.id);
        assert!(item.attributes.labels.is_sorted() && item.attributes.links.is_sorted());
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    gaps.iter().for_each(|gap| *reasons.entry(&gap.reason).or_default() += 1);
    let bits = |n: usize| usize::BITS - n.leading_zeros();
    let reasons: Vec<String> = reasons.iter().map(|(r, n)| format!("{r}{}", bits(*n))).collect();
    let history = items.iter().map(|item| item.history.len()).sum::<usize>();
    format!("{} {} {}", items.len(), bits(history), reasons.join(","))
}

pub fn hinted(answer: Result<Hints, WebhookError>) -> Shape {
    match answer {
        Ok(hints) => format!("{} {}", hints.sources.len(), hints.scan),
        Err(error) => kind(&error),
    }
}

fn deliveries() -> Vec<Vec<u8>> {
    let file: Value =
        serde_json::from_str(include_str!("../payloads/github/deliveries.json")).unwrap();
    file.as_object().unwrap().values().map(|one| one.to_string().into_bytes()).collect()
}

pub fn jira_webhook() -> Target {
    let issue = |event: &str| json!({"timestamp": 1, "webhookEvent": event, "issue": {"id": "7"}});
    let link = json!({"webhookEvent": "issuelink_created", "issueLink": {
        "id": 23, "sourceIssueId": 18, "destinationIssueId": 11}});
    let version = json!({"webhookEvent": "jira:version_released", "version": {"id": "10"}});
    let all = [issue("jira:issue_updated"), issue("comment_created"), link, version];
    Target {
        name: "jira_webhook",
        seeds: all.iter().map(|one| one.to_string().into_bytes()).collect(),
        words: &["jira:issue_deleted", "issuelink_deleted", "project_deleted", "issue", "id"],
        run: |input| hinted(jira::webhook::hints(input)),
    }
}

fn signed(body: &[u8]) -> HeaderValue {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    let text = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    HeaderValue::try_from(text).unwrap()
}

pub fn github_webhook() -> Target {
    Target {
        name: "github_webhook",
        seeds: deliveries(),
        words: &["projects_v2_item", "content_node_id", "Issue", "node_id", "payload=%7B%7D", "%"],
        run: |input| {
            let secrets = [SecretString::from(SECRET)];
            let mut headers = HeaderMap::new();
            headers.insert("x-hub-signature-256", signed(input));
            let mut shape = String::new();
            for event in ["issues", "sub_issues", "issue_dependencies", "projects_v2_item", "label"]
            {
                headers.insert("x-github-event", HeaderValue::from_static(event));
                let answer = github::webhook::hints(&secrets, &headers, input);
                assert!(!matches!(answer, Err(WebhookError::Forged)), "it is signed");
                shape += &hinted(answer);
            }
            shape
        },
    }
}

/// A header in the first line, the body after it.
pub fn github_signature() -> Target {
    let body = b"{\"action\":\"opened\"}";
    let good = signed(body);
    let whole = |header: &[u8]| [header, b"\n", &body[..]].concat();
    Target {
        name: "github_signature",
        seeds: vec![whole(good.as_bytes()), whole(b"sha256=00"), whole(b"")],
        words: &["sha256=", "sha1=", "SHA256=", "00", "ff", " ", "\n"],
        run: |input| {
            let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
            let (header, body) = (&input[..end], input.get(end + 1..).unwrap_or_default());
            let Ok(value) = HeaderValue::from_bytes(header) else { return "no header".into() };
            let mut headers = HeaderMap::new();
            let text = String::from_utf8_lossy(header).to_ascii_lowercase();
            let right =
                text.as_bytes() == signed(body).as_bytes() && header.starts_with(b"sha256=");
            headers.insert("x-hub-signature-256", value);
            let answer = github::webhook::hints(&[SecretString::from(SECRET)], &headers, body);
            let accepted = !matches!(answer, Err(WebhookError::Forged));
            assert_eq!(accepted, right, "{text}");
            format!("{accepted} {}", hinted(answer))
        },
    }
}

static SCHEMA: LazyLock<jira::schema::Schema> = LazyLock::new(|| {
    let fields = json!([
        {"id": "customfield_10014", "schema": {"custom": "com.pyxis.greenhopper.jira:gh-epic-link"}},
        {"id": "customfield_10001",
         "schema": {"custom": "com.atlassian.teams:rm-teams-custom-field-team"}},
    ]);
    let types = json!({"issueLinkTypes": [
        {"id": "1", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}]});
    jira::schema::Schema::read(
        &fields.to_string(),
        Some(&types.to_string()),
        &["Blocks".into()],
        true,
    )
    .unwrap()
});

const JIRA_WORDS: &[&str] = &[
    "status",
    "issuelinks",
    "parent",
    "customfield_10014",
    "customfield_10001",
    "labels",
    "fixVersions",
    "created",
    "updated",
    "fromString",
    "toString",
    "Epic Link",
    "Flagged",
    "Link",
    "IssueParentAssociation",
    "Key",
    "project",
    "resolution",
    "hierarchyLevel",
    "null",
];

fn jira_items(issues: &str, changelogs: &str) -> Shape {
    let page = match jira::wire::issues(issues) {
        Ok(page) => page,
        Err(error) => return kind(&error.classify()),
    };
    let logs = match jira::wire::changelogs(changelogs) {
        Ok(page) => page.issue_change_logs,
        Err(error) => return kind(&error.classify()),
    };
    let mut histories: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for log in logs.into_iter().map(jira::wire::log) {
        let id = log.issue_id.map(|id| id.to_string()).unwrap_or_default();
        histories.entry(id).or_default().extend(log.change_histories);
    }
    let (mut items, mut gaps) = (Vec::new(), Vec::new());
    for issue in page.issues {
        let id = issue.id.as_ref().map(|id| id.to_string()).unwrap_or_default();
        let history = histories.remove(&id).unwrap_or_default();
        let connection = ConnectionId("jira".into());
        let (item, lost) = jira::convert::convert(&connection, &SCHEMA, issue, history);
        assert!(item.is_some() || !lost.is_empty(), "what is left out is named");
        items.extend(item);
        gaps.extend(lost);
    }
    converted(&items, &gaps)
}

const ISSUES: &str = include_str!("../payloads/jira/issues.json");
const CHANGELOGS: &str = include_str!("../payloads/jira/changelogs.json");

pub fn jira_issues() -> Target {
    Target {
        name: "jira_issues",
        seeds: vec![ISSUES.into()],
        words: JIRA_WORDS,
        run: |input| match std::str::from_utf8(input) {
            Ok(text) => jira_items(text, CHANGELOGS),
            Err(_) => "not text".into(),
        },
    }
}

pub fn jira_changelogs() -> Target {
    Target {
        name: "jira_changelogs",
        seeds: vec![CHANGELOGS.into()],
        words: JIRA_WORDS,
        run: |input| match std::str::from_utf8(input) {
            Ok(text) => jira_items(ISSUES, text),
            Err(_) => "not text".into(),
        },
    }
}

pub fn jira_schema() -> Target {
    let fields = json!([
        {"id": "summary", "key": "summary", "name": "Summary", "schema": {"type": "string"}},
        {"id": "customfield_10021", "name": "Flagged", "schema": {"type": "array", "items":
            "option", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"}},
        {"id": "customfield_10001", "name": "Team",
         "schema": {"custom": "com.atlassian.teams:rm-teams-custom-field-team"}},
    ]);
    Target {
        name: "jira_schema",
        seeds: vec![fields.to_string().into_bytes()],
        words: &["com.pyxis.greenhopper.jira:gh-epic-link", "schema", "custom", "id", "Flagged"],
        run: |input| {
            let Ok(text) = std::str::from_utf8(input) else { return "not text".into() };
            match jira::schema::Schema::read(text, Some(text), &["Blocks".into()], false) {
                Ok(schema) => format!("{}", schema.fields().len()),
                Err(error) => kind(&error.classify()),
            }
        },
    }
}

const PAGE: &str = include_str!("../payloads/github/issues_page.json");

pub fn github_issues() -> Target {
    Target {
        name: "github_issues",
        seeds: vec![PAGE.into()],
        words: &[
            "__typename",
            "ProjectV2ItemStatusChangedEvent",
            "ClosedEvent",
            "LabeledEvent",
            "TransferredEvent",
            "timelineItems",
            "projectItems",
            "nodes",
            "pageInfo",
            "updatedAt",
            "BlockedByAddedEvent",
            "stateReason",
            "DUPLICATE",
            "totalCount",
            "null",
        ],
        run: |input| {
            let Ok(text) = std::str::from_utf8(input) else { return "not text".into() };
            let envelope = match wire::read::<wire::Envelope<'_>>(text) {
                Ok(envelope) => envelope,
                Err(path) => return format!("envelope {}", path.len().min(9)),
            };
            let found = envelope.errors.unwrap_or_default();
            let rows = faults::RowFaults::of(&found, &["repository", "issues", "nodes"]);
            let data = envelope.data.map_or("{}", |data| data.get());
            let Ok(data) = wire::read::<wire::IssuesData<'_>>(data) else { return "data".into() };
            let Some(told) = data.repository else { return "no repository".into() };
            let (mut items, mut gaps) = (Vec::new(), Vec::new());
            gaps.extend(rows.boards_gap());
            for (place, row) in told.issues.nodes.unwrap_or_default().into_iter().enumerate() {
                let Some(row) = row else { continue };
                match wire::read::<wire::Issue<'_>>(row.get()) {
                    Ok(issue) => {
                        let connection = ConnectionId("gh".into());
                        let (mut item, lost) = convert::issue(&connection, &issue, &[]);
                        gaps.extend(lost);
                        convert::apply_faults(&mut item, rows.row(place), &mut gaps);
                        items.push(item);
                    }
                    Err(path) => gaps.push(convert::malformed(row, &path)),
                }
            }
            converted(&items, &gaps)
        },
    }
}

pub fn github_faults() -> Target {
    let partial = json!({"data": {"nodes": [null]}, "errors": [{"type": "NOT_FOUND",
        "path": ["nodes", 0], "message": "Could not resolve"}]});
    let schema = json!({"errors": [{"path": ["fragment X"], "extensions": {"code":
        "undefinedField"}, "message": "Field 'issueType' doesn't exist on type 'Issue'"}]});
    let limited = json!({"errors": [{"type": "RATE_LIMITED", "message": "limit"}]});
    Target {
        name: "github_faults",
        seeds: [partial, schema, limited].iter().map(|one| one.to_string().into()).collect(),
        words: &[
            "NOT_FOUND",
            "FORBIDDEN",
            "RATE_LIMITED",
            "RESOURCE_LIMITS_EXCEEDED",
            "nodes",
            "MAX_NODE_LIMIT_EXCEEDED",
            "INSUFFICIENT_SCOPES",
            "repository",
            "issues",
            "type",
        ],
        run: |input| {
            let Ok(text) = std::str::from_utf8(input) else { return "not text".into() };
            let Ok(envelope) = wire::read::<wire::Envelope<'_>>(text) else {
                return "unreadable".into();
            };
            let found = envelope.errors.unwrap_or_default();
            let verdict = match faults::judge(&found, envelope.data.is_some()) {
                faults::Verdict::Failed(error) => kind(&error("gh")),
                faults::Verdict::TooHeavy(_) => "heavy".into(),
                faults::Verdict::RateLimited => "limited".into(),
                faults::Verdict::Usable => "usable".into(),
            };
            let of = faults::of_repository("gh", "northwind/checkout", &found);
            format!("{verdict} {}", kind(&of))
        },
    }
}

/// One header a line, as `name: value`.
pub fn github_headers() -> Target {
    let limited = "x-ratelimit-remaining: 0\nx-ratelimit-reset: 1790000000\n";
    let later = "retry-after: 60\ndate: Sat, 21 Nov 2026 09:00:00 GMT\n";
    Target {
        name: "github_headers",
        seeds: vec![limited.into(), later.into(), format!("{limited}{later}").into()],
        words: &["retry-after: ", "x-ratelimit-reset: ", "-1", "99999999999999999999", "\n", "GMT"],
        run: |input| {
            let mut response = http::Response::new(bytes::Bytes::from_static(b"{}"));
            for line in input.split(|byte| *byte == b'\n') {
                let at = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
                let name = http::HeaderName::from_bytes(&line[..at]);
                let value = HeaderValue::from_bytes(line.get(at + 1..).unwrap_or_default());
                if let (Ok(name), Ok(value)) = (name, value) {
                    response.headers_mut().append(name, value);
                }
            }
            let now = Timestamp::parse("2026-11-21T09:00:00Z").unwrap();
            let mut shape = String::new();
            for status in [200, 403, 429, 502] {
                *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                shape += &kind(&limits::pace(&response, now, 3));
                shape += if limits::asked_wait(&response, now, 0).is_some() { "+" } else { "-" };
            }
            let dated = limits::date(response.headers()).is_some();
            format!("{shape} {dated} {}", limits::until_reset(response.headers(), now).is_some())
        },
    }
}

/// Lines of the normal form in which recorded items are loaded.
pub fn recorded_items() -> Target {
    Target {
        name: "recorded_items",
        seeds: [
            lines(include_str!("../payloads/normal/devlake-cloud.sample.jsonl")),
            lines(include_str!("../payloads/normal/devlake-server.sample.jsonl")),
            lines(include_str!("../payloads/normal/tidev.sample.jsonl")),
        ]
        .concat(),
        words: &["status", "changelog", "key", "id", "labels", "null", "\n", "created"],
        run: |input| {
            let file = tempfile::Builder::new().suffix(".jsonl").tempfile().unwrap();
            std::fs::write(file.path(), input).unwrap();
            match Recording::read(&[file.path()]) {
                Ok(_) => "read".into(),
                Err(error) => {
                    kind(&error.to_string().split_once(": ").map(|(_, why)| why.to_owned()))
                }
            }
        },
    }
}

pub fn settings_file() -> Target {
    Target {
        name: "settings_file",
        seeds: vec![include_bytes!("../../../config/streamgauge.toml").to_vec()],
        words: &[
            "[[connection]]\n",
            "kind = \"github\"\n",
            "auth = { }\n",
            "\"\"\"",
            "pull = \"* * * * *\"\n",
            "[web]\n",
            "listen = \"0.0.0.0:1\"\n",
            "titles = 1\n",
            "= 2026-02-30\n",
            "[",
            "]",
            "\"",
        ],
        run: |input| {
            let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
            std::fs::write(file.path(), input).unwrap();
            match Settings::load(file.path()) {
                Ok(settings) => format!("{}", settings.connection.len()),
                Err(error) => {
                    let text = error.to_string();
                    assert!(text.contains(".toml"), "names the file: {text}");
                    kind(&text.split_once(": ").map(|(_, why)| why.to_owned()))
                }
            }
        },
    }
}

pub fn portfolio_file() -> Target {
    Target {
        name: "portfolio_file",
        seeds: vec![include_bytes!("../../../config/portfolio.toml").to_vec()],
        words: &[
            "[[team]]\n",
            "claims = [{ jira = \"PAY\" }]\n",
            "from = 2026-02-30\n",
            "shares = { a = nan }\n",
            "length = \"0w\"\n",
            "length = \"99999999999w\"\n",
            "anchor = 0000-01-01\n",
            "[[intent]]\n",
            "timezone = \"\"\n",
            "weight = -0.0\n",
            "inf",
            "\"\"\"",
            "[[epic]]\n",
            "id = \"\"\n",
        ],
        run: |input| {
            let Ok(text) = std::str::from_utf8(input) else { return "not text".into() };
            match Portfolio::parse(text, "portfolio.toml") {
                Ok(portfolio) => format!("{} teams", portfolio.teams().len()),
                Err(problems) => {
                    let text = problems.to_string();
                    assert!(text.contains("portfolio.toml:"), "names the line: {text}");
                    kind(&text.split_once(": ").map(|(_, why)| why.to_owned()))
                }
            }
        },
    }
}

pub fn cron_expression() -> Target {
    Target {
        name: "cron_expression",
        seeds: lines(
            "*/5 * * * *\n0 7 * * MON\n30 2 29 2 *\n0 0 31 2 *\n1-5,7/2 */3 1 JAN-DEC 0-7",
        ),
        words: &[
            "*",
            "/",
            "-",
            ",",
            "MON",
            "FEB",
            "7",
            "60",
            "0",
            "99999999999",
            " ",
            "?",
            "L",
            "#",
        ],
        run: |input| {
            let Ok(text) = std::str::from_utf8(input) else { return "not text".into() };
            let schedule = match Schedule::parse(text) {
                Ok(schedule) => schedule,
                Err(error) => return kind(&error),
            };
            let mut at = Timestamp::parse("2026-03-28T12:00:00Z").unwrap();
            for zone in [Tz::UTC, Tz::Europe__Berlin, Tz::Pacific__Apia] {
                for _ in 0..3 {
                    let Some(tick) = schedule.next_after(at, zone) else { return "never".into() };
                    assert!(tick.at > at, "{text}: a tick lies after the instant asked from");
                    at = tick.at;
                }
            }
            format!("{}", schedule.text().len().min(12))
        },
    }
}

pub fn instants() -> Target {
    Target {
        name: "instants",
        seeds: lines(
            "2026-11-21T09:00:00Z\n2026-11-21T09:00:00.123+01:00\n+262142-12-31T23:59:59Z",
        ),
        words: &["T", "Z", "+14:00", "-00:00", ".999999999", "9999", "-", ":60", "24:00"],
        run: |input| {
            let Ok(text) = std::str::from_utf8(input) else { return "not text".into() };
            match Timestamp::parse(text) {
                Ok(at) => {
                    assert_eq!(Timestamp::parse(&at.to_string()), Ok(at), "told and read again");
                    format!("{}", at.millis().signum())
                }
                Err(error) => kind(&error),
            }
        },
    }
}
