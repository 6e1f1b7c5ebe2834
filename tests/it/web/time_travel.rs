//! Any page at any past instant, and two instants side by side.

use super::client::get;
use super::house::{Doors, House, at};
use super::shown::{Shown, links_of, text_of};
use streamgauge::digests::wording::violations;
use streamgauge::web::Bounds;

#[tokio::test]
async fn every_page_of_an_instant_has_the_form_and_a_browser_may_leave_fields_empty() {
    let house = House::furnished(Doors::default()).await;
    for path in ["/", "/map", "/signals", "/signals/P1", "/items/northwind/checkout%231"] {
        let page = house.ask(get(path)).await.body;
        let form = format!("<form method=\"get\" action=\"{path}\" aria-label=\"Another time\">");
        assert_eq!(page.matches(&form).count(), 1, "{path}: {page}");
        assert!(page.contains("type=\"datetime-local\" name=\"as_of\""), "{path}");
        let two = path == "/" || path.starts_with("/signals/");
        assert_eq!(page.contains("name=\"beside\""), two, "{path}");
        let empty = house.ask(get(&format!("{path}?as_of=&beside="))).await.body;
        assert_eq!(empty, page, "{path}: an empty field asks nothing");
    }
    for path in ["/status", "/sign-in"] {
        assert!(!house.ask(get(path)).await.body.contains("Another time"), "{path}");
    }
    let page = house.ask(get("/signals/H2?slice=portfolio:portfolio")).await;
    let kept = "<input type=\"hidden\" name=\"slice\" value=\"portfolio:portfolio\">";
    assert!(page.body.contains(kept), "{}", page.body);
}

/// A field for date and time knows no zone: it speaks of the portfolio's.
#[tokio::test]
async fn local_times_are_those_of_the_portfolio() {
    let house = House::furnished(Doors::default()).await;
    let path = "/items/northwind/checkout%231";
    let local = house.ask(get(&format!("{path}?as_of=2026-06-03T11:00"))).await.body;
    let zulu = house.ask(get(&format!("{path}?as_of=2026-06-03T09:00:00Z"))).await.body;
    assert_eq!(local, zulu);
    assert!(local.contains("value=\"2026-06-03T11:00\""), "{local}");
    assert!(local.contains("3 June 2026 11:00 Europe/Berlin"), "{local}");
    // What was learned on the fifteenth was not known then.
    let then = house.ask(get(&format!("{path}?as_of=2026-06-03T11:00&known=then"))).await;
    assert_eq!(then.status, 404, "{}", then.body);
    for wrong in ["/?as_of=a", "/?as_of=2026-06-03&as_of=2026-06-04", "/?beside=tomorrow"] {
        assert_eq!(house.ask(get(wrong)).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_second_instant_in_the_past_is_a_question_about_the_past() {
    let bounds = Bounds { past: 1, ..Bounds::default() };
    let house = House::furnished(Doors { bounds, ..Doors::default() }).await;
    let path = "/?beside=2026-06-10T06:00:00Z";
    assert_eq!(house.ask(get(path)).await.status, 200);
    assert_eq!(house.ask(get(path)).await.status, 429);
    assert_eq!(house.ask(get("/?beside=now")).await.status, 200, "both are now");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instants_stand_side_by_side_and_what_differs_is_marked() {
    let shown = Shown::new().await;
    let report = shown.report().await;
    let (june, may) = ("2026-06-15T06:00:00Z", "2026-04-20T06:00:00Z");
    for path in
        ["/?", "/signals/P1?slice=stream:payments&", "/signals/V2?", "/signals/D3?", "/signals/H2?"]
    {
        let page = shown.page(&format!("{path}as_of={june}&beside={may}")).await;
        let (first, second) = ("First: 15 June 2026 08:00", "Second: 20 April 2026 08:00");
        assert!(page.contains(first) && page.contains(second), "{path}: {page}");
        assert_eq!(page.matches("<h1>").count(), 1, "{path}");
        let text = text_of(&page);
        assert_eq!(violations(&text, &report.team_names), [] as [String; 0], "{path}");
        let same = shown.page(&format!("{path}as_of={june}&beside={june}")).await;
        assert_eq!(same.matches("<mark").count(), 0, "{path}: the same instant twice");
        if path != "/signals/H2?" {
            assert!(page.contains("<mark"), "{path}: nothing differs after eight weeks");
        }
        // Each column leads to its own instant.
        if path == "/?" {
            for at in [june, may] {
                let to = |link: &&String| {
                    link.starts_with("/signals/") && link.ends_with(&format!("as_of={at}"))
                };
                let found = links_of(&page);
                let link = found.iter().find(to).unwrap_or_else(|| panic!("{at}: {found:?}"));
                shown.page(link).await;
            }
            let both = links_of(&page).into_iter().find(|link| link.contains("beside=")).unwrap();
            assert!(shown.page(&both).await.contains("two instants side by side"), "{both}");
        }
    }
    let now = shown.page(&format!("/signals/V2?as_of={may}&beside=now")).await;
    assert!(now.contains("First: 20 April 2026 08:00") && now.contains("Second: now"), "{now}");
}

/// A page of the past equals itself after further changes; what later became known shows where it
/// is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_past_stays_as_it_was() {
    let shown = Shown::new().await;
    let clocks = "as_of=2026-06-15T06:00:00Z&known=2026-06-15T06:00:00Z";
    let paths = ["/?", "/signals?", "/signals/V2?", "/signals/V3?slice=stream:payments&", "/map?"];
    let mut before = Vec::new();
    for path in paths {
        before.push(shown.page(&format!("{path}{clocks}")).await);
    }
    let key = shown.moves_on().await;
    assert_eq!(shown.staged.now(), at("2026-06-16T06:00:00Z"));
    for (path, before) in paths.into_iter().zip(&before) {
        assert_eq!(shown.page(&format!("{path}{clocks}")).await, *before, "{path}");
    }
    // The reopened item moved a published count.
    let path = format!("/items/{key}");
    let (then, now) = (shown.page(&format!("{path}?{clocks}")).await, shown.page(&path).await);
    assert_ne!(then, now, "{key} was reopened");
}
