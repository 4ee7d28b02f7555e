//! The ids of the operations of all services.

use super::operations::Route;
use super::{azure_capacities, entra, managed_identity, operations, power_bi, resource_manager};
use crate::fabric::scenario::OperationIds;

/// Returns the ids of all operations.
pub fn operation_ids() -> OperationIds {
    let ids = |table: &[Route]| table.iter().map(|route| route.operation.id).collect::<Vec<_>>();
    OperationIds {
        fabric: operations::all().map(|route| route.operation.id).collect(),
        others: [
            entra::OPERATIONS,
            managed_identity::OPERATIONS,
            resource_manager::OPERATIONS,
            &ids(power_bi::OPERATIONS),
            &ids(azure_capacities::OPERATIONS),
            &["OneLake"],
        ]
        .concat(),
    }
}
