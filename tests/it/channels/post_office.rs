//! A mail server: as much of SMTP (RFC 5321), STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954) as a
//! submission uses.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use streamgauge::spawn::Spawner;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One message that was handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// User and password, if any were sent.
    pub login: Option<String>,
    pub tls: bool,
    pub text: String,
}

/// What goes wrong with the next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A recipient is refused.
    NoSuchBox,
    /// The message is taken, and the connection ends before that is said.
    Unheard,
}

#[derive(Clone, Default)]
pub struct PostOffice {
    mails: Arc<Mutex<Vec<Mail>>>,
    trouble: Arc<Mutex<Option<Trouble>>>,
    tls: Option<TlsAcceptor>,
}

impl PostOffice {
    /// Serves, with STARTTLS where there is an acceptor, and returns the port.
    pub async fn serve(tls: Option<TlsAcceptor>) -> (Self, u16) {
        let office = Self { tls, ..Self::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = office.clone();
        Spawner::tokio().spawn("post office", async move {
            while let Ok((client, _)) = listener.accept().await {
                let office = own.clone();
                Spawner::tokio().spawn("counter", async move {
                    let mut stream = BufStream::new(client);
                    say(&mut stream, "220 post.example ESMTP").await;
                    if office.talk(&mut stream, false).await
                        && let Some(tls) = office.tls.clone()
                        && let Ok(stream) = tls.accept(stream.into_inner()).await
                    {
                        office.talk(&mut BufStream::new(stream), true).await;
                    }
                });
            }
        });
        (office, port)
    }

    pub fn next(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap() = Some(trouble);
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// Whether TLS begins now.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufStream<S>,
        tls: bool,
    ) -> bool {
        let mut mail = Mail { tls, ..Mail::default() };
        loop {
            let Some(line) = hear(stream).await else { return false };
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    let more = if self.tls.is_some() && !tls { "STARTTLS" } else { "AUTH PLAIN" };
                    say(stream, &format!("250-post.example\r\n250-8BITMIME\r\n250 {more}")).await;
                }
                "STARTTLS" => {
                    say(stream, "220 go ahead").await;
                    return true;
                }
                "AUTH" => {
                    let coded = rest.strip_prefix("PLAIN ").unwrap_or_default();
                    let login = String::from_utf8(STANDARD.decode(coded).unwrap()).unwrap();
                    mail.login = Some(login.trim_start_matches('\0').replace('\0', ":"));
                    say(stream, "235 welcome").await;
                }
                "MAIL" => {
                    mail.from = address(rest);
                    say(stream, "250 ok").await;
                }
                "RCPT" if *self.trouble.lock().unwrap() == Some(Trouble::NoSuchBox) => {
                    *self.trouble.lock().unwrap() = None;
                    say(stream, "550 no such box").await;
                }
                "RCPT" => {
                    mail.to.push(address(rest));
                    say(stream, "250 ok").await;
                }
                "DATA" => {
                    say(stream, "354 go on").await;
                    let mut lines = Vec::new();
                    loop {
                        let Some(line) = hear(stream).await else { return false };
                        if line == "." {
                            break;
                        }
                        lines.push(line.strip_prefix('.').unwrap_or(&line).to_owned());
                    }
                    mail.text = lines.join("\n");
                    let taken = std::mem::take(&mut mail);
                    (mail.tls, mail.login) = (tls, taken.login.clone());
                    self.mails.lock().unwrap().push(taken);
                    if self.trouble.lock().unwrap().take() == Some(Trouble::Unheard) {
                        return false;
                    }
                    say(stream, "250 queued").await;
                }
                "QUIT" => {
                    say(stream, "221 bye").await;
                    return false;
                }
                "RSET" | "NOOP" => say(stream, "250 ok").await,
                _ => say(stream, "502 not here").await,
            }
        }
    }
}

/// What stands between the angle brackets.
fn address(text: &str) -> String {
    let inside = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(address, _)| address.to_owned())
}

async fn hear<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>, text: &str) {
    // Who has hung up does not hear it.
    let _ = stream.write_all(format!("{text}\r\n").as_bytes()).await;
    let _ = stream.flush().await;
}
