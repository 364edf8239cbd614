//! Many things at once from a file: CSV or NDJSON, read line by line, so that every bad line is named by its number.

use std::collections::BTreeSet;

use domain::input::FieldError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{AppError, Result};

/// The largest file, in bytes.
pub const MAX_IMPORT_BODY: usize = 4 * 1024 * 1024;
/// Lines that are taken at once.
pub const MAX_LINES: usize = 5_000;
/// Faults that are told at once; more would not be read.
const MAX_FAULTS: usize = 500;
/// Between the values of one CSV cell that holds several.
const SEPARATOR: char = ';';

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with the fields' names in the first line.
    Csv,
    /// A JSON object a line.
    Ndjson,
}

/// A line that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<T> {
    /// Its number in the file, counted from 1.
    pub number: u64,
    /// What it says.
    pub value: T,
}

/// What is wrong with a file, line by line.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldError>);

impl Faults {
    /// Notes faults of a line; `field` of each becomes `lines[7].field`.
    pub fn of_line(&mut self, number: u64, faults: impl IntoIterator<Item = FieldError>) {
        let line = format!("lines[{number}]");
        let named = faults.into_iter().map(|fault| match fault.field.as_str() {
            "" => FieldError::new(line.as_str(), fault.detail),
            field => FieldError::new(format!("{line}.{field}"), fault.detail),
        });
        self.0.extend(named);
    }

    /// Goes on only if there are none.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with the faults, the first 500 of them if there are more.
    pub fn refuse_any(mut self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let more = self.0.len().saturating_sub(MAX_FAULTS);
        self.0.truncate(MAX_FAULTS);
        if more > 0 {
            self.0
                .push(FieldError::new("lines", format!("and {more} faults more")));
        }
        Err(AppError::Invalid(self.0))
    }
}

/// Reads a file whose lines are `T`s; `lists` names the fields that hold several values, apart by `;` in CSV. Lines that
/// cannot be read are noted in `faults`.
///
/// # Errors
/// [`AppError::Invalid`] when the file as a whole cannot be taken.
pub fn read<T: DeserializeOwned>(
    format: Format,
    bytes: &[u8],
    lists: &[&str],
    faults: &mut Faults,
) -> Result<Vec<Line<T>>> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| AppError::field("", format!("not UTF-8 from byte {} on", error.valid_up_to())))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let objects = match format {
        Format::Csv => csv(text, lists, faults)?,
        Format::Ndjson => ndjson(text, faults),
    };
    if objects.len() > MAX_LINES {
        let detail = format!("at most {MAX_LINES} at once; this has {}", objects.len());
        return Err(AppError::field("lines", detail));
    }
    let mut lines = Vec::with_capacity(objects.len());
    for Line { number, value } in objects {
        match serde_json::from_value(Value::Object(value)) {
            Ok(value) => lines.push(Line { number, value }),
            Err(error) => faults.of_line(number, [FieldError::new("", error.to_string())]),
        }
    }
    if lines.is_empty() && faults.0.is_empty() {
        return Err(AppError::field("lines", "the file holds nothing to import"));
    }
    Ok(lines)
}

fn ndjson(text: &str, faults: &mut Faults) -> Vec<Line<Map<String, Value>>> {
    let mut lines = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(line) {
            Ok(Value::Object(value)) => lines.push(Line { number, value }),
            Ok(_) => faults.of_line(number, [FieldError::new("", "expected a JSON object")]),
            Err(error) => faults.of_line(number, [FieldError::new("", format!("not JSON: {error}"))]),
        }
    }
    lines
}

fn csv(text: &str, lists: &[&str], faults: &mut Faults) -> Result<Vec<Line<Map<String, Value>>>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| AppError::field("lines[1]", error.to_string());
    let names = reader.headers().map_err(unreadable)?.clone();
    let mut seen = BTreeSet::new();
    for name in &names {
        if name.is_empty() || !seen.insert(name) {
            let detail = "the first line names the fields, each of them once";
            return Err(AppError::field("lines[1]", detail));
        }
    }
    let mut lines = Vec::new();
    let mut numbers = Numbers {
        bytes: text.as_bytes(),
        at: 0,
        number: 1,
    };
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let begins = record.position().map_or(0, csv::Position::byte);
        let number = numbers.at(begins as usize);
        if record.len() != names.len() {
            let detail = format!(
                "has {} cells where the first line has {}",
                record.len(),
                names.len()
            );
            faults.of_line(number, [FieldError::new("", detail)]);
            continue;
        }
        let cells = names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        let value = cells.map(|(name, cell)| {
            let value = if lists.contains(&name) {
                let values = cell.split(SEPARATOR).map(str::trim);
                values
                    .filter(|value| !value.is_empty())
                    .map(Value::from)
                    .collect()
            } else {
                Value::from(cell)
            };
            (name.to_owned(), value)
        });
        lines.push(Line {
            number,
            value: value.collect(),
        });
    }
    Ok(lines)
}

/// Counts lines as an editor does. The reader's own count lags behind: it says where it went on, which may be before the
/// line break that ends the record before, and before empty lines.
struct Numbers<'a> {
    bytes: &'a [u8],
    at: usize,
    number: u64,
}

impl Numbers<'_> {
    /// The number of the line of the record that begins at a byte, or after line breaks there.
    fn at(&mut self, byte: usize) -> u64 {
        let rest = self.bytes.get(byte..).unwrap_or_default();
        let breaks = rest
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let passed = self.bytes.get(self.at..byte + breaks).unwrap_or_default();
        self.number += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = byte + breaks;
        self.number
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        name: String,
        #[serde(default)]
        tags: Vec<String>,
    }

    fn things(format: Format, text: &str) -> (Vec<(u64, String, usize)>, Vec<String>) {
        let mut faults = Faults::default();
        let lines: Vec<Line<Thing>> =
            read(format, text.as_bytes(), &["tags"], &mut faults).unwrap_or_default();
        let lines = lines
            .into_iter()
            .map(|line| (line.number, line.value.name, line.value.tags.len()));
        (
            lines.collect(),
            faults.0.into_iter().map(|fault| fault.field).collect(),
        )
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let csv = "\u{feff}name, tags\r\n\"two\nlines\",a;b\r\n\r\nplain,\r\nshort\r\n";
        let expected = vec![(2, "two\nlines".to_owned(), 2), (5, "plain".to_owned(), 0)];
        assert_eq!(things(Format::Csv, csv), (expected, vec!["lines[6]".to_owned()]));
        let ndjson = "{\"name\":\"a\",\"tags\":[\"x\"]}\n\n[1]\n{\"name\":1}\n{\"nam\":\"b\"}\n{";
        let (lines, mut faults) = things(Format::Ndjson, ndjson);
        faults.sort();
        assert_eq!(lines, vec![(1, "a".to_owned(), 1)]);
        assert_eq!(faults, ["lines[3]", "lines[4]", "lines[5]", "lines[6]"]);
    }

    #[test]
    fn a_file_that_cannot_be_taken_whole_is_refused() {
        for (format, bytes) in [
            (Format::Csv, &b""[..]),
            (Format::Csv, b"name,name\na,b\n"),
            (Format::Csv, b"name\n"),
            (Format::Ndjson, b" \n\n"),
            (Format::Ndjson, b"{\"name\":\"\xff\"}"),
        ] {
            let refused = read::<Thing>(format, bytes, &[], &mut Faults::default());
            assert!(matches!(refused, Err(AppError::Invalid(_))), "{bytes:?}");
        }
        let many = "{\"name\":\"a\"}\n".repeat(MAX_LINES + 1);
        let refused = read::<Thing>(Format::Ndjson, many.as_bytes(), &[], &mut Faults::default());
        assert!(refused.is_err());
    }
}
