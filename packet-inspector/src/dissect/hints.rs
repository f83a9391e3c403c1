//! The codec's errors as findings: with the bytes they are about, and what would have been right.

use mqtt_codec::{DecodeError, Fault, Field, PacketType, Protocol, ProtocolName, Side};

use crate::finding::{Finding, Severity};

/// The finding for an error in the packet that begins `rest`, at `offset` in the record.
pub(super) fn finding(error: &DecodeError, rest: &[u8], offset: usize) -> Finding {
    // What is missing can have its place behind the last byte there is.
    let at = usize::try_from(error.offset).unwrap_or(usize::MAX).min(rest.len());
    let length = match error.fault {
        Fault::ZeroPacketId => 2,
        Fault::FieldPastEnd | Fault::LeftOverBytes => rest.len().saturating_sub(at),
        Fault::RemainingLengthTooLong => 1,
        Fault::ImpossibleLength(_) | Fault::OverMaximum => {
            rest.iter().skip(1).take(4).take_while(|&&byte| byte >= 0x80).count().saturating_add(1).min(4)
        }
        Fault::WrongProtocolName => rest.get(at.saturating_sub(1)).map_or(1, |&len| usize::from(len)),
        Fault::IllFormedUtf8 => ill_formed_len(rest.get(at..).unwrap_or_default()),
        _ => usize::from(at < rest.len()),
    };
    let mut finding = Finding::new(
        Severity::Error,
        error.fault.name(),
        offset.saturating_add(at),
        length.min(rest.len().saturating_sub(at)),
        error.fault.to_string(),
    )
    .in_field(error.field.name())
    .hint(hint(error, rest));
    finding.clause = error.clause();
    finding
}

/// A packet from the side that never sends it.
pub(super) fn wrong_sender(packet_type: PacketType, side: Side, offset: usize) -> Option<Finding> {
    let only = packet_type.sender()?;
    (only != side).then(|| {
        let fault = Fault::WrongSender(packet_type, side);
        let message = fault.to_string();
        let mut finding = Finding::new(Severity::Error, fault.name(), offset, 1, message)
            .in_field(Field::FixedHeader.name())
            .hint(format!("only the {only} sends {packet_type}; the receiver closes the connection"));
        finding.clause = DecodeError { fault, field: Field::FixedHeader, offset: 0 }.clause();
        finding
    })
}

/// What would have been right.
fn hint(error: &DecodeError, rest: &[u8]) -> String {
    let byte = usize::try_from(error.offset).ok().and_then(|at| rest.get(at)).copied().unwrap_or_default();
    let text = match error.fault {
        Fault::ReservedType if byte >> 4 == 15 => "types 1 to 14 exist; 15 is AUTH in MQTT 5.0",
        Fault::ReservedType => "types 1 to 14 exist",
        Fault::WrongFlags(packet_type) => {
            let flags = packet_type.fixed_flags().unwrap_or_default();
            let right = byte & 0xF0 | flags;
            return format!("the first byte of {packet_type} is 0x{right:02x}, here it is 0x{byte:02x}");
        }
        Fault::Qos3 => "QoS is 0, 1 or 2",
        Fault::DupAtQos0 => "a QoS 0 message is never sent again, so DUP is 0",
        Fault::WrongSender(..) => "the receiver closes the connection",
        Fault::RemainingLengthTooLong => "the fourth byte of the length is below 0x80",
        Fault::ImpossibleLength(packet_type) => return length_hint(packet_type),
        Fault::OverMaximum => "raise the accepted maximum",
        Fault::FieldPastEnd => return past_end_hint(error, rest),
        Fault::LeftOverBytes if error.field == Field::LeftOver && byte_one(rest) >> 4 == 1 => {
            "the flags say which fields CONNECT has; nothing follows the last of them"
        }
        Fault::LeftOverBytes => "the Remaining Length counts bytes that belong to no field",
        Fault::ZeroPacketId => "an identifier is 1 to 65535",
        Fault::IllFormedUtf8 => {
            "strings are UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF, nothing cut off"
        }
        Fault::NulCharacter => "strings hold no U+0000",
        Fault::DiscouragedCharacter => "avoid control characters and non-characters",
        Fault::EmptyTopic => "topic names and filters have at least one character",
        Fault::WildcardInTopicName => "wildcards belong in topic filters; a message is published to one name",
        Fault::MisplacedHash => "# stands alone or behind the last /, as in sport/#",
        Fault::MisplacedPlus => "+ fills a whole level, as in sport/+/player",
        Fault::WrongProtocolName => "the name is MQTT; these bytes may be another protocol",
        Fault::UnsupportedProtocol(protocol) => return protocol_hint(protocol),
        Fault::ReservedConnectFlag => "bit 0 of the Connect Flags is 0",
        Fault::WillQosWithoutWill => "with Will Flag 0, Will QoS is 0",
        Fault::WillQos3 => "Will QoS is 0, 1 or 2",
        Fault::WillRetainWithoutWill => "with Will Flag 0, Will Retain is 0",
        Fault::PasswordWithoutUserName => "set the User Name Flag too; the user name may be empty",
        Fault::ReservedConnackFlags => "the flags are 0x00, or 0x01 for Session Present",
        Fault::SessionPresentWithRefusal => "with a return code other than 0, Session Present is 0",
        Fault::NoTopicFilter(PacketType::Unsubscribe) => "at least one topic filter follows the identifier",
        Fault::NoTopicFilter(_) => "at least one topic filter with its QoS follows the identifier",
        Fault::ReservedRequestedQoS => {
            "the byte is 0x00, 0x01 or 0x02; MQTT 5.0 has subscription options here"
        }
        Fault::ReservedSubackCode => "the byte is 0x00, 0x01, 0x02 or 0x80; MQTT 5.0 has more reason codes",
        _ => "",
    };
    text.to_owned()
}

fn byte_one(rest: &[u8]) -> u8 {
    rest.first().copied().unwrap_or_default()
}

fn length_hint(packet_type: PacketType) -> String {
    match packet_type.remaining_length_range() {
        (least, greatest) if least == greatest => format!("{packet_type} has Remaining Length {least}"),
        (least, greatest) if packet_type == PacketType::Connect => {
            format!("{packet_type} has Remaining Length {least} to {greatest}")
        }
        (least, _) => format!("{packet_type} has a Remaining Length of at least {least}"),
    }
}

/// Bytes that a field lacks.
fn past_end_hint(error: &DecodeError, rest: &[u8]) -> String {
    let at = usize::try_from(error.offset).unwrap_or(usize::MAX);
    let field = rest.get(at..).unwrap_or_default();
    match (error.field, field) {
        (Field::PacketIdentifier | Field::KeepAlive, _) => "the field has two bytes".to_owned(),
        (
            Field::ProtocolLevel
            | Field::ConnectFlags
            | Field::ConnackFlags
            | Field::ConnectReturnCode
            | Field::RequestedQoS
            | Field::SubackReturnCode,
            _,
        ) => "the field has one byte".to_owned(),
        (_, [high, low, ..]) => {
            let declared = u16::from_be_bytes([*high, *low]);
            match declared {
                1 => "it says that 1 byte follows, which is more than the packet has left".to_owned(),
                _ => format!("it says that {declared} bytes follow, which are more than the packet has left"),
            }
        }
        _ => "the field begins with two bytes of length".to_owned(),
    }
}

fn protocol_hint(protocol: Protocol) -> String {
    match protocol {
        Protocol { name: ProtocolName::Mqtt, level } => format!(
            "MQTT 3.1.1 has level 4, here it is {level}; a server without it answers CONNACK 1 and closes"
        ),
        Protocol { name: ProtocolName::Mqisdp, .. } => {
            "MQTT 3.1.1 has the name MQTT; a server without this version answers CONNACK 1 and closes"
                .to_owned()
        }
    }
}

/// How many bytes of an ill-formed sequence belong together.
fn ill_formed_len(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().next().map_or(1, |chunk| chunk.invalid().len()).max(1)
}
