//! Capacities, which provide the compute of workspaces. Every new tenant has two capacities. The control interface can
//! add, pause and resume capacities, and Azure Resource Manager can suspend and resume them
//! (docs/fidelity.md#capacities).

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, later};
use crate::ids::{CapacityId, OperationId, PrincipalId};
use crate::seed::Seed;

/// The region of the capacities of a new tenant, and of declared capacities without a region.
const REGION: &str = "West Europe";
/// The maximum number of capacities of a tenant.
const CAPACITIES_MAX: usize = 1_000;
/// The maximum number of principals that cannot see a capacity.
const HIDDEN_FROM_MAX: usize = 1_000;
/// The maximum length of a text of a capacity, in characters.
const TEXT_MAX: usize = 256;
/// The maximum number of suspensions and resumptions in a tenant. The oldest is dropped first.
pub(super) const OPERATIONS_MAX: usize = 1_000;
/// The duration of a suspension (seen: 9 to 27 s).
const SUSPENSION_TAKES: SignedDuration = SignedDuration::from_secs(20);
/// The duration of a resumption (seen: 5 to 6 s).
const RESUMPTION_TAKES: SignedDuration = SignedDuration::from_secs(5);

/// The state of a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CapacityState {
    /// The capacity is running.
    Active,
    /// The capacity is paused.
    Inactive,
}

/// The state of a capacity in Azure Resource Manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum AzureState {
    /// The capacity is running.
    Active,
    /// The capacity is paused.
    Paused,
    /// A suspension is in progress.
    Pausing,
    /// A resumption is in progress.
    Resuming,
}

/// A suspension or resumption of a capacity through Azure Resource Manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapacityOperation {
    /// The id of the operation.
    pub id: OperationId,
    /// The capacity.
    pub capacity: CapacityId,
    /// The new state of the capacity. The capacity has this state from the start of the operation.
    pub to: CapacityState,
    /// The instant of the start of the operation.
    pub began_at: Timestamp,
    /// The instant of the end of the operation.
    pub ends_at: Timestamp,
}

impl CapacityOperation {
    /// Returns `true` if the operation is in progress at `now`.
    pub fn is_running(&self, now: Timestamp) -> bool {
        now < self.ends_at
    }

    /// Returns the state that Azure Resource Manager shows while the operation is in progress.
    pub fn transition(&self) -> AzureState {
        match self.to {
            CapacityState::Active => AzureState::Resuming,
            CapacityState::Inactive => AzureState::Pausing,
        }
    }
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
    /// The principals that cannot see the capacity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_from: Vec<PrincipalId>,
}

impl Capacity {
    /// Returns `true` if a principal can see the capacity.
    pub fn is_visible_to(&self, principal: PrincipalId) -> bool {
        !self.hidden_from.contains(&principal)
    }

    /// Returns `true` if the capacity is a resource in Azure: it has a SKU such as `F64` and a name that Azure accepts.
    pub fn is_in_azure(&self) -> bool {
        let name = &self.display_name;
        let size = self.sku.strip_prefix('F').unwrap_or_default();
        !size.is_empty()
            && size.bytes().all(|byte| byte.is_ascii_digit())
            && (3..=63).contains(&name.len())
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    }

    /// Returns the state that Azure Resource Manager shows at `now`.
    pub fn azure_state(&self, state: &State, now: Timestamp) -> AzureState {
        let last = state.capacity_operations().values().rfind(|operation| operation.capacity == self.id);
        match last.filter(|operation| operation.to == self.state && operation.is_running(now)) {
            Some(operation) => operation.transition(),
            None if self.state == CapacityState::Active => AzureState::Active,
            None => AzureState::Paused,
        }
    }
}

/// A capacity, as the control interface accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapacityDeclaration {
    /// The display name.
    pub display_name: String,
    /// The SKU, such as `F64`.
    pub sku: String,
    /// The Azure region.
    #[serde(default = "default_region")]
    pub region: String,
    /// The state.
    #[serde(default = "default_state")]
    pub state: CapacityState,
    /// The object ids of the principals that cannot see the capacity.
    #[serde(default)]
    pub hidden_from: Vec<PrincipalId>,
}

pub(super) fn default_region() -> String {
    REGION.into()
}

fn default_state() -> CapacityState {
    CapacityState::Active
}

/// Adds a capacity, or replaces the capacity with the same id.
pub fn declare(state: &State, id: CapacityId, declared: CapacityDeclaration) -> Decision<()> {
    let CapacityDeclaration { display_name, sku, region, state: to, hidden_from } = declared;
    for (member, text) in [("displayName", &display_name), ("sku", &sku), ("region", &region)] {
        let length = text.chars().count();
        if length == 0 || length > TEXT_MAX {
            return Err(FabricError::invalid_input(format!(
                "{member} has {length} characters: expected 1 to {TEXT_MAX}."
            )));
        }
    }
    if hidden_from.len() > HIDDEN_FROM_MAX {
        return Err(FabricError::invalid_input(format!("hiddenFrom has more than {HIDDEN_FROM_MAX} elements.")));
    }
    if state.capacity(id).is_err() && state.capacities().len() >= CAPACITIES_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {CAPACITIES_MAX} capacities.")));
    }
    let (display_name, sku, region) = (display_name.into(), sku.into(), region.into());
    Ok((vec![Fact::CapacityDeclared(Capacity { id, display_name, sku, region, state: to, hidden_from })], ()))
}

/// Returns the capacities of a new tenant: an F64 capacity and a trial capacity.
pub fn seeded(seed: Seed) -> Vec<Capacity> {
    [("specularite", "F64"), ("Trial", "FT1")]
        .into_iter()
        .zip(1..)
        .map(|((display_name, sku), count)| {
            let (id, region) = (CapacityId::nth(seed, count), REGION.into());
            let (display_name, sku, state) = (display_name.into(), sku.into(), CapacityState::Active);
            Capacity { id, display_name, sku, region, state, hidden_from: Vec::new() }
        })
        .collect()
}

/// Pauses or resumes a capacity. A pause also pauses mirroring in the workspaces of the capacity. Mirroring stays
/// paused when the capacity resumes.
pub fn change(state: &State, id: CapacityId, to: CapacityState) -> Decision<()> {
    let is_unchanged = state.capacity(id)?.state == to;
    Ok((if is_unchanged { Vec::new() } else { vec![Fact::CapacityChanged { id, state: to }] }, ()))
}

/// Suspends or resumes a capacity, as an operation of Azure Resource Manager. Rejects a capacity that has the state
/// already, or whose last operation is in progress.
pub fn begin(state: &State, id: CapacityId, to: CapacityState, now: Timestamp) -> Decision<CapacityOperation> {
    let settled = match to {
        CapacityState::Active => AzureState::Paused,
        CapacityState::Inactive => AzureState::Active,
    };
    if state.capacity(id)?.azure_state(state, now) != settled {
        return Err(FabricError::new(ErrorCode::BadRequest).message("Service is not ready to be updated"));
    }
    let realistic = match to {
        CapacityState::Active => RESUMPTION_TAKES,
        CapacityState::Inactive => SUSPENSION_TAKES,
    };
    let ends_at = later(now, state.settings.timing().operation(realistic));
    let operation = CapacityOperation { id: state.next_operation(), capacity: id, to, began_at: now, ends_at };
    let (mut facts, ()) = change(state, id, to)?;
    facts.push(Fact::CapacityOperationStarted(operation));
    Ok((facts, operation))
}
