//! Warehouses. Fabric formerly created warehouses in a long-running operation. The behaviour `warehouseCreation`
//! restores this.

use jiff::SignedDuration;

use super::hooks::{Creation, KindHooks, Preparation};
use crate::fabric::FabricError;
use crate::fabric::behaviours::WarehouseCreation;

/// The duration of the former long-running operation at the realistic pace.
const CREATION_TIME: SignedDuration = SignedDuration::from_millis(9_100);

pub(super) const HOOKS: KindHooks = KindHooks { prepare, ..KindHooks::DEFAULT };

fn prepare(creation: &Creation<'_>, preparation: &mut Preparation) -> Result<(), FabricError> {
    if creation.state.settings.behaviours.warehouse_creation == WarehouseCreation::Operation {
        preparation.operation_time = Some(CREATION_TIME);
    }
    Ok(())
}
