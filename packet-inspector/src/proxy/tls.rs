//! TLS to the broker, so that an encrypted one can be looked at from a plain local client.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// How the broker is to prove who it is, and we to it.
#[derive(Clone)]
pub struct Tls {
    name: ServerName<'static>,
    connector: TlsConnector,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

/// TLS can't be set up.
#[derive(Debug)]
pub enum TlsError {
    /// A file with certificates or a key can't be used.
    File(PathBuf, String),
    /// This is neither a host name nor an IP address.
    Name(String),
    /// What the system trusts can't be found out.
    NoRoots(rustls::Error),
    /// rustls refuses, e.g. a key that is not the certificate's.
    Config(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Name(name) => write!(f, "{name} is neither a host name nor an address"),
            Self::NoRoots(error) => {
                write!(f, "the system's trusted certificates can't be used ({error}): name a file with some")
            }
            Self::Config(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TlsError {}

impl Tls {
    /// TLS with a broker of this name. Its certificate must be signed by one in `ca`, or by one that the system trusts;
    /// `client` names the files of our own certificate and its key.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn new(name: &str, ca: Option<&Path>, client: Option<(&Path, &Path)>) -> Result<Self, TlsError> {
        let name = ServerName::try_from(name.to_owned()).map_err(|_| TlsError::Name(name.to_owned()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Config)?;
        let config = match ca {
            Some(path) => config.with_root_certificates(roots(path)?),
            None => {
                // As the client decides, and whatever else asks this system.
                let verifier = Verifier::new(provider).map_err(TlsError::NoRoots)?;
                config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let config = match client {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let in_file =
                    |error: rustls::pki_types::pem::Error| TlsError::File(key.to_owned(), error.to_string());
                let chain = certificates(certificate)?;
                let key = PrivateKeyDer::from_pem_file(key).map_err(in_file)?;
                config.with_client_auth_cert(chain, key).map_err(TlsError::Config)?
            }
        };
        Ok(Self { name, connector: TlsConnector::from(Arc::new(config)) })
    }

    pub(super) async fn connect(&self, tcp: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), tcp).await
    }
}

/// The certificates in this file, to be trusted.
fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(path)?);
    if roots.is_empty() {
        return Err(TlsError::File(path.to_owned(), "no certificate is in it".to_owned()));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let in_file = |error: rustls::pki_types::pem::Error| TlsError::File(path.to_owned(), error.to_string());
    CertificateDer::pem_file_iter(path).map_err(in_file)?.collect::<Result<_, _>>().map_err(in_file)
}
