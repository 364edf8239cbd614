//! Tokens: what a program presents to prove which key it holds.
//! They are kept apart from ordinary text so that no log, error or trace can show one by accident.

mod base62;
mod display;
mod external;
mod presented;
mod shape;

use std::fmt;

use zeroize::Zeroizing;

use crate::clock::Random;

pub use display::DisplayForm;
pub use external::{ExternalToken, ExternalTokenError};
pub use presented::{MAX_PRESENTED, Presented, TokenError};
pub use shape::{Prefix, ShapeError, TokenShape};

/// One token in clear: redacted in `Debug` and `Display`, wiped from memory when dropped, never serialised, never cloned.
pub struct Token(Zeroizing<String>);

impl Token {
    /// A new token of this shape: `{prefix}_{entropy}{checksum}`.
    ///
    /// The entropy is base62 drawn without bias. The checksum is CRC-32 (IEEE) over everything before it, as six
    /// base62 digits, most significant first: it lets a typing error or a scanner's false hit be told without a look-up.
    pub fn generate(shape: &TokenShape, random: &dyn Random) -> Self {
        let length = usize::from(shape.length());
        // The whole capacity at once: growing would leave copies of the token behind in freed memory.
        let mut text = Zeroizing::new(String::with_capacity(length));
        text.push_str(shape.prefix().as_str());
        text.push('_');
        push_entropy(&mut text, length - base62::CHECKSUM, random);
        for digit in base62::checksum(text.as_bytes()) {
            text.push(char::from(digit));
        }
        Self(text)
    }

    /// The token in clear. Use it where the token is shown once to its maker, or encrypted, and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// This token as if a program had just presented it.
    pub fn as_presented(&self) -> Presented<'_> {
        Presented::of_token(self.0.as_bytes())
    }

    /// Takes a text that has already passed `Presented::parse` or `ExternalToken::check`.
    fn from_checked(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

/// Appends base62 digits until `text` is `length` long. Six random bits that make 62 or 63 are thrown away, not
/// wrapped round: wrapping would make the first two digits twice as likely as the others.
fn push_entropy(text: &mut String, length: usize, random: &dyn Random) {
    let mut bytes = Zeroizing::new([0_u8; 64]);
    while text.len() < length {
        random.fill(bytes.as_mut_slice());
        for byte in bytes.iter() {
            if text.len() == length {
                break;
            }
            if let Some(digit) = base62::ALPHABET.get(usize::from(byte >> 2)) {
                text.push(char::from(*digit));
            }
        }
    }
}

#[cfg(test)]
mod tests;
