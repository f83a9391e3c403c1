//! Which light a topic is about.

use std::fmt;
use std::str::FromStr;

/// The first level of all topics.
const HOME: &str = "home";
/// The name of the lab's light.
const LAB: &str = "light";
/// Words that a console takes for something else.
const RESERVED: [&str; 3] = ["all", "list", "help"];

/// The name of a light: one level of a topic.
///
/// ```
/// use light_apps::topics::LightId;
///
/// let kitchen: LightId = "kitchen".parse()?;
/// assert_eq!(kitchen.control(), "home/kitchen/control");
/// assert_eq!(LightId::of_status("home/kitchen/status"), Some(kitchen));
/// assert_eq!(LightId::default().status(), "home/light/status");
/// # Ok::<(), light_apps::topics::NotALightId>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LightId(String);

impl LightId {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 64;

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The topic of its commands.
    pub fn control(&self) -> String {
        format!("{HOME}/{self}/control")
    }

    /// The topic of its status.
    pub fn status(&self) -> String {
        format!("{HOME}/{self}/status")
    }

    /// The filter of the status of all lights: `home/+/status`.
    pub fn all_status() -> String {
        format!("{HOME}/+/status")
    }

    /// Whose status is published here; `None` for another topic, and for a name that is none.
    pub fn of_status(topic: &str) -> Option<Self> {
        Self::between(topic, "/status")
    }

    /// Whose commands are published here; `None` as for [`of_status`](Self::of_status).
    pub fn of_control(topic: &str) -> Option<Self> {
        Self::between(topic, "/control")
    }

    fn between(topic: &str, end: &str) -> Option<Self> {
        topic.strip_prefix(HOME)?.strip_prefix('/')?.strip_suffix(end)?.parse().ok()
    }
}

impl Default for LightId {
    /// The lab's: `light`.
    fn default() -> Self {
        Self(LAB.to_owned())
    }
}

impl fmt::Display for LightId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LightId {
    type Err = NotALightId;

    fn from_str(text: &str) -> Result<Self, NotALightId> {
        let fits = |c: char| !matches!(c, '/' | '+' | '#') && !c.is_whitespace() && !c.is_control();
        if text.is_empty() || text.len() > Self::MAX_LEN || !text.chars().all(fits) {
            return Err(NotALightId::Text);
        }
        if RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Err(NotALightId::Reserved);
        }
        Ok(Self(text.to_owned()))
    }
}

/// A text is no name of a light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotALightId {
    /// Empty, too long, or with a sign that topics or consoles use.
    #[error(
        "a light's name has 1 to {} bytes, without spaces, control characters, /, + and #",
        LightId::MAX_LEN
    )]
    Text,
    /// A word of the console.
    #[error("all, list and help are no names of lights")]
    Reserved,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_one_level_are_taken() {
        for name in ["kitchen", "light", "Küche", "a-b_c.9", "$x", &"x".repeat(64)] {
            assert_eq!(name.parse::<LightId>().unwrap().as_str(), name);
        }
        for name in ["", "a/b", "+", "a#", "a b", "a\tb", "\0", "\u{1b}[2J", &"x".repeat(65)] {
            assert_eq!(name.parse::<LightId>(), Err(NotALightId::Text), "{name:?}");
        }
        for name in ["all", "ALL", "list", "help"] {
            assert_eq!(name.parse::<LightId>(), Err(NotALightId::Reserved));
        }
    }

    #[test]
    fn a_status_topic_names_its_light() {
        let kitchen: LightId = "kitchen".parse().unwrap();
        assert_eq!(LightId::of_control(&kitchen.control()), Some(kitchen.clone()));
        assert_eq!(LightId::of_control(&kitchen.status()), None);
        assert_eq!(LightId::of_status(&kitchen.status()), Some(kitchen));
        for topic in [
            "home/kitchen/control",
            "home//status",
            "home/status",
            "home/a/b/status",
            "homes/a/status",
            "home/all/status",
            "",
        ] {
            assert_eq!(LightId::of_status(topic), None, "{topic}");
        }
    }
}
