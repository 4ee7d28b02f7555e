//! Bodies of Power BI's groups and capacities.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::capacities::administrators;
use crate::fabric::State;
use crate::fabric::capacity::{Capacity, CapacityState};
use crate::fabric::principal::PrincipalType;
use crate::fabric::role::{Role, RoleAssignment};
use crate::fabric::workspace::{Workspace, WorkspaceType};
use crate::ids::{CapacityId, WorkspaceId};

#[derive(Deserialize)]
pub(crate) struct CreateGroup {
    pub(crate) name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateGroup {
    pub(crate) name: Option<String>,
    pub(crate) default_dataset_storage_format: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignToCapacity {
    pub(crate) capacity_id: Option<String>,
}

/// A user of a group, in a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupUserRequest {
    pub(crate) email_address: Option<String>,
    pub(crate) identifier: Option<String>,
    pub(crate) principal_type: Option<String>,
    pub(crate) group_user_access_right: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupBody<'a> {
    id: WorkspaceId,
    is_read_only: bool,
    is_on_dedicated_capacity: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_id: Option<CapacityId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_dataset_storage_format: Option<&'static str>,
    r#type: WorkspaceType,
    name: &'a str,
}

impl<'a> From<&'a Workspace> for GroupBody<'a> {
    fn from(workspace: &'a Workspace) -> Self {
        Self {
            id: workspace.id,
            is_read_only: false,
            is_on_dedicated_capacity: workspace.capacity.is_some(),
            capacity_id: workspace.capacity,
            default_dataset_storage_format: workspace.capacity.map(|_| "Small"),
            r#type: workspace.kind,
            name: &workspace.display_name,
        }
    }
}

/// A group as administrators see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdminGroupBody<'a> {
    id: WorkspaceId,
    is_read_only: bool,
    is_on_dedicated_capacity: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_id: Option<CapacityId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_migration_status: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    r#type: &'static str,
    state: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<GroupUserBody<'a>>>,
}

impl<'a> AdminGroupBody<'a> {
    /// Creates the body of a workspace, with its users if `has_users`.
    pub(crate) fn new(state: &'a State, workspace: &'a Workspace, has_users: bool) -> Self {
        let users = || workspace.role_assignments().values().map(|it| GroupUserBody::new(state, it)).collect();
        Self {
            id: workspace.id,
            is_read_only: false,
            is_on_dedicated_capacity: workspace.capacity.is_some(),
            capacity_id: workspace.capacity,
            capacity_migration_status: workspace.capacity.map(|_| "Migrated"),
            description: &workspace.description,
            r#type: match workspace.kind {
                WorkspaceType::Personal => "PersonalGroup",
                WorkspaceType::Workspace => "Workspace",
            },
            state: "Active",
            name: &workspace.display_name,
            users: has_users.then(users),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupUserBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<&'a str>,
    group_user_access_right: Role,
    identifier: String,
    principal_type: &'static str,
}

impl<'a> GroupUserBody<'a> {
    /// Creates the body of a role assignment, with the details of the principal in the directory.
    pub(crate) fn new(state: &'a State, assignment: &RoleAssignment) -> Self {
        let RoleAssignment { principal, role } = assignment;
        let entry = state.directory().get(&principal.id);
        let email_address = entry.and_then(|entry| entry.user_name());
        Self {
            display_name: entry.and_then(|entry| entry.display_name.as_deref()),
            email_address,
            group_user_access_right: *role,
            identifier: email_address.map_or_else(|| principal.id.to_string(), str::to_owned),
            principal_type: match principal.kind {
                PrincipalType::User => "User",
                PrincipalType::Group => "Group",
                PrincipalType::ServicePrincipal | PrincipalType::ServicePrincipalProfile => "App",
                PrincipalType::EntireTenant => "None",
            },
        }
    }
}

/// The status of the assignment of a group to a capacity.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignmentStatusBody {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_id: Option<CapacityId>,
}

impl AssignmentStatusBody {
    /// Creates the status of the assignment of a workspace at `now`.
    pub(crate) fn new(workspace: &Workspace, now: Timestamp) -> Self {
        let status = if now < workspace.assigned_at { "InProgress" } else { "CompletedSuccessfully" };
        Self { status, capacity_id: workspace.capacity }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CapacityBody<'a> {
    id: CapacityId,
    display_name: &'a str,
    admins: Vec<String>,
    sku: &'a str,
    state: &'static str,
    region: &'a str,
    capacity_user_access_right: &'static str,
}

impl<'a> From<&'a Capacity> for CapacityBody<'a> {
    fn from(capacity: &'a Capacity) -> Self {
        Self {
            id: capacity.id,
            display_name: &capacity.display_name,
            admins: administrators(capacity),
            sku: &capacity.sku,
            state: match capacity.state {
                CapacityState::Active => "Active",
                CapacityState::Inactive => "Suspended",
            },
            region: &capacity.region,
            capacity_user_access_right: "Admin",
        }
    }
}
