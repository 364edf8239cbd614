//! A JSON object a line.

use std::io::{BufRead as _, BufReader, Read};

use super::{BUFFER, Broken, Content, LONGEST, Line, broken, too_long};

/// Lines of JSON objects.
pub(in crate::key::import) struct Ndjson<R> {
    input: BufReader<R>,
    number: u64,
    at: u64,
}

impl<R: Read> Ndjson<R> {
    pub(super) fn of(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER, input),
            number: 0,
            at: 0,
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Line>, Broken> {
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
