//! The check that both trackers' webhooks share: HMAC-SHA256 over the raw body, in hexadecimal
//! after `sha256=`.

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Whether one of `secrets` signed exactly these bytes, by the one header called `name`.
///
/// The sender never chooses the algorithm: anything but `sha256=` and 64 hexadecimal digits is
/// refused, and so are a doubled header and a connection without a secret. Every secret is tried
/// whether or not an earlier one fitted, so the time taken tells nothing about them.
#[must_use]
pub fn is_signed(secrets: &[SecretString], headers: &HeaderMap, name: &str, body: &[u8]) -> bool {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let mut given = [0_u8; 32];
    let readable = value
        .as_bytes()
        .strip_prefix(b"sha256=")
        .is_some_and(|digits| hex::decode_to_slice(digits, &mut given).is_ok());
    let mut signed = false;
    for secret in secrets.iter().map(ExposeSecret::expose_secret).filter(|s| !s.is_empty()) {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(body);
        signed |= mac.verify_slice(&given).is_ok();
    }
    readable && signed
}

/// Whether one of `secrets` is the value of the one header called `name`, for senders that cannot
/// sign. Compared by their codes over nothing, so the time taken tells nothing about them.
#[must_use]
pub fn is_known(secrets: &[SecretString], headers: &HeaderMap, name: &str) -> bool {
    let code = |text: &[u8]| {
        let mac = Hmac::<Sha256>::new_from_slice(text).expect("HMAC takes a key of any length");
        mac.finalize().into_bytes()
    };
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let given = code(value.as_bytes());
    let mut known = false;
    for secret in secrets.iter().map(ExposeSecret::expose_secret).filter(|s| !s.is_empty()) {
        known |= bool::from(code(secret.as_bytes()).ct_eq(&given));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "X-Hub-Signature";

    #[track_caller]
    fn check(secret: &str, body: &str, header: &str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(NAME, header.parse().unwrap());
        let secrets = ["another one, being rotated out", secret].map(SecretString::from);
        assert_eq!(is_signed(&secrets, &headers, NAME, body.as_bytes()), expected, "{header}");
    }

    /// Examples of the documentation of GitHub and Jira, and test case 2 of RFC 4231.
    const VECTORS: [(&str, &str, &str); 4] = [
        (
            "It's a Secret to Everybody",
            "Hello, World!",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ),
        (
            "It's a Secret to Everybody",
            "Hello World!",
            "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
        ),
        (
            "Jefe",
            "what do ya want for nothing?",
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            "shhh",
            r#"{"webhookEvent":"jira:issue_created"}"#,
            "sha256=3fabe2d04ab39e6c32cd69443906602514ec29b8c013897d29901059b6adfbce",
        ),
    ];

    #[test]
    fn published_examples_are_accepted() {
        for (secret, body, header) in VECTORS {
            check(secret, body, header, true);
        }
    }

    #[test]
    fn one_changed_byte_is_refused() {
        let (secret, body, header) = VECTORS[0];
        check(secret, "Hello, World?", header, false);
        check("It's a secret to everybody", body, header, false);
        check(secret, body, &header.replace("757107", "757108"), false);
    }

    #[test]
    fn malformed_headers_are_refused() {
        let (secret, body, good) = VECTORS[0];
        let bad =
            ["", "sha256=", "sha1=aabb", "sha256=zzzz", "sha256=abc", "aabbccdd", "sha256=+abc"];
        for header in bad {
            check(secret, body, header, false);
        }
        check(secret, body, &good.replace("sha256", "sha1"), false);
        check(secret, body, &format!("{good}00"), false);
    }

    #[test]
    fn no_secret_means_no_entry() {
        let mut headers = HeaderMap::new();
        assert!(!is_signed(&["x".to_owned().into()], &headers, NAME, b""), "no header");
        // HMAC with an empty key, which anyone can compute.
        let empty = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
        headers.insert(NAME, empty.parse().unwrap());
        assert!(!is_signed(&[], &headers, NAME, b""), "no secret");
        assert!(!is_signed(&[String::new().into()], &headers, NAME, b""), "an empty secret");
        headers.append(NAME, empty.parse().unwrap());
        assert!(!is_signed(&["x".to_owned().into()], &headers, NAME, b""), "a doubled header");
    }
}
