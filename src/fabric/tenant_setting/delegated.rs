//! Overrides of tenant settings for a capacity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{KnownSetting, NamedGroup, SecurityGroup, invalid, known, resolved};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::CapacityId;

/// A setting that is overridden for a capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingOverride {
    /// `true` if the setting is enabled.
    pub enabled: bool,
    /// `true` if the administrators of workspaces may override the setting; `None` if they never can.
    pub delegate_to_workspace: Option<bool>,
    /// The groups that the setting is enabled for; all principals if empty.
    pub enabled_groups: Vec<SecurityGroup>,
    /// The groups that the setting is not enabled for.
    pub excluded_groups: Vec<SecurityGroup>,
}

/// A request to override a setting.
#[derive(Debug, Clone)]
pub struct OverrideRequest {
    /// `true` to enable the setting.
    pub enabled: bool,
    /// `true` if the administrators of workspaces may override the setting.
    pub delegate_to_workspace: Option<bool>,
    /// The groups that the setting is enabled for.
    pub enabled_groups: Vec<NamedGroup>,
    /// The groups that the setting is not enabled for.
    pub excluded_groups: Vec<NamedGroup>,
}

impl State {
    /// Returns the overrides of a capacity, with their settings.
    pub fn setting_overrides(
        &self,
        capacity: CapacityId,
    ) -> impl Iterator<Item = (&'static KnownSetting, &SettingOverride)> {
        let of_capacity = self.setting_overrides.get(&capacity).into_iter().flat_map(BTreeMap::iter);
        of_capacity.filter_map(|(name, overriding)| Some((known(name).ok()?, overriding)))
    }
}

/// Overrides a setting for a capacity, if the setting is delegated to capacities.
pub fn override_for_capacity(
    state: &State,
    capacity: CapacityId,
    name: &str,
    request: OverrideRequest,
) -> Decision<&'static KnownSetting> {
    state.capacity(capacity)?;
    let known = known(name)?;
    let delegation = state.tenant_setting(known).delegation;
    if delegation.capacity != Some(true) {
        return Err(invalid("The setting is not delegated to capacities."));
    }
    if request.delegate_to_workspace == Some(true) && delegation.workspace.is_none() {
        return Err(invalid("The setting cannot be delegated to workspaces."));
    }
    let overriding = SettingOverride {
        enabled: request.enabled,
        delegate_to_workspace: delegation.workspace.map(|_| request.delegate_to_workspace.unwrap_or(false)),
        enabled_groups: resolved(state, known, request.enabled_groups)?,
        excluded_groups: resolved(state, known, request.excluded_groups)?,
    };
    let name = known.name.to_owned();
    Ok((vec![Fact::TenantSettingOverridden { capacity, name, overriding: Some(Box::new(overriding)) }], known))
}

/// Removes the override of a setting for a capacity.
pub fn remove_override(state: &State, capacity: CapacityId, name: &str) -> Decision<()> {
    state.capacity(capacity)?;
    let known = known(name)?;
    if !state.setting_overrides(capacity).any(|(overridden, _)| overridden.name == known.name) {
        return Err(FabricError::new(ErrorCode::EntityNotFound).about("TenantSettingOverride", known.name));
    }
    Ok((vec![Fact::TenantSettingOverridden { capacity, name: known.name.to_owned(), overriding: None }], ()))
}
