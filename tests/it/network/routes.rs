//! A tracker behind a proxy, with a certificate of a private authority.

use std::path::Path;
use std::sync::Arc;

use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::model::Timestamp;
use streamgauge::sim::github::{Running, Site, serve};
use streamgauge::spawn::Spawner;
use streamgauge::trackers::settings::Connection;
use streamgauge::trackers::{Tracker, TrackerError};
use streamgauge::transport::{Limits, Transport};
use tokio::net::TcpListener;

use super::authority::Authority;
use super::gates::{Proxy, tls_before};
use crate::support::program::{Desk, SETTINGS, close};

/// A name that leads nowhere but through the proxy.
const HOST: &str = "tracker.streamgauge.invalid";
const TOKEN: &str = "the-token-behind-the-proxy";

struct Company {
    site: Site,
    clock: Arc<ManualClock>,
    transport: Transport,
    authority: Authority,
    proxy: Proxy,
    folder: tempfile::TempDir,
    _running: Running,
}

impl Company {
    /// `name` is what the certificate says; `password` what the proxy wants to hear.
    async fn new(name: &str, password: Option<&'static str>) -> Self {
        let clock = ManualClock::at(Timestamp::parse("2026-06-17T09:30:00Z").unwrap());
        let site = Site::new(Vec::new(), clock.clone());
        site.set_token(TOKEN);
        site.edit(|edits| {
            let id = edits.create_repository("northwind", "pay");
            edits.create_issue(id, "behind walls")
        })
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let running = serve(&site, listener, clock.clone(), &Spawner::tokio()).unwrap();
        let authority = Authority::new("Northwind internal");
        let port = tls_before(&address, &authority.certify(&[name])).await;
        let proxy = Proxy::before(port, password).await;
        let limits = Limits::default();
        let transport =
            Transport::over_network(limits, clock.clone(), Entropy::from_seed(3)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let company = Self { site, clock, transport, authority, proxy, folder, _running: running };
        company.write("token", TOKEN);
        company.write("ca.pem", &company.authority.pem);
        company
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        close(&path, text);
        path.display().to_string()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A connection with these lines more.
    fn connect(&self, more: &str) -> Result<Arc<dyn Tracker>, String> {
        let token = self.path("token");
        let text = format!(
            "id = \"github\"\nkind = \"github\"\nurl = \"https://{HOST}\"\nserver = false\n\
             scopes = [\"northwind/pay\"]\nauth = {{ token = {{ file = {token:?} }} }}\n{more}"
        );
        let connection: Connection = toml::from_str(&text).unwrap();
        connection.connect(true, &self.transport).map_err(|error| error.to_string())
    }

    fn proxied(&self) -> String {
        format!("proxy = \"http://{}\"\n", self.proxy.address)
    }

    fn trusting(&self, file: &str) -> String {
        format!("ca = {:?}\n", self.path(file))
    }
}

async fn problem(tracker: &dyn Tracker) -> String {
    tracker.probe().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_connection_goes_through_its_proxy_and_trusts_its_authority() {
    let company = Company::new(HOST, None).await;
    let tracker = company.connect(&(company.proxied() + &company.trusting("ca.pem"))).unwrap();
    tracker.probe().await.unwrap();
    let clock = company.clock.now();
    let page = tracker.discover(&tracker.scans()[0], None, clock, None).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(company.proxy.targets()[0], format!("{HOST}:443"));
    assert_eq!(company.transport.requests(), company.site.requests().total, "one counter for all");

    // The pause that one connection was asked for holds for the others to that host.
    company.transport.pause(HOST, clock.plus_millis(3_600_000));
    assert!(matches!(tracker.probe().await, Err(TrackerError::Wait { .. })));
}

#[tokio::test]
async fn a_proxy_with_a_password_is_named_by_where_its_address_is_kept() {
    // "gauge:hunter2" in base64.
    let company = Company::new(HOST, Some("Basic Z2F1Z2U6aHVudGVyMg==")).await;
    let ca = company.trusting("ca.pem");
    let kept = |name: &str, password: &str| {
        let address = format!("http://gauge:{password}@{}\n", company.proxy.address);
        format!("proxy = {{ file = {:?} }}\n{ca}", company.write(name, &address))
    };
    let tracker = company.connect(&kept("proxy", "hunter2")).unwrap();
    tracker.probe().await.unwrap();

    let refused = company.connect(&kept("wrong", "hunter3")).unwrap();
    let told = problem(refused.as_ref()).await;
    assert!(
        told.contains(&format!("{HOST} through the proxy {}", company.proxy.address)),
        "{told}"
    );
    assert!(!told.contains("hunter"), "{told}");

    let plain = format!("proxy = \"http://gauge:hunter2@{}\"\n", company.proxy.address);
    let told = company.connect(&plain).err().unwrap();
    assert!(told.contains("`proxy` holds a user or a password") && !told.contains("hunter2"));
    company.write("nonsense", "hunter2");
    let place = company.path("nonsense");
    let told = company.connect(&format!("proxy = {{ file = {place:?} }}\n")).err().unwrap();
    assert!(told.contains(&place) && told.contains("is not the address of one"), "{told}");
    assert!(!told.contains("hunter2"));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_in_one_sentence() {
    let company = Company::new(HOST, None).await;
    company.write("other.pem", &Authority::new("Somebody else").pem);
    for trust in [company.trusting("other.pem"), String::new()] {
        let tracker = company.connect(&(company.proxied() + &trust)).unwrap();
        let before = company.transport.requests();
        let told = problem(tracker.as_ref()).await;
        assert!(told.contains(&format!("the certificate of {HOST} is not trusted here")), "{told}");
        assert!(told.contains("as `ca` of the connection"), "{told}");
        assert_eq!(company.transport.requests() - before, 1, "another try changes nothing");
    }
    assert_eq!(company.site.requests().total, 0, "no token reached anybody");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let company = Company::new("other.example", None).await;
    let tracker = company.connect(&(company.proxied() + &company.trusting("ca.pem"))).unwrap();
    let told = problem(tracker.as_ref()).await;
    assert!(told.contains("is not trusted here") && told.contains("other.example"), "{told}");
}

#[tokio::test]
async fn a_file_without_certificates_is_named_before_anything_is_sent() {
    let company = Company::new(HOST, None).await;
    company.write("empty.pem", "nothing to see");
    let told = company.connect(&company.trusting("empty.pem")).err().unwrap();
    assert!(told.contains("empty.pem holds no certificate"), "{told}");
    let told = company.connect(&company.trusting("absent.pem")).err().unwrap();
    assert!(told.starts_with("connection `github`: the certificate file"), "{told}");
}

/// The program with one GitHub connection, whose block is the sample's with these lines more.
fn desk(more: &str) -> Desk {
    let settings = format!(
        "[[connection]]\nid = \"github\"\nkind = \"github\"\nurl = \"https://{HOST}\"\nserver = false\n\
         scopes = [\"northwind/pay\"]\nauth = {{ token = {{ env = \"GITHUB_TOKEN\" }} }}\n{more}"
    );
    let portfolio = "name = \"N\"\ntimezone = \"Europe/Berlin\"\n[[stream]]\nid = \"a\"\n\
                     name = \"A\"\n[[team]]\nid = \"t\"\nname = \"T\"\nstream = \"a\"\n\
                     claims = [{ github = \"northwind/*\" }]\n";
    Desk::new()
        .write(SETTINGS, settings)
        .write(crate::support::program::PORTFOLIO, portfolio)
        .env("GITHUB_TOKEN", TOKEN)
}

fn check(desk: &Desk) -> (i32, String) {
    let ran = desk.run(&["--config", SETTINGS, "check"]);
    (ran.code, ran.out + &ran.err)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environments_proxy_is_used_unless_it_is_excepted() {
    let company = Company::new(HOST, None).await;
    let ca = company.trusting("ca.pem");
    let address = format!("http://{}", company.proxy.address);
    let (code, told) = check(&desk(&ca).env("HTTPS_PROXY", &address));
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("github: alive"), "{told}");
    let asked = company.proxy.targets().len();
    assert!(asked > 0);

    let excepted = desk(&ca).env("HTTPS_PROXY", &address).env("NO_PROXY", HOST);
    let (code, told) = check(&excepted);
    assert_ne!(code, 0, "{told}");
    assert!(told.contains(&format!("cannot connect to {HOST}")), "{told}");
    assert_eq!(company.proxy.targets().len(), asked);

    // What the connection itself says wins.
    let own = desk(&(ca + &company.proxied())).env("HTTPS_PROXY", "http://127.0.0.1:1");
    assert_eq!(check(&own).0, 0);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_their_place() {
    let company = Company::new(HOST, None).await;
    let place = |line: &str| format!("{SETTINGS}:{line}");
    let cases = [
        ("proxy = \"proxy:3128\"", "`proxy` is not the address of one"),
        ("proxy = \"http://u:hunter2@proxy:3128\"", "`proxy` holds a user or a password"),
        ("proxy = 3128", "`proxy` is an address such as"),
    ];
    for (line, expected) in cases {
        let (code, told) = check(&desk(line));
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(expected) && told.contains(&place("8:")), "{line}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let auths = [
        ("{ app = 1 }", "`auth.key` is missing"),
        ("{ key = { env = \"K\" } }", "`auth.app` is missing"),
        ("{ installation = 3 }", "`auth.app` is missing"),
        (
            "{ app = 1, key = { env = \"K\" }, token = { env = \"T\" } }",
            "both a token and a GitHub App",
        ),
        ("{ user = \"a\", token = { env = \"T\" } }", "`auth.user` is for Jira"),
        ("{}", "`auth.token` is missing"),
    ];
    for (auth, expected) in auths {
        let desk = desk("").edit(SETTINGS, "{ token = { env = \"GITHUB_TOKEN\" } }", auth);
        let (code, told) = check(&desk);
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(expected) && told.contains(&place("7:")), "{auth}: {told}");
    }
    let key = company.write("key.pem", "not a key");
    let app = format!("{{ app = 1, key = {{ file = {key:?} }} }}");
    let desk = desk("").edit(SETTINGS, "{ token = { env = \"GITHUB_TOKEN\" } }", &app);
    let (code, told) = check(&desk);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("key.pem is not an RSA private key in PEM form"), "{told}");
    assert!(Path::new(&key).exists());
}
