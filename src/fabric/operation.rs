//! Long-running operations: requests that are accepted with 202 and complete later (docs/fidelity.md#operations).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fabric::git::status::GitResult;
use crate::fabric::item::bulk::Imported;
use crate::fabric::item::warehouse::RestorePoint;
use crate::fabric::item::{Definition, Item};
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::weight::weight;
use crate::fabric::workspace::WorkspaceIdentity;
use crate::fabric::{ErrorCode, FabricError, Fact, State, later};
use crate::ids::{DeploymentId, DeploymentPipelineId, ItemId, OperationId, WorkspaceId};

/// The maximum number of operations in a tenant. The oldest ended operation is dropped first.
pub const OPERATIONS_MAX: usize = 10_000;
/// The approximate maximum total size of the results of all operations in a tenant, in bytes.
pub const DEFINITIONS_MAX: usize = 64 << 20;

/// The progress of an accepted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<T> {
    /// The request is complete.
    Done(T),
    /// A long-running operation continues the request.
    Started(OperationId),
}

/// An operation to be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewOperation {
    /// The id of the operation.
    pub id: OperationId,
    /// The workspace of the operation; `None` if it concerns the tenant.
    pub workspace: Option<WorkspaceId>,
    /// The role required to read the operation. Fabric's API description requires the same role to start the operation.
    pub role: Role,
    /// The instant at which the operation ends. Pausing the capacity can end the operation earlier.
    pub ends_at: Timestamp,
    /// `Retry-After`: the time that a client should wait between polls, measured by the tenant's clock.
    pub retry_after: SignedDuration,
    /// The result of the operation.
    pub result: PendingResult,
}

/// The result of an operation to be started. Items are represented by their ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PendingResult {
    /// The item that the operation creates.
    Created(ItemId),
    /// The item that the request changed.
    Item(ItemId),
    /// The definition of an item, and the requested format.
    Definition(ItemId, Option<String>),
    /// The identity of a workspace.
    Identity(WorkspaceIdentity),
    /// A restore point of a warehouse.
    RestorePoint(RestorePoint),
    /// The results of a bulk import, one for each item.
    Imported(Vec<Imported>),
    /// A deployment of a deployment pipeline.
    Deployed(DeploymentPipelineId, DeploymentId),
    /// The result of an operation of Git integration.
    Git(Box<GitResult>),
    /// No result.
    Nothing,
    /// The error of an operation that fails.
    Failed(OperationError),
}

/// The error of a failed operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationError {
    /// The error code.
    pub code: String,
    /// The message for users.
    pub message: String,
    /// `true` if a retry may succeed.
    pub is_retriable: bool,
}

impl From<&FabricError> for OperationError {
    fn from(error: &FabricError) -> Self {
        let details: Vec<&str> =
            error.more_details().iter().filter_map(|it| it.fault.as_ref().map(|(_, text)| text.as_str())).collect();
        let message = if details.is_empty() { error.text().to_owned() } else { details.join("; ") };
        Self { code: error.code().as_str().to_owned(), message, is_retriable: error.code().is_retriable() }
    }
}

/// The result of an operation. Items and definitions are copies from the start of the operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum OperationResult {
    /// The item that the operation creates.
    Created(Box<Item>),
    /// The item that the request changed.
    Item(Box<Item>),
    /// The item with its definition, and the requested format.
    Definition(Box<Item>, Option<String>),
    /// The identity of a workspace.
    Identity(WorkspaceIdentity),
    /// A restore point of a warehouse.
    RestorePoint(RestorePoint),
    /// The results of a bulk import, one for each item.
    Imported(Vec<Imported>),
    /// A deployment of a deployment pipeline.
    Deployed(DeploymentPipelineId, DeploymentId),
    /// The result of an operation of Git integration.
    Git(Box<GitResult>),
    /// No result.
    Nothing,
    /// The error of a failed operation.
    Failed(OperationError),
}

/// A long-running operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// The id of the operation.
    pub id: OperationId,
    /// The workspace of the operation; `None` if it concerns the tenant.
    pub workspace: Option<WorkspaceId>,
    /// The role required to read the operation.
    pub role: Role,
    /// The instant of the start of the operation.
    pub created_at: Timestamp,
    /// The instant of the end of the operation, in the past or in the future.
    pub ends_at: Timestamp,
    /// `Retry-After`: the time that a client should wait between polls, measured by the tenant's clock.
    pub retry_after: SignedDuration,
    /// The result of the operation. Clients can read the result once the operation has succeeded.
    pub result: OperationResult,
}

/// The status of an operation. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum OperationStatus {
    /// In progress.
    Running,
    /// Ended without an error.
    Succeeded,
    /// Ended with an error.
    Failed,
}

impl Operation {
    /// Returns the status of the operation at `now`.
    pub fn status_at(&self, now: Timestamp) -> OperationStatus {
        match self.result {
            _ if now < self.ends_at => OperationStatus::Running,
            OperationResult::Failed(_) => OperationStatus::Failed,
            OperationResult::Created(_)
            | OperationResult::Item(_)
            | OperationResult::Definition(..)
            | OperationResult::Identity(_)
            | OperationResult::RestorePoint(_)
            | OperationResult::Imported(_)
            | OperationResult::Deployed(..)
            | OperationResult::Git(_)
            | OperationResult::Nothing => OperationStatus::Succeeded,
        }
    }

    /// Returns `true` if the operation has a result that clients can read once it has succeeded.
    pub fn has_result(&self) -> bool {
        !matches!(self.result, OperationResult::Nothing | OperationResult::Failed(_))
    }

    /// Returns the result of the operation. Rejects the request if the operation is in progress at `now`, has failed,
    /// or has no result.
    pub fn result_at(&self, now: Timestamp) -> Result<&OperationResult, FabricError> {
        match self.status_at(now) {
            OperationStatus::Succeeded if !self.has_result() => {
                Err(FabricError::new(ErrorCode::OperationHasNoResult).about("Operation", self.id))
            }
            OperationStatus::Succeeded => Ok(&self.result),
            OperationStatus::Running | OperationStatus::Failed => {
                Err(FabricError::new(ErrorCode::OperationNotSucceeded).about("Operation", self.id))
            }
        }
    }
}

/// Returns an operation that starts at `now`. `realistic` is the duration of the operation at
/// [`Pace::Realistic`](crate::fabric::pace::Pace::Realistic).
///
/// `NewOperation::after` turns the operation into a fact.
pub fn begin(
    state: &State,
    workspace: WorkspaceId,
    role: Role,
    realistic: SignedDuration,
    result: PendingResult,
    now: Timestamp,
) -> NewOperation {
    let timing = state.settings.timing();
    NewOperation {
        id: state.next_operation(),
        workspace: Some(workspace),
        role,
        ends_at: later(now, timing.operation(realistic)),
        retry_after: timing.retry_after(),
        result,
    }
}

/// Returns an operation that concerns the tenant and has no result. It starts and ends at `now`.
pub(super) fn begin_in_tenant(state: &State, now: Timestamp) -> NewOperation {
    NewOperation {
        id: state.next_operation(),
        workspace: None,
        role: Role::Admin,
        ends_at: now,
        retry_after: state.settings.timing().retry_after(),
        result: PendingResult::Nothing,
    }
}

impl NewOperation {
    /// Appends the fact that starts the operation to `facts`, and returns the decision. `facts` are the other effects
    /// of the request.
    pub(super) fn after<T>(self, mut facts: Vec<Fact>) -> (Vec<Fact>, Progress<T>) {
        let id = self.id;
        facts.push(Fact::OperationStarted(self));
        (facts, Progress::Started(id))
    }
}

/// Returns an operation. The caller must have the role [`Operation::role`] or a higher one. Callers without any role in
/// the workspace get `OperationNotFound`. The operations of the tenant are those of its administrators.
pub fn find(state: &State, id: OperationId, caller: Principal) -> Result<&Operation, FabricError> {
    let missing = || FabricError::new(ErrorCode::OperationNotFound).about("Operation", id);
    let operation = state.operations().get(&id).ok_or_else(missing)?;
    let Some(workspace) = operation.workspace else {
        return if state.is_administrator(caller) { Ok(operation) } else { Err(missing()) };
    };
    let workspace = state.workspace(workspace).map_err(|_| missing())?;
    if workspace.role_of(caller).is_none() {
        return Err(missing());
    }
    workspace.check_role(caller, operation.role)?;
    Ok(operation)
}

impl Operation {
    /// Returns the workspace of the operation; the lowest id if the operation concerns the tenant.
    pub fn workspace_id(&self) -> WorkspaceId {
        self.workspace.unwrap_or(WorkspaceId::MIN)
    }

    /// Returns the approximate size of the result of the operation, in bytes.
    pub(super) fn weight(&self) -> usize {
        match &self.result {
            OperationResult::Definition(item, _) => item.definition.as_deref().map_or(0, Definition::size),
            OperationResult::Imported(items) => items.iter().map(Imported::weight).sum(),
            OperationResult::Git(result) => weight(result),
            OperationResult::Created(item) | OperationResult::Item(item) => {
                item.creation_payload.as_deref().map_or(0, weight)
            }
            OperationResult::RestorePoint(point) => weight(point),
            OperationResult::Identity(_)
            | OperationResult::Deployed(..)
            | OperationResult::Nothing
            | OperationResult::Failed(_) => 0,
        }
    }
}
