//! Reads what people hand in: secrets from files and standard input, spans and instants, JSON.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;
use std::str::FromStr;

use domain::clock::Timestamp;
use domain::id::{AccountId, KeyId};
use domain::span::Span;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::error::CliError;

/// More than any token (512 characters) with white space around it.
const LONGEST_SECRET: u64 = 4096;

/// An environment variable that is set, not empty, and text.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A secret from a file, or from standard input for `-`, without the white space around it.
///
/// # Errors
/// Failure, when it cannot be read; usage, when it is empty, too long or not text.
pub(crate) fn secret_from(file: &Path) -> Result<Zeroizing<String>, CliError> {
    if file == Path::new("-") {
        return secret_from_stdin("Secret: ");
    }
    let unreadable = |cause: io::Error| CliError::Failed(format!("cannot read {}: {cause}", file.display()));
    read_secret(std::fs::File::open(file).map_err(unreadable)?)
}

/// A secret from standard input; asked for without echo when a person sits there.
pub(crate) fn secret_from_stdin(prompt: &str) -> Result<Zeroizing<String>, CliError> {
    if !io::stdin().is_terminal() {
        return read_secret(io::stdin().lock());
    }
    let typed = rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|cause| CliError::Failed(format!("cannot read from the terminal: {cause}")))?;
    checked(&typed)
}

fn read_secret(source: impl io::Read) -> Result<Zeroizing<String>, CliError> {
    // One allocation: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_SECRET as usize + 1));
    source
        .take(LONGEST_SECRET + 1)
        .read_to_end(&mut bytes)
        .map_err(|cause| CliError::Failed(format!("cannot read the secret: {cause}")))?;
    if bytes.len() as u64 > LONGEST_SECRET {
        return Err(CliError::Usage(
            "the secret is too long: a token has at most 512 characters".to_owned(),
        ));
    }
    let text =
        std::str::from_utf8(&bytes).map_err(|_| CliError::Usage("the secret is not text".to_owned()))?;
    checked(text)
}

fn checked(text: &str) -> Result<Zeroizing<String>, CliError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(CliError::Usage(
            "no secret was given on standard input or in the file".to_owned(),
        ));
    }
    Ok(Zeroizing::new(trimmed.to_owned()))
}

/// A key's path, `/v1/keys/key_…`. What is not an id is not repeated: it may be a token given by mistake.
pub(crate) fn key_path(id: &str) -> Result<String, CliError> {
    let id = KeyId::from_str(id)
        .map_err(|error| CliError::Usage(format!("{error} (see `claviger keys list`)")))?;
    Ok(format!("/v1/keys/{id}"))
}

/// A service account's path, `/v1/service-accounts/acct_…`. What is not an id is not repeated, as above.
pub(crate) fn account_path(id: &str) -> Result<String, CliError> {
    let id = AccountId::from_str(id)
        .map_err(|error| CliError::Usage(format!("{error} (see `claviger accounts list`)")))?;
    Ok(format!("/v1/service-accounts/{id}"))
}

/// A span such as `24h`; for clap.
pub(crate) fn span(text: &str) -> Result<Span, String> {
    text.parse()
        .map_err(|error: domain::span::SpanError| error.to_string())
}

/// An instant, or a date that the organisation's policy makes one; sent as it was written.
pub(crate) fn end(text: &str) -> Result<String, String> {
    text.parse::<domain::policy::End>().map(|_| text.to_owned())
}

/// A JSON object; for clap.
pub(crate) fn object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err("expected a JSON object such as {\"team\":\"billing\"}".to_owned()),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

/// An instant, or a span seen from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    At(Timestamp),
    Within(Span),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(span) = text.parse() {
            return Ok(Self::Within(span));
        }
        Timestamp::parse(text)
            .map(Self::At)
            .map_err(|_| "expected a span such as 30d or an instant such as 2026-01-10T23:59:59Z".to_owned())
    }
}

impl When {
    /// The instant, a span counted back from `now`.
    pub(crate) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(instant) => instant,
            Self::Within(span) => now.minus(span.duration()),
        }
    }

    /// The instant, a span counted on from `now`.
    pub(crate) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(instant) => instant,
            Self::Within(span) => now.plus(span.duration()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_loses_the_white_space_around_it_and_nothing_else() {
        assert_eq!(
            read_secret(&b" sk_live_x y\r\n"[..]).unwrap().as_str(),
            "sk_live_x y"
        );
        assert!(matches!(read_secret(&b" \n"[..]), Err(CliError::Usage(_))));
        assert!(matches!(read_secret(&[0xff, 0xfe][..]), Err(CliError::Usage(_))));
        assert!(matches!(
            read_secret(&vec![b'a'; 5000][..]),
            Err(CliError::Usage(_))
        ));
    }

    #[test]
    fn a_token_in_place_of_an_id_is_refused_without_being_repeated() {
        let error = key_path("sk_live_averysecrettokenthatmustnotshow").err().unwrap();
        assert!(!error.to_string().contains("verysecret"), "{error}");
        assert!(key_path("../policy").is_err());
    }

    #[test]
    fn spans_and_instants_are_both_understood() {
        let now = Timestamp::parse("2026-01-31T00:00:00Z").unwrap();
        let span: When = "30d".parse().unwrap();
        assert_eq!(span.before(now).to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(span.after(now).to_string(), "2026-03-02T00:00:00Z");
        let at: When = "2026-01-10T00:00:00Z".parse().unwrap();
        assert_eq!(at.before(now), at.after(now));
        assert!("soon".parse::<When>().is_err());
    }
}
