//! What the hints of a bulk edit cost on every dialect: each item is read once, in bulk.

use streamgauge::clock::Clock;

use super::of_every_dialect;

const ITEMS: u64 = 1_000;

/// The most requests of a pull of 1,000 changed items by hints.
fn most(dialect: &str) -> u64 {
    match dialect {
        "jira-cloud" => 13,
        "jira-data-center" => 20,
        _ => 42,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_hinted_items_are_read_in_bulk() {
    println!("| dialect | items | webhooks | reads by hints | requests |");
    println!("|---|---:|---:|---:|---:|");
    let mut over = Vec::new();
    of_every_dialect(async |house, transport| {
        let (dialect, name) = (house.dialect, house.dialect.name());
        let keys = house.create(ITEMS);
        house.wait(60);
        let first = house.pass().await;
        assert_eq!((first.problem, first.read), (None, ITEMS), "{name}");
        house.wait(60);
        keys.iter().for_each(|key| dialect.change(key));
        house.wait(10);

        let sources = house.store.fold_items(None, Vec::new(), |all: &mut Vec<_>, item| {
            all.push(item.id.source);
        });
        let sources: Vec<String> = sources.await.unwrap();
        let connection = house.connection();
        // Three deliveries for each item, in no order.
        for part in [&sources[..], &sources[500..], &sources[..500], &sources[..]] {
            let part = part.to_vec();
            house.store.put_hints(&connection, part, house.clock.now()).await.unwrap();
        }
        let before = transport.requests();
        let hinted = house.engine.refresh(&connection, &streamgauge::sync::Stop::never()).await;
        let requests = transport.requests() - before;
        println!("| {name} | 1,000 | 3,000 | {} | {requests} |", hinted.read);
        assert_eq!((hinted.problem.clone(), hinted.read), (None, ITEMS), "{name}: {hinted:?}");
        assert_eq!(hinted.changed, ITEMS, "{name}");
        assert!(!hinted.hints_left, "{name}");
        assert_eq!(house.store.counts().await.unwrap().hints, 0, "{name}");
        if requests > most(name) {
            over.push(format!("{name}: {requests}, at most {}", most(name)));
        }
    })
    .await;
    assert!(over.is_empty(), "{over:#?}");
}
