//! Limits as they are typed: `--rate requests=100/1m --burst 20 --quota 10000/month`.

use clap::Args;
use domain::limits::{Quota, Rate, RateLimit};
use serde_json::{Map, Value, json};

use super::error::CliError;

/// How often something may be used.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Rates {
    /// How often it may be used, such as 100/1m, or by a name, such as requests=100/1m; in place of all limits, and may be
    /// repeated
    #[arg(long = "rate", value_name = "[NAME=]LIMIT/WINDOW")]
    rates: Vec<String>,
    /// How many of these at once; as many as the limit if left out
    #[arg(long, value_name = "N", requires = "rates")]
    burst: Option<u64>,
}

impl Rates {
    /// As the server reads them.
    pub(crate) fn put(&self, body: &mut Map<String, Value>) -> Result<(), CliError> {
        if self.rates.is_empty() {
            return Ok(());
        }
        let limit = |text: &String| {
            let (name, rate) = text.split_once('=').unwrap_or(("requests", text));
            let usage = |error: domain::limits::RateError| CliError::Usage(format!("--rate {text}: {error}"));
            let rate: Rate = rate.parse().map_err(usage)?;
            let rate = match self.burst {
                Some(burst) => Rate::new(rate.limit(), rate.window(), Some(burst)).map_err(usage)?,
                None => rate,
            };
            let limit = RateLimit {
                name: name.into(),
                rate,
            };
            Ok(json!(limit))
        };
        let limits: Result<Vec<Value>, CliError> = self.rates.iter().map(limit).collect();
        if body.insert("rate_limits".to_owned(), limits?.into()).is_some() {
            return Err(CliError::Usage(
                "rate_limits is both given and cleared".to_owned(),
            ));
        }
        Ok(())
    }
}

/// How much something may be used.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Quotas {
    /// How much it may be used, such as 10000/month, 500/day or 1000000/total; with a time zone: '500/day Europe/Berlin'
    #[arg(long, value_name = "LIMIT/PERIOD")]
    quota: Option<String>,
}

impl Quotas {
    /// As the server reads it.
    pub(crate) fn put(&self, body: &mut Map<String, Value>) -> Result<(), CliError> {
        let Some(text) = &self.quota else { return Ok(()) };
        let quota: Quota = text
            .parse()
            .map_err(|error| CliError::Usage(format!("--quota {text}: {error}")))?;
        if body.insert("quota".to_owned(), json!(quota)).is_some() {
            return Err(CliError::Usage("quota is both given and cleared".to_owned()));
        }
        Ok(())
    }
}

/// Rate limits on a line.
pub(crate) fn rates(holder: &Value) -> String {
    let all = holder
        .get("rate_limits")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let one = |limit: &Value| {
        let limit: RateLimit = serde_json::from_value(limit.clone()).ok()?;
        Some(format!("{} {}", limit.name, limit.rate))
    };
    let all: Vec<String> = all.filter_map(one).collect();
    if all.is_empty() {
        "-".to_owned()
    } else {
        all.join(", ")
    }
}

/// A quota with what is used of it, on a line.
pub(crate) fn quota(key: &Value) -> String {
    let Some(quota) = key.get("quota").filter(|quota| quota.is_object()) else {
        return "-".to_owned();
    };
    let number = |field: &str| quota.get(field).and_then(Value::as_u64);
    let text = |field: &str| quota.get(field).and_then(Value::as_str).unwrap_or_default();
    let limit = number("limit").unwrap_or_default();
    let used = number("used").map_or_else(String::new, |used| format!("{used} of "));
    let reset = match text("reset_at") {
        "" => String::new(),
        at => format!(", filled again {at}"),
    };
    format!("{used}{limit} per {}{reset}", text("per"))
}
