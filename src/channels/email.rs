//! E-mail by SMTP: the HTML of the digest, and its Markdown as the text part. A server may take a
//! message and lose the connection before it says so (RFC 1047), so a delivery can be doubled; the
//! `Message-ID` is the same for every try, and mail programs that look at it show one.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};

use super::settings::{Server, Settings};
use super::{Channel, Class, DeliveryError, Format, Message};
use crate::plain::{self, PNG_INSIDE};
use crate::transport::guard;
use crate::trust::Authorities;

/// The port on which TLS is spoken from the first byte.
const TLS_FIRST: u16 = 465;
/// How long one step of the conversation may take.
const PATIENCE: Duration = Duration::from_secs(20);

type Mailer = AsyncSmtpTransport<Tokio1Executor>;

pub(super) struct Email {
    channel: String,
    mailer: Mailer,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Email {
    /// # Errors
    /// The settings contradict, or `ca` cannot be used.
    pub(super) fn new(settings: &Settings, password: Option<SecretString>) -> Result<Self, String> {
        let server = Server::parse(settings.server.as_deref().unwrap_or_default())?;
        let mailbox =
            |text: &String| text.parse().map_err(|_| format!("`{text}` is not a mail address"));
        let from = mailbox(settings.from.as_ref().ok_or("`from` is missing")?)?;
        let to = settings.to.iter().flatten().map(mailbox).collect::<Result<_, _>>()?;
        let mut mailer = Mailer::relay(&server.host)
            .map_err(|error| format!("no TLS client can be made: {error}"))?
            .port(server.port)
            .timeout(Some(PATIENCE))
            .tls(tls(settings, &server)?);
        if let (Some(user), Some(password)) = (&settings.user, password) {
            let password = password.expose_secret().to_owned();
            mailer = mailer.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { channel: settings.id.clone(), mailer: mailer.build(), from, to })
    }

    fn mail(&self, message: &Message) -> Result<lettre::Message, DeliveryError> {
        let name = hex::encode(&Sha256::digest(message.key.as_bytes())[..16]);
        // Without the address of who sends, which is a name of an account.
        let id = format!("<{name}.streamgauge@{}>", self.from.email.domain());
        let seconds = u64::try_from(message.at.millis() / 1000).unwrap_or(0);
        let date = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .subject(plain::line(&message.title))
            .message_id(Some(id))
            .date(date)
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        let part = |kind, text: &str| SinglePart::builder().header(kind).body(text.to_owned());
        let text = part(ContentType::TEXT_PLAIN, message.markdown());
        let (html, pictures) = attached(message.needed(&self.channel, Format::Html)?, &name);
        let html = part(ContentType::TEXT_HTML, &html);
        let both = MultiPart::alternative().boundary(&name).singlepart(text);
        let parts = if pictures.is_empty() {
            both.singlepart(html)
        } else {
            let shown = MultiPart::related().boundary(format!("{name}-shown")).singlepart(html);
            both.multipart(pictures.into_iter().fold(shown, MultiPart::singlepart))
        };
        builder.multipart(parts).map_err(|error| self.failed(error.to_string(), false))
    }

    fn failed(&self, reason: String, unsure: bool) -> DeliveryError {
        DeliveryError { channel: self.channel.clone(), reason, unsure }
    }
}

/// Mail programs do not show pictures that stand inside a text: each is a part of the message, and
/// the text names it. The parts stand in the order of the text.
fn attached(html: &str, name: &str) -> (String, Vec<SinglePart>) {
    let mut pieces = html.split(PNG_INSIDE);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    let mut pictures = Vec::new();
    for piece in pieces {
        let (code, rest) = piece.split_once('"').unwrap_or((piece, ""));
        match STANDARD.decode(code) {
            Ok(png) => {
                let cid = format!("{}.{name}@streamgauge", pictures.len() + 1);
                text.push_str(&format!("cid:{cid}\"{rest}"));
                let kind = ContentType::parse("image/png").expect("a registered type");
                pictures.push(Attachment::new_inline(cid).body(png, kind));
            }
            Err(_) => text.push_str(&format!("{PNG_INSIDE}{piece}")),
        }
    }
    (text, pictures)
}

/// TLS is required, except to this machine where no password is sent.
fn tls(settings: &Settings, server: &Server) -> Result<Tls, String> {
    let secret = settings.password.is_some();
    let near = guard::names_this_machine(&server.host);
    if near && settings.ca.is_none() && !secret && server.port != TLS_FIRST {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(server.host.clone());
    if let Some(ca) = &settings.ca {
        let trusted = Authorities::read(ca).map_err(|error| format!("`ca`: {error}"))?;
        for certificate in trusted.certificates() {
            let certificate = Certificate::from_der(certificate.to_vec())
                .map_err(|error| format!("`ca`: {}: {error}", ca.display()))?;
            parameters = parameters.add_root_certificate(certificate);
        }
    }
    let parameters =
        parameters.build_rustls().map_err(|error| format!("no TLS client can be made: {error}"))?;
    Ok(match server.port {
        TLS_FIRST => Tls::Wrapper(parameters),
        _ => Tls::Required(parameters),
    })
}

#[async_trait]
impl Channel for Email {
    fn class(&self) -> Class {
        Class::Blind
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Html]
    }

    fn preview(&self, message: &Message) -> Result<String, DeliveryError> {
        Ok(String::from_utf8_lossy(&self.mail(message)?.formatted()).into_owned())
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let mail = self.mail(message)?;
        // Whatever fails before the message is on its way fails here, and nothing has arrived.
        match self.mailer.test_connection().await {
            Ok(true) => {}
            Ok(false) => return Err(self.failed("the mail server does not answer".into(), false)),
            Err(error) => return Err(self.failed(words(&error), false)),
        }
        self.mailer.send(mail).await.map(drop).map_err(|error| {
            let answered = error.is_permanent() || error.is_transient();
            self.failed(words(&error), !answered)
        })
    }
}

/// An error with its causes, on one line.
fn words(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_words = inner.to_string();
        if !told.contains(&inner_words) {
            told.push_str(": ");
            told.push_str(&inner_words);
        }
        cause = inner.source();
    }
    plain::line(&told).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_name_adds_no_header() {
        let settings: Settings = toml::from_str(
            "id = \"m\"\nkind = \"email\"\nserver = \"localhost:25\"\nfrom = \"g@a.example\"\n\
             to = [\"b@a.example\"]",
        )
        .unwrap();
        let email = Email::new(&settings, None).unwrap();
        let texts = [(Format::Md, "# a".to_owned()), (Format::Html, "<p>".to_owned())];
        let message = Message {
            key: "monday-1".to_owned(),
            title: "Northwind\r\nBcc: everybody@evil.example\u{2028}".to_owned(),
            at: Timestamp::from_millis(0),
            texts: BTreeMap::from(texts),
            files: Vec::new(),
        };
        let sent = email.preview(&message).unwrap();
        assert!(!sent.contains("multipart/related"), "{sent}");
        let head = sent.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(head.contains("Subject: Northwind  Bcc: everybody@evil.example"), "{head}");
        assert_eq!(sent, email.preview(&message).unwrap(), "every try sends the same bytes");
    }

    /// A picture inside the text is a part of its own that the text names; every try is the same.
    #[test]
    fn pictures_are_parts_of_the_message() {
        let code = STANDARD.encode(b"\x89PNG one");
        let html = format!(
            "<p>a</p><img src=\"{PNG_INSIDE}{code}\" alt=\"b\"><img src=\"{PNG_INSIDE}?\">"
        );
        let (text, parts) = attached(&html, "m1");
        assert_eq!(
            text,
            format!(
                "<p>a</p><img src=\"cid:1.m1@streamgauge\" alt=\"b\"><img src=\"{PNG_INSIDE}?\">"
            )
        );
        let [part] = parts.as_slice() else { panic!("{parts:?}") };
        let part = String::from_utf8_lossy(&part.formatted()).into_owned();
        for wanted in ["Content-ID: <1.m1@streamgauge>", "Content-Type: image/png", &code] {
            assert!(part.contains(wanted), "{wanted} in {part}");
        }
    }
}
