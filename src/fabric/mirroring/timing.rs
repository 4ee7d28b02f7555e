//! Durations of the steps of a table. A start resolves them from the pace and stores them.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// The longest snapshot, whatever its size. It keeps instants within the range of a timestamp.
const SNAPSHOT_MAX: SignedDuration = SignedDuration::from_hours(24 * 365 * 100);

/// Durations of the steps of the tables of a mirrored database, resolved when it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableTiming {
    /// From `Running` to the snapshot of a table.
    pub wait: SignedDuration,
    /// Duration of a snapshot.
    pub snapshot: SnapshotTiming,
    /// Interval between two publishings of a table's changes. Never zero: figures move in multiples of it.
    pub publishing: SignedDuration,
}

/// Duration of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum SnapshotTiming {
    /// A fixed duration.
    Fixed(SignedDuration),
    /// The time that the rows take at the speed of the source.
    BySize {
        /// The shortest.
        at_least: SignedDuration,
        /// The speedup and the longest duration that apply where no speed is declared.
        undeclared: Option<(i32, SignedDuration)>,
    },
}

impl SnapshotTiming {
    /// Returns the duration of a snapshot of `rows` at `rows_per_second`; `declared` is `true` if that speed was declared.
    pub fn duration(self, rows: u64, rows_per_second: f64, declared: bool) -> SignedDuration {
        let (at_least, undeclared) = match self {
            Self::Fixed(duration) => return duration,
            Self::BySize { at_least, undeclared } => (at_least, undeclared.filter(|_| !declared)),
        };
        let by_size =
            SignedDuration::try_from_secs_f64(rows as f64 / rows_per_second).unwrap_or(SNAPSHOT_MAX).min(SNAPSHOT_MAX);
        let (speedup, at_most) = undeclared.unwrap_or((1, SNAPSHOT_MAX));
        (by_size / speedup).clamp(at_least, at_most)
    }
}
