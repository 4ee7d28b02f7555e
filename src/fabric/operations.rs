//! The long-running operations of a tenant. Their ends and the size of their results are kept up to date, so that
//! neither a new operation nor a look ahead walks all operations.

use std::collections::BTreeSet;
use std::ops::Bound;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fabric::ErrorCode;
use crate::fabric::operation::{DEFINITIONS_MAX, OPERATIONS_MAX, Operation, OperationError, OperationResult};
use crate::fabric::ordered::Ordered;
use crate::ids::{ItemId, OperationId, WorkspaceId};

/// The operations of a tenant, in order of their start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Operations {
    all: Ordered<OperationId, Operation>,
    /// The end of each operation, with [`Operation::workspace_id`].
    ends: BTreeSet<(Timestamp, WorkspaceId, OperationId)>,
    /// The approximate size of the results, in bytes.
    weight: usize,
}

/// Operations are stored as a plain list. The rest is computed from it.
impl Serialize for Operations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Operations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ordered::deserialize(deserializer).map(Self::from)
    }
}

impl From<Ordered<OperationId, Operation>> for Operations {
    fn from(all: Ordered<OperationId, Operation>) -> Self {
        let ends = all.values().map(key).collect();
        let weight = all.values().map(Operation::weight).sum();
        Self { all, ends, weight }
    }
}

/// Returns the entry of an operation in [`Operations::ends`].
fn key(operation: &Operation) -> (Timestamp, WorkspaceId, OperationId) {
    (operation.ends_at, operation.workspace_id(), operation.id)
}

impl Operations {
    /// Returns an operation.
    pub fn get(&self, id: &OperationId) -> Option<&Operation> {
        self.all.get(id)
    }

    /// Returns `true` if ends and weight equal those of a walk over the operations.
    pub(super) fn is_indexed(&self) -> bool {
        Self::from(self.all.clone()) == *self
    }

    /// Returns all operations, in order of their start.
    pub fn values(&self) -> impl Iterator<Item = &Operation> {
        self.all.values()
    }

    /// Returns the ends of the operations that end after `now`, in order, each with the workspace of the operation.
    pub fn ends_after(&self, now: Timestamp) -> impl Iterator<Item = &(Timestamp, WorkspaceId, OperationId)> {
        let last = (now, WorkspaceId::MAX, OperationId::MAX);
        self.ends.range((Bound::Excluded(last), Bound::Unbounded))
    }

    /// Returns the operations of a workspace that end at an instant.
    pub fn ending_at(&self, at: Timestamp, workspace: WorkspaceId) -> impl Iterator<Item = &Operation> {
        let ends = self.ends.range((at, workspace, OperationId::MIN)..=(at, workspace, OperationId::MAX));
        ends.filter_map(|(.., id)| self.all.get(id))
    }

    /// Adds an operation that starts at `now`, and makes room for it.
    pub(super) fn insert(&mut self, operation: Operation, now: Timestamp) {
        self.ends.insert(key(&operation));
        self.weight += operation.weight();
        self.all.insert(operation.id, operation);
        self.make_room(now);
    }

    /// Drops operations until they are within [`OPERATIONS_MAX`] and [`DEFINITIONS_MAX`]. The operation dropped first is
    /// the oldest that has ended by `now`. If no operation has ended, the oldest operation is dropped. The last operation
    /// is kept, whatever its size.
    fn make_room(&mut self, now: Timestamp) {
        while self.all.len() > OPERATIONS_MAX || self.weight > DEFINITIONS_MAX && self.all.len() > 1 {
            let ended = self.all.values().find(|operation| operation.ends_at <= now);
            let Some(id) = ended.or_else(|| self.all.values().next()).map(|operation| operation.id) else { return };
            self.remove(id);
        }
    }

    fn remove(&mut self, id: OperationId) {
        if let Some(operation) = self.all.remove(&id) {
            self.ends.remove(&key(&operation));
            self.weight -= operation.weight();
        }
    }

    /// Removes the operations of a workspace.
    pub(super) fn remove_workspace(&mut self, workspace: WorkspaceId) {
        let within = self.all.values().filter(|operation| operation.workspace == Some(workspace));
        let removed: Vec<OperationId> = within.map(|operation| operation.id).collect();
        removed.into_iter().for_each(|id| self.remove(id));
    }

    /// Fails the operations of a workspace that create an item or read a definition and are in progress at `at`, because
    /// the capacity was paused. Other operations continue, because their effects took place when they started. Returns
    /// the items that are not created.
    pub(super) fn fail_in_progress(&mut self, workspace: WorkspaceId, at: Timestamp) -> Vec<ItemId> {
        let mut not_created = Vec::new();
        let in_progress = |operation: &&mut Operation| operation.workspace == Some(workspace) && at < operation.ends_at;
        for operation in self.all.values_mut().filter(in_progress) {
            match &operation.result {
                OperationResult::Created(item) => not_created.push(item.id),
                OperationResult::Definition(..) => {}
                OperationResult::Item(_)
                | OperationResult::Identity(_)
                | OperationResult::RestorePoint(_)
                | OperationResult::Imported(_)
                | OperationResult::Deployed(..)
                | OperationResult::Git(_)
                | OperationResult::Nothing
                | OperationResult::Failed(_) => continue,
            }
            self.ends.remove(&key(operation));
            self.weight -= operation.weight();
            operation.ends_at = at;
            operation.result = OperationResult::Failed(OperationError::from(&ErrorCode::CapacityNotActive.into()));
            self.ends.insert(key(operation));
        }
        not_created
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::fabric::role::Role;
    use crate::seed::Seed;

    fn operation(count: u64, ends: i64, result: OperationResult) -> Operation {
        Operation {
            id: OperationId::nth(Seed::new(1), count),
            workspace: Some(WorkspaceId::nth(Seed::new(1), count % 2)),
            role: Role::Viewer,
            created_at: Timestamp::UNIX_EPOCH,
            ends_at: Timestamp::from_second(ends).unwrap(),
            retry_after: SignedDuration::ZERO,
            result,
        }
    }

    #[test]
    fn operations_know_their_ends_and_their_weight_after_every_change() {
        let mut operations = Operations::default();
        for count in 0..40 {
            operations.insert(operation(count, count as i64, OperationResult::Nothing), Timestamp::UNIX_EPOCH);
            assert!(operations.is_indexed());
        }
        let now = Timestamp::from_second(30).unwrap();
        assert_eq!(operations.ends_after(now).count(), 9);
        operations.fail_in_progress(WorkspaceId::nth(Seed::new(1), 0), now);
        assert!(operations.is_indexed());
        operations.remove_workspace(WorkspaceId::nth(Seed::new(1), 1));
        assert!(operations.is_indexed());
        assert_eq!(operations.values().count(), 20);
    }

    #[test]
    fn oldest_ended_operation_is_dropped_first() {
        let mut operations = Operations::default();
        let now = Timestamp::from_second(10).unwrap();
        for count in 0..=OPERATIONS_MAX as u64 {
            operations.insert(operation(count, if count == 7 { 5 } else { 20 }, OperationResult::Nothing), now);
        }
        assert_eq!(operations.values().count(), OPERATIONS_MAX);
        assert!(operations.get(&OperationId::nth(Seed::new(1), 7)).is_none());
    }
}
