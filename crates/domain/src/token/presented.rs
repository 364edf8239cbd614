//! A presented token, read from a request: checked in place and borrowed, because every verification begins here.

use std::fmt;

use super::{DisplayForm, Token, base62, shape};

/// The longest token that is looked at, in characters.
pub const MAX_PRESENTED: usize = 512;

/// The longest input that is looked at: a longest token with generous white space round it.
const MAX_INPUT: usize = 2 * MAX_PRESENTED;

/// Why presented bytes cannot be a token. The bytes themselves are never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing, or white space alone.
    #[error("The token is empty.")]
    Empty,
    /// Longer than [`MAX_PRESENTED`].
    #[error("The token is longer than {MAX_PRESENTED} characters.")]
    TooLong,
    /// A byte above 127.
    #[error("The token holds a character that is not ASCII.")]
    NotAscii,
    /// A space, tab or line break between other characters.
    #[error("The token holds white space inside.")]
    InnerSpace,
    /// A control character such as NUL.
    #[error("The token holds a control character.")]
    Control,
}

/// A presented token that is 1 to 512 printable ASCII characters without spaces. It says nothing yet about who made it.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// Kept as bytes: proving UTF-8 to the compiler costs as much as all other checks, and hashing does not need it.
    bytes: &'a [u8],
    /// Where the part after the last underscore begins; 0 when there is no underscore.
    body: usize,
}

impl<'a> Presented<'a> {
    /// Reads a presented token. White space around it is ignored, inside it refused. Allocates nothing.
    ///
    /// # Errors
    /// What is wrong with the first byte that cannot belong to a token.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TokenError> {
        // Before anything else, so that a megabyte costs no more than an empty header.
        if bytes.len() > MAX_INPUT {
            return Err(TokenError::TooLong);
        }
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            return Err(TokenError::Empty);
        }
        if bytes.len() > MAX_PRESENTED {
            return Err(TokenError::TooLong);
        }
        // No early exit: a loop without branches is turned into vector instructions.
        let graphic = bytes
            .iter()
            .fold(true, |good, byte| good & byte.is_ascii_graphic());
        if !graphic {
            return Err(complaint(bytes));
        }
        Ok(Self::of_token(bytes))
    }

    /// Wraps what is known to be a token.
    #[inline]
    pub(super) fn of_token(bytes: &'a [u8]) -> Self {
        let body = last_underscore(bytes).map_or(0, |at| at + 1);
        Self { bytes, body }
    }

    /// The token in clear, for hashing it. Never log it.
    #[inline]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The token in clear, as text. Never log it.
    #[inline]
    pub fn expose(&self) -> &'a str {
        as_text(self.bytes)
    }

    /// What stands before the last underscore; empty when there is none. It may be shown: secrecy is in the rest.
    #[inline]
    pub fn prefix(&self) -> &'a str {
        as_text(&self.bytes[..self.body.saturating_sub(1)])
    }

    /// True if one of our own policies could have made a token of this prefix, alphabet and length.
    #[inline]
    pub fn is_claviger_shaped(&self) -> bool {
        let prefix = &self.bytes[..self.body.saturating_sub(1)];
        let body = &self.bytes[self.body..];
        shape::fits(prefix.len(), self.bytes.len())
            && shape::is_prefix(prefix)
            && body
                .iter()
                .fold(true, |good, byte| good & byte.is_ascii_alphanumeric())
    }

    /// True if the token has our shape and its checksum is right. Anybody can compute a checksum: it finds typing
    /// errors and random noise without a look-up, and proves nothing.
    #[inline]
    pub fn has_valid_checksum(&self) -> bool {
        if !self.is_claviger_shaped() {
            return false;
        }
        let (checked, checksum) = self.bytes.split_at(self.bytes.len() - base62::CHECKSUM);
        base62::checksum(checked) == checksum
    }

    /// An owned copy, wiped when dropped.
    pub fn to_token(&self) -> Token {
        Token::from_checked(self.expose())
    }

    /// What may be shown of this token in lists, logs and mails.
    pub fn display(&self) -> DisplayForm {
        DisplayForm::of(self)
    }

    /// The text after the last underscore; the whole when there is none.
    pub(super) fn body(&self) -> &'a str {
        as_text(&self.bytes[self.body..])
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented(redacted)")
    }
}

/// Bytes that `parse` has let through are ASCII, so this never falls back.
#[inline]
fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Where the last underscore is, eight bytes at a time: a plain backward search took 21 ns of a 46 character token,
/// this about 4.
#[inline]
fn last_underscore(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    let (rest, words) = bytes.as_rchunks::<8>();
    for (index, word) in words.iter().enumerate().rev() {
        // Underscores become zero bytes. Subtracting one from each borrows into the top bit of a zero byte; a borrow
        // can only spoil bytes before it, and the last byte of the text is the lowest one here.
        let zeroed = u64::from_be_bytes(*word) ^ u64::from_ne_bytes([b'_'; 8]);
        let found = zeroed.wrapping_sub(ONES) & !zeroed & TOPS;
        if found != 0 {
            return Some(rest.len() + 8 * index + 7 - found.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().rposition(|byte| *byte == b'_')
}

/// What is wrong with the first byte that cannot belong to a token.
#[cold]
fn complaint(bytes: &[u8]) -> TokenError {
    match bytes.iter().find(|byte| !byte.is_ascii_graphic()) {
        Some(byte) if !byte.is_ascii() => TokenError::NotAscii,
        Some(byte) if byte.is_ascii_whitespace() => TokenError::InnerSpace,
        _ => TokenError::Control,
    }
}
