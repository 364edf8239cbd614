//! The shape that a policy asks of new tokens: prefix and length are only safe together, so they are checked together.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::base62;
use crate::schema::described_as_text;

/// Characters of a token that the display form shows after the prefix: four of the entropy, four of the checksum.
pub(super) const SHOWN: usize = 8;

/// The fewest characters after `{prefix}_`: enough that 128 bits stay hidden, see [`TokenShape`].
const MIN_BODY: usize = base62::CHECKSUM + SHOWN + 22;

const MIN_LENGTH: u16 = 40;
const MAX_LENGTH: u16 = 128;

/// Why a prefix and a length cannot make tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Not `[a-z0-9_]{2,24}`, or an underscore at an end.
    #[error("A token prefix is 2 to 24 characters of a-z, 0-9 and _, and does not begin or end with _.")]
    Prefix,
    /// Not within 40 to 128.
    #[error("A token is {MIN_LENGTH} to {MAX_LENGTH} characters long in all, not {0}.")]
    Length(u16),
    /// The prefix leaves too little room for entropy.
    #[error(
        "With this prefix a token needs at least {needed} characters, not {length}, so that 128 bits stay hidden when its first and last four characters are shown."
    )]
    TooLittleEntropy {
        /// The total length asked for.
        length: u16,
        /// The least total length that this prefix allows.
        needed: u16,
    },
}

/// What a token begins with, before the last underscore: `sk_live`. It says whose token this is and what for,
/// so that people and secret scanners recognise a leaked one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix(String);

described_as_text!(
    Prefix,
    "What a token begins with, before its last underscore.",
    "^[a-z0-9][a-z0-9_]{0,22}[a-z0-9]$",
    "sk_live"
);

impl Prefix {
    /// Checks a prefix: `[a-z0-9_]{2,24}` without `_` at either end.
    ///
    /// # Errors
    /// [`ShapeError::Prefix`].
    pub fn new(text: impl Into<String>) -> Result<Self, ShapeError> {
        let text = text.into();
        if !is_prefix(text.as_bytes()) {
            return Err(ShapeError::Prefix);
        }
        Ok(Self(text))
    }

    /// The prefix without the underscore that follows it in a token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// True if these bytes may stand before the last underscore of one of our tokens.
pub(super) fn is_prefix(bytes: &[u8]) -> bool {
    let known = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    let [first, .., last] = bytes else {
        return false;
    };
    bytes.len() <= 24 && *first != b'_' && *last != b'_' && bytes.iter().all(known)
}

/// True if a token of `length` characters under a prefix of `prefix` characters is one that we could have made.
pub(super) fn fits(prefix: usize, length: usize) -> bool {
    (usize::from(MIN_LENGTH)..=usize::from(MAX_LENGTH)).contains(&length) && length > prefix + MIN_BODY
}

/// Prefix and total length of the tokens to be made, as `{"prefix": "sk_live", "length": 46}`.
///
/// # Why 128 bits stay hidden
///
/// The display form is read by everybody who may list keys, so what it shows counts as known. Beside the prefix these are
///
/// - the first four characters of the entropy, which are lost to it: `4 * log2(62) = 23.8` bits; and
/// - the last four characters of the checksum. They hold no entropy of their own, but the checksum is a public function
///   of the entropy, so each value of them rules out all but about one in `62^4` of the tokens that were still possible.
///   Observing one of `62^4` values lowers the average min-entropy by at most `log2(62^4) = 23.8` bits
///   (Dodis, Ostrovsky, Reyzin, Smith: Fuzzy Extractors, 2008, lemma 2.2).
///
/// With `n` entropy characters at least `(n - 8) * log2(62)` bits are left, so `n - 8 >= 22` leaves `22 * 5.954 = 130.99`.
/// The two checksum characters that are not shown add nothing: they follow from the entropy. The total length is
/// therefore at least `prefix + 1 + 30 + 6`. The default, `sk_live` and 46, has 32 entropy characters and leaves 142 bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "Unchecked")]
pub struct TokenShape {
    /// What tokens begin with.
    prefix: Prefix,
    /// Their length in characters, prefix and checksum counted.
    #[schema(minimum = 40, maximum = 128, example = 46)]
    length: u16,
}

impl TokenShape {
    /// Checks prefix and total length (in characters, underscore and checksum counted) together.
    ///
    /// # Errors
    /// [`ShapeError::Length`] or [`ShapeError::TooLittleEntropy`].
    pub fn new(prefix: Prefix, length: u16) -> Result<Self, ShapeError> {
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
            return Err(ShapeError::Length(length));
        }
        if !fits(prefix.0.len(), usize::from(length)) {
            let needed = u16::try_from(prefix.0.len() + 1 + MIN_BODY).unwrap_or(MAX_LENGTH);
            return Err(ShapeError::TooLittleEntropy {
                length,
                needed: needed.max(MIN_LENGTH),
            });
        }
        Ok(Self { prefix, length })
    }

    /// The prefix.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Total length in characters.
    pub fn length(&self) -> u16 {
        self.length
    }
}

impl Default for TokenShape {
    fn default() -> Self {
        Self {
            prefix: Prefix("sk_live".to_owned()),
            length: 46,
        }
    }
}

/// A shape as it arrives, before prefix and length have been held against each other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    prefix: Prefix,
    length: u16,
}

impl TryFrom<Unchecked> for TokenShape {
    type Error = ShapeError;

    fn try_from(raw: Unchecked) -> Result<Self, ShapeError> {
        Self::new(raw.prefix, raw.length)
    }
}

impl TryFrom<String> for Prefix {
    type Error = ShapeError;

    fn try_from(text: String) -> Result<Self, ShapeError> {
        Self::new(text)
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(prefix: &str, length: u16) -> Result<TokenShape, ShapeError> {
        TokenShape::new(Prefix::new(prefix)?, length)
    }

    #[test]
    fn the_default_shape_passes_its_own_check() {
        assert_eq!(shape("sk_live", 46), Ok(TokenShape::default()));
    }

    #[test]
    fn a_prefix_is_lower_case_letters_digits_and_inner_underscores() {
        for good in ["sk", "a1", "sk_live", "a__b", "abcdefghijklmnopqrstuvwx"] {
            assert!(Prefix::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "_a",
            "a_",
            "__",
            "Sk",
            "s k",
            "s-k",
            "ſk",
            "abcdefghijklmnopqrstuvwxy",
        ] {
            assert_eq!(Prefix::new(bad), Err(ShapeError::Prefix), "{bad}");
        }
    }

    #[test]
    fn every_accepted_shape_hides_128_bits_and_the_next_shorter_one_would_not() {
        let bits = |prefix: usize, length: u16| {
            (f64::from(length) - prefix as f64 - 1.0 - 6.0 - 8.0) * 62_f64.log2()
        };
        for prefix in 2..=24 {
            for length in 0..=200 {
                let accepted = shape(&"a".repeat(prefix), length).is_ok();
                let expected = (40..=128).contains(&length) && bits(prefix, length) >= 128.0;
                assert_eq!(accepted, expected, "prefix {prefix}, length {length}");
            }
        }
    }

    #[test]
    fn the_error_names_the_length_that_would_do() {
        let refused = shape("abcdefghijklmnopqrstuvwx", 60);
        assert_eq!(
            refused,
            Err(ShapeError::TooLittleEntropy {
                length: 60,
                needed: 61
            })
        );
        assert!(shape("abcdefghijklmnopqrstuvwx", 61).is_ok());
        assert_eq!(shape("sk", 39), Err(ShapeError::Length(39)));
        assert_eq!(shape("sk", 129), Err(ShapeError::Length(129)));
    }

    #[test]
    fn a_shape_survives_json_and_a_bad_one_is_refused_there_too() {
        let text = r#"{"prefix":"sk_live","length":46}"#;
        let read: TokenShape = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        for bad in [
            r#"{"prefix":"sk_live","length":39}"#,
            r#"{"prefix":"SK","length":46}"#,
            r#"{"prefix":"abcdefghijklmnopqrstuvwx","length":46}"#,
            r#"{"prefix":"sk_live","length":46,"more":1}"#,
        ] {
            assert!(serde_json::from_str::<TokenShape>(bad).is_err(), "{bad}");
        }
    }
}
