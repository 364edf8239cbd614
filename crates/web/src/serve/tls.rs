//! TLS on a listener: one certificate for all of them, read anew when its files change, and for gateways the authority
//! whose certificates they must show.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::connection::Protocol;
use super::known::Known;

/// Where the certificate is, and whom it is shown to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The server's certificate and those between it and its authority, as PEM.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
    /// The authorities whose certificates gateways must show, as PEM; none where they need not.
    pub clients: Option<PathBuf>,
    /// What those authorities have revoked, as PEM (RFC 5280).
    pub revoked: Option<PathBuf>,
    /// Which of their certificates are let in, by a DNS name or URI in them; all where nothing is said.
    pub client_names: Vec<String>,
}

/// Why a certificate cannot be used; one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path}: {cause}")]
    File {
        /// Which one.
        path: String,
        /// Why.
        cause: String,
    },
    /// They do not go together.
    #[error("{0} and {1} cannot be used: {2}")]
    Pair(String, String, rustls::Error),
    /// The authorities cannot be used.
    #[error("{0} holds no authority that can be used: {1}")]
    Authorities(String, String),
}

/// Whose connections a listener takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clients {
    /// Anybody's.
    Anybody,
    /// Those that show a certificate of the authorities for gateways, where there are any; else anybody's.
    Gateways,
}

/// What was read from the files.
struct Current {
    bytes: Vec<Vec<u8>>,
    /// For anybody and for gateways, each for HTTP/1.1 alone and for both.
    configs: [[Arc<ServerConfig>; 2]; 2],
    not_after: Duration,
}

/// A server's certificate as it is now.
pub struct Certificates {
    files: Files,
    current: ArcSwap<Current>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

/// The TLS of one listener.
#[derive(Debug, Clone)]
pub struct Tls {
    certificates: Arc<Certificates>,
    clients: Clients,
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// A file that cannot be read, or holds nothing that can be used.
    pub fn read(files: Files) -> Result<Arc<Self>, TlsError> {
        let current = Current::of(&files, contents(&files)?)?;
        Ok(Arc::new(Self {
            files,
            current: ArcSwap::from_pointee(current),
        }))
    }

    /// Reads the files again, and uses what they hold from the next connection on, if it is anything new. What cannot be used
    /// changes nothing.
    ///
    /// # Errors
    /// As [`Certificates::read`].
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let bytes = contents(&self.files)?;
        if bytes == self.current.load().bytes {
            return Ok(false);
        }
        self.current.store(Arc::new(Current::of(&self.files, bytes)?));
        Ok(true)
    }

    /// Until when the certificate is good, since 1970.
    pub fn not_after(&self) -> Duration {
        self.current.load().not_after
    }

    /// The TLS of a listener for these clients.
    pub fn listener(self: &Arc<Self>, clients: Clients) -> Tls {
        Tls {
            certificates: Arc::clone(self),
            clients,
        }
    }
}

impl Tls {
    /// The handshake of a connection; none where there is nobody to go on with. Who speaks plain HTTP is told so.
    pub(super) async fn accept(
        self,
        stream: TcpStream,
        protocol: Protocol,
        patience: Duration,
    ) -> Option<TlsStream<TcpStream>> {
        let shake = async {
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
                refuse_plain(stream).await?;
                return Err(io::ErrorKind::InvalidData.into());
            }
            let config = {
                let current = self.certificates.current.load();
                Arc::clone(&current.configs[self.clients as usize][usize::from(protocol == Protocol::Auto)])
            };
            TlsAcceptor::from(config).accept(stream).await
        };
        match tokio::time::timeout(patience, shake).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                None
            }
            Err(_) => None,
        }
    }
}

/// The first byte of each TLS connection (RFC 8446, section 5.1: content type `handshake`).
const HANDSHAKE: u8 = 22;

async fn refuse_plain(mut stream: TcpStream) -> io::Result<()> {
    let body = r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"this port speaks TLS: use https://"}"#;
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // What it has sent must be read, or the answer may be lost to it with the reset.
    let mut sink = [0; 4096];
    for _ in 0..16 {
        if tokio::io::AsyncReadExt::read(&mut stream, &mut sink).await? == 0 {
            break;
        }
    }
    Ok(())
}

fn file_error(path: &Path, cause: impl fmt::Display) -> TlsError {
    TlsError::File {
        path: path.display().to_string(),
        cause: cause.to_string(),
    }
}

fn contents(files: &Files) -> Result<Vec<Vec<u8>>, TlsError> {
    [
        Some(&files.certificate),
        Some(&files.key),
        files.clients.as_ref(),
        files.revoked.as_ref(),
    ]
    .into_iter()
    .flatten()
    .map(|path| fs::read(path).map_err(|error| file_error(path, error)))
    .collect()
}

impl Current {
    fn of(files: &Files, bytes: Vec<Vec<u8>>) -> Result<Self, TlsError> {
        let (certificate, key) = (bytes[0].as_slice(), bytes[1].as_slice());
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| file_error(&files.certificate, error))?;
        let Some(first) = chain.first() else {
            return Err(file_error(&files.certificate, "no certificate in it"));
        };
        let not_after = Certificate::from_der(first)
            .map_err(|error| file_error(&files.certificate, error))?
            .tbs_certificate
            .validity
            .not_after
            .to_unix_duration();
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| file_error(&files.key, error))?;
        let known = match &files.clients {
            None => None,
            Some(path) => Some(known(files, path, &bytes[2], bytes.get(3))?),
        };
        let config = |known: Option<&Arc<dyn ClientCertVerifier>>, both: bool| {
            let builder = ServerConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .map(|builder| match known {
                    Some(known) => builder.with_client_cert_verifier(Arc::clone(known)),
                    None => builder.with_no_client_auth(),
                });
            let mut config = builder
                .and_then(|builder| builder.with_single_cert(chain.clone(), key.clone_key()))
                .map_err(|error| {
                    let [certificate, key] =
                        [&files.certificate, &files.key].map(|path| path.display().to_string());
                    TlsError::Pair(certificate, key, error)
                })?;
            config.alpn_protocols = match both {
                true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
                false => vec![b"http/1.1".to_vec()],
            };
            Ok(Arc::new(config))
        };
        let configs = [
            [config(None, false)?, config(None, true)?],
            [config(known.as_ref(), false)?, config(known.as_ref(), true)?],
        ];
        Ok(Self {
            bytes,
            configs,
            not_after,
        })
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Who is let in as a gateway.
fn known(
    files: &Files,
    path: &Path,
    authorities: &[u8],
    revoked: Option<&Vec<u8>>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let refused = |cause: String| TlsError::Authorities(path.display().to_string(), cause);
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities) {
        let authority = authority.map_err(|error| refused(error.to_string()))?;
        roots.add(authority).map_err(|error| refused(error.to_string()))?;
    }
    let lists: Vec<_> = match (&files.revoked, revoked) {
        (Some(path), Some(bytes)) => CertificateRevocationListDer::pem_slice_iter(bytes)
            .collect::<Result<_, _>>()
            .map_err(|error| file_error(path, error))?,
        _ => Vec::new(),
    };
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .with_crls(lists)
        .allow_unknown_revocation_status()
        .build()
        .map_err(|error| refused(error.to_string()))?;
    Ok(match files.client_names.as_slice() {
        [] => verifier,
        names => Arc::new(Known::new(verifier, names)),
    })
}
