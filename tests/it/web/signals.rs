//! The signal pages: what they say, where their links lead, and what they refuse.

use streamgauge::digests::wording::violations;
use streamgauge::digests::{self, links};
use streamgauge::gauge::Moment;
use streamgauge::signals::{ALL, Scope};

use super::client::get;
use super::house::{Doors, House};
use super::shown::{Shown, escaped, links_of, slices, text_of};

/// Every page of every signal, without a slice and with each, keeps the wording rules of digests,
/// names no team, is small, and says what a chart says in a table too.
#[tokio::test(flavor = "multi_thread")]
async fn every_signal_page_keeps_the_rules() {
    let shown = Shown::new().await;
    let report = shown.report().await;
    let (mut pages, mut charts) = (0, 0);
    let mut paths = vec!["/signals".to_owned()];
    for signal in ALL {
        paths.push(format!("/signals/{}", signal.id));
        let own = report.findings.iter().filter(|found| found.signal == signal.id);
        paths.extend(own.map(|found| links::slice(signal.id, &found.slice)));
    }
    paths.extend(
        report
            .confidence
            .iter()
            .map(|one| format!("/signals/H2?slice={}:{}", one.slice.dimension, one.slice.id)),
    );
    for path in &paths {
        let page = shown.page(path).await;
        let text = text_of(&page);
        assert_eq!(violations(&text, &report.team_names), [] as [String; 0], "{path}\n{text}");
        assert!(page.len() < 100 * 1024, "{path}: {} bytes", page.len());
        assert_eq!(page.matches("<h1>").count(), 1, "{path}");
        assert!(!page.contains("team:"), "{path} has a team's slice");
        assert!(!text.contains("NaN") && !text.contains("inf "), "{path}\n{text}");
        for foreign in ["<script", " style=", "href=\"http", "href=\"//"] {
            assert!(!page.contains(foreign), "{path} contains {foreign}");
        }
        let drawn = page.matches("<svg class=\"chart").count();
        assert_eq!(page.matches("role=\"img\" aria-label=\"").count(), drawn, "{path}");
        if page.contains("<figure><svg class=\"chart wide\" ") {
            assert!(page.contains("aria-label=\"Numbers of the chart: "), "{path}");
            charts += 1;
        }
        pages += 1;
    }
    assert!(pages > ALL.len() + 60 && charts > 20, "{pages} pages, {charts} charts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_page_says_what_the_report_says() {
    let shown = Shown::new().await;
    let report = shown.report().await;
    let list = shown.page("/signals").await;
    for signal in ALL {
        let page = shown.page(&format!("/signals/{}", signal.id)).await;
        for text in [signal.name, signal.asks, signal.definition, signal.misreading, signal.test] {
            assert!(page.contains(&escaped(text).replace('\u{a0}', " ")), "{}: {text}", signal.id);
        }
        let version = format!("Version {} of this definition", signal.version());
        assert!(page.contains(&version), "{}: {version}", signal.id);
        assert!(list.contains(&format!("href=\"/signals/{}\"", signal.id)), "{}", signal.id);
    }
    let (mut told, mut silent, mut behind) = (0, 0, 0);
    for found in &report.findings {
        let slice = links::slice(found.signal, &found.slice);
        let page = shown.page(&slice).await;
        if let Some(said) = &found.observation {
            assert!(page.contains(&escaped(&said.evidence[1..])), "{slice}: {}", said.evidence);
            assert!(page.contains(&escaped(&said.question)), "{slice}");
            told += 1;
        }
        if !found.verdict.has_data() {
            let lack = report.lacks.iter().find(|lack| lack.signals == [found.signal]);
            if let Some(lack) = lack {
                assert!(page.contains(&escaped(lack.missing.trim_end_matches('.'))), "{slice}");
                silent += 1;
            }
        }
        for key in found.items.iter().take(2).filter(|_| found.signal != "D4") {
            let key = key.replace('#', "%23");
            let item = page.contains(&format!("href=\"/items/{key}\""));
            assert!(item != page.contains(&format!("href=\"/epics/{key}\"")), "{slice}: {key}");
            behind += 1;
        }
    }
    assert!(told > 3 && silent > 0 && behind > 3, "{told} told, {silent} silent, {behind} behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_says_what_does() {
    let shown = Shown::new().await;
    let report = shown.report().await;
    let team = &shown.story.teams[0];
    for (path, part) in [
        ("/signals/V9".to_owned(), "there is no signal V9; there are P1, P2"),
        ("/signals/v1".to_owned(), "there is no signal v1"),
        (
            format!("/signals/V1?slice=team:{}", team.replace(' ', "%20")),
            "the signal V1 has no slice team:",
        ),
        ("/signals/V1?slice=stream:nowhere".to_owned(), "at this instant; it has stream:"),
        ("/signals/H2?slice=theme:x".to_owned(), "the signal H2 has no slice theme:x"),
        ("/signals/V1?slice=stream:nowhere&beside=2026-05-01".to_owned(), "it has stream:"),
    ] {
        let answer = shown.ask(&path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains(part), "{path}: {}", answer.body);
    }
    let known = slices(&report, ALL.iter().find(|signal| signal.id == "V1").unwrap());
    let answer = shown.ask("/signals/V1?slice=stream:nowhere").await.body;
    assert!(known.iter().all(|slice| answer.contains(slice.as_str())), "{answer}");
}

/// Slices of two dimensions may share an id: each has its own page and its own chart.
#[tokio::test(flavor = "multi_thread")]
async fn slices_of_one_name_are_not_mixed_up() {
    let shown = Shown::new().await;
    let theme = shown.page("/signals/P1?slice=theme:none").await;
    let horizon = shown.page("/signals/P1?slice=horizon:none").await;
    assert!(theme.contains("<h2 id=\"slice\">No theme</h2>"), "{theme}");
    assert!(horizon.contains("<h2 id=\"slice\">No horizon</h2>"), "{horizon}");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_stay_in_the_past() {
    let shown = Shown::new().await;
    let clocks = "as_of=2026-06-08T06:00:00Z&known=2026-06-15T06:00:00Z";
    for path in
        ["/signals?", "/signals/P1?", "/signals/P1?slice=kind:defect&", "/signals/P4?", "/?"]
    {
        let page = shown.page(&format!("{path}{clocks}")).await;
        let mut kept = 0;
        for link in links_of(&page).iter().filter(|link| link.starts_with('/')) {
            let free = ["/style.css", "/status", "/"].contains(&link.as_str());
            assert!(free || link.ends_with(clocks), "{path}: {link}");
            kept += usize::from(!free);
        }
        assert!(kept > 3, "{path}: {kept} links");
        assert!(page.contains("Go to the present"), "{path}");
    }
    let item =
        shown.report().await.findings.iter().find_map(|found| {
            (found.signal == "C1").then(|| found.items.first().cloned()).flatten()
        });
    let path = format!("/items/{}?{clocks}", item.expect("somebody waits").replace('#', "%23"));
    let page = shown.page(&path).await;
    let entered: Vec<String> =
        links_of(&page).into_iter().filter(|link| link.starts_with("/signals/")).collect();
    assert!(entered.len() > 3, "{entered:?}");
    for link in entered {
        assert!(link.ends_with(clocks), "{link}");
        shown.page(&link).await;
    }
}

/// What a digest links to says what the digest says, whatever happened since.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_a_digest_opens_what_the_digest_said() {
    let shown = Shown::new().await;
    let gauge = &shown.staged.demo.gauge;
    let (mut digest, _) = digests::page(gauge, &Scope::Portfolio, Moment::default()).await.unwrap();
    digest.link("https://gauge.example.com/");
    let told: Vec<_> = digest.sections.iter().flat_map(|section| &section.observations).collect();
    let mut before = Vec::new();
    for one in &told {
        let link = one.link.as_deref().unwrap();
        let path = link.strip_prefix("https://gauge.example.com").unwrap();
        assert!(path.contains("&as_of=2026-06-15T06:00:00"), "{path}");
        let page = shown.page(path).await;
        assert!(page.contains(&escaped(&one.observation.evidence[1..])), "{path}");
        before.push((path.to_owned(), page));
    }
    assert!(before.len() > 3, "{} links", before.len());
    shown.moves_on().await;
    let live = shown.page("/signals/V2").await;
    for (path, page) in &before {
        assert_eq!(shown.page(path).await, *page, "{path}");
    }
    assert_ne!(
        live,
        shown.page("/signals/V2?as_of=2026-06-15T06:00:00Z&known=2026-06-15T06:00:00Z").await
    );
}

/// Without data a signal page says what is missing, and how to say it.
#[tokio::test]
async fn a_small_store_says_what_is_missing() {
    let house = House::furnished(Doors::default()).await;
    for signal in ALL {
        let page = house.ask(get(&format!("/signals/{}", signal.id))).await;
        assert_eq!(page.status, 200, "{}", signal.id);
    }
    let page = house.ask(get("/signals/P4")).await.body;
    assert!(page.contains("this declaration would help") && page.contains("[[epic]]"), "{page}");
    let page = house.ask(get("/signals")).await.body;
    assert!(page.contains("not enough data") && page.contains("not told here"), "{page}");
    let wrong = house.ask(get("/signals/%3Cimg%20src=x%3E").page()).await;
    assert_eq!(wrong.status, 404);
    assert!(wrong.body.contains("&lt;img src=x&gt;") && !wrong.body.contains("<img"));
}
