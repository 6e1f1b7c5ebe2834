//! `streamgauge serve`: the daemon on real trackers.

use std::path::Path;
use std::sync::Arc;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use super::context::Context;
use super::{Done, Failure, Outcome};
use crate::channels::Channels;
use crate::digests::outbox::Outbox;
use crate::gauge::Gauge;
use crate::mutants;
use crate::schedule::Schedule;
use crate::serve::{self, Daemon, STOP_WITHIN, Stopped};
use crate::sources::Source;
use crate::spawn::Spawner;
use crate::sync::{Engine, Stop, Stopper};
use crate::telemetry;
use crate::trackers::Tracker;
use crate::transport::Transport;
use crate::web::access::Access;
use crate::web::server;

/// The exit code of a stop that did not wait for everything.
const GAVE_UP: i32 = 4;

pub(crate) async fn run(config: &Path) -> Outcome {
    if mutants::POSSIBLE {
        return Err(Failure::Usage(
            "this program was built with the feature `mutants`, which holds known bugs for tests; \
             build it again without that feature to serve"
                .to_owned(),
        ));
    }
    let context = Context::load_with(config, telemetry::DAEMON)?;
    let transport = context.transport()?;
    let trackers = context.trackers(&transport)?;
    let access = context.access()?;
    let sources = context.sources()?;
    let channels = context.channels()?;
    let address = context.settings.web.listen;
    let listener = server::listen(address).map_err(|error| {
        Failure::Failed(anyhow::anyhow!("cannot listen on {address}: {error}; change web.listen"))
    })?;
    let stop = stop_on_signal();
    let assembled = assemble(&context, trackers, sources, transport, access, channels);
    let daemon = tokio::select! {
        biased;
        daemon = assembled => daemon?,
        () = serve::late(&stop, &context.clock) => give_up(&["opening the database".to_owned()]),
    };
    let process = daemon.engine.process();
    tracing::info!(process, address = %listener.local_addr()?, "streamgauge serves");
    tell_supervisor(NotifyState::Ready);
    let stopping = stop.clone();
    Spawner::tokio().spawn("supervisor", async move {
        stopping.wait().await;
        tell_supervisor(NotifyState::Stopping);
    });
    // The last of them waits for its database when it is dropped.
    let store = daemon.store.clone();
    match daemon.run(listener, stop).await? {
        Stopped::Whole => drop(store),
        Stopped::Left(left) => give_up(&left),
    }
    tracing::info!("stopped; everything in hand is committed");
    Ok(Done::Complete)
}

/// Ends the process as it stands.
fn give_up(left: &[String]) -> ! {
    let seconds = STOP_WITHIN.as_secs();
    let left = left.join(", ");
    tracing::error!(
        "stopped, and gave up waiting for: {left}. A stop takes {seconds} seconds at most. Nothing \
         that was acknowledged is lost; what was in hand is done again by the next process"
    );
    std::process::exit(GAVE_UP)
}

/// Tells systemd, or whoever set `NOTIFY_SOCKET`; without one nobody is told.
fn tell_supervisor(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager that NOTIFY_SOCKET names was not told");
    }
}

/// Puts the parts of the daemon together.
async fn assemble(
    context: &Context,
    trackers: Vec<Arc<dyn Tracker>>,
    sources: Vec<Source>,
    transport: Transport,
    access: Arc<Access>,
    channels: Channels,
) -> Result<Daemon, Failure> {
    let store = context.open().await?;
    let clock = &context.clock;
    let gauge = Gauge::new(store.clone(), Arc::clone(&context.portfolio), Arc::clone(clock));
    let gauge = Arc::new(gauge.declaring(context.declared()));
    let outbox =
        Outbox::new(Arc::clone(&gauge), Arc::clone(clock), &context.settings.digest, &channels)
            .map_err(Failure::Usage)?
            .linking(context.settings.web.public_url.clone());
    let engine = Engine::new(
        store.clone(),
        trackers.clone(),
        Arc::clone(clock),
        context.entropy.clone(),
        crate::sync::Settings::default(),
    );
    let trackers = trackers
        .into_iter()
        .zip(&context.settings.connection)
        .map(|(tracker, connection)| {
            let schedule = Schedule::parse(&connection.pull);
            schedule.map(|s| (tracker, s)).map_err(|error| Failure::Usage(error.to_string()))
        })
        .collect::<Result<_, _>>()?;
    Ok(Daemon {
        store,
        gauge,
        engine: Arc::new(engine),
        outbox: Arc::new(outbox),
        access,
        trackers,
        sources,
        transport,
        clock: Arc::clone(clock),
        spawner: Spawner::tokio(),
    })
}

/// A stop request that SIGTERM and SIGINT make. A second signal ends the process at once, as the
/// default handler would.
pub(crate) fn stop_on_signal() -> Stop {
    let (stopper, stop) = Stopper::new();
    Spawner::tokio().spawn("signals", async move {
        let (Ok(mut term), Ok(mut int)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            return;
        };
        for first in [true, false] {
            tokio::select! {
                biased;
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            if !first {
                std::process::exit(130);
            }
            stopper.stop();
        }
    });
    stop
}
