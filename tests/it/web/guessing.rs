//! Wrong credentials in numbers: the address that they come from is not listened to for a minute.

use std::time::Duration;

use super::client::{Ask, get, post};
use super::house::{Doors, HOOK_SECRET, House};
use super::webhooks::{DELIVERY, delivery};

const FORM: &str = "application/x-www-form-urlencoded";

fn guess(nth: usize) -> Ask {
    get("/api/v1/report").bearer(&format!("guess-{nth}"))
}

fn right() -> Ask {
    get("/api/v1/report").bearer("viewer-word")
}

async fn statuses(house: &House, asks: impl Iterator<Item = Ask>) -> Vec<u16> {
    let mut all = Vec::new();
    for ask in asks {
        all.push(house.ask(ask).await.status);
    }
    all
}

#[tokio::test]
async fn a_thousand_guesses_are_twenty() {
    let house = House::furnished(Doors::all()).await;
    let signed = house.ask(post("/sign-in", FORM, "token=viewer-word")).await;
    let cookie = signed.header("set-cookie").split(';').next().unwrap().to_owned();
    // Whoever knows the word may use it as often as he likes.
    assert_eq!(statuses(&house, (0..30).map(|_| right())).await, [200; 30]);

    let all = statuses(&house, (0..1_000).map(guess)).await;
    assert_eq!((&all[..20], &all[20..]), (&[401; 20][..], &[429; 980][..]));
    let refused = house.ask(right()).await;
    assert_eq!(refused.status, 429, "not even a right guess is told from a wrong one");
    assert_eq!(refused.header("retry-after"), "61");
    let form = house.ask(post("/sign-in", FORM, "token=viewer-word")).await;
    assert_eq!((form.status, form.header("set-cookie")), (429, ""));
    assert!(form.body.contains("Wait a minute"), "{}", form.body);

    // Others do not suffer for it, nor does what cannot be guessed.
    assert_eq!(house.ask(right().from(2)).await.status, 200, "another address");
    assert_eq!(house.ask(get("/").with("cookie", &cookie)).await.status, 200, "a session");
    let hook = house.ask(delivery("/webhooks/github", HOOK_SECRET, DELIVERY)).await;
    assert_eq!(hook.status, 202, "a signed delivery");
    assert_eq!(house.ask(get("/healthz")).await.status, 200);

    house.clock.advance(Duration::from_secs(60));
    assert_eq!(house.ask(right()).await.status, 200, "a minute later");
}

#[tokio::test]
async fn the_form_counts_as_the_header_does() {
    let house = House::furnished(Doors::all()).await;
    let form = |nth: usize| post("/sign-in", FORM, format!("token=guess-{nth}"));
    let mixed = (0..30).map(|nth| if nth % 2 == 0 { form(nth) } else { guess(nth) });
    let all = statuses(&house, mixed).await;
    assert_eq!((&all[..20], &all[20..]), (&[401; 20][..], &[429; 10][..]));
}

#[tokio::test]
async fn forged_deliveries_lock_nobody_out() {
    let house = House::furnished(Doors::all()).await;
    let forged = (0..100).map(|_| delivery("/webhooks/github", "another secret", DELIVERY));
    assert_eq!(statuses(&house, forged).await, [401; 100]);
    let good = house.ask(delivery("/webhooks/github", HOOK_SECRET, DELIVERY)).await;
    assert_eq!(good.status, 202);
    assert_eq!(house.ask(right()).await.status, 200);
}

/// Behind a proxy all come from one address. One that proves itself says for whom it asks.
#[tokio::test]
async fn a_proxy_that_proves_itself_tells_its_people_apart() {
    let house = House::furnished(Doors { proxy: Some("proxy-word"), ..Doors::all() }).await;
    let through = |ask: Ask, list: &str| {
        ask.with("x-streamgauge-proxy", "proxy-word").with("x-forwarded-for", list)
    };
    // What the guesser writes into the list himself comes before what the proxy saw.
    let guesser = |nth: usize| through(guess(nth), &format!("198.51.100.{nth}, 203.0.113.9"));
    let all = statuses(&house, (0..25).map(guesser)).await;
    assert_eq!((&all[..20], &all[20..]), (&[401; 20][..], &[429; 5][..]));
    assert_eq!(house.ask(through(right(), "203.0.113.10")).await.status, 200);
    assert_eq!(house.ask(through(right(), "203.0.113.9")).await.status, 429);

    // Without the proof nobody speaks for others.
    let forged = |nth: usize| guess(nth).with("x-forwarded-for", &format!("198.51.100.{nth}"));
    let all = statuses(&house, (0..25).map(|nth| forged(nth).from(3))).await;
    assert_eq!((&all[..20], &all[20..]), (&[401; 20][..], &[429; 5][..]));
    let wrong = |_| get("/").with("x-streamgauge-proxy", "guess").from(4);
    let all = statuses(&house, (0..25).map(wrong)).await;
    assert_eq!((&all[..20], &all[20..]), (&[401; 20][..], &[429; 5][..]));
}
