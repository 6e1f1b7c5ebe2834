//! Page tokens: opaque to the caller, bound to their query, good for seven days.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::reply::Refusal;
use crate::model::Timestamp;
use crate::model::period::DAY_MS;

const LIFE_MS: i64 = 7 * DAY_MS;

#[derive(Serialize, Deserialize)]
struct Token<T> {
    query: u64,
    issued: i64,
    last: T,
}

/// A token for the page after `last` of the query described by `query`.
pub(super) fn issue<T: Serialize>(query: &str, now: Timestamp, last: T) -> String {
    let token = Token { query: fingerprint(query), issued: now.millis(), last };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).expect("a token is plain data"))
}

/// Reads a token back.
///
/// # Errors
/// It is not one of ours, belongs to another query, or is too old.
pub(super) fn read<T: DeserializeOwned>(
    token: &str,
    query: &str,
    now: Timestamp,
) -> Result<T, Refusal> {
    let refusal = || Refusal::new(400, "The provided next page token is invalid or expired.");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refusal())?;
    let token: Token<T> = serde_json::from_slice(&bytes).map_err(|_| refusal())?;
    let fresh = now.millis().saturating_sub(token.issued) <= LIFE_MS;
    if fresh && token.query == fingerprint(query) { Ok(token.last) } else { Err(refusal()) }
}

/// FNV-1a; it only has to tell queries apart.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
