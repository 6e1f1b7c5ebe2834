//! A wire that can be cut: a relay of TCP connections before a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use streamgauge::spawn::Spawner;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Whole,
    /// Connections end, and new ones end at once.
    Cut,
    /// Nothing passes any more, and nobody is told. Connections end when the wire is whole again.
    Silent,
}

/// Where a commit loses its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum AtCommit {
    /// Before the server has heard of it.
    Unsent = 1,
    /// After the server has done it, before it could say so.
    Unheard = 2,
    /// Before the server has heard of it; the wire is silent from then on.
    Held = 3,
}

#[derive(Clone)]
pub struct Wire {
    pub port: u16,
    state: watch::Sender<State>,
    /// An [`AtCommit`] for the next commit; 0: none.
    trap: Arc<AtomicU8>,
    sprung: Arc<AtomicU64>,
}

impl Wire {
    /// Before a server of the trackers, `http://host:port`.
    pub async fn to_http(url: &str) -> Self {
        let address = url.strip_prefix("http://").unwrap().to_owned();
        Self::lay(move || {
            let address = address.clone();
            async move { TcpStream::connect(address).await }
        })
        .await
    }

    /// Before the database.
    pub async fn to_socket(path: String) -> Self {
        Self::lay(move || {
            let path = path.clone();
            async move { UnixStream::connect(path).await }
        })
        .await
    }

    async fn lay<S, F>(connect: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: Future<Output = std::io::Result<S>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let wire = Self {
            port,
            state: watch::Sender::new(State::Whole),
            trap: Arc::default(),
            sprung: Arc::default(),
        };
        let laid = wire.clone();
        Spawner::tokio().spawn("wire", async move {
            while let Ok((near, _)) = listener.accept().await {
                if *laid.state.borrow() == State::Cut {
                    continue;
                }
                let (far, wire) = (connect(), laid.clone());
                Spawner::tokio().spawn("relay", async move {
                    if let Ok(far) = far.await {
                        wire.relay(near, far).await;
                    }
                });
            }
        });
        wire
    }

    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// The next commit that passes loses its connection.
    pub fn lose_commit(&self, at: AtCommit) {
        self.trap.store(at as u8, Ordering::SeqCst);
    }

    /// Commits that lost their connection.
    pub fn sprung(&self) -> u64 {
        self.sprung.load(Ordering::SeqCst)
    }

    async fn relay<S>(&self, near: TcpStream, far: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin,
    {
        let (near_in, near_out) = near.into_split();
        let (far_in, far_out) = tokio::io::split(far);
        // The answer to this commit must not arrive.
        let unheard = AtomicBool::new(false);
        // Both ways at once: either end may wait for the other to read.
        tokio::select! {
            biased;
            () = self.broken() => {}
            () = self.there(near_in, far_out, &unheard) => {}
            () = self.back(far_in, near_out, &unheard) => {}
        }
    }

    /// Returns when the connections through the wire end.
    async fn broken(&self) {
        let mut state = self.state.subscribe();
        let was_silent = *state.wait_for(|state| *state != State::Whole).await.unwrap();
        if was_silent == State::Silent {
            let _ = state.wait_for(|state| *state != State::Silent).await;
        }
    }

    async fn there(
        &self,
        from: impl AsyncRead + Unpin,
        to: impl AsyncWrite + Unpin,
        unheard: &AtomicBool,
    ) {
        let look = |sent: &[u8]| {
            if sent.windows(7).any(|window| window == b"COMMIT\0") {
                match self.trap.swap(0, Ordering::SeqCst) {
                    1 => {
                        self.sprung.fetch_add(1, Ordering::SeqCst);
                        return false;
                    }
                    2 => unheard.store(true, Ordering::SeqCst),
                    3 => {
                        self.sprung.fetch_add(1, Ordering::SeqCst);
                        self.set(State::Silent);
                    }
                    _ => {}
                }
            }
            true
        };
        self.carry(from, to, look).await;
    }

    async fn back(
        &self,
        from: impl AsyncRead + Unpin,
        to: impl AsyncWrite + Unpin,
        unheard: &AtomicBool,
    ) {
        let look = |_: &[u8]| {
            let lost = unheard.load(Ordering::SeqCst);
            self.sprung.fetch_add(u64::from(lost), Ordering::SeqCst);
            !lost
        };
        self.carry(from, to, look).await;
    }

    /// Carries bytes to the end of either side, or until `look` lets none of them through.
    async fn carry(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        look: impl Fn(&[u8]) -> bool,
    ) {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut bytes).await {
            let read = &bytes[..length];
            if !look(read) {
                return;
            }
            self.open().await;
            if to.write_all(read).await.is_err() {
                return;
            }
        }
    }

    /// Waits while the wire is silent; what it held back is lost with its connection.
    async fn open(&self) {
        if *self.state.borrow() != State::Whole {
            std::future::pending::<()>().await;
        }
    }
}
