//! Settings of what is watched: guesses, metrics, traces.

use std::sync::Arc;

use domain::limits::Rate;
use serde::Deserialize;

use super::{Config, ConfigError, METRICS};

/// How much may be guessed from an address.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Guessing {
    #[serde(deserialize_with = "rate_or_off")]
    pub(crate) rate: Option<Rate>,
    pub(crate) addresses: usize,
    pub(crate) lookups: usize,
}

/// A rate; none for the word "off".
fn rate_or_off<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Rate>, D::Error> {
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(word) if word == "off" => Ok(None),
        value => Rate::deserialize(value)
            .map(Some)
            .map_err(serde::de::Error::custom),
    }
}

/// Who may read the metrics where other machines can reach them.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Metrics {
    pub(crate) token: Option<String>,
    pub(crate) open: bool,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics")
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Telemetry {
    pub(crate) otlp_endpoint: Option<String>,
    pub(crate) sampling: f64,
    pub(crate) service_name: String,
}

impl Telemetry {
    /// The collector's address; none where traces are off.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.otlp_endpoint
            .as_deref()
            .filter(|endpoint| !endpoint.is_empty())
    }
}

impl Default for Guessing {
    fn default() -> Self {
        let engine::Guessing {
            rate,
            addresses,
            lookups,
        } = engine::Guessing::default();
        Self {
            rate,
            addresses,
            lookups,
        }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            sampling: 0.1,
            service_name: "claviger".to_owned(),
        }
    }
}

impl Config {
    /// Who may read the metrics.
    pub(crate) fn readers(&self) -> Result<web::gate::Guard, ConfigError> {
        let address = self.listen.metrics.unwrap_or(METRICS);
        match &self.metrics.token {
            Some(token) => Ok(web::gate::Guard::Token(Arc::from(token.as_str()))),
            None if self.metrics.open || address.ip().is_loopback() => Ok(web::gate::Guard::Open),
            None => Err(ConfigError::Bare(address)),
        }
    }

    /// Whether traces can go where they are to go.
    pub(crate) fn check_telemetry(&self) -> Result<(), ConfigError> {
        if !(0.0..=1.0).contains(&self.telemetry.sampling) {
            return Err(ConfigError::Sampling);
        }
        match self.telemetry.endpoint() {
            Some(url) if !(url.starts_with("http://") || url.starts_with("https://")) => {
                Err(ConfigError::Collector)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::tests::with;

    #[test]
    fn metrics_that_others_can_reach_need_a_word_or_a_token() {
        let variables = |more: &[(&str, &str)]| {
            let all = [&[("CLAVIGER_LISTEN_METRICS", "0.0.0.0:7403")], more].concat();
            with("", &all).expect("settings").readers()
        };
        let bare = variables(&[]).expect_err("exposed").to_string();
        assert!(
            bare.contains("0.0.0.0:7403") && bare.contains("CLAVIGER_METRICS_TOKEN"),
            "{bare}"
        );
        assert!(variables(&[("CLAVIGER_METRICS_OPEN", "true")]).is_ok());
        let hushed = with("", &[("CLAVIGER_METRICS_TOKEN", "hush")]).expect("settings");
        assert!(!format!("{hushed:?} {:?}", hushed.readers()).contains("hush"));
    }

    #[test]
    fn guessing_can_be_limited_otherwise_or_not_at_all() {
        let rate = |text| with("", &[("CLAVIGER_GUESSING_RATE", text)]).map(|config| config.guessing.rate);
        assert_eq!(rate("off"), Ok(None));
        assert_eq!(rate("10/1s").expect("a rate").expect("a limit").limit(), 10);
        assert!(
            rate("seldom")
                .expect_err("no rate")
                .starts_with("CLAVIGER_GUESSING_RATE")
        );
    }

    #[test]
    fn the_collectors_own_variable_is_heard_and_ours_outranks_it() {
        let theirs = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let config = with("", &[theirs]).expect("settings");
        assert_eq!(config.telemetry.endpoint(), Some("http://127.0.0.1:4318"));
        let ours = ("CLAVIGER_TELEMETRY_OTLP_ENDPOINT", "");
        assert_eq!(
            with("", &[theirs, ours]).expect("settings").telemetry.endpoint(),
            None
        );
        let part = |text| with("", &[("CLAVIGER_TELEMETRY_SAMPLING", text)]);
        assert_eq!(part("0.25").expect("a part").telemetry.sampling, 0.25);
        assert_eq!(part("1").expect("a part").telemetry.sampling, 1.0);
        assert!(part("2").expect("a number").check_telemetry().is_err());
        assert!(part("often").is_err());
        assert!(
            with("", &[("CLAVIGER_TELEMETRY_OTLP_ENDPOINT", "collector")])
                .expect("settings")
                .check_telemetry()
                .is_err()
        );
    }
}
