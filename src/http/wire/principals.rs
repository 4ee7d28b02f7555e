//! Bodies of principals and role assignments. The control interface uses the bodies of principals for the directory.

use serde::{Deserialize, Serialize};

use super::{required, required_id};
use crate::fabric::principal::{Details, DirectoryEntry, Principal, PrincipalType};
use crate::fabric::{FabricError, State};
use crate::ids::PrincipalId;

/// A principal. Members without a value in the directory are left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrincipalBody<'a> {
    id: PrincipalId,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    r#type: PrincipalType,
    #[serde(flatten)]
    details: Option<DetailsBody<'a>>,
}

/// A request to add a role assignment.
#[derive(Deserialize)]
pub(crate) struct AddRoleAssignment {
    pub(crate) principal: Option<PrincipalRequest>,
    pub(crate) role: Option<String>,
}

/// A request to change the role of an assignment.
#[derive(Deserialize)]
pub(crate) struct UpdateRoleAssignment {
    pub(crate) role: Option<String>,
}

/// A role assignment, of a workspace or of a connection.
#[derive(Serialize)]
pub(crate) struct RoleAssignmentBody<'a, R> {
    id: PrincipalId,
    principal: PrincipalBody<'a>,
    role: R,
}

impl<'a, R> RoleAssignmentBody<'a, R> {
    /// Creates the body of an assignment with all details of the principal in the directory.
    pub(crate) fn whole(state: &'a State, principal: Principal, role: R) -> Self {
        Self { id: principal.id, principal: PrincipalBody::known(state, principal), role }
    }

    /// Creates the body of an assignment with only the id and the type of the principal.
    pub(crate) fn bare(principal: Principal, role: R) -> Self {
        Self { id: principal.id, principal: principal.into(), role }
    }
}

/// The details of a principal, in a member whose name depends on the type.
#[derive(Serialize)]
enum DetailsBody<'a> {
    #[serde(rename = "userDetails", rename_all = "camelCase")]
    User { user_principal_name: &'a str },
    #[serde(rename = "servicePrincipalDetails", rename_all = "camelCase")]
    ServicePrincipal { aad_app_id: &'a str },
    #[serde(rename = "groupDetails", rename_all = "camelCase")]
    Group { group_type: &'a str },
    #[serde(rename = "servicePrincipalProfileDetails", rename_all = "camelCase")]
    ServicePrincipalProfile { parent_principal: Box<PrincipalBody<'a>> },
}

impl<'a> PrincipalBody<'a> {
    /// Creates the body of a principal with all of its details in the directory.
    pub(crate) fn known(state: &'a State, principal: Principal) -> Self {
        state.directory().get(&principal.id).map_or_else(|| principal.into(), Self::from)
    }
}

impl From<Principal> for PrincipalBody<'_> {
    fn from(principal: Principal) -> Self {
        Self { id: principal.id, display_name: None, r#type: principal.kind, details: None }
    }
}

impl<'a> From<&'a DirectoryEntry> for PrincipalBody<'a> {
    fn from(entry: &'a DirectoryEntry) -> Self {
        let details = match &entry.details {
            Details::User { user_principal_name } => {
                user_principal_name.as_deref().map(|user_principal_name| DetailsBody::User { user_principal_name })
            }
            Details::ServicePrincipal { aad_app_id } => {
                aad_app_id.as_deref().map(|aad_app_id| DetailsBody::ServicePrincipal { aad_app_id })
            }
            Details::Group { group_type } => group_type.as_deref().map(|group_type| DetailsBody::Group { group_type }),
            Details::ServicePrincipalProfile { parent } => {
                parent.map(|parent| DetailsBody::ServicePrincipalProfile { parent_principal: Box::new(parent.into()) })
            }
            Details::EntireTenant => None,
        };
        let Principal { id, kind } = entry.principal();
        Self { id, display_name: entry.display_name.as_deref(), r#type: kind, details }
    }
}

/// A principal in a request. Role assignments use only the id and the type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrincipalRequest {
    id: Option<String>,
    display_name: Option<String>,
    r#type: Option<String>,
    user_details: Option<UserDetails>,
    service_principal_details: Option<ServicePrincipalDetails>,
    group_details: Option<GroupDetails>,
    service_principal_profile_details: Option<ServicePrincipalProfileDetails>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserDetails {
    user_principal_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServicePrincipalDetails {
    aad_app_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupDetails {
    group_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServicePrincipalProfileDetails {
    parent_principal: Option<Box<PrincipalRequest>>,
}

/// Fabric's names of the principal types.
const TYPES: &[(&str, PrincipalType)] = &[
    ("User", PrincipalType::User),
    ("ServicePrincipal", PrincipalType::ServicePrincipal),
    ("Group", PrincipalType::Group),
    ("ServicePrincipalProfile", PrincipalType::ServicePrincipalProfile),
    ("EntireTenant", PrincipalType::EntireTenant),
];

impl PrincipalRequest {
    /// Returns the id and the type of the principal.
    pub(crate) fn principal(&self) -> Result<Principal, FabricError> {
        let id = required_id(self.id.clone(), "Principal.Id")?;
        let name = required(self.r#type.as_deref(), "Principal.Type")?;
        let kind = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind);
        let kind = kind.ok_or_else(|| {
            FabricError::invalid_input(format!("The value {name:?} of Principal.Type is not a type of principal."))
        })?;
        Ok(Principal { id, kind })
    }

    /// Returns the directory entry that the request describes.
    pub(crate) fn entry(self) -> Result<DirectoryEntry, FabricError> {
        let Principal { id, kind } = self.principal()?;
        let details = match kind {
            PrincipalType::User => {
                Details::User { user_principal_name: self.user_details.and_then(|it| it.user_principal_name) }
            }
            PrincipalType::ServicePrincipal => {
                Details::ServicePrincipal { aad_app_id: self.service_principal_details.and_then(|it| it.aad_app_id) }
            }
            PrincipalType::Group => Details::Group { group_type: self.group_details.and_then(|it| it.group_type) },
            PrincipalType::ServicePrincipalProfile => {
                let parent = self.service_principal_profile_details.and_then(|it| it.parent_principal);
                Details::ServicePrincipalProfile { parent: parent.map(|it| it.principal()).transpose()? }
            }
            PrincipalType::EntireTenant => Details::EntireTenant,
        };
        Ok(DirectoryEntry { id, display_name: self.display_name, details, fabric_admin: None })
    }
}
