//! Durations of the steps of a table. A start resolves the durations from the tenant's pace and settings, and stores
//! them.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// The longest duration of a snapshot. The bound keeps instants within the range of a timestamp.
const SNAPSHOT_MAX: SignedDuration = SignedDuration::from_hours(24 * 365 * 100);

/// The durations of the steps of a mirrored database's tables, resolved when mirroring starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableTiming {
    /// The time from `Running` to the snapshot of a table.
    pub wait: SignedDuration,
    /// The duration of a snapshot.
    pub snapshot: SnapshotTiming,
    /// The interval between two publishings of a table's changes. The interval is never zero, because changes are
    /// published at its multiples.
    pub publishing: SignedDuration,
}

/// The duration of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum SnapshotTiming {
    /// A fixed duration.
    Fixed(SignedDuration),
    /// The time to copy the rows at the snapshot speed of the source.
    BySize {
        /// The shortest duration.
        at_least: SignedDuration,
        /// The factor by which snapshots are shortened, and the longest duration. Both apply only if no speed is
        /// declared.
        undeclared: Option<(i32, SignedDuration)>,
    },
}

impl SnapshotTiming {
    /// Returns the duration of a snapshot of `rows` at `rows_per_second`. `declared` is `true` if the source declares
    /// this speed.
    pub fn duration(self, rows: u64, rows_per_second: f64, declared: bool) -> SignedDuration {
        let (at_least, undeclared) = match self {
            Self::Fixed(duration) => return duration,
            Self::BySize { at_least, undeclared } => (at_least, undeclared.filter(|_| !declared)),
        };
        let by_size =
            SignedDuration::try_from_secs_f64(rows as f64 / rows_per_second).unwrap_or(SNAPSHOT_MAX).min(SNAPSHOT_MAX);
        let (speedup, at_most) = undeclared.unwrap_or((1, SNAPSHOT_MAX));
        // The bounds can come from a file, so that neither an order nor a range is certain.
        (by_size / speedup.max(1)).min(at_most).max(at_least)
    }
}
