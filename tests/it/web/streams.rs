//! A value stream's page: every part with its numbers, and nothing of one or two teams.

use streamgauge::digests::wording::violations;
use streamgauge::gauge::Moment;
use streamgauge::signals::Scope;
use streamgauge::web::routes::rules;

use super::client::get;
use super::house::{Doors, House, PORTFOLIO};
use super::showroom::Showroom;
use super::texts::{links, places, text};

/// Pages of the demo that this test walks over, beside the streams.
const PAGES: [&str; 5] = ["/dependencies", "/epics", "/decisions", "/roadmap", "/map"];

#[tokio::test]
async fn a_stream_tells_every_part_with_its_numbers() {
    let served = Showroom::open().await;
    let page = served.page("/streams/booking").await;
    assert!(page.len() < 100 * 1024, "{} bytes", page.len());
    for part in [
        "<h1>Booking</h1>",
        "Flow time",
        "Throughput",
        "Net flow",
        "Wait locator",
        "Ageing against own history",
        "Dependencies in and out",
        "Reopened work",
        "Failure demand",
        "Finished, not released",
        "Release rhythm",
        "Attention share",
        "Outcomes beside it",
        "Flow stability gauge",
        "Data confidence",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // The planted queue, the wait for Payments, and an outcome of its own.
    let told = text(&page);
    for part in ["In review", "It waits for Payments", "Calls about trip changes", "per 1000 trips"]
    {
        assert!(told.contains(part), "{part}");
    }
    // Every number of a finding stands with its value and n.
    let report = served.demo.gauge.report(moment(&served), &Scope::Portfolio).await.unwrap();
    let own = report
        .findings
        .iter()
        .filter(|found| found.slice.dimension == "stream" && found.slice.id == "booking");
    let (mut numbers, mut curves) = (0, 0);
    for found in
        own.filter(|found| ["V1", "V2", "V3", "V4", "V5", "V6", "C4", "H1"].contains(&found.signal))
    {
        curves += usize::from(found.curve.is_some());
        for measure in &found.measures {
            let value = streamgauge::signals::words::value(measure.value, measure.unit);
            let cell = format!("<td class=\"n\">{}</td>", value.replace(" %", "\u{a0}%"));
            assert!(page.contains(&cell), "{} {}: {cell}", found.signal, measure.name);
            numbers += 1;
        }
        for part in &found.parts {
            assert!(told.contains(&part.name), "{}", part.name);
        }
    }
    assert!(numbers >= 20 && curves == 1, "{numbers} numbers, {curves} curves");
    assert!(page.contains("Survival curve of the flow time of Booking"));
    assert!(page.contains("Numbers of the curve: flow time of Booking"));
}

fn moment(served: &Showroom) -> Moment {
    Moment { as_of: Some(served.now), known: None }
}

/// The wording rules hold on these pages, no team is named, and every link leads somewhere.
#[tokio::test]
async fn pages_keep_the_wording_rules_and_their_links_lead_somewhere() {
    let served = Showroom::open().await;
    let report = served.demo.gauge.report(moment(&served), &Scope::Portfolio).await.unwrap();
    assert!(report.team_names.len() > 10);
    let mut paths: Vec<String> = PAGES.iter().map(|path| (*path).to_owned()).collect();
    paths.extend(["booking", "fleet", "identity", "payments"].map(|id| format!("/streams/{id}")));
    paths.extend(
        report.epics.iter().take(4).map(|row| format!("/epics/{}", row.id.replace('#', "%23"))),
    );
    let signal_pages = rules().iter().any(|rule| rule.path == "/signals/{id}");
    let mut seen = std::collections::BTreeSet::new();
    for path in &paths {
        let page = served.page(path).await;
        if path != "/map" {
            let broken = violations(&text(&page), &report.team_names);
            assert!(broken.is_empty(), "{path}: {broken:#?}");
        }
        for place in places(&page) {
            assert!(page.contains(&format!("id=\"{place}\"")), "{path} leads to #{place}");
        }
        for link in links(&page) {
            let kind = link.split('?').next().unwrap_or_default().to_owned();
            let kind = kind.rsplit_once('/').map_or(kind.clone(), |(head, _)| head.to_owned());
            let foreign = link.starts_with("/signals") && !signal_pages;
            // A few of each kind: one page of an item is like another.
            let few = seen.iter().filter(|(own, _)| *own == kind).count() < 6;
            if foreign || !few || !seen.insert((kind, link.clone())) {
                continue;
            }
            let answer = get(&link).send(served.address).await;
            assert_eq!(answer.status, 200, "{path} leads to {link}: {}", answer.body);
            assert!(
                link.contains("as_of=") || !link.contains("/streams"),
                "{link} stays in the past"
            );
        }
    }
    assert!(seen.len() > 30, "{} links", seen.len());
}

#[tokio::test]
async fn a_stream_of_two_teams_is_told_among_the_others() {
    let small = PORTFOLIO.replace("publish = true", "");
    let house = House::with(Doors::default(), &small).await;
    house.fill().await;
    let page = house.ask(get("/streams/payments")).await;
    assert_eq!(page.status, 200);
    let told = text(&page.body);
    assert!(told.contains("Fewer than three teams are at home here"), "{told}");
    assert!(!told.contains("Throughput") && !page.body.contains("<svg class=\"chart"), "{told}");
    let others = house.ask(get("/streams/other-streams")).await;
    assert_eq!(others.status, 200);
    assert!(text(&others.body).contains("Told together"), "{}", others.body);
    // Where it may be shown there is no such slice.
    let house = House::furnished(Doors::default()).await;
    assert_eq!(house.ask(get("/streams/other-streams")).await.status, 404);
    assert_eq!(house.ask(get("/streams/none")).await.status, 404);
    let page = house.ask(get("/streams/payments")).await.body;
    assert!(
        page.contains("<h1>Payments &amp; &lt;Refunds&gt;</h1>") && page.contains("Throughput")
    );
    let lost = house.ask(get("/streams/%3Cb%3E").page()).await;
    assert!(lost.status == 404 && lost.body.contains("&lt;b&gt;"), "{}", lost.body);
}

/// What lacks data says so with its reason.
#[tokio::test]
async fn silence_has_a_reason() {
    let house = House::furnished(Doors::default()).await;
    let told = text(&house.ask(get("/streams/payments")).await.body);
    for reason in
        ["Not enough data: ", "Not told here: ", "no release is recorded", "no cadence is declared"]
    {
        assert!(told.contains(reason) || reason.starts_with("no "), "{reason}: {told}");
    }
}
