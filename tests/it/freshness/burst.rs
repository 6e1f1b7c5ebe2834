//! A bulk edit against the real program over HTTP: thousands of deliveries, few requests. The
//! nightly run makes it 5,000 items (`TEST_BURST=5000`).

use std::sync::Arc;

use futures::StreamExt;
use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::sim::jira::records::{IssueTypeRecord, ProjectRecord, Record, StatusRecord};
use streamgauge::sim::jira::{self, Draft, Edit, SharedSite};
use streamgauge::spawn::Spawner;
use streamgauge::store::Store;
use streamgauge::transport::Request;

use crate::support::process::{Folder, client, eventually, get, send};
use crate::support::settings::one_jira;

const SECRET: &str = "the secret of the bursts";

fn items() -> usize {
    std::env::var("TEST_BURST").map_or(500, |count| count.parse().unwrap())
}

fn site(clock: &SharedClock, items: usize) -> (SharedSite, Vec<u64>) {
    let mut site = jira::Site::new(clock.clone());
    let (id, name) = (10_000, "Payments".to_owned());
    site.add(Record::Project(ProjectRecord { id, key: "PAY".into(), name }));
    for (id, name, category) in [(1, "To Do", "new"), (3, "Doing", "indeterminate")] {
        let (name, category) = (name.to_owned(), Some(category.to_owned()));
        site.add(Record::Status(StatusRecord { id, name, category, gone: false }));
    }
    site.add(Record::IssueType(IssueTypeRecord { id: 2, name: "Story".into(), level: 0 }));
    let ids = (0..items)
        .map(|n| {
            let summary = format!("Issue {n}");
            let draft = Draft { project: 10_000, kind: 2, status: 1, summary, ..Draft::default() };
            site.create_issue(draft).unwrap()
        })
        .collect();
    (site.shared(), ids)
}

fn requests(site: &SharedSite, url: &str) -> Vec<Request> {
    let request = |delivery: jira::Delivery| {
        http::Request::post(url)
            .header("content-type", "application/json; charset=UTF-8")
            .header("x-hub-signature", delivery.signature)
            .body(delivery.body)
            .unwrap()
    };
    jira::lock(site).take_deliveries().into_iter().map(request).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_edit_is_gathered_by_the_program() {
    let clock: SharedClock = Arc::new(SystemClock);
    let items = items();
    let (site, ids) = site(&clock, items);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = jira::serve(site.clone(), listener, clock.clone(), Spawner::tokio()).unwrap();
    let settings = one_jira("STORE", &running.url);
    let secrets = [("TEST_JIRA_TOKEN", jira::access::TOKEN), ("TEST_WEBHOOK_SECRET", SECRET)];
    let folder = Folder::over(&settings, "name = \"N\"\ntimezone = \"UTC\"\n", &secrets);
    let daemon = folder.serve().await;
    let client = client();
    let metrics =
        async || get(&client, &daemon.at("/metrics")).await.map_or(String::new(), |a| a.1);
    eventually(
        async || {
            metrics()
                .await
                .lines()
                .any(|l| l.starts_with("streamgauge_passes_total") && l.contains("complete"))
        },
        "a complete pass",
    )
    .await;
    let store = Store::open_read_only(&folder.url(), clock.clone()).await.unwrap();
    let first = {
        let mut site = jira::lock(&site);
        let first = site.log.total();
        site.log.clear();
        site.set_webhook("http://127.0.0.1/", SECRET);
        first
    };

    // Everything is edited three times at once, and one more item in the middle of the deliveries.
    for edit in [
        Edit::Labels(vec!["q3".into()]),
        Edit::Status(3),
        Edit::Labels(vec!["q3".into(), "moved".into()]),
    ] {
        jira::lock(&site).bulk_edit(&ids[1..], &edit).unwrap();
    }
    let waves = requests(&site, &daemon.at("/webhooks/jira"));
    assert_eq!(waves.len(), 3 * (items - 1));
    // What happens to an item is told about the same time.
    let mut deliveries: Vec<(usize, Request)> =
        waves.into_iter().enumerate().map(|(n, one)| (n % (items - 1), one)).collect();
    deliveries.sort_by_key(|(item, _)| *item);
    let mut deliveries: Vec<Request> = deliveries.into_iter().map(|(_, one)| one).collect();
    jira::lock(&site).edit(ids[0], &Edit::Summary("a single one".into())).unwrap();
    let single = requests(&site, &daemon.at("/webhooks/jira")).remove(0);
    let middle = deliveries.len() / 2;
    deliveries.insert(middle, single);
    let sent = deliveries.len();

    let begun = clock.now();
    let (statuses, single_read) = futures::future::join(
        futures::stream::iter(deliveries)
            .map(|request| async { send(&client, request).await.unwrap().status().as_u16() })
            .buffer_unordered(8)
            .collect::<Vec<u16>>(),
        async {
            let title = async || {
                let found = store.fold_items(None, false, |found, item| {
                    *found |= item.attributes.title.as_deref() == Some("a single one");
                });
                found.await.unwrap_or(false)
            };
            eventually(title, "the single item is read").await;
            store.counts().await.unwrap().hints
        },
    )
    .await;
    assert!(statuses.iter().all(|status| *status == 202), "{statuses:?}");
    let delivered = clock.now().millis() - begun.millis();
    eventually(async || store.counts().await.unwrap().hints == 0, "no hint is left").await;
    let done = clock.now().millis() - begun.millis();

    let labelled = store.fold_items(None, 0_usize, |count, item| {
        *count += usize::from(item.attributes.labels.len() == 2);
    });
    assert_eq!(labelled.await.unwrap(), items - 1, "every item is as the tracker says");
    let log = jira::lock(&site).log.clone();
    let asked = log.total();
    println!("first pull of {items} items: {first} requests");
    println!(
        "{sent} deliveries for {items} items in {delivered} ms: {asked} requests, {:?}",
        log.counts()
    );
    println!("fresh after {done} ms; {single_read} hints waited when the single item was read");
    // A look is two requests and one more for every further hundred items. Ten looks come at once,
    // and one more every five seconds.
    let looks = 12 + u64::try_from(done / 5_000).unwrap();
    let most = 2 * looks + 3 * (items as u64).div_ceil(100);
    assert!(asked <= most, "{asked} requests, at most {most}");
    drop(daemon);
}
