//! A web server over the invented organisation: charts, links and numbers where there is much to
//! tell.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use streamgauge::clock::{ManualClock, SharedClock};
use streamgauge::demo::{Demo, Source};
use streamgauge::model::Timestamp;
use streamgauge::secret::SecretRef;
use streamgauge::sim::story::{self, Size};
use streamgauge::spawn::Spawner;
use streamgauge::sync::{Silent, Stop};
use streamgauge::web::access::Access;
use streamgauge::web::live::Live;
use streamgauge::web::metrics::Metrics;
use streamgauge::web::server::{self, Limits};
use streamgauge::web::settings::{RoleName, Token, Web};
use streamgauge::web::{App, router};
use tokio::net::TcpListener;

use super::client::get;
use super::house::at;
use crate::support::program::close;

pub struct Showroom {
    pub address: SocketAddr,
    pub demo: Demo,
    /// The instant of its clock.
    pub now: Timestamp,
    _folder: tempfile::TempDir,
}

impl Showroom {
    /// Open to everybody on this machine.
    pub async fn open() -> Self {
        Self::behind(&[]).await
    }

    /// Open to those who know a word: each with its role, and the team of that role.
    pub async fn behind(words: &[(RoleName, Option<&str>, &str)]) -> Self {
        let now = at("2026-06-15T06:00:00Z");
        let clock: SharedClock = ManualClock::at(now);
        let folder = tempfile::tempdir().unwrap();
        let source = Source::from(story::generate(1, now, Size::Test));
        let demo = Demo::open(source, folder.path(), Arc::clone(&clock)).await.unwrap();
        let outcomes = demo.sync(&Silent, &Stop::never()).await;
        assert!(outcomes.iter().all(|outcome| outcome.complete), "{outcomes:?}");
        let token = |(nth, (role, team, word)): (usize, &(RoleName, Option<&str>, &str))| {
            let file = folder.path().join(format!("word-{nth}"));
            close(&file, word);
            let team = team.map(str::to_owned);
            Token { role: *role, team, secret: SecretRef::File(file) }
        };
        let token = words.iter().enumerate().map(token).collect();
        let web = Web { token, ..Web::default() };
        let app = App {
            gauge: Arc::clone(&demo.gauge),
            store: demo.store.clone(),
            clock: Arc::clone(&clock),
            access: Access::new(&web, Arc::clone(&clock)).unwrap(),
            metrics: Arc::new(Metrics::default()),
            live: Arc::new(Live::default()),
            hooks: std::collections::BTreeMap::new(),
            begun: AtomicBool::new(false),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let spawner = Spawner::tokio();
        let routes = router(Arc::new(app));
        let never = std::future::pending();
        let (limits, begun) = (Limits::default(), || {});
        let web = server::serve(listener, routes, spawner.clone(), clock, limits, begun, never);
        spawner.spawn("web", web);
        Self { address, now, demo, _folder: folder }
    }

    /// What keeps a page at the instant of the clock: the same between two requests.
    pub fn query(&self) -> String {
        format!("?as_of={}", self.now)
    }

    /// A page of that instant, which is there.
    pub async fn page(&self, path: &str) -> String {
        let answer = get(&format!("{path}{}", self.query())).send(self.address).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }
}
