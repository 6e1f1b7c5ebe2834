//! Who waits for whom: pairs in the order of the report, knots marked, items behind them.

use super::client::get;
use super::house::{Doors, House};
use super::showroom::Showroom;
use super::texts::text;

#[tokio::test]
async fn waits_are_drawn_listed_and_their_knot_is_marked() {
    let served = Showroom::open().await;
    let page = served.page("/dependencies").await;
    let table = page.split("aria-label=\"Who waits for whom\"").nth(1).unwrap();
    let table = table.split("</table>").next().unwrap();
    let rows: Vec<String> =
        table.split("<tr>").skip(2).map(|row| text(&format!("<main>{row}"))).collect();
    let begins = |row: &String| row.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let pairs: Vec<String> = rows.iter().map(begins).collect();
    let mut sorted = pairs.clone();
    sorted.sort();
    assert_eq!(pairs, sorted, "by name, never by a number");
    let knot = |pair: &str| {
        rows.iter().find(|row| begins(row) == pair).is_some_and(|r| r.contains("knot"))
    };
    assert!(knot("Fleet Identity") && knot("Identity Fleet"), "{rows:?}");
    assert!(!knot("Booking Payments"), "{rows:?}");
    assert_eq!(page.matches("class=\"wait knot\"").count(), 2);
    assert!(page.contains("id=\"fleet-waits-for-identity\""));
    assert!(page.contains("Items that waited ("));
    assert!(text(&page).contains("Identity enabling stream"), "it is marked");
}

#[tokio::test]
async fn without_links_it_says_so() {
    let house = House::furnished(Doors::default()).await;
    let told = text(&house.ask(get("/dependencies")).await.body);
    assert!(told.contains("no blocking link between items is recorded"), "{told}");
}
