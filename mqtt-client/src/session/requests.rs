//! SUBSCRIBE and UNSUBSCRIBE, and which subscriptions there are (3.8 to 3.11).

use std::collections::{BTreeMap, BTreeSet};

use mqtt_codec::{
    Packet, PacketId, PacketType, QoS, Suback, SubackReturnCode, Subscribe, Subscriptions, TopicFilterBuf,
    TopicFilters, Unsubscribe,
};

use crate::session::effects::Effects;
use crate::session::event::{Event, Tag, Violation};

/// A SUBSCRIBE or UNSUBSCRIBE that is not answered. It outlives the connection: it is sent again on the next.
#[derive(Debug)]
pub(super) struct Request {
    /// Its place in the order of everything that was sent.
    pub(super) number: u64,
    pub(super) asked: Asked,
}

#[derive(Debug)]
pub(super) enum Asked {
    /// Without a tag for subscriptions that are made again.
    Subscribe(Option<Tag>, Vec<(TopicFilterBuf, QoS)>),
    Unsubscribe(Option<Tag>, Vec<TopicFilterBuf>),
}

/// The subscriptions that the Server has granted.
#[derive(Debug, Default)]
pub(super) struct Granted(BTreeMap<TopicFilterBuf, QoS>);

impl Request {
    /// The answer that is awaited.
    pub(super) fn awaited(&self) -> PacketType {
        match self.asked {
            Asked::Subscribe(..) => PacketType::Suback,
            Asked::Unsubscribe(..) => PacketType::Unsuback,
        }
    }

    /// It makes subscriptions again that a lost session had.
    pub(super) fn is_again(&self) -> bool {
        matches!(self.asked, Asked::Subscribe(None, _))
    }

    /// The filters that it is about.
    pub(super) fn filters(&self) -> impl Iterator<Item = &TopicFilterBuf> {
        let (subscribe, unsubscribe) = match &self.asked {
            Asked::Subscribe(_, filters) => (&filters[..], &[][..]),
            Asked::Unsubscribe(_, filters) => (&[][..], &filters[..]),
        };
        subscribe.iter().map(|(filter, _)| filter).chain(unsubscribe)
    }

    /// Its packet, if it is not too long for one.
    pub(super) fn send(&self, packet_id: PacketId, fx: &mut Effects) {
        match &self.asked {
            Asked::Subscribe(_, filters) => {
                let list: Vec<_> = filters.iter().map(|(filter, qos)| (filter.as_filter(), *qos)).collect();
                if let Some(subscriptions) = Subscriptions::new(&list) {
                    fx.outbox.packet(&Packet::Subscribe(Subscribe { packet_id, subscriptions }));
                }
            }
            Asked::Unsubscribe(_, filters) => {
                let list: Vec<_> = filters.iter().map(TopicFilterBuf::as_filter).collect();
                if let Some(filters) = TopicFilters::new(&list) {
                    fx.outbox.packet(&Packet::Unsubscribe(Unsubscribe { packet_id, filters }));
                }
            }
        }
    }

    pub(super) fn abandon(self, fx: &mut Effects) {
        if let Asked::Subscribe(Some(tag), _) | Asked::Unsubscribe(Some(tag), _) = self.asked {
            fx.tell(Event::RequestAbandoned { tag });
        }
    }
}

/// Checks SUBACK against what was asked [MQTT-3.8.4-5].
pub(super) fn check_suback(suback: &Suback<'_>, filters: &[(TopicFilterBuf, QoS)]) -> Result<(), Violation> {
    let Suback { packet_id, return_codes } = *suback;
    let (requested, received) = (filters.len(), return_codes.len());
    if requested != received {
        return Err(Violation::ReturnCodeCount { packet_id, requested, received });
    }
    for ((_, requested), code) in filters.iter().zip(return_codes.iter()) {
        if let SubackReturnCode::Granted(granted) = code
            && granted > *requested
        {
            return Err(Violation::GrantedAboveRequested { packet_id });
        }
    }
    Ok(())
}

impl Granted {
    /// SUBACK came and was checked.
    pub(super) fn subscribed(
        &mut self,
        suback: &Suback<'_>,
        tag: Option<Tag>,
        filters: Vec<(TopicFilterBuf, QoS)>,
        fx: &mut Effects,
    ) {
        let return_codes: Vec<_> = suback.return_codes.iter().collect();
        for ((filter, qos), code) in filters.into_iter().zip(&return_codes) {
            match code {
                SubackReturnCode::Granted(_) => {
                    self.0.insert(filter, qos);
                }
                SubackReturnCode::Failure => {
                    self.0.remove(&filter);
                    if tag.is_none() {
                        fx.tell(Event::SubscriptionLost { filter });
                    }
                }
            }
        }
        if let Some(tag) = tag {
            fx.has_served = true;
            fx.tell(Event::Subscribed { tag, return_codes });
        }
    }

    /// UNSUBACK came.
    pub(super) fn unsubscribed(&mut self, tag: Option<Tag>, filters: &[TopicFilterBuf], fx: &mut Effects) {
        for filter in filters {
            self.0.remove(filter);
        }
        if let Some(tag) = tag {
            fx.tell(Event::Unsubscribed { tag });
        }
    }

    /// Nothing was ever granted.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All but these, in lists that each fit into a packet of moderate length.
    pub(super) fn again(&self, but: &BTreeSet<&TopicFilterBuf>) -> Vec<Vec<(TopicFilterBuf, QoS)>> {
        const LIST_LEN: usize = 64;
        let wanted = self.0.iter().filter(|(filter, _)| !but.contains(filter));
        let all: Vec<_> = wanted.map(|(filter, qos)| (filter.clone(), *qos)).collect();
        all.chunks(LIST_LEN).map(<[_]>::to_vec).collect()
    }
}
