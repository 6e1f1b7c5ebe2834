//! Questions to the store that many pages ask at the same time.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::store::StoreError;

/// A question that is read once for all who ask it meanwhile. Nobody gets an answer whose reading
/// began before they asked, so a page is as new as if it had asked alone.
#[derive(Default)]
pub struct Shared<T> {
    /// How many readings have begun.
    begun: AtomicU64,
    /// The last reading that ended, by its number. Held while one goes on.
    last: Mutex<Option<(u64, Result<T, StoreError>)>>,
}

impl<T: Clone> Shared<T> {
    /// The answer of `read`, or of somebody else's that began after this call.
    ///
    /// # Errors
    /// That of the reading, told to all who share it.
    pub async fn ask(
        &self,
        read: impl AsyncFnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let asked = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if let Some((nth, answer)) = last.as_ref()
            && *nth > asked
        {
            return answer.clone();
        }
        let nth = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = read().await;
        *last = Some((nth, answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::future::join;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn who_asks_while_a_reading_goes_on_shares_the_next_one() {
        let shared = Shared::default();
        let readings = Cell::new(0);
        let read = async || {
            readings.set(readings.get() + 1);
            Ok(readings.get())
        };
        let (go, wait) = oneshot::channel::<()>();
        let first = shared.ask(async || {
            wait.await.unwrap();
            read().await
        });
        let late = async {
            let both = join(shared.ask(read), shared.ask(read));
            let open = async { go.send(()).unwrap() };
            join(both, open).await.0
        };
        let (first, late) = join(first, late).await;
        assert_eq!((first, late), (Ok(1), (Ok(2), Ok(2))));
        assert_eq!(shared.ask(read).await, Ok(3), "nobody gets what was read before they asked");
    }

    #[tokio::test]
    async fn a_reading_that_was_given_up_is_nobodys_answer() {
        let shared = Shared::default();
        let mut first = Box::pin(shared.ask(async || std::future::pending().await));
        assert!(futures::poll!(&mut first).is_pending());
        let mut second = Box::pin(shared.ask(async || Ok(2)));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(second.await, Ok(2));
    }
}
