//! Coming in, finding one's way with the keyboard, and leaving.

use streamgauge::web::settings::RoleName;

use super::driver::{Browser, DESK};
use crate::web::showroom::Showroom;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_finds_the_way_by_keyboard_and_leaves() {
    let room = Showroom::behind(&[(RoleName::Viewer, None, "the word of a reader")]).await;
    let browser = Browser::open().await;
    browser.look_on(DESK).await;
    let at = |path: &str| format!("http://{}{path}", room.address);

    browser.go(&at("/")).await;
    let place = browser.place().await;
    assert!(place.starts_with("/sign-in"), "nobody sees anything before: {place}");
    browser.fill("Access token", "a wrong word").await;
    browser.click("main button").await;
    browser.see("That token is not known").await;
    browser.fill("Access token", "the word of a reader").await;
    browser.click("main button").await;
    browser.arrive("/").await;
    browser.see("Are we investing in the correct value streams?").await;

    // The first key leads past the navigation; everything that has the focus shows it.
    let (first, seen) = browser.tab().await;
    assert_eq!((first.as_str(), seen), ("A Skip to the content", true));
    let mut places = Vec::new();
    for _ in 0..12 {
        let (name, seen) = browser.tab().await;
        assert!(seen, "{name} has the focus and does not show it");
        places.push(name);
    }
    for wanted in ["Portfolio", "Map", "Status", "Sign out"] {
        assert!(places.iter().any(|name| name.contains(wanted)), "{wanted}: {places:?}");
    }

    // Every entry of the navigation opens a page that says where it is.
    let links = browser
        .ask("return [...document.querySelectorAll('header nav a')].map(a => a.getAttribute('href'))")
        .await;
    for link in links.as_array().unwrap() {
        let link = link.as_str().unwrap();
        browser.click(&format!("header nav a[href='{link}']")).await;
        browser.arrive(link).await;
        let here =
            "return document.querySelector('header nav [aria-current=page]')?.getAttribute('href')";
        assert_eq!(browser.ask(here).await, link);
        let headings = browser.ask("return document.querySelectorAll('h1').length").await;
        assert_eq!(headings, 1, "{link}");
    }

    browser.click("header nav button").await;
    browser.arrive("/sign-in").await;
    browser.go(&at("/status")).await;
    let place = browser.place().await;
    assert!(place.starts_with("/sign-in"), "the session is over: {place}");
    browser.close().await;
}
