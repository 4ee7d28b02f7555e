//! Long-running operations: what a slow kind of item answers in place of a result (docs/fidelity.md#operations).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fabric::item::bulk::Imported;
use crate::fabric::item::{Definition, Item};
use crate::fabric::ordered::Ordered;
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::WorkspaceIdentity;
use crate::fabric::{ErrorCode, FabricError, Fact, State, json, later};
use crate::ids::{ItemId, OperationId, WorkspaceId};

/// Operations of a tenant that are remembered; of those that have ended, the oldest is forgotten first.
pub const OPERATIONS_MAX: usize = 10_000;
/// Bytes of definitions that operations remember for their results, roughly.
pub const DEFINITIONS_MAX: usize = 64 << 20;

/// What becomes of a request: it is done, or it goes on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<T> {
    /// It is done.
    Done(T),
    /// It goes on, as this operation.
    Started(OperationId),
}

/// An operation that begins: the facts of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOperation {
    /// Its id.
    pub id: OperationId,
    /// Where it works.
    pub workspace: WorkspaceId,
    /// The role that looking at it takes: what the description says of its beginning.
    pub role: Role,
    /// When it ends, unless something comes between.
    pub ends_at: Timestamp,
    /// How long a client is asked to wait between two looks.
    pub retry_after: SignedDuration,
    /// What it result.
    pub result: PendingResult,
}

/// What an operation result when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PendingResult {
    /// An item that it creates.
    Created(ItemId),
    /// An item that it changed.
    Item(ItemId),
    /// An item's definition in a format.
    Definition(ItemId, Option<String>),
    /// The identity of a workspace.
    Identity(WorkspaceIdentity),
    /// What became of the items of an import.
    Imported(Vec<Imported>),
    /// Nothing.
    Nothing,
    /// An error.
    Failed(OperationError),
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationError {
    /// The code.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether trying again may help.
    pub is_retriable: bool,
}

impl From<&FabricError> for OperationError {
    fn from(refusal: &FabricError) -> Self {
        let details: Vec<&str> =
            refusal.more_details().iter().filter_map(|it| it.fault.as_ref().map(|(_, text)| text.as_str())).collect();
        let message = if details.is_empty() { refusal.text().to_owned() } else { details.join("; ") };
        Self { code: refusal.code().as_str().to_owned(), message, is_retriable: refusal.code().is_retriable() }
    }
}

/// What an operation came to: things as they were when it began.
#[derive(Debug, Clone, PartialEq)]
pub enum OperationResult {
    /// The item of the creation.
    Created(Box<Item>),
    /// The item that was changed.
    Item(Box<Item>),
    /// The item whose definition was asked for, and in which format.
    Definition(Box<Item>, Option<String>),
    /// The identity of a workspace.
    Identity(WorkspaceIdentity),
    /// What became of the items of an import.
    Imported(Vec<Imported>),
    /// Nothing.
    Nothing,
    /// The error.
    Failed(OperationError),
}

/// A long-running operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// Where it works.
    pub workspace: WorkspaceId,
    /// The role that looking at it takes.
    pub role: Role,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends or ended.
    pub ends_at: Timestamp,
    /// How long a client is asked to wait between two looks, in the tenant's time.
    pub retry_after: SignedDuration,
    /// What it comes to, once it has ended.
    pub result: OperationResult,
}

/// The status of an operation, as the service spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum OperationStatus {
    /// On its way.
    Running,
    /// Done.
    Succeeded,
    /// Not done.
    Failed,
}

impl Operation {
    /// Its status at `now`.
    pub fn status_at(&self, now: Timestamp) -> OperationStatus {
        match self.result {
            _ if now < self.ends_at => OperationStatus::Running,
            OperationResult::Failed(_) => OperationStatus::Failed,
            OperationResult::Created(_)
            | OperationResult::Item(_)
            | OperationResult::Definition(..)
            | OperationResult::Identity(_)
            | OperationResult::Imported(_)
            | OperationResult::Nothing => OperationStatus::Succeeded,
        }
    }

    /// Whether it comes to anything that can be had.
    pub fn has_result(&self) -> bool {
        !matches!(self.result, OperationResult::Nothing | OperationResult::Failed(_))
    }

    /// What it came to; refused until then, when it failed, and when it came to nothing.
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

/// Begins an operation that lasts `realistic` at a realistic pace. The fact of it goes after those of what it does.
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
        workspace,
        role,
        ends_at: later(now, timing.operation(realistic)),
        retry_after: timing.retry_after(),
        result,
    }
}

impl NewOperation {
    /// The answer and the fact of it, after those of what it does.
    pub(super) fn after<T>(self, mut facts: Vec<Fact>) -> (Vec<Fact>, Progress<T>) {
        let id = self.id;
        facts.push(Fact::OperationStarted(self));
        (facts, Progress::Started(id))
    }
}

/// An operation that the caller may look at: whoever could begin it can. Who may not see the workspace sees none.
pub fn find(state: &State, id: OperationId, caller: Principal) -> Result<&Operation, FabricError> {
    let missing = || FabricError::new(ErrorCode::OperationNotFound).about("Operation", id);
    let operation = state.operations().get(&id).ok_or_else(missing)?;
    let workspace = state.workspace(operation.workspace).map_err(|_| missing())?;
    if workspace.role_of(caller).is_none() {
        return Err(missing());
    }
    workspace.check_role(caller, operation.role)?;
    Ok(operation)
}

impl Operation {
    /// Bytes of the definition that it remembers.
    fn weight(&self) -> usize {
        match &self.result {
            OperationResult::Definition(item, _) => item.definition.as_deref().map_or(0, Definition::weight),
            OperationResult::Imported(items) => items.iter().map(Imported::weight).sum(),
            OperationResult::Created(item) | OperationResult::Item(item) => {
                item.creation_payload.as_deref().map_or(0, json::weight)
            }
            OperationResult::Identity(_) | OperationResult::Nothing | OperationResult::Failed(_) => 0,
        }
    }
}

/// Keeps within the bounds: forgets the oldest that have ended by `now`, and where none has, the oldest.
pub(super) fn make_room(operations: &mut Ordered<OperationId, Operation>, now: Timestamp) {
    let mut weight: usize = operations.values().map(Operation::weight).sum();
    while operations.len() > OPERATIONS_MAX || weight > DEFINITIONS_MAX && operations.len() > 1 {
        let ended = operations.values().find(|operation| operation.ends_at <= now);
        let Some(id) = ended.or_else(|| operations.values().next()).map(|operation| operation.id) else { return };
        weight -= operations.remove(&id).map_or(0, |operation| operation.weight());
    }
}
