//! Warehouses. The service formerly created them with an operation, which a behaviour restores.

use jiff::SignedDuration;

use super::hooks::{Creation, KindHooks, Preparation};
use crate::fabric::FabricError;
use crate::fabric::behaviours::WarehouseCreation;

/// The duration of the former operation.
const CREATION_TIME: SignedDuration = SignedDuration::from_millis(9_100);

pub(super) const HOOKS: KindHooks = KindHooks { prepare, ..KindHooks::DEFAULT };

fn prepare(creation: &Creation<'_>, preparation: &mut Preparation) -> Result<(), FabricError> {
    if creation.state.settings.behaviours.warehouse_creation == WarehouseCreation::Operation {
        preparation.operation_time = Some(CREATION_TIME);
    }
    Ok(())
}
