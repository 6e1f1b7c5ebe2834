//! Every route of the daemon, asked by everybody in every way. The routes come from the table that
//! makes the router, so that a new one is asked as well.

use std::time::Duration;

use http::Method;
use streamgauge::web::access::Role;
use streamgauge::web::routes::{Need, Rule, rules};
use streamgauge::web::settings::RoleName;

use super::page;
use crate::web::client::{Answer, Ask, bare, exchange, get, post};
use crate::web::house::{Doors, House};

const JSON: &str = "application/json";
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
/// A role by its name.
type Named = (&'static str, fn() -> Role);

const ROLES: [Named; 3] = [
    ("viewer-word", || Role::Viewer),
    ("portfolio-word", || Role::Portfolio),
    ("team-word", || Role::Team("checkout".to_owned())),
];
/// A little more than one.
const MINUTE: Duration = Duration::from_secs(61);
/// Words of the store that an answer to a stranger must not hold.
const INSIDE: [&str; 3] = ["northwind", "refunds", "vouchers"];

fn address(rule: &Rule) -> String {
    let path = rule.path.replace("{*key}", "northwind/checkout%231");
    let path = path.replace("{connection}", "github").replace("/streams/{id}", "/streams/payments");
    path.replace("{*id}", "northwind/roadmap%231")
}

fn ask(method: &'static str, rule: &Rule) -> Ask {
    let ask = bare(method, &address(rule));
    if method != "POST" {
        return ask;
    }
    let (kind, body) = match rule.path {
        "/api/v1/decisions" => {
            (JSON, r#"{ "verb": "more", "subject": "stream:payments", "why": "the review" }"#)
        }
        "/api/v1/readings" => (JSON, r#"{ "measure": "refund-contacts", "value": 41.5 }"#),
        "/api/v1/integrations" => {
            (JSON, r#"{ "name": "System demo", "items": ["northwind/checkout#1"] }"#)
        }
        "/webhooks/{connection}" => (JSON, "{}"),
        _ => ("application/x-www-form-urlencoded", "token=nobody"),
    };
    post(&address(rule), kind, body)
}

/// The guard sent it away: the handler may answer 401 as well, but never with this.
fn turned_away(answer: &Answer) -> bool {
    answer.status == 401 && answer.header("www-authenticate") == "Bearer"
}

#[test]
fn the_page_tells_the_need_of_every_route() {
    let word = |need: Option<Need>| match need {
        None => "-",
        Some(Need::Nothing) => "nobody in particular",
        Some(Need::Signature) => "a signature",
        Some(Need::Credential) => "any credential",
        Some(Need::Reader) => "viewer, portfolio",
        Some(Need::Team) => "the team itself",
        Some(Need::Recorder) => "portfolio",
    };
    let told = page::table("| route |");
    let routes: Vec<Vec<String>> = rules()
        .iter()
        .map(|rule| {
            let path = format!("`{}`", rule.path);
            vec![path, word(rule.get).to_owned(), word(rule.post).to_owned()]
        })
        .collect();
    assert_eq!(told, routes, "src/docs/security.md lists the routes as they are");
}

#[tokio::test]
async fn no_route_opens_without_its_rule() {
    let house = House::furnished(Doors::all()).await;
    assert!(rules().len() >= 18, "the table holds only {} routes", rules().len());
    for rule in rules() {
        for method in METHODS {
            let place = format!("{method} {}", rule.path);
            let need = rule.need(&Method::from_bytes(method.as_bytes()).unwrap());
            for stranger in [ask(method, &rule), ask(method, &rule).bearer("wrong-word")] {
                // Wrong words are counted for a minute.
                house.clock.advance(MINUTE);
                let answer = house.ask(stranger).await;
                assert_eq!(turned_away(&answer), !need.is_open(), "{place}: {answer:?}");
                let told = answer.body.to_lowercase();
                let leak = INSIDE.iter().find(|word| told.contains(**word));
                assert_eq!(leak, None, "{place}: {answer:?}");
            }
            for (word, role) in ROLES {
                let answer = house.ask(ask(method, &rule).bearer(word)).await;
                let lets = need.lets(&role());
                assert_eq!(answer.status == 403, !lets, "{place} as {word}: {answer:?}");
                assert!(!turned_away(&answer), "{place} as {word}");
            }
        }
    }
    // What the three roles did: one of them may record.
    assert_eq!(house.store.decisions(None).await.unwrap().len(), 1);
    assert_eq!(house.store.readings(None).await.unwrap().len(), 1);
    assert_eq!(house.store.integrations(None).await.unwrap().len(), 1);
}

/// The headers of an answer, whoever made it.
fn assert_dressed(place: &str, answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'",
        ),
    ] {
        assert_eq!(answer.header(name), value, "{place}: {name}");
    }
    let cached = answer.header("cache-control");
    assert!(cached == "no-store" || place.contains("/style.css"), "{place}: {cached}");
    let cross = answer.headers.iter().find(|(name, _)| name.starts_with("access-control-"));
    assert_eq!(cross, None, "{place}: no page of another site may read this");
    for telling in ["server", "x-powered-by", "via"] {
        assert_eq!(answer.header(telling), "", "{place}: {telling}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_and_no_other_site_may_read_it() {
    let house = House::furnished(Doors::all()).await;
    let far = "https://evil.example";
    for rule in rules() {
        for method in METHODS {
            let place = format!("{method} {}", rule.path);
            for known in [false, true] {
                let mut asked = ask(method, &rule)
                    .with("origin", far)
                    .with("access-control-request-method", "POST")
                    .with("access-control-request-headers", "authorization");
                if known {
                    asked = asked.bearer("viewer-word");
                }
                assert_dressed(&place, &house.ask(asked).await);
            }
        }
        let large = post(&address(&rule), JSON, "").with("content-length", "99999999");
        let answer = house.ask(large.bearer("portfolio-word")).await;
        assert_eq!(answer.status, 413, "{}: {answer:?}", rule.path);
        assert_dressed(rule.path, &answer);
    }
    for path in ["/nowhere", "/api/v1/nothing", "/items/PAY-9", "/?as_of=never"] {
        assert_dressed(path, &house.ask(get(path).bearer("viewer-word")).await);
        assert_dressed(path, &house.ask(get(path).bearer("viewer-word").page()).await);
    }
}

/// A browser that is signed in, led by a page of another site.
#[tokio::test]
async fn no_other_site_can_write_through_a_signed_in_browser() {
    let house = House::furnished(Doors::all()).await;
    let sign_in = post("/sign-in", "application/x-www-form-urlencoded", "token=portfolio-word");
    let signed = house.ask(sign_in).await;
    let cookie = signed.header("set-cookie").split(';').next().unwrap().to_owned();
    let origins = ["https://evil.example", "null", "", "http://127.0.0.1.evil.example", "file://"];
    for rule in rules().iter().filter(|rule| rule.post.is_some()) {
        for origin in origins {
            let asked = ask("POST", rule).with("cookie", &cookie).with("origin", origin);
            let answer = house.ask(asked).await;
            let signature = rule.post == Some(Need::Signature);
            assert_eq!(answer.status, if signature { 401 } else { 403 }, "{} {origin}", rule.path);
            assert_eq!(answer.header("set-cookie"), "", "{} {origin}", rule.path);
        }
    }
    assert_eq!(house.store.decisions(None).await.unwrap(), vec![]);
}

/// Headers by which a proxy would vouch for somebody, sent by anybody.
#[tokio::test]
async fn headers_of_a_proxy_open_nothing() {
    let forged = [
        ("x-forwarded-user", "admin"),
        ("x-forwarded-email", "admin@example.com"),
        ("x-forwarded-groups", "portfolio"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=127.0.0.1;host=localhost"),
        ("x-real-ip", "127.0.0.1"),
        ("x-remote-user", "admin"),
        ("remote-user", "admin"),
        ("x-auth-request-user", "admin"),
        ("x-webauth-user", "admin"),
        ("x-original-url", "/healthz"),
        ("x-rewrite-url", "/healthz"),
        ("x-http-method-override", "GET"),
        ("x-streamgauge-proxy", "1"),
        ("x-streamgauge-url-token", "the secret of the webhooks"),
    ];
    let doors = Doors { proxy: Some("proxy-word"), ..Doors::all() };
    let houses = [House::furnished(Doors::all()).await, House::furnished(doors).await];
    for house in &houses {
        for rule in rules().iter().filter(|rule| rule.get.is_some_and(|need| !need.is_open())) {
            for (name, value) in forged {
                house.clock.advance(MINUTE);
                let answer = house.ask(get(&address(rule)).with(name, value)).await;
                assert_eq!(answer.status, 401, "{name} at {}", rule.path);
            }
        }
    }
    // Without credentials the name of the host decides, and that is the one that was asked for.
    let open = House::furnished(Doors::default()).await;
    for (name, value) in forged {
        let ask = get("/").with("host", "gauge.evil.example").with(name, value);
        assert_eq!(open.ask(ask).await.status, 403, "{name}");
    }
}

#[tokio::test]
async fn a_token_is_asked_before_the_word_of_the_proxy() {
    let doors = Doors { proxy: Some("proxy-word"), ..Doors::all() };
    let house = House::furnished(doors).await;
    let both = |token: &str, word: &str| get("/").bearer(token).with("x-streamgauge-proxy", word);
    assert_eq!(house.ask(both("viewer-word", "proxy-word")).await.status, 200);
    assert_eq!(house.ask(both("viewer-word", "forged")).await.status, 200);
    assert_eq!(house.ask(both("forged", "proxy-word")).await.status, 401);
    assert_eq!(house.ask(both("team-word", "proxy-word")).await.status, 403);
}

/// Whoever stands in between may believe the first, and we the second.
#[tokio::test]
async fn a_header_that_decides_may_come_only_once() {
    let doors = Doors { proxy: Some("proxy-word"), ..Doors::all() };
    let house = House::furnished(doors).await;
    let right = get("/").bearer("viewer-word");
    assert_eq!(house.ask(right).await.status, 200);
    for (name, values) in [
        ("authorization", ["Bearer viewer-word", "Bearer nobody"]),
        ("authorization", ["Bearer nobody", "Bearer viewer-word"]),
        ("x-streamgauge-proxy", ["proxy-word", "forged"]),
        ("x-streamgauge-proxy", ["forged", "proxy-word"]),
        ("cookie", ["__Host-streamgauge=a.b", "__Host-streamgauge=c.d"]),
        ("host", ["localhost", "evil.example"]),
        ("origin", ["http://localhost", "https://evil.example"]),
        ("content-length", ["0", "4"]),
    ] {
        let ask = get("/").with(name, values[0]).with(name, values[1]);
        let answer = house.ask(ask).await;
        assert_eq!(answer.status, 400, "{name}: {values:?}: {answer:?}");
    }
    let role = RoleName::Viewer;
    let open = House::furnished(Doors { tokens: vec![(role, "w")], ..Doors::default() }).await;
    let doubled = get("/healthz").with("authorization", "Bearer w").with("authorization", "x");
    assert_eq!(open.ask(doubled).await.status, 400, "wherever it is asked");
}

#[tokio::test]
async fn no_path_leads_to_a_file() {
    let house = House::furnished(Doors::all()).await;
    let steps =
        ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..\\", "..%5c", "%252e%252e%252f", "..%00/"];
    let steps = steps.into_iter().chain([".%2e/", "..;/", "%c0%ae%c0%ae/", "..%c0%af", "....//"]);
    let files = ["etc/passwd", "proc/self/environ", "Cargo.toml", "etc/passwd%00.css", "gauge.db"];
    let roots = ["/", "/style.css/", "/items/", "/api/v1/items/", "/api/", "/static/", "//"];
    let mut asked = 0;
    for step in steps {
        for file in files {
            for root in roots {
                for path in
                    [format!("{root}{}{file}", step.repeat(8)), format!("{root}{step}{file}")]
                {
                    let head = format!(
                        "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer viewer-word\r\n\
                         connection: close\r\n\r\n",
                        house.address
                    );
                    let answer = exchange(house.address, head.as_bytes()).await;
                    let answer = String::from_utf8_lossy(&answer).into_owned();
                    let status = answer.split(' ').nth(1).unwrap_or_default();
                    assert!(matches!(status, "400" | "404"), "{path}: {answer}");
                    for content in ["root:", "[package]", "PATH=", "SQLite format"] {
                        assert!(!answer.contains(content), "{path}: {answer}");
                    }
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 800, "{asked}");
    for target in ["http://evil.example/", "https://169.254.169.254/", "*", "evil.example:80"] {
        let head = format!(
            "GET {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            house.address
        );
        let answer = String::from_utf8(exchange(house.address, head.as_bytes()).await).unwrap();
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        assert!(matches!(status.as_str(), "400" | "401" | "404"), "{target}: {answer}");
    }
}

/// No instant that can be written costs more than an answer may.
#[tokio::test(flavor = "multi_thread")]
async fn any_instant_can_be_asked_about() {
    let house = House::furnished(Doors::all()).await;
    let instants = [
        "-262143-01-01T00:00:00Z",
        "%2B262142-12-31T23:59:59Z",
        "-271821-04-20T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999Z",
        "2026-06-15T06:00:00Z",
        "2026-06-30T23:59:60Z",
        "2038-01-19T03:14:08Z",
        "9999-12-31T23:59:59Z",
        "%2B100000-01-01T00:00:00Z",
        "99999999999999999999",
        "NaN",
        "",
        "%00",
        "%F0%9F%98%80",
        "2026-06-15T06:00:00%2B99:99",
    ];
    let shown: Vec<Rule> =
        rules().into_iter().filter(|rule| rule.get == Some(Need::Reader)).collect();
    for name in ["as_of", "known"] {
        for instant in instants {
            // So are questions about the past.
            house.clock.advance(MINUTE);
            for rule in &shown {
                let path = format!("{}?{name}={instant}", address(rule));
                let answer = house.ask(get(&path).bearer("viewer-word")).await;
                assert!(matches!(answer.status, 200 | 400 | 404), "{path}: {answer:?}");
            }
        }
    }
    let twice = house.ask(get("/?as_of=2026-06-15T06:00:00Z&as_of=x").bearer("viewer-word")).await;
    assert_eq!(twice.status, 400);
}
