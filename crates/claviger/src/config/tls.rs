//! Settings of TLS on the listeners.

use std::path::PathBuf;

use serde::Deserialize;
use web::serve::Files;

use super::{Config, ConfigError};

/// The certificate that listeners show, and whose they want to see.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) listeners: Vec<Plane>,
    pub(crate) clients: Option<PathBuf>,
    pub(crate) client_names: Vec<String>,
    pub(crate) revoked: Option<PathBuf>,
}

/// A listener, by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Plane {
    Management,
    Verification,
    Grpc,
    Metrics,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            certificate: None,
            key: None,
            listeners: vec![
                Plane::Management,
                Plane::Verification,
                Plane::Grpc,
                Plane::Metrics,
            ],
            clients: None,
            client_names: Vec::new(),
            revoked: None,
        }
    }
}

impl Config {
    /// Where the certificate is; none without TLS.
    pub(crate) fn tls(&self) -> Result<Option<Files>, ConfigError> {
        let tls = &self.tls;
        let files = match (&tls.certificate, &tls.key) {
            (Some(certificate), Some(key)) => Files {
                certificate: certificate.clone(),
                key: key.clone(),
                clients: tls.clients.clone(),
                revoked: tls.revoked.clone(),
                client_names: tls.client_names.clone(),
            },
            (None, None) if tls.clients.is_none() => return Ok(None),
            _ => return Err(ConfigError::Certificate),
        };
        if files.clients.is_none() && (!files.client_names.is_empty() || files.revoked.is_some()) {
            return Err(ConfigError::Authorities);
        }
        Ok(Some(files))
    }

    /// Whether this listener speaks TLS.
    pub(crate) fn has_tls(&self, plane: Plane) -> bool {
        self.tls.certificate.is_some() && self.tls.listeners.contains(&plane)
    }

    /// Whether only gateways with a certificate reach this listener.
    pub(crate) fn is_mutual(&self, plane: Plane) -> bool {
        self.tls.clients.is_some()
            && self.has_tls(plane)
            && matches!(plane, Plane::Verification | Plane::Grpc)
    }

    /// How the address of this listener begins.
    pub(crate) fn scheme(&self, plane: Plane) -> &'static str {
        if self.has_tls(plane) { "https" } else { "http" }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::tests::with;

    #[test]
    fn a_certificate_and_its_key_go_together_and_names_want_an_authority() {
        for text in [
            "[tls]\ncertificate = \"a\"\n",
            "[tls]\nkey = \"a\"\n",
            "[tls]\nclients = \"a\"\n",
            "[tls]\ncertificate = \"a\"\nkey = \"b\"\nclient_names = [\"gateway\"]\n",
            "[tls]\ncertificate = \"a\"\nkey = \"b\"\nrevoked = \"c\"\n",
        ] {
            assert!(with(text, &[]).expect("settings").tls().is_err(), "{text}");
        }
        let text = "[tls]\ncertificate = \"a\"\nkey = \"b\"\nclients = \"c\"\nclient_names = [\"gateway\"]\n";
        assert!(
            with(text, &[])
                .expect("settings")
                .tls()
                .expect("settings")
                .is_some()
        );
        assert!(with("[tls]\nlisteners = [\"everything\"]\n", &[]).is_err());
    }

    #[test]
    fn gateways_with_certificates_may_ask_from_other_machines() {
        let reached = [("CLAVIGER_LISTEN_VERIFICATION", "0.0.0.0:7401")];
        let tls = "[tls]\ncertificate = \"a\"\nkey = \"b\"\n";
        assert!(
            with(tls, &reached).expect("settings").guard().is_err(),
            "TLS says nothing of who asks"
        );
        let mutual = format!("{tls}clients = \"c\"\n");
        assert!(with(&mutual, &reached).expect("settings").guard().is_ok());
        let elsewhere = format!("{mutual}listeners = [\"management\", \"grpc\"]\n");
        assert!(with(&elsewhere, &reached).expect("settings").guard().is_err());
    }
}
