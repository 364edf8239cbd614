//! What is sent: a door's request, as its gateway would send it.

use std::collections::HashSet;
use std::io::Read as _;
use std::path::Path;

use clap::ValueEnum;
use domain::access::Requirement;
use load::Requests;
use serde_json::Value;

use super::{Bench, own};
use crate::cli::error::CliError;

/// Tokens at the most.
const MOST: usize = 1_000_000;

/// Where a verification is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Door {
    /// POST /v1/verify
    Verify,
    Nginx,
    Haproxy,
    Traefik,
    Caddy,
    Apisix,
}

impl Door {
    pub(super) fn name(self) -> String {
        match self {
            Self::Verify => "POST /v1/verify".to_owned(),
            _ => format!("GET {}", self.path()),
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Verify => "/v1/verify",
            Self::Nginx => "/verify/nginx",
            Self::Haproxy => "/verify/haproxy",
            Self::Traefik => "/verify/traefik",
            Self::Caddy => "/verify/caddy",
            Self::Apisix => "/verify/apisix",
        }
    }
}

/// What is asked of every key.
struct Asked<'a> {
    requires: Option<&'a str>,
    api: Option<&'a str>,
    path: &'a str,
}

/// Requests as the flags say.
pub(super) fn requests(args: &Bench, host: &str, tokens: Vec<String>) -> Result<Requests, CliError> {
    if !args.path.starts_with('/') || args.path.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(CliError::Usage(
            "--path: expected a path such as /orders/7".to_owned(),
        ));
    }
    // Said here rather than ten thousand times by the server.
    permissions(args)?;
    let asked = Asked {
        requires: args.requires.as_deref(),
        api: args.api.as_deref(),
        path: &args.path,
    };
    Ok(build(args.door, host, &asked, tokens))
}

/// Requests for an installation of the benchmark's own.
pub(super) fn with_everything(door: Door, host: &str, tokens: Vec<String>) -> Requests {
    let asked = Asked {
        requires: None,
        api: Some(own::API),
        path: own::PATH,
    };
    build(door, host, &asked, tokens)
}

fn build(door: Door, host: &str, asked: &Asked<'_>, tokens: Vec<String>) -> Requests {
    if door == Door::Verify {
        let mut after = String::from("\"");
        let mut field = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                after.push_str(&format!(",\"{name}\":{}", Value::from(value)));
            }
        };
        field("permissions", asked.requires);
        field("api", asked.api);
        field("method", asked.api.map(|_| "GET"));
        field("path", asked.api.map(|_| asked.path));
        after.push('}');
        // Inside the quotes, as JSON has them.
        let escape = |token: String| {
            let quoted = Value::from(token).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        };
        let tokens = tokens.into_iter().map(escape).collect();
        return Requests::post(
            host,
            door.path(),
            ("{\"key\":\"", &after),
            "{\"valid\":true,",
            tokens,
        );
    }
    let wishes: Vec<(&str, &str)> = [("api", asked.api), ("require", asked.requires)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let mut path = door.path().to_owned();
    if let (false, Ok(url)) = (
        wishes.is_empty(),
        reqwest::Url::parse_with_params("http://door", wishes),
    ) {
        path = format!("{path}?{}", url.query().unwrap_or_default());
    }
    let told = match door {
        Door::Nginx | Door::Haproxy => ["X-Original-Method", "X-Original-URI", "X-Real-IP"],
        _ => ["X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-For"],
    };
    let [method, uri, ip] = told;
    let headers = [(method, "GET"), (uri, asked.path), (ip, "192.0.2.7")];
    Requests::get(host, &path, &headers, "X-API-Key", tokens)
}

/// The permissions that `--requires` names.
pub(super) fn permissions(args: &Bench) -> Result<Vec<String>, CliError> {
    let Some(text) = &args.requires else {
        return Ok(Vec::new());
    };
    let requirement: Requirement = text
        .parse()
        .map_err(|error| CliError::Usage(format!("--requires: {error}")))?;
    Ok(requirement.permissions())
}

/// Tokens from a file or standard input, one a line.
pub(super) fn tokens(file: &Path) -> Result<Vec<String>, CliError> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|cause| {
        CliError::Failed(format!("cannot read the tokens from {}: {cause}", file.display()))
    })?;
    let usage = |text: String| Err(CliError::Usage(text));
    let mut seen = HashSet::new();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let tokens: Vec<String> = lines
        .filter(|line| seen.insert(*line))
        .map(str::to_owned)
        .collect();
    // What is no token is not repeated: it may be one.
    if let Some(at) = tokens
        .iter()
        .position(|token| token.bytes().any(|byte| !byte.is_ascii_graphic()))
    {
        return usage(format!(
            "--tokens: token {} holds characters that no token has",
            at + 1
        ));
    }
    match tokens.len() {
        0 => usage("no tokens were given: --tokens FILE, one a line, or on standard input".to_owned()),
        1..=MOST => Ok(tokens),
        _ => usage(format!("--tokens: at most {MOST}")),
    }
}
