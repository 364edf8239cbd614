//! A file read as it comes, one line (or record, or element) after the other, in bounded memory: a bad one is named by its
//! number and does not spoil the next.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use domain::input::FieldError;
use serde_json::{Map, Value};

use super::Format;

/// The longest line, record or element, in bytes. A key with all its fields full has less.
pub const LONGEST: usize = 256 * 1024;
/// Between the values of one CSV cell that holds several.
const SEPARATOR: char = ';';
/// Fields that hold several values.
const LISTS: [&str; 5] = ["permissions", "roles", "networks", "tags", "contacts"];
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
            Format::Ndjson => Self::Ndjson(Ndjson {
                input: BufReader::with_capacity(BUFFER, input),
                number: 0,
                at: 0,
            }),
            Format::Csv => Self::Csv(Box::new(Csv::of(input, ours))),
            Format::Json => Self::Json(Json {
                input: BufReader::with_capacity(BUFFER, input),
                number: 1,
                at: 0,
                began: false,
                ended: false,
            }),
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

/// A JSON object a line.
pub(super) struct Ndjson<R> {
    input: BufReader<R>,
    number: u64,
    at: u64,
}

impl<R: Read> Ndjson<R> {
    fn next(&mut self) -> Result<Option<Line>, Broken> {
        loop {
            let mut line = Vec::new();
            let (mut long, mut ended) = (false, false);
            let before = self.at;
            while !ended {
                let chunk = self.input.fill_buf().map_err(|error| broken(&error))?;
                if chunk.is_empty() {
                    break;
                }
                let found = chunk.iter().position(|byte| *byte == b'\n');
                ended = found.is_some();
                let taken = found.map_or(chunk.len(), |at| at + 1);
                long |= line.len() + taken > LONGEST;
                if long {
                    line = Vec::new();
                } else {
                    line.extend_from_slice(&chunk[..taken]);
                }
                self.at += taken as u64;
                self.input.consume(taken);
            }
            if self.at == before {
                return Ok(None);
            }
            self.number += 1;
            if self.number == 1 && line.starts_with("\u{feff}".as_bytes()) {
                line.drain(..3);
            }
            if line.trim_ascii().is_empty() && !long {
                continue;
            }
            return Ok(Some(Line {
                number: self.number,
                end: self.at,
                content: if long {
                    Err(too_long())
                } else {
                    Ok(Content::Json(line))
                },
            }));
        }
    }
}

/// What the CSV reader was given and has not passed yet: it says at which byte a record begins, and this says on which line
/// that is. (Its own count lags behind line breaks.)
#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    /// The first of them.
    at: u64,
    /// Its line.
    number: u64,
}

impl Kept {
    /// The number of the line of the record that begins at a byte, or after line breaks there.
    fn pass(&mut self, byte: u64) -> u64 {
        let mut passed = usize::try_from(byte.saturating_sub(self.at)).unwrap_or(usize::MAX);
        passed = passed.min(self.bytes.len());
        let rest = &self.bytes[passed..];
        passed += rest
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let breaks = self.bytes[..passed].iter().filter(|byte| **byte == b'\n');
        self.number += breaks.count() as u64;
        self.at += passed as u64;
        self.bytes.drain(..passed);
        self.number
    }
}

struct Tee<R> {
    input: R,
    kept: Rc<RefCell<Kept>>,
    begun: bool,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // A quote that is never closed would take the rest of the file for one cell.
        if self.kept.borrow().bytes.len() > LONGEST + BUFFER {
            return Err(io::Error::other(too_long().detail));
        }
        let mut count = self.input.read(out)?;
        if !self.begun && count > 0 {
            self.begun = true;
            let mark = "\u{feff}".as_bytes();
            // A slow connection may bring it byte by byte.
            while count < mark.len() && mark.starts_with(&out[..count]) {
                match self.input.read(&mut out[count..])? {
                    0 => break,
                    more => count += more,
                }
            }
            if out[..count].starts_with(mark) {
                out.copy_within(mark.len()..count, 0);
                count -= mark.len();
                if count == 0 {
                    return self.read(out);
                }
            }
        }
        self.kept.borrow_mut().bytes.extend_from_slice(&out[..count]);
        Ok(count)
    }
}

/// RFC 4180, with the fields' names in the first line.
pub(super) struct Csv<R: Read> {
    reader: csv::Reader<Tee<R>>,
    kept: Rc<RefCell<Kept>>,
    names: Option<Vec<String>>,
    record: csv::ByteRecord,
    ours: bool,
}

impl<R: Read> Csv<R> {
    fn of(input: R, ours: bool) -> Self {
        let kept = Rc::new(RefCell::new(Kept {
            bytes: Vec::new(),
            at: 0,
            number: 1,
        }));
        let tee = Tee {
            input,
            kept: Rc::clone(&kept),
            begun: false,
        };
        let reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(BUFFER)
            .from_reader(tee);
        Self {
            reader,
            kept,
            names: None,
            record: csv::ByteRecord::new(),
            ours,
        }
    }

    fn read(&mut self) -> Result<Option<u64>, Broken> {
        // Where the one before ended: all that is known of one that does not end.
        let behind = self.reader.position().byte();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let begins = self.record.position().map_or(0, csv::Position::byte);
                Ok(Some(self.kept.borrow_mut().pass(begins)))
            }
            Err(error) => match error.into_kind() {
                csv::ErrorKind::Io(error) if self.kept.borrow().bytes.len() > LONGEST => {
                    let number = self.kept.borrow_mut().pass(behind);
                    let detail = format!("{error}; is a quote not closed?");
                    Err(Broken::Text(number, FieldError::new("", detail)))
                }
                csv::ErrorKind::Io(error) => Err(broken(&error)),
                other => Err(Broken::Input(format!("{other:?}"))),
            },
        }
    }

    fn names(&mut self) -> Result<Vec<String>, Broken> {
        let mut names: Vec<String> = Vec::new();
        self.read()?;
        for cell in &self.record {
            let name = std::str::from_utf8(cell).map(str::trim).unwrap_or_default();
            if name.is_empty() || names.iter().any(|known| known == name) {
                let detail = "the first line names the fields, each of them once";
                return Err(Broken::Text(1, FieldError::new("", detail)));
            }
            names.push(name.to_owned());
        }
        Ok(names)
    }

    fn next(&mut self) -> Result<Option<Line>, Broken> {
        let names = match self.names.take() {
            Some(names) => names,
            None => self.names()?,
        };
        let read = self.read();
        let line = read.map(|number| {
            number.map(|number| Line {
                number,
                end: self.reader.position().byte(),
                content: self.fields(&names),
            })
        });
        self.names = Some(names);
        line
    }

    fn fields(&self, names: &[String]) -> Result<Content, FieldError> {
        if self.record.as_slice().len() > LONGEST {
            return Err(too_long());
        }
        if self.record.len() != names.len() {
            let detail = format!(
                "has {} cells where the first line has {}",
                self.record.len(),
                names.len()
            );
            return Err(FieldError::new("", detail));
        }
        let mut fields = Map::new();
        for (name, cell) in names.iter().zip(&self.record) {
            let cell =
                std::str::from_utf8(cell).map_err(|_| FieldError::new(name.as_str(), "is not UTF-8"))?;
            if cell.is_empty() {
                continue;
            }
            // A cell that an export kept from being a formula.
            let cell = match cell.strip_prefix('\'') {
                Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
                _ => cell,
            };
            let value = if self.ours && LISTS.contains(&name.as_str()) {
                let values = cell.split(SEPARATOR).map(str::trim);
                values
                    .filter(|value| !value.is_empty())
                    .map(Value::from)
                    .collect()
            } else {
                Value::from(cell)
            };
            fields.insert(name.clone(), value);
        }
        Ok(Content::Fields(fields))
    }
}

/// One JSON document: an array of objects, or an object of which one field is such an array (a page of somebody's list).
pub(super) struct Json<R> {
    input: BufReader<R>,
    number: u64,
    at: u64,
    began: bool,
    /// The array is closed: what comes behind it is not looked at.
    ended: bool,
}

impl<R: Read> Json<R> {
    fn byte(&mut self) -> Result<Option<u8>, Broken> {
        let chunk = self.input.fill_buf().map_err(|error| broken(&error))?;
        let Some(byte) = chunk.first().copied() else {
            return Ok(None);
        };
        self.input.consume(1);
        self.at += 1;
        self.number += u64::from(byte == b'\n');
        Ok(Some(byte))
    }

    fn fault(&self, detail: &str) -> Broken {
        Broken::Text(self.number, FieldError::new("", detail))
    }

    /// Reads up to the first array: what stands before it is an object's other fields.
    fn begin(&mut self) -> Result<(), Broken> {
        let mut quoted = Quoted::default();
        let mut depth = 0;
        let none = "expected a JSON array of objects, or an object that holds one";
        while let Some(byte) = self.byte()? {
            if self.at > LONGEST as u64 {
                return Err(self.fault(none));
            }
            if quoted.holds(byte) {
                continue;
            }
            match byte {
                b'[' if depth <= 1 => return Ok(()),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
        }
        Err(self.fault(none))
    }

    fn next(&mut self) -> Result<Option<Line>, Broken> {
        if self.ended {
            return Ok(None);
        }
        if !self.began {
            self.begin()?;
            self.began = true;
        }
        // To the element's first byte.
        let first = loop {
            match self.byte()? {
                None => return Err(self.fault("the array is not closed")),
                Some(b']') => {
                    self.ended = true;
                    return Ok(None);
                }
                Some(b',') => {}
                Some(byte) if byte.is_ascii_whitespace() => {}
                Some(byte) => break byte,
            }
        };
        let number = self.number;
        if first != b'{' {
            return Err(self.fault("expected an object"));
        }
        let (mut text, mut quoted, mut depth, mut long) = (vec![first], Quoted::default(), 1, false);
        while depth > 0 {
            let Some(byte) = self.byte()? else {
                return Err(self.fault("the array is not closed"));
            };
            if !quoted.holds(byte) {
                match byte {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
            }
            long |= text.len() >= LONGEST;
            if !long {
                text.push(byte);
            }
        }
        Ok(Some(Line {
            number,
            end: self.at,
            content: if long {
                Err(too_long())
            } else {
                Ok(Content::Json(text))
            },
        }))
    }
}

/// Whether a byte belongs to a JSON text, where brackets are none.
#[derive(Default)]
struct Quoted {
    inside: bool,
    escaped: bool,
}

impl Quoted {
    fn holds(&mut self, byte: u8) -> bool {
        let was = self.inside;
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.inside => self.escaped = true,
            b'"' => self.inside = !self.inside,
            _ => {}
        }
        was || self.inside
    }
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
