//! A dashboard and a controller for lights over MQTT 3.1.1, on `mqtt-client`: a university lab's homework, grown up.
//!
//! ```
//! use light_apps::dashboard::{Dashboard, Target};
//! use light_apps::light::{Light, Verdict};
//! use light_apps::payload::{State, Switch};
//! use light_apps::time::Moment;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = Moment::now();
//! let mut dashboard = Dashboard::new(std::time::Duration::from_secs(5), None);
//! let sent = dashboard.command(&Target::One("kitchen".parse()?), Switch::On, now);
//!
//! let mut kitchen = Light::default();
//! let Verdict::Obey(command) = kitchen.receive(sent[0].1.to_json().as_bytes(), now) else { panic!() };
//! kitchen.switched(&command, true);
//! assert_eq!(kitchen.state().to_string(), "Light is ON");
//!
//! dashboard.sent(&sent[0].0, Switch::On, now);
//! let news = dashboard.status("home/kitchen/status", b"Light is ON", false, now);
//! assert_eq!(news.unwrap().state, Some(State::On));
//! # Ok(())
//! # }
//! ```
//!
//! - [`topics`], [`payload`]: what goes over the wire. [`light`], [`dashboard`]: what is decided, without I/O and without a
//!   clock. [`view`]: what a console shows. [`lamp`]: what is switched.
//! - [`controller`], [`console`], [`programs`]: these with a client, a terminal and signals around them. [`broker`]: one inside
//!   the process (feature `broker`). [`web`]: a page in place of the console (feature `web`).
//! - [`options`]: the command lines.
#![forbid(unsafe_code)]

#[cfg(feature = "broker")]
pub mod broker;
pub mod console;
pub mod controller;
pub mod crowd;
pub mod dashboard;
pub mod hub;
pub mod input;
pub mod lamp;
pub mod light;
pub mod memory;
pub mod notice;
pub mod options;
pub mod payload;
pub mod programs;
pub mod run;
pub mod screen;
pub mod time;
pub mod topics;
pub mod view;
#[cfg(feature = "web")]
pub mod web;
