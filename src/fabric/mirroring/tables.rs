//! The tables of a mirrored database at an instant, with their statuses and totals (docs/fidelity.md#tables).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::source::{ObjectType, Source};
use super::stage::{Course, SharedEffects};
use super::{LifecycleEvent, Mirroring, MirroringError, Replication, ResumePoint, ResumePoints, SourceKey, TableName};
use crate::fabric::page::{Page, PageRequest};

/// The status of a table, in the spelling of `getTablesMirroringStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableStatus {
    /// The table is selected and waits for its snapshot.
    Initialized,
    /// The rows of the table are being copied.
    Snapshotting,
    /// The changes of the table are being replicated.
    Replicating,
    /// The rows of the table are being copied again.
    Reseeding,
    /// The table is no longer replicated.
    Stopped,
    /// The table cannot be replicated.
    Failed,
}

impl TableStatus {
    /// All statuses.
    pub const ALL: [Self; 6] =
        [Self::Initialized, Self::Snapshotting, Self::Replicating, Self::Reseeding, Self::Stopped, Self::Failed];

    /// Returns the name of the status on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initialized => "Initialized",
            Self::Snapshotting => "Snapshotting",
            Self::Replicating => "Replicating",
            Self::Reseeding => "Reseeding",
            Self::Stopped => "Stopped",
            Self::Failed => "Failed",
        }
    }
}

/// The totals of a table since its first snapshot began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metrics {
    /// The number of rows that the snapshot has copied, plus the number of rows changed since the snapshot began.
    pub rows: u64,
    /// The size of these rows, in bytes.
    pub bytes: u64,
    /// The instant at which the last row arrived in OneLake; `None` until the snapshot is complete.
    pub last_sync: Option<Timestamp>,
    /// The time from a commit at the source to the commit in OneLake, in seconds; `None` until the snapshot is
    /// complete.
    pub latency_seconds: Option<u32>,
}

/// The state of a table at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    /// The name of the table.
    pub name: TableName,
    /// The type of the object at the source.
    pub object_type: ObjectType,
    /// The instant at which the replication of the table began. Replication begins with the wait for the snapshot.
    pub since: Timestamp,
    /// The status of the table.
    pub status: TableStatus,
    /// The totals of the table; `None` until the first row is copied.
    pub metrics: Option<Metrics>,
    /// The error beside the status.
    pub error: Option<MirroringError>,
}

/// The upcoming changes of the status or the error of a table that need no request, each with the status that follows.
pub type TableChanges = Vec<(Timestamp, TableStatus)>;

/// A lookup of sources by their key.
pub trait Sources {
    /// Returns the source of `key`.
    fn source<'a>(&'a self, key: &'a SourceKey) -> Source<'a>;
}

impl Replication<'_> {
    /// Returns the tables at `now`, in the order of the definition. If the definition names no tables, the order is by
    /// schema and name.
    pub fn tables_at(&self, sources: &impl Sources, now: Timestamp) -> Vec<TableState> {
        self.courses_at(sources, now, |course| course.state_at(now))
    }

    /// Returns a page of the tables at `now`. The position of a table is its number in this order, from 1. Only the
    /// tables of the page are computed.
    pub fn tables_page(&self, sources: &impl Sources, now: Timestamp, page: PageRequest) -> Page<TableState> {
        let stage = self.stage_at(sources, &mut SharedEffects::default(), now);
        let rest = (1..).zip(stage.names(now)).skip_while(|(position, _)| Some(*position) <= page.after);
        page.cut(rest.filter_map(|(position, name)| {
            let course = stage.course(&name, now, &mut None)?;
            Some((position, course.state_at(now)))
        }))
    }

    /// Returns the tables at `now`, each with its changes after `now`.
    pub fn tables_and_changes_at(&self, sources: &impl Sources, now: Timestamp) -> Vec<(TableState, TableChanges)> {
        self.courses_at(sources, now, |course| (course.state_at(now), course.changes_after(now)))
    }

    fn courses_at<T>(&self, sources: &impl Sources, now: Timestamp, read: impl Fn(&Course<'_>) -> T) -> Vec<T> {
        let stage = self.stage_at(sources, &mut SharedEffects::default(), now);
        let names = stage.names(now).into_iter();
        names.filter_map(|name| Some(read(&stage.course(&name, now, &mut None)?))).collect()
    }

    /// Returns the tables that would resume after a pause at `now`: the tables whose snapshot is complete. During
    /// `Starting`, returns the resume points of the previous pause.
    pub fn resume_points_at(&self, sources: &impl Sources, now: Timestamp) -> ResumePoints {
        let last = self.log.lifecycle.len() - 1;
        let LifecycleEvent::Started { timing, resume_points, error: None, .. } = &self.log.lifecycle[last].1 else {
            return ResumePoints::default();
        };
        if now < self.due(last) {
            return ResumePoints::clone(resume_points);
        }
        let resumes = |table: &TableState| matches!(table.status, TableStatus::Replicating | TableStatus::Reseeding);
        let replicating = self.tables_at(sources, now).into_iter().filter(resumes);
        let points = replicating.map(|table| {
            let earlier = resume_points.0.get(&table.name).filter(|point| point.since == table.since);
            (table.name, ResumePoint { since: table.since, timing: earlier.map_or(*timing, |point| point.timing) })
        });
        ResumePoints(points.collect())
    }
}

impl Mirroring {
    /// Returns `true` if replication was started at or before `now`.
    pub fn was_started_by(&self, now: Timestamp) -> bool {
        self.lifecycle.iter().any(|(at, event)| *at <= now && matches!(event, LifecycleEvent::Started { .. }))
    }
}
