//! Bodies of domains, and of the tags that administrators create.

use serde::{Deserialize, Serialize};

use super::principals::{PrincipalBody, PrincipalRequest};
use super::tags::TagBody;
use super::{id, required};
use crate::fabric::domain::role::{DomainRole, DomainRoleAssignment};
use crate::fabric::domain::{ContributorsScope, Domain, DomainChange, NewDomain};
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{FabricError, State};
use crate::ids::{DomainId, LabelId, WorkspaceId};

/// A domain.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DomainBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    contributors_scope: Option<ContributorsScope>,
    id: DomainId,
    display_name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_domain_id: Option<DomainId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_label_id: Option<LabelId>,
}

impl<'a> DomainBody<'a> {
    /// Creates the body of a domain as administrators see it. Only the preview of the API shows the contributors, and
    /// only the other version shows the label.
    pub(crate) fn for_administrators(domain: &'a Domain, is_preview: bool) -> Self {
        Self {
            contributors_scope: is_preview.then_some(domain.contributors_scope),
            default_label_id: domain.default_label.filter(|_| !is_preview),
            ..Self::from(domain)
        }
    }
}

impl<'a> From<&'a Domain> for DomainBody<'a> {
    fn from(domain: &'a Domain) -> Self {
        Self {
            contributors_scope: None,
            id: domain.id,
            display_name: &domain.display_name,
            description: &domain.description,
            parent_domain_id: domain.parent,
            default_label_id: None,
        }
    }
}

/// The list of domains that administrators see. It is not paged.
#[derive(Serialize)]
pub(crate) struct DomainsResponse<'a> {
    pub(crate) domains: Vec<DomainBody<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateDomain {
    display_name: Option<String>,
    description: Option<String>,
    parent_domain_id: Option<String>,
}

impl CreateDomain {
    /// Returns the properties of the new domain.
    pub(crate) fn new_domain(self) -> Result<NewDomain, FabricError> {
        Ok(NewDomain {
            display_name: required(self.display_name, "DisplayName")?,
            description: self.description.unwrap_or_default(),
            parent: id(self.parent_domain_id, "ParentDomainId")?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateDomain {
    display_name: Option<String>,
    description: Option<String>,
    contributors_scope: Option<ContributorsScope>,
    default_label_id: Option<String>,
}

impl UpdateDomain {
    /// Returns the change of the domain.
    pub(crate) fn change(self) -> Result<DomainChange, FabricError> {
        Ok(DomainChange {
            display_name: self.display_name,
            description: self.description,
            contributors_scope: self.contributors_scope,
            default_label: id(self.default_label_id, "DefaultLabelId")?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignToDomain {
    pub(crate) domain_id: Option<String>,
}

/// The workspaces, capacities or principals of a request to assign workspaces.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignWorkspaces {
    pub(crate) workspaces_ids: Option<Vec<String>>,
    pub(crate) capacities_ids: Option<Vec<String>>,
    pub(crate) principals: Option<Vec<PrincipalRequest>>,
}

/// A workspace of a domain.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DomainWorkspace<'a> {
    id: WorkspaceId,
    display_name: &'a str,
}

impl<'a> From<&'a Workspace> for DomainWorkspace<'a> {
    fn from(workspace: &'a Workspace) -> Self {
        Self { id: workspace.id, display_name: &workspace.display_name }
    }
}

/// A request to change the principals with a role.
#[derive(Deserialize)]
pub(crate) struct ChangeRoles {
    r#type: Option<String>,
    principals: Option<Vec<PrincipalRequest>>,
}

impl ChangeRoles {
    /// Returns the role and the principals.
    pub(crate) fn parsed(self) -> Result<(DomainRole, Vec<Principal>), FabricError> {
        Ok((role(self.r#type, "Type")?, principals(self.principals.as_deref().unwrap_or_default())?))
    }
}

#[derive(Deserialize)]
pub(crate) struct SyncRoles {
    pub(crate) role: Option<String>,
}

/// Parses a required member that is a domain role.
pub(crate) fn role(name: Option<String>, field: &str) -> Result<DomainRole, FabricError> {
    let name = required(name, field)?;
    DomainRole::named(&name)
        .ok_or_else(|| FabricError::invalid_input(format!("The value {name:?} of {field} is not a domain role.")))
}

/// Parses a list of principals.
pub(crate) fn principals(requests: &[PrincipalRequest]) -> Result<Vec<Principal>, FabricError> {
    requests.iter().map(PrincipalRequest::principal).collect()
}

/// A role assignment in a domain.
#[derive(Serialize)]
pub(crate) struct DomainRoleBody<'a> {
    role: DomainRole,
    principal: PrincipalBody<'a>,
}

impl<'a> DomainRoleBody<'a> {
    pub(crate) fn new(state: &'a State, assignment: &DomainRoleAssignment) -> Self {
        Self { role: assignment.role, principal: PrincipalBody::known(state, assignment.principal) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateTags {
    pub(crate) scope: Option<TagScopeRequest>,
    pub(crate) create_tags_request: Option<Vec<TagRequest>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagRequest {
    pub(crate) display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagScopeRequest {
    r#type: Option<String>,
    domain_id: Option<String>,
}

impl TagScopeRequest {
    /// Returns the domain of the scope; `None` for the scope of the tenant.
    pub(crate) fn domain(self) -> Result<Option<DomainId>, FabricError> {
        let name = required(self.r#type, "Scope.Type")?;
        match name.to_ascii_lowercase().as_str() {
            "tenant" => Ok(None),
            "domain" => super::required_id(self.domain_id, "Scope.DomainId").map(Some),
            _ => Err(FabricError::invalid_input(format!("The value {name:?} of Scope.Type is not a scope of tags."))),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct CreateTagsResponse<'a> {
    pub(crate) tags: Vec<TagBody<'a>>,
}
