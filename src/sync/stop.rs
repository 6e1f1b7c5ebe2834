//! The request to stop, which may come at any moment.

use tokio::sync::watch;

/// Asks every holder of the [`Stop`] to finish the batch in hand and return.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Tells whether to stop. Clones hear the same request.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stopper {
    /// The two ends of one request.
    #[must_use]
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Stop(receiver))
    }

    /// Makes the request; a second one changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// A request that never comes.
    #[must_use]
    pub fn never() -> Self {
        Stopper::new().1
    }

    /// Whether to stop now.
    #[must_use]
    pub fn requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when stopping is requested, and never if it is not.
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
