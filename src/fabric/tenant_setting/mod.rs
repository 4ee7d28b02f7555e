//! Tenant settings, which administrators change. They are kept and shown, but have no effect, except
//! [`OVERRIDES_DOMAIN_ASSIGNMENTS`] (docs/fidelity.md#tenant-settings).

mod delegated;
mod known;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use self::delegated::{OverrideRequest, SettingOverride, override_for_capacity, remove_override};
pub use self::known::{KnownSetting, SETTINGS, known};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::PrincipalId;

/// The setting that allows to assign workspaces of one domain to another (documented).
pub const OVERRIDES_DOMAIN_ASSIGNMENTS: &str = "EnableReassignDataDomainSwitch";
/// The maximum number of security groups in a list of a setting (guessed).
pub const GROUPS_MAX: usize = 100;
/// The maximum length of the name of a security group, in characters (guessed).
pub const GROUP_NAME_MAX: usize = 256;
/// The maximum length of the value of a property, in characters (guessed).
pub const VALUE_MAX: usize = 2_048;

/// The type of a property of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PropertyType {
    /// Any text.
    FreeText,
    /// An address.
    Url,
    /// `true` or `false`.
    Boolean,
    /// A group that receives mail.
    MailEnabledSecurityGroup,
    /// A whole number.
    Integer,
}

/// A property of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// The name.
    pub name: Cow<'static, str>,
    /// The value, as text.
    pub value: String,
    /// The type of the value.
    pub r#type: PropertyType,
}

/// A security group in a list of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityGroup {
    /// The object id of the group.
    pub graph_id: PrincipalId,
    /// The display name of the group.
    pub name: String,
}

/// The resources whose administrators may override a setting. `None` for resources that cannot override it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delegation {
    /// The capacities.
    pub capacity: Option<bool>,
    /// The domains.
    pub domain: Option<bool>,
    /// The workspaces.
    pub workspace: Option<bool>,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingValue {
    /// `true` if the setting is enabled.
    pub enabled: bool,
    /// The groups that the setting is enabled for; all principals if empty.
    pub enabled_groups: Vec<SecurityGroup>,
    /// The groups that the setting is not enabled for.
    pub excluded_groups: Vec<SecurityGroup>,
    /// The properties.
    pub properties: Vec<Property>,
    /// The resources that may override the setting.
    pub delegation: Delegation,
}

/// A security group in a request. Without a name, it has that of the directory.
#[derive(Debug, Clone)]
pub struct NamedGroup {
    /// The object id of the group.
    pub graph_id: PrincipalId,
    /// The display name of the group.
    pub name: Option<String>,
}

/// A property in a request.
#[derive(Debug, Clone)]
pub struct NamedProperty {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A change of a setting. `None` leaves the current value unchanged.
#[derive(Debug, Clone)]
pub struct SettingChange {
    /// `true` to enable the setting.
    pub enabled: bool,
    /// The groups that the setting is enabled for.
    pub enabled_groups: Option<Vec<NamedGroup>>,
    /// The groups that the setting is not enabled for.
    pub excluded_groups: Option<Vec<NamedGroup>>,
    /// The properties that change.
    pub properties: Vec<NamedProperty>,
    /// The resources that may override the setting.
    pub delegation: Delegation,
}

impl State {
    /// Returns the value of a setting.
    pub fn tenant_setting<'a>(&'a self, known: &'a KnownSetting) -> &'a SettingValue {
        self.tenant_settings.get(known.name).unwrap_or(&known.default)
    }

    /// Returns `true` if a setting is enabled.
    pub fn is_enabled(&self, name: &str) -> bool {
        known(name).is_ok_and(|known| self.tenant_setting(known).enabled)
    }
}

/// Changes a setting.
pub fn update(state: &State, name: &str, change: SettingChange) -> Decision<&'static KnownSetting> {
    let known = known(name)?;
    let before = state.tenant_setting(known);
    let SettingChange { enabled, enabled_groups, excluded_groups, properties, delegation } = change;
    let mut value = before.clone();
    value.enabled = enabled;
    if let Some(groups) = enabled_groups {
        value.enabled_groups = resolved(state, known, groups)?;
    }
    if let Some(groups) = excluded_groups {
        value.excluded_groups = resolved(state, known, groups)?;
    }
    for NamedProperty { name, value: text } in properties {
        let property = value.properties.iter_mut().find(|property| property.name.eq_ignore_ascii_case(&name));
        let property = property.ok_or_else(|| invalid(format!("The setting has no property {name:?}.")))?;
        check_value(&text, property.r#type)?;
        property.value = text;
    }
    let changes = [
        (&mut value.delegation.capacity, delegation.capacity),
        (&mut value.delegation.domain, delegation.domain),
        (&mut value.delegation.workspace, delegation.workspace),
    ];
    for (before, after) in changes {
        delegate(before, after)?;
    }
    let changed =
        (value != *before).then(|| Fact::TenantSettingChanged { name: known.name.to_owned(), value: Box::new(value) });
    Ok((changed.into_iter().collect(), known))
}

/// Changes a flag of a delegation. Rejects the delegation to resources that cannot override the setting.
fn delegate(before: &mut Option<bool>, after: Option<bool>) -> Result<(), FabricError> {
    match (&before, after) {
        (_, None) | (None, Some(false)) => {}
        (None, Some(true)) => return Err(invalid("The setting cannot be delegated.")),
        (Some(_), Some(after)) => *before = Some(after),
    }
    Ok(())
}

/// Returns security groups with their names. Rejects groups for a setting that has none.
fn resolved(state: &State, known: &KnownSetting, groups: Vec<NamedGroup>) -> Result<Vec<SecurityGroup>, FabricError> {
    if !groups.is_empty() && !known.can_specify_groups {
        return Err(invalid("The setting cannot be limited to security groups."));
    }
    if groups.len() > GROUPS_MAX {
        return Err(invalid(format!("A list has at most {GROUPS_MAX} security groups.")));
    }
    let resolve = |NamedGroup { graph_id, name }: NamedGroup| {
        let known = state.directory().get(&graph_id).and_then(|entry| entry.display_name.clone());
        let name = name.or(known).unwrap_or_else(|| graph_id.to_string());
        if name.chars().count() > GROUP_NAME_MAX {
            return Err(invalid(format!("The name of a security group has more than {GROUP_NAME_MAX} characters.")));
        }
        Ok(SecurityGroup { graph_id, name })
    };
    groups.into_iter().map(resolve).collect()
}

/// Rejects a value that does not have the type of the property. An empty value fits every type.
fn check_value(value: &str, kind: PropertyType) -> Result<(), FabricError> {
    let fits = match kind {
        _ if value.is_empty() => true,
        PropertyType::Boolean => ["true", "false"].iter().any(|known| known.eq_ignore_ascii_case(value)),
        PropertyType::Integer => value.parse::<i64>().is_ok(),
        PropertyType::FreeText | PropertyType::Url | PropertyType::MailEnabledSecurityGroup => true,
    };
    if fits && value.chars().count() <= VALUE_MAX {
        return Ok(());
    }
    Err(invalid(format!("The value of a property is not of the type {kind:?}, or too long.")))
}

/// Returns the error for a value that a setting does not accept (the code told, the messages guessed).
fn invalid(message: impl Into<String>) -> FabricError {
    FabricError::new(ErrorCode::BadRequest).detail(ErrorCode::InvalidParameter, message)
}
