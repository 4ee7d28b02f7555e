//! Bodies of capacities.

use serde::Serialize;

use crate::fabric::access::DEFAULT_DOMAIN;
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

/// Returns the administrators of a capacity: the default user if there are no others.
pub(crate) fn administrators(capacity: &Capacity) -> Vec<String> {
    let others = capacity.administrators.clone();
    if others.is_empty() { vec![format!("admin@{DEFAULT_DOMAIN}")] } else { others }
}
