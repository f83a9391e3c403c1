//! stub
use tokio::io::{AsyncRead, AsyncWrite};
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}
pub type BoxIo = Box<dyn Io>;
#[derive(Clone, Debug, Default)]
pub struct Address(String);
impl std::str::FromStr for Address {
    type Err = std::io::Error;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(Self(s.trim_start_matches("mqtt://").to_owned()))
    }
}
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl Address {
    pub fn login(&self) -> Option<(String, Option<bytes::Bytes>)> {
        None
    }
}
#[derive(Clone, Debug, Default)]
pub struct TransportOptions;
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(#[from] std::io::Error);
impl ConnectError {
    pub fn is_permanent(&self) -> bool {
        false
    }
}
pub async fn connect(address: &Address, _: &TransportOptions) -> Result<BoxIo, ConnectError> {
    let s = tokio::net::TcpStream::connect(&address.0).await?;
    s.set_nodelay(true)?;
    Ok(Box::new(s))
}
