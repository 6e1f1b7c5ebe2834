//! Who may see what: default deny, roles, sessions, origins, proxies and loopback.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use streamgauge::clock::Clock;

use super::client::{get, post};
use super::house::{Doors, House};

const GUARDED: &[&str] = &[
    "/",
    "/map",
    "/status",
    "/items/northwind/checkout%231",
    "/api/v1/report",
    "/api/v1/digest",
    "/api/v1/map",
    "/api/v1/status",
    "/api/v1/items/northwind/checkout%231",
    "/api/v1/decisions",
    "/api/v1/readings",
    "/api/v1/integrations",
    "/readyz",
    "/metrics",
];
const OPEN: &[&str] = &["/healthz", "/style.css", "/sign-in"];
const DECISION: &str =
    r#"{ "verb": "more", "subject": "stream:payments", "why": "the June review" }"#;
const INTEGRATION: &str = r#"{ "name": "System demo", "items": ["northwind/checkout#1"] }"#;
const READING: &str = r#"{ "measure": "refund-contacts", "value": 41.5 }"#;
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn without_a_credential_nothing_opens() {
    let house = House::furnished(Doors::all()).await;
    for path in GUARDED {
        let answer = house.ask(get(path)).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{path}");
        assert!(!answer.body.contains("Northwind"), "{path} tells nothing");
        let wrong = house.ask(get(path).bearer("wrong-word")).await;
        assert_eq!(wrong.status, 401, "{path} with a wrong token");
        let person = house.ask(get(path).page()).await;
        let place = person.header("location");
        assert!(person.status == 303 && place.starts_with("/sign-in"), "{path}: {place}");
        let allowed = house.ask(get(path).bearer("viewer-word")).await;
        assert_eq!(allowed.status, 200, "{path} with a token");
    }
    for path in OPEN {
        assert_eq!(house.ask(get(path)).await.status, 200, "{path}");
    }
    for (path, body) in [
        ("/api/v1/decisions", DECISION),
        ("/api/v1/readings", READING),
        ("/api/v1/integrations", INTEGRATION),
    ] {
        assert_eq!(house.ask(post(path, JSON, body)).await.status, 401, "{path}");
    }
    assert_eq!(house.store.decisions(None).await.unwrap(), vec![]);
}

#[tokio::test]
async fn roles_do_what_they_may() {
    let house = House::furnished(Doors::all()).await;
    let decide = |word| post("/api/v1/decisions", JSON, DECISION).bearer(word);
    let read = |word| post("/api/v1/readings", JSON, READING).bearer(word);
    let integrate = |word| post("/api/v1/integrations", JSON, INTEGRATION).bearer(word);
    for word in ["viewer-word", "team-word"] {
        assert_eq!(house.ask(integrate(word)).await.status, 403, "{word}");
        assert_eq!(house.ask(decide(word)).await.status, 403, "{word}");
        assert_eq!(house.ask(read(word)).await.status, 403, "{word}");
    }
    assert_eq!(house.store.decisions(None).await.unwrap(), vec![]);

    let made = house.ask(decide("portfolio-word")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.json()["why"], "the June review");
    assert_eq!(house.ask(read("portfolio-word")).await.status, 201);
    let listed = house.ask(get("/api/v1/decisions").bearer("viewer-word")).await.json();
    assert_eq!(listed[0]["id"], made.json()["id"]);
    let listed = house.ask(get("/api/v1/readings").bearer("viewer-word")).await.json();
    assert_eq!(listed[0]["value"], 41.5);
    let made = house.ask(integrate("portfolio-word")).await;
    assert_eq!((made.status, &made.json()["id"]), (201, &"I-1".into()), "{}", made.body);
    let listed = house.ask(get("/api/v1/integrations").bearer("viewer-word")).await.json();
    assert_eq!(listed[0]["items"][0], "northwind/checkout#1");

    for path in GUARDED.iter().filter(|path| !matches!(**path, "/readyz" | "/metrics")) {
        let team = house.ask(get(path).bearer("team-word")).await;
        assert_eq!(team.status, 403, "{path}: a team's word opens its own page only");
    }
}

#[tokio::test]
async fn a_record_that_the_portfolio_does_not_know_is_refused_in_a_sentence() {
    let house = House::furnished(Doors::all()).await;
    let unknown = DECISION.replace("payments", "booking");
    let ask = post("/api/v1/decisions", JSON, unknown).bearer("portfolio-word");
    let answer = house.ask(ask).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body, "subject: there is no stream `booking`; there are payments\n");
    for (path, body, id, called) in [
        ("/api/v1/decisions", DECISION, "D-99", "decision"),
        ("/api/v1/integrations", INTEGRATION, "I-99", "integration event"),
    ] {
        let unknown = body.replacen('{', &format!(r#"{{"supersedes": "{id}", "#), 1);
        let answer = house.ask(post(path, JSON, unknown).bearer("portfolio-word")).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        let told = format!("supersedes: there is no {called} \"{id}\"");
        assert!(answer.body.starts_with(&told), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let house = House::furnished(Doors::all()).await;
    let sign_in = |word: &str| post("/sign-in", FORM, format!("token={word}"));
    let wrong = house.ask(sign_in("nobody")).await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, ""));
    assert!(wrong.body.contains("That token is not known."));

    let right = house.ask(sign_in("portfolio-word")).await;
    assert_eq!((right.status, right.header("location")), (303, "/"));
    let (cookie, rules) = right.header("set-cookie").split_once("; ").unwrap();
    assert!(cookie.starts_with("__Host-streamgauge="), "{cookie}");
    assert_eq!(rules, "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200");

    let page = house.ask(get("/").page().with("cookie", cookie)).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Sign out"));
    let origin = format!("http://{}", house.address);
    let decide = || post("/api/v1/decisions", JSON, DECISION).with("cookie", cookie);
    assert_eq!(house.ask(decide().with("origin", &origin)).await.status, 201);
    for foreign in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(house.ask(decide().with("origin", foreign)).await.status, 403, "{foreign}");
        let forced = house.ask(sign_in("portfolio-word").with("origin", foreign)).await;
        assert_eq!((forced.status, forced.header("set-cookie")), (403, ""), "{foreign}");
        let out = post("/sign-out", FORM, "").with("cookie", cookie).with("origin", foreign);
        assert_eq!(house.ask(out).await.status, 403, "{foreign}");
    }

    let out = house.ask(post("/sign-out", FORM, "").with("cookie", cookie)).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    house.clock.advance(std::time::Duration::from_secs(12 * 3600));
    assert_eq!(house.ask(get("/").with("cookie", cookie)).await.status, 401, "it has ended");
}

/// A link of a digest leads to its page, through the sign-in where that is needed, and to no place
/// of anybody else's.
#[tokio::test]
async fn who_follows_a_link_gets_there() {
    let house = House::furnished(Doors::all()).await;
    let wanted = "/signals/P1?slice=stream:payments&as_of=2026-06-15T06:00:00Z";
    let away = house.ask(get(wanted).page()).await;
    let place = away.header("location").to_owned();
    assert_eq!(away.status, 303);
    let form = house.ask(get(&place).page()).await.body;
    let kept = wanted.replace('&', "&amp;");
    assert!(form.contains(&format!("name=\"to\" value=\"{kept}\"")), "{place}: {form}");
    assert!(form.contains(&format!("<a href=\"{kept}\">")), "{form}");
    let to = place.strip_prefix("/sign-in?to=").unwrap();
    let sign_in = |word: &str, to: &str| post("/sign-in", FORM, format!("token={word}&to={to}"));
    let right = house.ask(sign_in("viewer-word", to)).await;
    assert_eq!((right.status, right.header("location")), (303, wanted));
    let wrong = house.ask(sign_in("nobody", to)).await;
    assert!(wrong.status == 401 && wrong.body.contains(&kept), "{}", wrong.body);
    assert_eq!(house.ask(sign_in("team-word", to)).await.header("location"), "/team");
    for foreign in ["//evil.example", "https:%2F%2Fevil.example", "/%5Cevil.example", "/a%0D%0Ab"] {
        let answer = house.ask(sign_in("viewer-word", foreign)).await;
        assert_eq!(answer.header("location"), "/", "{foreign}");
        let form = house.ask(get(&format!("/sign-in?to={foreign}")).page()).await.body;
        assert!(!form.contains("evil") && !form.contains("name=\"to\""), "{form}");
    }
}

#[tokio::test]
async fn a_changed_cookie_opens_nothing() {
    let house = House::furnished(Doors::all()).await;
    let signed = house.ask(post("/sign-in", FORM, "token=viewer-word")).await;
    let cookie = signed.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(house.ask(get("/").with("cookie", &cookie)).await.status, 200);
    let sign = cookie.rsplit('.').next().unwrap();
    let raised = format!("__Host-streamgauge={}.{sign}", BASE64.encode("portfolio||9999999999999"));
    for cookie in [raised.as_str(), "__Host-streamgauge=", "__Host-streamgauge=a.b", "x"] {
        assert_eq!(house.ask(get("/").with("cookie", cookie)).await.status, 401, "{cookie}");
    }
}

#[tokio::test]
async fn only_the_trusted_proxy_is_believed() {
    let house = House::furnished(Doors { proxy: Some("proxy-word"), ..Doors::default() }).await;
    let through = |word: &str| get("/").with("x-streamgauge-proxy", word);
    assert_eq!(house.ask(through("proxy-word")).await.status, 200);
    for forged in ["", "1", "proxy-wor", "proxy-word2"] {
        assert_eq!(house.ask(through(forged)).await.status, 401, "{forged:?}");
    }
    assert_eq!(house.ask(get("/")).await.status, 401);
    let decide = post("/api/v1/decisions", JSON, DECISION);
    let decide = decide.with("x-streamgauge-proxy", "proxy-word");
    assert_eq!(house.ask(decide).await.status, 403, "it vouches for viewers");

    // Whoever reads the source must not be able to sign a session.
    let until = house.clock.now().plus_millis(3_600_000).millis();
    let value = BASE64.encode(format!("portfolio||{until}"));
    let key = Sha256::digest(b"streamgauge session");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(value.as_bytes());
    let sign = BASE64.encode(mac.finalize().into_bytes());
    let cookie = format!("__Host-streamgauge={value}.{sign}");
    assert_eq!(house.ask(get("/").with("cookie", &cookie)).await.status, 401);
}

#[tokio::test]
async fn without_credentials_only_loopback_names_are_served() {
    let house = House::furnished(Doors::default()).await;
    for host in ["localhost", "localhost:8787", "127.0.0.1:80", "[::1]:8787"] {
        assert_eq!(house.ask(get("/").with("host", host)).await.status, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "10.0.0.1", "[2001:db8::1]:80", ""] {
        let answer = house.ask(get("/").with("host", host)).await;
        assert_eq!(answer.status, 403, "{host:?}");
        assert!(!answer.body.contains("Northwind"), "{host:?}");
    }
    let decide = || post("/api/v1/decisions", JSON, DECISION);
    let foreign = house.ask(decide().with("origin", "http://evil.example")).await;
    assert_eq!(foreign.status, 403);
    assert_eq!(house.store.decisions(None).await.unwrap(), vec![]);
    assert_eq!(house.ask(decide()).await.status, 201, "a script on this machine may");
}
