//! Who may say that something changed: whoever signed exactly these bytes with our secret.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;
use sha2::Sha256;
use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage};
use streamgauge::entropy::Entropy;
use streamgauge::sim::story::{self, Size};
use streamgauge::spawn::Spawner;
use streamgauge::store::Store;
use streamgauge::trackers::WebhookError;
use streamgauge::trackers::github::webhook::hints;
use streamgauge::transport::Request;

use crate::kill::postman::Postman;
use crate::support::editor::Editor;
use crate::support::gate::Gate;
use crate::support::process::{Folder, eventually};
use crate::web::client::post;
use crate::web::house::{Doors, HOOK_SECRET, House};

const BODY: &[u8] = br#"{"action":"edited","issue":{"node_id":"I_kwDOABCDEF","number":7}}"#;
const SECRET: &str = "a secret of more than 24 bytes";
const HEADER: &str = "x-hub-signature-256";

fn sign(secret: &str, body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().into()
}

fn headers(signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HEADER, HeaderValue::from_str(signature).unwrap());
    headers.insert("x-github-event", HeaderValue::from_static("issues"));
    headers
}

fn accepted(secrets: &[&str], signature: &str, body: &[u8]) -> bool {
    let secrets: Vec<SecretString> = secrets.iter().map(|text| (*text).into()).collect();
    !matches!(hints(&secrets, &headers(signature), body), Err(WebhookError::Forged))
}

/// The examples of the documentation of GitHub and Atlassian, and test case 2 of RFC 4231.
#[test]
fn published_vectors_are_accepted_and_nothing_near_them() {
    for (secret, body, digest) in [
        (
            "It's a Secret to Everybody",
            "Hello, World!",
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ),
        (
            "It's a Secret to Everybody",
            "Hello World!",
            "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
        ),
        (
            "Jefe",
            "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
    ] {
        let good = format!("sha256={digest}");
        assert!(accepted(&[secret], &good, body.as_bytes()), "{body}");
        assert!(!accepted(&[&secret.to_uppercase()], &good, body.as_bytes()));
        assert!(!accepted(&[secret], &good, &[body.as_bytes(), b"\n"].concat()));
        assert!(!accepted(&[secret], &good, &body.as_bytes()[1..]));
        for other in [
            String::new(),
            "sha256=".to_owned(),
            digest.to_owned(),
            format!("sha512={digest}"),
            format!("SHA256={digest}"),
            format!("sha256:{digest}"),
            format!("sha256= {digest}"),
            format!("sha256={}", &digest[1..]),
            format!("sha256={digest}0"),
            format!("sha256={digest}00"),
            format!("sha256={digest},sha256={digest}"),
            format!("sha1={}", &digest[..40]),
            format!("none={digest}"),
        ] {
            assert!(!accepted(&[secret], &other, body.as_bytes()), "{other}");
        }
    }
}

/// `FORGERIES` asks for another number; the nightly run asks for a million.
#[test]
fn one_flipped_bit_is_a_forgery() {
    let rounds = std::env::var("FORGERIES").map_or(100_000, |text| text.parse::<u64>().unwrap());
    let seed = std::env::var("TEST_SEED").map_or(20_261_121, |text| text.parse().unwrap());
    println!("FORGERIES={rounds} TEST_SEED={seed}");
    let random = Entropy::from_seed(seed);
    let below = |end: usize| usize::try_from(random.next_u64() % end as u64).unwrap();
    let good = sign(SECRET, BODY);
    let told = |digest: &[u8]| format!("sha256={}", hex::encode(digest));
    assert!(accepted(&[SECRET], &told(&good), BODY));
    for round in 0..rounds {
        let (mut body, mut digest, mut secret) = (BODY.to_vec(), good, SECRET.as_bytes().to_vec());
        let place = match round % 3 {
            0 => &mut body[below(BODY.len())],
            1 => &mut digest[below(32)],
            // Seven bits, so that it stays text.
            _ => {
                let at = below(SECRET.len());
                secret[at] ^= 1 << below(7);
                &mut 0
            }
        };
        *place ^= 1 << below(8);
        let secret = String::from_utf8(secret).unwrap();
        assert!(!accepted(&[&secret], &told(&digest), &body), "round {round}");
    }
}

#[test]
fn the_sender_never_chooses_the_algorithm() {
    let good = sign(SECRET, BODY);
    let mut headers = HeaderMap::new();
    headers.insert("x-github-event", HeaderValue::from_static("issues"));
    let secrets = [SecretString::from(SECRET)];
    let refused = |headers: &HeaderMap| {
        assert!(matches!(hints(&secrets, headers, BODY), Err(WebhookError::Forged)));
    };
    refused(&headers);
    // The old header, with what it would hold and with what it would not.
    for value in
        ["sha1=0000000000000000000000000000000000000000", &format!("sha256={}", hex::encode(good))]
    {
        headers.insert("x-hub-signature", HeaderValue::from_str(value).unwrap());
        refused(&headers);
    }
    // Twice, whichever of them is right.
    headers
        .insert(HEADER, HeaderValue::from_str(&format!("sha256={}", hex::encode(good))).unwrap());
    assert!(hints(&secrets, &headers, BODY).is_ok());
    headers.append(HEADER, HeaderValue::from_static("sha256=00"));
    refused(&headers);
}

#[test]
fn two_secrets_are_accepted_while_they_change_and_no_third() {
    let (old, new) = ("the old secret, on its way out", "the new secret, on its way in");
    let by = |secret: &str| format!("sha256={}", hex::encode(sign(secret, BODY)));
    for secret in [old, new] {
        assert!(accepted(&[new, old], &by(secret), BODY), "{secret}");
    }
    assert!(!accepted(&[new], &by(old), BODY), "it is out");
    assert!(!accepted(&[new, old], &by("a third one that nobody knows"), BODY));
    assert!(!accepted(&[], &by(""), BODY) && !accepted(&[""], &by(""), BODY), "none at all");
}

/// Whatever is wrong, the answer is one and the same, byte for byte.
#[tokio::test]
async fn every_refusal_looks_alike() {
    let house = House::furnished(Doors::all()).await;
    let signed = |secret: &str| format!("sha256={}", hex::encode(sign(secret, BODY)));
    let ask = |path: &str| post(path, "application/json", BODY).with("x-github-event", "issues");
    let mut answers = vec![
        house.ask(ask("/webhooks/nowhere")).await,
        house.ask(ask("/webhooks/nowhere").with(HEADER, &signed(HOOK_SECRET))).await,
        house.ask(ask("/webhooks/%00").with(HEADER, &signed(HOOK_SECRET))).await,
        house.ask(ask("/webhooks/github").bearer("portfolio-word")).await,
        house.ask(ask("/webhooks/center?token=nobody")).await,
        house.ask(ask("/webhooks/center")).await,
    ];
    for value in [signed("another secret"), signed(""), "sha1=00".into(), "sha256=00".into()] {
        answers.push(house.ask(ask("/webhooks/github").with(HEADER, &value)).await);
    }
    assert_eq!((answers[0].status, answers[0].body.as_str()), (401, "not accepted\n"));
    for answer in &answers {
        let mut same = answer.clone();
        let dated = |name: &str| name != "date";
        same.headers.retain(|(name, _)| dated(name));
        let mut first = answers[0].clone();
        first.headers.retain(|(name, _)| dated(name));
        assert_eq!(same, first);
    }
    assert_eq!(house.store.counts().await.unwrap().hints, 0);
    assert_eq!(
        house.ask(ask("/webhooks/github").with(HEADER, &signed(HOOK_SECRET))).await.status,
        202
    );
}

/// Deliveries of last week, signed and all, sent again and again to the real program.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_delivery_sent_again_changes_nothing() {
    let clock: SharedClock = Arc::new(SystemClock);
    let story = story::generate(23, clock.now(), Size::Test);
    let source = Source::from(story.clone());
    let stage = Stage::start(source, &clock, &Spawner::tokio()).await.unwrap();
    let gate = Gate::open(&stage).await;
    let folder = Folder::new(&stage, &gate, &story.portfolio_toml);
    let mut postman = Postman::new(&stage);
    let mut editor = Editor::new(&story, story::edits(23, clock.now(), Size::Test), &stage);
    assert_eq!(folder.run(&["sync"]).await.code, Some(0));
    let daemon = folder.serve().await;
    for _ in 0..12 {
        editor.step();
    }
    let mut kept: Vec<Request> = Vec::new();
    for tracker in ["jira", "github"] {
        kept.extend(postman.waiting(tracker, &daemon));
    }
    assert!(kept.len() > 5, "{} deliveries", kept.len());
    let store = Store::open_read_only(&folder.url(), Arc::clone(&clock)).await.unwrap();
    let quiet = async || {
        eventually(async || store.counts().await.unwrap().hints == 0, "hints are followed").await;
    };
    for request in &kept {
        assert!(postman.send(request.clone()).await);
    }
    quiet().await;
    let seen = async || {
        let out = folder.path().join("seen").display().to_string();
        assert_eq!(folder.run(&["export", "--out", &out]).await.code, Some(0));
        ["items", "segments", "links", "releases"].map(|name| {
            std::fs::read_to_string(folder.path().join(format!("seen/{name}.jsonl"))).unwrap()
        })
    };
    let before = seen().await;
    let (items, seq) = (store.counts().await.unwrap().items, store.seq().await.unwrap());
    for _ in 0..3 {
        kept.reverse();
        for request in &kept {
            assert!(postman.send(request.clone()).await, "known and signed");
        }
        quiet().await;
    }
    assert_eq!(seen().await, before);
    assert_eq!((store.counts().await.unwrap().items, store.seq().await.unwrap()), (items, seq));
}
