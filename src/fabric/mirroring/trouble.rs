//! Trouble: faults of items, tables and sources that the control interface plans (docs/CONTROL.md#trouble).
//!
//! A [`Trouble`] is plain data. Its beginning and end can depend on the starts of a database. [`super::windows`] computes
//! both.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{MirroringError, TableName};
use crate::ids::{ItemId, SourceId, TroubleId};

/// A fault that the control interface has planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// The id.
    pub id: TroubleId,
    /// The instant at which the trouble was planned.
    pub planned_at: Timestamp,
    /// The number of events that the log of the item had at this instant before the trouble was planned. Trouble never
    /// changes the outcome of these events.
    pub earlier_events: usize,
    /// The item, table, source or connection that has the trouble.
    pub target: Target,
    /// The kind.
    pub kind: TroubleKind,
    /// The name of the cause, from [`super::causes`].
    pub cause: Option<String>,
    /// The beginning; `None` for the instant at which the trouble was planned.
    pub starts: Option<Start>,
    /// The end; `None` if the trouble does not end.
    pub ends: Option<End>,
    /// The error that the trouble shows.
    pub error: Option<MirroringError>,
    /// The factor of `slow`.
    pub factor: Option<f64>,
    /// `true` if tables are replicated during the trouble.
    pub figures_go_on: bool,
    /// `true` if the trouble belongs to the declaration of its source. The next declaration then replaces it.
    pub is_declared: bool,
    /// The instant from which the trouble has no effect, because it was deleted.
    pub deleted_at: Option<Timestamp>,
}

/// The item, table, source or connection that has a trouble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Target {
    /// An item, or one of its tables.
    Item {
        /// The item.
        item: ItemId,
        /// The table.
        table: Option<TableName>,
    },
    /// A source, or one of its tables.
    Source {
        /// The source.
        source: SourceId,
        /// The table.
        table: Option<TableName>,
    },
    /// Connections that are created with these details. Both are patterns, in which `*` stands for any characters.
    ConnectionDetails {
        /// The connection type.
        kind: Option<String>,
        /// The path.
        path: Option<String>,
    },
}

impl Target {
    /// Returns the table; `None` for a whole item or source.
    pub fn table(&self) -> Option<&TableName> {
        match self {
            Self::Item { table, .. } | Self::Source { table, .. } => table.as_ref(),
            Self::ConnectionDetails { .. } => None,
        }
    }

    /// Returns the item, also for one of its tables; `None` for another target.
    pub fn item(&self) -> Option<ItemId> {
        match self {
            Self::Item { item, .. } => Some(*item),
            Self::Source { .. } | Self::ConnectionDetails { .. } => None,
        }
    }

    /// Returns the source; `None` for another target.
    pub fn source(&self) -> Option<SourceId> {
        match self {
            Self::Source { source, .. } => Some(*source),
            Self::Item { .. } | Self::ConnectionDetails { .. } => None,
        }
    }
}

/// The kind of a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TroubleKind {
    /// A start fails, and the status returns to `Initialized`.
    StartFails,
    /// A transient status does not end.
    Stuck,
    /// The status is `Running` with an error.
    DatabaseError,
    /// The status calls answer 404.
    StatusNotFound,
    /// The SQL endpoint is not provisioned.
    SqlEndpointFails,
    /// The SQL endpoint is provisioned later, and the database initialized later.
    SqlEndpointLate,
    /// A mirrored catalog fails with its tables.
    CatalogFails,
    /// A table fails.
    TableFails,
    /// A table keeps its status and has an error.
    TableError,
    /// A table is copied again.
    Reseed,
    /// No row arrives, without an error.
    NoRows,
    /// Snapshots take longer, and changes arrive later.
    Slow,
    /// The source cannot be reached.
    Unreachable,
    /// The credentials of a connection are rejected.
    ConnectionTestFails,
    /// The runs of an item's jobs fail.
    JobFails,
}

/// The beginning of a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Start {
    /// An instant.
    At(Timestamp),
    /// A number of seconds after the present or else the next `Running`.
    After(f64),
    /// The share of the rows of a snapshot that are copied when the trouble begins.
    Share(f64),
}

/// The end of a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// An instant.
    At(Timestamp),
    /// A number of seconds after the beginning.
    After(f64),
    /// The first start that is accepted after the trouble has shown.
    Restart,
}

impl TroubleKind {
    /// Returns `true` for the kinds of troubles that tables have.
    pub const fn is_of_tables(self) -> bool {
        matches!(
            self,
            Self::TableFails | Self::TableError | Self::Reseed | Self::NoRows | Self::Slow | Self::Unreachable
        )
    }

    /// Returns `true` for the kinds that show while the database is running.
    pub const fn shows_while_running(self) -> bool {
        self.is_of_tables() || matches!(self, Self::DatabaseError)
    }

    /// Returns `true` for the kinds whose beginning and end do not depend on starts.
    pub const fn ignores_starts(self) -> bool {
        matches!(
            self,
            Self::SqlEndpointFails
                | Self::SqlEndpointLate
                | Self::CatalogFails
                | Self::ConnectionTestFails
                | Self::JobFails
        )
    }
}

impl Trouble {
    /// Returns the beginning, if it is known without the log of a database.
    pub fn begins(&self) -> Option<Timestamp> {
        match self.starts {
            None => Some(self.planned_at),
            Some(Start::At(at)) => Some(at),
            Some(Start::After(_) | Start::Share(_)) => None,
        }
    }

    /// Returns the end of a trouble that begins at `from`, without regard to restarts. [`Timestamp::MAX`] means that
    /// the trouble does not end.
    pub fn ends_from(&self, from: Timestamp) -> Timestamp {
        let end = match self.ends {
            Some(End::At(at)) => at,
            Some(End::After(seconds)) => later_by(from, seconds),
            Some(End::Restart) | None => Timestamp::MAX,
        };
        self.deleted_at.map_or(end, |deleted| deleted.min(end))
    }

    /// Returns `true` if the trouble is active at `now`, for the kinds whose beginning and end do not depend on starts.
    pub fn is_active_at(&self, now: Timestamp) -> bool {
        self.begins().is_some_and(|from| from <= now && now < self.ends_from(from))
    }
}

/// Returns the instant `seconds` after `at`, or [`Timestamp::MAX`] if it is out of range.
pub fn later_by(at: Timestamp, seconds: f64) -> Timestamp {
    crate::fabric::later(at, SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX))
}
