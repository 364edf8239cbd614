//! Tokens that were made elsewhere and are taken over: they are checked for what would make them unusable or guessable.

use super::Token;

const MIN: usize = 32;
const MAX: usize = super::MAX_PRESENTED;

/// Fewest different characters; 32 random decimal digits miss this about once in a thousand, hexadecimal ones never.
const MIN_DISTINCT: usize = 8;
/// Least Shannon estimate over the whole token, in bits.
const MIN_BITS: f64 = 80.0;
/// Longest run of one character that is still believable.
const MAX_RUN: usize = 7;

/// Why a token made elsewhere is not taken. The token itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExternalTokenError {
    /// Shorter than 32 characters.
    #[error("The token has {0} characters; at least {MIN} are needed.")]
    TooShort(usize),
    /// Longer than 512 characters.
    #[error("The token is longer than {MAX} characters.")]
    TooLong,
    /// A space, a control character, or something that is not ASCII.
    #[error("The character at position {0} is not a printable ASCII character without spaces.")]
    Character(usize),
    /// One character many times in a row.
    #[error("The token repeats one character more than {MAX_RUN} times in a row; use a random one.")]
    Run,
    /// A short text written again and again.
    #[error("The token is one shorter text repeated; use a random one.")]
    Repeated,
    /// Mostly neighbours such as `abcdef` or `654321`.
    #[error("The token is mostly a sequence such as abc or 321; use a random one.")]
    Sequence,
    /// Few different characters.
    #[error("The token uses only {0} different characters; at least {MIN_DISTINCT} are needed.")]
    FewCharacters(usize),
    /// A low estimate of its entropy.
    #[error(
        "The token looks too easy to guess (about {0} bits by its letter counts; 80 are needed); use a random one."
    )]
    LowEntropy(u16),
}

/// The gate for tokens made elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct ExternalToken;

impl ExternalToken {
    /// Takes 32 to 512 printable ASCII characters without spaces that are not obviously weak.
    ///
    /// The estimate is a sanity check only: it finds placeholders and keyboard mashing. It cannot prove that a text was
    /// drawn at random; only its maker knows.
    ///
    /// # Errors
    /// The first reason found, without the token.
    pub fn check(text: &str) -> Result<Token, ExternalTokenError> {
        if text.len() > MAX {
            return Err(ExternalTokenError::TooLong);
        }
        if let Some(at) = text.chars().position(|c| !c.is_ascii_graphic()) {
            return Err(ExternalTokenError::Character(at + 1));
        }
        if text.len() < MIN {
            return Err(ExternalTokenError::TooShort(text.len()));
        }
        weakness(text.as_bytes()).map_or_else(|| Ok(Token::from_checked(text)), Err)
    }
}

fn weakness(text: &[u8]) -> Option<ExternalTokenError> {
    if longest_run(text) > MAX_RUN {
        return Some(ExternalTokenError::Run);
    }
    if (1..=text.len() / 2).any(|period| text[period..] == text[..text.len() - period]) {
        return Some(ExternalTokenError::Repeated);
    }
    let mut counts = [0_u16; 128];
    for byte in text {
        counts[usize::from(byte & 0x7f)] += 1;
    }
    let distinct = counts.iter().filter(|count| **count > 0).count();
    if distinct < MIN_DISTINCT {
        return Some(ExternalTokenError::FewCharacters(distinct));
    }
    let neighbours = text
        .windows(2)
        .filter(|pair| pair[0].abs_diff(pair[1]) == 1)
        .count();
    if neighbours * 5 > text.len() * 3 {
        return Some(ExternalTokenError::Sequence);
    }
    let bits = shannon(&counts, text.len());
    (bits < MIN_BITS).then_some(ExternalTokenError::LowEntropy(bits as u16))
}

fn longest_run(text: &[u8]) -> usize {
    text.chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap_or(0)
}

/// Shannon's estimate in bits: the length times the entropy of the letter counts. A bound from above for honest
/// random text, meaningless for clever text.
fn shannon(counts: &[u16], length: usize) -> f64 {
    let length = length as f64;
    let used = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count));
    used.map(|count| count * (length / count).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::ExternalTokenError as Error;
    use super::*;

    #[test]
    fn random_looking_tokens_of_other_makers_are_taken() {
        for good in [
            "4eC39HqLyjWDarjtT1zdp7dc4eC39HqL",
            "9f86d081884c7d659a2feaa0c55ad015",
            "550e8400-e29b-41d4-a716-446655440000",
            "AIza:SyD-9tSrke72/PouQ+MnMX=a7eZSW0jkFMBWY",
            "73016482950371648205937164820593",
        ] {
            let token = ExternalToken::check(good);
            assert_eq!(token.map(|t| t.expose().to_owned()), Ok(good.to_owned()));
        }
    }

    #[test]
    fn weak_tokens_are_refused_with_the_reason() {
        let cases = [
            ("short".to_owned(), Error::TooShort(5)),
            ("x".repeat(513), Error::TooLong),
            ("a".repeat(40), Error::Run),
            ("my_service_live_key_0000000000000001".to_owned(), Error::Run),
            ("changeme".repeat(5), Error::Repeated),
            ("changeme_".repeat(4) + "chan", Error::Repeated),
            ("abcdefghijklmnopqrstuvwxyz0123456789".to_owned(), Error::Sequence),
            ("zyxwvutsrqponmlkjihgfedcba9876543210".to_owned(), Error::Sequence),
            (
                "aabbabbaaabababbbaabbaabababbaba".to_owned(),
                Error::FewCharacters(2),
            ),
            (
                "aaaaaa1aaaa2aaaaa3aaaaa4aaaa5aa6a7".to_owned(),
                Error::LowEntropy(44),
            ),
        ];
        for (text, expected) in cases {
            let refused = ExternalToken::check(&text).unwrap_err();
            assert_eq!(refused, expected, "{text}");
        }
    }

    #[test]
    fn anything_but_printable_ascii_is_refused_and_never_repeated() {
        let rest = "4eC39HqLyjWDarjtT1zdp7dc4eC39HqL";
        for (bad, at) in [(" ", 1), ("\t", 1), ("\0", 1), ("é", 1), ("\u{ff21}", 1)] {
            let refused = ExternalToken::check(&format!("{bad}{rest}")).unwrap_err();
            assert_eq!(refused, Error::Character(at));
            assert!(!refused.to_string().contains("4eC3"));
        }
        assert_eq!(
            ExternalToken::check(&format!("{rest}\n")).unwrap_err(),
            Error::Character(33)
        );
    }
}
