//! CSV (RFC 4180), with the fields' names in the first line.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use domain::input::FieldError;
use serde_json::{Map, Value};

use super::{BUFFER, Broken, Content, LONGEST, Line, broken, too_long};

/// Between the values of one CSV cell that holds several.
const SEPARATOR: char = ';';
/// Fields that hold several values.
const LISTS: [&str; 5] = ["permissions", "roles", "networks", "tags", "contacts"];

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
pub(in crate::key::import) struct Csv<R: Read> {
    reader: ::csv::Reader<Tee<R>>,
    kept: Rc<RefCell<Kept>>,
    names: Option<Vec<String>>,
    record: ::csv::ByteRecord,
    ours: bool,
}

impl<R: Read> Csv<R> {
    pub(super) fn of(input: R, ours: bool) -> Self {
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
        let reader = ::csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(BUFFER)
            .from_reader(tee);
        Self {
            reader,
            kept,
            names: None,
            record: ::csv::ByteRecord::new(),
            ours,
        }
    }

    fn read(&mut self) -> Result<Option<u64>, Broken> {
        // Where the one before ended: all that is known of one that does not end.
        let behind = self.reader.position().byte();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let begins = self.record.position().map_or(0, ::csv::Position::byte);
                Ok(Some(self.kept.borrow_mut().pass(begins)))
            }
            Err(error) => match error.into_kind() {
                ::csv::ErrorKind::Io(error) if self.kept.borrow().bytes.len() > LONGEST => {
                    let number = self.kept.borrow_mut().pass(behind);
                    let detail = format!("{error}; is a quote not closed?");
                    Err(Broken::Text(number, FieldError::new("", detail)))
                }
                ::csv::ErrorKind::Io(error) => Err(broken(&error)),
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

    pub(super) fn next(&mut self) -> Result<Option<Line>, Broken> {
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
