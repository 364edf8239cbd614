//! Reports of leaked tokens that GitHub's secret scanning sends to its partners.

use std::net::IpAddr;
use std::time::Duration;

use domain::id::RequestId;
use domain::input::FieldError;
use domain::leak::{Alert, SigningKeys};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::App;
use crate::error::{AppError, Result};

/// Tokens of one report at the most.
const MOST: usize = 1_000;
/// The keys are asked for anew at most so often, when one is named that is not among them.
const SELDOM: Duration = Duration::from_secs(60);
/// How long whoever publishes them may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest list of keys, in bytes.
const LONGEST: usize = 256 * 1024;

/// Where the public keys of reports come from, and those that are known.
pub(crate) struct LeakKeys {
    /// An address that begins with `https://`, or a file; nobody is believed where there is none.
    source: Option<String>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: SigningKeys,
    /// When they were last asked for, on the boottime clock.
    asked: Option<Duration>,
    /// Whether they could not be had then.
    failed: bool,
}

/// Who sends a report, as it says.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The identifier of the public key (`Github-Public-Key-Identifier`).
    pub key: &'a str,
    /// The signature over the body, DER in base64 (`Github-Public-Key-Signature`).
    pub signature: &'a str,
}

/// What became of one token of a report.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct LeakLabel {
    /// SHA-256 of the token, in hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub token_hash: String,
    /// The kind that it was reported as.
    #[schema(example = "claviger_api_key")]
    pub token_type: String,
    /// Whether it was one of ours.
    pub label: Verdict,
}

/// Whether a token was one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = LeakVerdict)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was.
    TruePositive,
    /// It was not.
    FalsePositive,
}

impl LeakKeys {
    pub(crate) fn new(source: Option<String>) -> Self {
        Self {
            source,
            known: Mutex::default(),
        }
    }

    /// Whether a report was signed by a key that is published.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where no such reports are taken; [`AppError::Unavailable`] when the keys cannot be had.
    async fn believes(&self, signed: Signed<'_>, body: &[u8], now: Duration) -> Result<bool> {
        let source = self
            .source
            .as_deref()
            .ok_or(AppError::NotFound { what: "address" })?;
        let mut known = self.known.lock().await;
        let due = known
            .asked
            .is_none_or(|asked| now.saturating_sub(asked) >= SELDOM);
        if !known.keys.knows(signed.key) && due {
            known.asked = Some(now);
            let loaded = load(source).await;
            known.failed = loaded.is_err();
            match loaded {
                Ok(keys) => known.keys = keys,
                Err(error) => tracing::warn!(error, source, "the public keys of leak reports cannot be had"),
            }
        }
        if known.failed && !known.keys.knows(signed.key) {
            return Err(AppError::Unavailable(None));
        }
        Ok(known.keys.verify(signed.key, signed.signature, body))
    }
}

async fn load(source: &str) -> Result<SigningKeys, String> {
    let text = if source.starts_with("https://") {
        fetch(source)
            .await
            .map_err(|error| error.without_url().to_string())?
    } else {
        tokio::fs::read(source).await.map_err(|error| error.to_string())?
    };
    SigningKeys::parse(&text).map_err(|error| error.to_string())
}

async fn fetch(url: &str) -> reqwest::Result<Vec<u8>> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .user_agent(concat!("Claviger/", env!("CARGO_PKG_VERSION")))
        .build()?;
    let mut answer = client.get(url).send().await?.error_for_status()?;
    let mut text = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        text.extend_from_slice(&chunk);
        if text.len() > LONGEST {
            break;
        }
    }
    Ok(text)
}

impl App {
    /// Takes a signed report of tokens that were found in public; what becomes of each is for its organisation's policy to say. Who is
    /// believed is told of each token whether it was one of ours.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] for a signature that is not believed, and [`AppError::Throttled`] for too many of them;
    /// [`AppError::Invalid`]; [`AppError::Unavailable`], and then some tokens may have been seen to.
    #[tracing::instrument(level = "debug", name = "app.report_leaks", skip_all)]
    pub async fn report_leaks(
        &self,
        signed: Signed<'_>,
        body: &[u8],
        ip: Option<IpAddr>,
        request: RequestId,
    ) -> Result<Vec<LeakLabel>> {
        for (header, value) in [
            ("Github-Public-Key-Identifier", signed.key),
            ("Github-Public-Key-Signature", signed.signature),
        ] {
            if value.is_empty() {
                return Err(AppError::field(header, "this header is needed"));
            }
        }
        if !self
            .leak_keys
            .believes(signed, body, self.clock.boottime())
            .await?
        {
            self.admit_report(ip)?;
            return Err(AppError::Unauthenticated);
        }
        let alerts = Alert::parse(body).map_err(|error| AppError::field("", error))?;
        if alerts.len() > MOST {
            let fault = FieldError::new("", format!("at most {MOST} tokens in one report"));
            return Err(vec![fault].into());
        }
        let mut labels = Vec::with_capacity(alerts.len());
        for alert in alerts {
            let token = alert.token.as_bytes();
            let was_ours = self
                .end_leaked(token, alert.place(), ("GitHub secret scanning", ip), request)
                .await?;
            labels.push(LeakLabel {
                token_hash: hex_of(token),
                token_type: alert.kind,
                label: if was_ours {
                    Verdict::TruePositive
                } else {
                    Verdict::FalsePositive
                },
            });
        }
        Ok(labels)
    }
}

fn hex_of(token: &[u8]) -> String {
    use sha2::Digest as _;
    domain::hex::hex(&sha2::Sha256::digest(token))
}
