//! The ids of the operations of all services.

use super::{entra, managed_identity, operations, resource_manager};
use crate::fabric::scenario::OperationIds;

/// Returns the ids of all operations.
pub fn operation_ids() -> OperationIds {
    OperationIds {
        fabric: operations::all().map(|route| route.operation.id).collect(),
        others: [entra::OPERATIONS, managed_identity::OPERATIONS, resource_manager::OPERATIONS, &["OneLake"]].concat(),
    }
}
