//! Logging, if the feature `tracing` is on.

#[cfg(feature = "tracing")]
pub(crate) use tracing::{info, warn};

#[cfg(not(feature = "tracing"))]
macro_rules! nothing {
    ($($argument:tt)*) => {{
        let _ = format_args!($($argument)*);
    }};
}
#[cfg(not(feature = "tracing"))]
pub(crate) use {nothing as info, nothing as warn};
