//! How long things take. A pace applies to what starts while it is set: facts keep the pace that they began under.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::fabric::mirroring::SourceType;

/// How fast the tenant's world turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Pace {
    /// Every state is passed through, in a second or so.
    #[default]
    Fast,
    /// As long as the real service was seen to take.
    Realistic,
    /// Nothing waits.
    Instant,
}

const ZERO: SignedDuration = SignedDuration::ZERO;
/// The longest that a snapshot takes, whatever its size: it keeps instants within what a clock can show.
const SNAPSHOT_MAX: SignedDuration = SignedDuration::from_hours(24 * 365 * 100);

impl Pace {
    /// From the creation of a mirrored database to `Initialized`.
    pub fn initializing(self) -> SignedDuration {
        self.pick(secs(1), secs(20))
    }

    /// From the creation of an item to its SQL endpoint in lists.
    pub fn sql_endpoint(self) -> SignedDuration {
        self.pick(millis(500), secs(8))
    }

    /// From a start to `Running`.
    pub fn starting(self, source: SourceType) -> SignedDuration {
        match source {
            SourceType::CosmosDb => self.pick(secs(2), secs(150)),
            _ => self.pick(secs(1), secs(20)),
        }
    }

    /// From a stop to `Stopped`.
    pub fn stopping(self) -> SignedDuration {
        self.pick(secs(1), secs(20))
    }

    /// How long a table waits before its snapshot begins.
    pub fn table_waiting(self) -> SignedDuration {
        self.pick(millis(200), secs(10))
    }

    /// How long the snapshot of a table takes: by its size when realistic, 20 s at least; from 1 to 3 s when fast.
    pub fn snapshot(self, rows: u64, rows_per_second: f64) -> SignedDuration {
        let by_size =
            SignedDuration::try_from_secs_f64(rows as f64 / rows_per_second).unwrap_or(SNAPSHOT_MAX).min(SNAPSHOT_MAX);
        self.pick((by_size / 30).clamp(secs(1), secs(3)), by_size.max(secs(20)))
    }

    /// From the start of a SQL database's mirroring to its running (guessed).
    pub fn starting_sql_database(self) -> SignedDuration {
        self.pick(secs(1), secs(20))
    }

    /// From the creation of a SQL database to its first backup: the one that was seen took 265 s.
    pub fn first_backup(self) -> SignedDuration {
        self.pick(secs(1), secs(265))
    }

    /// How long an operation takes whose `realistic` time was measured.
    pub fn operation(self, realistic: SignedDuration) -> SignedDuration {
        self.pick(secs(1), realistic)
    }

    /// How long a client is asked to wait between two looks at an operation.
    pub fn retry_after(self) -> SignedDuration {
        match self {
            Self::Fast | Self::Instant => secs(1),
            Self::Realistic => secs(20),
        }
    }

    /// From the creation of a workspace's first dataflow to its staging lakehouse: 2 to 3 s.
    pub fn staging_lakehouse(self) -> SignedDuration {
        self.pick(millis(200), millis(2_500))
    }

    /// From the creation of a workspace's first dataflow to its staging warehouse: 10 s to a minute.
    pub fn staging_warehouse(self) -> SignedDuration {
        self.pick(millis(500), secs(23))
    }

    /// How long a client is asked to wait between two looks at the provisioning of an identity.
    pub fn retry_after_identity(self) -> SignedDuration {
        match self {
            Self::Fast | Self::Instant => secs(1),
            Self::Realistic => secs(5),
        }
    }

    /// How long a workspace takes to get to its capacity (guessed).
    pub fn capacity_assignment(self) -> SignedDuration {
        self.pick(secs(1), secs(5))
    }

    /// How often a table's changes are published. Never zero: figures move in steps of it.
    pub fn publishing(self) -> SignedDuration {
        match self {
            Self::Fast | Self::Instant => secs(1),
            Self::Realistic => secs(15),
        }
    }

    /// How long the name of a deleted item stays reserved.
    pub fn name_reserved(self) -> SignedDuration {
        self.pick(ZERO, secs(20))
    }

    /// How long a throttle window is.
    pub fn throttle_window(self) -> SignedDuration {
        match self {
            Self::Fast | Self::Instant => secs(1),
            Self::Realistic => secs(60),
        }
    }

    fn pick(self, fast: SignedDuration, realistic: SignedDuration) -> SignedDuration {
        match self {
            Self::Fast => fast,
            Self::Realistic => realistic,
            Self::Instant => ZERO,
        }
    }
}

const fn secs(secs: i64) -> SignedDuration {
    SignedDuration::from_secs(secs)
}

const fn millis(millis: i64) -> SignedDuration {
    SignedDuration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_takes_its_time_by_size_within_bounds() {
        for (pace, rows, rows_per_second, seconds) in [
            (Pace::Realistic, 600_000, 10_000.0, 60),
            (Pace::Realistic, 10, 10_000.0, 20),
            (Pace::Fast, 600_000, 10_000.0, 2),
            (Pace::Fast, 10, 10_000.0, 1),
            (Pace::Fast, u64::MAX, 1.0, 3),
            (Pace::Instant, 600_000, 10_000.0, 0),
            (Pace::Realistic, u64::MAX, 1e-300, SNAPSHOT_MAX.as_secs()),
        ] {
            assert_eq!(pace.snapshot(rows, rows_per_second), secs(seconds), "{pace:?} {rows} {rows_per_second}");
        }
    }
}
