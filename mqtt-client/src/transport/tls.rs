//! TLS by rustls. The server's certificate is always verified, for the name or number in the address.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};

use crate::transport::BoxIo;
use crate::transport::error::ConnectFailure;

/// Whom to trust, and who we are: by default, the CAs that this system trusts, and nobody in particular.
///
/// Sessions are resumed on the next connection. A key is never in `Debug` output.
///
/// ```no_run
/// use mqtt_client::{Options, SessionOptions};
/// use mqtt_client::transport::{TlsOptions, TransportOptions};
///
/// let tls = TlsOptions::default()
///     .ca_file("ca.pem")?
///     .client_certificate_files("light.pem", "light-key.pem")?;
/// let options = Options::new("mqtts://broker.example".parse()?, SessionOptions::new("light"))
///     .transport(TransportOptions::default().tls(tls));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct TlsOptions {
    /// Own CAs, in place of the system's.
    roots: Option<Arc<RootCertStore>>,
    identity: Option<Arc<CertifiedKey>>,
    /// Made when it is needed first.
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

/// A certificate or key can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{}{problem}", In(file.as_deref()))]
pub struct TlsOptionsError {
    file: Option<PathBuf>,
    problem: TlsOptionsProblem,
}

/// What is wrong with a certificate or key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsOptionsProblem {
    /// The file can't be read.
    #[error("{0}")]
    Unreadable(io::Error),
    /// It is not PEM.
    #[error("not PEM: {0}")]
    Pem(rustls::pki_types::pem::Error),
    /// There is no certificate in it.
    #[error("no certificate in it")]
    NoCertificate,
    /// There is no private key in it.
    #[error("no private key in it; one that is encrypted with a passphrase can't be used")]
    NoKey,
    /// A certificate of a CA is not one.
    #[error("certificate {index} is not usable as that of a CA: {error}", index = .0, error = .1)]
    Ca(usize, rustls::Error),
    /// The key is not usable, or not that of the certificate.
    #[error("certificate and key are not usable together: {0}")]
    Key(rustls::Error),
}

impl TlsOptions {
    /// Trusts the CAs in this file, in PEM, and not those of the system. Called again, these too.
    ///
    /// # Errors
    /// The file can't be read, or has anything but certificates of CAs.
    pub fn ca_file(self, path: impl AsRef<Path>) -> Result<Self, TlsOptionsError> {
        let path = path.as_ref();
        self.add_cas(&read(path)?).map_err(|problem| problem.in_file(path))
    }

    /// The same with the file's contents.
    ///
    /// # Errors
    /// It has anything but certificates of CAs.
    pub fn ca_pem(self, pem: &[u8]) -> Result<Self, TlsOptionsError> {
        self.add_cas(pem).map_err(Into::into)
    }

    /// Shows this certificate (with those between it and its CA behind it) to servers that ask for one, with its private
    /// key; both in PEM.
    ///
    /// # Errors
    /// A file can't be read, lacks what it is for, or the key is not that of the certificate.
    pub fn client_certificate_files(
        self,
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsOptionsError> {
        let (chain_path, key_path) = (chain.as_ref(), key.as_ref());
        let chain = certificates(&read(chain_path)?).map_err(|problem| problem.in_file(chain_path))?;
        let key = private_key(&read(key_path)?).map_err(|problem| problem.in_file(key_path))?;
        self.identity(chain, key).map_err(|problem| problem.in_file(key_path))
    }

    /// The same with the files' contents.
    ///
    /// # Errors
    /// One lacks what it is for, or the key is not that of the certificate.
    pub fn client_certificate_pem(self, chain: &[u8], key: &[u8]) -> Result<Self, TlsOptionsError> {
        Ok(self.identity(certificates(chain)?, private_key(key)?)?)
    }

    fn add_cas(mut self, pem: &[u8]) -> Result<Self, TlsOptionsProblem> {
        let mut roots = self.roots.as_deref().cloned().unwrap_or_else(RootCertStore::empty);
        for (index, certificate) in certificates(pem)?.into_iter().enumerate() {
            roots.add(certificate).map_err(|error| TlsOptionsProblem::Ca(index + 1, error))?;
        }
        self.roots = Some(Arc::new(roots));
        self.config = Arc::default();
        Ok(self)
    }

    fn identity(
        mut self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsOptionsProblem> {
        let identity = CertifiedKey::from_der(chain, key, &ring::default_provider());
        self.identity = Some(Arc::new(identity.map_err(TlsOptionsProblem::Key)?));
        self.config = Arc::default();
        Ok(self)
    }

    /// What rustls wants to know. Reads the system's CAs when it is called first.
    fn config(&self) -> Result<Arc<ClientConfig>, ConnectFailure> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let provider = Arc::new(ring::default_provider());
        let config = self.new_config(&provider).map_err(|error| ConnectFailure::Roots(error.into()))?;
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(config))))
    }

    fn new_config(&self, provider: &Arc<CryptoProvider>) -> Result<ClientConfig, rustls::Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.roots {
            Some(roots) => builder.with_root_certificates(Arc::clone(roots)),
            // "Dangerous" is what rustls calls every other verifier than its own; this one asks the system.
            None => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Verifier::new(Arc::clone(provider))?)),
        };
        Ok(match &self.identity {
            Some(identity) => {
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(identity))))
            }
            None => builder.with_no_client_auth(),
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsOptionsError> {
    std::fs::read(path).map_err(|error| TlsOptionsProblem::Unreadable(error).in_file(path))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsOptionsProblem> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(none) if none.is_empty() => Err(TlsOptionsProblem::NoCertificate),
        other => other.map_err(TlsOptionsProblem::Pem),
    }
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsOptionsProblem> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => TlsOptionsProblem::NoKey,
        other => TlsOptionsProblem::Pem(other),
    })
}

/// Does the handshake with this host.
pub(super) async fn connect(
    host: &str,
    io: BoxIo,
    options: &TlsOptions,
) -> Result<TlsStream<BoxIo>, ConnectFailure> {
    let server_name =
        ServerName::try_from(host.to_owned()).map_err(|_| ConnectFailure::ServerName(host.to_owned()))?;
    let options = options.clone();
    // It reads many files.
    let config = tokio::task::spawn_blocking(move || options.config()).await;
    let config = config.map_err(|error| ConnectFailure::Roots(error.into()))??;
    TlsConnector::from(config).connect(server_name, io).await.map_err(failure)
}

/// What a failed handshake says about the server.
fn failure(error: io::Error) -> ConnectFailure {
    match tls_error(&error) {
        Some(rustls::Error::InvalidCertificate(problem)) => {
            use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
            match problem {
                Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => {
                    ConnectFailure::CertificateTime(about_time(problem).into())
                }
                CertificateError::NotValidForNameContext { expected, presented } => {
                    // rustls writes each as `DnsName("localhost")`.
                    let bare = |name: &String| match name.split_once('(') {
                        Some((_, inside)) => inside.trim_end_matches(')').trim_matches('"').to_owned(),
                        None => name.clone(),
                    };
                    let names: Vec<_> = presented.iter().map(bare).collect();
                    let names = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
                    ConnectFailure::Certificate(
                        format!("it is for {names}, not for {}", expected.to_str()).into(),
                    )
                }
                CertificateError::UnknownIssuer => {
                    ConnectFailure::Certificate("its issuer is not among the trusted CAs".into())
                }
                problem => ConnectFailure::Certificate(problem.to_string().into()),
            }
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            let error = io::Error::new(io::ErrorKind::InvalidData, "what the server sends is not TLS");
            ConnectFailure::Tls(error)
        }
        _ => ConnectFailure::Tls(error),
    }
}

/// When a certificate was, or will be, valid, by this machine's clock.
fn about_time(problem: &CertificateError) -> String {
    let days = |from: u64, to: u64| match to.saturating_sub(from) / 86_400 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    match problem {
        CertificateError::ExpiredContext { time, not_after } => {
            format!("it expired {} ago", days(not_after.as_secs(), time.as_secs()))
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            format!("it is valid in {} only", days(time.as_secs(), not_before.as_secs()))
        }
        other => other.to_string(),
    }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// The server does not accept our certificate, or that we have none, or nothing that we offer.
pub(super) fn refuses_us(error: &io::Error) -> bool {
    use AlertDescription as Alert;
    let Some(rustls::Error::AlertReceived(alert)) = tls_error(error) else { return false };
    matches!(
        alert,
        Alert::AccessDenied
            | Alert::BadCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRequired
            | Alert::CertificateRevoked
            | Alert::CertificateUnknown
            | Alert::DecryptError
            | Alert::HandshakeFailure
            | Alert::InsufficientSecurity
            | Alert::ProtocolVersion
            | Alert::UnknownCA
            | Alert::UnsupportedCertificate
    )
}

impl TlsOptionsProblem {
    fn in_file(self, path: &Path) -> TlsOptionsError {
        TlsOptionsError { file: Some(path.to_owned()), problem: self }
    }
}

impl From<TlsOptionsProblem> for TlsOptionsError {
    fn from(problem: TlsOptionsProblem) -> Self {
        Self { file: None, problem }
    }
}

impl TlsOptionsError {
    /// What is wrong.
    pub fn problem(&self) -> &TlsOptionsProblem {
        &self.problem
    }
}

struct In<'a>(Option<&'a Path>);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |path| write!(f, "{}: ", path.display()))
    }
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("own_cas", &self.roots.as_ref().map(|roots| roots.len()))
            .field("client_certificate", &self.identity.is_some())
            .finish_non_exhaustive()
    }
}
