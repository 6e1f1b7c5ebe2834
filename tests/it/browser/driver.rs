//! One browser with an empty profile.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::support::process::eventually;

/// What a page is looked at with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    pub name: &'static str,
    /// CSS pixels.
    pub width: u32,
    pub dark: bool,
}

pub const DESK: Screen = Screen { name: "light", width: 1_280, dark: false };
pub const NIGHT: Screen = Screen { name: "dark", width: 1_280, dark: true };
pub const PHONE: Screen = Screen { name: "phone", width: 390, dark: false };
pub const PHONE_AT_NIGHT: Screen = Screen { name: "phone-dark", width: 390, dark: true };

/// A page that nobody could use.
const MISSING: &str = "the browser tests need Chromium, ChromeDriver and axe-core; \
                       `bash tests/run.sh` installs what is missing";

pub struct Browser {
    driver: Child,
    client: Client,
}

/// A command of the browser's own protocol, through the driver.
#[derive(Debug)]
struct Devtools(&'static str, Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        let Self(command, parameters) = self;
        (http::Method::POST, Some(json!({ "cmd": command, "params": parameters }).to_string()))
    }
}

impl Browser {
    pub async fn open() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver: {error}; {MISSING}"));
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let mut ports = lines.map_while(Result::ok).filter_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = ports.next().unwrap_or_else(|| panic!("chromedriver ended; {MISSING}"));
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {
                // As root, and where shared memory is small, as in containers.
                "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"],
            },
        });
        let Value::Object(wanted) = wanted else { unreachable!("an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}/"))
            .await
            .unwrap_or_else(|error| panic!("{error}; {MISSING}"));
        Self { driver, client }
    }

    pub async fn close(mut self) {
        self.client.clone().close().await.unwrap();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }

    async fn devtools(&self, command: &'static str, parameters: Value) {
        let done = self.client.issue_cmd(Devtools(command, parameters)).await;
        done.unwrap_or_else(|error| panic!("{command}: {error}"));
    }

    /// From now on pages are shown on this screen.
    pub async fn look_on(&self, screen: Screen) {
        let metrics = json!({
            "width": screen.width, "height": 900, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if screen.dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The path and query of the page that is shown.
    pub async fn place(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
    }

    /// What a script gives; it sees the page, and the page's policy does not bind it.
    pub async fn ask(&self, script: &str) -> Value {
        let told = self.client.execute(script, Vec::new()).await;
        told.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    pub async fn text(&self) -> String {
        self.ask("return document.body.innerText").await.as_str().unwrap().to_owned()
    }

    /// Waits until the page shows something: what a click leads to takes its time.
    pub async fn see(&self, wanted: &str) {
        eventually(async || self.text().await.contains(wanted), wanted).await;
    }

    /// Waits until this page is shown.
    pub async fn arrive(&self, path: &str) {
        eventually(async || self.place().await == path, path).await;
    }

    pub async fn click(&self, css: &str) {
        let found = self.client.find(Locator::Css(css)).await;
        let found = found.unwrap_or_else(|error| panic!("{css}: {error}"));
        found.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Types into a field that is found by its label.
    pub async fn fill(&self, label: &str, text: &str) {
        let path = format!("//*[@id=//label[contains(normalize-space(.), '{label}')]/@for]");
        let field = self.client.find(Locator::XPath(&path)).await;
        let field = field.unwrap_or_else(|error| panic!("the field {label}: {error}"));
        field.send_keys(text).await.unwrap();
    }

    /// Presses Tab, and tells what has the focus then, and whether that can be seen.
    pub async fn tab(&self) -> (String, bool) {
        let key = |kind: &str| json!({ "type": kind, "key": "Tab", "windowsVirtualKeyCode": 9 });
        self.devtools("Input.dispatchKeyEvent", key("rawKeyDown")).await;
        self.devtools("Input.dispatchKeyEvent", key("keyUp")).await;
        let told = self
            .ask(
                "const own = document.activeElement; const style = getComputedStyle(own); \
                 const box = own.getBoundingClientRect(); \
                 const name = own.getAttribute('aria-label') || own.textContent.trim(); \
                 const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0; \
                 return [own.tagName + ' ' + name, ring && box.width > 0 && box.height > 0]",
            )
            .await;
        (told[0].as_str().unwrap().to_owned(), told[1].as_bool().unwrap())
    }

    /// Every violation of the rules of WCAG 2.2, A and AA, and of good practice, in one line each.
    pub async fn violations(&self) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/node_modules");
        let axe = std::fs::read_to_string(folder.join("axe-core/axe.min.js"))
            .unwrap_or_else(|error| panic!("{}: {error}; {MISSING}", folder.display()));
        self.client.execute(&format!("{axe}; return null"), Vec::new()).await.unwrap();
        let script = "const done = arguments[arguments.length - 1]; \
            axe.run(document, { resultTypes: ['violations'] }).then(found => done( \
            found.violations.flatMap(rule => rule.nodes.map(node => \
            rule.id + ': ' + node.target.join(' ') + ': ' + node.failureSummary))), \
            error => done(['axe: ' + error]))";
        let found = self.client.execute_async(script, Vec::new()).await.unwrap();
        let lines = found.as_array().unwrap().iter();
        lines.map(|line| line.as_str().unwrap().replace('\n', " ")).collect()
    }

    /// Elements that reach beyond the window and cannot be scrolled to within their own frame.
    pub async fn overflow(&self) -> Value {
        self.ask(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
        )
        .await
    }

    /// Keeps a picture of the whole page, where `SCREENSHOTS` says so.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("SCREENSHOTS") else { return };
        let height = self.ask("return document.documentElement.scrollHeight").await;
        let width = self.ask("return document.documentElement.clientWidth").await;
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let name = name.replace(['/', '?', '&', '=', ':', '%', '#'], "_");
        let picture = self.client.screenshot().await.unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A test that failed leaves no process behind.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
