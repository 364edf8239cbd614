//! Hashes of keys that another system issued: taken over when a token can be looked up by them, refused with the reason when not.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::Digest;
use crate::token::DisplayForm;

/// Why a hash cannot be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashImportError {
    /// A hash of its own salt: the token would have to be tried against every stored hash.
    #[error(
        "This is a {0} hash, which is salted: a key cannot be looked up by it, so issue a new key instead of importing this one."
    )]
    Salted(&'static str),
    /// Hexadecimal, but of another length than SHA-256.
    #[error("This has {0} hexadecimal digits; a SHA-256 hash has 64.")]
    Length(usize),
    /// Neither.
    #[error("Expected the SHA-256 hash of a key as 64 hexadecimal digits, or in base64.")]
    Unknown,
}

/// How salted password hashes begin, in lower case, and what they are called.
const SALTED: [(&str, &str); 19] = [
    ("$2a$", "bcrypt"),
    ("$2b$", "bcrypt"),
    ("$2x$", "bcrypt"),
    ("$2y$", "bcrypt"),
    ("$argon2", "Argon2"),
    ("$scrypt$", "scrypt"),
    ("$7$", "scrypt"),
    ("$y$", "yescrypt"),
    ("$pbkdf2", "PBKDF2"),
    ("pbkdf2", "PBKDF2"),
    ("{pbkdf2", "PBKDF2"),
    ("bcrypt", "bcrypt"),
    ("argon2", "Argon2"),
    ("$1$", "MD5-crypt"),
    ("$5$", "SHA-256-crypt"),
    ("$6$", "SHA-512-crypt"),
    ("{ssha", "salted SHA"),
    ("{smd5}", "salted MD5"),
    ("{crypt}", "crypt"),
];

/// The SHA-256 hash of a token that we have never seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashImport(Digest);

impl HashImport {
    /// Reads 64 hexadecimal digits of either case, or base64 (RFC 4648: the usual one with padding, or the one for URLs
    /// without); white space around them is ignored.
    ///
    /// # Errors
    /// Salted password hashes are named, so that the operator knows why they cannot come along.
    pub fn parse(text: &str) -> Result<Self, HashImportError> {
        let text = text.trim_ascii();
        if let Some(digest) = Digest::from_hex(text).or_else(|| from_base64(text)) {
            return Ok(Self(digest));
        }
        let begins = |known: &str| {
            let head = text.as_bytes().get(..known.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(known.as_bytes()))
        };
        if let Some((_, name)) = SALTED.iter().find(|(known, _)| begins(known)) {
            return Err(HashImportError::Salted(name));
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(HashImportError::Length(text.len()));
        }
        Err(HashImportError::Unknown)
    }

    /// What to store and look up by, under [`super::Scheme::Sha256`].
    pub fn digest(&self) -> Digest {
        self.0
    }

    /// What may be shown, since the token's own characters are not known.
    pub fn display(&self) -> DisplayForm {
        DisplayForm::of_hash(&self.0)
    }
}

/// The two ways in which 32 bytes are commonly written in base64; their lengths tell them from hexadecimal digits and from
/// each other.
fn from_base64(text: &str) -> Option<Digest> {
    let bytes = match text.len() {
        44 => STANDARD.decode(text),
        43 => URL_SAFE_NO_PAD.decode(text),
        _ => return None,
    };
    Some(Digest::from_bytes(bytes.ok()?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sha256_hash_in_base64_is_taken() {
        let hex = HashImport::parse("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(hex.is_ok());
        for text in [
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
        ] {
            assert_eq!(HashImport::parse(text), hex);
        }
        for text in [
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=",
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa1",
        ] {
            assert_eq!(HashImport::parse(text), Err(HashImportError::Unknown), "{text}");
        }
    }

    #[test]
    fn a_sha256_hash_of_either_case_is_taken() {
        let lower = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let read = HashImport::parse(lower).unwrap();
        assert_eq!(
            HashImport::parse(&format!(" {}\n", lower.to_uppercase())),
            Ok(read)
        );
        assert_eq!(read.display().as_str(), "sha256:ba7816bf");
    }

    #[test]
    fn salted_hashes_are_refused_by_name() {
        for (text, name) in [
            (
                "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
                "bcrypt",
            ),
            ("$2Y$10$abc", "bcrypt"),
            (
                "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b3dWRWJTmaaJObG",
                "Argon2",
            ),
            (
                "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD",
                "scrypt",
            ),
            ("$pbkdf2-sha256$29000$x$y", "PBKDF2"),
            ("pbkdf2_sha256$260000$salt$hash", "PBKDF2"),
            ("{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "salted SHA"),
            ("{SSHA512}abc", "salted SHA"),
        ] {
            assert_eq!(HashImport::parse(text), Err(HashImportError::Salted(name)));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(
            HashImport::parse("5d41402abc4b2a76b9719d911017c592"),
            Err(HashImportError::Length(32))
        );
        for text in [
            "",
            "hello",
            "$2",
            "é$2b$",
            &"g".repeat(64),
            &"0x".repeat(32),
            &"+1".repeat(32),
        ] {
            assert_eq!(HashImport::parse(text), Err(HashImportError::Unknown), "{text}");
        }
    }
}
