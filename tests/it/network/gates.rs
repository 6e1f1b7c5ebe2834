//! What stands before a tracker in a company: an end of TLS, and a proxy that knows CONNECT.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use streamgauge::spawn::Spawner;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::authority::Identity;

/// What ends TLS with an identity.
pub fn acceptor(identity: &Identity) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect::<Result<_, _>>().unwrap(), key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Ends TLS before the server at `target` (`host:port`) and returns its own port.
pub async fn tls_before(target: &str, identity: &Identity) -> u16 {
    let acceptor = acceptor(identity);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = target.to_owned();
    Spawner::tokio().spawn("tls", async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, target) = (acceptor.clone(), target.clone());
            Spawner::tokio().spawn("tls connection", async move {
                // A client that does not trust us hangs up.
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(target).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    port
}

/// A proxy that leads every CONNECT to one port of loopback, whatever host it names.
#[derive(Clone)]
pub struct Proxy {
    pub address: String,
    /// The head of every request.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// `password` is what the `proxy-authorization` header must say, if anything.
    pub async fn before(port: u16, password: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let proxy = Self { address, heads: Arc::default() };
        let kept = proxy.clone();
        Spawner::tokio().spawn("proxy", async move {
            while let Ok((client, _)) = listener.accept().await {
                let kept = kept.clone();
                Spawner::tokio().spawn("tunnel", async move {
                    kept.tunnel(client, port, password).await;
                });
            }
        });
        proxy
    }

    async fn tunnel(&self, mut client: TcpStream, port: u16, password: Option<&str>) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = client.read_u8().await else { return };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        self.heads.lock().unwrap().push(head.clone());
        let welcome = password.is_none_or(|password| {
            head.lines()
                .any(|line| line.eq_ignore_ascii_case(&format!("proxy-authorization: {password}")))
        });
        if !welcome || !head.starts_with("CONNECT ") {
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
            let _ = client.write_all(refusal.as_bytes()).await;
            return;
        }
        let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }

    /// The hosts that were asked for.
    pub fn targets(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().filter_map(|head| head.split(' ').nth(1)).map(str::to_owned).collect()
    }
}
