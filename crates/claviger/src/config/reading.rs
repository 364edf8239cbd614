//! Where settings come from: the file, then the environment.

use std::path::Path;

use super::{Config, ConfigError};

/// The variables that set something, and what they set.
const VARIABLES: [(&str, &[&str]); 54] = [
    ("CLAVIGER_DATA", &["data"]),
    ("CLAVIGER_DATABASE", &["database"]),
    ("CLAVIGER_LISTEN_MANAGEMENT", &["listen", "management"]),
    ("CLAVIGER_LISTEN_VERIFICATION", &["listen", "verification"]),
    ("CLAVIGER_LISTEN_GRPC", &["listen", "grpc"]),
    ("CLAVIGER_LISTEN_METRICS", &["listen", "metrics"]),
    ("CLAVIGER_TLS_CERTIFICATE", &["tls", "certificate"]),
    ("CLAVIGER_TLS_KEY", &["tls", "key"]),
    ("CLAVIGER_TLS_LISTENERS", &["tls", "listeners"]),
    ("CLAVIGER_TLS_CLIENTS", &["tls", "clients"]),
    ("CLAVIGER_TLS_CLIENT_NAMES", &["tls", "client_names"]),
    ("CLAVIGER_TLS_REVOKED", &["tls", "revoked"]),
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
    ("CLAVIGER_WEBHOOKS_ALLOW", &["webhooks", "allow"]),
    ("CLAVIGER_LEAKS_GITHUB_KEYS", &["leaks", "github_keys"]),
    ("CLAVIGER_STREAM_DIRECTORY", &["stream", "directory"]),
    ("CLAVIGER_STREAM_MAX_MIB", &["stream", "max_mib"]),
    ("CLAVIGER_STREAM_KEEP", &["stream", "keep"]),
    ("CLAVIGER_NODE_NAME", &["node", "name"]),
    ("CLAVIGER_NODE_LEASE", &["node", "lease"]),
    ("CLAVIGER_NODE_FRESHNESS", &["node", "freshness"]),
    ("CLAVIGER_NODE_STATIC_MAX", &["node", "static_max"]),
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
        "open"
            | "threads"
            | "secrets"
            | "unknown"
            | "max_mib"
            | "keep"
            | "addresses"
            | "lookups"
            | "sampling"
    );
    let list = || text.split(',').map(str::trim).filter(|one| !one.is_empty());
    let value = match (text.parse::<i64>(), text.parse::<bool>()) {
        (Ok(number), _) if plain => toml::Value::Integer(number),
        (_, Ok(truth)) if plain => toml::Value::Boolean(truth),
        _ if *last == "sampling" => match text.parse() {
            Ok(part) => toml::Value::Float(part),
            Err(_) => toml::Value::String(text.to_owned()),
        },
        _ if matches!(
            *last,
            "proxies" | "gateways" | "sources" | "allow" | "listeners" | "client_names"
        ) =>
        {
            toml::Value::Array(list().map(|one| toml::Value::String(one.to_owned())).collect())
        }
        _ => toml::Value::String(text.to_owned()),
    };
    place.insert((*last).to_owned(), value);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::DEFAULT;

    pub(in crate::config) fn with(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
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
}
