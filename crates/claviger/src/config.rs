//! Settings from `claviger.toml`, the environment and flags, in rising precedence.

mod meaning;
mod reading;
mod tls;
mod watching;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use domain::decide::Source;
use domain::limits::Rate;
use domain::span::Span;
use serde::Deserialize;

pub(crate) use tls::{Plane, Tls};
pub(crate) use watching::{Guessing, Metrics, Telemetry};

/// The annotated default, as `claviger config default` prints it.
pub(crate) const DEFAULT: &str = include_str!("../claviger.default.toml");

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) database: Option<String>,
    pub(crate) listen: Listen,
    pub(crate) tls: Tls,
    pub(crate) verification: Verification,
    pub(crate) doors: Doors,
    pub(crate) cache: Cache,
    pub(crate) journal: Journal,
    pub(crate) limits: Limits,
    pub(crate) guessing: Guessing,
    pub(crate) web: Web,
    pub(crate) sign_in: SignIn,
    pub(crate) mail: Mail,
    pub(crate) webhooks: Webhooks,
    pub(crate) leaks: Leaks,
    pub(crate) stream: Stream,
    pub(crate) node: Node,
    pub(crate) oidc: Oidc,
    pub(crate) log: Log,
    pub(crate) metrics: Metrics,
    pub(crate) telemetry: Telemetry,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Listen {
    pub(crate) management: SocketAddr,
    pub(crate) verification: SocketAddr,
    /// None where nothing is said: then its usual place, if nobody else has it.
    pub(crate) grpc: Option<SocketAddr>,
    /// The same for the page that Prometheus reads.
    pub(crate) metrics: Option<SocketAddr>,
}

/// Where Envoy asks over gRPC where nothing else is said.
pub(crate) const GRPC: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7402));

/// Where Prometheus reads where nothing else is said.
pub(crate) const METRICS: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7403));

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Verification {
    pub(crate) gateway_token: Option<String>,
    pub(crate) open: bool,
    pub(crate) threads: Option<usize>,
}

impl std::fmt::Debug for Verification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verification")
            .field("open", &self.open)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// What the doors of the gateways take for granted.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Doors {
    pub(crate) gateways: Vec<ipnet::IpNet>,
    pub(crate) sources: Vec<String>,
    pub(crate) tell: Tell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tell {
    Generic,
    Coded,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cache {
    pub(crate) secrets: usize,
    pub(crate) unknown: usize,
}

/// The usage journal.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Journal {
    pub(crate) max_mib: u32,
}

/// How much keys may be used that nobody has said it of.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) backend: LimitsBackend,
    pub(crate) default_rate: Option<Rate>,
}

/// Where limits are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LimitsBackend {
    /// On each node by itself.
    #[default]
    Local,
}

/// This server among those of one PostgreSQL database.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Node {
    /// The host's name, where nothing is said.
    pub(crate) name: Option<String>,
    pub(crate) lease: Span,
    pub(crate) freshness: Freshness,
    pub(crate) static_max: Span,
}

/// What a server does when its lease is over and the database cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Freshness {
    /// It answers 503.
    Strict,
    /// It goes on with the keys in its memory.
    Static,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            name: None,
            lease: Span::seconds(3),
            freshness: Freshness::Strict,
            static_max: Span::seconds(300),
        }
    }
}

/// How browsers reach the management listener.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Web {
    pub(crate) public_url: Option<String>,
    pub(crate) proxies: Vec<ipnet::IpNet>,
}

/// For how long somebody who signed in is believed.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SignIn {
    pub(crate) idle: Span,
    pub(crate) absolute: Span,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mail {
    pub(crate) url: Option<String>,
    pub(crate) from: Option<String>,
}

/// Where messages of webhooks may go.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhooks {
    pub(crate) allow: Vec<ipnet::IpNet>,
}

/// Whose reports of leaked tokens are believed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Leaks {
    pub(crate) github_keys: Option<String>,
}

/// Each answer as a line in a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Stream {
    pub(crate) directory: Option<PathBuf>,
    pub(crate) max_mib: u32,
    pub(crate) keep: usize,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            directory: None,
            max_mib: 64,
            keep: 8,
        }
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Oidc {
    pub(crate) issuer: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<String>,
    pub(crate) organisation: Option<String>,
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oidc")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("organisation", &self.organisation)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.debug_struct("Mail")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            database: None,
            listen: Listen::default(),
            tls: Tls::default(),
            verification: Verification::default(),
            doors: Doors::default(),
            cache: Cache::default(),
            journal: Journal::default(),
            limits: Limits::default(),
            guessing: Guessing::default(),
            web: Web::default(),
            sign_in: SignIn::default(),
            mail: Mail::default(),
            webhooks: Webhooks::default(),
            leaks: Leaks::default(),
            stream: Stream::default(),
            node: Node::default(),
            oidc: Oidc::default(),
            log: Log::default(),
            metrics: Metrics::default(),
            telemetry: Telemetry::default(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            management: SocketAddr::from(([127, 0, 0, 1], 7400)),
            verification: SocketAddr::from(([127, 0, 0, 1], 7401)),
            grpc: None,
            metrics: None,
        }
    }
}

impl Default for Doors {
    fn default() -> Self {
        let loopback = [
            ipnet::IpNet::V4(ipnet::Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
            ipnet::IpNet::V6(ipnet::Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
        ];
        Self {
            gateways: loopback.to_vec(),
            sources: Source::USUAL.map(|source| source.as_str().to_owned()).to_vec(),
            tell: Tell::Generic,
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            secrets: 2_000_000,
            unknown: 65_536,
        }
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self { max_mib: 1_024 }
    }
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            idle: Span::seconds(30 * 60),
            absolute: Span::seconds(12 * 3600),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// Why settings cannot be used; one sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{path}: {cause}")]
    File { path: String, cause: String },
    #[error("{name}: {cause}")]
    Variable { name: String, cause: String },
    #[error(
        "a verification listener is on {0}, which other machines can reach: set verification.gateway_token \
         (CLAVIGER_VERIFICATION_GATEWAY_TOKEN), tls.clients, or verification.open = true if whoever can connect may ask"
    )]
    Exposed(SocketAddr),
    #[error(
        "metrics are on {0}, which other machines can reach: set metrics.token (CLAVIGER_METRICS_TOKEN), or metrics.open = true \
         if whoever can connect may read them"
    )]
    Bare(SocketAddr),
    #[error("telemetry.otlp_endpoint: expected an address such as http://127.0.0.1:4318")]
    Collector,
    #[error("telemetry.sampling: from 0 to 1")]
    Sampling,
    #[error("doors.sources: {0}")]
    Sources(String),
    #[error("web.public_url: expected an address such as https://keys.example.com, without a path")]
    PublicUrl,
    #[error("sign_in: idle and absolute are longer than nothing, and idle is no longer than absolute")]
    SignIn,
    #[error("node.lease: from 1s to 60s")]
    Lease,
    #[error("tls: certificate and key go together, and clients needs both")]
    Certificate,
    #[error(
        "tls: client_names and revoked say which certificates of tls.clients are taken; name those first"
    )]
    Authorities,
    #[error("node.static_max: from 1s to 24h")]
    StaticMax,
    #[error("mail: url and from go together")]
    Mail,
    #[error("oidc: issuer and client_id go together")]
    Oidc,
}
