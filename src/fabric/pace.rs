//! Durations of steps. The tenant's pace determines the durations, and `settings.durations` overrides single durations.
//!
//! A duration is resolved when its step begins (for a step of a table: when mirroring starts), and stored in the fact.
//! Later changes to the settings do not affect the step.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fabric::mirroring::SourceType;
use crate::fabric::mirroring::timing::{SnapshotTiming, TableTiming};

/// The timing profile of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Pace {
    /// About a second for each state
    #[default]
    Fast,
    /// The measured durations of the real service
    Realistic,
    /// No waiting
    Instant,
}

const ZERO: SignedDuration = SignedDuration::ZERO;
/// The longest duration that can be set.
const DURATION_MAX: SignedDuration = SignedDuration::from_hours(24 * 365);
/// The shortest interval between publishings that can be set. Zero is not allowed, because changes are published at
/// multiples of the interval.
const PUBLISHING_MIN: SignedDuration = SignedDuration::from_millis(1);

/// A step whose duration can be overridden by `settings.durations`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The time from the creation of a mirrored database to `Initialized`.
    Initializing,
    /// The time from the creation of an item until lists show its SQL endpoint.
    SqlEndpoint,
    /// The time from a start to `Running`.
    Starting,
    /// The time from a stop to `Stopped`.
    Stopping,
    /// The time from `Running` to the snapshot of a table.
    TableWait,
    /// The snapshot of a table, regardless of the table's size.
    Snapshot,
    /// The interval between two publishings of a table's changes.
    Publishing,
    /// A long-running operation.
    Operation,
    /// The reservation of a deleted item's name.
    NameReserved,
    /// The time from the assignment of a workspace to a capacity until `capacityAssignmentProgress` is `Completed`.
    CapacityAssignment,
    /// The time from the creation of a SQL database to its first backup.
    FirstBackup,
    /// A run of a job, from the request to the end.
    Job,
}

impl Step {
    /// All steps.
    pub const ALL: [Self; 12] = [
        Self::Initializing,
        Self::SqlEndpoint,
        Self::Starting,
        Self::Stopping,
        Self::TableWait,
        Self::Snapshot,
        Self::Publishing,
        Self::Operation,
        Self::NameReserved,
        Self::CapacityAssignment,
        Self::FirstBackup,
        Self::Job,
    ];

    /// Returns the name of the step in `settings.durations`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::SqlEndpoint => "sqlEndpoint",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::TableWait => "tableWait",
            Self::Snapshot => "snapshot",
            Self::Publishing => "publishing",
            Self::Operation => "operation",
            Self::NameReserved => "nameReserved",
            Self::CapacityAssignment => "capacityAssignment",
            Self::FirstBackup => "firstBackup",
            Self::Job => "job",
        }
    }

    /// Returns the step with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == name)
    }

    /// Returns the shortest duration that can be set for the step.
    const fn shortest(self) -> SignedDuration {
        match self {
            Self::Publishing => PUBLISHING_MIN,
            _ => ZERO,
        }
    }
}

/// Durations that override the pace, by step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Durations(BTreeMap<Step, Seconds>);

/// A duration, serialized as a number of seconds. A whole number of seconds is serialized as an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seconds(SignedDuration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.subsec_nanos() {
            0 => serializer.serialize_i64(self.0.as_secs()),
            _ => serializer.serialize_f64(self.0.as_secs_f64()),
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        SignedDuration::try_from_secs_f64(seconds).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Durations {
    /// Overrides the duration of a step, in seconds. `None` removes the override.
    ///
    /// # Errors
    ///
    /// Returns the accepted range if the duration is outside this range.
    pub fn set(&mut self, step: Step, seconds: Option<f64>) -> Result<(), (f64, f64)> {
        let Some(seconds) = seconds else {
            self.0.remove(&step);
            return Ok(());
        };
        let range = (step.shortest().as_secs_f64(), DURATION_MAX.as_secs_f64());
        match SignedDuration::try_from_secs_f64(seconds) {
            Ok(duration) if (range.0..=range.1).contains(&seconds) => {
                self.0.insert(step, Seconds(duration));
                Ok(())
            }
            _ => Err(range),
        }
    }

    fn get(&self, step: Step) -> Option<SignedDuration> {
        self.0.get(&step).map(|seconds| seconds.0)
    }
}

/// The durations of steps that begin now.
#[derive(Debug, Clone, Copy)]
pub struct Timing<'a> {
    pub(super) pace: Pace,
    pub(super) durations: &'a Durations,
}

impl Timing<'_> {
    /// Returns the time from the creation of a mirrored database to `Initialized`.
    pub fn initializing(self) -> SignedDuration {
        self.step(Step::Initializing, secs(1), secs(20))
    }

    /// Returns the time from the creation of an item until lists show its SQL endpoint.
    pub fn sql_endpoint(self) -> SignedDuration {
        self.step(Step::SqlEndpoint, millis(500), secs(8))
    }

    /// Returns the time from a start to `Running`.
    pub fn starting(self, source: SourceType) -> SignedDuration {
        match source {
            SourceType::CosmosDb => self.step(Step::Starting, secs(2), secs(150)),
            _ => self.step(Step::Starting, secs(1), secs(20)),
        }
    }

    /// Returns the time from a stop to `Stopped`.
    pub fn stopping(self) -> SignedDuration {
        self.step(Step::Stopping, secs(1), secs(20))
    }

    /// Returns the timing of tables after a start.
    ///
    /// Without an override, the duration of a snapshot depends on the pace:
    ///
    /// - `realistic`: the number of rows divided by the snapshot speed, but at least 20 s.
    /// - `fast`: 1 to 3 s. With a declared snapshot speed, the number of rows divided by this speed, but at least 1 s.
    /// - `instant`: zero.
    pub fn tables(self) -> TableTiming {
        let by_size = match self.pace {
            Pace::Fast => SnapshotTiming::BySize { at_least: secs(1), undeclared: Some((30, secs(3))) },
            Pace::Realistic => SnapshotTiming::BySize { at_least: secs(20), undeclared: None },
            Pace::Instant => SnapshotTiming::Fixed(ZERO),
        };
        let publishing = match self.pace {
            Pace::Fast | Pace::Instant => secs(1),
            Pace::Realistic => secs(15),
        };
        TableTiming {
            wait: self.step(Step::TableWait, millis(200), secs(10)),
            snapshot: self.durations.get(Step::Snapshot).map_or(by_size, SnapshotTiming::Fixed),
            publishing: self.durations.get(Step::Publishing).unwrap_or(publishing),
        }
    }

    /// Returns the time from the start of a SQL database's mirroring to `Running` (guessed).
    pub fn starting_sql_database(self) -> SignedDuration {
        self.step(Step::Starting, secs(1), secs(20))
    }

    /// Returns the time from the creation of a SQL database to its first backup (seen: 265 s).
    pub fn first_backup(self) -> SignedDuration {
        self.step(Step::FirstBackup, secs(1), secs(265))
    }

    /// Returns the duration of a run of a job. `realistic` is the duration at the realistic pace.
    pub fn job(self, realistic: SignedDuration) -> SignedDuration {
        self.step(Step::Job, secs(2), realistic)
    }

    /// Returns the time until the cancellation of a run takes effect (seen: between 5 and 60 s, mostly).
    pub fn job_cancellation(self) -> SignedDuration {
        self.pick(millis(500), secs(20))
    }

    /// Returns the `Retry-After` of a run of a job.
    pub fn retry_after_job(self) -> SignedDuration {
        match self.pace {
            Pace::Fast | Pace::Instant => secs(1),
            Pace::Realistic => secs(60),
        }
    }

    /// Returns the duration of a long-running operation. `realistic` is the duration at the realistic pace.
    pub fn operation(self, realistic: SignedDuration) -> SignedDuration {
        self.step(Step::Operation, secs(1), realistic)
    }

    /// Returns the `Retry-After` of a long-running operation.
    pub fn retry_after(self) -> SignedDuration {
        match self.pace {
            Pace::Fast | Pace::Instant => secs(1),
            Pace::Realistic => secs(20),
        }
    }

    /// Returns the time from the creation of a workspace's first dataflow to its staging lakehouse (seen: 2 to 3 s).
    pub fn staging_lakehouse(self) -> SignedDuration {
        self.pick(millis(200), millis(2_500))
    }

    /// Returns the time from the creation of a workspace's first dataflow to its staging warehouse (seen: 10 to 60 s).
    pub fn staging_warehouse(self) -> SignedDuration {
        self.pick(millis(500), secs(23))
    }

    /// Returns the `Retry-After` of the long-running operation that provisions or deprovisions a workspace identity.
    pub fn retry_after_identity(self) -> SignedDuration {
        match self.pace {
            Pace::Fast | Pace::Instant => secs(1),
            Pace::Realistic => secs(5),
        }
    }

    /// Returns the time from the creation of a managed private endpoint until it is provisioned (guessed).
    pub fn managed_private_endpoint(self) -> SignedDuration {
        self.pick(secs(1), secs(60))
    }

    /// Returns the duration of a change of the encryption of a workspace (documented as a `Retry-After`: 15 min).
    pub fn encryption(self) -> SignedDuration {
        self.pick(secs(1), secs(900))
    }

    /// Returns the duration of the assignment of a workspace to a capacity (seen: zero, in all 58 recordings).
    pub fn capacity_assignment(self) -> SignedDuration {
        self.step(Step::CapacityAssignment, ZERO, ZERO)
    }

    /// Returns the time for which the name of a deleted item is reserved.
    pub fn name_reserved(self) -> SignedDuration {
        self.step(Step::NameReserved, ZERO, secs(20))
    }

    fn step(self, step: Step, fast: SignedDuration, realistic: SignedDuration) -> SignedDuration {
        self.durations.get(step).unwrap_or_else(|| self.pick(fast, realistic))
    }

    fn pick(self, fast: SignedDuration, realistic: SignedDuration) -> SignedDuration {
        match self.pace {
            Pace::Fast => fast,
            Pace::Realistic => realistic,
            Pace::Instant => ZERO,
        }
    }
}

impl Pace {
    /// Returns the length of a throttle window.
    pub fn throttle_window(self) -> SignedDuration {
        match self {
            Self::Fast | Self::Instant => secs(1),
            Self::Realistic => secs(60),
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
    fn snapshot_duration_depends_on_pace_size_and_declared_speed() {
        for (pace, rows, rows_per_second, declared, seconds) in [
            (Pace::Realistic, 600_000, 10_000.0, false, 60),
            (Pace::Realistic, 600_000, 10_000.0, true, 60),
            (Pace::Realistic, 10, 10_000.0, false, 20),
            (Pace::Fast, 600_000, 10_000.0, false, 2),
            (Pace::Fast, 600_000, 10_000.0, true, 60),
            (Pace::Fast, 10, 10_000.0, false, 1),
            (Pace::Fast, 10, 10_000.0, true, 1),
            (Pace::Fast, u64::MAX, 1.0, false, 3),
            (Pace::Instant, 600_000, 10_000.0, true, 0),
            (Pace::Realistic, u64::MAX, 1e-300, true, 100 * 365 * 24 * 3_600),
        ] {
            let timing = Timing { pace, durations: &Durations::default() }.tables().snapshot;
            let duration = timing.duration(rows, rows_per_second, declared);
            assert_eq!(duration, secs(seconds), "{pace:?} {rows} {rows_per_second} {declared}");
        }
    }

    #[test]
    fn durations_override_pace_until_removed() {
        let mut durations = Durations::default();
        let initializing = |durations: &Durations| Timing { pace: Pace::Realistic, durations }.initializing();
        assert_eq!(initializing(&durations), secs(20));
        assert_eq!(durations.set(Step::Initializing, Some(2.5)), Ok(()));
        assert_eq!(initializing(&durations), millis(2_500));
        assert_eq!(durations.set(Step::Initializing, None), Ok(()));
        assert_eq!(initializing(&durations), secs(20));
        for (step, seconds) in [
            (Step::Starting, -1.0),
            (Step::Starting, 31_536_001.0),
            (Step::Starting, f64::NAN),
            (Step::Publishing, 0.0),
        ] {
            assert!(durations.set(step, Some(seconds)).is_err(), "{step:?} {seconds}");
        }
    }

    #[test]
    fn step_names_match_their_serialization() {
        for step in Step::ALL {
            assert_eq!(Step::named(step.as_str()), Some(step));
            assert_eq!(serde_json::to_value(step).unwrap(), step.as_str());
        }
    }
}
