//! Warehouse snapshots. The creation payload can name the parent warehouse.

use super::hooks::{Creation, KindHooks};
use crate::fabric::FabricError;
use crate::ids::ItemId;

/// The member of the creation payload that names the parent warehouse.
const PARENT: &str = "parentWarehouseId";

pub(super) const HOOKS: KindHooks = KindHooks { check, ..KindHooks::DEFAULT };

/// Rejects a creation payload whose `parentWarehouseId` is not a GUID.
fn check(creation: &Creation<'_>) -> Result<(), FabricError> {
    match creation.payload.and_then(|payload| payload.get(PARENT)) {
        Some(id) if id.as_str().is_none_or(|id| id.parse::<ItemId>().is_err()) => {
            Err(FabricError::invalid_input(format!("The field {PARENT} is not a GUID.")))
        }
        Some(_) | None => Ok(()),
    }
}
