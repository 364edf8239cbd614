//! Letters to people, over SMTP. They are sent after the commit that they speak of; one that cannot be sent is said to be
//! unsent, and undoes nothing.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde::Serialize;

/// How long a mail server may take for one letter.
const PATIENCE: Duration = Duration::from_secs(10);

/// How mail is sent.
#[derive(Clone)]
pub struct MailSettings {
    /// `smtp://host:25`, `smtp://user:password@host:587?tls=required` or `smtps://user:password@host`.
    pub url: String,
    /// Whom letters are from, such as `Claviger <keys@example.com>`.
    pub from: String,
}

impl std::fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.debug_struct("MailSettings")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Posted {
    /// The mail server has taken it.
    Sent,
    /// The mail server could not be reached, or refused it; the log says why.
    Failed,
    /// No mail is set up.
    Off,
}

/// Sends letters.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// # Errors
    /// A sentence, when the settings cannot be used.
    pub(crate) fn new(settings: &MailSettings) -> Result<Self, String> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url)
            .map_err(|error| format!("url: {error}"))?
            .timeout(Some(PATIENCE))
            .build();
        let from = settings
            .from
            .parse()
            .map_err(|_| "from: expected an address such as Claviger <keys@example.com>".to_owned())?;
        Ok(Self { transport, from })
    }

    /// Sends a plain letter to an address. Nobody's name gets into a header: the library encodes what it is given, and
    /// an address that could end a line is none.
    pub(crate) async fn send(&self, to: &str, subject: &str, text: String) -> Posted {
        let letter = to.parse::<lettre::Address>().map(|to| {
            Message::builder()
                .from(self.from.clone())
                .to(Mailbox::new(None, to))
                .subject(subject)
                .header(ContentType::TEXT_PLAIN)
                .body(text)
        });
        let Ok(Ok(letter)) = letter else {
            tracing::warn!("a letter cannot be written to this address");
            return Posted::Failed;
        };
        // The whole conversation at once: the library's limit is for each step of it.
        match tokio::time::timeout(PATIENCE, self.transport.send(letter)).await {
            Ok(Ok(_)) => Posted::Sent,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a letter could not be sent");
                Posted::Failed
            }
            Err(_) => {
                tracing::warn!("a letter could not be sent: the mail server took too long");
                Posted::Failed
            }
        }
    }
}
