//! The second factor: time-based one-time codes (RFC 6238) as every authenticator app makes them, and recovery codes
//! for whoever lost the app.

use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

use crate::clock::{Random, Timestamp};

/// 160 bits, as RFC 4226 recommends.
const SECRET: usize = 20;
const DIGITS: u8 = 6;
const STEP: u64 = 30;
/// Steps before and after the present one whose codes are taken: clocks differ, and people type slowly.
const WINDOW: u16 = 1;
/// Recovery codes that are made at once.
const CODES: usize = 10;
/// Characters of a recovery code: 80 bits, since its digest has no salt and costs nothing.
const CODE: usize = 16;
/// Crockford's base 32, as in ids: no letter is taken for another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A secret that no codes can be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the second factor's secret cannot be used")]
pub struct TotpError;

/// A second factor.
pub struct Totp {
    codes: totp_rs::Totp,
    secret: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Totp(redacted)")
    }
}

impl Totp {
    /// A new one for the person of this address.
    ///
    /// # Errors
    /// [`TotpError`].
    pub fn generate(email: &str, random: &dyn Random) -> Result<Self, TotpError> {
        let mut secret = Zeroizing::new(vec![0; SECRET]);
        random.fill(&mut secret);
        Self::new(secret, email)
    }

    /// From its secret.
    ///
    /// # Errors
    /// [`TotpError`].
    pub fn new(secret: Zeroizing<Vec<u8>>, email: &str) -> Result<Self, TotpError> {
        let codes = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(STEP)
            .with_skew(WINDOW)
            .with_secret(secret.to_vec())
            .with_issuer(Some("Claviger"))
            .with_account_name(email.replace(':', " "))
            .build()
            .map_err(|_| TotpError)?;
        Ok(Self { codes, secret })
    }

    /// The secret's bytes.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// The secret as people type it (RFC 4648, base 32).
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(self.codes.secret().to_base32())
    }

    /// The `otpauth://` address that apps read out of a picture.
    ///
    /// # Errors
    /// [`TotpError`].
    pub fn uri(&self) -> Result<Zeroizing<String>, TotpError> {
        self.codes.to_url().map(Zeroizing::new).map_err(|_| TotpError)
    }

    /// The time step to which a code belongs, if it is one for about now.
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != usize::from(DIGITS) || !code.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let seconds = u64::try_from(now.as_micros() / 1_000_000).ok()?;
        let step = self.codes.check(&code, seconds)?;
        i64::try_from(step).ok()
    }
}

/// Fresh recovery codes, such as `k3f9-22mq-x7wd-p0t4`.
pub fn recovery_codes(random: &dyn Random) -> Vec<Zeroizing<String>> {
    let code = |_| {
        let mut bytes = Zeroizing::new([0; CODE]);
        random.fill(bytes.as_mut_slice());
        let mut code = Zeroizing::new(String::with_capacity(CODE + 3));
        for (i, byte) in bytes.iter().enumerate() {
            if i > 0 && i % 4 == 0 {
                code.push('-');
            }
            code.push(char::from(LETTERS[usize::from(byte % 32)]));
        }
        code
    };
    (0..CODES).map(code).collect()
}

/// A recovery code as it is looked up: without what people put between its characters, in lower case; none if it can be no
/// recovery code.
pub fn recovery_code(typed: &str) -> Option<Zeroizing<String>> {
    let mut code = Zeroizing::new(String::with_capacity(CODE));
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        if !c.is_ascii_alphanumeric() || code.len() == CODE {
            return None;
        }
        code.push(c.to_ascii_lowercase());
    }
    (code.len() == CODE).then_some(code)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::SystemRandom;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1; its eight digits end in our six.
        let secret = Zeroizing::new(b"12345678901234567890".to_vec());
        let totp = Totp::new(secret, "ann@sample.example").expect("a factor");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp.step_of(code, at(seconds)), Some(seconds / 30), "{code}");
        }
    }

    #[test]
    fn a_code_is_good_for_its_step_and_one_on_either_side() {
        let secret = Zeroizing::new(b"12345678901234567890".to_vec());
        let totp = Totp::new(secret, "ann@sample.example").expect("a factor");
        let late = at(59).plus(Duration::from_secs(60));
        assert_eq!(
            totp.step_of("287 082", at(59 + 30)),
            Some(1),
            "with a space, as apps show it"
        );
        assert_eq!(totp.step_of("287082", late), None);
        for wrong in ["", "28708", "2870822", "28708x", "٢٨٧٠٨٢", "287083"] {
            assert_eq!(totp.step_of(wrong, at(59)), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_can_read_the_address() {
        let totp = Totp::generate("ann@sample.example", &SystemRandom).expect("a factor");
        let uri = totp.uri().expect("an address");
        assert!(
            uri.starts_with("otpauth://totp/Claviger:ann%40sample.example?secret="),
            "{}",
            *uri
        );
        assert!(uri.contains(totp.base32().as_str()));
        assert_eq!(format!("{totp:?}"), "Totp(redacted)");
    }

    #[test]
    fn recovery_codes_differ_and_survive_being_typed() {
        let codes = recovery_codes(&SystemRandom);
        let mut distinct: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 10);
        let typed = codes[0].replace('-', " ").to_uppercase();
        assert_eq!(recovery_code(&typed), recovery_code(&codes[0]));
        for wrong in [
            "",
            "abc",
            "287082",
            "abcd-efgh-jkmn-pqr!",
            "abcd-efgh-jkmn-pqrs-t",
        ] {
            assert_eq!(recovery_code(wrong), None, "{wrong}");
        }
    }
}
