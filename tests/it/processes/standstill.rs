//! The database server stands still, with its connections open, while its users are asked to stop.

use http::StatusCode;
use streamgauge::clock::{Clock, SystemClock};
use streamgauge::model::Timestamp;

use super::company::{CONNECTIONS, Company};
use crate::kill::compare::Stored;
use crate::support::process::{client, send};

/// A webhook of a change that was just made.
fn news(company: &Company, nth: usize) -> streamgauge::transport::Request {
    let daemon = company.houses[nth].daemon.as_ref().unwrap();
    loop {
        company.edit(1);
        if let Some(request) = company.postman.waiting("jira", daemon).pop_front() {
            return request;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_the_database_stands_still_ends_by_itself_says_so_and_loses_nothing() {
    let mut company = Company::new(14, 2, "").await;
    for nth in 0..2 {
        company.start(nth).await;
    }
    company.covered(&[]).await;
    company.passed(Timestamp::MIN).await;
    let mut on_duty = Vec::new();
    for connection in CONNECTIONS {
        on_duty.push((connection, company.on_duty(connection).await.unwrap()));
    }
    for nth in 0..2 {
        let kept = send(&client(), news(&company, nth)).await.unwrap();
        assert_eq!(kept.status(), StatusCode::ACCEPTED);
    }
    let began = SystemClock.now();
    let in_flight = news(&company, 0);
    company.cluster.order("freeze");

    // What cannot be kept is not acknowledged, and all that cannot be done does not hold up the end.
    let stops = async {
        for house in &company.houses {
            house.daemon.as_ref().unwrap().signal("TERM");
        }
        let mut codes = Vec::new();
        for house in &mut company.houses {
            codes.push(house.daemon.as_mut().unwrap().code().await);
        }
        (codes, SystemClock.now().millis() - began.millis())
    };
    let http = client();
    let (answer, (codes, took)) = futures::join!(send(&http, in_flight), stops);
    println!("SIGTERM while the server stands still: ended with {codes:?} after {took} ms");
    let acknowledged = answer.is_ok_and(|answer| answer.status() == StatusCode::ACCEPTED);
    assert!(!acknowledged, "nothing could keep it");
    for (connection, nth) in &on_duty {
        let log = company.houses[*nth].log();
        assert_eq!(codes[*nth], Some(4), "{log}");
        let told = log.lines().find(|line| line.contains("gave up waiting for")).unwrap();
        assert!(told.contains(&format!("the duty for {connection}")), "{told}");
        assert!(told.contains("20 seconds at most"), "{told}");
        assert!(!log.contains("everything in hand is committed"), "{log}");
    }

    company.cluster.order("thaw");
    for house in &mut company.houses {
        house.daemon = None;
        company.cluster.outlive(&house.process).await;
    }
    for nth in 0..2 {
        company.start(nth).await;
    }
    company.covered(&[]).await;
    company.passed(began).await;
    company.followed().await;
    for nth in 0..2 {
        company.stop(nth).await;
    }
    Stored::read(&company.cluster.url()).await.assert_equals_trackers(&company.stage);
}
