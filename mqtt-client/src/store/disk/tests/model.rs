//! What a store has to hold, kept naively; and changes that a session could make.

use mqtt_codec::{PacketId, QoS};

use crate::message::Message;
use crate::store::{Change, Saved, SavedPublish, SavedState};

#[derive(Clone, Default, Debug)]
pub(super) struct Model {
    pub saved: Saved,
    next_number: u64,
    next_order: u64,
}

/// In the order that a comparison needs.
pub(super) fn sorted(mut saved: Saved) -> Saved {
    saved.outgoing.sort_by_key(|publish| publish.number);
    saved.held.sort();
    saved
}

impl Model {
    /// A change, and what there is then.
    pub(super) fn change(&mut self, roll: &mut dyn FnMut(usize) -> usize) -> Change {
        let held = &mut self.saved.held;
        let outgoing = &mut self.saved.outgoing;
        let which = roll(outgoing.len().max(1));
        let id = PacketId::new(1 + u16::try_from(roll(50)).unwrap()).unwrap();
        match (roll(8), outgoing.get_mut(which)) {
            (0, _) if !held.contains(&id) => {
                held.push(id);
                Change::Held(id)
            }
            (1, _) if !held.is_empty() => Change::Unheld(held.swap_remove(roll(held.len()))),
            (2, _) if roll(8) == 0 => {
                self.saved.established = true;
                Change::Established
            }
            (2, _) if roll(4) == 0 => {
                held.clear();
                Change::AllUnheld
            }
            (3, Some(SavedPublish { number, state })) => {
                let number = *number;
                match state.clone() {
                    SavedState::Waiting(message) => {
                        *state = SavedState::Sent(id, message);
                        Change::Sent { number, packet_id: id }
                    }
                    SavedState::Sent(packet_id, _) => {
                        let order = self.next_order;
                        self.next_order += 1;
                        *state = SavedState::Released { packet_id, order };
                        Change::Released { number, order }
                    }
                    SavedState::Released { .. } => {
                        outgoing.remove(which);
                        Change::Finished { number }
                    }
                }
            }
            (4 | 5, Some(&mut SavedPublish { number, .. })) => {
                outgoing.remove(which);
                Change::Finished { number }
            }
            _ => {
                // Now and then one that fills sectors; some payloads are zeros.
                let len = if roll(8) == 0 { roll(3_000) } else { roll(40) };
                let payload = vec![if roll(4) == 0 { 0 } else { 0x55 }; len];
                let qos = if roll(2) == 0 { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
                let message = Message::new("a/b", payload).unwrap().qos(qos).retain(roll(2) == 0);
                let number = self.next_number;
                self.next_number += 1 + roll(3) as u64;
                let packet_id = (roll(2) == 0).then_some(id);
                let state = match packet_id {
                    Some(id) => SavedState::Sent(id, message.clone()),
                    None => SavedState::Waiting(message.clone()),
                };
                outgoing.push(SavedPublish { number, state });
                self.saved.accepted += 1;
                Change::Accepted { number, packet_id, message }
            }
        }
    }

    pub(super) fn changes(&mut self, roll: &mut dyn FnMut(usize) -> usize) -> Vec<Change> {
        (0..1 + roll(5)).map(|_| self.change(roll)).collect()
    }
}
