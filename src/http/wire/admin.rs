//! Bodies of workspaces and items as administrators see them.

use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Continuation;
use super::principals::PrincipalBody;
use super::tags::{AppliedTag, applied};
use crate::fabric::State;
use crate::fabric::encryption::EncryptionStatus;
use crate::fabric::item::permission::{ItemPermission, additional_permissions, permissions};
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::role::{Role, RoleAssignment};
use crate::fabric::workspace::{Workspace, WorkspaceType};
use crate::http::answer::zoneless;
use crate::ids::{CapacityId, DomainId, FolderId, ItemId, WorkspaceId};

/// A page of a list whose elements are in a member with its own name. The last page has no continuation members.
pub(crate) struct NamedList<T> {
    pub(crate) name: &'static str,
    pub(crate) elements: Vec<T>,
    pub(crate) continuation: Option<Continuation>,
}

impl<T: Serialize> Serialize for NamedList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.name, &self.elements)?;
        if let Some(Continuation { token, uri }) = &self.continuation {
            map.serialize_entry("continuationUri", uri)?;
            map.serialize_entry("continuationToken", token)?;
        }
        map.end()
    }
}

/// A workspace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdminWorkspace<'a> {
    id: WorkspaceId,
    name: &'a str,
    r#type: WorkspaceType,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_id: Option<CapacityId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain_id: Option<DomainId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<AppliedTag<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption: Option<EncryptionDetails<'a>>,
}

/// The encryption of a workspace. While it changes, the body also has the key and the status before the change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EncryptionDetails<'a> {
    status: EncryptionStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_identifier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_status: Option<EncryptionStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_key_identifier: Option<&'a str>,
}

impl<'a> AdminWorkspace<'a> {
    pub(crate) fn new(state: &'a State, workspace: &'a Workspace) -> Self {
        Self {
            id: workspace.id,
            name: &workspace.display_name,
            r#type: workspace.kind,
            state: "Active",
            capacity_id: workspace.capacity,
            domain_id: workspace.domain,
            tags: applied(state, &workspace.tags),
            encryption: None,
        }
    }

    /// Adds the encryption of the workspace at `now`.
    pub(crate) fn with_encryption(self, workspace: &'a Workspace, now: Timestamp) -> Self {
        let encryption = workspace.encryption();
        let previous = encryption.filter(|encryption| now < encryption.completed_at);
        let previous = previous.and_then(|encryption| encryption.previous.as_deref());
        let details = EncryptionDetails {
            status: workspace.encryption_status(now),
            key_identifier: encryption.and_then(|encryption| encryption.key.as_deref()),
            previous_status: previous.map(|_| EncryptionStatus::Active),
            previous_key_identifier: previous,
        };
        Self { encryption: Some(details), ..self }
    }
}

/// The principals with access to a workspace or an item. The list is not paged.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessDetails<T> {
    pub(crate) access_details: Vec<T>,
}

/// The access of a principal to a workspace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkspaceAccess<'a> {
    principal: PrincipalBody<'a>,
    workspace_access_details: WorkspaceAccessDetails,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkspaceAccessDetails {
    r#type: WorkspaceType,
    workspace_role: Role,
}

impl<'a> WorkspaceAccess<'a> {
    pub(crate) fn new(state: &'a State, workspace: &Workspace, assignment: &RoleAssignment) -> Self {
        Self {
            principal: PrincipalBody::known(state, assignment.principal),
            workspace_access_details: WorkspaceAccessDetails {
                r#type: workspace.kind,
                workspace_role: assignment.role,
            },
        }
    }
}

/// An item.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdminItem<'a> {
    id: ItemId,
    r#type: ItemKind,
    name: &'a str,
    description: &'a str,
    state: &'static str,
    last_updated_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator_principal: Option<PrincipalBody<'a>>,
    workspace_id: WorkspaceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_id: Option<CapacityId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder_id: Option<FolderId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<AppliedTag<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_identity: Option<PrincipalBody<'a>>,
}

impl<'a> AdminItem<'a> {
    pub(crate) fn new(state: &'a State, workspace: &'a Workspace, item: &'a Item) -> Self {
        let known = |principal| PrincipalBody::known(state, principal);
        Self {
            id: item.id,
            r#type: item.kind,
            name: &item.display_name,
            description: &item.description,
            state: "Active",
            last_updated_date: zoneless(item.last_updated()),
            creator_principal: item.creator.map(known),
            workspace_id: workspace.id,
            capacity_id: workspace.capacity,
            folder_id: item.folder,
            tags: applied(state, &item.tags),
            default_identity: item.default_identity.map(known),
        }
    }
}

/// The permissions on an item.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemAccessDetails {
    r#type: ItemKind,
    permissions: &'static [ItemPermission],
    additional_permissions: &'static [&'static str],
}

impl ItemAccessDetails {
    fn new(kind: ItemKind, role: Role) -> Self {
        let (permissions, additional_permissions) = (permissions(role), additional_permissions(kind, role));
        Self { r#type: kind, permissions, additional_permissions }
    }
}

/// The access of a principal to an item.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemAccess<'a> {
    principal: PrincipalBody<'a>,
    item_access_details: ItemAccessDetails,
}

impl<'a> ItemAccess<'a> {
    pub(crate) fn new(state: &'a State, item: &Item, assignment: &RoleAssignment) -> Self {
        Self {
            principal: PrincipalBody::known(state, assignment.principal),
            item_access_details: ItemAccessDetails::new(item.kind, assignment.role),
        }
    }
}

/// An item to which a user has access.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessEntity<'a> {
    id: ItemId,
    display_name: &'a str,
    category: &'static str,
    item_access_details: ItemAccessDetails,
}

impl<'a> AccessEntity<'a> {
    pub(crate) fn new(item: &'a Item, role: Role) -> Self {
        Self {
            id: item.id,
            display_name: &item.display_name,
            category: "Item",
            item_access_details: ItemAccessDetails::new(item.kind, role),
        }
    }
}
