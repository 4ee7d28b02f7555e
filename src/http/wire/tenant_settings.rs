//! Bodies of tenant settings.

use serde::{Deserialize, Serialize};

use super::{required, required_id};
use crate::fabric::FabricError;
use crate::fabric::tenant_setting::{
    Delegation, KnownSetting, NamedGroup, NamedProperty, OverrideRequest, Property, SecurityGroup, SettingChange,
    SettingOverride, SettingValue,
};
use crate::ids::{CapacityId, WorkspaceId};

/// A tenant setting. Lists without elements are left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingBody<'a> {
    setting_name: &'static str,
    title: &'static str,
    enabled: bool,
    can_specify_security_groups: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    enabled_security_groups: &'a [SecurityGroup],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    excluded_security_groups: &'a [SecurityGroup],
    tenant_setting_group: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    properties: &'a [Property],
    #[serde(skip_serializing_if = "Option::is_none")]
    delegate_to_capacity: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegate_to_domain: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegate_to_workspace: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegated_from: Option<&'static str>,
}

impl<'a> SettingBody<'a> {
    pub(crate) fn new(known: &'static KnownSetting, value: &'a SettingValue) -> Self {
        let Delegation { capacity, domain, workspace } = value.delegation;
        Self {
            setting_name: known.name,
            title: known.title,
            enabled: value.enabled,
            can_specify_security_groups: known.can_specify_groups,
            enabled_security_groups: &value.enabled_groups,
            excluded_security_groups: &value.excluded_groups,
            tenant_setting_group: known.group,
            properties: &value.properties,
            delegate_to_capacity: capacity,
            delegate_to_domain: domain,
            delegate_to_workspace: workspace,
            delegated_from: None,
        }
    }

    /// Creates the body of a setting that is overridden for a capacity.
    pub(crate) fn overridden(known: &'static KnownSetting, overriding: &'a SettingOverride) -> Self {
        Self {
            enabled: overriding.enabled,
            enabled_security_groups: &overriding.enabled_groups,
            excluded_security_groups: &overriding.excluded_groups,
            properties: &[],
            delegate_to_capacity: None,
            delegate_to_domain: None,
            delegate_to_workspace: overriding.delegate_to_workspace,
            delegated_from: Some("Tenant"),
            ..Self::new(known, &known.default)
        }
    }
}

/// The settings that an update changed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatedSettings<'a> {
    pub(crate) tenant_settings: [SettingBody<'a>; 1],
}

/// The overrides that an update changed.
#[derive(Serialize)]
pub(crate) struct UpdatedOverrides<'a> {
    pub(crate) overrides: Vec<SettingBody<'a>>,
}

/// The overrides of a capacity.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CapacityOverrides<'a> {
    pub(crate) id: CapacityId,
    pub(crate) tenant_settings: Vec<SettingBody<'a>>,
}

/// The overrides of a domain or a workspace. No operation creates any.
#[derive(Serialize)]
pub(crate) struct OtherOverrides {
    id: WorkspaceId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupBody {
    graph_id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct PropertyBody {
    name: Option<String>,
    value: Option<String>,
}

/// A request to change a setting, or to override it for a capacity.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateSetting {
    enabled: Option<bool>,
    enabled_security_groups: Option<Vec<GroupBody>>,
    excluded_security_groups: Option<Vec<GroupBody>>,
    properties: Option<Vec<PropertyBody>>,
    delegate_to_capacity: Option<bool>,
    delegate_to_domain: Option<bool>,
    delegate_to_workspace: Option<bool>,
}

impl UpdateSetting {
    /// Returns the change of the setting.
    pub(crate) fn change(self) -> Result<SettingChange, FabricError> {
        let property = |PropertyBody { name, value }| {
            Ok(NamedProperty { name: required(name, "Properties.Name")?, value: value.unwrap_or_default() })
        };
        Ok(SettingChange {
            enabled: required(self.enabled, "Enabled")?,
            enabled_groups: groups(self.enabled_security_groups)?,
            excluded_groups: groups(self.excluded_security_groups)?,
            properties: self.properties.into_iter().flatten().map(property).collect::<Result<_, FabricError>>()?,
            delegation: Delegation {
                capacity: self.delegate_to_capacity,
                domain: self.delegate_to_domain,
                workspace: self.delegate_to_workspace,
            },
        })
    }

    /// Returns the override of the setting.
    pub(crate) fn overriding(self) -> Result<OverrideRequest, FabricError> {
        Ok(OverrideRequest {
            enabled: required(self.enabled, "Enabled")?,
            delegate_to_workspace: self.delegate_to_workspace,
            enabled_groups: groups(self.enabled_security_groups)?.unwrap_or_default(),
            excluded_groups: groups(self.excluded_security_groups)?.unwrap_or_default(),
        })
    }
}

fn groups(bodies: Option<Vec<GroupBody>>) -> Result<Option<Vec<NamedGroup>>, FabricError> {
    let group = |GroupBody { graph_id, name }| {
        Ok(NamedGroup { graph_id: required_id(graph_id, "SecurityGroups.GraphId")?, name })
    };
    bodies.map(|bodies| bodies.into_iter().map(group).collect()).transpose()
}
