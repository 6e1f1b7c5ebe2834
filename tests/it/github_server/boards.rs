//! Moves on boards that leave no event and no stamp.

use streamgauge::model::{Precision, What};
use streamgauge::sim::github::{Fault, Faults, On};
use streamgauge::sync::Reach;
use streamgauge::trackers::Tracker;

use super::{BOARD, Bench, REPO, connection, moves};

/// Issues on the board, in `Todo`; returns their ids.
fn cards(bench: &Bench, count: usize) -> Vec<u64> {
    bench.edit(|edits| {
        (0..count)
            .map(|n| {
                let id = edits.create_issue(REPO, &format!("Card {n}"))?;
                edits.set_board_status(id, BOARD, Some("Todo"))?;
                Ok(id)
            })
            .collect()
    })
}

fn move_to(bench: &Bench, id: u64, status: Option<&str>) {
    bench.edit(|edits| edits.set_board_status(id, BOARD, status));
}

#[tokio::test]
async fn a_move_without_event_and_stamp_is_found_within_the_hour_and_dated_by_its_value() {
    let bench = Bench::dotcom().await;
    let ids = cards(&bench, 3);
    bench.advance(10);
    bench.hot().await;
    assert_eq!(bench.asked("Board"), 0, "the first walk has read every card");
    bench.advance(5);
    assert_eq!(bench.hot().await, 2, "nothing changed");

    move_to(&bench, ids[0], Some("In progress"));
    bench.advance(5);
    assert_eq!(bench.hot().await, 2, "no walk over issues can see it");
    assert_eq!(moves(&bench.item(1).await.history).len(), 1);
    bench.advance(55);
    let (outcome, requests) = bench.pass(Reach::Hot).await;
    assert_eq!((outcome.read, outcome.changed), (1, 1), "the moved card and no other");
    // Probe, releases, the repository, the board, the issue.
    assert_eq!(requests, 5);
    let item = bench.item(1).await;
    assert_eq!(
        moves(&item.history),
        ["12:00:00 Polled - > Todo", "12:15:00 Polled Todo > In progress"]
    );
    assert_eq!(item.attributes.boards[0].status.as_deref(), Some("In progress"));
    bench.advance(5);
    assert_eq!(bench.hot().await, 2, "nothing changed");
    assert_eq!(bench.asked("Capabilities"), 0, "github.com is not asked what it can tell");
}

#[tokio::test]
async fn of_two_moves_between_looks_the_last_is_known_and_begins_where_the_look_ended() {
    let bench = Bench::dotcom().await;
    let ids = cards(&bench, 1);
    bench.advance(10);
    bench.hot().await;
    for (minutes, status) in
        [(10, "In progress"), (20, "In review"), (60, "Done"), (1, "Todo"), (60, "Done")]
    {
        bench.advance(minutes);
        move_to(&bench, ids[0], Some(status));
        bench.advance(1);
        bench.hot().await;
    }
    bench.advance(61);
    move_to(&bench, ids[0], None);
    bench.advance(61);
    bench.hot().await;
    assert_eq!(
        moves(&bench.item(1).await.history),
        [
            "12:00:00 Polled - > Todo",
            // 12:20 In progress and 12:41 In review: no look came between them and the next one.
            "13:42:00 Polled Todo > Done",
            // 13:44 Todo came after the look of 13:43, and 14:45 Done before the next one: the
            // same status again, which is no news.
            "15:47:00 Polled Done > -",
        ]
    );
}

#[tokio::test]
async fn boards_and_their_pace_outlive_the_process() {
    let mut bench = Bench::dotcom().await;
    let ids = cards(&bench, 2);
    bench.hot().await;
    bench.restart();
    bench.advance(30);
    bench.hot().await;
    assert_eq!(bench.asked("Board"), 0, "half an hour is not its time yet");
    move_to(&bench, ids[1], Some("Done"));
    bench.restart();
    bench.advance(40);
    let (outcome, _) = bench.pass(Reach::Hot).await;
    assert_eq!((bench.asked("Board"), outcome.read, outcome.changed), (1, 1, 1));
    assert_eq!(moves(&bench.item(2).await.history)[1], "12:30:00 Polled Todo > Done");
}

#[tokio::test]
async fn a_board_that_is_met_later_is_looked_at_whole() {
    let bench = Bench::dotcom().await;
    let old = bench.edit(|edits| edits.create_issue(REPO, "Older than its board"));
    let new = bench.edit(|edits| edits.create_issue(REPO, "New"));
    bench.hot().await;
    bench.advance(30);
    // Only the second one gets a newer stamp.
    move_to(&bench, old, Some("Todo"));
    bench.edit(|edits| {
        edits.set_board_status(new, BOARD, Some("In progress"))?;
        edits.label(new, "now")
    });
    bench.advance(1);
    bench.hot().await;
    assert_eq!(bench.asked("Board"), 1);
    assert_eq!(moves(&bench.item(1).await.history), ["12:30:00 Polled - > Todo"]);
    assert_eq!(moves(&bench.item(2).await.history), ["12:30:00 Polled - > In progress"]);
}

#[tokio::test]
async fn a_large_board_costs_one_request_for_a_hundred_cards() {
    let bench = Bench::dotcom().await;
    let ids = cards(&bench, 1_050);
    bench.advance(10);
    let first = bench.hot().await;
    for id in ids.iter().step_by(21) {
        bench.edit(|edits| edits.set_board_status(*id, BOARD, Some("In progress")));
    }
    bench.advance(61);
    let (outcome, second) = bench.pass(Reach::Hot).await;
    println!("1,050 issues: {first} requests; a look with 50 moves: {second}");
    assert_eq!((outcome.read, outcome.changed), (50, 50));
    assert_eq!(bench.asked("Board"), 11);
    // Probe, releases, the repository; eleven pages of the board; one batch of issues.
    assert_eq!(second, 3 + 11 + 1);
}

#[tokio::test]
async fn a_webhook_brings_the_move_at_once() {
    let bench = Bench::dotcom().await;
    let ids = cards(&bench, 1);
    bench.hot().await;
    bench.advance(10);
    let _ = bench.site.take_deliveries();
    move_to(&bench, ids[0], Some("In review"));
    let named: Vec<_> = bench.site.take_deliveries().into_iter().map(|one| one.event).collect();
    assert_eq!(named, ["projects_v2_item"]);
    let node = bench.item(1).await.id.source;
    bench.store.put_hints(&connection(), vec![node], bench.site.now()).await.unwrap();
    bench.refresh().await;
    assert_eq!(moves(&bench.item(1).await.history)[1], "12:10:00 Polled Todo > In review");
}

#[tokio::test]
async fn an_event_that_appears_takes_the_place_of_the_polled_move() {
    // The server records its events; its schema shows them from 3.22 on.
    let bench = Bench::server("3.17.4").await;
    let ids = cards(&bench, 1);
    bench.hot().await;
    bench.advance(30);
    move_to(&bench, ids[0], Some("In progress"));
    bench.advance(31);
    bench.hot().await;
    let polled = ["12:00:00 Polled - > Todo", "12:30:00 Polled Todo > In progress"];
    assert_eq!(moves(&bench.item(1).await.history), polled);
    let before = bench.site.now();

    bench.advance(1);
    bench.site.set_server(Some("3.22.0"));
    bench.pass(Reach::Full).await;
    let item = bench.item(1).await;
    assert_eq!(
        moves(&item.history),
        ["12:00:00 Exact - > Todo", "12:30:00 Exact Todo > In progress"],
        "one change each, as the event tells it"
    );
    // What was known then stays known then.
    let then = bench.store.items_by_key("northwind/checkout#1", Some(before)).await.unwrap();
    assert_eq!(moves(&then[0].history), polled);
    assert!(item.history.iter().all(|change| change.precision != Precision::Polled));
}

#[tokio::test]
async fn a_move_that_was_told_once_stays_when_it_is_told_no_more() {
    let bench = Bench::server("3.22.0").await;
    let ids = cards(&bench, 1);
    bench.advance(10);
    move_to(&bench, ids[0], Some("In progress"));
    bench.edit(|edits| edits.label(ids[0], "bug"));
    bench.hot().await;
    let told = ["12:00:00 Exact - > Todo", "12:10:00 Exact Todo > In progress"];
    assert_eq!(moves(&bench.item(1).await.history), told);
    // Events as they are left out on github.com: the value still says where the card stands.
    bench.site.set_server(Some("3.17.4"));
    bench.advance(30);
    move_to(&bench, ids[0], Some("Done"));
    bench.advance(31);
    bench.pass(Reach::Full).await;
    let item = bench.item(1).await;
    assert_eq!(moves(&item.history)[..2], told);
    assert_eq!(moves(&item.history)[2..], ["12:40:00 Polled In progress > Done"]);
    assert!(item.history.iter().any(|change| matches!(change.what, What::Labels { .. })));
}

#[tokio::test]
async fn a_look_whose_issues_could_not_be_read_is_taken_up_by_the_next_pass() {
    let bench = Bench::dotcom().await;
    let ids = cards(&bench, 60);
    bench.advance(10);
    bench.hot().await;
    for (minutes, id) in (1..).zip(&ids) {
        bench.clock.set(bench.site.now().plus_millis(minutes));
        move_to(&bench, *id, Some("Done"));
    }
    bench.advance(61);
    // Probe, releases, the repository and the board are answered, and one batch of issues.
    bench.site.with_faults(|faults| faults.add_after(5, On::GraphQl, Fault::BadGateway, 500));
    let outcome = bench.try_pass(Reach::Hot).await;
    assert!(outcome.problem.is_some(), "{outcome:?}");
    bench.site.with_faults(Faults::clear);
    bench.advance(5);
    bench.pass(Reach::Hot).await;
    for number in 1..=60 {
        assert_eq!(moves(&bench.item(number).await.history).len(), 2, "#{number}");
    }
}

#[tokio::test]
async fn a_board_out_of_sight_is_a_gap_and_stops_nothing() {
    let bench = Bench::dotcom().await;
    let clock = bench.site.now();
    let scan = streamgauge::trackers::ScanId("board:PVT_gone".into());
    let page = bench.github.discover(&scan, None, clock, None).await.unwrap();
    assert_eq!((page.stamps.len(), page.next), (0, None));
    assert_eq!(page.gaps[0].reason, "hidden-board");
}
