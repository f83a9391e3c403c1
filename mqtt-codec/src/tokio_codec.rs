//! For `tokio_util::codec::Framed`, `FramedRead` and `FramedWrite`.

use core::fmt;
use std::io;

use bytes::BytesMut;
use tokio_util::codec;

use crate::decoder::Decoder;
use crate::error::{DecodeError, EncodeError};
use crate::packet::Packet;
use crate::packet_buf::PacketBuf;

/// Packets over any byte stream of tokio. Reserves nothing for a length that a peer declares.
///
/// After a [`CodecError::Decode`] the connection is over [MQTT-4.8.0-1]: nothing tells where the next packet would
/// begin, so the bytes at fault stay in the buffer. `Framed` yields the error, then `None`. Polled on, it reads again,
/// and repeats the error once more bytes, or the end of the stream, have come. Stop at the first error and drop it.
///
/// A [`CodecError::Encode`] concerns its packet alone: nothing of it was written, and others can be sent.
///
/// It encodes a [`Packet`], a [`PacketBuf`] and a `&PacketBuf`, so what is called without a packet has to be told of one:
///
/// ```
/// # async fn example(stream: tokio::io::DuplexStream) -> Result<(), mqtt_codec::CodecError> {
/// use futures_util::SinkExt;
/// use mqtt_codec::{MqttCodec, Packet};
/// use tokio_util::codec::Framed;
///
/// let mut framed = Framed::new(stream, MqttCodec::default());
/// framed.send(Packet::Disconnect).await?;
/// SinkExt::<Packet<'_>>::close(&mut framed).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MqttCodec {
    decoder: Decoder,
}

impl MqttCodec {
    /// Decodes by the rules of `decoder`; set a [`max_packet_len`](Decoder::max_packet_len) where the peer is not
    /// trusted, since a packet is buffered until it is whole.
    pub const fn new(decoder: Decoder) -> Self {
        Self { decoder }
    }
}

/// Why packets stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum CodecError {
    /// The peer sent bytes that are no packet. What came before them was given out.
    Decode(DecodeError),
    /// A packet to be sent cannot be.
    Encode(EncodeError),
    /// The stream failed.
    Io(io::Error),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decode(_) => "the peer's bytes are no packet",
            Self::Encode(_) => "the packet cannot be sent",
            Self::Io(_) => "the stream failed",
        })
    }
}

impl core::error::Error for CodecError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(match self {
            Self::Decode(error) => error,
            Self::Encode(error) => error,
            Self::Io(error) => error,
        })
    }
}

impl From<io::Error> for CodecError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<DecodeError> for CodecError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for CodecError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<CodecError> for io::Error {
    /// `InvalidData` for the peer's bytes, `InvalidInput` for a packet that cannot be sent, and the stream's own error
    /// as it was.
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Decode(error) => error.into(),
            CodecError::Encode(error) => error.into(),
            CodecError::Io(error) => error,
        }
    }
}

impl codec::Decoder for MqttCodec {
    type Item = PacketBuf;
    type Error = CodecError;

    fn decode(&mut self, stream: &mut BytesMut) -> Result<Option<PacketBuf>, CodecError> {
        PacketBuf::take(&self.decoder, stream).map_err(CodecError::Decode)
    }
}

impl codec::Encoder<Packet<'_>> for MqttCodec {
    type Error = CodecError;

    fn encode(&mut self, packet: Packet<'_>, out: &mut BytesMut) -> Result<(), CodecError> {
        packet.encode_to(out).map(drop).map_err(CodecError::Encode)
    }
}

/// The bytes as they came, so that a stream of packets can be forwarded.
impl codec::Encoder<PacketBuf> for MqttCodec {
    type Error = CodecError;

    fn encode(&mut self, packet: PacketBuf, out: &mut BytesMut) -> Result<(), CodecError> {
        codec::Encoder::encode(self, &packet, out)
    }
}

/// The bytes as they came, without another check: what a proxy sends on. Even a CONNECT that only a decoder lets pass,
/// with an empty Client Identifier and Clean Session 0.
impl codec::Encoder<&PacketBuf> for MqttCodec {
    type Error = CodecError;

    fn encode(&mut self, packet: &PacketBuf, out: &mut BytesMut) -> Result<(), CodecError> {
        out.extend_from_slice(packet.as_bytes());
        Ok(())
    }
}
