//! Passwords: which may be chosen, and how they are kept. A password is compared by its Argon2id hash (RFC 9106) and is
//! never stored, logged or shown.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;
use zxcvbn::Score;

use crate::clock::Random;
use crate::input::{FieldError, is_hostile};

/// The fewest characters of a password that stands alone (NIST SP 800-63B-4, 3.1.1.2).
pub const MIN_ALONE: usize = 15;
/// The fewest characters of a password beside a second factor.
pub const MIN_WITH_FACTOR: usize = 8;
/// The most bytes of a password.
pub const MAX_BYTES: usize = 1024;

/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT: usize = 16;

/// Why a password could not be hashed; a fault of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashError;

/// A password in the one form in which it is hashed: NFC, with every space a plain one (RFC 8265, `OpaqueString`), so
/// that two keyboards that compose letters differently write the same password. Case and all else stay. Wiped when
/// dropped, and redacted.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(redacted)")
    }
}

impl Password {
    /// A hash that no password fits and that costs what every other does: compared where there is nobody, so that an
    /// answer takes as long.
    pub const NOBODYS: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$Y2xhdmlnZXItbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    /// From what was typed. What is longer than any password is cut, so that no one pays for hashing it.
    pub fn new(typed: &str) -> Self {
        let end = typed.floor_char_boundary(MAX_BYTES + 1);
        let mut text = Zeroizing::new(String::with_capacity(4 * MAX_BYTES));
        let plain = |c: char| {
            if c.is_whitespace() && !c.is_control() {
                ' '
            } else {
                c
            }
        };
        text.extend(typed[..end].nfc().map(plain));
        Self(text)
    }

    /// Whether it may be chosen, beside a second factor or alone; `known` is what others know of its owner: address,
    /// name, organisation.
    pub fn check(&self, with_factor: bool, known: &[&str], faults: &mut Vec<FieldError>) {
        let mut fault = |detail: String| faults.push(FieldError::new("password", detail));
        let fewest = if with_factor { MIN_WITH_FACTOR } else { MIN_ALONE };
        if self.0.chars().count() < fewest {
            return fault(format!("at least {fewest} characters"));
        }
        if self.0.len() > MAX_BYTES {
            return fault(format!("at most {MAX_BYTES} bytes"));
        }
        if self.0.chars().any(is_hostile) {
            return fault("control and direction characters are not allowed in a password".to_owned());
        }
        let lower = self.0.to_lowercase();
        let words = words_of(known);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if little_but(&lower, &words) {
            return fault("a password must not be the address, the name or the organisation".to_owned());
        }
        // The estimate knows the most common passwords, words, names, dates, keyboard rows and repeats.
        if zxcvbn::zxcvbn(&self.0, &words).score() < Score::Three {
            fault("this password is common or easy to guess; some words that have nothing to do with each other are better".to_owned());
        }
    }

    /// Whether it is long enough to stand without a second factor.
    pub fn stands_alone(&self) -> bool {
        self.0.chars().count() >= MIN_ALONE
    }

    /// Its hash, as a PHC string. Slow on purpose: call it where blocking does no harm.
    ///
    /// # Errors
    /// [`HashError`].
    pub fn hash(&self, random: &dyn Random) -> Result<String, HashError> {
        let mut salt = [0; SALT];
        random.fill(&mut salt);
        let hash: PasswordHash = hasher()?
            .hash_password_with_salt(self.0.as_bytes(), &salt)
            .map_err(|_| HashError)?;
        Ok(hash.to_string())
    }

    /// Whether this is the password that was hashed; a hash that cannot be read fits none. As slow as hashing.
    pub fn fits(&self, hash: &str) -> bool {
        let Ok(hash) = PasswordHash::new(hash) else {
            return false;
        };
        Argon2::default()
            .verify_password(self.0.as_bytes(), &hash)
            .is_ok()
    }
}

fn hasher() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashError)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The texts themselves, their words, and the two sides of an address, in lower case.
fn words_of(known: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    for text in known {
        let lower = text.to_lowercase();
        words.extend(lower.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
        words.extend(lower.split('@').map(str::to_owned));
        words.push(lower);
    }
    words.retain(|word| word.chars().count() >= 3);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// Whether little of a password is left without these words, the longest of which comes first.
fn little_but(password: &str, words: &[&str]) -> bool {
    let rest = words
        .iter()
        .fold(password.to_owned(), |rest, word| rest.replace(word, " "));
    rest != password && rest.chars().filter(|c| c.is_alphanumeric()).count() < MIN_WITH_FACTOR
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

    fn faults(typed: &str, with_factor: bool) -> Vec<String> {
        let mut faults = Vec::new();
        let known = ["ann.baker@sample.example", "Ann Baker", "Sample Ltd"];
        Password::new(typed).check(with_factor, &known, &mut faults);
        faults.into_iter().map(|fault| fault.detail).collect()
    }

    #[test]
    fn a_password_is_long_and_not_common_and_not_what_others_know() {
        for good in [
            "correct horse battery staple",
            "tin-otter-quarrel-91",
            "пять зелёных чайников летят",
        ] {
            assert_eq!(faults(good, false), Vec::<String>::new(), "{good}");
        }
        for bad in [
            "",
            "short",
            "tin-otter-9",
            "aaaaaaaaaaaaaaaaaaaa",
            "passwordpassword",
            "qwertyuiopasdfgh",
            "123456789012345",
            "ann.baker@sample.example",
            "Ann Baker Sample Ltd",
            "sample.example1!",
            "tin-otter\nquarrel-91",
        ] {
            assert_eq!(faults(bad, false).len(), 1, "{bad}");
        }
        assert_eq!(faults("tin-otter-9", true), Vec::<String>::new());
        assert_eq!(faults("password1", true).len(), 1);
        assert_eq!(
            faults(&"long and dull ".repeat(100), false),
            ["at most 1024 bytes"]
        );
    }

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let password = Password::new("tin-otter-quarrel-91");
        let hash = password.hash(&SystemRandom).expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(password.fits(&hash));
        assert!(!Password::new("tin-otter-quarrel-92").fits(&hash));
        assert!(!password.fits("nonsense"));
        assert_ne!(
            password.hash(&SystemRandom).expect("a hash"),
            hash,
            "a salt of its own"
        );
        assert_eq!(format!("{password:?}"), "Password(redacted)");
    }

    #[test]
    fn nobodys_hash_costs_what_every_hash_costs() {
        let real = Password::new("tin-otter-quarrel-91")
            .hash(&SystemRandom)
            .expect("a hash");
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(Password::NOBODYS), cost(&real));
        // One that cannot be read would be refused without any work.
        let read = PasswordHash::new(Password::NOBODYS).expect("a hash");
        assert!(read.salt.is_some() && read.hash.is_some_and(|hash| hash.as_bytes().len() == 32));
    }

    #[test]
    fn letters_that_look_alike_by_composition_are_one_password() {
        let composed = Password::new("caf\u{e9} au lait \u{e0} quatre");
        let apart = Password::new("cafe\u{301}\u{a0}au lait a\u{300} quatre");
        assert!(apart.fits(&composed.hash(&SystemRandom).expect("a hash")));
    }
}
