//! What a person should know of an App, and what is said when it cannot be used.

use streamgauge::sim::github::Installation;
use streamgauge::sync::Problem;

use super::house::{APP, House, KEY, Proof};

async fn house() -> House {
    let house = House::open(Vec::new(), &["northwind/pay"], Proof::App).await;
    house.repository("northwind", "pay", 1);
    house
}

#[tokio::test]
async fn rights_that_are_wider_or_narrower_than_needed_are_told() {
    let house = house().await;
    let mut installation = Installation::at("northwind");
    house.site.install(1, installation.clone());
    assert_eq!(house.tracker.probe().await.unwrap().notes, Vec::<String>::new());

    installation.permissions.insert("contents".into(), "write".into());
    installation.permissions.remove("issues");
    house.site.install(1, installation);
    house.site.revoke_tokens();
    house.wait(60);
    let notes = house.tracker.probe().await.unwrap().notes;
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("more than read at northwind (contents: write)"), "{notes:?}");
    assert!(notes[1].contains("may not read Issues at northwind"), "{notes:?}");
}

#[tokio::test]
async fn a_key_of_another_app_and_a_wrong_clock_are_told_apart() {
    let house = house().await;
    house.install(1, "northwind");
    house.site.set_app(APP + 1, &KEY.1).unwrap();
    let outcome = house.pass().await;
    let told = outcome.told().unwrap();
    assert!(matches!(outcome.problem, Some(Problem::Unauthorized(_))), "{told}");
    assert!(told.contains("the key does not belong to that App; check `app` and `key`"), "{told}");
    assert!(!told.contains("PRIVATE"));
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_named() {
    use streamgauge::clock::ManualClock;
    use streamgauge::entropy::Entropy;
    use streamgauge::model::{ConnectionId, Timestamp};
    use streamgauge::trackers::Tracker;
    use streamgauge::trackers::github::{AppKey, Auth, Config, GitHub};
    use streamgauge::transport::{Limits, Transport};

    let house = house().await;
    house.install(1, "northwind");
    let ahead = Timestamp::parse(super::house::START).unwrap().plus_millis(1_800_000);
    let clock = ManualClock::at(ahead);
    let transport = Transport::over_network(Limits::default(), clock, Entropy::from_seed(1));
    let key = AppKey::new(APP, &KEY.0.clone().into(), None).unwrap();
    let usual =
        Config::new(ConnectionId("gh".into()), vec!["northwind/pay".into()], "".to_owned().into());
    let config = Config { api: house.url(), auth: Auth::App(key), ..usual };
    let github = GitHub::new(config, transport.unwrap()).unwrap();
    let error = github.probe().await.unwrap_err().to_string();
    assert!(error.contains("the clock of this machine is 1800 s away from GitHub's"), "{error}");
}
