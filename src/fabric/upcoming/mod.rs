//! Upcoming changes: changes of a status or of visibility that time alone will bring about. `POST
//! /_emulator/clock/advance` with `"to": "next-change"` advances the clock to the first of them,
//! or to the end of a full throttle window if that is earlier.
//!
//! [`Index`] has the instants of these changes, so that no look ahead walks all items. The changes themselves are
//! computed from the state when they are read.

mod after;
mod concerned;
mod index;
mod statuses;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use self::after::After;
pub use self::index::Index;
use crate::fabric::State;
use crate::fabric::encryption::EncryptionStatus;
use crate::fabric::job::JobStatus;
use crate::fabric::mirroring::TableName;
use crate::fabric::operation::OperationStatus;
use crate::fabric::timeline;
use crate::ids::{ItemId, JobInstanceId, ManagedPrivateEndpointId, OperationId, WorkspaceId};

/// A change of a status or of visibility that happens without a request. Changes of figures, such as row counts, are
/// not included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpcomingChange {
    /// The instant of the change.
    #[serde(serialize_with = "as_shown")]
    pub at: Timestamp,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The item; `None` for a change of the workspace or of an operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
    /// The type of the change, and the new status.
    #[serde(flatten)]
    pub change: Change,
}

/// Serializes an instant with seven fractional digits, like all instants in responses.
fn as_shown<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.7}"))
}

/// The type of a change, with the new status where there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase", tag = "what")]
pub enum Change {
    /// The item appears in lists.
    Visible,
    /// The assignment of the workspace to its capacity is complete.
    CapacityAssigned,
    /// The status of a long-running operation changes.
    #[serde(rename_all = "camelCase")]
    Operation {
        /// The operation.
        operation_id: OperationId,
        /// The new status.
        status: OperationStatus,
    },
    /// The status of a mirrored or SQL database changes.
    Status {
        /// The new status.
        status: &'static str,
    },
    /// The status of a run of a job changes.
    #[serde(rename_all = "camelCase")]
    Job {
        /// The run.
        job_instance_id: JobInstanceId,
        /// The new status.
        status: JobStatus,
    },
    /// A managed private endpoint is provisioned.
    #[serde(rename_all = "camelCase")]
    ManagedPrivateEndpoint {
        /// The endpoint.
        managed_private_endpoint_id: ManagedPrivateEndpointId,
    },
    /// The change of the encryption of the workspace is complete.
    Encryption {
        /// The new status.
        status: EncryptionStatus,
    },
    /// The status of a table changes.
    #[serde(rename_all = "camelCase")]
    TableStatus {
        /// The schema of the table.
        source_schema_name: String,
        /// The name of the table.
        source_table_name: String,
        /// The new status.
        status: String,
    },
}

/// The next change of the status of an item or of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NextChange {
    /// The instant of the change.
    #[serde(serialize_with = "as_shown")]
    pub at: Timestamp,
    /// The item.
    pub item: ItemId,
    /// The table; `None` for a change of the item itself.
    pub table: Option<ChangedTable>,
    /// The status before the change; `None` for an item or a table that appears.
    pub from: Option<String>,
    /// The status after the change.
    pub to: String,
}

/// The name of a table, as in a declaration of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each member is named after its value")]
pub struct ChangedTable {
    pub schema_name: String,
    pub table_name: String,
}

/// The changes of a tenant that time alone will bring about: its state, with the index of the instants of these changes.
#[derive(Debug, Clone, Copy)]
pub struct Upcoming<'a> {
    state: &'a State,
    index: &'a Index,
}

impl<'a> Upcoming<'a> {
    /// Combines a state with its index.
    pub fn new(state: &'a State, index: &'a Index) -> Self {
        Self { state, index }
    }

    /// Returns the state.
    pub fn state(self) -> &'a State {
        self.state
    }

    /// Returns the changes that will happen after `now` if no request changes the tenant, in order. `now` must not be
    /// earlier than the last fact.
    pub fn after(self, now: Timestamp) -> impl Iterator<Item = UpcomingChange> + 'a {
        After::all(self, now)
    }

    /// Returns the first change of the status of an item or a table that will happen after `now` if no request changes
    /// the tenant. `now` must not be earlier than the last fact.
    pub fn next_change(self, now: Timestamp) -> Option<NextChange> {
        After::statuses(self, now).find_map(|upcoming| {
            let item = upcoming.item_id?;
            // No other change of the same thing comes before the first one, so its status until then is that at `now`.
            let (table, to, from) = match upcoming.change {
                Change::Status { status } => (None, status.to_owned(), status_of(self.state, item, now)),
                Change::TableStatus { source_schema_name, source_table_name, status } => {
                    let table = ChangedTable { schema_name: source_schema_name, table_name: source_table_name };
                    let from = table_status_of(self.state, item, &table, now);
                    (Some(table), status, from)
                }
                Change::Visible
                | Change::CapacityAssigned
                | Change::Operation { .. }
                | Change::Job { .. }
                | Change::ManagedPrivateEndpoint { .. }
                | Change::Encryption { .. } => return None,
            };
            Some(NextChange { at: upcoming.at, item, table, from, to })
        })
    }
}

/// Returns the status of a database or a catalog.
fn status_of(state: &State, id: ItemId, now: Timestamp) -> Option<String> {
    let (workspace, item) = state.find_item(id)?;
    let spans = timeline::spans(state, workspace.id, item)?;
    spans.iter().rfind(|span| span.from <= now).map(|span| span.status.to_owned())
}

fn table_status_of(state: &State, id: ItemId, table: &ChangedTable, now: Timestamp) -> Option<String> {
    let (workspace, item) = state.find_item(id)?;
    let tables = state.replication(workspace.id, item).ok()?.tables_at(state, now);
    let is_named = |name: &TableName| *name.schema == *table.schema_name && *name.table == *table.table_name;
    tables.iter().find(|known| is_named(&known.name)).map(|known| format!("{:?}", known.status))
}
