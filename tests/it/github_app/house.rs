//! A simulated github.com with an App, and the product connected to it as its settings say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::HeaderMap;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::sim::github::records::Record;
use streamgauge::sim::github::{Installation, Running, Site, serve};
use streamgauge::spawn::Spawner;
use streamgauge::store::{Counts, Store, StoredItem};
use streamgauge::sync::{Engine, PassOutcome, Reach, Settings, Silent, Stop, Sweeping};
use streamgauge::trackers::Tracker;
use streamgauge::trackers::settings::Connection;
use streamgauge::transport::{Limits, Transport};
use tokio::net::TcpListener;

pub const APP: u64 = 4711;
pub const SECRET: &str = "secret-of-the-app-hook-4711";
/// When every test begins.
pub const START: &str = "2026-06-17T09:30:00Z";

/// A private RSA key and its public half, made anew for each run.
pub static KEY: LazyLock<(String, String)> = LazyLock::new(|| {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    (key.serialize_pem(), key.public_key_pem())
});

/// How the product proves itself.
pub enum Proof {
    App,
    /// The App with a fixed installation.
    Installation(u64),
    Token,
}

pub struct House {
    pub site: Site,
    pub clock: Arc<ManualClock>,
    pub transport: Transport,
    pub tracker: Arc<dyn Tracker>,
    pub store: Store,
    engine: Engine,
    running: Running,
    _folder: tempfile::TempDir,
}

impl House {
    /// An App that is installed nowhere, on SQLite.
    pub async fn open(records: Vec<Record>, scopes: &[&str], proof: Proof) -> Self {
        Self::open_on(None, records, scopes, proof).await
    }

    /// The same on another database.
    pub async fn open_on(
        database: Option<String>,
        records: Vec<Record>,
        scopes: &[&str],
        proof: Proof,
    ) -> Self {
        let clock = ManualClock::at(Timestamp::parse(START).unwrap());
        let site = Site::new(records, clock.clone());
        site.set_token("the-personal-token");
        site.set_app(APP, &KEY.1).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = serve(&site, listener, clock.clone(), &Spawner::tokio()).unwrap();
        let entropy = Entropy::from_seed(7);
        let limits = Limits::default();
        let transport = Transport::over_network(limits, clock.clone(), entropy.clone()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let connection = connection(folder.path(), &running.url, scopes, proof);
        let tracker = connection.connect(true, &transport).unwrap();
        let file = format!("sqlite:{}", folder.path().join("gauge.db").display());
        let store = Store::open(&database.unwrap_or(file), clock.clone()).await.unwrap();
        let trackers = vec![Arc::clone(&tracker)];
        let engine =
            Engine::new(store.clone(), trackers, clock.clone(), entropy, Settings::default());
        let _folder = folder;
        Self { site, clock, transport, tracker, store, engine, running, _folder }
    }

    /// Installs the App at an owner with the usual rights.
    pub fn install(&self, id: u64, owner: &str) {
        self.site.install(id, Installation::at(owner));
    }

    /// A repository with as many issues.
    pub fn repository(&self, owner: &str, name: &str, issues: u64) -> u64 {
        self.site
            .edit(|edits| {
                let id = edits.create_repository(owner, name);
                for number in 0..issues {
                    edits.create_issue(id, &format!("{name} {number}"))?;
                }
                Ok(id)
            })
            .unwrap()
    }

    pub fn issue(&self, repository: u64, title: &str) -> u64 {
        self.site.edit(|edits| edits.create_issue(repository, title)).unwrap()
    }

    pub fn wait(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    pub async fn pass(&self) -> PassOutcome {
        self.reach(Reach::Hot).await
    }

    pub async fn reach(&self, reach: Reach) -> PassOutcome {
        self.engine.pass(&ConnectionId("github".into()), reach, &Silent, &Stop::never()).await
    }

    /// A pass that must see everything to its end.
    pub async fn complete(&self) -> PassOutcome {
        let outcome = self.pass().await;
        assert!(outcome.complete && outcome.problem.is_none(), "{outcome:?}");
        outcome
    }

    /// A sweep of everything.
    pub async fn sweep(&self) -> PassOutcome {
        let id = ConnectionId("github".into());
        self.engine.sweep(&id, &Sweeping::everything(), &Stop::never()).await
    }

    pub async fn refresh(&self) -> PassOutcome {
        self.engine.refresh(&ConnectionId("github".into()), &Stop::never()).await
    }

    /// What webhooks failed to tell.
    pub async fn missed(&self) -> PassOutcome {
        self.engine.missed(&ConnectionId("github".into()), &Stop::never()).await
    }

    /// Where the site answers.
    pub fn url(&self) -> String {
        self.running.url.clone()
    }

    /// How often something was asked of the site, as `METHOD /path`.
    pub fn asked(&self, what: &str) -> u64 {
        self.site.requests().count(what)
    }

    pub async fn counts(&self) -> Counts {
        self.store.counts().await.unwrap()
    }

    pub async fn items(&self) -> Vec<StoredItem> {
        self.store.fold_items(None, Vec::new(), |all, item| all.push(item)).await.unwrap()
    }

    /// How many live items each repository has in the store.
    pub async fn stored(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for item in self.items().await.into_iter().filter(|item| item.removed.is_none()) {
            *counts.entry(item.attributes.project).or_default() += 1;
        }
        counts
    }

    /// Every live item is what the site says now, and there is no other.
    pub async fn assert_equals_site(&self) {
        let mut truth = self.site.dump();
        truth.retain(|_, issue| !issue.pull);
        let items = self.items().await;
        let live = items.iter().filter(|item| item.removed.is_none());
        let stored: BTreeMap<&str, &StoredItem> =
            live.map(|item| (item.id.source.as_str(), item)).collect();
        let ids: BTreeSet<&str> = truth.keys().map(String::as_str).collect();
        assert_eq!(ids, stored.keys().copied().collect(), "the same issues");
        for (id, truth) in &truth {
            let own = &stored[id.as_str()].attributes;
            assert_eq!(own.key, format!("{}#{}", truth.repository, truth.number));
            assert_eq!(own.project, truth.repository);
            assert_eq!(own.title.as_ref(), Some(&truth.title), "{}", own.key);
            assert_eq!(own.status.id, truth.state.to_ascii_lowercase(), "{}", own.key);
            let labels: BTreeSet<String> = own.labels.iter().cloned().collect();
            assert_eq!(labels, truth.labels, "{}", own.key);
        }
    }

    /// Hands a signed delivery to the tracker and stores what it hints at.
    pub async fn deliver(&self, event: &str, body: &[u8]) -> bool {
        use hmac::{Hmac, KeyInit, Mac};
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body);
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let mut headers = HeaderMap::new();
        headers.insert("x-github-event", event.parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("x-hub-signature-256", signature.parse().unwrap());
        let hints = self.tracker.webhook(&headers, body).unwrap();
        let id = self.tracker.connection();
        self.store.put_hints(id, hints.sources, self.clock.now()).await.unwrap();
        hints.scan
    }
}

/// The connection as its settings say it.
fn connection(folder: &std::path::Path, url: &str, scopes: &[&str], proof: Proof) -> Connection {
    let put = |name: &str, text: &str| {
        crate::support::program::close(&folder.join(name), text);
        folder.join(name).display().to_string()
    };
    let key = put("app.pem", &KEY.0);
    let auth = match proof {
        Proof::App => format!("app = {APP}, key = {{ file = {key:?} }}"),
        Proof::Installation(id) => {
            format!("app = {APP}, key = {{ file = {key:?} }}, installation = {id}")
        }
        Proof::Token => format!("token = {{ file = {:?} }}", put("token", "the-personal-token")),
    };
    let secret = put("secret", SECRET);
    let text = format!(
        "id = \"github\"\nkind = \"github\"\nurl = {url:?}\nscopes = {scopes:?}\n\
         auth = {{ {auth} }}\nwebhook_secret = {{ file = {secret:?} }}\n"
    );
    toml::from_str(&text).unwrap()
}
