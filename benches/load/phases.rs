//! What is measured, one after another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use streamgauge::clock::{Clock, SystemClock};
use streamgauge::sim::jira::{self, Edit};
use tokio::time::Instant;

use crate::figures::Figures;
use crate::house::House;
use crate::support::drive::{Client, Load, Plan, drive, get, memory_kb, percentile};
use crate::support::process::eventually;

/// Webhooks a second, and whether the budget speaks of it.
const RATES: [usize; 4] = [500, 2_000, 4_000, 5_000];
const HOOK_SECONDS: usize = 6;
const HOOK_CONNECTIONS: usize = 384;
const PAGES_A_SECOND: usize = 500;
const PAGE_SECONDS: usize = 5;
const PAGE_CONNECTIONS: usize = 64;
/// Changes at once, how often, and by how many who send and read.
const CHANGES: usize = 70;
const ROUNDS: usize = 3;
const READERS: usize = 7;

fn told([middle, high, most]: [f64; 3]) -> String {
    format!("{middle:.1}, {high:.1}, {most:.0} ms")
}

fn plan(house: &House, rate: usize, seconds: usize, connections: usize) -> Plan {
    let (address, count) = (house.address, rate * seconds);
    Plan { address, from: 1, connections, count, rate: rate as f64 }
}

async fn post(house: &House, rate: usize, seconds: usize) -> Load {
    let issues = &house.issues;
    let hook = |nth: usize| Arc::clone(&issues[nth % issues.len()].2);
    drive(&plan(house, rate, seconds, HOOK_CONNECTIONS), hook).await
}

async fn read(house: &House, path: &str) -> Load {
    let ask = get(path);
    let plan = plan(house, PAGES_A_SECOND, PAGE_SECONDS, PAGE_CONNECTIONS);
    drive(&plan, |_| Arc::clone(&ask)).await
}

/// (b) Signed deliveries of about 8 KB at four rates.
pub async fn hooks(house: &mut House, figures: &mut Figures) {
    // Connections and statements are made once.
    post(house, 200, 1).await;
    let mut accepted = accepted(house).await;
    for rate in RATES {
        house.watch();
        let load = post(house, rate, HOOK_SECONDS).await;
        let taken = house.watched();
        let good = load.with(202);
        let name = |what: &str| format!("{rate} webhooks/s: {what}");
        let achieved = good as f64 / load.took.as_secs_f64();
        figures.told(&name("accepted a second"), format!("{achieved:.0}"));
        let times = load.percentiles([0.5, 0.99, 1.0]);
        let what = name("p50, p99, longest");
        match rate {
            2_000 => figures.judged(&what, told(times), times[1] < 50.0, "p99 < 50 ms"),
            _ => figures.told(&what, told(times)),
        }
        let other = load.without(202);
        figures.judged(&name("not 202"), other.to_string(), other == 0, "0");
        figures.told(&name("processors, memory"), taken);
        let counted = self::accepted(house).await;
        let lost = lost(house, &load).await + (good as u64).abs_diff(counted - accepted);
        figures.judged(&name("acknowledged and lost"), lost.to_string(), lost == 0, "0");
        accepted = counted;
    }
}

/// What the daemon counted.
async fn accepted(house: &House) -> u64 {
    let metrics = house.metrics().await;
    let start = r#"streamgauge_webhooks_total{outcome="accepted"} "#;
    metrics.lines().find_map(|line| line.strip_prefix(start)?.parse().ok()).unwrap_or(0)
}

/// Acknowledged deliveries that were not followed, by their issues.
async fn lost(house: &House, load: &Load) -> u64 {
    eventually(async || house.hints().await == 0, "every hint is followed").await;
    let mut last: BTreeMap<u64, Instant> = BTreeMap::new();
    for sent in load.sent.iter().filter(|sent| sent.status == 202) {
        let issue = house.issues[sent.nth % house.issues.len()].0;
        let at = last.entry(issue).or_insert(sent.at);
        *at = sent.at.max(*at);
    }
    let reads = house.reads.lock().unwrap();
    let kept = |id: &u64, at: &Instant| reads.get(&id.to_string()).is_some_and(|read| read >= at);
    last.iter().filter(|(id, at)| !kept(id, at)).count() as u64
}

/// (c) The page and the report, alone and beside webhooks.
pub async fn pages(house: &mut House, figures: &mut Figures) {
    for path in ["/", "/api/v1/report"] {
        // The first view computes what the others show.
        Client::new(house.address, 1).ask(&get(path)).await;
        for hooks in [false, true] {
            house.watch();
            let load = if hooks {
                let both =
                    futures::future::join(read(house, path), post(house, 2_000, PAGE_SECONDS));
                both.await.0
            } else {
                read(house, path).await
            };
            let beside = if hooks { " beside 2000 webhooks/s" } else { "" };
            let name = |what: &str| format!("{path} at {PAGES_A_SECOND}/s{beside}: {what}");
            let times = load.percentiles([0.5, 0.99, 1.0]);
            let what = name("p50, p99, longest");
            if hooks {
                figures.told(&what, told(times));
            } else {
                figures.judged(&what, told(times), times[1] < 20.0, "p99 < 20 ms");
            }
            let other = load.without(200);
            figures.judged(&name("not 200"), other.to_string(), other == 0, "0");
            figures.told(&name("processors, memory"), house.watched());
        }
    }
}

/// (a) From the delivery to the first page that shows the change. It comes before the floods: after
/// one, hints are gathered for seconds on purpose. So few looks are taken at once, and each is for
/// many changes.
pub async fn changes(house: &mut House, figures: &mut Figures) {
    house.watch();
    let (mut all, mut never) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        let chosen: Vec<usize> = (0..CHANGES).map(|n| (round * CHANGES + n) * 7).collect();
        let lines = chosen.chunks(CHANGES / READERS).map(|part| follow(house, round, part));
        for (shown, missing) in futures::future::join_all(lines).await {
            all.extend(shown);
            never += missing;
        }
    }
    all.sort_unstable();
    let times = [0.5, 0.99, 1.0].map(|share| percentile(&all, share));
    let what = format!("webhook to changed page, {} times: p50, p99, longest", ROUNDS * CHANGES);
    figures.judged(&what, told(times), times[1] < 250.0, "p99 < 250 ms");
    let what = "webhook to changed page: not shown in 10 s";
    figures.judged(what, never.to_string(), never == 0, "0");
    figures.told("webhook to changed page: processors, memory", house.watched());
}

/// Changes some issues, sends their deliveries, and reads their pages until each is new.
async fn follow(house: &House, round: usize, chosen: &[usize]) -> (Vec<Duration>, usize) {
    let title = format!("Changed in round {round} of this run");
    let mut client = Client::new(house.address, 1);
    let mut sent = Vec::new();
    for nth in chosen {
        let (id, key, hook) = &house.issues[nth % house.issues.len()];
        jira::lock(&house.jira).edit(*id, &Edit::Summary(title.clone())).unwrap();
        sent.push((get(&format!("/items/{key}")), Instant::now()));
        let accepted = client.ask(hook).await.map(|(status, _)| status);
        assert_eq!(accepted, Some(202), "{key}");
    }
    let (mut shown, mut never) = (Vec::new(), 0);
    for (page, begin) in sent {
        loop {
            let answer = client.ask(&page).await;
            let is_new = answer.is_some_and(|(_, body)| {
                body.windows(title.len()).any(|part| part == title.as_bytes())
            });
            if is_new {
                shown.push(begin.elapsed());
                break;
            }
            if begin.elapsed() > Duration::from_secs(10) {
                never += 1;
                break;
            }
            SystemClock.sleep(Duration::from_millis(2)).await;
        }
    }
    (shown, never)
}

/// (d) What it took at most, and that it ends in order.
pub async fn end(house: &mut House, figures: &mut Figures) {
    let most = memory_kb(house.daemon.pid(), "VmHWM").unwrap_or(0) as f64 * 1_024.0 / 1e6;
    figures.told("largest memory of the daemon", format!("{most:.0} MB"));
    house.daemon.signal("TERM");
    assert_eq!(house.daemon.code().await, Some(0), "it ends in order");
}
