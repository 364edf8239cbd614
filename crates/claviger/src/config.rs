//! Settings from `claviger.toml`, the environment and flags, in rising precedence.

mod watching;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::decide::Source;
use domain::limits::Rate;
use domain::span::Span;
use serde::Deserialize;
use store::db::Target;

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
    pub(crate) verification: Verification,
    pub(crate) doors: Doors,
    pub(crate) cache: Cache,
    pub(crate) journal: Journal,
    pub(crate) limits: Limits,
    pub(crate) guessing: Guessing,
    pub(crate) web: Web,
    pub(crate) sign_in: SignIn,
    pub(crate) mail: Mail,
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
            verification: Verification::default(),
            doors: Doors::default(),
            cache: Cache::default(),
            journal: Journal::default(),
            limits: Limits::default(),
            guessing: Guessing::default(),
            web: Web::default(),
            sign_in: SignIn::default(),
            mail: Mail::default(),
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
         (CLAVIGER_VERIFICATION_GATEWAY_TOKEN), or verification.open = true if whoever can connect may ask"
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
    #[error("mail: url and from go together")]
    Mail,
    #[error("oidc: issuer and client_id go together")]
    Oidc,
}

/// The variables that set something, and what they set.
const VARIABLES: [(&str, &[&str]); 39] = [
    ("CLAVIGER_DATA", &["data"]),
    ("CLAVIGER_DATABASE", &["database"]),
    ("CLAVIGER_LISTEN_MANAGEMENT", &["listen", "management"]),
    ("CLAVIGER_LISTEN_VERIFICATION", &["listen", "verification"]),
    ("CLAVIGER_LISTEN_GRPC", &["listen", "grpc"]),
    ("CLAVIGER_LISTEN_METRICS", &["listen", "metrics"]),
    (
        "CLAVIGER_VERIFICATION_GATEWAY_TOKEN",
        &["verification", "gateway_token"],
    ),
    ("CLAVIGER_VERIFICATION_OPEN", &["verification", "open"]),
    ("CLAVIGER_VERIFICATION_THREADS", &["verification", "threads"]),
    ("CLAVIGER_DOORS_GATEWAYS", &["doors", "gateways"]),
    ("CLAVIGER_DOORS_SOURCES", &["doors", "sources"]),
    ("CLAVIGER_DOORS_TELL", &["doors", "tell"]),
    ("CLAVIGER_CACHE_SECRETS", &["cache", "secrets"]),
    ("CLAVIGER_CACHE_UNKNOWN", &["cache", "unknown"]),
    ("CLAVIGER_JOURNAL_MAX_MIB", &["journal", "max_mib"]),
    ("CLAVIGER_LIMITS_BACKEND", &["limits", "backend"]),
    ("CLAVIGER_LIMITS_DEFAULT_RATE", &["limits", "default_rate"]),
    ("CLAVIGER_GUESSING_RATE", &["guessing", "rate"]),
    ("CLAVIGER_GUESSING_ADDRESSES", &["guessing", "addresses"]),
    ("CLAVIGER_GUESSING_LOOKUPS", &["guessing", "lookups"]),
    ("CLAVIGER_WEB_PUBLIC_URL", &["web", "public_url"]),
    ("CLAVIGER_WEB_PROXIES", &["web", "proxies"]),
    ("CLAVIGER_SIGN_IN_IDLE", &["sign_in", "idle"]),
    ("CLAVIGER_SIGN_IN_ABSOLUTE", &["sign_in", "absolute"]),
    ("CLAVIGER_OIDC_ISSUER", &["oidc", "issuer"]),
    ("CLAVIGER_OIDC_CLIENT_ID", &["oidc", "client_id"]),
    ("CLAVIGER_OIDC_CLIENT_SECRET", &["oidc", "client_secret"]),
    ("CLAVIGER_OIDC_ORGANISATION", &["oidc", "organisation"]),
    ("CLAVIGER_MAIL_URL", &["mail", "url"]),
    ("CLAVIGER_MAIL_FROM", &["mail", "from"]),
    ("CLAVIGER_LOG_LEVEL", &["log", "level"]),
    ("CLAVIGER_LOG_FORMAT", &["log", "format"]),
    ("CLAVIGER_METRICS_TOKEN", &["metrics", "token"]),
    ("CLAVIGER_METRICS_OPEN", &["metrics", "open"]),
    // The variables by which OpenTelemetry's own tools are told; ours outrank them.
    ("OTEL_EXPORTER_OTLP_ENDPOINT", &["telemetry", "otlp_endpoint"]),
    ("OTEL_SERVICE_NAME", &["telemetry", "service_name"]),
    (
        "CLAVIGER_TELEMETRY_OTLP_ENDPOINT",
        &["telemetry", "otlp_endpoint"],
    ),
    ("CLAVIGER_TELEMETRY_SAMPLING", &["telemetry", "sampling"]),
    ("CLAVIGER_TELEMETRY_SERVICE_NAME", &["telemetry", "service_name"]),
];

impl Config {
    /// Reads the file (`claviger.toml` here, if none is named), then the environment.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::read(file, |name| std::env::var(name).ok())
    }

    fn read(file: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let path = file.unwrap_or(Path::new("claviger.toml"));
        let fault = |cause: String| ConfigError::File {
            path: path.display().to_string(),
            cause,
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && file.is_none() => String::new(),
            Err(error) => return Err(fault(error.to_string())),
        };
        let mut table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| fault(error.to_string()))?;
        // The file by itself, so that its faults are told with its name.
        let _: Self = table
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| fault(error.message().to_owned()))?;
        for (name, keys) in VARIABLES {
            let Some(value) = variable(name) else { continue };
            set(&mut table, keys, &value);
            let check: Result<Self, toml::de::Error> = table.clone().try_into();
            check.map_err(|error| ConfigError::Variable {
                name: name.to_owned(),
                cause: error.message().to_owned(),
            })?;
        }
        table
            .try_into()
            .map_err(|error: toml::de::Error| fault(error.message().to_owned()))
    }

    /// Where the database is.
    pub(crate) fn target(&self) -> Target {
        match &self.database {
            Some(url) => Target::Postgres(url.clone()),
            None => Target::Sqlite(self.data.join("claviger.db")),
        }
    }

    /// How people sign in, and how they are written to.
    pub(crate) fn people(&self) -> Result<app::People, ConfigError> {
        let public_url = self.web.public_url.clone();
        let is_origin = |url: &str| {
            url.split_once("://").is_some_and(|(scheme, host)| {
                matches!(scheme, "http" | "https")
                    && !host.is_empty()
                    && !host.trim_end_matches('/').contains(['/', '?', '#', '@', ' '])
            })
        };
        if public_url.as_deref().is_some_and(|url| !is_origin(url)) {
            return Err(ConfigError::PublicUrl);
        }
        let (idle, absolute) = (self.sign_in.idle, self.sign_in.absolute);
        if idle == Span::ZERO || idle > absolute {
            return Err(ConfigError::SignIn);
        }
        let mail = match (self.mail.url.clone(), self.mail.from.clone()) {
            (Some(url), Some(from)) => Some(app::mail::MailSettings { url, from }),
            (None, None) => None,
            _ => return Err(ConfigError::Mail),
        };
        let oidc = match (self.oidc.issuer.clone(), self.oidc.client_id.clone()) {
            (Some(issuer), Some(client_id)) => Some(app::oidc::OidcSettings {
                issuer,
                client_id,
                client_secret: self.oidc.client_secret.clone().map(Into::into),
                organisation: self.oidc.organisation.clone(),
            }),
            (None, None) => None,
            _ => return Err(ConfigError::Oidc),
        };
        Ok(app::People {
            oidc,
            public_url,
            proxies: self.web.proxies.clone(),
            idle: idle.duration(),
            absolute: absolute.duration(),
            mail,
        })
    }

    /// What the doors take for granted.
    pub(crate) fn doors(&self) -> Result<web::gate::Settings, ConfigError> {
        let names = self.doors.sources.iter().map(String::as_str);
        let places = web::gate::Settings::places(names).map_err(ConfigError::Sources)?;
        Ok(web::gate::Settings {
            gateways: self.doors.gateways.clone(),
            places: places.into_owned(),
            tell: match self.doors.tell {
                Tell::Generic => web::gate::Tell::Generic,
                Tell::Coded => web::gate::Tell::Coded,
            },
        })
    }

    /// Who may ask at the verification listeners.
    pub(crate) fn guard(&self) -> Result<web::gate::Guard, ConfigError> {
        match &self.verification.gateway_token {
            Some(token) => Ok(web::gate::Guard::Token(Arc::from(token.as_str()))),
            None if self.verification.open => Ok(web::gate::Guard::Open),
            None => {
                let all = [self.listen.verification, self.listen.grpc.unwrap_or(GRPC)];
                match all.into_iter().find(|address| !address.ip().is_loopback()) {
                    Some(exposed) => Err(ConfigError::Exposed(exposed)),
                    None => Ok(web::gate::Guard::Open),
                }
            }
        }
    }
}

/// Sets a value from a text: a list of what commas part, a number or a truth where it reads as one, and is not asked for as a text.
fn set(table: &mut toml::Table, keys: &[&str], text: &str) {
    let Some((last, path)) = keys.split_last() else {
        return;
    };
    let mut place = table;
    for key in path {
        let entry = place
            .entry((*key).to_owned())
            .or_insert_with(|| toml::Value::Table(toml::Table::new()));
        match entry {
            toml::Value::Table(inner) => place = inner,
            _ => return,
        }
    }
    let plain = matches!(
        *last,
        "open" | "threads" | "secrets" | "unknown" | "max_mib" | "addresses" | "lookups" | "sampling"
    );
    let list = || text.split(',').map(str::trim).filter(|one| !one.is_empty());
    let value = match (text.parse::<i64>(), text.parse::<bool>()) {
        (Ok(number), _) if plain => toml::Value::Integer(number),
        (_, Ok(truth)) if plain => toml::Value::Boolean(truth),
        _ if *last == "sampling" => match text.parse() {
            Ok(part) => toml::Value::Float(part),
            Err(_) => toml::Value::String(text.to_owned()),
        },
        _ if matches!(*last, "proxies" | "gateways" | "sources") => {
            toml::Value::Array(list().map(|one| toml::Value::String(one.to_owned())).collect())
        }
        _ => toml::Value::String(text.to_owned()),
    };
    place.insert((*last).to_owned(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn with(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("claviger.toml");
        std::fs::write(&path, text).expect("a file");
        let find = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, v)| (*v).to_owned())
        };
        Config::read(Some(&path), find).map_err(|error| error.to_string())
    }

    #[test]
    fn the_printed_default_is_the_default() {
        let printed = with(DEFAULT, &[]).expect("the default reads");
        assert_eq!(format!("{printed:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn the_environment_outranks_the_file() {
        let variables = [
            ("CLAVIGER_LISTEN_MANAGEMENT", "127.0.0.1:1"),
            ("CLAVIGER_VERIFICATION_THREADS", "3"),
        ];
        let config = with("[listen]\nmanagement = \"127.0.0.1:2\"\n", &variables).expect("settings");
        assert_eq!(config.listen.management.port(), 1);
        assert_eq!(config.verification.threads, Some(3));
    }

    #[test]
    fn a_list_is_apart_by_commas_in_a_variable() {
        let config = with("", &[("CLAVIGER_WEB_PROXIES", "10.0.0.0/8, 2001:db8::/32")]).expect("settings");
        assert_eq!(config.web.proxies.len(), 2);
        let none = [("CLAVIGER_WEB_PROXIES", "")];
        let config = with("[web]\nproxies = [\"10.0.0.0/8\"]\n", &none).expect("settings");
        assert!(config.web.proxies.is_empty());
        let refused = with("", &[("CLAVIGER_WEB_PROXIES", "10.0.0.0/8,nonsense")]).expect_err("no network");
        assert!(refused.starts_with("CLAVIGER_WEB_PROXIES"), "{refused}");
    }

    #[test]
    fn every_setting_has_a_variable() {
        let mut section = None;
        let mut found = 0;
        for line in DEFAULT.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = Some(name.to_owned());
            }
            // A setting without a default stands in a comment.
            let setting = line.strip_prefix("# ").unwrap_or(line).split_once(" = ");
            let Some((name, _)) = setting.filter(|(name, _)| !name.contains([' ', '['])) else {
                continue;
            };
            let path: Vec<&str> = section.as_deref().into_iter().chain([name]).collect();
            let known = VARIABLES.iter().any(|(_, keys)| **keys == *path);
            assert!(known, "no variable sets {path:?}");
            found += 1;
        }
        assert!(found > 15, "{found} settings");
    }

    #[test]
    fn a_misspelt_or_impossible_setting_is_named() {
        assert!(with("[listn]\n", &[]).expect_err("misspelt").contains("listn"));
        assert!(
            with("", &[("CLAVIGER_LISTEN_MANAGEMENT", "here")])
                .expect_err("no address")
                .starts_with("CLAVIGER_LISTEN")
        );
    }

    #[test]
    fn a_default_rate_is_read_from_the_environment_or_refused() {
        let rate = |text| with("", &[("CLAVIGER_LIMITS_DEFAULT_RATE", text)]);
        let config = rate("100/1m burst 20").expect("a rate");
        let rate_of = config.limits.default_rate.expect("a rate");
        assert_eq!((rate_of.limit(), rate_of.burst()), (100, 20));
        for text in [
            "",
            "100",
            "0/1m",
            "100/0s",
            "-1/1m",
            "1/1m burst 0",
            "99999999999999999999/1m",
        ] {
            let error = rate(text).expect_err("no rate");
            assert!(
                error.starts_with("CLAVIGER_LIMITS_DEFAULT_RATE"),
                "{text}: {error}"
            );
        }
        assert!(with("[limits]\nbackend = \"magic\"\n", &[]).is_err());
        assert!(with("[limits]\ndefault_rate = { limit = 5, window = \"1s\" }\n", &[]).is_ok());
    }

    #[test]
    fn settings_about_people_that_cannot_stand_are_refused() {
        for text in [
            "[web]\npublic_url = \"keys.example.com\"\n",
            "[web]\npublic_url = \"https://keys.example.com/path\"\n",
            "[web]\npublic_url = \"ftp://keys.example.com\"\n",
            "[sign_in]\nidle = \"0s\"\n",
            "[sign_in]\nidle = \"1d\"\n",
            "[oidc]\nissuer = \"https://id.example.com\"\n",
            "[mail]\nurl = \"smtp://127.0.0.1\"\n",
        ] {
            assert!(with(text, &[]).expect("settings").people().is_err(), "{text}");
        }
        let variables = [
            ("CLAVIGER_SIGN_IN_IDLE", "5m"),
            ("CLAVIGER_WEB_PUBLIC_URL", "https://keys.example.com/"),
        ];
        let people = with("", &variables).expect("settings").people().expect("people");
        assert_eq!(people.idle.as_secs(), 300);
        let hidden = with("[mail]\nurl = \"smtp://u:hush@h\"\nfrom = \"a@b.c\"\n", &[]).expect("settings");
        assert!(!format!("{hidden:?} {:?}", hidden.people()).contains("hush"));
    }

    #[test]
    fn a_verification_listener_that_others_can_reach_needs_a_word() {
        let exposed = with("[listen]\nverification = \"0.0.0.0:7401\"\n", &[]).expect("settings");
        assert!(exposed.guard().is_err());
        let grpc = with("[listen]\ngrpc = \"[::]:7402\"\n", &[]).expect("settings");
        assert!(
            grpc.guard()
                .expect_err("exposed")
                .to_string()
                .contains("[::]:7402")
        );
        let meant = with(
            "[listen]\nverification = \"0.0.0.0:7401\"\n[verification]\nopen = true\n",
            &[],
        );
        assert!(meant.expect("settings").guard().is_ok());
    }
}
