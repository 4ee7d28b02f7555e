//! Long-running operations.

use jiff::Timestamp;

use crate::fabric::State;
use crate::fabric::item::Item;
use crate::fabric::operation::{NewOperation, Operation, OperationResult, PendingResult};
use crate::fabric::operations::Operations;
use crate::ids::WorkspaceId;

impl State {
    /// Returns the long-running operations, in order of their start.
    pub fn operations(&self) -> &Operations {
        &self.operations
    }

    /// Adds an operation. If its result is an item that does not exist, the operation is not kept, but its id is used.
    pub(super) fn start_operation(&mut self, new: NewOperation, at: Timestamp) {
        let NewOperation { id, workspace, role, ends_at, retry_after, result } = new;
        self.counts.operations += 1;
        let Some(result) = self.operation_result(workspace, result) else { return };
        let operation = Operation { id, workspace, role, created_at: at, ends_at, retry_after, result };
        self.operations.insert(operation, at);
    }

    /// Returns the result of an operation, with copies of the item and of the definition that it names.
    fn operation_result(&self, workspace: Option<WorkspaceId>, result: PendingResult) -> Option<OperationResult> {
        let find = |id| self.workspaces.get(&workspace?)?.items().get(&id);
        let outline = |id| find(id).map(|item: &Item| Box::new(item.outline()));
        match result {
            PendingResult::Created(id) => outline(id).map(OperationResult::Created),
            PendingResult::Item(id) => outline(id).map(OperationResult::Item),
            PendingResult::Definition(id, format) => outline(id).map(|mut outline| {
                outline.definition = find(id).and_then(|item| item.definition.clone());
                OperationResult::Definition(outline, format)
            }),
            PendingResult::Identity(identity) => Some(OperationResult::Identity(identity)),
            PendingResult::RestorePoint(point) => Some(OperationResult::RestorePoint(point)),
            PendingResult::Imported(items) => Some(OperationResult::Imported(items)),
            PendingResult::Deployed(pipeline, id) => Some(OperationResult::Deployed(pipeline, id)),
            PendingResult::Git(result) => Some(OperationResult::Git(result)),
            PendingResult::Nothing => Some(OperationResult::Nothing),
            PendingResult::Failed(error) => Some(OperationResult::Failed(error)),
        }
    }
}
