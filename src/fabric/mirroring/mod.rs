//! Replication as a pure function of what happened, the source, the seed and the instant.
//!
//! A mirrored database remembers what was done to it: created, started, stopped, its tables chosen anew. Nothing else is
//! stored, and nothing runs: its status ([`status`]) and the state of its tables ([`tables`]) are worked out whenever
//! somebody asks.

pub mod declaration;
pub mod definition;
pub mod source;
pub mod status;
pub mod tables;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::definition::{MirroringConfig, SourceType};
pub use self::source::{Declaration, SourceKey};
pub use self::status::{MirroringStatus, Phase};
pub use self::tables::{TableState, TableStatus};
use crate::fabric::connection::Connection;
use crate::fabric::item::Item;
use crate::fabric::pace::TableTiming;
use crate::fabric::timeline::{self, Span};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, as_list};

/// Starts and stops of one mirrored database that are remembered; older ones are forgotten.
const LIFECYCLE_MAX: usize = 1_000;
/// Choices of tables that are remembered; older ones are forgotten.
const SELECTIONS_MAX: usize = 100;

/// A table of a source: its schema (of Cosmos DB: its database) and its name (its container).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableName {
    /// The schema.
    pub schema: Arc<str>,
    /// The name within it.
    pub table: Arc<str>,
}

/// What goes wrong with a database or a table: the `error` beside its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MirroringError {
    /// A code as Fabric spells them.
    pub code: String,
    /// For people.
    pub message: String,
}

/// What was done to a mirrored database, and how long its passing status lasts.
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

/// The tables whose snapshot was done when the capacity was paused, and what their figures are reckoned from: they go on where
/// they were. All others begin anew.
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

/// The tables that a definition chose, and since when each has been chosen without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
enum Selection {
    /// All there are: since `since`, but for those that an `earlier` definition had named.
    All {
        since: Timestamp,
        #[serde(with = "as_list")]
        earlier: BTreeMap<TableName, Timestamp>,
    },
    /// These, in this order.
    Only {
        order: Vec<TableName>,
        #[serde(with = "as_list")]
        since: BTreeMap<TableName, Timestamp>,
    },
}

/// Starts replication: the facts of it, none where it changes nothing.
pub fn start(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decision<()> {
    state.check_capacity(within)?;
    let (workspace, timing) = (within.id, state.settings.timing());
    let tables = timing.tables();
    if let Some(database) = &item.sql_database {
        // It takes both at any time; one that changes nothing leaves no trace (docs/fidelity.md#sql-databases).
        let takes = timing.starting_sql_database();
        let started = Fact::MirroringStarted { workspace, id: item.id, takes, tables, error: None };
        let started = (!database.is_mirrored()).then_some(started);
        return Ok((started.into_iter().collect(), ()));
    }
    let mirroring = item.mirroring()?;
    let Some(source) = mirroring.config().source else {
        return Err(FabricError::new(ErrorCode::MirroringDefinitionMissing).about("Item", item.id));
    };
    if !mirroring.may_start(&state.settings.behaviours, now)? {
        return Ok((Vec::new(), ()));
    }
    let error = start_failure(state, source, mirroring.config(), item, now);
    let takes = timing.starting(source);
    Ok((vec![Fact::MirroringStarted { workspace, id: item.id, takes, tables, error }], ()))
}

/// Why a start that is accepted now will fall back to `Initialized`; `None` if it will run.
///
/// The connection must exist, be usable by the item's creator, and be of a type that suits the source; a declared Cosmos DB account
/// must have the database.
fn start_failure(
    state: &State,
    source: SourceType,
    config: &MirroringConfig,
    item: &Item,
    now: Timestamp,
) -> Option<MirroringError> {
    let id = config.connection?;
    let usable = |connection: &&Connection| item.creator.is_none_or(|creator| connection.role_of(creator.id).is_some());
    let Some(connection) = state.connection_at_all(id).filter(usable) else {
        return Some(MirroringError {
            code: "ReferencedEntityNotFoundOrAccessDenied".into(),
            message: format!("The connection {id} of the source was not found, or its owner has no access to it."),
        });
    };
    let spec = source.spec();
    if !spec.connection_types.is_empty() && !spec.connection_types.contains(&connection.kind.as_str()) {
        return Some(MirroringError {
            code: "InvalidConnectionType".into(),
            message: format!(
                "The source type {} cannot use a connection of the type {}; supported connection types: {}.",
                spec.name,
                connection.kind,
                spec.connection_types.join(", ")
            ),
        });
    }
    let database = config.database.as_deref().filter(|_| source == SourceType::CosmosDb)?;
    let tables = &state.declared(id)?.at(now)?.tables;
    let lacks = !tables.is_empty() && tables.keys().all(|name| &*name.schema != database);
    lacks.then(|| MirroringError {
        code: "SourceDatabaseNotFound".into(),
        message: format!("The source database {database} does not exist."),
    })
}

/// Stops replication: the facts of it, none where it changes nothing.
pub fn stop(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decision<()> {
    state.check_capacity(within)?;
    let stops = match &item.sql_database {
        Some(database) => database.is_mirrored(),
        None => item.mirroring()?.may_stop(&state.settings.behaviours, now)?,
    };
    if !stops {
        return Ok((Vec::new(), ()));
    }
    let takes = state.settings.timing().stopping();
    Ok((vec![Fact::MirroringStopped { workspace: within.id, id: item.id, takes }], ()))
}

/// The log of one mirrored database, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mirroring {
    config: MirroringConfig,
    lifecycle: Vec<(Timestamp, LifecycleEvent)>,
    selections: Vec<(Timestamp, Arc<Selection>)>,
}

impl Mirroring {
    /// A mirrored database that was created at `at` and is `Initialized` after `takes`.
    pub fn created(at: Timestamp, takes: SignedDuration, config: MirroringConfig) -> Self {
        let selection = Selection::first(at, config.tables.as_deref());
        Self {
            config,
            lifecycle: vec![(at, LifecycleEvent::Created { takes })],
            selections: vec![(at, Arc::new(selection))],
        }
    }

    /// Replication was started. With `error` it fails after `takes`, and the database falls back to `Initialized`.
    pub fn started(
        &mut self,
        at: Timestamp,
        takes: SignedDuration,
        timing: TableTiming,
        error: Option<MirroringError>,
    ) {
        let MirroringConfig { source, connection, database, .. } = &self.config;
        // A start without a source is refused.
        let source = source.unwrap_or(SourceType::GenericMirror);
        let source = SourceKey { source, connection: *connection, database: database.clone() };
        let resume_points = match self.lifecycle.last() {
            Some((_, LifecycleEvent::Paused { resume_points })) => Arc::clone(resume_points),
            Some(_) | None => Arc::default(),
        };
        self.log(at, LifecycleEvent::Started { takes, timing, source, error, resume_points });
    }

    /// Replication was stopped.
    pub fn stopped(&mut self, at: Timestamp, takes: SignedDuration) {
        self.log(at, LifecycleEvent::Stopped { takes });
    }

    /// The capacity was paused while these tables would be `resume_points`: what copied, or was about to, does so no more.
    pub fn paused(&mut self, at: Timestamp, resume_points: ResumePoints) {
        if matches!(self.status_at(at), MirroringStatus::Starting | MirroringStatus::Running) {
            self.log(at, LifecycleEvent::Paused { resume_points: Arc::new(resume_points) });
        }
    }

    /// Its statuses one after the other.
    pub fn spans(&self) -> Vec<Span> {
        let deeds: Vec<Timestamp> = self.lifecycle.iter().map(|(at, _)| *at).collect();
        timeline::spans(&deeds, |now| {
            let phase = self.phase_at(now);
            (phase.status, phase.gives_way.map(|(at, _)| at))
        })
    }

    /// The definition was replaced while these tables were `followed`, each since when.
    pub fn redefined(&mut self, at: Timestamp, config: MirroringConfig, followed: BTreeMap<TableName, Timestamp>) {
        if config.tables != self.config.tables {
            let (_, before) = self.selections.last().expect("a mirrored database has a selection from its creation on");
            let selection = before.then(at, config.tables.as_deref(), followed);
            self.selections.push((at, Arc::new(selection)));
            forget(&mut self.selections, SELECTIONS_MAX);
        }
        self.config = config;
    }

    /// What the definition asks for.
    pub fn config(&self) -> &MirroringConfig {
        &self.config
    }

    fn log(&mut self, at: Timestamp, what: LifecycleEvent) {
        self.lifecycle.push((at, what));
        forget(&mut self.lifecycle, LIFECYCLE_MAX);
    }

    /// The latest selection at `now`.
    fn selection_at(&self, now: Timestamp) -> &Selection {
        let (_, selection) = self.selections.iter().rev().find(|(at, _)| *at <= now).unwrap_or(&self.selections[0]);
        selection
    }
}

/// Drops the oldest entry when there are more than `most`.
fn forget<T>(log: &mut Vec<T>, most: usize) {
    if log.len() > most {
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

    /// The selection after this one: what is followed already goes on as it began.
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

    /// Whether a table is chosen by its name, now or before: an assumed source has every table that is named.
    fn names(&self, name: &TableName) -> bool {
        match self {
            Self::All { earlier, .. } => earlier.contains_key(name),
            Self::Only { .. } => true,
        }
    }

    /// Since when a table has been chosen; `None` when it is not.
    fn since(&self, name: &TableName) -> Option<Timestamp> {
        match self {
            Self::All { since, earlier } => Some(earlier.get(name).copied().unwrap_or(*since)),
            Self::Only { since, .. } => since.get(name).copied(),
        }
    }
}
/// The names of the tables that a SQL endpoint sees: those of its mirrored database that have arrived.
pub fn arrived(state: &State, within: &Workspace, endpoint: &Item, now: Timestamp) -> Vec<String> {
    let parent = endpoint.parent.and_then(|id| within.items().get(&id));
    let Some(mirroring) = parent.and_then(|parent| parent.mirroring.as_ref()) else { return Vec::new() };
    let tables = mirroring.tables_at(state, now).into_iter();
    let arrived = tables.filter(|table| matches!(table.status, TableStatus::Replicating | TableStatus::Stopped));
    arrived.map(|table| table.name.table.to_string()).collect()
}
