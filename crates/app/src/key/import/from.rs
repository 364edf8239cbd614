//! Other systems' exports, each mapped to a line of ours in a file of its own. A mapping is words for words: what it gives is
//! checked like any line that somebody wrote by hand.

mod better_auth;
mod maximo;
mod omnicrm;
mod openathens;
mod openlmis;
mod osprov;
mod unkey;

use domain::clock::Timestamp;
use domain::input::FieldError;
use domain::policy::End;
use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::row::KeyRow;

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ImportSource)]
pub enum System {
    /// OpenLMIS: pages of `/api/apiKeys`.
    Openlmis,
    /// OmniCRM: the list of `/crm/api-keys`.
    Omnicrm,
    /// OSPROV: API users with their tokens.
    Osprov,
    /// OpenAthens: API keys with their levels.
    Openathens,
    /// IBM Maximo Manage: `mxapiapikey`.
    Maximo,
    /// Unkey: its list of keys, the body of its migration, or its table.
    Unkey,
    /// Better Auth: the table `apikey`.
    BetterAuth,
}

impl System {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Openlmis,
        Self::Omnicrm,
        Self::Osprov,
        Self::Openathens,
        Self::Maximo,
        Self::Unkey,
        Self::BetterAuth,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Openlmis => "openlmis",
            Self::Omnicrm => "omnicrm",
            Self::Osprov => "osprov",
            Self::Openathens => "openathens",
            Self::Maximo => "maximo",
            Self::Unkey => "unkey",
            Self::BetterAuth => "better-auth",
        }
    }

    /// A line of ours out of one of theirs.
    pub(super) fn map(self, fields: Map<String, Value>, now: Timestamp) -> Result<KeyRow, Vec<FieldError>> {
        let mut source = Source::of(fields);
        let row = match self {
            Self::Openlmis => openlmis::row(&mut source),
            Self::Omnicrm => omnicrm::row(&mut source),
            Self::Osprov => osprov::row(&mut source),
            Self::Openathens => openathens::row(&mut source),
            Self::Maximo => maximo::row(&mut source, now),
            Self::Unkey => unkey::row(&mut source),
            Self::BetterAuth => better_auth::row(&mut source),
        };
        source.finish(row)
    }
}

/// Another system's fields, by name; `createdAt`, `created_at` and `Created At` are one.
struct Source {
    fields: Vec<(String, String, Value)>,
    faults: Vec<FieldError>,
    kept: Map<String, Value>,
}

fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

impl Source {
    fn of(fields: Map<String, Value>) -> Self {
        let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
        // A namespace before the name, as OSLC writes it: `spi:apikey`.
        let name = |name: &str| plain(name.rsplit(':').next().unwrap_or(name));
        Self {
            fields: fields
                .map(|(given, value)| (name(&given), given, value))
                .collect(),
            faults: Vec::new(),
            kept: Map::new(),
        }
    }

    fn fault(&mut self, field: &str, detail: impl Into<String>) {
        self.faults.push(FieldError::new(field, detail));
    }

    /// Takes the first of these fields that is there and says something.
    fn take(&mut self, names: &[&str]) -> Option<(String, Value)> {
        for name in names {
            let name = plain(name);
            if let Some(at) = self.fields.iter().position(|(known, _, _)| *known == name) {
                let (_, given, value) = self.fields.swap_remove(at);
                if value.as_str().is_none_or(|text| !text.trim().is_empty()) {
                    return Some((given, value));
                }
            }
        }
        None
    }

    fn text(&mut self, names: &[&str]) -> Option<String> {
        let (given, value) = self.take(names)?;
        match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            _ => {
                self.fault(&given, "expected a text");
                None
            }
        }
    }

    fn secret(&mut self, names: &[&str]) -> Option<Zeroizing<String>> {
        self.text(names).map(Zeroizing::new)
    }

    /// Whether it is on: the words and numbers that systems write for it.
    fn flag(&mut self, names: &[&str]) -> Option<bool> {
        let (given, value) = self.take(names)?;
        let said = match &value {
            Value::Bool(value) => Some(*value),
            Value::Number(number) => number.as_i64().and_then(|number| match number {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            }),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "t" | "1" | "yes" | "y" | "active" | "enabled" => Some(true),
                "false" | "f" | "0" | "no" | "n" | "inactive" | "disabled" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if said.is_none() {
            self.fault(&given, "expected true or false, or active or inactive");
        }
        said
    }

    /// Several texts: a list, the text of a JSON list, or words apart by commas or semicolons.
    fn texts(&mut self, names: &[&str]) -> Option<Vec<String>> {
        let (given, value) = self.take(names)?;
        let value = match value {
            Value::String(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            value => value,
        };
        match value {
            Value::Array(items) => {
                let texts: Option<Vec<String>> = items
                    .iter()
                    .map(|item| {
                        let named = item.as_str().or_else(|| item.get("name").and_then(Value::as_str));
                        named.map(str::to_owned)
                    })
                    .collect();
                if texts.is_none() {
                    self.fault(&given, "expected a list of texts");
                }
                texts
            }
            Value::String(text) => {
                let words = text.split([',', ';']).map(str::trim);
                Some(words.filter(|word| !word.is_empty()).map(str::to_owned).collect())
            }
            _ => {
                self.fault(&given, "expected a list of texts");
                None
            }
        }
    }

    /// An object, or the text of one.
    fn object(&mut self, names: &[&str]) -> Option<Map<String, Value>> {
        let (given, value) = self.take(names)?;
        let value = match value {
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            value => value,
        };
        match value {
            Value::Object(fields) => Some(fields),
            _ => {
                self.fault(&given, "expected a JSON object");
                None
            }
        }
    }

    /// An instant or a day: RFC 3339, SQL's `2026-01-10 12:00:00` (taken for UTC), or a number of seconds or milliseconds
    /// since 1970.
    fn end(&mut self, names: &[&str]) -> Option<End> {
        let (given, value) = self.take(names)?;
        let read = match &value {
            Value::Number(number) => number.as_f64().and_then(since_1970),
            Value::String(text) => {
                let text = text.trim();
                let sql = || format!("{}Z", text.replacen(' ', "T", 1)).parse().ok();
                text.parse::<End>()
                    .ok()
                    .or_else(|| text.parse().ok().and_then(since_1970))
                    .or_else(sql)
                    .or_else(|| text.replacen(' ', "T", 1).parse().ok())
            }
            _ => None,
        };
        if read.is_none() {
            let detail =
                "expected an instant such as 2026-01-10T23:59:59Z, a date, or milliseconds since 1970";
            self.fault(&given, detail);
        }
        read
    }

    /// The same where a day is its first instant.
    fn instant(&mut self, names: &[&str]) -> Option<Timestamp> {
        match self.end(names)? {
            End::At(at) => Some(at),
            End::On(date) => Timestamp::parse(&format!("{date}T00:00:00Z")).ok(),
        }
    }

    fn number(&mut self, names: &[&str]) -> Option<i64> {
        let (given, value) = self.take(names)?;
        let number = value
            .as_i64()
            .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
        if number.is_none() {
            self.fault(&given, "expected a whole number");
        }
        number
    }

    /// Keeps a field beside the key's id in the other system.
    fn keep(&mut self, as_name: &str, names: &[&str]) {
        if let Some((_, value)) = self.take(names) {
            self.kept.insert(as_name.to_owned(), value);
        }
    }

    /// The row, unless something is wrong. Fields that no mapping asks for are left out: they may be secrets of another kind.
    fn finish(mut self, mut row: KeyRow) -> Result<KeyRow, Vec<FieldError>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        if !self.kept.is_empty() {
            let metadata = row.metadata.get_or_insert_default();
            metadata.insert(
                "imported".to_owned(),
                Value::Object(std::mem::take(&mut self.kept)),
            );
        }
        Ok(row)
    }
}

/// Larger numbers than seconds can be in this millennium are milliseconds.
fn since_1970(number: f64) -> Option<End> {
    let micros = if number.abs() < 1e11 {
        number * 1e6
    } else {
        number * 1e3
    };
    // The year 9999 in microseconds.
    (micros.is_finite() && (0.0..2.5e17).contains(&micros))
        .then(|| End::At(Timestamp::from_micros(micros as i64)))
}

/// A username that we take, out of a text that may be anything.
fn username(text: &str) -> String {
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '@' | '+' | '-') => c,
        _ => '-',
    };
    text.trim().chars().map(plain).collect()
}

#[cfg(test)]
mod tests;
