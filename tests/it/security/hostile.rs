//! A tracker that means harm: it sends the client elsewhere, in every way it knows. Nobody but the
//! configured host may be asked, and least of all with a credential.

use std::sync::{Arc, Mutex};

use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::model::Timestamp;
use streamgauge::spawn::Spawner;
use streamgauge::trackers::Tracker;
use streamgauge::trackers::settings::Connection;
use streamgauge::transport::{Limits, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::github_app::KEY;
use crate::support::program::close;

const TOKEN: &str = "the-credential-that-must-not-travel";
/// Questions that one operation may ask of a tracker which never stops answering.
const PATIENCE: u64 = 2_000;

/// A server that gives everybody the same answer and notes what was asked.
struct Host {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// `answer` makes status line, headers and body out of the path.
    async fn open(answer: impl Fn(&str) -> (String, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&heads), Arc::new(answer));
        Spawner::tokio().spawn("host", async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                Spawner::tokio().spawn("client", async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = client.read_u8().await else { return };
                        head.push(byte);
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
                    let length = head.lines().find_map(|line| {
                        let (name, value) = line.split_once(':')?;
                        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
                    });
                    let mut body = vec![0; length.unwrap_or(0)];
                    let _ = client.read_exact(&mut body).await;
                    kept.lock().unwrap().push(head);
                    let (head, body) = answer(&path);
                    let date = "date: Wed, 17 Jun 2026 09:30:00 GMT";
                    let whole = format!(
                        "HTTP/1.1 {head}\r\n{date}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = client.write_all(whole.as_bytes()).await;
                });
            }
        });
        Self { address, heads }
    }

    fn asked(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// A connection of each kind to this address.
fn connections(
    address: &str,
    folder: &std::path::Path,
    transport: &Transport,
) -> Vec<Arc<dyn Tracker>> {
    let put = |name: &str, text: &str| {
        close(&folder.join(name), text);
        folder.join(name).display().to_string()
    };
    let (token, key) = (put("token", TOKEN), put("app.pem", &KEY.0));
    let cloud = format!(
        "kind = \"jira-cloud\"\ngateway = \"http://{address}/gateway\"\nscopes = [\"PAY\"]\n\
         auth = {{ user = \"gauge@example.com\", token = {{ file = {token:?} }} }}\n"
    );
    let center = format!(
        "kind = \"jira-data-center\"\nscopes = [\"PAY\"]\nauth = {{ token = {{ file = {token:?} }} }}\n"
    );
    let github = |auth: &str, server: bool| {
        format!(
            "kind = \"github\"\nserver = {server}\nscopes = [\"northwind/*\", \"acme/pay\"]\nauth = {auth}\n"
        )
    };
    let by_token = format!("{{ token = {{ file = {token:?} }} }}");
    let by_app = format!("{{ app = 1, key = {{ file = {key:?} }} }}");
    [
        cloud,
        center,
        github(&by_token, false),
        github(&by_token, true),
        github(&by_app, false),
        github(&by_app, true),
    ]
    .iter()
    .map(|text| {
        let text = format!("id = \"t\"\nurl = \"http://{address}\"\n{text}");
        let connection: Connection = toml::from_str(&text).unwrap();
        connection.connect(true, transport).unwrap()
    })
    .collect()
}

/// Everything that the product asks of a tracker. What it answers is told, to be looked through.
async fn everything(tracker: &dyn Tracker, clock: Timestamp) -> String {
    let mut told = String::new();
    let mut tell = |what: String| told.push_str(&what);
    tell(format!("{:?}\n", tracker.probe().await));
    tell(format!("{:?}\n", tracker.catalogue(true).await));
    for scan in tracker.scans() {
        tell(format!("{:?}\n", tracker.discover(&scan, None, clock, None).await));
        tell(format!("{:?}\n", tracker.discover(&scan, Some(clock), clock, Some("x")).await));
    }
    tell(format!("{:?}\n", tracker.read(&["1".to_owned(), "I_1".to_owned()]).await));
    for project in ["PAY", "northwind/checkout", "//evil.example/x"] {
        tell(format!("{:?}\n", tracker.standing(project).await));
        tell(format!("{:?}\n", tracker.roll(project, None).await));
    }
    tell(format!("{:?}\n", tracker.fate("1", "PAY-1").await));
    tell(format!("{:?}\n", tracker.fate("../../x", "http://evil.example/").await));
    tell(format!("{:?}\n", tracker.inventory(&[]).await.map(|_| ())));
    tell(format!("{:?}\n", tracker.rights().await));
    told
}

async fn led_astray(first: &Host, second: &Host) {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(Timestamp::parse("2026-06-17T09:30:00Z").unwrap());
    let limits = Limits { backoff: Vec::new(), ..Limits::default() };
    let transport = Transport::over_network(limits, clock.clone(), Entropy::from_seed(5)).unwrap();
    for tracker in connections(&first.address, folder.path(), &transport) {
        let before = transport.requests();
        let told = everything(tracker.as_ref(), clock.now()).await;
        assert!(!told.contains(TOKEN), "{told}");
        let asked = transport.requests() - before;
        assert!((1..PATIENCE).contains(&asked), "{asked} questions: {told}");
    }
    let strayed = second.asked();
    assert!(strayed.is_empty(), "a second host was asked: {strayed:#?}");
    assert!(first.asked().iter().any(|head| head.to_lowercase().contains("authorization:")));
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let second = Host::open(|_| ("200 OK".into(), "{}".into())).await;
    for status in
        ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent", "300 Many"]
    {
        for target in [second.address.clone(), second.address.replace("127.0.0.1", "localhost")] {
            let first = Host::open(move |path| {
                let location = format!("location: http://{target}{path}");
                (
                    format!("{status}\r\n{location}\r\nrefresh: 0; url=http://{target}/"),
                    String::new(),
                )
            });
            led_astray(&first.await, &second).await;
        }
    }
}

/// Every place of an answer in which an address could be, full of one.
#[tokio::test]
async fn a_page_that_lies_elsewhere_is_never_asked_for() {
    let second = Host::open(|_| ("200 OK".into(), "[]".into())).await;
    let far = format!("http://{}/next?page=2", second.address);
    let bodies = [
        format!(
            r#"{{"self":"{far}","nextPage":"{far}","next":"{far}","nextPageToken":"{far}","isLast":false,
            "startAt":0,"maxResults":1,"total":9,"issues":[{{"id":"1","key":"PAY-1","self":"{far}"}}],
            "values":[{{"self":"{far}","key":"PAY","id":"1","name":"x"}}],"cloudId":"x/../../{far}",
            "accountId":"a","token":"ghs_x","expires_at":"2026-06-17T10:30:00Z","html_url":"{far}",
            "repositories_url":"{far}","access_tokens_url":"{far}","total_count":3,
            "installations":[],"repositories":[{{"node_id":"R_1","full_name":"northwind/checkout",
            "archived":false,"has_issues":true,"url":"{far}"}}],"id":1,
            "data":{{"nodes":[],"repository":null,"viewer":{{"login":"x"}},"repositoryOwner":null}}}}"#
        ),
        format!(
            r#"[{{"id":1,"self":"{far}","url":"{far}","account":{{"login":"northwind"}},
            "access_tokens_url":"{far}","repositories_url":"{far}","permissions":{{}},
            "app_id":1,"target_type":"Organization","key":"PAY","name":"x"}}]"#
        ),
    ];
    for body in bodies {
        for host in ["", "user@"] {
            let link = format!(
                "link: <http://{host}{}/next?page=2>; rel=\"next\", <//{0}/x>; rel=\"last\"",
                second.address
            );
            let link = link.replace("{0}", &second.address);
            let (status, body) = (
                format!(
                    "200 OK\r\ncontent-type: application/json\r\n{link}\r\nlocation: {far}\r\ncontent-location: {far}"
                ),
                body.clone(),
            );
            let first = Host::open(move |_| (status.clone(), body.clone())).await;
            led_astray(&first, &second).await;
        }
    }
}

/// Addresses that the settings must not hold, with a token that nobody may get.
#[test]
fn settings_lead_to_trackers_only() {
    let refused = [
        ("https://169.254.169.254", "no tracker is there"),
        ("https://2852039166/", "no tracker is there"),
        ("https://0xa9fea9fe", "no tracker is there"),
        ("https://0251.0376.0251.0376", "no tracker is there"),
        ("https://[::ffff:169.254.169.254]", "no tracker is there"),
        ("https://[::ffff:a9fe:a9fe]", "no tracker is there"),
        ("https://[fe80::1]", "no tracker is there"),
        ("https://[fd00:ec2::254]", "no tracker is there"),
        ("https://100.100.100.200", "no tracker is there"),
        ("https://0.0.0.0", "no tracker is there"),
        ("https://255.255.255.255", "no tracker is there"),
        ("https://224.0.0.1", "no tracker is there"),
        ("http://jira.example.com", "only sent over https"),
        ("http://10.0.0.1", "only sent over https"),
        ("http://127.0.0.1.evil.example", "only sent over https"),
        ("http://localhost.evil.example", "only sent over https"),
        ("http://127.0.0.1@evil.example", "a user or a password"),
        ("https://gauge:word@jira.example.com", "a user or a password"),
        ("https://gauge@jira.example.com", "a user or a password"),
        ("ftp://jira.example.com", "only sent over https"),
        ("file:///etc/passwd", "only sent over https"),
        ("gopher://127.0.0.1", "only sent over https"),
        ("//jira.example.com", "only sent over https"),
        ("javascript:alert(1)", "only sent over https"),
    ];
    let read = |url: &str, key: &str| -> Connection {
        let text = format!(
            "id = \"t\"\nkind = \"jira-cloud\"\n{key} = {url:?}\nscopes = [\"PAY\"]\n\
             auth = {{ user = \"gauge@example.com\", token = {{ env = \"NONE\" }} }}\n"
        );
        let url = if key == "url" { "" } else { "url = \"https://northwind.atlassian.net\"\n" };
        toml::from_str(&format!("{url}{text}")).unwrap()
    };
    for (url, why) in refused {
        let (key, told) = read(url, "url").validate().unwrap_err();
        assert!(key == "url" && told.contains(why), "{url}: {told}");
        assert!(!told.contains("word@"), "{told}");
        let (key, _) = read(url, "gateway").validate().unwrap_err();
        assert_eq!(key, "gateway", "{url}");
    }
    // Data Center and Enterprise Server live in private networks, and on the machine itself.
    for url in [
        "https://10.1.2.3",
        "https://192.168.1.9:8443",
        "https://[fd12::1]",
        "https://jira.corp",
        "https://100.64.1.1",
        "http://127.0.0.1:4000",
        "http://localhost:4000",
        "https://127.0.0.1",
    ] {
        read(url, "url").validate().unwrap();
    }
}
