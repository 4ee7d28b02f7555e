//! Details of Git providers: the repository, branch and directory of a workspace.

use serde::{Deserialize, Serialize};

use crate::fabric::FabricError;

/// The maximum length of the name of an organization, project, owner or domain, in characters (documented).
pub const OWNER_MAX: usize = 100;
/// The maximum length of the name of a repository, in characters (documented).
pub const REPOSITORY_MAX: usize = 128;
/// The maximum length of the name of a branch, in characters (documented).
pub const BRANCH_MAX: usize = 250;
/// The maximum length of the name of a directory, in characters (documented).
pub const DIRECTORY_MAX: usize = 256;
/// The end of the domains of GitHub Enterprise with data residency. Other domains are not supported (documented).
const ENTERPRISE_DOMAIN: &str = ".ghe.com";

/// A Git provider, and the owner of a repository there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Owner {
    /// A project of Azure DevOps.
    AzureDevOps {
        /// The name of the organization.
        organization_name: String,
        /// The name of the project.
        project_name: String,
    },
    /// A user or organization of GitHub.
    GitHub {
        /// The name of the owner.
        owner_name: String,
        /// The domain of GitHub Enterprise; `None` for `github.com`.
        custom_domain_name: Option<String>,
    },
}

/// The name of a repository with its owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryName {
    /// The owner.
    pub owner: Owner,
    /// The name of the repository.
    pub name: String,
}

/// The repository, branch and directory of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderDetails {
    /// The repository.
    pub repository: RepositoryName,
    /// The name of the branch.
    pub branch: String,
    /// The name of the directory, as the request has it. Empty or `/` for the root.
    pub directory: String,
}

/// The member `gitProviderDetails` of a request. `None` stands for an absent member.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderRequest {
    /// The provider: `AzureDevOps` or `GitHub`.
    pub git_provider_type: Option<String>,
    /// The organization in Azure DevOps.
    pub organization_name: Option<String>,
    /// The project in Azure DevOps.
    pub project_name: Option<String>,
    /// The owner in GitHub.
    pub owner_name: Option<String>,
    /// The domain of GitHub Enterprise.
    pub custom_domain_name: Option<String>,
    /// The repository.
    pub repository_name: Option<String>,
    /// The branch.
    pub branch_name: Option<String>,
    /// The directory.
    pub directory_name: Option<String>,
}

impl ProviderRequest {
    /// Checks the details of a connection.
    pub fn details(self) -> Result<ProviderDetails, FabricError> {
        let branch = required("BranchName", self.branch_name.clone(), BRANCH_MAX)?;
        let directory = self.directory_name.clone().ok_or_else(|| missing("DirectoryName"))?;
        if directory.chars().count() > DIRECTORY_MAX || directory.chars().any(char::is_control) {
            return Err(too_long("DirectoryName", DIRECTORY_MAX));
        }
        Ok(ProviderDetails { repository: self.repository()?, branch, directory })
    }

    /// Checks the name of a repository and its owner.
    pub fn repository(self) -> Result<RepositoryName, FabricError> {
        let provider = self.git_provider_type.ok_or_else(|| missing("GitProviderType"))?;
        let owner = if provider.eq_ignore_ascii_case("AzureDevOps") {
            Owner::AzureDevOps {
                organization_name: required("OrganizationName", self.organization_name, OWNER_MAX)?,
                project_name: required("ProjectName", self.project_name, OWNER_MAX)?,
            }
        } else if provider.eq_ignore_ascii_case("GitHub") {
            let domain = self.custom_domain_name;
            if domain.as_ref().is_some_and(|name| !name.to_lowercase().ends_with(ENTERPRISE_DOMAIN)) {
                let message = format!("CustomDomainName must end with {ENTERPRISE_DOMAIN}.");
                return Err(FabricError::invalid_input(message));
            }
            let domain = domain.map(|name| required("CustomDomainName", Some(name), OWNER_MAX)).transpose()?;
            Owner::GitHub { owner_name: required("OwnerName", self.owner_name, OWNER_MAX)?, custom_domain_name: domain }
        } else {
            let message = format!("The value {provider:?} of GitProviderType is neither AzureDevOps nor GitHub.");
            return Err(FabricError::invalid_input(message));
        };
        Ok(RepositoryName { owner, name: required("RepositoryName", self.repository_name, REPOSITORY_MAX)? })
    }
}

impl RepositoryName {
    /// Returns the name in lower case. Providers compare the names of repositories without regard to case.
    pub(super) fn to_lowercase(&self) -> Self {
        let owner = match &self.owner {
            Owner::AzureDevOps { organization_name, project_name } => Owner::AzureDevOps {
                organization_name: organization_name.to_lowercase(),
                project_name: project_name.to_lowercase(),
            },
            Owner::GitHub { owner_name, custom_domain_name } => Owner::GitHub {
                owner_name: owner_name.to_lowercase(),
                custom_domain_name: custom_domain_name.as_ref().map(|name| name.to_lowercase()),
            },
        };
        Self { owner, name: self.name.to_lowercase() }
    }
}

impl ProviderDetails {
    /// Returns `true` for a directory of the same repository.
    pub(super) fn has_root_of(&self, other: &Self) -> bool {
        self.repository.to_lowercase() == other.repository.to_lowercase() && self.prefix() == other.prefix()
    }

    /// Returns the beginning of the paths of all files in the directory: empty for the root, else it ends with a slash.
    pub(super) fn prefix(&self) -> String {
        let segments: Vec<&str> = self.directory.split('/').filter(|segment| !segment.is_empty()).collect();
        if segments.is_empty() { String::new() } else { format!("{}/", segments.join("/")) }
    }
}

fn missing(field: &str) -> FabricError {
    FabricError::invalid_input(format!("The {field} field is required."))
}

fn too_long(field: &str, most: usize) -> FabricError {
    FabricError::invalid_input(format!("The field {field} must be a printable string with a maximum length of {most}."))
}

/// Rejects a name that is missing, blank or too long, or has a control character.
pub(super) fn required(field: &str, value: Option<String>, most: usize) -> Result<String, FabricError> {
    let value = value.filter(|value| !value.trim().is_empty()).ok_or_else(|| missing(field))?;
    if value.chars().count() > most || value.chars().any(char::is_control) {
        return Err(too_long(field, most));
    }
    Ok(value)
}
