//! A web server over a store of four items.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use secrecy::SecretString;
use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::gauge::status::PlannedDigest;
use streamgauge::gauge::{Declared, Gauge};
use streamgauge::model::{
    Attributes, Change, ConnectionId, Item, ItemId, Level, Named, Precision, Timestamp,
    TrackerKind, What,
};
use streamgauge::portfolio::Portfolio;
use streamgauge::schedule::Schedule;
use streamgauge::secret::SecretRef;
use streamgauge::spawn::Spawner;
use streamgauge::store::{PassRecord, Store};
use streamgauge::trackers::{Tracker, github, jira};
use streamgauge::transport::{Limits as Pace, Request, Response, Transport, TransportError, Wire};
use streamgauge::web::access::Access;
use streamgauge::web::live::Live;
use streamgauge::web::metrics::Metrics;
use streamgauge::web::server::{self, Limits};
use streamgauge::web::settings::{Proxy, RoleName, Token, Web};
use streamgauge::web::{App, Bounds, Hook, bounded};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

use super::client::{Answer, Ask};
use crate::support::batch::batch;
use crate::support::program::close;

pub const HOOK_SECRET: &str = "the secret of the webhooks";
/// What tracker text may try.
pub const HOSTILE: &str = "<script>alert(\"x\")</script> & 'quotes'";

pub const PORTFOLIO: &str = r#"
name = "Northwind"
timezone = "Europe/Berlin"

[[stream]]
id = "payments"
name = "Payments & <Refunds>"
publish = true

[[team]]
id = "checkout"
stream = "payments"
claims = [{ github = "northwind/checkout" }]

[[intent]]
dimension = "stream"
from = 2026-01-05
why = "the January review"
shares = { payments = 1.0 }

[[outcome]]
id = "refund-contacts"
name = "Refund contacts"
stream = "payments"
unit = "per 1000 orders"
direction = "down"
value_area = "current"
source = { push = true }
"#;

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub fn connection() -> ConnectionId {
    ConnectionId("github".into())
}

/// Stops when dropped.
pub struct House {
    pub address: SocketAddr,
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub live: Arc<Live>,
    /// Asked for when a delivery was not kept.
    pub scan: Arc<Notify>,
    /// What `live` reads budgets from; its host answers everything with one.
    pub transport: Transport,
    pub folder: tempfile::TempDir,
    _stop: oneshot::Sender<()>,
}

/// Who may come in.
#[derive(Default)]
pub struct Doors {
    /// Where to store; a file in the folder of the house when absent.
    pub store: Option<String>,
    pub tokens: Vec<(RoleName, &'static str)>,
    pub proxy: Option<&'static str>,
    pub limits: Limits,
    pub bounds: Bounds,
}

impl Doors {
    /// One word for each role.
    pub fn all() -> Self {
        let tokens = vec![
            (RoleName::Viewer, "viewer-word"),
            (RoleName::Portfolio, "portfolio-word"),
            (RoleName::Team, "team-word"),
        ];
        Self { tokens, ..Self::default() }
    }
}

impl House {
    /// Four items, read completely a minute ago.
    pub async fn furnished(doors: Doors) -> Self {
        let house = Self::empty(doors).await;
        house.fill().await;
        house
    }

    pub async fn empty(doors: Doors) -> Self {
        Self::with(doors, PORTFOLIO).await
    }

    /// An empty store under another portfolio file.
    pub async fn with(doors: Doors, portfolio: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(at("2026-06-15T06:00:00Z"));
        let file = || format!("sqlite:{}", folder.path().join("gauge.db").display());
        let url = doors.store.clone().unwrap_or_else(file);
        let store = Store::open(&url, clock.clone()).await.unwrap();
        let portfolio = Portfolio::parse(portfolio, "portfolio.toml")
            .unwrap_or_else(|problems| panic!("{problems}"));
        let gauge = Gauge::new(store.clone(), Arc::new(portfolio), clock.clone());
        let gauge = gauge.declaring(vec![Declared {
            connection: connection(),
            tracker: TrackerKind::GitHub,
            scopes: vec!["northwind/checkout".into(), "northwind/*".into()],
            pull: Schedule::parse("*/5 * * * *").unwrap(),
        }]);
        let plan = PlannedDigest {
            id: "monday".into(),
            audience: "portfolio".into(),
            schedule: Schedule::parse("0 7 * * MON").unwrap(),
            channels: vec!["file:digests".into()],
        };
        let transport = telling(clock.clone());
        let live = Arc::new(Live::new("the-process".to_owned(), transport.clone(), vec![plan]));
        let access = Access::new(&settings(&doors, folder.path()), clock.clone()).unwrap();
        let scan = Arc::new(Notify::new());
        let hook = Hook {
            tracker: tracker(clock.clone()),
            hinted: Arc::new(Notify::new()),
            scan: Arc::clone(&scan),
            sweep: Arc::new(Notify::new()),
        };
        let app = App {
            gauge: Arc::new(gauge),
            store: store.clone(),
            clock: clock.clone(),
            access,
            metrics: Arc::new(Metrics::default()),
            live: Arc::clone(&live),
            hooks: BTreeMap::from([
                ("github".to_owned(), hook),
                ("center".to_owned(), center(clock.clone())),
            ]),
            begun: AtomicBool::new(false),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let spawner = Spawner::tokio();
        let web = server::serve(
            listener,
            bounded(Arc::new(app), doors.bounds),
            spawner.clone(),
            clock.clone(),
            doors.limits,
            || {},
            async move {
                let _ = stopped.await;
            },
        );
        spawner.spawn("web", web);
        Self { address, store, clock, live, scan, transport, folder, _stop: stop }
    }

    pub async fn ask(&self, ask: Ask) -> Answer {
        ask.send(self.address).await
    }

    pub async fn fill(&self) {
        let lease = self.store.acquire("github", "test", Duration::from_secs(60)).await.unwrap();
        let lease = lease.unwrap();
        let now = self.clock.now();
        let items = vec![
            item(1, "Refunds at once", "northwind/checkout"),
            item(2, HOSTILE, "northwind/checkout"),
            item(3, "Nobody's", "northwind/elsewhere"),
            item(4, "Vouchers", "northwind/checkout"),
        ];
        let read = batch("github", TrackerKind::GitHub, items, now);
        self.store.apply(&lease, read).await.unwrap();
        let pass = PassRecord {
            id: "pass".into(),
            connection: connection(),
            started_at: now.plus_millis(-60_000),
            finished_at: now,
            clock: Some(now.plus_millis(-60_000)),
            complete: true,
            discovered: 4,
            read: 4,
            changed: 4,
            gaps: 0,
            problem: None,
        };
        self.store.log_pass(&lease, pass).await.unwrap();
        self.store.release(&lease).await.unwrap();
    }
}

fn item(number: u64, title: &str, project: &str) -> Item {
    let (open, closed) = (Named::new("open", "open"), Named::new("closed", "closed"));
    let done = at("2026-06-05T09:00:00Z");
    Item {
        id: ItemId { connection: connection(), source: format!("I_{number}") },
        created_at: at("2026-06-01T09:00:00Z"),
        updated_at: done,
        attributes: Attributes {
            key: format!("{project}#{number}"),
            title: Some(title.to_owned()),
            level: Level::Standard,
            status: closed.clone(),
            project: project.to_owned(),
            ..Attributes::default()
        },
        history: vec![Change {
            id: "1".into(),
            at: done,
            what: What::Status { from: open, to: closed },
            precision: Precision::Exact,
        }],
        history_complete: true,
    }
}

fn settings(doors: &Doors, folder: &Path) -> Web {
    let secret = |name: &str, word: &str| {
        let path = folder.join(name);
        close(&path, word);
        SecretRef::File(path)
    };
    let token = doors
        .tokens
        .iter()
        .enumerate()
        .map(|(nth, (role, word))| Token {
            role: *role,
            team: (*role == RoleName::Team).then(|| "checkout".to_owned()),
            secret: secret(&format!("token-{nth}"), word),
        })
        .collect();
    let proxy = doors.proxy.map(|word| Proxy {
        header: "X-Streamgauge-Proxy".into(),
        secret: secret("proxy", word),
        role: RoleName::Viewer,
    });
    Web { token, proxy, ..Web::default() }
}

fn tracker(clock: Arc<ManualClock>) -> Arc<dyn Tracker> {
    let mut config = github::Config::new(
        connection(),
        vec!["northwind/checkout".into()],
        SecretString::from("a token that nobody asks for"),
    );
    config.webhook_secrets = vec![SecretString::from(HOOK_SECRET)];
    let transport = Transport::over_network(Pace::default(), clock, Entropy::from_seed(1)).unwrap();
    Arc::new(github::GitHub::new(config, transport).unwrap())
}

/// Answers everything with a budget, as GitHub would; `quiet.example` tells none.
fn telling(clock: Arc<ManualClock>) -> Transport {
    let wire = tower::service_fn(|request: Request| async move {
        let mut response = Response::default();
        if request.uri().host() != Some("quiet.example") {
            let headers = response.headers_mut();
            for (name, value) in [
                ("x-ratelimit-limit", "5000"),
                ("x-ratelimit-remaining", "4987"),
                ("x-ratelimit-reset", "1781506800"),
                ("x-ratelimit-resource", "graphql"),
            ] {
                headers.insert(name, http::HeaderValue::from_static(value));
            }
        }
        Ok::<_, TransportError>(response)
    });
    Transport::over(Wire::new(wire), Pace::default(), clock, Entropy::from_seed(2))
}

/// The hook of a Jira that cannot sign.
fn center(clock: Arc<ManualClock>) -> Hook {
    let config = jira::center::Config {
        connection: ConnectionId("center".into()),
        site: "https://jira.example.com".into(),
        scopes: vec!["PAY".into()],
        token: SecretString::from("a token that nobody asks for"),
        webhook_secrets: vec![SecretString::from(HOOK_SECRET)],
        titles: true,
        blocking: Vec::new(),
    };
    let transport = Transport::over_network(Pace::default(), clock, Entropy::from_seed(1)).unwrap();
    Hook {
        tracker: Arc::new(jira::center::connect(config, transport).unwrap()),
        hinted: Arc::new(Notify::new()),
        scan: Arc::new(Notify::new()),
        sweep: Arc::new(Notify::new()),
    }
}
