//! Arithmetic of instants.

use jiff::{SignedDuration, Timestamp};

/// Returns the instant `duration` after `at`; the last instant that can be represented where that is beyond it.
pub(crate) fn later(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.checked_add(duration).unwrap_or(Timestamp::MAX)
}
