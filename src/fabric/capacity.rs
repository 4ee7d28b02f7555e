//! Capacities: what workspaces run on. They come with the tenant, and can be paused (docs/fidelity.md#capacities).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::fabric::{Decision, Fact, State};
use crate::ids::CapacityId;
use crate::seed::Seed;

/// Whether a capacity works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CapacityState {
    /// It does.
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
    /// What was bought.
    pub sku: Cow<'static, str>,
    /// Where it is.
    pub region: Cow<'static, str>,
    /// Whether it works.
    pub state: CapacityState,
}

/// The capacities of a new tenant: an F64, then a trial.
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

/// Pauses or resumes a capacity. What replicates on it is paused with it, and stays so when it is resumed.
pub fn change(state: &State, id: CapacityId, to: CapacityState) -> Decision<()> {
    let is_so = state.capacity(id)?.state == to;
    Ok((if is_so { Vec::new() } else { vec![Fact::CapacityChanged { id, state: to }] }, ()))
}
