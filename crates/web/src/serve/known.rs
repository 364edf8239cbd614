//! Which certificates of an authority are gateways: those with a name that was said.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Lets in whom `inner` lets in, if the certificate has one of the names.
#[derive(Debug)]
pub(super) struct Known {
    inner: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

impl Known {
    pub(super) fn new(inner: Arc<dyn ClientCertVerifier>, names: &[String]) -> Self {
        Self {
            inner,
            names: names.iter().map(|name| name.to_ascii_lowercase()).collect(),
        }
    }

    /// DNS names and URIs in the certificate (RFC 5280, section 4.2.1.6), as they are written: a wildcard is no gateway's name.
    fn is_known(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok(certificate) = Certificate::from_der(certificate) else {
            return false;
        };
        let Ok(Some((_, SubjectAltName(names)))) = certificate.tbs_certificate.get() else {
            return false;
        };
        names.iter().any(|name| {
            let text = match name {
                GeneralName::DnsName(name) => name.as_str(),
                GeneralName::UniformResourceIdentifier(uri) => uri.as_str(),
                _ => return false,
            };
            self.names.contains(&text.to_ascii_lowercase())
        })
    }
}

impl ClientCertVerifier for Known {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.inner.verify_client_cert(certificate, between, now)?;
        if self.is_known(certificate) {
            Ok(verified)
        } else {
            Err(Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
