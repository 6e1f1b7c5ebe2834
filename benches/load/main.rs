//! What the front door bears: webhooks, pages and both at once, each beside its budget.
//!
//! ```sh
//! cargo bench --bench load                # SQLite and PostgreSQL, under three minutes
//! cargo bench --bench load -- sqlite      # only one of them: `sqlite` or `postgres`
//! ```
//!
//! The real program serves the demo's organisation from a real store: a SQLite file in the folder
//! for temporary files, or a PostgreSQL of the machine's own with `fsync` on (`DATABASE_URL` names
//! another). The simulated trackers and the sender of the load run in this process, on the same
//! processors: what they take is taken from the daemon, so the figures are a lower bound.
//!
//! Requests are sent at planned instants, answered or not, and the time of each counts from the
//! instant at which it was due (up to a millisecond of that is the sender's timer). Every
//! acknowledged webhook is looked for afterwards: no hint waits any more, and its issue was read from
//! the tracker after it was sent.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be taken ends the run")]

mod figures;
mod house;
mod phases;

#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod support;

use figures::Figures;
use house::House;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let wanted = |name: &str| args.is_empty() || args.iter().any(|arg| arg == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut figures = Figures::default();
    if wanted("sqlite") {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("streamgauge.db").display());
            measure("SQLite", House::furnish(&url).await, &mut figures).await;
        });
    }
    if wanted("postgres") {
        support::postgres::DURABLE.set(true).unwrap();
        runtime.block_on(async {
            let url = support::postgres::database("load").await;
            measure("PostgreSQL", House::furnish(&url).await, &mut figures).await;
        });
    }
    figures.print();
}

async fn measure(store: &'static str, mut house: House, figures: &mut Figures) {
    figures.begin(store);
    eprintln!("{store}: {} items are stored, the daemon serves", house.items().await);
    phases::changes(&mut house, figures).await;
    phases::hooks(&mut house, figures).await;
    phases::pages(&mut house, figures).await;
    phases::end(&mut house, figures).await;
}
