//! Warehouses: the service created them by an operation in the past.

use jiff::SignedDuration;

use super::hooks::{Creation, KindHooks, Preparation};
use crate::fabric::FabricError;
use crate::fabric::behaviours::WarehouseCreation;

/// Duration of the creation while it was an operation.
const CREATION_TIME: SignedDuration = SignedDuration::from_millis(9_100);

pub(super) const HOOKS: KindHooks = KindHooks { prepare, ..KindHooks::DEFAULT };

fn prepare(creation: &Creation<'_>, preparation: &mut Preparation) -> Result<(), FabricError> {
    if creation.state.settings.behaviours.warehouse_creation == WarehouseCreation::Operation {
        preparation.operation_time = Some(CREATION_TIME);
    }
    Ok(())
}
