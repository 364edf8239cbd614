//! A file read as it comes, one line (or record, or element) after the other, in bounded memory: a bad one is named by its
//! number and does not spoil the next.

mod csv;
mod json;
mod ndjson;

use std::io::{self, Read};

use domain::input::FieldError;
use serde_json::{Map, Value};

use super::Format;
use csv::Csv;
use json::Json;
use ndjson::Ndjson;

/// The longest line, record or element, in bytes. A key with all its fields full has less.
pub const LONGEST: usize = 256 * 1024;
/// What one read asks for.
const BUFFER: usize = 64 * 1024;

/// What stands on a line; it may be a token.
pub(super) enum Content {
    /// JSON, still to be read.
    Json(Vec<u8>),
    /// The fields of a CSV record.
    Fields(Map<String, Value>),
}

/// A line with its number.
pub(super) struct Line {
    /// Counted from 1, as an editor does.
    pub(super) number: u64,
    /// Where it ends, in bytes.
    pub(super) end: u64,
    /// What it says, or why it cannot be read.
    pub(super) content: Result<Content, FieldError>,
}

/// Why a file cannot be read on.
#[derive(Debug)]
pub(super) enum Broken {
    /// The connection, or whatever the bytes come from.
    Input(String),
    /// What stands there, from this line on.
    Text(u64, FieldError),
}

/// A file's lines.
pub(super) enum Lines<R: Read> {
    Ndjson(Ndjson<R>),
    Csv(Box<Csv<R>>),
    Json(Json<R>),
}

impl<R: Read> Lines<R> {
    /// Begins to read a file; `ours` says that its fields are Claviger's own, of which some hold several values.
    pub(super) fn of(format: Format, input: R, ours: bool) -> Self {
        match format {
            Format::Ndjson => Self::Ndjson(Ndjson::of(input)),
            Format::Csv => Self::Csv(Box::new(Csv::of(input, ours))),
            Format::Json => Self::Json(Json::of(input)),
        }
    }

    /// The next line; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line>, Broken> {
        match self {
            Self::Ndjson(lines) => lines.next(),
            Self::Csv(lines) => lines.next(),
            Self::Json(lines) => lines.next(),
        }
    }
}

fn broken(error: &io::Error) -> Broken {
    Broken::Input(error.to_string())
}

fn too_long() -> FieldError {
    FieldError::new("", format!("is longer than {LONGEST} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, as a slow connection may.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let (Some((first, rest)), Some(slot)) = (self.0.split_first(), out.first_mut()) else {
                return Ok(0);
            };
            (*slot, self.0) = (*first, rest);
            Ok(1)
        }
    }

    fn all(format: Format, text: &[u8]) -> Vec<String> {
        let mut lines = Lines::of(format, Slow(text), true);
        let mut told = Vec::new();
        loop {
            match lines.next() {
                Ok(None) => return told,
                Ok(Some(line)) => {
                    let content = match line.content {
                        Ok(Content::Json(text)) => String::from_utf8_lossy(text.trim_ascii()).into_owned(),
                        Ok(Content::Fields(fields)) => Value::Object(fields).to_string(),
                        Err(fault) => format!("! {} {}", fault.field, fault.detail),
                    };
                    told.push(format!("{} {content}", line.number));
                }
                Err(Broken::Text(number, fault)) => {
                    told.push(format!("{number} !! {}", fault.detail));
                    return told;
                }
                Err(Broken::Input(cause)) => {
                    told.push(cause);
                    return told;
                }
            }
        }
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let csv = "\u{feff}name, tags\r\n\"two\nlines\",a;b\r\n\r\nplain,\r\nshort\r\n'=1+1,'x\n";
        assert_eq!(
            all(Format::Csv, csv.as_bytes()),
            [
                "2 {\"name\":\"two\\nlines\",\"tags\":[\"a\",\"b\"]}",
                "5 {\"name\":\"plain\"}",
                "6 !  has 1 cells where the first line has 2",
                "7 {\"name\":\"=1+1\",\"tags\":[\"'x\"]}",
            ]
        );
        let ndjson = "\u{feff}{\"a\":1}\r\n\n{\"b\":2}\n[1]";
        assert_eq!(
            all(Format::Ndjson, ndjson.as_bytes()),
            ["1 {\"a\":1}", "3 {\"b\":2}", "4 [1]"]
        );
        let json = "{\"page\": {\"of\": [1]}, \"content\": [\n {\"a\": \"]}\\\"\"},\n {\"b\": [{}]}]}";
        assert_eq!(
            all(Format::Json, json.as_bytes()),
            ["2 {\"a\": \"]}\\\"\"}", "3 {\"b\": [{}]}"]
        );
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_spoils_no_other() {
        let long = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(1_000_000));
        let told = all(Format::Ndjson, long.as_bytes());
        assert_eq!(told, ["1 !  is longer than 262144 bytes", "2 {\"b\":1}"]);
        let open = format!("name\nfine\n\"never closed\n{}", "x\n".repeat(500_000));
        let told = all(Format::Csv, open.as_bytes());
        assert_eq!(told[0], "2 {\"name\":\"fine\"}");
        assert!(told[1].starts_with("3 !! is longer than"), "{told:?}");
    }

    #[test]
    fn bytes_that_are_no_text_are_a_fault_of_their_line() {
        let told = all(Format::Csv, b"name,tags\n\xff,a\nfine,b\n");
        assert_eq!(told[0], "2 ! name is not UTF-8");
        assert_eq!(told[1], "3 {\"name\":\"fine\",\"tags\":[\"b\"]}");
    }

    #[test]
    fn a_document_that_is_no_array_is_refused() {
        for text in ["", "{}", "1", "[1]", "[{}", "{\"a\":{\"b\":[]}}"] {
            let told = all(Format::Json, text.as_bytes());
            assert!(
                told.last().is_some_and(|last| last.contains("!!")),
                "{text}: {told:?}"
            );
        }
    }
}
