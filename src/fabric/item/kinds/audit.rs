//! Audit settings of SQL endpoints, SQL databases and warehouses. The settings are stored and returned, but nothing is audited
//! (docs/fidelity.md#sql-endpoints).

use serde::{Deserialize, Serialize};

use super::{ItemKind, KindChange, KindState};
use crate::fabric::item::Item;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, FabricError, Fact};

/// The maximum retention of the audit log, in days.
const RETENTION_DAYS_MAX: u32 = 3_285;
/// The maximum number of action groups (guessed).
const GROUPS_MAX: usize = 100;
/// The maximum length of an action group's name, in characters (guessed).
const GROUP_NAME_MAX: usize = 128;
/// The maximum length of `predicateExpression`, in characters.
const PREDICATE_MAX: usize = 3_000;
/// The action groups that are audited by default.
const GROUPS: [&str; 3] =
    ["BATCH_COMPLETED_GROUP", "FAILED_DATABASE_AUTHENTICATION_GROUP", "SUCCESSFUL_DATABASE_AUTHENTICATION_GROUP"];

/// The audit settings of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditSettings {
    /// The state of auditing.
    pub state: AuditState,
    /// The retention of the audit log, in days; 0 for unlimited retention.
    pub retention_days: u32,
    /// The action groups that are audited.
    pub audit_actions_and_groups: Vec<String>,
    /// The condition that entries of the audit log must meet. SQL endpoints do not have this setting.
    pub predicate_expression: String,
}

/// The state of auditing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditState {
    /// Actions are audited.
    Enabled,
    /// Nothing is audited.
    Disabled,
}

/// An update of audit settings. Members that are `None` stay unchanged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditUpdate {
    /// The state of auditing: `Enabled` or `Disabled`, regardless of case.
    pub state: Option<String>,
    /// The retention of the audit log, in days.
    pub retention_days: Option<u32>,
    /// The action groups that are audited.
    pub audit_actions_and_groups: Option<Vec<String>>,
    /// The condition that entries of the audit log must meet.
    pub predicate_expression: Option<String>,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            state: AuditState::Disabled,
            retention_days: 0,
            audit_actions_and_groups: GROUPS.map(str::to_owned).to_vec(),
            predicate_expression: String::new(),
        }
    }
}

/// Returns the audit settings of an item: the last settings from a client, or the default settings.
pub fn of(item: &Item) -> AuditSettings {
    match &item.kind_state {
        KindState::SqlDatabase { audit: Some(settings) }
        | KindState::SqlEndpoint { audit: Some(settings) }
        | KindState::Warehouse { audit: Some(settings), .. } => settings.clone(),
        _ => AuditSettings::default(),
    }
}

impl AuditState {
    fn named(name: &str) -> Result<Self, FabricError> {
        let known = [("Enabled", Self::Enabled), ("Disabled", Self::Disabled)];
        let found = known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, state)| state);
        found.ok_or_else(|| FabricError::invalid_input(format!("The value {name:?} of State is not valid.")))
    }
}

/// Updates the audit settings of an item. Ignores the members that updates of its kind do not have in Microsoft's API
/// description: `auditActionsAndGroups` except for SQL databases, and `predicateExpression` for SQL endpoints.
pub fn update(within: &Workspace, item: &Item, change: AuditUpdate) -> Decision<AuditSettings> {
    let mut settings = of(item);
    if let Some(state) = change.state {
        settings.state = AuditState::named(&state)?;
    }
    settings.retention_days = change.retention_days.unwrap_or(settings.retention_days);
    if item.kind == ItemKind::SQLDatabase {
        settings.audit_actions_and_groups =
            change.audit_actions_and_groups.unwrap_or(settings.audit_actions_and_groups);
    }
    if item.kind != ItemKind::SQLEndpoint {
        settings.predicate_expression = change.predicate_expression.unwrap_or(settings.predicate_expression);
    }
    record(within, item, settings)
}

/// Replaces the audited action groups of an item.
pub fn set_groups(within: &Workspace, item: &Item, groups: Vec<String>) -> Decision<AuditSettings> {
    record(within, item, AuditSettings { audit_actions_and_groups: groups, ..of(item) })
}

/// Checks the new settings, and returns the fact that records them.
fn record(within: &Workspace, item: &Item, settings: AuditSettings) -> Decision<AuditSettings> {
    let groups = &settings.audit_actions_and_groups;
    let is_name = |text: &String| (1..=GROUP_NAME_MAX).contains(&text.chars().count());
    let message = if settings.retention_days > RETENTION_DAYS_MAX {
        Some(format!("The field RetentionDays must be between 0 and {RETENTION_DAYS_MAX}."))
    } else if groups.len() > GROUPS_MAX || !groups.iter().all(is_name) {
        Some(format!("There are at most {GROUPS_MAX} groups of actions, of 1 to {GROUP_NAME_MAX} characters."))
    } else if settings.predicate_expression.chars().count() > PREDICATE_MAX {
        Some(format!("The field PredicateExpression has at most {PREDICATE_MAX} characters."))
    } else {
        None
    };
    if let Some(message) = message {
        return Err(FabricError::invalid_input(message));
    }
    let changes = vec![KindChange::AuditSet { settings: settings.clone() }];
    Ok((vec![Fact::KindStateChanged { workspace: within.id, id: item.id, changes }], settings))
}
