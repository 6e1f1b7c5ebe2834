//! Digests on their way to real receivers: what arrives, and what happens when it does not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod boards;
mod post_office;
mod program;
mod receiver;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use streamgauge::channels::settings::{Settings as Channel, open};
use streamgauge::clock::SystemClock;
use streamgauge::demo::Source;
use streamgauge::digests::outbox::{Outbox, Sent};
use streamgauge::digests::settings::Digest;
use streamgauge::entropy::Entropy;
use streamgauge::sim::story::{self, Size};
use streamgauge::transport::{Limits, Transport};

use crate::network::authority::Authority;
use crate::network::gates::acceptor;
use crate::support::program::close;
use crate::support::staged::Staged;
use boards::{Boards, TOKEN};
use post_office::{PostOffice, Trouble};
use receiver::{Answer, Posted, Receiver};

/// A part of an address that nobody else may read.
const PATH: &str = "/hooks/secret-of-the-address-4711";
const KEY: &str = "monday-2026-06-15T0900";
const NOTHING: Sent = Sent { delivered: 0, failed: 0, unknown: 0, skipped: 0 };
const ONE: Sent = Sent { delivered: 1, ..NOTHING };
const FAILED: Sent = Sent { failed: 1, ..NOTHING };
const UNKNOWN: Sent = Sent { unknown: 1, ..NOTHING };

/// A demo whose Monday digest is due, and one channel that it goes to.
struct House {
    staged: Staged,
    outbox: Outbox,
}

impl House {
    /// `SECRET(text)` in the declaration becomes a file with that text.
    async fn with(channel: &str) -> Self {
        let now = "2026-06-15T06:00:00Z".parse_instant();
        let staged = Staged::new(Source::from(story::generate(1, now, Size::Test)), now).await;
        let text = with_secrets(channel, staged.folder());
        let channel: Channel = toml::from_str(&text).unwrap();
        channel.validate().unwrap();
        let limits = Limits {
            total: Duration::from_millis(700),
            backoff: Vec::new(),
            longest_wait: Duration::ZERO,
            ..Limits::default()
        };
        let transport =
            Transport::over_network(limits, staged.clock.clone(), Entropy::from_seed(0)).unwrap();
        let digest = Digest {
            id: "monday".to_owned(),
            audience: "portfolio".to_owned(),
            at: "0 9 * * MON".to_owned(),
            to: vec![channel.id.clone()],
            format: vec![streamgauge::channels::Format::Md],
            at_least_once: false,
            at_boundaries: false,
        };
        let channels = open(&[channel], &transport).unwrap();
        // The staged clock says when a digest is due; how long a receiver may take is real time.
        let gauge = Arc::clone(&staged.demo.gauge);
        let outbox = Outbox::new(gauge, Arc::new(SystemClock), &[digest], &channels).unwrap();
        let house = Self { staged, outbox };
        assert_eq!(house.after(0).await, NOTHING, "nothing is due yet");
        house
    }

    /// What one look at the outbox does, so many seconds later.
    async fn after(&self, seconds: u64) -> Sent {
        self.staged.clock.advance(Duration::from_secs(seconds));
        self.outbox.step().await.unwrap()
    }

    /// An hour later the digest is due.
    async fn due(&self) -> Sent {
        self.after(3_700).await
    }

    /// What `/status` tells of the delivery.
    async fn problem(&self) -> String {
        let known = self.staged.demo.store.deliveries().await.unwrap();
        known[0].problem.clone().unwrap_or_default()
    }
}

trait ParseInstant {
    fn parse_instant(&self) -> streamgauge::model::Timestamp;
}

impl ParseInstant for str {
    fn parse_instant(&self) -> streamgauge::model::Timestamp {
        streamgauge::model::Timestamp::parse(self).unwrap()
    }
}

fn with_secrets(text: &str, folder: &Path) -> String {
    let mut out = String::new();
    let mut parts = text.split("SECRET(");
    out.push_str(parts.next().unwrap());
    for (nth, part) in parts.enumerate() {
        let (secret, rest) = part.split_once(')').unwrap();
        let file = folder.join(format!("secret-{nth}"));
        close(&file, secret);
        out.push_str(&format!("{{ file = \"{}\" }}{rest}", file.display()));
    }
    out
}

async fn posting(kind: &str, more: &str) -> (House, Receiver) {
    let (receiver, address) = Receiver::serve().await;
    let declared =
        format!("id = \"leaders\"\nkind = \"{kind}\"\nurl = SECRET({address}{PATH})\n{more}");
    (House::with(&declared).await, receiver)
}

fn one(receiver: &Receiver) -> Posted {
    let posted = receiver.posted();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].path, PATH);
    assert_eq!(posted[0].header("content-type"), "application/json; charset=utf-8");
    posted[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_shows_the_digest_in_blocks() {
    let (house, slack) = posting("slack", "").await;
    assert_eq!((house.due().await, house.after(60).await), (ONE, NOTHING));
    let message = one(&slack).json();
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50, "{}", blocks.len());
    assert_eq!(blocks[0]["type"], "header");
    assert!(message["text"].as_str().unwrap().starts_with("Streamgauge digest: "));
    let kinds: BTreeSet<&str> = blocks.iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["context", "header", "section"].into());
    let shown = message.to_string();
    assert!(!shown.contains('<') && !shown.contains('>'), "{shown}");
    for question in ["1. Are we investing", "2. Where is the flow", "3. What signals should"] {
        assert!(shown.contains(question), "{question} in {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_shows_the_digest_as_a_card() {
    let (house, teams) = posting("teams", "").await;
    teams.answer([Answer::With(202, "")]);
    assert_eq!(house.due().await, ONE);
    let posted = one(&teams);
    assert!(posted.body.len() <= 28_000, "{}", posted.body.len());
    let message = posted.json();
    assert_eq!(message["type"], "message");
    let card = &message["attachments"][0];
    assert_eq!(card["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(card["content"]["type"], "AdaptiveCard");
    for block in card["content"]["body"].as_array().unwrap() {
        assert!(matches!(block["type"].as_str(), Some("RichTextBlock" | "Container")), "{block}");
    }
    assert!(posted.body.contains("3. What signals should"));
}

/// The secret of the specification's example.
const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn is_signed(posted: &Posted) -> bool {
    let key = STANDARD.decode(SIGNING.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, seconds) = (posted.header("webhook-id"), posted.header("webhook-timestamp"));
    mac.update(format!("{id}.{seconds}.{}", posted.body).as_bytes());
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    posted.header("webhook-signature") == format!("v1,{expected}")
}

/// A receiver that is silent may have taken it: a repeat has the same id and the same bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_webhook_is_repeated_under_its_id() {
    let (house, receiver) = posting("webhook", &format!("secret = SECRET({SIGNING})")).await;
    receiver.answer([Answer::Silence, Answer::With(503, "not now")]);
    assert_eq!(house.due().await, FAILED);
    assert_eq!(house.after(30).await, NOTHING, "not before its time");
    assert_eq!(house.after(31).await, FAILED);
    assert_eq!(house.after(121).await, ONE);
    let posted = receiver.posted();
    assert_eq!(posted.len(), 3);
    for (nth, one) in posted.iter().enumerate() {
        assert_eq!(one.header("webhook-id"), KEY);
        assert_eq!(one.body, posted[0].body, "try {nth}");
        assert!(is_signed(one), "try {nth}: {:?}", one.headers);
    }
    assert!(posted[0].header("webhook-timestamp") < posted[2].header("webhook-timestamp"));
    let sent = posted[0].json();
    assert_eq!((&sent["type"], &sent["data"]["key"]), (&"digest".into(), &KEY.into()));
    assert_eq!(sent["timestamp"], "2026-06-15T07:00:00Z");
    assert!(sent["data"]["page"]["digest"]["sections"].is_array());
}

/// Slack shows whatever arrives: a delivery of unknown outcome is not repeated, and told.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_knows_whether_a_silent_chat_took_it() {
    let (house, slack) = posting("slack", "").await;
    slack.answer([Answer::Silence]);
    assert_eq!(house.due().await, UNKNOWN);
    assert_eq!((house.after(600).await, slack.posted().len()), (NOTHING, 1));
    let problem = house.problem().await;
    assert!(problem.starts_with("leaders: no answer from 127.0.0.1"), "{problem}");
}

/// What is refused was not taken: it is tried again, the same bytes, and the reason is told without
/// the address, which lets anyone post.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_chat_refuses_is_tried_again_and_told() {
    let (house, slack) = posting("slack", "").await;
    slack.answer([Answer::With(404, "no_service"), Answer::With(500, "")]);
    assert_eq!(house.due().await, FAILED);
    let problem = house.problem().await;
    assert_eq!(problem, "leaders: refused with 404 Not Found: no_service");
    assert_eq!((house.after(61).await, house.after(121).await), (FAILED, ONE));
    let posted = slack.posted();
    assert_eq!(posted.len(), 3);
    assert!(posted.iter().all(|one| one.body == posted[0].body));
}

/// A receiver that names a time is not asked before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_asks_to_wait_is_left_alone() {
    let (house, slack) = posting("slack", "").await;
    slack.answer([Answer::Later(1_000)]);
    assert_eq!(house.due().await, FAILED);
    assert_eq!((house.after(70).await, slack.posted().len()), (FAILED, 1), "it is not asked");
    let problem = house.problem().await;
    assert!(problem.contains("asks to wait until"), "{problem}");
    assert_eq!((house.after(1_000).await, slack.posted().len()), (ONE, 2));
}

async fn mailing(office: u16, more: &str) -> House {
    let declared = format!(
        "id = \"mail\"\nkind = \"email\"\nserver = \"localhost:{office}\"\n\
         from = \"Streamgauge <gauge@northwind.example>\"\n\
         to = [\"a@northwind.example\", \"b@northwind.example\"]\n{more}"
    );
    House::with(&declared).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_has_both_parts_and_a_name_of_its_own() {
    let (office, port) = PostOffice::serve(None).await;
    let house = mailing(port, "").await;
    assert_eq!((house.due().await, house.after(600).await), (ONE, NOTHING));
    let mails = office.mails();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.from, "gauge@northwind.example");
    assert_eq!(mail.to, ["a@northwind.example", "b@northwind.example"]);
    let (head, body) = mail.text.split_once("\n\n").unwrap();
    for line in [
        "From: Streamgauge <gauge@northwind.example>",
        "Date: Mon, 15 Jun 2026 07:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ] {
        assert!(head.lines().any(|one| one == line), "{line} in\n{head}");
    }
    assert!(head.contains("Subject: Streamgauge digest: "), "{head}");
    let id = head.lines().find(|line| line.starts_with("Message-ID: ")).unwrap();
    assert!(id.ends_with(".streamgauge@northwind.example>"), "{id}");
    let kinds: Vec<&str> =
        body.lines().filter_map(|line| line.strip_prefix("Content-Type: ")).collect();
    let (texts, pictures) = kinds.split_at(3);
    let texts_and_pictures =
        ["text/plain; charset=utf-8", "multipart/related;", "text/html; charset=utf-8"];
    assert_eq!(texts, texts_and_pictures);
    assert!(!pictures.is_empty() && pictures.iter().all(|kind| *kind == "image/png"), "{kinds:?}");
    // Each picture is named by the text, and by nothing else.
    let whole = body.replace("=\n", "").replace("=3D", "=");
    for nth in 1..=pictures.len() {
        let id = id["Message-ID: <".len()..].split('.').next().unwrap();
        let name = format!("{nth}.{id}@streamgauge");
        assert_eq!(whole.matches(&format!("src=\"cid:{name}\"")).count(), 1, "{whole}");
        assert_eq!(whole.matches(&format!("Content-ID: <{name}>")).count(), 1, "{whole}");
    }
    assert_eq!(whole.matches("<img ").count(), pictures.len());
    assert!(!body.contains("http://") && !body.contains("https://"), "nothing is fetched");
}

/// A refusal is a refusal: the same bytes are sent again. After the last dot nobody knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_repeated_only_if_it_was_refused() {
    let (office, port) = PostOffice::serve(None).await;
    let house = mailing(port, "").await;
    office.next(Trouble::NoSuchBox);
    assert_eq!(house.due().await, FAILED);
    let problem = house.problem().await;
    assert!(problem.contains("550") && problem.contains("no such box"), "{problem}");
    assert_eq!(house.after(61).await, ONE);

    let house = mailing(port, "").await;
    office.next(Trouble::Unheard);
    assert_eq!(house.due().await, UNKNOWN);
    assert_eq!(house.after(600).await, NOTHING);
    let mails = office.mails();
    assert_eq!(mails.len(), 2);
    let name =
        |text: &str| text.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned();
    assert_eq!(name(&mails[0].text), name(&mails[1].text), "one tick, one name");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_gone_has_taken_nothing() {
    let (_, port) = PostOffice::serve(None).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap().port();
    drop(listener);
    assert_ne!(port, nobody);
    let house = mailing(nobody, "").await;
    assert_eq!(house.due().await, FAILED);
}

/// A password goes through TLS, to a server whose certificate is trusted, or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_sent_over_tls_only() {
    let (trusted, other) = (Authority::new("Northwind"), Authority::new("Somebody else"));
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &trusted.pem).unwrap();
    let login =
        format!("user = \"gauge\"\npassword = SECRET(the-password)\nca = \"{}\"", ca.display());

    let (office, port) = PostOffice::serve(Some(acceptor(&trusted.certify(&["localhost"])))).await;
    assert_eq!(mailing(port, &login).await.due().await, ONE);
    let mail = &office.mails()[0];
    assert!(mail.tls);
    assert_eq!(mail.login.as_deref(), Some("gauge:the-password"));

    let (office, port) = PostOffice::serve(Some(acceptor(&other.certify(&["localhost"])))).await;
    let house = mailing(port, &login).await;
    assert_eq!((house.due().await, office.mails()), (FAILED, Vec::new()), "a stranger");
    let (office, port) = PostOffice::serve(None).await;
    let house = mailing(port, &login).await;
    assert_eq!((house.due().await, office.mails()), (FAILED, Vec::new()), "no TLS");
    let problem = house.problem().await;
    assert!(!problem.contains("the-password"), "{problem}");
}

/// Addresses that are no receivers are refused when the channel is made, and not repeated.
#[test]
fn an_address_is_https_or_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let transport = crate::support::process::client();
    let problem = |url: &str| {
        let text = with_secrets(
            &format!("id = \"a\"\nkind = \"slack\"\nurl = SECRET({url})"),
            folder.path(),
        );
        let channel: Channel = toml::from_str(&text).unwrap();
        open(&[channel], &transport).err().map(|error| error.to_string())
    };
    assert_eq!(problem("https://hooks.slack.example/services/T0/B0/x"), None);
    assert_eq!(problem("http://localhost:9/x"), None);
    for url in [
        "http://hooks.slack.example/services/x-4711",
        "ftp://hooks.slack.example/x-4711",
        "hooks.slack.example/x-4711",
        "https://169.254.169.254/x-4711",
        "http://localhost.evil.example/x-4711",
    ] {
        let told = problem(url).unwrap_or_else(|| panic!("{url} is accepted"));
        assert!(told.starts_with("channel `a`: ") && !told.contains("4711"), "{told}");
    }
}

async fn posting_to_board(kind: &str, more: &str) -> (House, Boards) {
    let (boards, api) = Boards::serve().await;
    let declared = format!(
        "id = \"board\"\nkind = \"{kind}\"\napi = \"{api}\"\ntoken = SECRET({TOKEN})\n{more}"
    );
    (House::with(&declared).await, boards)
}

/// What was taken is found again by its key: a delivery of unknown outcome is neither lost nor
/// doubled.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_board_took_in_silence_is_found_and_not_repeated() {
    for (kind, more) in [
        ("github", "repository = \"northwind/digests\""),
        ("github", "repository = \"northwind/digests\"\ncategory = \"Digests\""),
        ("slack-bot", "channel = \"C0123456789\""),
    ] {
        let (house, boards) = posting_to_board(kind, more).await;
        boards.be_silent_once();
        assert_eq!(house.due().await, FAILED, "{kind}");
        assert_eq!(house.after(61).await, ONE, "{kind}");
        assert_eq!(house.after(600).await, NOTHING, "{kind}");
        let posted = boards.posted();
        assert_eq!(posted.len(), 1, "{kind} {more}");
        let text = posted[0].to_string();
        assert!(text.contains(KEY) && text.contains("3. What signals should"), "{text}");
        if more.contains("category") {
            assert_eq!(
                (&posted[0]["repositoryId"], &posted[0]["categoryId"]),
                (&"R_1".into(), &"C_2".into())
            );
        }
    }
}

/// Refusals of boards say what to do.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_board_refuses_is_told_with_the_mend() {
    for (kind, more, told) in [
        ("github", "repository = \"northwind/other\"", "board: refused with 404 Not Found"),
        (
            "github",
            "repository = \"northwind/digests\"\ncategory = \"News\"",
            "no category of discussions `News`; there are: General, Digests",
        ),
        (
            "slack-bot",
            "channel = \"C9\"",
            "Slack refused: channel_not_found; invite the app to the channel",
        ),
    ] {
        let (house, boards) = posting_to_board(kind, more).await;
        assert_eq!((house.due().await, boards.posted().len()), (FAILED, 0), "{kind}");
        let problem = house.problem().await;
        assert!(problem.contains(told) && !problem.contains(TOKEN), "{problem}");
    }
}
