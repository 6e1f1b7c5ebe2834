//! The journal and its form: one rule for what is taken, whichever way it came.

use streamgauge::model::{Subject, Verb};

use super::client::{Answer, get, post};
use super::house::{Doors, HOSTILE, House};
use super::showroom::Showroom;
use super::texts::text;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn typed(house: &House, fields: &[(&str, &str)]) -> Answer {
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    house.ask(post("/decisions", FORM, body.join("&")).bearer("portfolio-word")).await
}

#[tokio::test]
async fn what_is_typed_is_recorded_and_shown_as_text() {
    let house = House::furnished(Doors::all()).await;
    let answer = typed(
        &house,
        &[
            ("verb", "more"),
            ("subject", "stream:payments"),
            ("why", HOSTILE),
            ("made_at", "2026-06-02"),
            ("effective_at", ""),
            ("altitude", ""),
            ("target_low", "0.3"),
            ("target_high", "0.4"),
            ("cites", "P1:payments"),
            ("measure", "refund-contacts"),
            ("direction", "down"),
            ("review_at", "2026-09-01"),
            ("supersedes", ""),
        ],
    )
    .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/decisions#D-1"),
        "{}",
        answer.body
    );
    let kept = house.store.decisions(None).await.unwrap();
    let one = &kept[0];
    assert_eq!((one.verb, &one.subject), (Verb::More, &Subject::Stream("payments".into())));
    // Midnight in Berlin.
    assert_eq!(one.made_at.to_string(), "2026-06-01T22:00:00Z");
    assert_eq!((one.effective_at, one.target), (one.made_at, Some((0.3, 0.4))));
    assert_eq!(one.expects.as_ref().unwrap().review_at.to_string(), "2026-08-31T22:00:00Z");

    let page = house.ask(get("/decisions").bearer("viewer-word")).await.body;
    assert!(page.contains("id=\"D-1\"") && !page.contains(HOSTILE), "{page}");
    let told = text(&page);
    for part in [
        "More for Payments & <Refunds>",
        "Made 2 June 2026",
        "alert('x')",
        "30 % to 40 %",
        "Its review date is 1 September 2026",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

/// The form, the API and the page say the same of a wrong record, and what was typed stays.
#[tokio::test]
async fn what_is_refused_stays_in_the_form_with_its_reason_beside_the_field() {
    let house = House::furnished(Doors::all()).await;
    for (field, fields, id) in [
        (
            "subject",
            [("subject", "stream:<booking>"), ("why", "kept \"words\""), ("verb", "more")],
            "field-subject",
        ),
        ("why", [("subject", "stream:payments"), ("why", " "), ("verb", "less")], "field-why"),
        (
            "verb",
            [("subject", "stream:payments"), ("why", "kept \"words\""), ("verb", "perhaps")],
            "field-verb",
        ),
        (
            "made_at",
            [("made_at", "soon"), ("why", "kept \"words\""), ("verb", "more")],
            "field-subject",
        ),
    ] {
        let answer = typed(&house, &fields).await;
        assert_eq!(answer.status, 422, "{field}: {}", answer.body);
        let page = &answer.body;
        assert!(page.contains(&format!("id=\"{id}-problem\"")), "{field}: {page}");
        assert!(
            page.contains(&format!("aria-describedby=\"{id}-problem\" aria-invalid=\"true\"")),
            "{field}"
        );
        assert!(
            page.contains("role=\"alert\"") && page.contains("<details class=\"record\" open"),
            "{field}"
        );
        for (name, value) in fields.iter().filter(|(_, value)| !value.trim().is_empty()) {
            let kept = value
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;");
            assert!(page.contains(&kept), "{field}: {name} is kept: {page}");
        }
        assert!(!page.contains("<booking>"));
    }
    assert_eq!(house.store.decisions(None).await.unwrap(), vec![]);

    let json = r#"{ "verb": "more", "subject": "stream:booking", "why": "x" }"#;
    let api = house.ask(post("/api/v1/decisions", JSON, json).bearer("portfolio-word")).await;
    let (_, sentence) = api.body.trim_end().split_once(": ").unwrap();
    let form =
        typed(&house, &[("verb", "more"), ("subject", "stream:booking"), ("why", "x")]).await;
    assert!(text(&form.body).to_lowercase().contains(&sentence.to_lowercase()), "{sentence}");
}

/// How the form begins; the one for another time leads to the same page.
const FORM_HEAD: &str = "method=\"post\" action=\"/decisions\"";

#[tokio::test]
async fn only_who_records_has_the_form_and_only_from_our_own_page() {
    let house = House::furnished(Doors::all()).await;
    let body = "verb=more&subject=stream%3Apayments&why=x";
    let page = |word| get("/decisions").bearer(word);
    assert!(house.ask(page("portfolio-word")).await.body.contains(FORM_HEAD));
    assert!(!house.ask(page("viewer-word")).await.body.contains(FORM_HEAD));
    for word in ["viewer-word", "team-word"] {
        let answer = house.ask(post("/decisions", FORM, body).bearer(word)).await;
        assert_eq!(answer.status, 403, "{word}");
    }
    let past = get("/decisions?as_of=2026-06-10T00:00:00Z").bearer("portfolio-word");
    let past = house.ask(past).await.body;
    assert!(!past.contains(FORM_HEAD) && past.contains("recorded in the present"));

    let signed = house.ask(post("/sign-in", FORM, "token=portfolio-word")).await;
    let cookie = signed.header("set-cookie").split(';').next().unwrap().to_owned();
    let decide = || post("/decisions", FORM, body).with("cookie", &cookie);
    for foreign in ["http://evil.example", "null"] {
        assert_eq!(house.ask(decide().with("origin", foreign)).await.status, 403, "{foreign}");
    }
    assert_eq!(house.store.decisions(None).await.unwrap(), vec![]);
    let origin = format!("http://{}", house.address);
    assert_eq!(house.ask(decide().with("origin", &origin)).await.status, 303);
    // A later one corrects it, and only that one is shown.
    let answer = typed(
        &house,
        &[("verb", "less"), ("subject", "portfolio"), ("why", "meant so"), ("supersedes", "D-1")],
    )
    .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    house.clock.advance(std::time::Duration::from_secs(1));
    let page = house.ask(page("viewer-word")).await.body;
    assert!(page.contains("id=\"D-2\"") && !page.contains("id=\"D-1\""));
}

#[tokio::test]
async fn the_journal_tells_what_followed_and_what_is_due() {
    let served = Showroom::open().await;
    let page = served.page("/decisions").await;
    let told = text(&page);
    for part in [
        "More for Depot scheduling",
        "Follow-through",
        "week",
        "Due for review",
        "On-time returns",
        "Expectation record",
        "Cites",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(page.contains("href=\"/signals/P1?slice=stream:fleet&amp;as_of="), "{page}");
}
