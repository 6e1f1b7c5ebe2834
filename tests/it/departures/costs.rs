//! What every dialect costs, in requests: a first sync, a pass when nothing changed, and a sweep.

use super::of_every_dialect;

const ITEMS: u64 = 1_000;

/// The most requests of a first sync of 1,000 items, of a pass when nothing changed, and of a sweep
/// over 1,000 items.
fn most(dialect: &str) -> [u64; 3] {
    match dialect {
        "jira-cloud" => [19, 3, 6],
        "jira-data-center" => [19, 4, 6],
        "github.com" => [23, 3, 14],
        "github-enterprise-server" => [24, 3, 14],
        "github-app" => [28, 4, 16],
        other => panic!("{other} has no bounds"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_items_cost_few_requests() {
    println!("| dialect | items | first sync, per 1,000 | nothing changed | sweep, per 1,000 |");
    println!("|---|---:|---:|---:|---:|");
    let mut over = Vec::new();
    of_every_dialect(async |house, transport| {
        let (dialect, name) = (house.dialect, house.dialect.name());
        let keys = house.create(ITEMS);
        house.wait(10);
        keys.iter().for_each(|key| dialect.change(key));
        house.wait(60);
        let counted = async |pass: usize| {
            let before = transport.requests();
            let outcome = if pass < 2 { house.pass().await } else { house.sweep().await };
            assert_eq!(outcome.problem, None, "{name}: {outcome:?}");
            let read = if pass == 0 { ITEMS } else { 0 };
            assert_eq!((outcome.read, outcome.left, outcome.gaps), (read, 0, 0), "{name}");
            transport.requests() - before
        };
        let first = counted(0).await;
        house.wait(30);
        // What changed within the last minutes is looked at twice.
        let costs = [first, counted(1).await, counted(2).await];
        println!("| {name} | 1,000 | {} | {} | {} |", costs[0], costs[1], costs[2]);
        if costs.iter().zip(most(name)).any(|(cost, most)| *cost > most) {
            over.push(format!("{name}: {costs:?}, at most {:?}", most(name)));
        }
    })
    .await;
    assert!(over.is_empty(), "{over:#?}");
}
