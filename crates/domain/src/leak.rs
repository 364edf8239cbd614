//! Reports of leaked tokens by GitHub's secret scanning: a POST whose raw body is signed by ECDSA with P-256 and SHA-256, under one of the
//! keys that GitHub publishes.

use std::collections::HashMap;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What is done about a token that was reported as leaked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LeakRule)]
#[serde(rename_all = "snake_case")]
pub enum LeakRule {
    /// Its key is revoked at once, and whose it is is told.
    #[default]
    Revoke,
    /// Whose it is is told, and decides.
    Report,
}

/// The public keys that reports are signed with, by their identifiers.
#[derive(Debug, Clone, Default)]
pub struct SigningKeys(HashMap<String, Vec<u8>>);

/// Why a list of public keys cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// Not the JSON that GitHub publishes.
    #[error("expected {{\"public_keys\": [{{\"key_identifier\": …, \"key\": …}}]}}: {0}")]
    Shape(String),
    /// A key that is no PEM of a public key.
    #[error("the key {0} is no public key in PEM")]
    Pem(String),
}

#[derive(Deserialize)]
struct Published {
    public_keys: Vec<PublishedKey>,
}

#[derive(Deserialize)]
struct PublishedKey {
    key_identifier: String,
    key: String,
}

impl SigningKeys {
    /// As GitHub publishes them.
    ///
    /// # Errors
    /// As [`KeysError`] says.
    pub fn parse(json: &[u8]) -> Result<Self, KeysError> {
        let published: Published =
            serde_json::from_slice(json).map_err(|error| KeysError::Shape(error.to_string()))?;
        let mut keys = HashMap::new();
        for PublishedKey { key_identifier, key } in published.public_keys {
            let Some(der) = der_of(&key) else {
                return Err(KeysError::Pem(key_identifier));
            };
            keys.insert(key_identifier, der);
        }
        Ok(Self(keys))
    }

    /// Whether a key of that identifier is known.
    pub fn knows(&self, identifier: &str) -> bool {
        self.0.contains_key(identifier)
    }

    /// Whether the signature, DER in base64, is of this body under the key of that identifier.
    pub fn verify(&self, identifier: &str, signature: &str, body: &[u8]) -> bool {
        let (Some(key), Ok(signature)) = (self.0.get(identifier), STANDARD.decode(signature)) else {
            return false;
        };
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
            .verify(body, &signature)
            .is_ok()
    }
}

/// The bytes within a PEM of a public key.
fn der_of(pem: &str) -> Option<Vec<u8>> {
    let inner = pem.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?;
    let inner = inner.strip_suffix("-----END PUBLIC KEY-----")?;
    let text: String = inner.split_whitespace().collect();
    STANDARD.decode(text).ok().filter(|der| !der.is_empty())
}

/// A token that was found.
#[derive(Deserialize)]
pub struct Alert {
    /// The token.
    pub token: Zeroizing<String>,
    /// Which kind of token it looks like, by the name under which its form was made known to GitHub.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Where it was found.
    #[serde(default)]
    pub url: String,
    /// In what: `content`, `commit`, `pull_request_description`, …
    #[serde(default)]
    pub source: String,
}

impl Alert {
    /// All of a report.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(body: &[u8]) -> Result<Vec<Self>, String> {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }

    /// Where it was found, in words.
    pub fn place(&self) -> Option<String> {
        match (self.url.as_str(), self.source.as_str()) {
            ("", "") => None,
            (url, "") => Some(url.to_owned()),
            ("", source) => Some(source.to_owned()),
            (url, source) => Some(format!("{url} ({source})")),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::*;

    /// The example of GitHub's documentation for its partners: a body, its signature, and the key.
    const BODY: &str = r#"[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]"#;
    const SIGNATURE: &str =
        "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==";
    const KEY: &str = r#"{"public_keys":[{"key_identifier":"bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c",
        "key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----","is_current":true}]}"#;
    const IDENTIFIER: &str = "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c";

    #[test]
    fn github_s_own_example_is_believed_and_nothing_that_differs_from_it() {
        let keys = SigningKeys::parse(KEY.as_bytes()).unwrap();
        assert!(keys.knows(IDENTIFIER));
        assert!(keys.verify(IDENTIFIER, SIGNATURE, BODY.as_bytes()));
        assert!(!keys.verify(
            IDENTIFIER,
            SIGNATURE,
            BODY.replace("some_token", "another").as_bytes()
        ));
        assert!(!keys.verify("another", SIGNATURE, BODY.as_bytes()));
        for signature in ["", "!", "AAAA", &SIGNATURE.replace("MEQC", "MEUC")] {
            assert!(
                !keys.verify(IDENTIFIER, signature, BODY.as_bytes()),
                "{signature}"
            );
        }
    }

    #[test]
    fn another_s_signature_is_not_believed() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        let list = serde_json::json!({"public_keys": [{"key_identifier": "own", "key": pem}]});
        let keys = SigningKeys::parse(list.to_string().as_bytes()).unwrap();
        let signature = pair.sign(&SystemRandom::new(), BODY.as_bytes()).unwrap();
        let signature = STANDARD.encode(signature.as_ref());
        assert!(keys.verify("own", &signature, BODY.as_bytes()));
        assert!(!keys.verify("own", SIGNATURE, BODY.as_bytes()));
    }

    #[test]
    fn a_list_that_is_none_says_why() {
        assert!(matches!(SigningKeys::parse(b"{}"), Err(KeysError::Shape(_))));
        let list = br#"{"public_keys":[{"key_identifier":"x","key":"-----BEGIN PUBLIC KEY-----"}]}"#;
        assert_eq!(
            SigningKeys::parse(list).unwrap_err(),
            KeysError::Pem("x".to_owned())
        );
    }

    #[test]
    fn a_report_names_tokens_and_places() {
        let alerts = Alert::parse(BODY.as_bytes()).unwrap();
        assert_eq!(alerts.len(), 1);
        assert_eq!(
            alerts[0].place().as_deref(),
            Some("https://example.com/base-repo-url/ (commit)")
        );
        assert!(Alert::parse(b"{}").is_err());
    }
}
