//! Each packet from its fields, by the keys that `decode` prints.

use mqtt_codec::{
    Connack, Connect, ConnectFields, ConnectReturnCode, Delivery, Login, Packet, PacketId, Publish, QoS,
    ReturnCodes, Suback, SubackReturnCode, Subscribe, Subscriptions, TopicFilters, Unsubscribe, Utf8Str,
    Will,
};
use serde_json::Value;

use super::error::{BuildError, Problem};
use super::fields::{self, Fields, Result};

/// The bytes of the packet that an object describes: `packet` is its name, in capitals or not, the other keys are those
/// of its fields. Text may stand in `payload_text` in place of `payload_hex`, and in `will_payload_text` and
/// `password_text` likewise.
///
/// # Errors
/// A field is missing, of the wrong type, not the packet's, or not allowed by the standard; or the object is what `decode`
/// printed of a damaged packet.
pub fn packet(object: &Value) -> Result<Vec<u8>> {
    let fields = Fields::of(object)?;
    let name = fields.name()?;
    fields.sound()?;
    let bytes = named(name, fields)?;
    fields.length_of(&bytes)?;
    Ok(bytes)
}

fn named(name: &str, fields: Fields<'_>) -> Result<Vec<u8>> {
    match name.to_ascii_uppercase().as_str() {
        "CONNECT" => connect(fields),
        "CONNACK" => connack(fields),
        "PUBLISH" => publish(fields),
        "PUBACK" => acknowledgement(fields, Packet::Puback),
        "PUBREC" => acknowledgement(fields, Packet::Pubrec),
        "PUBREL" => acknowledgement(fields, Packet::Pubrel),
        "PUBCOMP" => acknowledgement(fields, Packet::Pubcomp),
        "SUBSCRIBE" => subscribe(fields),
        "SUBACK" => suback(fields),
        "UNSUBSCRIBE" => unsubscribe(fields),
        "UNSUBACK" => acknowledgement(fields, Packet::Unsuback),
        "PINGREQ" => fields.only(&[]).and_then(|()| encode(&Packet::Pingreq)),
        "PINGRESP" => fields.only(&[]).and_then(|()| encode(&Packet::Pingresp)),
        "DISCONNECT" => fields.only(&[]).and_then(|()| encode(&Packet::Disconnect)),
        _ => Err(BuildError::new("packet", Problem::UnknownPacket(name.to_owned()))),
    }
}

fn encode(packet: &Packet<'_>) -> Result<Vec<u8>> {
    let failed = |error| BuildError::new("packet", Problem::Encode(error));
    let mut bytes = vec![0; packet.encoded_len().map_err(failed)?];
    packet.encode(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn connect(fields: Fields<'_>) -> Result<Vec<u8>> {
    fields.only(&[
        "protocol_name",
        "protocol_level",
        "connect_flags",
        "clean_session",
        "keep_alive",
        "client_id",
        "will_flag",
        "will_qos",
        "will_retain",
        "will_topic",
        "will_payload_hex",
        "will_payload_text",
        "username_flag",
        "username",
        "password_flag",
        "password_hex",
        "password_text",
    ])?;
    let (name, level) = (fields.text("protocol_name")?, fields.u8("protocol_level")?);
    if name.is_some_and(|name| name.as_bytes() != b"MQTT") || level.is_some_and(|level| level != 4) {
        let why = "only CONNECT of MQTT 3.1.1 is built, with name MQTT and level 4";
        return Err(BuildError::new("protocol_level", Problem::Forbidden(why)));
    }
    let will_message = fields.payload("will_payload_hex", "will_payload_text")?;
    let will = match fields.text("will_topic")? {
        Some(_) => Some(Will {
            topic: fields.topic("will_topic")?,
            message: fields::binary("will_payload_hex", &will_message)?,
            qos: fields.qos("will_qos")?,
            retain: fields.flag("will_retain")?,
        }),
        None if fields.flag("will_flag")? || !will_message.is_empty() => {
            return Err(BuildError::new("will_topic", Problem::Missing));
        }
        None => None,
    };
    let password = match fields.hex_as_text("password_hex", "password_text")? {
        Some(password) => Some(password),
        None => fields.text("password_text")?.map(|text| text.as_bytes().to_vec()),
    };
    let login = match (fields.text("username")?, &password) {
        (Some(user_name), password) => {
            let password =
                password.as_deref().map(|bytes| fields::binary("password_hex", bytes)).transpose()?;
            Some(Login { user_name, password })
        }
        (None, Some(_)) => {
            let why = "a password needs a user name, which may be empty [MQTT-3.1.2-22]";
            return Err(BuildError::new("password_hex", Problem::Forbidden(why)));
        }
        (None, None) if fields.flag("username_flag")? => {
            return Err(BuildError::new("username", Problem::Missing));
        }
        (None, None) => None,
    };
    let client_id = fields.text("client_id")?.map_or_else(|| Utf8Str::new(""), Ok);
    let client_id = client_id.map_err(|error| BuildError::new("client_id", Problem::Text(error)))?;
    let connect = ConnectFields {
        clean_session: fields.flag("clean_session")?,
        keep_alive: fields.u16("keep_alive")?.unwrap_or(60),
        client_id,
        will,
        login,
    };
    encode(&Packet::Connect(Connect::new(&connect)))
}

fn connack(fields: Fields<'_>) -> Result<Vec<u8>> {
    fields.only(&["session_present", "return_code"])?;
    let session_present = fields.flag("session_present")?;
    let connack = match fields.u8("return_code")?.unwrap_or(0) {
        0 => Connack::Accepted { session_present },
        _ if session_present => {
            let why = "only an accepted connection has a session [MQTT-3.2.2-4]";
            return Err(BuildError::new("session_present", Problem::Forbidden(why)));
        }
        code => Connack::Refused(
            ConnectReturnCode::from_u8(code)
                .ok_or_else(|| BuildError::new("return_code", Problem::OutOfRange(0, 5)))?,
        ),
    };
    encode(&Packet::Connack(connack))
}

fn publish(fields: Fields<'_>) -> Result<Vec<u8>> {
    fields.only(&["dup", "qos", "retain", "topic", "packet_id", "payload_hex", "payload_text"])?;
    let dup = fields.flag("dup")?;
    let delivery = match fields.qos("qos")? {
        QoS::AtMostOnce if dup => {
            let why = "a message of QoS 0 is never sent again [MQTT-3.3.1-2]";
            return Err(BuildError::new("dup", Problem::Forbidden(why)));
        }
        QoS::AtMostOnce if fields.u16("packet_id")?.is_some() => {
            return Err(BuildError::new("packet_id", Problem::Forbidden("only QoS 1 and 2 have one")));
        }
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id: fields.packet_id()?, dup },
        QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id: fields.packet_id()?, dup },
    };
    let payload = fields.payload("payload_hex", "payload_text")?;
    let retain = fields.flag("retain")?;
    encode(&Packet::Publish(Publish { delivery, retain, topic: fields.topic("topic")?, payload: &payload }))
}

fn acknowledgement(fields: Fields<'_>, of: fn(PacketId) -> Packet<'static>) -> Result<Vec<u8>> {
    fields.only(&["packet_id"])?;
    encode(&of(fields.packet_id()?))
}

fn subscribe(fields: Fields<'_>) -> Result<Vec<u8>> {
    fields.only(&["packet_id", "filters"])?;
    let mut list = Vec::new();
    for entry in fields.list("filters")? {
        let (filter, qos) = match entry.as_array().map(Vec::as_slice) {
            Some([filter, qos]) => (filter, qos.as_u64()),
            _ => (entry, Some(0)),
        };
        let qos = qos.and_then(|qos| u8::try_from(qos).ok()).and_then(QoS::from_u8);
        let qos =
            qos.ok_or_else(|| BuildError::new("filters", Problem::WrongType("pairs of filter and QoS")))?;
        list.push((fields::filter(filter)?, qos));
    }
    let subscriptions =
        Subscriptions::new(&list).ok_or_else(|| BuildError::new("filters", Problem::Missing))?;
    encode(&Packet::Subscribe(Subscribe { packet_id: fields.packet_id()?, subscriptions }))
}

fn suback(fields: Fields<'_>) -> Result<Vec<u8>> {
    fields.only(&["packet_id", "return_codes"])?;
    let codes: Option<Vec<SubackReturnCode>> = fields
        .list("return_codes")?
        .iter()
        .map(|code| {
            code.as_u64().and_then(|code| u8::try_from(code).ok()).and_then(SubackReturnCode::from_u8)
        })
        .collect();
    let codes = codes
        .ok_or_else(|| BuildError::new("return_codes", Problem::WrongType("a list of 0, 1, 2 and 128")))?;
    let return_codes =
        ReturnCodes::new(&codes).ok_or_else(|| BuildError::new("return_codes", Problem::Missing))?;
    encode(&Packet::Suback(Suback { packet_id: fields.packet_id()?, return_codes }))
}

fn unsubscribe(fields: Fields<'_>) -> Result<Vec<u8>> {
    fields.only(&["packet_id", "filters"])?;
    let list = fields.list("filters")?.iter().map(fields::filter).collect::<Result<Vec<_>>>()?;
    let filters = TopicFilters::new(&list).ok_or_else(|| BuildError::new("filters", Problem::Missing))?;
    encode(&Packet::Unsubscribe(Unsubscribe { packet_id: fields.packet_id()?, filters }))
}
