//! The pages of the invented organisation: charts, links and numbers where there is much to tell.

use super::client::get;
use super::showroom::Showroom;

/// The text as a page has it.
fn shown(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace(" %", "\u{a0}%")
}

#[tokio::test]
async fn every_observation_is_shown_with_its_chart_and_its_items() {
    let Showroom { address, now: end, .. } = &Showroom::open().await;
    let address = *address;

    // Far enough in the past to stay the same between two requests.
    let query = format!("?as_of={end}");
    let page = get(&format!("/{query}")).send(address).await.body;
    let digest = get(&format!("/api/v1/digest{query}")).send(address).await.json();
    let report = get(&format!("/api/v1/report{query}")).send(address).await.json();
    assert!(page.len() < 100 * 1024, "{} bytes", page.len());

    let (mut told, mut charts, mut links) = (0, 0, 0);
    for section in digest["sections"].as_array().unwrap() {
        for row in section["table"].as_array().unwrap() {
            assert!(page.contains(&shown(row["state"].as_str().unwrap())), "{row}");
        }
        for observation in section["observations"].as_array().unwrap() {
            told += 1;
            for part in ["uncertainty", "question"] {
                let text = shown(observation[part].as_str().unwrap());
                assert!(page.contains(&text), "{text}");
            }
            // The first letter is a capital on the page.
            let evidence = shown(&observation["evidence"].as_str().unwrap()[1..]);
            assert!(page.contains(&evidence), "{evidence}");
            let findings = report["findings"].as_array().unwrap();
            let finding = findings.iter().find(|finding| {
                finding["signal"] == observation["signal"]
                    && finding["slice"]["id"] == observation["slice"]
            });
            let finding = finding.unwrap();
            charts += usize::from(!finding["series"].is_null());
            if ["C1", "C2"].iter().any(|signal| finding["signal"] == *signal) {
                let first = finding["items"][0].as_str().unwrap().replace('#', "%23");
                let link = format!("/items/{first}{query}");
                assert!(page.contains(&format!("href=\"{link}\"")), "{link}");
                assert_eq!(get(&link).send(address).await.status, 200, "{link}");
                links += 1;
            }
        }
    }
    assert!(told >= 4 && charts >= 1 && links >= 1, "{told} told, {charts} charts, {links} links");
    assert_eq!(page.matches("<figure>").count(), charts);
}
