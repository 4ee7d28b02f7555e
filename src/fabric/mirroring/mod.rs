//! The mirroring engine: replication as a pure function of a database's log, its source, the seed and the instant.
//!
//! The log of a mirrored database records its creation, starts, stops and pauses, and the tables that its definitions
//! select. The engine stores no other state and runs no background work: each read computes the status ([`status`]) and
//! the tables ([`tables`]).
//!
//! The engine does not depend on items or on the tenant's state. `item::kinds::mirrored_database` connects the engine
//! to both.

pub mod causes;
pub mod declaration;
pub mod definition;
mod effects;
pub mod source;
pub mod source_table;
mod stage;
pub mod status;
mod table_history;
pub mod table_timeline;
pub mod tables;
pub mod timeline;
pub mod timing;
pub mod trouble;
pub mod trouble_request;
pub mod windows;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

pub use self::definition::{MirroringConfig, SourceType};
pub use self::source::{Declaration, SourceKey};
pub use self::status::{MirroringStatus, Phase};
use self::tables::Sources;
pub use self::tables::{TableState, TableStatus};
use self::timeline::Span;
pub use self::timing::TableTiming;
use self::trouble::Trouble;
use self::windows::{Window, Windows};
use crate::fabric::as_list;
use crate::ids::{ItemId, SourceId};

/// The maximum number of lifecycle events of a mirrored database. Beyond the maximum, the oldest event is dropped.
const LIFECYCLE_MAX: usize = 1_000;
/// The maximum number of resume points in the lifecycle events of a mirrored database. Beyond the maximum, the oldest
/// events are dropped.
const RESUME_POINTS_MAX: usize = 20_000;
/// The maximum number of table selections of a mirrored database. Beyond the maximum, the oldest selection is dropped.
const SELECTIONS_MAX: usize = 100;

/// The name of a table of a source. For Cosmos DB, the schema is the database and the table is the container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableName {
    /// The name of the schema.
    pub schema: Arc<str>,
    /// The name of the table within the schema.
    pub table: Arc<str>,
}

/// The `error` beside the status of a mirrored database or table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MirroringError {
    /// The error code, in Fabric's spelling.
    pub code: String,
    /// The message for users.
    pub message: String,
}

/// A lifecycle event of a mirrored database. `takes` is the duration of the transient status that begins with the
/// event.
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

impl LifecycleEvent {
    fn resume_points(&self) -> Option<&ResumePoints> {
        match self {
            Self::Started { resume_points, .. } | Self::Paused { resume_points } => Some(resume_points),
            Self::Created { .. } | Self::Stopped { .. } => None,
        }
    }
}

/// The tables whose snapshot was complete when the capacity was paused, each with its resume point. After the next
/// start, these tables continue; all other tables are copied again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResumePoints(#[serde(with = "as_list")] pub(super) BTreeMap<TableName, ResumePoint>);

/// The origin of a table's totals: the instant at which the replication of the table began, and the timing that applied
/// then. Replication begins with the wait for the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResumePoint {
    pub(super) since: Timestamp,
    pub(super) timing: TableTiming,
}

/// The tables that a definition selects. For each table, `since` is the instant of the selection. A table that is
/// replicated when the definition changes has the instant at which its replication began instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
enum Selection {
    /// All tables of the source, selected at `since`. Tables that were already replicated have earlier instants, which
    /// are in `earlier`.
    All {
        since: Timestamp,
        #[serde(with = "as_list")]
        earlier: BTreeMap<TableName, Timestamp>,
    },
    /// Only the tables in `order`.
    Only {
        order: Vec<TableName>,
        #[serde(with = "as_list")]
        since: BTreeMap<TableName, Timestamp>,
    },
}

/// The configuration and the log of a mirrored database. The entries of the log are ordered by time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mirroring {
    config: MirroringConfig,
    #[serde(deserialize_with = "non_empty")]
    lifecycle: Vec<(Timestamp, LifecycleEvent)>,
    #[serde(deserialize_with = "non_empty")]
    selections: Vec<(Timestamp, Arc<Selection>)>,
}

/// The log of a mirrored database, together with the trouble that affects the database.
#[derive(Debug, Clone)]
pub struct Replication<'a> {
    log: &'a Mirroring,
    windows: Windows<'a>,
}

impl<'a> Replication<'a> {
    /// Creates the replication of a database with this trouble. `gaps` are the windows in which the identity of a source
    /// cannot write in the workspace.
    pub fn new(log: &'a Mirroring, troubles: &[&'a Trouble], gaps: Vec<Window<'a>>, sources: &'a impl Sources) -> Self {
        Self { log, windows: windows::resolve(log, troubles, gaps, sources) }
    }

    /// Returns the windows of trouble.
    pub fn windows(&self) -> &Windows<'a> {
        &self.windows
    }

    /// Returns the timeline of the database's status.
    pub fn spans(&self) -> Vec<Span> {
        let changes: Vec<Timestamp> = self.log.lifecycle.iter().map(|(at, _)| *at).collect();
        timeline::spans(&changes, |from| {
            let phase = self.phase_at(from);
            let (status, error) = (phase.status, phase.error.cloned());
            let (reason, trouble) = (phase.reason, phase.trouble);
            Span { status, error, reason, trouble, from, to: phase.gives_way.map(|(at, _)| at) }
        })
    }
}

/// Deserializes a list, and rejects an empty one.
fn non_empty<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::deserialize(deserializer)?;
    if list.is_empty() { Err(D::Error::invalid_length(0, &"at least 1 element")) } else { Ok(list) }
}

impl Mirroring {
    /// Creates the log of a new mirrored database, whose status becomes `Initialized` after `takes`.
    pub fn created(at: Timestamp, takes: SignedDuration, config: MirroringConfig) -> Self {
        let selection = Selection::first(at, config.tables.as_deref());
        Self {
            config,
            lifecycle: vec![(at, LifecycleEvent::Created { takes })],
            selections: vec![(at, Arc::new(selection))],
        }
    }

    /// Records a start of the database `item`, which completes after `takes`. With an `error`, the start fails at that
    /// instant, and the status returns to `Initialized`.
    pub fn started(
        &mut self,
        at: Timestamp,
        item: ItemId,
        takes: SignedDuration,
        timing: TableTiming,
        error: Option<MirroringError>,
    ) {
        let MirroringConfig { source, connection, database, .. } = &self.config;
        // Callers reject a start without a source, so the default is never used.
        let source = source.unwrap_or(SourceType::GenericMirror);
        let open_mirror = (source == SourceType::GenericMirror).then_some(item);
        let source = SourceKey { source, connection: *connection, open_mirror, database: database.clone() };
        let resume_points = match self.lifecycle.last() {
            Some((_, LifecycleEvent::Paused { resume_points })) => Arc::clone(resume_points),
            Some(_) | None => Arc::default(),
        };
        self.log(at, LifecycleEvent::Started { takes, timing, source, error, resume_points });
    }

    /// Records a stop, which completes after `takes`.
    pub fn stopped(&mut self, at: Timestamp, takes: SignedDuration) {
        self.log(at, LifecycleEvent::Stopped { takes });
    }

    /// Records a pause of the capacity. Callers check that the status is `Starting` or `Running`.
    pub fn paused(&mut self, at: Timestamp, resume_points: ResumePoints) {
        self.log(at, LifecycleEvent::Paused { resume_points: Arc::new(resume_points) });
    }

    /// Returns the sources of the starts and of the current configuration. `item` is the id of the database.
    pub fn sources(&self, item: ItemId) -> Vec<SourceId> {
        let MirroringConfig { source, connection, .. } = &self.config;
        let open_mirror = (*source == Some(SourceType::GenericMirror)).then_some(item);
        let current = connection.map(SourceId::from).or(open_mirror.map(SourceId::from));
        let mut sources: Vec<SourceId> = current.into_iter().collect();
        for (_, event) in &self.lifecycle {
            if let LifecycleEvent::Started { source, .. } = event
                && let Some(id) = source.id()
                && !sources.contains(&id)
            {
                sources.push(id);
            }
        }
        sources
    }

    /// Records a new definition. `followed` contains the current tables, each with the instant at which its replication
    /// began.
    pub fn redefined(&mut self, at: Timestamp, config: MirroringConfig, followed: BTreeMap<TableName, Timestamp>) {
        if config.tables != self.config.tables {
            let (_, before) = self.selections.last().expect("a mirrored database has a selection from its creation on");
            let selection = before.then(at, config.tables.as_deref(), followed);
            self.selections.push((at, Arc::new(selection)));
            drop_oldest(&mut self.selections, SELECTIONS_MAX);
        }
        self.config = config;
    }

    /// Returns the number of events at an instant.
    pub fn events_at(&self, now: Timestamp) -> usize {
        self.lifecycle.iter().filter(|(at, _)| *at == now).count()
    }

    /// Returns the current configuration.
    pub fn config(&self) -> &MirroringConfig {
        &self.config
    }

    fn log(&mut self, at: Timestamp, event: LifecycleEvent) {
        self.lifecycle.push((at, event));
        drop_oldest(&mut self.lifecycle, LIFECYCLE_MAX);
        let count = |(_, event): &(Timestamp, LifecycleEvent)| event.resume_points().map_or(0, |points| points.0.len());
        while self.lifecycle.len() > 1 && self.lifecycle.iter().map(count).sum::<usize>() > RESUME_POINTS_MAX {
            self.lifecycle.remove(0);
        }
    }

    /// Returns the selection in effect at `now`.
    fn selection_at(&self, now: Timestamp) -> &Selection {
        let (_, selection) = self.selections.iter().rev().find(|(at, _)| *at <= now).unwrap_or(&self.selections[0]);
        selection
    }
}

/// Drops the oldest entry if the log has more than `max` entries.
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

    /// Returns the selection that replaces this selection at `at`. Tables in `followed` keep their instants.
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

    /// Returns `true` if the current definition names this selected table, or if the table was already replicated when
    /// the current definition, which selects all tables, took effect. An assumed source contains every table
    /// that a definition names.
    fn names(&self, name: &TableName) -> bool {
        match self {
            Self::All { earlier, .. } => earlier.contains_key(name),
            Self::Only { .. } => true,
        }
    }

    /// Returns the instant at which a table was selected, or `None` if the table is not selected.
    fn since(&self, name: &TableName) -> Option<Timestamp> {
        match self {
            Self::All { since, earlier } => Some(earlier.get(name).copied().unwrap_or(*since)),
            Self::Only { since, .. } => since.get(name).copied(),
        }
    }
}
