//! The audit settings of SQL endpoints and SQL databases: kept and shown, and nothing is audited (docs/fidelity.md#sql-endpoints).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Item, ItemKind};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, ErrorCode, FabricError, Fact};

/// The member under which an item keeps them.
const AUDIT: &str = "sqlAudit";
/// Days that a log can be kept at most.
const RETENTION_DAYS_MAX: u32 = 3_285;
/// Groups of actions at most (guessed).
const GROUPS_MAX: usize = 100;
/// Characters of a group's name at most (guessed).
const GROUP_NAME_MAX: usize = 128;
/// Characters of a predicate at most.
const PREDICATE_MAX: usize = 3_000;
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
    /// Whether anything is audited, in any case.
    pub state: Option<String>,
    /// Days that a log is kept.
    pub retention_days: Option<u32>,
    /// What is audited.
    pub audit_actions_and_groups: Option<Vec<String>>,
    /// Which entries are kept.
    pub predicate_expression: Option<String>,
}

/// The settings of an item.
pub fn of(item: &Item) -> AuditSettings {
    let kept = item.kind_state.get(AUDIT).and_then(|kept| AuditSettings::deserialize(kept).ok());
    kept.unwrap_or_else(|| AuditSettings {
        state: AuditState::Disabled,
        retention_days: 0,
        audit_actions_and_groups: GROUPS.map(str::to_owned).to_vec(),
        predicate_expression: String::new(),
    })
}

impl AuditState {
    fn named(name: &str) -> Result<Self, FabricError> {
        let known = [("Enabled", Self::Enabled), ("Disabled", Self::Disabled)];
        let found = known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, state)| state);
        found.ok_or_else(|| FabricError::invalid_input(format!("The value {name:?} of State is not valid.")))
    }
}

/// Changes the settings of an item. The description gives a SQL database two of them more: an endpoint ignores these.
pub fn update(within: &Workspace, item: &Item, change: AuditUpdate) -> Decided<AuditSettings> {
    let mut settings = of(item);
    if let Some(state) = change.state {
        settings.state = AuditState::named(&state)?;
    }
    settings.retention_days = change.retention_days.unwrap_or(settings.retention_days);
    if item.kind == ItemKind::SQLDatabase {
        settings.audit_actions_and_groups =
            change.audit_actions_and_groups.unwrap_or(settings.audit_actions_and_groups);
        settings.predicate_expression = change.predicate_expression.unwrap_or(settings.predicate_expression);
    }
    keep(within, item, settings)
}

/// Sets what is audited.
pub fn set_groups(within: &Workspace, item: &Item, groups: Vec<String>) -> Decided<AuditSettings> {
    keep(within, item, AuditSettings { audit_actions_and_groups: groups, ..of(item) })
}

fn keep(within: &Workspace, item: &Item, settings: AuditSettings) -> Decided<AuditSettings> {
    let groups = &settings.audit_actions_and_groups;
    let is_name = |text: &String| (1..=GROUP_NAME_MAX).contains(&text.chars().count());
    let complaint = if settings.retention_days > RETENTION_DAYS_MAX {
        Some(format!("The field RetentionDays must be between 0 and {RETENTION_DAYS_MAX}."))
    } else if groups.len() > GROUPS_MAX || !groups.iter().all(is_name) {
        Some(format!("There are at most {GROUPS_MAX} groups of actions, of 1 to {GROUP_NAME_MAX} characters."))
    } else if settings.predicate_expression.chars().count() > PREDICATE_MAX {
        Some(format!("The field PredicateExpression has at most {PREDICATE_MAX} characters."))
    } else {
        None
    };
    if let Some(complaint) = complaint {
        return Err(FabricError::invalid_input(complaint));
    }
    let kept = serde_json::to_value(&settings).map_err(|_| ErrorCode::UnknownError)?;
    let kind_state: Map<String, Value> = [(AUDIT.to_owned(), kept)].into_iter().collect();
    Ok((vec![Fact::ItemExtended { workspace: within.id, id: item.id, kind_state }], settings))
}
