//! The real program reads back what webhooks failed to tell while it was down.

use std::sync::Arc;

use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::sim::github::records::{Record, RepoRecord};
use streamgauge::sim::github::{HookRights, Site, serve};
use streamgauge::spawn::Spawner;
use streamgauge::store::Store;
use tokio::net::TcpListener;

use crate::support::process::{Folder, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_while_the_program_was_down_is_read_back_at_its_start() {
    let clock: SharedClock = Arc::new(SystemClock);
    let created = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let (owner, name) = ("northwind".to_owned(), "checkout".to_owned());
    let record = Record::Repo(RepoRecord { id: 1, owner, name, created, archived: false });
    let site = Site::new([record], clock.clone());
    site.set_token("a-token");
    site.set_hook_rights(HookRights::Admin);
    site.register_webhook("repos/northwind/checkout", "https://a.example/webhooks/hub");
    let doomed = site
        .edit(|edits| {
            edits.create_issue(1, "stays")?;
            edits.create_issue(1, "goes")
        })
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = serve(&site, listener, clock.clone(), &Spawner::tokio()).unwrap();
    let settings = format!(
        "[store]\nurl = \"STORE\"\n[web]\nlisten = \"127.0.0.1:0\"\n[[connection]]\nid = \"hub\"\n\
         kind = \"github\"\nurl = \"{}\"\nscopes = [\"northwind/checkout\"]\n\
         auth = {{ token = {{ env = \"TEST_TOKEN\" }} }}\n\
         webhook_secret = {{ env = \"TEST_SECRET\" }}\npull = \"0 0 1 1 *\"\n",
        running.url
    );
    let secrets = [("TEST_TOKEN", "a-token"), ("TEST_SECRET", "a secret of thirty-two letters")];
    let folder = Folder::over(&settings, "name = \"N\"\ntimezone = \"UTC\"\n", &secrets);

    // The first life pulls, sweeps and finds nothing in the log.
    let mut daemon = folder.serve().await;
    let store = Store::open_read_only(&folder.url(), clock.clone()).await.unwrap();
    let connection = ConnectionId("hub".into());
    let swept = async || {
        let sweeps = store.sweeps(&connection).await.unwrap_or_default();
        sweeps.iter().any(|sweep| sweep.swept_at.is_some())
    };
    eventually(swept, "a sweep").await;
    daemon.signal("TERM");
    assert_eq!(daemon.code().await, Some(0));

    // A deletion shows in no pull, and the next sweep is a day away.
    drop(site.take_deliveries());
    site.edit(|edits| edits.delete_issue(doomed)).unwrap();
    assert_eq!(site.fail_deliveries(0), 1);
    let removed = async || {
        let gone = store.fold_items(None, 0, |gone: &mut u32, item| {
            *gone += u32::from(item.removed.is_some());
        });
        gone.await.unwrap_or(0) == 1
    };
    assert!(!removed().await);
    let _daemon = folder.serve().await;
    eventually(removed, "the deletion is known").await;
    let log = site.requests();
    let posts = log.counts.keys().filter(|key| key.starts_with("POST"));
    assert!(posts.clone().all(|key| key.starts_with("POST /graphql")), "{log:?}");
}
