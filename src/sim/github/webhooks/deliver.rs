//! Sending deliveries: once each, signed, never again.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::transport::{Pace, Request, Transport, TransportError};

use super::super::site::Site;
use super::Delivery;

/// Where deliveries go, and the secret that signs them.
#[derive(Debug, Clone)]
pub struct Hook {
    /// An absolute URL.
    pub url: String,
    /// The key of `X-Hub-Signature-256`.
    pub secret: String,
}

impl Hook {
    /// The signed request of a delivery.
    ///
    /// # Errors
    /// The URL of the hook cannot be used.
    pub fn request(&self, delivery: &Delivery) -> Result<Request, http::Error> {
        http::Request::post(&self.url)
            .header("user-agent", "GitHub-Hookshot/6dcb09b")
            .header("content-type", "application/json")
            .header("x-github-event", delivery.event)
            .header("x-github-delivery", &delivery.guid)
            .header("x-github-hook-id", "1")
            .header("x-github-hook-installation-target-type", "integration")
            .header("x-github-hook-installation-target-id", "1")
            .header("x-hub-signature-256", sign(&self.secret, &delivery.body))
            .body(Bytes::from(delivery.body.clone()))
    }
}

fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

impl Site {
    /// Sends everything that waits to the hook, in order, and returns how many arrived with a
    /// status of success. Without a hook, deliveries go on waiting.
    ///
    /// # Errors
    /// The hook's URL cannot be used. A receiver that cannot be reached is not an error: the
    /// delivery is lost, as on github.com.
    pub async fn deliver(&self, transport: &Transport) -> Result<usize, http::Error> {
        let mut arrived = 0;
        let Some(hook) = self.hook() else { return Ok(0) };
        for delivery in self.take_deliveries() {
            let request = hook.request(&delivery)?;
            let answer: Result<_, TransportError> = transport.ask(request, |_| Pace::Proceed).await;
            let status = answer.map_or(0, |answer| answer.status().as_u16());
            let now = self.now();
            self.state().world.desk.log(delivery, status, now);
            arrived += usize::from((200..300).contains(&status));
        }
        Ok(arrived)
    }
}

/// Sends deliveries as they are announced, until the site is shut down.
pub(in super::super) async fn deliver_for_ever(
    site: Site,
    transport: Transport,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => return,
            () = site.announced() => {}
        }
        if let Err(error) = site.deliver(&transport).await {
            tracing::warn!(%error, "the webhook's address cannot be used");
        }
    }
}
