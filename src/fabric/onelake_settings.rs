//! The OneLake settings of a workspace: diagnostics, the retention of diagnostic logs, the default tier, the tracking of
//! access times and the lifecycle policy. They are kept and shown, but have no effect, because there is no data
//! (docs/fidelity.md#onelake-settings).

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fabric::item::ItemKind;
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::weight::weight;
use crate::fabric::workspace::{Workspace, WorkspaceType};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{ItemId, WorkspaceId};

/// The maximum retention of diagnostic logs, in days (documented for Azure Storage).
pub const RETENTION_DAYS_MAX: u32 = 146_000;
/// The maximum number of rules of a lifecycle policy (documented for Azure Storage).
pub const RULES_MAX: usize = 100;
/// The maximum number of prefixes of a rule (documented for Azure Storage).
pub const PREFIXES_MAX: usize = 10;
/// The maximum length of the name of a rule, in characters (documented for Azure Storage).
pub const RULE_NAME_MAX: usize = 256;
/// The approximate maximum size of a lifecycle policy in memory, in bytes (guessed).
pub const POLICY_MAX: usize = 256 << 10;
/// The actions that OneLake does not support (documented).
const UNSUPPORTED_ACTIONS: [&str; 2] = ["delete", "tierToArchive"];

/// The OneLake settings of a workspace.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OneLakeSettings {
    /// `true` if diagnostics are enabled.
    pub has_diagnostics: bool,
    /// The lakehouse for the diagnostic logs. It remains when diagnostics are disabled.
    pub destination: Option<Destination>,
    /// The retention of the diagnostic logs that the workspace stores, in days.
    pub retention_days: Option<u32>,
    /// The default tier.
    pub default_tier: AccessTier,
    /// `true` if reads and writes update the last access time of files.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tracks_access_time: bool,
    /// The lifecycle policy; `None` if there is none.
    pub policy: Option<LifecyclePolicy>,
}

/// The lakehouse for diagnostic logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The lakehouse.
    pub item: ItemId,
}

/// A request to change the destination of diagnostic logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationChange {
    /// The destination remains.
    Keep,
    /// There is no destination any more.
    Remove,
    /// The destination is this lakehouse.
    Set(Destination),
}

/// An access tier. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum AccessTier {
    /// Highest costs of storage, lowest of access.
    #[default]
    Hot,
    /// Lower costs of storage, higher of access.
    Cool,
    /// Lowest costs of storage, highest of access.
    Cold,
}

impl AccessTier {
    /// Returns the tier with this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "Hot" => Some(Self::Hot),
            "Cool" => Some(Self::Cool),
            "Cold" => Some(Self::Cold),
            _ => None,
        }
    }
}

/// A lifecycle policy. It has at least one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LifecyclePolicy {
    /// The rules, as they were imported.
    pub rules: Vec<Map<String, Value>>,
    /// The instant of the import.
    pub modified_at: Timestamp,
}

impl LifecyclePolicy {
    /// Returns `true` if one of the rules is enabled, as a rule is unless it says otherwise.
    pub fn is_active(&self) -> bool {
        self.rules.iter().any(|rule| rule.get("enabled") != Some(&Value::Bool(false)))
    }
}

/// Enables or disables the diagnostics of a workspace.
pub fn modify_diagnostics(
    state: &State,
    workspace: &Workspace,
    enable: bool,
    change: DestinationChange,
    caller: Principal,
    now: Timestamp,
) -> Decision<()> {
    if workspace.kind == WorkspaceType::Personal {
        return Err(FabricError::new(ErrorCode::SettingsNotAllowedOnWorkspace).about("Workspace", workspace.id));
    }
    let before = workspace.onelake_settings();
    let destination = match change {
        DestinationChange::Keep => before.destination,
        DestinationChange::Remove => None,
        DestinationChange::Set(destination) => Some(destination),
    };
    match destination {
        None if enable => return Err(ErrorCode::RequiredDestination.into()),
        Some(destination) if enable => destination.check(state, workspace, caller, now)?,
        _ => {}
    }
    changed(workspace, OneLakeSettings { has_diagnostics: enable, destination, ..before.clone() })
}

/// Sets the retention of the diagnostic logs that a workspace stores. It can only be extended (documented).
pub fn modify_immutability(state: &State, workspace: &Workspace, days: u32) -> Decision<()> {
    let stores_logs = |other: &Workspace| {
        let settings = other.onelake_settings();
        settings.has_diagnostics && settings.destination.is_some_and(|at| at.workspace == workspace.id)
    };
    if !state.workspaces().values().any(stores_logs) {
        return Err(FabricError::new(ErrorCode::WorkspaceNotSupported)
            .message("The workspace stores no diagnostic logs of other workspaces.")
            .about("Workspace", workspace.id));
    }
    if !(1..=RETENTION_DAYS_MAX).contains(&days) {
        return Err(FabricError::invalid_input(format!(
            "RetentionDays is {days}: expected 1 to {RETENTION_DAYS_MAX}."
        )));
    }
    let before = workspace.onelake_settings();
    if before.retention_days.is_some_and(|set| days < set) {
        let code = ErrorCode::RetentionDaysReductionNotAllowed;
        let refused = FabricError::new(ErrorCode::BadRequest).detail(code, code.message());
        return Err(refused.about("Workspace", workspace.id));
    }
    changed(workspace, OneLakeSettings { retention_days: Some(days), ..before.clone() })
}

/// Sets the default tier of a workspace.
pub fn modify_default_tier(workspace: &Workspace, default_tier: AccessTier) -> Decision<()> {
    workspace.check_lifecycle()?;
    changed(workspace, OneLakeSettings { default_tier, ..workspace.onelake_settings().clone() })
}

/// Enables or disables the tracking of the last access to files.
pub fn modify_access_time_tracking(workspace: &Workspace, enable: bool) -> Decision<()> {
    workspace.check_lifecycle()?;
    changed(workspace, OneLakeSettings { tracks_access_time: enable, ..workspace.onelake_settings().clone() })
}

/// Replaces the lifecycle policy of a workspace. Without rules, the policy is deleted.
pub fn import_policy(workspace: &Workspace, rules: Vec<Map<String, Value>>, now: Timestamp) -> Decision<()> {
    workspace.check_lifecycle()?;
    check_rules(&rules)?;
    let policy = (!rules.is_empty()).then_some(LifecyclePolicy { rules, modified_at: now });
    changed(workspace, OneLakeSettings { policy, ..workspace.onelake_settings().clone() })
}

/// Returns the lifecycle policy of a workspace. Rejects a workspace without one.
pub fn policy(workspace: &Workspace) -> Result<&LifecyclePolicy, FabricError> {
    workspace.check_lifecycle()?;
    let policy = workspace.onelake_settings().policy.as_ref();
    policy.ok_or_else(|| FabricError::new(ErrorCode::PolicyNotFound).about("Workspace", workspace.id))
}

fn changed(workspace: &Workspace, settings: OneLakeSettings) -> Decision<()> {
    let is_unchanged = *workspace.onelake_settings() == settings;
    let fact = Fact::OneLakeSettingsChanged { workspace: workspace.id, settings: Box::new(settings) };
    Ok((if is_unchanged { Vec::new() } else { vec![fact] }, ()))
}

impl Workspace {
    fn check_lifecycle(&self) -> Result<(), FabricError> {
        match self.kind {
            WorkspaceType::Workspace => Ok(()),
            WorkspaceType::Personal => {
                Err(FabricError::new(ErrorCode::LifecycleNotAllowedForMyWorkspace).about("Workspace", self.id))
            }
        }
    }
}

impl Destination {
    /// Rejects a lakehouse that does not exist, in which the caller cannot write, or on another capacity than `source`.
    fn check(self, state: &State, source: &Workspace, caller: Principal, now: Timestamp) -> Result<(), FabricError> {
        let missing = || FabricError::new(ErrorCode::DestinationWorkspaceNotFound).about("Workspace", self.workspace);
        let within = state.workspace(self.workspace).map_err(|_| missing())?;
        if !within.has_role(caller, Role::Contributor) {
            return Err(match within.role_of(caller) {
                Some(_) => FabricError::new(ErrorCode::UserNotAuthorizedDestinationItem).about("Workspace", within.id),
                None => missing(),
            });
        }
        within
            .item_of(ItemKind::Lakehouse, self.item, now)
            .map_err(|_| FabricError::new(ErrorCode::DestinationItemNotFound).about("Item", self.item))?;
        if within.capacity != source.capacity {
            return Err(FabricError::new(ErrorCode::WorkspaceNotInSameCapacity).about("Workspace", within.id));
        }
        Ok(())
    }
}

/// Rejects rules that Azure Storage or OneLake do not accept.
fn check_rules(rules: &[Map<String, Value>]) -> Result<(), FabricError> {
    if rules.len() > RULES_MAX {
        return Err(FabricError::invalid_input(format!("A lifecycle policy has at most {RULES_MAX} rules.")));
    }
    if weight(rules) > POLICY_MAX {
        return Err(FabricError::invalid_input(format!("A lifecycle policy has at most {POLICY_MAX} bytes.")));
    }
    let mut names = HashSet::new();
    for rule in rules {
        let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
        check_rule(rule, name).map_err(|reason| FabricError::invalid_input(format!("The rule {name:?} {reason}.")))?;
        if !names.insert(name) {
            return Err(FabricError::invalid_input(format!("The rule {name:?} occurs more than once.")));
        }
    }
    Ok(())
}

/// Returns what is wrong with a rule.
fn check_rule(rule: &Map<String, Value>, name: &str) -> Result<(), String> {
    if name.is_empty() || name.chars().count() > RULE_NAME_MAX {
        return Err(format!("does not have a name of 1 to {RULE_NAME_MAX} characters"));
    }
    if rule.get("type").and_then(Value::as_str) != Some("Lifecycle") {
        return Err("does not have the type Lifecycle".to_owned());
    }
    if rule.get("enabled").is_some_and(|enabled| !enabled.is_boolean()) {
        return Err("has a member enabled that is not a boolean".to_owned());
    }
    let part = |name: &str| rule.get("definition").and_then(|definition| definition.get(name)?.as_object());
    let actions = part("actions").filter(|actions| !actions.is_empty()).ok_or("has no actions")?;
    for (target, action) in actions {
        let action = action.as_object().filter(|action| !action.is_empty());
        let action = action.ok_or_else(|| format!("has no action for {target}"))?;
        if let Some(unsupported) = UNSUPPORTED_ACTIONS.iter().find(|name| action.contains_key(**name)) {
            return Err(format!("has the action {unsupported}, which OneLake does not support"));
        }
    }
    let Some(filters) = part("filters") else { return Ok(()) };
    if filters.contains_key("blobIndexMatch") {
        return Err("has the filter blobIndexMatch, which OneLake does not support".to_owned());
    }
    let is_list = |value: &Value, most| {
        value.as_array().is_some_and(|texts| texts.len() <= most && texts.iter().all(Value::is_string))
    };
    if filters.get("prefixMatch").is_some_and(|prefixes| !is_list(prefixes, PREFIXES_MAX)) {
        return Err(format!("has a filter prefixMatch that is not a list of at most {PREFIXES_MAX} prefixes"));
    }
    if !filters.get("blobTypes").is_some_and(|types| is_list(types, PREFIXES_MAX)) {
        return Err("has filters without blobTypes".to_owned());
    }
    Ok(())
}
