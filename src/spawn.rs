//! The only place that starts tasks below the program, so that a simulation can own them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts a task that runs beside the caller.
#[derive(Clone)]
pub struct Spawner(Arc<dyn Fn(&'static str, Task) + Send + Sync>);

impl Spawner {
    /// Runs tasks on the tokio runtime of the caller.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one door to the runtime")]
    pub fn tokio() -> Self {
        Self(Arc::new(|_, task| {
            tokio::spawn(task);
        }))
    }

    /// Hands every task to `start`, with its name.
    pub fn with(start: impl Fn(&'static str, Task) + Send + Sync + 'static) -> Self {
        Self(Arc::new(start))
    }

    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        (self.0)(name, Box::pin(task));
    }
}

impl std::fmt::Debug for Spawner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spawner")
    }
}
