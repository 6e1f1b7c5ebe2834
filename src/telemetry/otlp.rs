//! Traces by OTLP over HTTP, where the standard variables name a collector.
//!
//! Spans only: no event of a log leaves, for it may quote what a tracker wrote. They go in batches,
//! from a thread of their own, by the one HTTP client and its TLS.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Runtime;
use tower::{Service as _, ServiceExt as _};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::transport::{self, Limits, Route, Wire};

/// Ends with the program: a runtime must not be dropped where others run.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// How long the end of the program may wait for its last spans.
const LAST: Duration = Duration::from_secs(5);

/// What hands spans over; nothing where no collector is named.
///
/// # Errors
/// A variable asks for what this program cannot do; the text names it.
pub(super) fn layer<S>() -> Result<Option<Box<dyn Layer<S> + Send + Sync>>, String>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    if !wanted(|name| std::env::var(name).ok())? || PROVIDER.get().is_some() {
        return Ok(None);
    }
    let client = Client::new()?;
    let exporter = SpanExporter::builder().with_http().with_http_client(client).build();
    let exporter = exporter.map_err(|error| {
        format!("the OTEL_EXPORTER_OTLP_* variables cannot be followed: {error}")
    })?;
    let resource = Resource::builder();
    let named = ["OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"].into_iter().any(is_set);
    let resource = if named { resource } else { resource.with_service_name("streamgauge") };
    let provider = SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_batch_exporter(exporter)
        .build();
    let tracer = provider.tracer("streamgauge");
    if PROVIDER.set(provider).is_err() {
        return Ok(None);
    }
    let layer = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    // Libraries below have spans of their own, with whole addresses in them.
    let ours = |target: &str| target.starts_with("streamgauge");
    let layer = layer.with_filter(filter_fn(move |meta| meta.is_span() && ours(meta.target())));
    Ok(Some(Box::new(layer)))
}

/// Sends what is left.
pub(super) fn finish() {
    if let Some(provider) = PROVIDER.get() {
        // Whoever cannot be reached was told of when it began.
        drop(provider.shutdown_with_timeout(LAST));
    }
}

fn is_set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !value.is_empty())
}

/// Whether a collector is named.
fn wanted(variable: impl Fn(&str) -> Option<String>) -> Result<bool, String> {
    let value = |name: &str| variable(name).filter(|value| !value.is_empty());
    let endpoints = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
    let named = endpoints.into_iter().any(|name| value(name).is_some());
    let off = value("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !named || off {
        return Ok(false);
    }
    match value("OTEL_TRACES_EXPORTER").as_deref() {
        None | Some("otlp") => {}
        Some("none") => return Ok(false),
        Some(other) => {
            return Err(format!("OTEL_TRACES_EXPORTER is `{other}`; there are `otlp` and `none`"));
        }
    }
    for name in ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"] {
        if let Some(other) = value(name).filter(|value| value != "http/protobuf") {
            return Err(format!("{name} is `{other}`; traces are sent as `http/protobuf` only"));
        }
    }
    Ok(true)
}

/// Our HTTP client on the thread of the exporter, which has no runtime.
struct Client {
    wire: Wire,
    runtime: Runtime,
    fails: AtomicBool,
}

impl Client {
    fn new() -> Result<Self, String> {
        let unusable = |error: &dyn std::fmt::Display| format!("traces cannot be sent: {error}");
        let wire = transport::wire(&Limits::default(), &Route::default());
        let wire = wire.map_err(|error| unusable(&error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unusable(&error))?;
        Ok(Self { wire, runtime, fails: AtomicBool::new(false) })
    }

    /// Said once, until it works again.
    fn note(&self, problem: Option<&dyn std::fmt::Display>) {
        let failed = self.fails.swap(problem.is_some(), Ordering::Relaxed);
        match problem {
            Some(problem) if !failed => {
                tracing::warn!(%problem, "traces cannot be sent; look at OTEL_EXPORTER_OTLP_ENDPOINT");
            }
            None if failed => tracing::info!("traces are sent again"),
            _ => {}
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let mut wire = self.wire.clone();
        let answer = self.runtime.block_on(async { wire.ready().await?.call(request).await });
        match &answer {
            Ok(answer) if !answer.status().is_success() => self.note(Some(&answer.status())),
            Ok(_) => self.note(None),
            Err(error) => self.note(Some(error)),
        }
        Ok(answer?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_followed_is_refused_by_name() {
        let asked = |set: &[(&str, &str)]| {
            let set: Vec<_> = set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            wanted(move |name| set.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
        };
        let named = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert_eq!(asked(&[]), Ok(false), "nothing is sent anywhere that nobody named");
        assert_eq!(asked(&[named]), Ok(true));
        assert_eq!(asked(&[named, ("OTEL_SDK_DISABLED", "true")]), Ok(false));
        assert_eq!(asked(&[named, ("OTEL_TRACES_EXPORTER", "none")]), Ok(false));
        for (name, value) in
            [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]
        {
            let refused = asked(&[named, (name, value)]).unwrap_err();
            assert!(refused.contains(name) && refused.contains(value), "{refused}");
        }
    }
}
