//! The audit settings of SQL endpoints and SQL databases: kept and shown, and nothing is audited (docs/fidelity.md#sql-endpoints).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Item;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, FabricError, Fact};

/// The member under which an item keeps them.
const AUDIT: &str = "sqlAudit";
/// Days that a log can be kept at most.
const RETENTION_DAYS_MAX: u32 = 3_285;
/// Groups of actions at most, and characters of one.
const GROUPS_MAX: usize = 100;
/// What is audited unless somebody chose.
const GROUPS: [&str; 3] =
    ["BATCH_COMPLETED_GROUP", "FAILED_DATABASE_AUTHENTICATION_GROUP", "SUCCESSFUL_DATABASE_AUTHENTICATION_GROUP"];

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditSettings {
    /// `Enabled` or `Disabled`.
    pub state: AuditState,
    /// Days that a log is kept; 0: for ever.
    pub retention_days: u32,
    /// What is audited.
    pub audit_actions_and_groups: Vec<String>,
    /// Which entries are kept; of SQL databases alone.
    pub predicate_expression: String,
}

/// Whether anything is audited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditState {
    /// It is.
    Enabled,
    /// It is not.
    Disabled,
}

/// What an update asks for; what is `None` stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditUpdate {
    /// Whether anything is audited.
    pub state: Option<AuditState>,
    /// Days that a log is kept.
    pub retention_days: Option<u32>,
    /// What is audited.
    pub audit_actions_and_groups: Option<Vec<String>>,
    /// Which entries are kept.
    pub predicate_expression: Option<String>,
}

/// The settings of an item.
pub fn of(item: &Item) -> AuditSettings {
    let kept = item.extended.get(AUDIT).and_then(|kept| AuditSettings::deserialize(kept).ok());
    kept.unwrap_or_else(|| AuditSettings {
        state: AuditState::Disabled,
        retention_days: 0,
        audit_actions_and_groups: GROUPS.map(str::to_owned).to_vec(),
        predicate_expression: String::new(),
    })
}

/// Changes the settings of an item.
pub fn update(within: &Workspace, item: &Item, change: AuditUpdate) -> Decided<AuditSettings> {
    let mut settings = of(item);
    settings.state = change.state.unwrap_or(settings.state);
    settings.retention_days = change.retention_days.unwrap_or(settings.retention_days);
    settings.audit_actions_and_groups = change.audit_actions_and_groups.unwrap_or(settings.audit_actions_and_groups);
    settings.predicate_expression = change.predicate_expression.unwrap_or(settings.predicate_expression);
    if settings.retention_days > RETENTION_DAYS_MAX {
        return Err(FabricError::invalid_input(format!(
            "The field RetentionDays must be between 0 and {RETENTION_DAYS_MAX}."
        )));
    }
    let groups = &settings.audit_actions_and_groups;
    let is_long = |text: &String| text.is_empty() || text.chars().count() > GROUPS_MAX;
    if groups.len() > GROUPS_MAX || groups.iter().any(is_long) || settings.predicate_expression.len() > 3_000 {
        return Err(FabricError::invalid_input("The audit settings are larger than any that are kept."));
    }
    let kept = serde_json::to_value(&settings).unwrap_or(Value::Null);
    let extended: Map<String, Value> = [(AUDIT.to_owned(), kept)].into_iter().collect();
    Ok((vec![Fact::ItemExtended { workspace: within.id, id: item.id, extended }], settings))
}
