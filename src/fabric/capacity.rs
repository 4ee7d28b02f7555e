//! Capacities, which provide the compute of workspaces. Every new tenant has two capacities. The control interface can
//! pause and resume capacities (docs/fidelity.md#capacities).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::fabric::{Decision, Fact, State};
use crate::ids::CapacityId;
use crate::seed::Seed;

/// The state of a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CapacityState {
    /// The capacity is running.
    Active,
    /// The capacity is paused.
    Inactive,
}

/// A capacity of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// The id of the capacity.
    pub id: CapacityId,
    /// The display name of the capacity.
    pub display_name: Cow<'static, str>,
    /// The SKU of the capacity, such as `F64`.
    pub sku: Cow<'static, str>,
    /// The Azure region of the capacity.
    pub region: Cow<'static, str>,
    /// The current state of the capacity.
    pub state: CapacityState,
}

/// Returns the capacities of a new tenant: an F64 capacity and a trial capacity.
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

/// Pauses or resumes a capacity. A pause also pauses mirroring in the workspaces of the capacity. Mirroring stays
/// paused when the capacity resumes.
pub fn change(state: &State, id: CapacityId, to: CapacityState) -> Decision<()> {
    let is_unchanged = state.capacity(id)?.state == to;
    Ok((if is_unchanged { Vec::new() } else { vec![Fact::CapacityChanged { id, state: to }] }, ()))
}
