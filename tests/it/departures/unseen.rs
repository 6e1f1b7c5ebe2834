//! What nobody told: changes in a project while it could not be seen, before the first scan, under
//! another name, or behind a door that is closed to the token.

use streamgauge::model::Category;
use streamgauge::sync::{Problem, Stop};

use super::of_every_dialect;

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_while_a_project_was_hidden_is_read_by_the_next_sweep() {
    of_every_dialect(async |house, _| {
        let dialect = house.dialect;
        let other = dialect.scopes()[1];
        let key = house.begin().await;
        dialect.show(other, false);
        house.wait(5);
        dialect.change(&key);
        house.wait(60);
        // It goes on without the project, and the project is back before any sweep looks.
        house.pass().await;
        dialect.show(other, true);
        house.wait(30);
        house.gone().await;
        house.pass().await;
        let counted = house.counted(&key).await;
        assert!(counted.is_some_and(|is| is != Category::Proposed), "{}", dialect.name());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_between_a_hint_and_the_first_scan_is_read() {
    of_every_dialect(async |house, _| {
        let dialect = house.dialect;
        let key = dialect.create(dialect.scopes()[0]);
        house.wait(30);
        // A sweep reads what is listed and not stored; the first scan comes later.
        house.gone().await;
        assert_eq!(house.counted(&key).await, Some(Category::Proposed), "{}", dialect.name());
        dialect.change(&key);
        house.wait(60);
        house.pass().await;
        let counted = house.counted(&key).await;
        assert!(counted.is_some_and(|is| is != Category::Proposed), "{}", dialect.name());
        let connection = house.connection();
        house.engine.refresh(&connection, &Stop::never()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_project_that_is_closed_lets_its_items_go() {
    of_every_dialect(async |house, _| {
        let dialect = house.dialect;
        let other = dialect.scopes()[1];
        house.begin().await;
        if !dialect.rename(other) {
            return;
        }
        house.wait(5);
        house.sweep().await;
        house.pass().await;
        let name = dialect.name();
        for (hide, reason) in [(false, "project-archived"), (true, "access-lost")] {
            if hide {
                dialect.show(other, false)
            } else {
                dialect.archive(other, true)
            }
            house.sweep().await;
            house.wait(11);
            house.sweep().await;
            let left: Vec<String> = house.left().await.into_values().collect();
            assert_eq!(left, [reason], "{name}");
            house.pass().await;
            let left: Vec<String> = house.left().await.into_values().collect();
            assert_eq!(left, [reason], "{name}: a pass changes nothing");
            if hide {
                dialect.show(other, true)
            } else {
                dialect.archive(other, false)
            }
            house.wait(61);
            house.sweep().await;
            assert!(house.left().await.is_empty(), "{name}: it came back");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_repository_stops_its_own_walk_and_keeps_its_items() {
    of_every_dialect(async |house, _| {
        let dialect = house.dialect;
        let [home, other] = dialect.scopes();
        house.begin().await;
        if !dialect.forbid(other, true) {
            return;
        }
        let news = dialect.create(home);
        house.wait(5);
        let outcome = house.pass().await;
        let name = dialect.name();
        let told = outcome.problem.clone();
        assert!(matches!(told, Some(Problem::Refused(_))), "{name}: {told:?}");
        assert!(house.live().await.contains(&news), "{name}: the other repository goes on");
        for _ in 0..3 {
            let swept = house.sweep().await;
            assert!(matches!(swept.problem, Some(Problem::Refused(_))), "{name}: {swept:?}");
            house.wait(61);
        }
        assert!(house.left().await.is_empty(), "{name}: nothing has left");
        dialect.forbid(other, false);
        house.wait(5);
        assert_eq!(house.pass().await.problem, None, "{name}");
        assert_eq!(house.gone().await, 0, "{name}");
    })
    .await;
}
