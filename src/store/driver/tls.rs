//! TLS to PostgreSQL. `sslmode=require`, `verify-ca` and `verify-full` all mean the same: the
//! connection is encrypted, and the server proves its name with a certificate of an authority that
//! the machine knows or that `sslrootcert` adds. There is no encryption to somebody unknown.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as Encrypted;

use crate::store::StoreError;
use crate::trust::Authorities;

/// Values of `sslmode` without TLS, and with it.
const PLAIN: [&str; 3] = ["disable", "allow", "prefer"];
const VERIFIED: [&str; 3] = ["require", "verify-ca", "verify-full"];

/// Makes TLS connections for the client.
#[derive(Clone)]
pub struct Connector(TlsConnector);

/// A connection about to be made to one host.
pub struct ToHost {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// The encrypted connection.
pub struct Stream<S>(Encrypted<S>);

/// Takes what concerns TLS out of an address; the client would refuse it.
pub fn of_url(url: &str) -> Result<(String, Option<Connector>), StoreError> {
    let wrong = |problem: String| Err(StoreError::Unusable(problem));
    let Some((address, options)) = url.split_once('?') else { return Ok((url.to_owned(), None)) };
    let (mut mode, mut file, mut rest) = ("disable".to_owned(), None, Vec::new());
    for option in options.split('&') {
        match option.split_once('=') {
            Some(("sslmode", value)) => mode = decoded(value),
            Some(("sslrootcert", value)) => file = Some(decoded(value)),
            _ => rest.push(option),
        }
    }
    let rest = rest.join("&");
    let address = if rest.is_empty() { address.to_owned() } else { format!("{address}?{rest}") };
    let file = file.filter(|name| name != "system");
    if PLAIN.contains(&mode.as_str()) {
        if file.is_some() {
            return wrong(format!(
                "store.url names sslrootcert, which is of no use with sslmode={mode}; write \
                 sslmode=verify-full"
            ));
        }
        return Ok((address, None));
    }
    if !VERIFIED.contains(&mode.as_str()) {
        return wrong(format!(
            "store.url: sslmode={mode} is not one of {}; write sslmode=verify-full",
            [PLAIN, VERIFIED].concat().join(", ")
        ));
    }
    let authorities = match file {
        None => Ok(Authorities::default()),
        Some(name) => Authorities::read(&PathBuf::from(name)),
    };
    let config = authorities.and_then(|all| all.client());
    let config = config.map_err(|error| StoreError::Unusable(format!("store.url: {error}")))?;
    Ok((address, Some(Connector(TlsConnector::from(Arc::new(config))))))
}

/// Without percent signs, as addresses write what they must not contain.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = std::str::from_utf8(tail.get(..2).unwrap_or_default()).unwrap_or_default();
        match u8::from_str_radix(code, 16) {
            Ok(byte) if *first == b'%' && code.len() == 2 => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Connector {
    type Stream = Stream<S>;
    type TlsConnect = ToHost;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<ToHost, InvalidDnsNameError> {
        let name = ServerName::try_from(host.to_owned())?;
        Ok(ToHost { connector: self.0.clone(), name })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for ToHost {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            self.connector.connect(self.name, stream).await.map(Stream).map_err(plainly)
        })
    }
}

/// The words of the TLS client, which I/O errors wrap.
fn plainly(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(inner) => io::Error::other(inner.to_string()),
        None => error,
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
