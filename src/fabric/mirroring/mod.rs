//! The mirroring engine: replication as a pure function of a log, the source, the seed and the instant.
//!
//! The log of a mirrored database holds its creation, starts, stops, pauses and selections of tables. Nothing else is stored, and
//! nothing runs in the background: each read computes the status ([`status`]) and the tables ([`tables`]).
//!
//! The engine does not depend on items or on the tenant's state. `item::mirrored_database` connects it to them.

pub mod declaration;
pub mod definition;
pub mod source;
pub mod status;
pub mod tables;
pub mod timeline;
pub mod timing;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::definition::{MirroringConfig, SourceType};
pub use self::source::{Declaration, SourceKey};
pub use self::status::{MirroringStatus, Phase};
pub use self::tables::{TableState, TableStatus};
use self::timeline::Span;
pub use self::timing::TableTiming;
use crate::fabric::as_list;

/// The maximum number of lifecycle events of a mirrored database. The oldest are dropped.
const LIFECYCLE_MAX: usize = 1_000;
/// The maximum number of table selections of a mirrored database. The oldest are dropped.
const SELECTIONS_MAX: usize = 100;

/// The name of a table of a source. For Cosmos DB, the schema is the database and the table is the container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableName {
    /// The schema.
    pub schema: Arc<str>,
    /// The name within the schema.
    pub table: Arc<str>,
}

/// The `error` next to the status of a database or table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MirroringError {
    /// The error code, in Fabric's spelling.
    pub code: String,
    /// The message for users.
    pub message: String,
}

/// A lifecycle event of a mirrored database. `takes` is the duration of the transient status that it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
enum LifecycleEvent {
    Created {
        takes: SignedDuration,
    },
    Started {
        takes: SignedDuration,
        timing: TableTiming,
        source: SourceKey,
        error: Option<MirroringError>,
        resume_points: Arc<ResumePoints>,
    },
    Stopped {
        takes: SignedDuration,
    },
    Paused {
        resume_points: Arc<ResumePoints>,
    },
}

/// The tables whose snapshot was complete when the capacity was paused, with the base of their figures. After the next start they
/// continue from there; all other tables are copied again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResumePoints(#[serde(with = "as_list")] pub(super) BTreeMap<TableName, ResumePoint>);

/// The base of a table's figures: the instant from which it has been followed, and the timing of that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResumePoint {
    pub(super) since: Timestamp,
    pub(super) timing: TableTiming,
}

/// The tables that a definition selects, and the instant from which each has been selected without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
enum Selection {
    /// All tables of the source, from `since`. Those that an `earlier` definition had selected keep their earlier instants.
    All {
        since: Timestamp,
        #[serde(with = "as_list")]
        earlier: BTreeMap<TableName, Timestamp>,
    },
    /// These tables, in this order.
    Only {
        order: Vec<TableName>,
        #[serde(with = "as_list")]
        since: BTreeMap<TableName, Timestamp>,
    },
}

/// The log of one mirrored database. Entries are ordered by time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mirroring {
    config: MirroringConfig,
    lifecycle: Vec<(Timestamp, LifecycleEvent)>,
    selections: Vec<(Timestamp, Arc<Selection>)>,
}

impl Mirroring {
    /// Creates the log of a mirrored database that is created at `at` and is `Initialized` after `takes`.
    pub fn created(at: Timestamp, takes: SignedDuration, config: MirroringConfig) -> Self {
        let selection = Selection::first(at, config.tables.as_deref());
        Self {
            config,
            lifecycle: vec![(at, LifecycleEvent::Created { takes })],
            selections: vec![(at, Arc::new(selection))],
        }
    }

    /// Records a start. With an `error`, it fails after `takes`, and the status falls back to `Initialized`.
    pub fn started(
        &mut self,
        at: Timestamp,
        takes: SignedDuration,
        timing: TableTiming,
        error: Option<MirroringError>,
    ) {
        let MirroringConfig { source, connection, database, .. } = &self.config;
        // A start without a source is rejected before it gets here.
        let source = source.unwrap_or(SourceType::GenericMirror);
        let source = SourceKey { source, connection: *connection, database: database.clone() };
        let resume_points = match self.lifecycle.last() {
            Some((_, LifecycleEvent::Paused { resume_points })) => Arc::clone(resume_points),
            Some(_) | None => Arc::default(),
        };
        self.log(at, LifecycleEvent::Started { takes, timing, source, error, resume_points });
    }

    /// Records a stop.
    pub fn stopped(&mut self, at: Timestamp, takes: SignedDuration) {
        self.log(at, LifecycleEvent::Stopped { takes });
    }

    /// Records a pause of the capacity. It has an effect only in `Starting` and `Running`.
    pub fn paused(&mut self, at: Timestamp, resume_points: ResumePoints) {
        if matches!(self.status_at(at), MirroringStatus::Starting | MirroringStatus::Running) {
            self.log(at, LifecycleEvent::Paused { resume_points: Arc::new(resume_points) });
        }
    }

    /// Returns its timeline.
    pub fn spans(&self) -> Vec<Span> {
        let changes: Vec<Timestamp> = self.lifecycle.iter().map(|(at, _)| *at).collect();
        timeline::spans(&changes, |now| {
            let phase = self.phase_at(now);
            (phase.status, phase.gives_way.map(|(at, _)| at))
        })
    }

    /// Records a new definition. `followed` holds the current tables, and the instant from which each is followed.
    pub fn redefined(&mut self, at: Timestamp, config: MirroringConfig, followed: BTreeMap<TableName, Timestamp>) {
        if config.tables != self.config.tables {
            let (_, before) = self.selections.last().expect("a mirrored database has a selection from its creation on");
            let selection = before.then(at, config.tables.as_deref(), followed);
            self.selections.push((at, Arc::new(selection)));
            drop_oldest(&mut self.selections, SELECTIONS_MAX);
        }
        self.config = config;
    }

    /// Returns the content of the definition.
    pub fn config(&self) -> &MirroringConfig {
        &self.config
    }

    fn log(&mut self, at: Timestamp, event: LifecycleEvent) {
        self.lifecycle.push((at, event));
        drop_oldest(&mut self.lifecycle, LIFECYCLE_MAX);
    }

    /// Returns the selection in effect at `now`.
    fn selection_at(&self, now: Timestamp) -> &Selection {
        let (_, selection) = self.selections.iter().rev().find(|(at, _)| *at <= now).unwrap_or(&self.selections[0]);
        selection
    }
}

/// Drops the oldest entry if there are more than `max`.
fn drop_oldest<T>(log: &mut Vec<T>, max: usize) {
    if log.len() > max {
        log.remove(0);
    }
}

impl Selection {
    fn first(at: Timestamp, tables: Option<&[TableName]>) -> Self {
        match tables {
            None => Self::All { since: at, earlier: BTreeMap::new() },
            Some(names) => {
                Self::Only { order: names.to_vec(), since: names.iter().map(|name| (name.clone(), at)).collect() }
            }
        }
    }

    /// Returns the selection that replaces this one. Tables that are already followed continue.
    fn then(&self, at: Timestamp, tables: Option<&[TableName]>, followed: BTreeMap<TableName, Timestamp>) -> Self {
        match tables {
            None => Self::All { since: at, earlier: followed },
            Some(names) => {
                let since =
                    names.iter().map(|name| (name.clone(), followed.get(name).copied().unwrap_or(at))).collect();
                Self::Only { order: names.to_vec(), since }
            }
        }
    }

    /// Returns `true` if the current definition or an earlier one names the table. An assumed source has every table that a definition
    /// names.
    fn names(&self, name: &TableName) -> bool {
        match self {
            Self::All { earlier, .. } => earlier.contains_key(name),
            Self::Only { .. } => true,
        }
    }

    /// Returns the instant from which a table has been selected; `None` if it is not.
    fn since(&self, name: &TableName) -> Option<Timestamp> {
        match self {
            Self::All { since, earlier } => Some(earlier.get(name).copied().unwrap_or(*since)),
            Self::Only { since, .. } => since.get(name).copied(),
        }
    }
}
