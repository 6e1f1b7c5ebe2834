//! Answers of a tracker that are small on the way and huge when decompressed.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

use http::header::CONTENT_ENCODING;
use streamgauge::clock::SystemClock;
use streamgauge::entropy::Entropy;
use streamgauge::spawn::Spawner;
use streamgauge::transport::{Limits, Pace, Transport, TransportError};
use tokio::net::TcpListener;

use super::desk::secrets;
use crate::support::drive::memory_kb;
use crate::support::process::{DEADLINE, Folder, until};
use crate::support::settings::one_jira;

/// What a bomb would be, in MiB: far more than any machine of a test should give.
const BLOWN_UP: usize = 4_096;
/// What the largest answer may add to the memory of the daemon, in kB, its base included.
const MEMORY_KB: u64 = (32 + 64 + 64) << 10;

/// A gzip stream of zeros. One mebibyte is compressed and its block repeated, so that making the
/// bomb is cheap.
fn bomb() -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 1 << 20]).unwrap();
    encoder.flush().unwrap();
    let block = encoder.get_ref().clone();
    let mut whole = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    for _ in 0..BLOWN_UP {
        whole.extend_from_slice(&block);
    }
    whole
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A tracker that answers everything with these bytes under this encoding.
async fn tracker(encoding: &'static str, body: Vec<u8>) -> String {
    let body = Bytes::from(body);
    let answer = async move || -> Response {
        ([(CONTENT_ENCODING, encoding)], body.clone()).into_response()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer);
    Spawner::tokio().spawn("tracker", async move {
        axum::serve(listener, app).await.unwrap();
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_cut_off_where_it_is_too_large_decompressed() {
    let client =
        Transport::over_network(Limits::default(), Arc::new(SystemClock), Entropy::from_seed(1));
    let client = client.unwrap();
    let ask = async |url: String| {
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        client.ask(request, |_| Pace::Proceed).await
    };
    let small = bomb();
    assert!(small.len() < 8 << 20, "{} bytes", small.len());
    let nested = gzip(&small);
    assert!(nested.len() < 64 << 10, "{} bytes", nested.len());

    let told = ask(tracker("gzip", small).await).await.unwrap_err();
    assert!(matches!(told, TransportError::TooLarge { limit, .. } if limit == 32 << 20), "{told}");
    // One layer is taken off; what is inside stays as it is.
    let inner = ask(tracker("gzip", nested.clone()).await).await.unwrap();
    assert!(inner.body().starts_with(b"\x1f\x8b") && inner.body().len() < 8 << 20);
    // Other encodings are not understood, so they stay what they are.
    for encoding in ["gzip, gzip", "br", "zstd", "deflate"] {
        let answer = ask(tracker(encoding, nested.clone()).await).await;
        let length = answer.map_or(0, |answer| answer.body().len());
        assert!(length < 8 << 20, "{encoding}: {length} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_takes_no_more_memory_than_the_largest_answer() {
    let tracker = tracker("gzip", bomb()).await;
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("streamgauge.db").display());
    let portfolio = "name = \"N\"\ntimezone = \"UTC\"\n[[stream]]\nid = \"a\"\n";
    let folder = Folder::of(dir, &one_jira(&url, &tracker), portfolio, secrets());
    let daemon = folder.serve().await;
    let log = || std::fs::read_to_string(folder.daemon_log()).unwrap_or_default();
    let refused = until(DEADLINE + Duration::from_secs(30), || log().contains("is larger than"));
    assert!(refused.await, "{}", log());
    let memory = memory_kb(daemon.pid(), "VmHWM");
    println!("largest memory with a bomb of {BLOWN_UP} MiB: {memory:?} kB");
    assert!(memory.is_none_or(|kb| kb < MEMORY_KB), "{memory:?} kB");
}
