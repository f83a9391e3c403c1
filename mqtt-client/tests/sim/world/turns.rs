//! The driver's turns, and bytes on their way.

use bytes::Buf;
use mqtt_client::session::{ConnectionError, Event, Outbox};
use mqtt_client::store::Change;

use super::World;
use crate::sim::dice::Dice;
use crate::sim::server::{number, qos};

impl World {
    /// The driver stores changes. Those that nobody waits for wait for others, here for as long as the connection lasts.
    fn store(&mut self) {
        if !self.session.is_online() || self.session.has_urgent_changes() {
            self.store_all();
        }
    }

    pub(super) fn store_all(&mut self) {
        let changes = self.session.take_changes();
        for change in &changes {
            if let Change::Accepted { number: accepted, message, .. } = change {
                self.numbers.insert(*accepted, number(&message.payload).unwrap());
            }
        }
        self.disk.commit(&changes);
    }

    /// The driver stores changes, then hands over what rests on them.
    pub(super) fn take(&mut self) {
        self.store();
        // That a session was lost has to be stored: who forgets the CONNACK that said so, or never got it, takes the new
        // session for the old one. No client of MQTT 3.1.1 can help that, so here the Server loses it again.
        self.server.told |= self.session.is_online();
        assert!(self.plan.stored || self.disk.is_empty());
        for message in self.unpromised.drain(..) {
            self.user.published[message].promised = true;
        }
        self.user.acknowledged.clear();
        for arrival in self.session.take_arrivals() {
            if self.plan.hostile {
                let acknowledgement = arrival.acknowledgement.map(|it| (0, it));
                self.user.to_acknowledge.extend(acknowledgement);
                continue;
            }
            let message = number(&arrival.message.payload).unwrap();
            self.user.sees(message, arrival.message.qos.as_u8(), arrival.dup);
            let is_due = self.plan.manual && arrival.message.qos != qos(0);
            assert_eq!(arrival.acknowledgement.is_some(), is_due);
            self.user.to_acknowledge.extend(arrival.acknowledgement.map(|it| (message, it)));
        }
        while let Some(event) = self.session.poll_event() {
            self.check_loss(&event);
            self.user.hears(&event, &self.server, !self.plan.hostile);
        }
    }

    /// That the Server has no session is told just when one was expected: there was a connection before, and if there was a
    /// crash since, the store knows of it.
    fn check_loss(&mut self, event: &Event) {
        assert_eq!(std::mem::take(&mut self.tells_loss), *event == Event::SessionLost);
        if let Event::Connected { session_present } = event {
            let expected = std::mem::replace(&mut self.expects_session, !self.plan.clean);
            self.tells_loss = expected && !session_present;
        }
    }

    /// The driver's turn: stores, takes and writes, all of it or a part.
    pub(super) fn pump(&mut self, mut dice: Option<&mut dyn Dice>) {
        loop {
            let Some(mut link) = self.link.take() else { return self.take() };
            let written_before = link.pending.is_empty();
            // What leaves is looked at before a hostile Server can answer it.
            if written_before || self.plan.hostile {
                self.take();
                let mut out = Outbox::default();
                self.session.take_outbox(&mut out);
                let bytes = out.copy_to_bytes(out.remaining());
                self.audit.leaves(&bytes);
                link.pending.extend(bytes);
                self.session.send_waiting();
            }
            let most = link.pending.len();
            let mut part = most;
            if let Some(dice) = &mut dice {
                part = if dice.roll(2) == 0 { dice.roll(256) as usize } else { most };
            }
            let len = if link.stuck { 0 } else { most.min(part).min(link.slow.unwrap_or(usize::MAX)) };
            let bytes = link.pending.drain(..len);
            if link.dead {
                drop(bytes);
            } else {
                link.up.extend(bytes);
            }
            let done = len < most || !self.session.wants_to_send();
            self.link = Some(link);
            if len > 0 {
                self.session.written(self.now, len);
                self.note_written(len);
                let awaits = self.session.in_flight() > 0;
                self.awaited_since = awaits.then(|| self.awaited_since.unwrap_or(self.now));
            }
            if done {
                return;
            }
        }
    }

    pub(super) fn deliver_up(&mut self, most: u32) {
        let Some(link) = &mut self.link else { return };
        let len = if most == 255 { link.up.len() } else { link.up.len().min(most as usize) };
        let bytes: Vec<u8> = link.up.drain(..len).collect();
        self.server.receive(&bytes);
    }

    /// The Server sends so many packets.
    pub(super) fn serve(&mut self, packets: u32, turn: bool) {
        for _ in 0..packets {
            let Some(link) = &mut self.link else { return };
            let Some(packet) = self.server.next_reply(turn) else { return };
            if !link.dead {
                link.down.extend(packet);
            }
        }
    }

    pub(super) fn deliver_down(&mut self, most: u32) {
        let Some(link) = &mut self.link else { return };
        if !self.reading || link.dead {
            return;
        }
        let len = if most == 255 { link.down.len() } else { link.down.len().min(most as usize) };
        let bytes: Vec<u8> = link.down.drain(..len).collect();
        // A hostile Server's packets one by one, so that it is known which of them were taken.
        let step = if self.plan.hostile { 1 } else { bytes.len().max(1) };
        for part in bytes.chunks(step) {
            if self.plan.hostile {
                self.pump(None);
            }
            let Some(link) = &mut self.link else { return };
            self.last_in = self.now;
            self.audit.comes(part);
            link.received.extend_from_slice(part);
            let was_online = self.session.is_online();
            let result = self.session.handle_bytes(self.now, &mut link.received);
            if self.session.is_online() && !was_online {
                self.accepted = self.now;
            }
            if std::mem::take(&mut self.audit.pingresps) > 0 {
                self.ping.asked = None;
            }
            match result {
                Ok(()) => assert!(link.received.len() <= 300, "what is whole is taken"),
                Err(ConnectionError::Refused(_)) => self.lose(),
                Err(error) => {
                    assert!(self.plan.hostile, "an honest Server is accused: {error}");
                    self.counts.violations += 1;
                    self.lose();
                }
            }
        }
    }

    /// The Server says something that is most often wrong.
    pub(super) fn hostile(&mut self, dice: &mut dyn Dice) {
        let Some(link) = &mut self.link else { return };
        let id = 1 + dice.roll(12).pow(2).to_be_bytes()[3];
        let packet: Vec<u8> = match dice.roll(13) {
            0 => vec![0x32, 6, 0, 1, b'd', 0, id, b'x'],
            1 => vec![0x34, 6, 0, 1, b'd', 0, id, b'x'],
            2 => vec![0x3C, 6, 0, 1, b'd', 0, id, b'x'],
            3 => vec![0x40, 2, 0, id],
            4 | 5 => vec![0x50, 2, 0, id],
            6 | 7 => vec![0x62, 2, 0, id],
            8 => vec![0x70, 2, 0, id],
            9 => vec![0x90, 3, 0, id, 0],
            10 => vec![0xB0, 2, 0, id],
            11 => vec![0xD0, 0],
            _ => vec![u8::try_from(dice.roll(256)).unwrap(), u8::try_from(dice.roll(4)).unwrap()],
        };
        if !link.dead {
            link.down.extend(packet);
        }
    }
}
