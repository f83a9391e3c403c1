//! Decodes MQTT 3.1.1 from pasted hex dumps and explains what is wrong with it.

pub mod finding;
pub mod input;
pub mod net;
pub mod record;
