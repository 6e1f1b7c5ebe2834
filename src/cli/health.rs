//! `streamgauge health`: asks the daemon of these settings whether it answers. A container holds no
//! other client that could.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Done, Failure, Outcome, print};
use crate::clock::SystemClock;
use crate::entropy::Entropy;
use crate::settings::Settings;
use crate::transport::{Limits, Pace, Transport};

/// Longer than any answer of a healthy daemon, shorter than the patience of a supervisor.
const PATIENCE: Duration = Duration::from_secs(4);

pub(crate) async fn run(config: &Path) -> Outcome {
    let settings = Settings::load(config).map_err(|error| Failure::Usage(error.to_string()))?;
    let mut address = settings.web.listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let limits = Limits {
        connect: PATIENCE,
        read: PATIENCE,
        total: PATIENCE,
        backoff: Vec::new(),
        ..Limits::default()
    };
    let client = Transport::over_network(limits, Arc::new(SystemClock), Entropy::from_system())?;
    let question = http::Request::get(format!("http://{address}/healthz")).body(Bytes::new())?;
    let answer = client.ask(question, |_| Pace::Proceed).await.map_err(|error| {
        anyhow::anyhow!(
            "the daemon does not answer: {error}; see its log, or start it with `serve`"
        )
    })?;
    if !answer.status().is_success() {
        return Err(Failure::Failed(anyhow::anyhow!(
            "{address} answers {}; another program may listen there, see web.listen",
            answer.status()
        )));
    }
    print::line("ok");
    Ok(Done::Complete)
}
