//! What `check` asks of the sources of outcome measures. Nothing of it is kept.

use serde::Serialize;

use crate::model::Timestamp;
use crate::sources::Source;

/// One source, asked as the daemon would ask it now.
#[derive(Debug, Serialize)]
pub(super) struct OutcomeLine {
    pub measure: String,
    pub source: String,
    /// How many readings it gives, and the newest of them.
    pub readings: u64,
    pub newest_at: Option<Timestamp>,
    pub newest: Option<f64>,
    pub problem: Option<String>,
}

impl OutcomeLine {
    /// As a line among other problems.
    pub(super) fn problem(&self) -> Option<String> {
        let problem = self.problem.as_ref()?;
        Some(format!("outcome `{}`: {problem}", self.measure))
    }
}

pub(super) async fn ask(source: &Source, now: Timestamp) -> OutcomeLine {
    let told = source.read(source.due(now).unwrap_or(now), now).await;
    let (samples, problem) = match told {
        Ok(told) => (told.samples, told.problem),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let newest = samples.last();
    OutcomeLine {
        measure: source.measure.clone(),
        source: source.label.clone(),
        readings: samples.len() as u64,
        newest_at: newest.map(|sample| sample.at),
        newest: newest.map(|sample| sample.value),
        problem,
    }
}
