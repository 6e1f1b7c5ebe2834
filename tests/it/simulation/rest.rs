//! Everything comes to rest: nothing goes wrong any more, and what the daemon does by itself has to
//! bring the store to what the trackers hold, within a bounded number of passes and sweeps.

use std::time::Duration;

use streamgauge::sync::{Reach, Sweeping};

use super::costs::{self, Part};
use super::digests;
use super::life::Life;
use super::oracle::{self, Oracle, at_once};
use super::swarm::Size;

/// Passes after the last fault. The first comes when every index has caught up, the last when the
/// rarest of the retries is due.
pub async fn come_to_rest(life: &mut Life, oracle: &mut Oracle) {
    life.quiet().await;
    super::look(oracle, life);
    brief_round(life, oracle, 1, Reach::Hot).await;
    if life.swarm.lags_for_hours() {
        // The daemon looks back that far once an hour. No digest is asked for meanwhile.
        for _ in 0..12 {
            life.world.pass(Duration::from_secs(3600));
            life.quiet_round(Reach::Deep).await;
        }
        super::look(oracle, life);
    }
    round(life, oracle, 3, Reach::Hot).await;
    if life.swarm.sweeps > 0 {
        sweep_twice(life).await;
        oracle::presence::told_apart(life);
    }
    // What a departure did to others, as to links, brings no stamp, and what a tracker did not tell
    // in time, or told without an id, is out of reach of a pull: the daily whole walk finds it.
    // Other lives have to get there without it.
    let nameless = at_once(life.store.gaps(None)).unwrap();
    let nameless = nameless.iter().any(|stored| stored.gap.source.is_none());
    let deceived = life.swarm.is_deceived() || life.ledger.flickered || nameless;
    let needed = life.swarm.departures > 0 || deceived;
    let whole = if needed { Reach::Full } else { Reach::Hot };
    brief_round(life, oracle, 5, Reach::Hot).await;
    for (hours, reach) in [(14, whole), (26, Reach::Hot), (26, Reach::Hot)] {
        round(life, oracle, hours, reach).await;
    }
    life.look_at_signals();
    digests::at_rest(life);
    oracle::equals_trackers(life);
    let _part = costs::on(Part::Fresh);
    oracle::equals_a_fresh_sync(life).await;
}

async fn round(life: &mut Life, oracle: &mut Oracle, hours: u64, reach: Reach) {
    life.world.pass(Duration::from_secs(hours * 3600));
    life.quiet_round(reach).await;
    digests::quiet_step(life).await;
    super::look(oracle, life);
}

/// A round, which in a short life leaves the digests to the next one: nothing can go wrong with them
/// meanwhile.
async fn brief_round(life: &mut Life, oracle: &mut Oracle, hours: u64, reach: Reach) {
    if life.swarm.size == Size::Whole {
        return round(life, oracle, hours, reach).await;
    }
    life.world.pass(Duration::from_secs(hours * 3600));
    life.quiet_round(reach).await;
}

/// Two sweeps, further apart than two looks have to be. Where more is missing at once than a sweep
/// believes in, or nothing can be seen any more, a person has to say that it is gone.
pub async fn sweep_twice(life: &mut Life) {
    life.quiet_sweep(&Sweeping::everything()).await;
    life.world.pass(Duration::from_secs(3600));
    let outcomes = life.quiet_sweep(&Sweeping::everything()).await;
    let problems = outcomes.iter().filter_map(|outcome| outcome.problem.as_ref());
    let told: Vec<String> = problems.map(ToString::to_string).collect();
    let braked = told.iter().any(|told| told.contains("missing at once"));
    let blind = told.iter().any(|told| told.contains("nothing of this connection can be seen"));
    if braked {
        assert!(life.ledger.mass, "a sweep that brakes without a reason");
        life.note("brake", "");
    }
    if braked || blind {
        let accepted = ["PAY", "BOOK", "northwind/checkout", "northwind/search"];
        let accepted = accepted.map(str::to_owned).into();
        life.quiet_sweep(&Sweeping { all: true, accepted }).await;
    }
}
