//! CONNECT and CONNACK.

use mqtt_codec::{Connack, Connect, ConnectReturnCode, Fault, Packet, Side};

use super::connection::Connection;
use super::name::Name;
use super::say::{error, warning};
use super::sessions::Known;
use super::{Asked, At, Context, Listener};

/// What both sides said first.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    pub(super) connect: Option<Connected>,
    pub(super) connack: Option<Answer>,
    /// A CONNECT that is malformed, or of a version that does not exist.
    unread: Option<(At, Fault)>,
    /// The Server went on behind its refusal, which has been said.
    pub(super) went_on: bool,
}

/// What a CONNECT said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The record.
    pub frame: u64,
    pub(super) at: At,
    /// The Client Identifier.
    pub client_id: Name,
    /// Clean Session.
    pub clean_session: bool,
    /// Keep Alive, in seconds.
    pub keep_alive: u16,
    /// The Will's topic, QoS and RETAIN.
    pub will: Option<(Name, u8, bool)>,
    /// The User Name.
    pub user_name: Option<Name>,
}

/// What a CONNACK said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) at: At,
    /// The Return Code.
    pub code: u8,
    /// Session Present.
    pub session_present: bool,
}

impl Handshake {
    /// The Keep Alive, when there is one.
    pub(super) fn keep_alive(&self) -> Option<u16> {
        self.connect.as_ref().map(|connect| connect.keep_alive).filter(|&seconds| seconds > 0)
    }

    /// When the Server refused.
    pub(super) fn refused(&self) -> Option<At> {
        self.connack.filter(|answer| answer.code != 0).map(|answer| answer.at)
    }

    /// Neither side has anything of an earlier session.
    pub(super) fn is_fresh(&self) -> bool {
        self.connect.as_ref().is_some_and(|connect| connect.clean_session)
            || self.connack.is_some_and(|answer| answer.code == 0 && !answer.session_present)
    }
}

fn connected(connect: &Connect<'_>, at: At) -> Connected {
    Connected {
        frame: at.frame,
        at,
        client_id: Name::new(connect.client_id().as_bytes()),
        clean_session: connect.clean_session(),
        keep_alive: connect.keep_alive(),
        will: connect.will().map(|will| (Name::new(will.topic.as_bytes()), will.qos.as_u8(), will.retain)),
        user_name: connect.login().map(|login| Name::new(login.user_name.as_bytes())),
    }
}

impl Connection {
    /// What the standard says of the first packets, and of second ones.
    pub(super) fn greeting(
        &mut self,
        side: Side,
        packet: &Packet<'_>,
        first_of_side: bool,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        match (packet, side) {
            (Packet::Connect(connect), Side::Client) => self.connect(connect, first_of_side, at, cx),
            (Packet::Connack(connack), Side::Server) => self.connack(*connack, at, cx),
            (_, Side::Client) if first_of_side && self.complete => {
                let message = format!("{} comes before any CONNECT", packet.packet_type());
                error("first_not_connect", side, message).against(&["MQTT-3.1.0-1"]).tell(
                    &[at.frame],
                    at,
                    cx,
                );
                self.violate(side, at, "MQTT-4.8.0-1", &[]);
            }
            (_, Side::Server) => self.server_speaks(packet, at, cx),
            _ => {}
        }
    }

    /// A packet of the Server other than CONNACK.
    fn server_speaks(&mut self, packet: &Packet<'_>, at: At, cx: &mut Context<'_, impl Listener>) {
        let is_first = self.handshake.connack.is_none() && self.complete && self.packets[1] == 1;
        if is_first && self.handshake.connect.is_none() && self.goes_on(Side::Server, at, cx) {
            // That it did not close is all there is to say.
        } else if is_first {
            let message = format!("{} comes before any CONNACK", packet.packet_type());
            error("first_not_connack", Side::Server, message).against(&["MQTT-3.2.0-1"]).tell(
                &[at.frame],
                at,
                cx,
            );
            self.violate(Side::Server, at, "MQTT-4.8.0-1", &[]);
        }
        if let Some(refused) = self.handshake.refused() {
            let message =
                format!("{} comes behind a CONNACK that refuses the connection", packet.packet_type());
            let frames = [refused.frame, at.frame];
            self.handshake.went_on = true;
            error("packet_after_refusal", Side::Server, message)
                .against(&["MQTT-3.2.2-5"])
                .tell(&frames, at, cx);
        }
    }

    fn unasked_connack(&mut self, at: At, cx: &mut Context<'_, impl Listener>) {
        if self.goes_on(Side::Server, at, cx) {
            return;
        }
        let message = "CONNACK comes before any CONNECT".to_owned();
        error("connack_unasked", Side::Server, message).against(&["MQTT-3.2.0-1"]).tell(&[at.frame], at, cx);
    }

    fn connect(
        &mut self,
        connect: &Connect<'_>,
        first_of_side: bool,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        if let Some(before) = self.handshake.connect.as_ref().map(|connect| connect.frame) {
            let message = "a second CONNECT on one connection".to_owned();
            let frames = [before, at.frame];
            error("second_connect", Side::Client, message).against(&["MQTT-3.1.0-2"]).tell(&frames, at, cx);
            self.violate(Side::Client, at, "MQTT-3.1.0-2", &[]);
            return;
        }
        if first_of_side && self.packets[1] == 0 && !self.unseen {
            // Nothing can have come before it.
            self.complete = true;
        }
        let connected = connected(connect, at);
        let server = self.info.sender(
            self.info.client.map_or(crate::stream::Direction::Backward, crate::stream::Direction::opposite),
        );
        self.resumed = cx.sessions.connect(&connected, server).map(Box::new);
        self.handshake.connect = Some(connected);
    }

    fn connack(&mut self, connack: Connack, at: At, cx: &mut Context<'_, impl Listener>) {
        let (code, session_present) = match connack {
            Connack::Accepted { session_present } => (0, session_present),
            Connack::Refused(code) => (code_of(code), false),
        };
        if let Some(before) = self.handshake.connack {
            if self.goes_on(Side::Server, at, cx) {
                return;
            }
            let message = "a second CONNACK on one connection".to_owned();
            let frames = [before.at.frame, at.frame];
            error("second_connack", Side::Server, message).against(&["MQTT-3.2.0-1"]).tell(&frames, at, cx);
            return;
        }
        if self.handshake.connect.is_some() && self.packets == [1, 1] && !self.unseen {
            // The first two packets: nothing was before them.
            self.complete = true;
        }
        let answer = Answer { at, code, session_present };
        self.handshake.connack = Some(answer);
        let Some(connect) = self.handshake.connect.clone() else {
            if let Some((connect, fault)) = self.handshake.unread {
                self.answer_to_unread(connect, fault, answer, cx);
            } else if self.complete {
                // The one that is due comes behind CONNECT.
                self.handshake.connack = None;
                self.unasked_connack(at, cx);
            }
            return;
        };
        cx.answered(Asked::Connect, connect.at, at);
        let frames = [connect.frame, at.frame];
        if connect.client_id.is_empty() && !connect.clean_session && code != 2 {
            let message = format!(
                "an empty client identifier without clean session is answered with code {code} instead of 2"
            );
            error("empty_client_id_accepted", Side::Server, message)
                .against(&["MQTT-3.1.3-8"])
                .tell(&frames, at, cx);
        }
        if code != 0 {
            self.resumed = None;
            return;
        }
        if connect.clean_session && session_present {
            let message = "session present is 1 though the client asked for a clean session".to_owned();
            error("session_present", Side::Server, message).against(&["MQTT-3.2.2-1"]).tell(&frames, at, cx);
            return;
        }
        let known = self.resumed.as_ref().map_or(Known::Nothing, |resumed| resumed.known);
        match (known, session_present, connect.clean_session) {
            (Known::Kept, false, false) => {
                let message =
                    "session present is 0 though the server holds a session of this client".to_owned();
                warning("session_not_present", Side::Server, message)
                    .against(&["MQTT-3.2.2-2"])
                    .tell(&frames, at, cx);
            }
            (Known::Dropped, true, false) => {
                let message =
                    "session present is 1 though the last session of this client was clean".to_owned();
                error("session_present", Side::Server, message)
                    .against(&["MQTT-3.2.2-3"])
                    .tell(&frames, at, cx);
            }
            _ => {}
        }
        if connect.clean_session || !session_present {
            if let Some(resumed) = &mut self.resumed {
                resumed.server_lost_it();
            }
            if connect.clean_session {
                self.resumed = None;
            }
        } else if let Some(resumed) = &self.resumed {
            self.requests.resume(&resumed.subscriptions);
        }
    }
}

impl Connection {
    /// Remembers a malformed CONNECT, if this is one. `true` when the Server has to answer it, before it closes.
    pub(super) fn unread(&mut self, side: Side, bytes: &[u8], first_of_side: bool, at: At) -> bool {
        let is_connect = side == Side::Client && first_of_side && bytes.first().is_some_and(|b| b >> 4 == 1);
        let Some(error) = is_connect.then(|| Packet::decode(bytes).err()).flatten() else { return false };
        self.handshake.unread = Some((at, error.fault));
        error.unsupported_protocol().is_some()
    }

    /// CONNACK behind a CONNECT that is no good one.
    fn answer_to_unread(
        &mut self,
        connect: At,
        fault: Fault,
        answer: Answer,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let (code, frames) = (answer.code, [connect.frame, answer.at.frame]);
        match fault {
            Fault::UnsupportedProtocol(_) if code == 1 => {}
            Fault::UnsupportedProtocol(protocol) => {
                // It may know more versions than the standard does.
                let message = format!("CONNECT of {protocol} is answered with code {code} instead of 1");
                warning("unsupported_level_accepted", Side::Server, message)
                    .against(&["MQTT-3.1.2-2"])
                    .tell(&frames, answer.at, cx);
            }
            // It may be another protocol's.
            Fault::WrongProtocolName => {}
            _ => {
                let message = "a malformed CONNECT is answered, instead of closing".to_owned();
                error("went_on", Side::Server, message)
                    .against(&["MQTT-3.1.4-1"])
                    .tell(&frames, answer.at, cx);
                self.violation_is_said();
            }
        }
    }
}

fn code_of(code: ConnectReturnCode) -> u8 {
    code.as_u8()
}
