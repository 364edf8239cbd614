//! One JSON document that holds an array.

use std::io::{BufRead as _, BufReader, Read};

use domain::input::FieldError;

use super::{BUFFER, Broken, Content, LONGEST, Line, broken, too_long};

/// One JSON document: an array of objects, or an object of which one field is such an array (a page of somebody's list).
pub(in crate::key::import) struct Json<R> {
    input: BufReader<R>,
    number: u64,
    at: u64,
    began: bool,
    /// The array is closed: what comes behind it is not looked at.
    ended: bool,
}

impl<R: Read> Json<R> {
    pub(super) fn of(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER, input),
            number: 1,
            at: 0,
            began: false,
            ended: false,
        }
    }

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

    pub(super) fn next(&mut self) -> Result<Option<Line>, Broken> {
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
