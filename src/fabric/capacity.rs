//! Capacities, on which workspaces run. Every tenant has them from the start; they can be paused (docs/fidelity.md#capacities).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::fabric::{Decision, Fact, State};
use crate::ids::CapacityId;
use crate::seed::Seed;

/// The state of a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CapacityState {
    /// It runs.
    Active,
    /// It is paused.
    Inactive,
}

/// A capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// Its id.
    pub id: CapacityId,
    /// Its name.
    pub display_name: Cow<'static, str>,
    /// Its SKU.
    pub sku: Cow<'static, str>,
    /// Its region.
    pub region: Cow<'static, str>,
    /// Its state.
    pub state: CapacityState,
}

/// Returns the capacities of a new tenant: an F64, then a trial.
pub fn seeded(seed: Seed) -> Vec<Capacity> {
    [("specularite", "F64"), ("Trial", "FT1")]
        .into_iter()
        .zip(1..)
        .map(|((display_name, sku), count)| {
            let (id, region) = (CapacityId::nth(seed, count), "West Europe".into());
            Capacity { id, display_name: display_name.into(), sku: sku.into(), region, state: CapacityState::Active }
        })
        .collect()
}

/// Pauses or resumes a capacity. Pausing it also pauses the replication on it, which stays paused when the capacity resumes.
pub fn change(state: &State, id: CapacityId, to: CapacityState) -> Decision<()> {
    let is_unchanged = state.capacity(id)?.state == to;
    Ok((if is_unchanged { Vec::new() } else { vec![Fact::CapacityChanged { id, state: to }] }, ()))
}
