//! Clients that were turned away at the door. Each may have brought a webhook that nobody sends
//! again, so a pull looks for it; but who they are is unknown, and a flood of them must not use up
//! the trackers' rate budgets.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::SharedClock;
use crate::sync::Stop;

/// The shortest pause between two pulls that such clients bring about.
const REST: Duration = Duration::from_secs(60);

/// Asks for a scan of every connection, at once and then once a minute for as long as clients are
/// turned away, and once more after the last one.
pub async fn followed(
    turned_away: &Notify,
    scans: &[Arc<Notify>],
    clock: &SharedClock,
    stop: &Stop,
) {
    loop {
        tokio::select! {
            biased;
            () = stop.wait() => return,
            () = turned_away.notified() => {}
        }
        scans.iter().for_each(|scan| scan.notify_one());
        tokio::select! {
            biased;
            () = stop.wait() => return,
            () = clock.sleep(REST) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};
    use crate::sync::Stopper;

    #[tokio::test(start_paused = true)]
    async fn a_flood_asks_for_one_scan_a_minute_and_one_after_its_end() {
        let (turned_away, scan) = (Notify::new(), Arc::new(Notify::new()));
        let clock: SharedClock = Arc::new(SystemClock);
        let (stopper, stop) = Stopper::new();
        let scans = [Arc::clone(&scan)];
        let following = followed(&turned_away, &scans, &clock, &stop);
        let flood = async {
            for _ in 0..3_000 {
                turned_away.notify_one();
                SystemClock.sleep(Duration::from_millis(50)).await;
            }
            SystemClock.sleep(Duration::from_secs(3_600)).await;
            stopper.stop();
        };
        let counting = async {
            let mut counted = 0;
            loop {
                tokio::select! {
                    biased;
                    () = stop.wait() => return counted,
                    () = scan.notified() => counted += 1,
                }
            }
        };
        // Two minutes and a half: at 0, 60 and 120 seconds, and at 180 for those of the end.
        let ((), (), scans) = futures::join!(following, flood, counting);
        assert_eq!(scans, 4);
    }
}
