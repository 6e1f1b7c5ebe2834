//! The real program, killed at random moments while people edit both trackers. `TEST_SEED=7`
//! chooses another run; every run prints its seed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod compare;
pub mod postman;
pub mod town;

use streamgauge::sim::jira;

use crate::support::gate::{Moment, Phase};
use crate::support::process::Folder;
use compare::Stored;
use town::{Hit, Plan, Town};

/// Kills of one run, at least.
const KILLS: u32 = 50;
/// Kills that hit each phase, at least.
const OF_EACH: u32 = 5;
/// Kills after which a run that does not meet every phase gives up.
const KILLS_MAX: u32 = 100;

const HITS: [Hit; 5] = [Hit::Discovery, Hit::Content, Hit::History, Hit::Commit, Hit::Hint];

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_store_ends_equal_to_the_trackers() {
    let seed = std::env::var("TEST_SEED").map_or(20_260_615, |seed| seed.parse().unwrap());
    let mut town = Town::new(seed).await;
    // The first lives never get to the end of the first walk.
    for _ in 0..3 {
        for plan in [Plan::Discovery, Plan::Content, Plan::History, Plan::Commit, Plan::Anywhere] {
            town.live(plan).await;
        }
    }
    let enough =
        |town: &Town| town.kills() >= KILLS && HITS.iter().all(|hit| town.hits(*hit) >= OF_EACH);
    let plans = [
        Plan::Discovery,
        Plan::Content,
        Plan::History,
        Plan::Commit,
        Plan::HintUnderWay,
        Plan::HintAccepted,
        Plan::Anywhere,
    ];
    for plan in plans.into_iter().cycle() {
        if enough(&town) || town.kills() >= KILLS_MAX {
            break;
        }
        town.live(plan).await;
    }
    println!("{}", town.tell());
    assert!(enough(&town), "{}", town.tell());

    let hidden = accept_what_search_does_not_show(&mut town).await;
    town.gate.quiet();
    town.postman.lose();
    let mut daemon = town.folder.serve().await;
    town.passes(&daemon, "jira").await;
    town.passes(&daemon, "github").await;
    town.no_hints_left().await;
    daemon.signal("TERM");
    assert_eq!(daemon.code().await, Some(0), "SIGTERM ends the daemon in order");

    let stored = Stored::read(&town.folder.url()).await;
    stored.assert_equals_trackers(&town.stage);
    let stale = hidden.len();
    println!("{} live items equal; {stale} of them known by a webhook alone", stored.len());
    assert_eq!((stored.counts.hints, stored.counts.retries), (0, 0));

    // A process that nobody ever killed sees the same.
    let fresh = Folder::new(&town.stage, &town.gate, &town.portfolio);
    let sync = fresh.run(&["sync", "--json"]).await;
    assert!(matches!(sync.code, Some(0 | 3)), "{}\n{}", sync.out, sync.err);
    let fresh = Stored::read(&fresh.url()).await;
    stored.assert_equals(&fresh);
    assert_eq!(stored.counts.gaps, fresh.counts.gaps);
}

/// Edits that search will not show for an hour, told by webhooks that were accepted right before
/// a kill: if the word of a webhook can be lost, these items stay stale.
async fn accept_what_search_does_not_show(town: &mut Town) -> Vec<u64> {
    let mut daemon = town.folder.serve().await;
    town.passes(&daemon, "jira").await;
    town.no_hints_left().await;
    town.gate.quiet();
    town.postman.lose();
    let site = town.stage.jira.as_ref().unwrap().site.clone();
    let chosen: Vec<u64> = {
        let mut site = jira::lock(&site);
        site.index_lag.least = std::time::Duration::from_secs(3_600);
        let mut oldest: Vec<_> = site.dump().into_iter().map(|(id, t)| (t.updated, id)).collect();
        oldest.sort_unstable();
        let chosen: Vec<u64> = oldest.into_iter().take(7).map(|(_, id)| id).collect();
        for id in &chosen {
            site.edit(*id, &jira::Edit::Summary(format!("seen by nobody else ({id})"))).unwrap();
        }
        chosen
    };
    town.gate.set_trap("jira", Moment::Arrived(Phase::Content), 0);
    for request in town.postman.waiting("jira", &daemon) {
        assert!(town.postman.send(request).await, "the daemon accepts deliveries");
    }
    daemon.kill();
    town.gate.release();
    chosen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_of_a_pass_ends_in_order_and_can_be_resumed() {
    for signal in ["TERM", "INT"] {
        let mut town = Town::new(7).await;
        town.gate.quiet();
        // Two pages of the first repositories are in; the next question gets no answer.
        town.gate.set_trap("github", Moment::Arrived(Phase::Discovery), 3);
        let mut daemon = town.folder.serve().await;
        town.gate.caught().await;
        daemon.signal(signal);
        assert_eq!(daemon.code().await, Some(0), "SIG{signal}");
        town.gate.release();

        let all = town.stage.github.as_ref().unwrap().site.dump();
        let all = all.values().filter(|issue| !issue.pull).count();
        let kept = Stored::read(&town.folder.url()).await.of_connection("github");
        assert!(0 < kept && kept < all, "SIG{signal} kept {kept} of {all}");

        let before = town.gate.calls().len();
        let sync = town.folder.run(&["sync", "--json"]).await;
        assert!(matches!(sync.code, Some(0 | 3)), "{}\n{}", sync.out, sync.err);
        let asked = town.gate.calls().split_off(before);
        let resumed = asked
            .iter()
            .find(|call| call.tracker == "github" && call.phase == Phase::Discovery)
            .unwrap();
        assert!(resumed.body.contains("\"since\":\"20"), "SIG{signal}: goes on: {}", resumed.body);
        Stored::read(&town.folder.url()).await.assert_equals_trackers(&town.stage);
    }
}
