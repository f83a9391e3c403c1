//! 3.2: CONNACK.

use mqtt_codec::{Connack, ConnectReturnCode, Fault, Field};

use crate::common::model::Model;
use crate::{accepts, rejects, round_trips};

#[test]
fn mqtt_3_2_2_4_a_refusal_has_no_session_present() {
    for code in 1..=255 {
        let fault = Fault::SessionPresentWithRefusal;
        rejects(&format!("20 02  01 {code:02X}"), fault, Field::ConnackFlags, 2);
        // Without it, reserved codes too decode: a Client treats them as a refusal.
        let refused = accepts(&format!("20 02  00 {code:02X}"));
        assert_eq!(refused, Model::Connack { session_present: false, code });
    }
    round_trips("20 02  00 00", Connack::Accepted { session_present: false });
    round_trips("20 02  01 00", Connack::Accepted { session_present: true });
    // A refusal has no place for it.
    for (text, code) in [
        ("20 02  00 01", ConnectReturnCode::UnacceptableProtocolVersion),
        ("20 02  00 02", ConnectReturnCode::IdentifierRejected),
        ("20 02  00 03", ConnectReturnCode::ServerUnavailable),
        ("20 02  00 04", ConnectReturnCode::BadUserNameOrPassword),
        ("20 02  00 05", ConnectReturnCode::NotAuthorized),
    ] {
        round_trips(text, Connack::Refused(code));
    }
}

/// Bits 7 to 1 of the flags are reserved (3.2.2.1), so a packet with them breaks the protocol.
#[test]
fn mqtt_4_8_0_1_reserved_connack_flags_are_refused() {
    for flags in 2..=255 {
        for code in [0, 1, 6] {
            let text = format!("20 02  {flags:02X} {code:02X}");
            rejects(&text, Fault::ReservedConnackFlags, Field::ConnackFlags, 2);
        }
    }
}
