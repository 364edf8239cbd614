//! Ids say what they name, so that a role's id can never be passed for a key's and a log line explains itself.
//!
//! The format is TypeID 0.3 (<https://github.com/jetify-com/typeid>): a prefix, `_`, and a UUIDv7 (RFC 9562) in 26
//! characters of Crockford base32. They sort by the time at which they were made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::clock::{Clock, Random};
use crate::schema::described_as_text;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SUFFIX: usize = 26;
/// What an example of an id is made of.
const EXAMPLE: Uuid = Uuid::from_u128(0x0198_6f1e_2b3c_7d4e_8f5a_6b7c_8d9e_0f1a);

/// Why a text is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id such as {example}")]
pub struct IdError {
    example: String,
}

/// A fresh UUIDv7: 48 bits of milliseconds, 12 bits of their fraction (RFC 9562, method 3), 62 random bits.
fn fresh(clock: &dyn Clock, random: &dyn Random) -> Uuid {
    let micros = u64::try_from(clock.now().as_micros()).unwrap_or(0);
    let fraction = (micros % 1000) * 4096 / 1000;
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes[8..]);
    bytes[..6].copy_from_slice(&(micros / 1000).to_be_bytes()[2..]);
    bytes[6] = 0x70 | ((fraction >> 8) as u8 & 0x0f);
    bytes[7] = (fraction & 0xff) as u8;
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    Uuid::from_bytes(bytes)
}

fn encode(uuid: Uuid) -> [u8; SUFFIX] {
    let value = uuid.as_u128();
    let mut out = [0_u8; SUFFIX];
    for (i, slot) in out.iter_mut().enumerate() {
        let shift = 5 * (SUFFIX - 1 - i);
        *slot = ALPHABET[((value >> shift) & 31) as usize];
    }
    out
}

/// An id written down, on the stack.
#[derive(Debug, Clone, Copy)]
pub struct IdText {
    bytes: [u8; MAX_TEXT],
    length: usize,
}

/// The longest prefix has four letters.
const MAX_TEXT: usize = 4 + 1 + SUFFIX;

impl IdText {
    fn new(prefix: &str, uuid: Uuid) -> Self {
        let mut bytes = [b'_'; MAX_TEXT];
        let length = prefix.len() + 1 + SUFFIX;
        bytes[..prefix.len()].copy_from_slice(prefix.as_bytes());
        bytes[prefix.len() + 1..length].copy_from_slice(&encode(uuid));
        Self { bytes, length }
    }

    /// Its characters, all of them ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

fn decode(text: &str) -> Option<Uuid> {
    let bytes = text.as_bytes();
    // 26 characters hold 130 bits: the first may only use its low three.
    if bytes.len() != SUFFIX || bytes[0] > b'7' {
        return None;
    }
    let mut value = 0_u128;
    for byte in bytes {
        let digit = ALPHABET.iter().position(|known| known == byte)?;
        value = (value << 5) | digit as u128;
    }
    Some(Uuid::from_u128(value))
}

fn write(f: &mut fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> fmt::Result {
    let suffix = encode(uuid);
    f.write_str(prefix)?;
    f.write_str("_")?;
    f.write_str(std::str::from_utf8(&suffix).map_err(|_| fmt::Error)?)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The word before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, sortable by the time at which it was made.
            pub fn fresh(clock: &dyn Clock, random: &dyn Random) -> Self {
                Self(fresh(clock, random))
            }

            /// From the stored form.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// As it is displayed, where formatting would cost too much.
            pub fn text(self) -> IdText {
                IdText::new(Self::PREFIX, self.0)
            }

            /// The stored form.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        described_as_text!(
            $name,
            concat!("An id: `", $prefix, "_` and 26 characters that sort by the time at which it was made."),
            concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
            $name(EXAMPLE).to_string()
        );

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(f, Self::PREFIX, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(Self::PREFIX)
                    .and_then(|rest| rest.strip_prefix('_'))
                    .and_then(decode)
                    .map(Self)
                    .ok_or_else(|| IdError {
                        example: Self(EXAMPLE).to_string(),
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// An organisation: a tenant.
    OrganisationId = "org";
    /// An API key, for life.
    KeyId = "key";
    /// One token value of a key.
    SecretId = "sec";
    /// A service account.
    AccountId = "acct";
    /// A person.
    UserId = "usr";
    /// A named set of permissions.
    RoleId = "role";
    /// A protected API.
    ApiId = "api";
    /// A person's signed-in browser.
    SessionId = "sess";
    /// A key that encrypts an organisation's retained secrets.
    DataKeyId = "dek";
    /// A webhook.
    WebhookId = "whk";
    /// A message to a webhook, however often it is sent.
    MessageId = "msg";
    /// A server in one of its runs.
    NodeId = "node";
    /// A request, as named in answers, logs and the audit log.
    RequestId = "req";
}

impl OrganisationId {
    /// The installation itself: the chain that holds what belongs to no tenant.
    pub const INSTALLATION: Self = Self(Uuid::nil());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_text_of_an_id_is_what_is_displayed() {
        let id = Uuid::from_u128(0x0198_6f1e_2b3c_7d4e_8f5a_6b7c_8d9e_0f1a);
        assert_eq!(KeyId(id).text().as_bytes(), KeyId(id).to_string().as_bytes());
        assert_eq!(
            AccountId(id).text().as_bytes(),
            AccountId(id).to_string().as_bytes()
        );
    }

    proptest! {
        #[test]
        fn every_id_survives_being_written_and_read(value: u128) {
            let id = KeyId::from_uuid(Uuid::from_u128(value));
            prop_assert_eq!(id.to_string().parse::<KeyId>(), Ok(id));
        }

        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,40}") {
            if let Ok(id) = text.parse::<KeyId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn ids_sort_as_their_texts_do(a: u128, b: u128) {
            let (a, b) = (KeyId::from_uuid(Uuid::from_u128(a)), KeyId::from_uuid(Uuid::from_u128(b)));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let account = AccountId::from_uuid(Uuid::from_u128(7)).to_string();
        assert!(account.parse::<KeyId>().is_err());
        assert!("key_".parse::<KeyId>().is_err());
        assert!(
            "key_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<KeyId>().is_err(),
            "129 bits"
        );
    }
}
