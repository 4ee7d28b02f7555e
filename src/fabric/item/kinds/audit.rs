//! Audit settings of SQL endpoints and SQL databases: stored and shown. Nothing is audited (docs/fidelity.md#sql-endpoints).

use serde::{Deserialize, Serialize};

use super::{ItemKind, KindChange, KindState};
use crate::fabric::item::Item;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, FabricError, Fact};

/// Days that a log can be kept at most.
const RETENTION_DAYS_MAX: u32 = 3_285;
/// Groups of actions at most (guessed).
const GROUPS_MAX: usize = 100;
/// Characters of a group's name at most (guessed).
const GROUP_NAME_MAX: usize = 128;
/// Characters of a predicate at most.
const PREDICATE_MAX: usize = 3_000;
/// Groups of actions that are audited by default.
const GROUPS: [&str; 3] =
    ["BATCH_COMPLETED_GROUP", "FAILED_DATABASE_AUTHENTICATION_GROUP", "SUCCESSFUL_DATABASE_AUTHENTICATION_GROUP"];

/// Audit settings of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditSettings {
    /// `Enabled` or `Disabled`.
    pub state: AuditState,
    /// Days that a log is kept; 0: forever.
    pub retention_days: u32,
    /// Groups of actions that are audited.
    pub audit_actions_and_groups: Vec<String>,
    /// Condition on the entries that are kept; SQL databases only.
    pub predicate_expression: String,
}

/// State of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditState {
    /// Actions are audited.
    Enabled,
    /// Nothing is audited.
    Disabled,
}

/// An update of audit settings; members that are `None` stay as they are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditUpdate {
    /// State of the audit; its case does not matter.
    pub state: Option<String>,
    /// Days that a log is kept.
    pub retention_days: Option<u32>,
    /// Groups of actions that are audited.
    pub audit_actions_and_groups: Option<Vec<String>>,
    /// Condition on the entries that are kept.
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

impl AuditSettings {
    /// Their size in memory, roughly, in bytes.
    pub(super) fn weight(&self) -> usize {
        let groups = self.audit_actions_and_groups.iter().map(|group| size_of::<String>() + group.len());
        groups.sum::<usize>() + self.predicate_expression.len()
    }
}

/// Returns the audit settings of an item.
pub fn of(item: &Item) -> AuditSettings {
    match &item.kind_state {
        KindState::SqlDatabase { audit: Some(settings) } | KindState::SqlEndpoint { audit: Some(settings) } => {
            settings.clone()
        }
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

/// Changes the settings of an item. The description gives two members to SQL databases only: an endpoint ignores them.
pub fn update(within: &Workspace, item: &Item, change: AuditUpdate) -> Decision<AuditSettings> {
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

/// Sets the groups of actions that are audited.
pub fn set_groups(within: &Workspace, item: &Item, groups: Vec<String>) -> Decision<AuditSettings> {
    keep(within, item, AuditSettings { audit_actions_and_groups: groups, ..of(item) })
}

fn keep(within: &Workspace, item: &Item, settings: AuditSettings) -> Decision<AuditSettings> {
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
    let changes = vec![KindChange::AuditSet { settings: settings.clone() }];
    Ok((vec![Fact::KindStateChanged { workspace: within.id, id: item.id, changes }], settings))
}
