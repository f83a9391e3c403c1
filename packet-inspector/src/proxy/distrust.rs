//! Why the TLS handshake with a broker failed, in words.

use std::fmt;
use std::io;

use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

/// What keeps us and a broker from trusting each other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distrust {
    /// Its certificate is signed by none that is trusted.
    UnknownIssuer,
    /// Its certificate is for other names.
    OtherName {
        /// The name that it should be for.
        wanted: String,
        /// The names that it is for.
        names: Vec<String>,
    },
    /// Its certificate was valid until so many seconds ago, by this machine's clock.
    Expired(Option<u64>),
    /// Its certificate is valid in so many seconds, by this machine's clock.
    NotYetValid(Option<u64>),
    /// Its certificate is wrong in another way.
    Certificate(String),
    /// It wants a certificate of ours, or does not accept ours.
    OfOurs(String),
    /// What it sends is not TLS.
    NotTls,
}

impl Distrust {
    /// What a failed handshake tells; `None` when it was something else.
    pub(super) fn of(error: &io::Error) -> Option<Self> {
        match error.get_ref()?.downcast_ref::<Error>()? {
            Error::InvalidCertificate(problem) => Some(Self::of_certificate(problem)),
            Error::AlertReceived(alert) if is_about_ours(*alert) => Some(Self::OfOurs(format!("{alert:?}"))),
            Error::InvalidMessage(_) => Some(Self::NotTls),
            _ => None,
        }
    }

    fn of_certificate(problem: &CertificateError) -> Self {
        use CertificateError as Of;
        match problem {
            // A bad signature is that of another CA of the same name.
            Of::UnknownIssuer | Of::BadSignature => Self::UnknownIssuer,
            Of::NotValidForNameContext { expected, presented } => Self::OtherName {
                wanted: written(expected),
                names: presented.iter().map(|name| bare(name).to_owned()).collect(),
            },
            Of::Expired => Self::Expired(None),
            Of::ExpiredContext { time, not_after } => {
                Self::Expired(Some(time.as_secs().saturating_sub(not_after.as_secs())))
            }
            Of::NotValidYet => Self::NotYetValid(None),
            Of::NotValidYetContext { time, not_before } => {
                Self::NotYetValid(Some(not_before.as_secs().saturating_sub(time.as_secs())))
            }
            Of::BadEncoding => Self::Certificate("it is not well-formed".to_owned()),
            Of::Revoked => Self::Certificate("it was revoked".to_owned()),
            Of::InvalidPurpose | Of::InvalidPurposeContext { .. } => {
                Self::Certificate("it is not made for servers".to_owned())
            }
            // What webpki says, in its own word.
            other if other.to_string().contains("CaUsedAsEndEntity") => Self::Certificate(
                "it is a CA's own, which no server may use: have the CA sign one for the server".to_owned(),
            ),
            other => Self::Certificate(other.to_string()),
        }
    }
}

/// A refusal of our certificate, or of that we have none.
fn is_about_ours(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::AccessDenied
            | Alert::BadCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRequired
            | Alert::CertificateRevoked
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::UnsupportedCertificate
    )
}

fn written(name: &ServerName<'_>) -> String {
    name.to_str().into_owned()
}

/// `localhost` of rustls's `DnsName("localhost")`.
fn bare(name: &str) -> &str {
    let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.map_or(name, |inside| inside.trim_matches('"'))
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer => f.write_str("its certificate is signed by no CA that is trusted here"),
            Self::OtherName { wanted, names } if names.is_empty() => {
                write!(f, "its certificate is for no name at all, so not for {wanted}")
            }
            Self::OtherName { wanted, names } => {
                write!(f, "its certificate is for {}, not for {wanted}", names.join(", "))
            }
            Self::Expired(ago) => {
                f.write_str("its certificate has expired")?;
                ago.map_or(Ok(()), |ago| write!(f, " {} ago by this machine's clock", span(ago)))
            }
            Self::NotYetValid(wait) => {
                f.write_str("its certificate is not yet valid")?;
                wait.map_or(Ok(()), |wait| write!(f, ", but in {} by this machine's clock", span(wait)))
            }
            Self::Certificate(why) => write!(f, "its certificate can't be trusted: {why}"),
            Self::OfOurs(alert) => write!(f, "it wants another certificate of ours, or one at all ({alert})"),
            Self::NotTls => f.write_str("what it sends is not TLS: it may be a plain port"),
        }
    }
}

/// Seconds in the largest unit that fits.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (length, name) = units.into_iter().find(|(length, _)| seconds >= *length).unwrap_or((1, "second"));
    crate::render::counted(seconds / length, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_in_the_largest_unit() {
        assert_eq!(span(0), "0 seconds");
        assert_eq!(span(119), "1 minute");
        assert_eq!(span(2 * 86_400 + 5), "2 days");
        assert_eq!(bare("DnsName(\"localhost\")"), "localhost");
        assert_eq!(bare("IpAddress(127.0.0.1)"), "127.0.0.1");
    }
}
