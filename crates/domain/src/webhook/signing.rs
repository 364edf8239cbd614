//! Signatures as Standard Webhooks 1.0 has them: HMAC-SHA-256 over `id.timestamp.body`, in base64, after `v1,`.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::clock::{Random, Timestamp};

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a secret; the standard wants 24 to 64.
const LENGTH: usize = 32;

/// A text that is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected whsec_ and 24 to 64 bytes in base64")]
pub struct SecretError;

/// What a webhook's messages are signed with; redacted, and wiped when dropped.
pub struct SigningSecret(Zeroizing<Vec<u8>>);

impl SigningSecret {
    /// A fresh one.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new(vec![0; LENGTH]);
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`SecretError`] when they are too few or too many.
    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Result<Self, SecretError> {
        if (24..=64).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(SecretError)
        }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it is shown, once, and as libraries take it.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(&self.0)))
    }

    /// A signature of a message, as it stands in `webhook-signature`, apart from others by a space.
    pub fn sign(&self, id: &str, at: Timestamp, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{}.", seconds(at)).as_bytes());
        context.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(redacted)")
    }
}

/// The `webhook-timestamp` of an instant: seconds since 1970.
pub(super) fn seconds(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_standard_s_own_example_is() {
        // The example of the specification's reference libraries.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secret = SigningSecret::from_bytes(Zeroizing::new(secret)).unwrap();
        let at = Timestamp::from_micros(1_614_265_330_000_000);
        assert_eq!(
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(*secret.expose(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(format!("{secret:?}"), "SigningSecret(redacted)");
    }

    #[test]
    fn a_secret_is_long_enough_and_not_too_long() {
        for (length, fits) in [(23, false), (24, true), (64, true), (65, false)] {
            let made = SigningSecret::from_bytes(Zeroizing::new(vec![7; length]));
            assert_eq!(made.is_ok(), fits, "{length}");
        }
    }
}
