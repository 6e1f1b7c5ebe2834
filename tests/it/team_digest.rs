//! What a team is sent goes to the team alone, and a page at a boundary once in a cadence.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use streamgauge::channels::{Channel, Class, DeliveryError, Format, Message};
use streamgauge::demo::Source;
use streamgauge::digests::outbox::Outbox;
use streamgauge::digests::settings::Digest as Settings;
use streamgauge::model::Timestamp;
use streamgauge::sim::story::{self, Size};

use crate::support::program::Desk;
use crate::support::staged::Staged;

/// Keeps what it is handed.
#[derive(Default)]
struct Tray(Mutex<Vec<Message>>);

#[async_trait]
impl Channel for Tray {
    fn class(&self) -> Class {
        Class::ByKey
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Html, Format::Slack, Format::Teams]
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        self.0.lock().unwrap().push(message.clone());
        Ok(())
    }
}

fn digest(id: &str, audience: &str, at: &str, at_boundaries: bool) -> Settings {
    Settings {
        id: id.to_owned(),
        audience: audience.to_owned(),
        at: at.to_owned(),
        at_boundaries,
        to: vec!["box".to_owned()],
        format: vec![Format::Md, Format::Json],
        at_least_once: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_gets_its_own_page_and_a_boundary_its_page_once() {
    let now = Timestamp::parse("2026-06-15T06:30:00Z").unwrap();
    let staged = Staged::new(Source::from(story::generate(1, now, Size::Test)), now).await;
    let gauge = &staged.demo.gauge;
    let team = gauge.portfolio().teams()[0].clone();
    let kept = Arc::new(Tray::default());
    let plans = [
        digest("ours", &format!("team:{}", team.id), "0 9 * * *", false),
        digest("boundary", "portfolio", "0 9 * * *", true),
        digest("daily", "portfolio", "0 9 * * *", false),
    ];
    let open = |_: &str| -> Result<Arc<dyn Channel>, String> { Ok(kept.clone()) };
    let outbox = Outbox::over(Arc::clone(gauge), staged.clock.clone(), &plans, open).unwrap();
    outbox.step().await.unwrap();
    // Monday at ten, and then week by week.
    staged.clock.advance(Duration::from_secs(90 * 60));
    let weeks = 2 * gauge.portfolio().cadences()[0].days / 7;
    for _ in 0..weeks {
        staged.clock.advance(Duration::from_secs(7 * 86_400));
        outbox.step().await.unwrap();
    }
    let sent = kept.0.lock().unwrap();
    let of =
        |id: &str| -> Vec<&Message> { sent.iter().filter(|one| one.key.starts_with(id)).collect() };
    assert_eq!(of("boundary").len(), 2, "once in each of two cadences");
    assert_eq!(of("daily").len(), weeks as usize);
    assert!(!of("boundary")[0].markdown().contains("Since the page"), "it is the first");
    let second = of("boundary")[1].markdown();
    assert!(second.contains("Since the page of week "), "{second}");
    for next in &of("daily")[1..] {
        assert!(next.markdown().contains("Since the page of week "), "{}", next.key);
    }

    let ours = of("ours");
    assert_eq!(ours.len(), weeks as usize);
    let own = ours[0].markdown();
    assert!(own.contains(&team.name) && own.contains("## In progress"), "{own}");
    assert!(own.contains("Flow time") && own.contains("Only this team's own channel"), "{own}");
    let others = gauge.portfolio().teams()[1..].iter();
    for text in others.clone().flat_map(|other| ours[0].texts.values().map(move |t| (other, t))) {
        let (other, text) = text;
        assert!(!text.contains(&other.name), "{} in {text}", other.name);
    }
    for page in of("daily") {
        assert!(!page.markdown().contains(&team.name), "no team above the team");
    }
}

/// The settings refuse a team's digest anywhere but in the team's own channel.
#[test]
fn what_is_a_teams_goes_to_its_own_channel_only() {
    let base = std::fs::read_to_string("config/streamgauge.toml").unwrap();
    let run = |added: &str| {
        let desk = Desk::new().write("config/streamgauge.toml", format!("{base}\n{added}"));
        desk.run(&["check"])
    };
    let channel = |team: &str| {
        format!(
            "[[channel]]\nid = \"own\"\nkind = \"email\"\nserver = \"localhost:25\"\n\
             from = \"g@a.example\"\nto = [\"b@a.example\"]\n{team}\n"
        )
    };
    let digest = |whom: &str, to: &str| {
        format!("[[digest]]\nid = \"d\"\nfor = \"{whom}\"\nat = \"0 7 * * *\"\nto = [\"{to}\"]\n")
    };
    let checkout = channel("team = \"checkout\"");
    for (added, wanted) in [
        (channel("") + &digest("team:checkout", "own"), "is not the team's own"),
        (digest("team:checkout", "file:digests"), "is not the team's own"),
        (checkout.clone() + &digest("team:booking", "own"), "is not the team's own"),
        (checkout.clone() + &digest("portfolio", "own"), "takes that team's digests only"),
        (channel("team = \"nobody\""), "there is no team `nobody`"),
        (digest("team:", "file:digests"), "is no audience"),
    ] {
        let ran = run(&added);
        assert!(ran.err.contains(wanted), "{added}\n{}\n{}", ran.out, ran.err);
    }
    let ran = run(&(checkout + &digest("team:checkout", "own")));
    assert!(!ran.err.contains("team"), "{}", ran.err);
}
