//! Arithmetic on instants.

use jiff::{SignedDuration, Timestamp};

/// Returns the instant `duration` after `at`. Returns [`Timestamp::MAX`] if the sum is out of range.
pub(crate) fn later(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.checked_add(duration).unwrap_or(Timestamp::MAX)
}
