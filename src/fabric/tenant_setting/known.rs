//! The known tenant settings, from `fixtures/tenant-settings.tsv`: names, titles and groups as published, the defaults
//! guessed.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::{Delegation, Property, PropertyType, SettingValue};
use crate::fabric::{ErrorCode, FabricError};

/// A tenant setting.
#[derive(Debug)]
pub struct KnownSetting {
    /// The name.
    pub name: &'static str,
    /// The title in the portal.
    pub title: &'static str,
    /// The group in the portal.
    pub group: &'static str,
    /// `true` if the setting can be enabled for security groups only.
    pub can_specify_groups: bool,
    /// The value in a new tenant.
    pub default: SettingValue,
}

/// The settings, in order of the portal.
pub static SETTINGS: LazyLock<Vec<KnownSetting>> = LazyLock::new(|| {
    let rows = include_str!("../../../fixtures/tenant-settings.tsv").lines().skip(1);
    rows.filter_map(parsed).collect()
});

/// Returns a setting by its name, compared without regard to case.
pub fn known(name: &str) -> Result<&'static KnownSetting, FabricError> {
    let found = SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(name));
    let id = || name.chars().take(200).collect::<String>();
    found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("TenantSetting", id()))
}

/// Parses a row: name, title, group, whether the setting is enabled and can be limited to groups, its delegation, and its
/// properties. The letters `c`, `d` and `w` stand for capacities, domains and workspaces; an upper-case letter delegates.
fn parsed(row: &'static str) -> Option<KnownSetting> {
    let mut columns = row.split('\t');
    let mut next = || columns.next();
    let (name, title, group) = (next()?, next()?, next()?);
    let (enabled, can_specify_groups) = (next()? == "true", next()? == "true");
    let letters = next()?;
    let delegated = |letter: char| {
        let given = letters.chars().find(|given| given.eq_ignore_ascii_case(&letter))?;
        Some(given.is_ascii_uppercase())
    };
    let delegation = Delegation { capacity: delegated('c'), domain: delegated('d'), workspace: delegated('w') };
    let properties = next()?.split(';').filter_map(property).collect();
    let (enabled_groups, excluded_groups) = (Vec::new(), Vec::new());
    let default = SettingValue { enabled, enabled_groups, excluded_groups, properties, delegation };
    Some(KnownSetting { name, title, group, can_specify_groups, default })
}

/// Parses a property: `name:type:value`.
fn property(text: &'static str) -> Option<Property> {
    let mut parts = text.splitn(3, ':');
    let name = Cow::Borrowed(parts.next()?);
    let r#type = match parts.next()? {
        "Boolean" => PropertyType::Boolean,
        "Integer" => PropertyType::Integer,
        "MailEnabledSecurityGroup" => PropertyType::MailEnabledSecurityGroup,
        "Url" => PropertyType::Url,
        _ => PropertyType::FreeText,
    };
    Some(Property { name, value: parts.next()?.to_owned(), r#type })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::OVERRIDES_DOMAIN_ASSIGNMENTS;
    use super::*;

    #[test]
    fn all_rows_are_settings_with_different_names() {
        let rows = include_str!("../../../fixtures/tenant-settings.tsv").lines().count() - 1;
        let names: BTreeSet<String> = SETTINGS.iter().map(|setting| setting.name.to_lowercase()).collect();
        assert_eq!((SETTINGS.len(), names.len()), (rows, rows));
        assert!(known(OVERRIDES_DOMAIN_ASSIGNMENTS).unwrap().default.enabled);
        let web = known("publishtoweb").unwrap();
        let property = Property { name: "CreateP2w".into(), value: "false".into(), r#type: PropertyType::Boolean };
        assert_eq!(web.default.properties, [property]);
        let git = known("GitHubTenantSettings").unwrap().default.delegation;
        assert_eq!(git, Delegation { capacity: Some(false), domain: None, workspace: Some(false) });
        assert_eq!(known("FabricGAWorkloads").unwrap().default.delegation.capacity, Some(true));
    }
}
