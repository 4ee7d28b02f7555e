//! OneLake data access roles of an item. They are kept and shown, but have no effect, because the emulator has no data
//! (docs/fidelity.md#data-access-roles).

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Item, ItemKind};
use crate::fabric::name::Folded;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact};

/// The maximum number of roles of an item (documented for the portal).
pub const ROLES_MAX: usize = 250;
/// The maximum number of members of a role, and of its rules, paths, actions, constraints and columns together
/// (documented for the portal: 500 members and 500 permissions).
pub const ENTRIES_MAX: usize = 500;
/// The maximum length of the name of a role, in characters (documented for the portal).
pub const NAME_MAX: usize = 128;
/// The maximum length of any other text of a role, in characters (guessed).
pub const TEXT_MAX: usize = 1_024;

/// A data access role. It has the members that Fabric's API describes, so that it can be stored as it was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataAccessRole {
    /// The name, unique in the item without regard to case.
    pub name: String,
    #[serde(default)]
    kind: RoleKind,
    decision_rules: Vec<DecisionRule>,
    #[serde(default)]
    members: Members,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum RoleKind {
    #[default]
    Policy,
}

/// What a role permits, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct DecisionRule {
    #[serde(default)]
    effect: Effect,
    permission: Vec<PermissionScope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constraints: Option<Constraints>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Effect {
    #[default]
    Permit,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PermissionScope {
    attribute_name: Attribute,
    attribute_value_included_in: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Attribute {
    Path,
    Action,
}

/// The columns and rows that a rule permits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Constraints {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<ColumnConstraint>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<RowConstraint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ColumnConstraint {
    table_path: String,
    column_names: Vec<String>,
    column_effect: Effect,
    column_action: Vec<ColumnAction>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum ColumnAction {
    Read,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RowConstraint {
    table_path: String,
    value: String,
}

/// The members of a role.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Members {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fabric_item_members: Vec<FabricItemMember>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    microsoft_entra_members: Vec<EntraMember>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FabricItemMember {
    item_access: Vec<ItemAccess>,
    /// The ids of a workspace and an item, with a slash in between.
    source_path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum ItemAccess {
    Read,
    Write,
    Reshare,
    Explore,
    Execute,
    ReadAll,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntraMember {
    tenant_id: Uuid,
    object_id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object_type: Option<ObjectType>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum ObjectType {
    Group,
    User,
    ServicePrincipal,
    ManagedIdentity,
}

/// What happens to a role that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConflictPolicy {
    /// The new role replaces it (the default is guessed).
    #[default]
    Overwrite,
    /// The request fails.
    Abort,
}

impl ConflictPolicy {
    /// Returns the policy with this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "Overwrite" => Some(Self::Overwrite),
            "Abort" => Some(Self::Abort),
            _ => None,
        }
    }
}

/// Returns the roles of an item.
///
/// # Errors
///
/// Returns `OperationNotSupportedForItem` for an item whose kind has no data access roles.
pub fn roles<'a>(workspace: &Workspace, item: &'a Item) -> Result<Cow<'a, [DataAccessRole]>, FabricError> {
    check_kind(item)?;
    Ok(match &item.data_access_roles {
        Some(roles) => Cow::Borrowed(roles.as_slice()),
        None => Cow::Owned(vec![default_reader(workspace, item)]),
    })
}

/// Returns the role that an item has before its roles are set: all who may read all of the item may read its data.
fn default_reader(workspace: &Workspace, item: &Item) -> DataAccessRole {
    let scope = |attribute_name, value: &str| PermissionScope {
        attribute_name,
        attribute_value_included_in: vec![value.to_owned()],
    };
    let member = FabricItemMember {
        item_access: vec![ItemAccess::ReadAll],
        source_path: format!("{}/{}", workspace.id, item.id),
    };
    DataAccessRole {
        name: "DefaultReader".to_owned(),
        kind: RoleKind::Policy,
        decision_rules: vec![DecisionRule {
            effect: Effect::Permit,
            permission: vec![scope(Attribute::Path, "*"), scope(Attribute::Action, "Read")],
            constraints: None,
        }],
        members: Members { fabric_item_members: vec![member], microsoft_entra_members: Vec::new() },
    }
}

/// Returns the role of an item with this name, compared without regard to case.
pub fn role(workspace: &Workspace, item: &Item, name: &str) -> Result<DataAccessRole, FabricError> {
    let name = Folded::new(name);
    let found = roles(workspace, item)?.iter().find(|role| Folded::new(&role.name) == name).cloned();
    found.ok_or_else(|| ErrorCode::RoleNotFound.into())
}

/// Replaces all roles of an item. `is_current` is the condition of the request on the roles before.
pub fn set(
    workspace: &Workspace,
    item: &Item,
    roles: Vec<DataAccessRole>,
    is_current: impl FnOnce(&[DataAccessRole]) -> bool,
) -> Decision<()> {
    check_condition(is_current(&self::roles(workspace, item)?))?;
    check_all(&roles)?;
    Ok((vec![changed(workspace, item, roles)], ()))
}

/// Adds a role to an item, or replaces the role with its name. `is_current` is the condition of the request on the role
/// before. The outcome is `true` for a new role.
pub fn set_one(
    workspace: &Workspace,
    item: &Item,
    role: DataAccessRole,
    policy: ConflictPolicy,
    is_current: impl FnOnce(Option<&DataAccessRole>) -> bool,
) -> Decision<bool> {
    let mut roles = roles(workspace, item)?.into_owned();
    let name = Folded::new(&role.name);
    let index = roles.iter().position(|known| Folded::new(&known.name) == name);
    check_condition(is_current(index.map(|index| &roles[index])))?;
    match index {
        Some(_) if policy == ConflictPolicy::Abort => return Err(ErrorCode::Conflict.into()),
        Some(index) => roles[index] = role,
        None => roles.push(role),
    }
    check_all(&roles)?;
    Ok((vec![changed(workspace, item, roles)], index.is_none()))
}

/// Deletes a role of an item.
pub fn delete(workspace: &Workspace, item: &Item, name: &str) -> Decision<()> {
    let deleted = role(workspace, item, name)?;
    let mut roles = roles(workspace, item)?.into_owned();
    roles.retain(|role| *role != deleted);
    Ok((vec![changed(workspace, item, roles)], ()))
}

fn changed(workspace: &Workspace, item: &Item, roles: Vec<DataAccessRole>) -> Fact {
    Fact::DataAccessRolesChanged { workspace: workspace.id, id: item.id, roles: Arc::new(roles) }
}

/// Rejects an item whose kind has no data access roles (the kinds are documented, the code is guessed).
fn check_kind(item: &Item) -> Result<(), FabricError> {
    let has_roles = matches!(
        item.kind,
        ItemKind::Lakehouse
            | ItemKind::MirroredDatabase
            | ItemKind::MirroredAzureDatabricksCatalog
            | ItemKind::MirroredCatalog
    );
    if has_roles {
        Ok(())
    } else {
        Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id))
    }
}

fn check_condition(holds: bool) -> Result<(), FabricError> {
    if holds { Ok(()) } else { Err(ErrorCode::PreconditionFailed.into()) }
}

/// Rejects roles that are not valid, have the same name, or are too many.
fn check_all(roles: &[DataAccessRole]) -> Result<(), FabricError> {
    if roles.len() > ROLES_MAX {
        return Err(FabricError::invalid_input(format!("An item has at most {ROLES_MAX} data access roles.")));
    }
    roles.iter().try_for_each(DataAccessRole::check)?;
    let mut names: Vec<Folded> = roles.iter().map(|role| Folded::new(&role.name)).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(FabricError::invalid_input("Two data access roles have the same name."));
    }
    Ok(())
}

impl DataAccessRole {
    fn check(&self) -> Result<(), FabricError> {
        let invalid =
            |why: &str| Err(FabricError::invalid_input(format!("The data access role {:.64}: {why}.", self.name)));
        let is_name = self.name.starts_with(|c: char| c.is_ascii_alphabetic())
            && self.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name || self.name.len() > NAME_MAX {
            return invalid("its name begins with a letter, and has at most 128 letters, digits and underscores");
        }
        if self.decision_rules.is_empty() {
            return invalid("DecisionRules is required");
        }
        if !self.decision_rules.iter().all(DecisionRule::is_complete) {
            return invalid("each permission has one Path and one Action, which is Read or ReadWrite");
        }
        if self.entries() > ENTRIES_MAX || self.members.count() > ENTRIES_MAX {
            return invalid("it has too many permissions or members");
        }
        if self.texts().any(|text| text.is_empty() || text.chars().count() > TEXT_MAX) {
            return invalid("it has a text that is empty or too long");
        }
        Ok(())
    }

    fn scopes(&self) -> impl Iterator<Item = &PermissionScope> {
        self.decision_rules.iter().flat_map(|rule| &rule.permission)
    }

    fn columns(&self) -> impl Iterator<Item = &ColumnConstraint> {
        self.decision_rules.iter().flat_map(|rule| &rule.constraints).flat_map(|constraints| &constraints.columns)
    }

    fn rows(&self) -> impl Iterator<Item = &RowConstraint> {
        self.decision_rules.iter().flat_map(|rule| &rule.constraints).flat_map(|constraints| &constraints.rows)
    }

    /// Returns the number of rules, paths, actions, constraints and columns.
    fn entries(&self) -> usize {
        let scopes: usize = self.scopes().map(|scope| scope.attribute_value_included_in.len()).sum();
        let columns: usize =
            self.columns().map(|column| 1 + column.column_names.len() + column.column_action.len()).sum();
        self.decision_rules.len() + scopes + columns + self.rows().count()
    }

    /// Returns the texts without a fixed set of values, except the name.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let of_columns = self.columns().flat_map(|column| column.column_names.iter().chain([&column.table_path]));
        let of_rows = self.rows().flat_map(|row| [&row.table_path, &row.value]);
        let of_members = self.members.fabric_item_members.iter().map(|member| &member.source_path);
        self.scopes()
            .flat_map(|scope| &scope.attribute_value_included_in)
            .chain(of_columns)
            .chain(of_rows)
            .chain(of_members)
    }
}

impl DecisionRule {
    /// Returns `true` for a permission with exactly one path scope and one action scope.
    fn is_complete(&self) -> bool {
        let [one, other] = &self.permission[..] else { return false };
        let (path, action) = match (one.attribute_name, other.attribute_name) {
            (Attribute::Path, Attribute::Action) => (one, other),
            (Attribute::Action, Attribute::Path) => (other, one),
            (Attribute::Path, Attribute::Path) | (Attribute::Action, Attribute::Action) => return false,
        };
        let is_action = |action: &String| action == "Read" || action == "ReadWrite";
        !path.attribute_value_included_in.is_empty()
            && !action.attribute_value_included_in.is_empty()
            && action.attribute_value_included_in.iter().all(is_action)
    }
}

impl Members {
    /// Returns the number of members, and of the item accesses that they name.
    fn count(&self) -> usize {
        let accesses: usize = self.fabric_item_members.iter().map(|member| 1 + member.item_access.len()).sum();
        accesses + self.microsoft_entra_members.len()
    }
}
