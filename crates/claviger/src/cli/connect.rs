//! Decides which server a command speaks to and as whom, in one place, so that a key never goes where it was not meant to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use super::client::Client;
use super::credentials::Credentials;
use super::error::CliError;
use super::output::Screen;
use super::{Context, input};

const DEFAULT_SERVER: &str = "http://127.0.0.1:7400";

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The data directory of a server on this host.
    Data(PathBuf),
    /// Its address, without a slash at the end.
    Address(String),
}

/// The socket of the server that holds this data directory.
pub(crate) fn socket_of(data: &Path) -> PathBuf {
    data.join("claviger.sock")
}

/// A client for the server that the flags, the environment or the last login name.
///
/// # Errors
/// Usage, when they contradict each other or name no address; failure, when a key cannot be read.
pub(crate) fn connect(context: &Context) -> Result<Client, CliError> {
    let credentials = Credentials::load()?;
    let target = target(context, &credentials)?;
    let key = match &target {
        // The socket knows the caller by user id.
        Target::Data(_) => None,
        Target::Address(address) => key(context, &credentials, address)?,
    };
    client(context, &target, key)
}

/// A client for one server as one caller.
pub(crate) fn client(
    context: &Context,
    target: &Target,
    key: Option<Zeroizing<String>>,
) -> Result<Client, CliError> {
    let failed = |cause: reqwest::Error| CliError::Failed(format!("cannot set up the connection: {cause}"));
    // Redirects are answers that a Claviger never gives, and would carry the key elsewhere.
    let builder = reqwest::Client::builder()
        .user_agent(concat!("claviger/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none());
    let (http, base, place, hint) = match target {
        Target::Data(data) => {
            let socket = socket_of(data);
            let http = without_tls(builder)?
                .no_proxy()
                .unix_socket(socket.as_path())
                .build()
                .map_err(failed)?;
            let hint = format!("start it with `claviger serve --data {}`", data.display());
            (
                http,
                "http://localhost".to_owned(),
                socket.display().to_string(),
                hint,
            )
        }
        Target::Address(address) => {
            let local = is_loopback(address);
            let builder = if local { builder.no_proxy() } else { builder };
            let plain = address.starts_with("http://");
            let builder = if plain { without_tls(builder)? } else { builder };
            if plain && !local && key.is_some() {
                context.screen.note(&format!(
                    "warning: the key travels unencrypted to {address}; use https"
                ));
            }
            let hint = "start it with `claviger serve`, or name another with --server URL or --data DIR";
            (
                builder.build().map_err(failed)?,
                address.clone(),
                address.clone(),
                hint.to_owned(),
            )
        }
    };
    Ok(Client {
        http,
        base,
        place,
        hint,
        key: key.map(|key| authorization(&key)).transpose()?,
        organisation: organisation(context)?,
        is_socket: matches!(target, Target::Data(_)),
        screen: Screen::new(&context.global),
    })
}

/// Checks an address and brings it into the form that it is kept in.
///
/// # Errors
/// Usage, when it is no `http` or `https` address, or holds a password, a query or a fragment.
pub(crate) fn address(text: &str) -> Result<String, CliError> {
    let refused = |why: &str| Err(CliError::Usage(format!("the server's address {why}")));
    let Ok(url) = Url::parse(text) else {
        return refused("must look like http://127.0.0.1:7400");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return refused("must begin with http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("must not hold a name or password: use `claviger login`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refused("must not have a query or a fragment");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The data directory that the flags or the environment name, if they name one.
pub(crate) fn data(context: &Context) -> Option<PathBuf> {
    let global = &context.global;
    if global.data.is_some() || global.server.is_some() {
        return global.data.clone();
    }
    input::variable("CLAVIGER_DATA").map(PathBuf::from)
}

fn target(context: &Context, credentials: &Credentials) -> Result<Target, CliError> {
    let global = &context.global;
    if let Some(data) = &global.data {
        return Ok(Target::Data(data.clone()));
    }
    if let Some(server) = &global.server {
        return address(server).map(Target::Address);
    }
    if let Some(data) = input::variable("CLAVIGER_DATA") {
        return Ok(Target::Data(data.into()));
    }
    let named = input::variable("CLAVIGER_SERVER").or_else(|| credentials.default.clone());
    address(named.as_deref().unwrap_or(DEFAULT_SERVER)).map(Target::Address)
}

/// The address that commands without flags go to; what `login` and `logout` mean when none is given.
pub(crate) fn usual_address(context: &Context, credentials: &Credentials) -> Result<String, CliError> {
    match target(context, credentials)? {
        Target::Address(address) => Ok(address),
        Target::Data(_) => Err(CliError::Usage(
            "a data directory's socket needs no sign-in; give the server's address".to_owned(),
        )),
    }
}

fn key(
    context: &Context,
    credentials: &Credentials,
    address: &str,
) -> Result<Option<Zeroizing<String>>, CliError> {
    if let Some(file) = &context.global.key_file {
        return input::secret_from(file).map(Some);
    }
    if let Some(key) = input::variable("CLAVIGER_KEY") {
        return Ok(Some(Zeroizing::new(key.trim().to_owned())));
    }
    // A kept key goes to the server that it was kept for and to no other.
    Ok(credentials.key_for(address))
}

fn authorization(key: &str) -> Result<HeaderValue, CliError> {
    let text = Zeroizing::new(format!("Bearer {key}"));
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| CliError::Usage("the management key holds characters that no key has".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn organisation(context: &Context) -> Result<Option<HeaderValue>, CliError> {
    let slug = context
        .global
        .organisation
        .clone()
        .or_else(|| input::variable("CLAVIGER_ORGANISATION"));
    slug.map(|slug| {
        HeaderValue::from_str(&slug)
            .map_err(|_| CliError::Usage("--organisation holds characters that no slug has".to_owned()))
    })
    .transpose()
}

fn is_loopback(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A plain connection must not fail, or wait, for the system's certificates: a slim container has none.
fn without_tls(builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, CliError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let trusts_none = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| CliError::Failed(format!("cannot set up the connection: {cause}")))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(builder.tls_backend_preconfigured(trusts_none))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_one_form() {
        assert_eq!(
            address("http://LOCALHOST:7400/").unwrap(),
            "http://localhost:7400"
        );
        assert_eq!(
            address("https://keys.example.com").unwrap(),
            "https://keys.example.com"
        );
        assert_eq!(
            address("https://example.com/keys/").unwrap(),
            "https://example.com/keys"
        );
    }

    #[test]
    fn an_address_that_hides_a_secret_or_is_none_is_refused() {
        for text in [
            "",
            "localhost:7400",
            "ftp://x",
            "http://user:pass@x",
            "http://x?key=1",
            "http://x#y",
        ] {
            assert!(matches!(address(text), Err(CliError::Usage(_))), "{text}");
        }
    }

    #[test]
    fn loopback_is_told_from_the_rest() {
        for near in ["http://127.0.0.1:7400", "http://[::1]:7400", "http://localhost"] {
            assert!(is_loopback(near), "{near}");
        }
        for far in [
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
        ] {
            assert!(!is_loopback(far), "{far}");
        }
    }
}
