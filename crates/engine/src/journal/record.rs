//! One record: sixteen words, the first of them written last. What it says is no secret: ids, times and codes.
//!
//! A word counts only if it belongs to the segment's present generation and its checksum fits, so that neither what an
//! earlier use of the file left there, nor a half-written or damaged record, is ever taken for one.

use domain::clock::Timestamp;
use domain::decide::{Code, Source};

/// Words of a record.
pub(crate) const WORDS: usize = 16;
/// Bytes of a record.
pub(crate) const SIZE: usize = WORDS * 8;
/// The longest text that a record holds, in bytes; what is longer is cut.
pub(crate) const TEXT: usize = (WORDS - 3) * 8;

pub(crate) type Words = [u64; WORDS];

const ANSWER: u64 = 1;
const NAME: u64 = 2;

/// An answer, as it is recorded. Ids are those of UUIDs; 0 is none. Texts are numbers that name records of the same segment
/// give; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) micros: u32,
    pub(crate) code: Code,
    pub(crate) source: Option<Source>,
    /// Whether it is to be among the recent requests whatever the code.
    pub(crate) logged: bool,
    pub(crate) organisation: u128,
    pub(crate) key: u128,
    pub(crate) secret: u128,
    /// As IPv6.
    pub(crate) ip: u128,
    pub(crate) api: u32,
    pub(crate) route: u32,
    pub(crate) agent: u32,
    pub(crate) prefix: u32,
    pub(crate) requires: u32,
    pub(crate) route_requires: u32,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    Answer(Entry),
    /// From here on this number stands for this text.
    Name(u32, String),
}

/// What is written in front of a record: the generation, and a checksum of both.
#[inline]
pub(crate) fn seal(generation: u64, words: &Words) -> u64 {
    // The generation stands in place of the first word: the sum of a multiple of 64 bytes is the quickest.
    let mut bytes = [0_u8; SIZE];
    let head = std::iter::once(&generation);
    for (chunk, word) in bytes.chunks_exact_mut(8).zip(head.chain(&words[1..])) {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    generation << 32 | u64::from(crc32fast::hash(&bytes))
}

#[inline]
fn halves(value: u128) -> [u64; 2] {
    [(value >> 64) as u64, value as u64]
}

fn whole(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

impl Entry {
    #[inline]
    pub(crate) fn encode(&self) -> Words {
        let source = match self.source {
            Some(source) => source as u64 + 1,
            None => 0,
        };
        let [organisation, organisation_low] = halves(self.organisation);
        let [key, key_low] = halves(self.key);
        let [secret, secret_low] = halves(self.secret);
        let [ip, ip_low] = halves(self.ip);
        [
            0,
            self.at.as_micros() as u64,
            u64::from(self.micros)
                | (self.code.index() as u64) << 32
                | source << 40
                | u64::from(self.logged) << 48
                | ANSWER << 56,
            organisation,
            organisation_low,
            key,
            key_low,
            secret,
            secret_low,
            ip,
            ip_low,
            u64::from(self.api) | u64::from(self.route) << 32,
            u64::from(self.agent) | u64::from(self.prefix) << 32,
            u64::from(self.requires) | u64::from(self.route_requires) << 32,
            0,
            0,
        ]
    }
}

/// As much of a text as a record holds, cut between two characters.
pub(crate) fn within(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT)]
}

/// Stands for a text of which a part would say something else.
pub(crate) const TOO_LONG: &str = "?";

/// The text, or [`TOO_LONG`] where a record does not hold all of it.
#[inline]
pub(crate) fn whole_text(text: &str) -> &str {
    if text.len() <= TEXT { text } else { TOO_LONG }
}

/// The record that gives a text its number.
pub(crate) fn encode_name(number: u32, text: &str) -> Words {
    let text = within(text).as_bytes();
    let mut words = [0; WORDS];
    words[1] = u64::from(number) | (text.len() as u64) << 32;
    words[2] = NAME << 56;
    for (word, chunk) in words[3..].iter_mut().zip(text.chunks(8)) {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        *word = u64::from_le_bytes(bytes);
    }
    words
}

/// Reads a record whose checksum fits. None where it is of a kind that this version does not know.
pub(crate) fn decode(words: &Words) -> Option<Record> {
    match words[2] >> 56 {
        ANSWER => {
            let code = Code::ALL.get((words[2] >> 32) as usize & 0xff)?;
            let source = match (words[2] >> 40) as usize & 0xff {
                0 => None,
                place => Some(*Source::EACH.get(place - 1)?),
            };
            Some(Record::Answer(Entry {
                at: Timestamp::from_micros(words[1] as i64),
                micros: words[2] as u32,
                code: *code,
                source,
                logged: words[2] >> 48 & 1 == 1,
                organisation: whole(words[3], words[4]),
                key: whole(words[5], words[6]),
                secret: whole(words[7], words[8]),
                ip: whole(words[9], words[10]),
                api: words[11] as u32,
                route: (words[11] >> 32) as u32,
                agent: words[12] as u32,
                prefix: (words[12] >> 32) as u32,
                requires: words[13] as u32,
                route_requires: (words[13] >> 32) as u32,
            }))
        }
        NAME => {
            let length = (words[1] >> 32) as usize;
            let bytes: Vec<u8> = words[3..].iter().flat_map(|word| word.to_le_bytes()).collect();
            let text = String::from_utf8(bytes.get(..length)?.to_vec()).ok()?;
            Some(Record::Name(words[1] as u32, text))
        }
        _ => None,
    }
}
