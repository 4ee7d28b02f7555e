//! Bodies of capacities.

use serde::Serialize;

use crate::fabric::capacity::{Capacity, CapacityState};
use crate::ids::CapacityId;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CapacityBody<'a> {
    id: CapacityId,
    display_name: &'a str,
    sku: &'a str,
    region: &'a str,
    state: CapacityState,
}

impl<'a> From<&'a Capacity> for CapacityBody<'a> {
    fn from(capacity: &'a Capacity) -> Self {
        let Capacity { id, display_name, sku, region, state, .. } = capacity;
        Self { id: *id, display_name, sku, region, state: *state }
    }
}
