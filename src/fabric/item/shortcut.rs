//! Shortcuts of an item. Shortcuts are stored and returned, but their targets are never read
//! (docs/fidelity.md#shortcuts).

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Item;
use crate::fabric::operation::{self, PendingResult, Progress};
use crate::fabric::page::Position;
use crate::fabric::role::Role;
use crate::fabric::weight::weight;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};

/// The maximum number of shortcuts of an item (guessed).
pub const SHORTCUTS_MAX: usize = 1_000;
/// The maximum length of the path and of the name of a shortcut, in characters (guessed).
const PATH_MAX: usize = 400;
/// The approximate maximum size of a shortcut's target, in bytes (guessed).
const TARGET_MAX: usize = 8_192;
/// The type of a transform (documented).
const TRANSFORM: &str = "csvToDelta";
/// The duration of a reset of the cache (guessed; `Retry-After` is documented as 30 s).
const RESET_TAKES: SignedDuration = SignedDuration::from_secs(30);
/// The members that a target can have, and the `type` of a target with each member.
const TARGETS: [(&str, &str); 8] = [
    ("oneLake", "OneLake"),
    ("amazonS3", "AmazonS3"),
    ("adlsGen2", "AdlsGen2"),
    ("googleCloudStorage", "GoogleCloudStorage"),
    ("s3Compatible", "S3Compatible"),
    ("dataverse", "Dataverse"),
    ("azureBlobStorage", "AzureBlobStorage"),
    ("oneDriveSharePoint", "OneDriveSharePoint"),
];

/// The members of [`TARGETS`] that the target of a table shortcut cannot have (documented).
const NOT_OF_TABLES: [&str; 2] = ["dataverse", "oneDriveSharePoint"];
/// The path of table shortcuts (guessed; their API does not show it).
pub const TABLES: &str = "Tables";
/// The characters that the names of table shortcuts cannot have (documented).
const NOT_IN_TABLE_NAMES: [char; 9] = ['?', ':', '/', '"', ']', '[', '+', '#', '%'];

/// A shortcut of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shortcut {
    /// The path of the folder that contains the shortcut: `Files`, `Tables` or a folder in one of them.
    pub path: String,
    /// The name of the shortcut.
    pub name: String,
    /// The target: the member `type`, and the member with the details for that type.
    pub target: Map<String, Value>,
    /// The transform of the target's data, which is never applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Map<String, Value>>,
    /// `true` if queries of a table shortcut are accelerated. This has no effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_query_acceleration: bool,
    /// The position of the shortcut in lists. The position never changes.
    pub position: Position,
}

/// The policy for a new shortcut with the path and name of an existing shortcut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConflictPolicy {
    /// Rejects the new shortcut.
    #[default]
    Abort,
    /// Adds a number to the name of the new shortcut.
    GenerateUniqueName,
    /// Overwrites the existing shortcut. Creates a new shortcut if none exists.
    CreateOrOverwrite,
    /// Overwrites the existing shortcut. Rejects the new shortcut if none exists.
    OverwriteOnly,
}

impl ConflictPolicy {
    /// Returns the policy with this name, regardless of case.
    pub fn named(name: &str) -> Option<Self> {
        [
            ("Abort", Self::Abort),
            ("GenerateUniqueName", Self::GenerateUniqueName),
            ("CreateOrOverwrite", Self::CreateOrOverwrite),
            ("OverwriteOnly", Self::OverwriteOnly),
        ]
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, policy)| policy)
    }
}

/// The result of the creation of a shortcut: the shortcut, and `true` if it is new or `false` if it overwrites another
/// one.
pub type Created = (Shortcut, bool);

/// Creates or overwrites a shortcut.
pub fn create(within: &Workspace, item: &Item, new: Shortcut, policy: ConflictPolicy) -> Decision<Created> {
    let mut shortcuts = item.shortcuts.clone();
    let created = put(&mut shortcuts, new.checked()?, policy)?;
    Ok((vec![Fact::ShortcutsChanged { workspace: within.id, id: item.id, shortcuts }], created))
}

/// Creates or overwrites shortcuts, each by itself. Returns the result of each.
pub fn create_each(
    within: &Workspace,
    item: &Item,
    new: Vec<Shortcut>,
    policy: ConflictPolicy,
) -> Decision<Vec<Result<Shortcut, FabricError>>> {
    if new.len() > SHORTCUTS_MAX {
        return Err(FabricError::invalid_input(format!("A request has at most {SHORTCUTS_MAX} shortcuts.")));
    }
    let mut shortcuts = item.shortcuts.clone();
    let created = new.into_iter().map(|new| Ok(put(&mut shortcuts, new.checked()?, policy)?.0));
    let created: Vec<Result<Shortcut, FabricError>> = created.collect();
    let changed = Fact::ShortcutsChanged { workspace: within.id, id: item.id, shortcuts };
    let has_changed = created.iter().any(Result::is_ok);
    Ok((has_changed.then_some(changed).into_iter().collect(), created))
}

/// Creates a table shortcut of a KQL database.
pub fn create_of_table(within: &Workspace, item: &Item, new: Shortcut) -> Decision<Shortcut> {
    if new.name.contains(NOT_IN_TABLE_NAMES) {
        let message = "The name of a table shortcut has none of the characters ? : / \" ] [ + # %.";
        return Err(FabricError::invalid_input(message));
    }
    if let Some(member) = NOT_OF_TABLES.iter().find(|member| new.target.contains_key(**member)) {
        return Err(FabricError::invalid_input(format!("The target of a table shortcut cannot be {member}.")));
    }
    let (facts, (created, _)) = create(within, item, new, ConflictPolicy::Abort)?;
    Ok((facts, created))
}

/// Creates shortcuts to external data shares: all or none.
pub(in crate::fabric) fn create_all(within: &Workspace, item: &Item, new: Vec<Shortcut>) -> Decision<Vec<Shortcut>> {
    let mut shortcuts = item.shortcuts.clone();
    let created = new.into_iter().map(|new| Ok(put(&mut shortcuts, new, ConflictPolicy::Abort)?.0));
    let created = created.collect::<Result<_, FabricError>>()?;
    Ok((vec![Fact::ShortcutsChanged { workspace: within.id, id: item.id, shortcuts }], created))
}

/// Adds a shortcut to those of an item, or overwrites one of them.
fn put(shortcuts: &mut Vec<Shortcut>, mut new: Shortcut, policy: ConflictPolicy) -> Result<Created, FabricError> {
    new.path = new.path.trim_matches('/').to_owned();
    let top = new.path.split('/').next().unwrap_or_default();
    let is_name = !new.name.is_empty() && !new.name.contains('/') && new.name.chars().count() <= PATH_MAX;
    if !["Files", "Tables"].contains(&top) || new.path.chars().count() > PATH_MAX || !is_name {
        return Err(FabricError::invalid_input(
            "A shortcut has a path in Files or Tables, and a name without a slash.",
        ));
    }
    let exists = |name: &str| shortcuts.iter().any(|known| known.path == new.path && known.name == name);
    let replaces = match (exists(&new.name), policy) {
        (true, ConflictPolicy::Abort) => {
            return Err(FabricError::new(ErrorCode::EntityConflict).about("Shortcut", &new.name));
        }
        (false, ConflictPolicy::OverwriteOnly) => {
            return Err(FabricError::new(ErrorCode::EntityNotFound).about("Shortcut", &new.name));
        }
        (true, ConflictPolicy::GenerateUniqueName) => {
            let siblings = shortcuts.iter().filter(|known| known.path == new.path);
            let taken: HashSet<&str> = siblings.map(|known| known.name.as_str()).collect();
            let free = (1..).map(|n| format!("{} ({n})", new.name)).find(|name| !taken.contains(name.as_str()));
            new.name = free.unwrap_or_default();
            false
        }
        (exists, _) => exists,
    };
    if !replaces && shortcuts.len() >= SHORTCUTS_MAX {
        return Err(FabricError::invalid_input(format!("An item has at most {SHORTCUTS_MAX} shortcuts.")));
    }
    match shortcuts.iter_mut().find(|known| known.path == new.path && known.name == new.name) {
        Some(known) => {
            new.position = known.position;
            *known = new.clone();
        }
        None => {
            new.position = shortcuts.last().map_or(0, |last| last.position) + 1;
            shortcuts.push(new.clone());
        }
    }
    Ok((new, !replaces))
}

/// Resets the cache of the shortcuts of a workspace, as a long-running operation. Nothing is cached.
pub fn reset_cache(state: &State, workspace: &Workspace, now: Timestamp) -> (Vec<Fact>, Progress<()>) {
    let operation = operation::begin(state, workspace.id, Role::Contributor, RESET_TAKES, PendingResult::Nothing, now);
    operation.after(Vec::new())
}

impl Shortcut {
    /// Returns the shortcut to an external data share.
    pub(in crate::fabric) fn to_external_data_share(path: String, name: String, details: Map<String, Value>) -> Self {
        let target = [("type", Value::from("ExternalDataShare")), ("externalDataShare", Value::from(details))];
        let target = target.map(|(member, value)| (member.to_owned(), value)).into_iter().collect();
        Self { path, name, target, transform: None, has_query_acceleration: false, position: 0 }
    }

    /// Returns the table shortcut of a KQL database with this name, without a position.
    pub fn of_table(name: String, target: Map<String, Value>, has_query_acceleration: bool) -> Self {
        Self { path: TABLES.to_owned(), name, target, transform: None, has_query_acceleration, position: 0 }
    }

    /// Returns `true` for the shortcut of a table.
    pub fn is_of_table(&self) -> bool {
        self.path == TABLES
    }

    /// Checks the target and the transform of a new shortcut, and adds the type of the target.
    fn checked(mut self) -> Result<Self, FabricError> {
        let mut named = TARGETS.iter().filter(|(member, _)| self.target.get(*member).is_some_and(Value::is_object));
        let (Some((member, kind)), None) = (named.next(), named.next()) else {
            return Err(FabricError::invalid_input("A shortcut has exactly one target."));
        };
        let target = self.target.remove(*member).unwrap_or(Value::Null);
        if weight(&target) > TARGET_MAX {
            return Err(FabricError::invalid_input(format!(
                "The target of a shortcut has at most {TARGET_MAX} bytes."
            )));
        }
        self.target = [("type".to_owned(), Value::from(*kind)), ((*member).to_owned(), target)].into_iter().collect();
        let Some(transform) = &self.transform else { return Ok(self) };
        let is_known = transform.get("type").is_some_and(|kind| kind == TRANSFORM);
        if !is_known || !transform.get("properties").is_some_and(Value::is_object) || weight(transform) > TARGET_MAX {
            return Err(FabricError::invalid_input(format!(
                "A transform has the type {TRANSFORM}, its properties, and at most {TARGET_MAX} bytes."
            )));
        }
        Ok(self)
    }
}

/// Returns the shortcut with this path and name. Rejects a path and name without a shortcut.
pub fn find<'i>(item: &'i Item, path: &str, name: &str) -> Result<&'i Shortcut, FabricError> {
    let found = item.shortcuts.iter().find(|known| known.path == path.trim_matches('/') && known.name == name);
    found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("Shortcut", name))
}

/// Deletes a shortcut of an item.
pub fn delete(within: &Workspace, item: &Item, path: &str, name: &str) -> Decision<()> {
    let deleted = find(item, path, name)?;
    let shortcuts = item.shortcuts.iter().filter(|known| *known != deleted).cloned().collect();
    Ok((vec![Fact::ShortcutsChanged { workspace: within.id, id: item.id, shortcuts }], ()))
}
