//! Pushes through the control interface. They simulate the commits of people and of other systems.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;

use super::provider::{BRANCH_MAX, ProviderRequest, required};
use super::repository::{COMMENT_MAX, PATH_MAX};
use crate::fabric::item::Part;
use crate::fabric::{Decision, FabricError, Fact, State};

/// The comment of a commit whose declaration has none.
const COMMENT: &str = "Pushed through /_emulator/git";

/// A repository, as the control interface accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RepositoryDeclaration {
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
    /// The name of the repository.
    pub repository_name: Option<String>,
    /// The branches that receive a commit. Other branches remain.
    #[serde(default)]
    pub branches: Vec<BranchDeclaration>,
}

/// A branch that receives a commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BranchDeclaration {
    /// The name.
    pub name: String,
    /// The branch of the same repository from which a new branch copies its files.
    pub from: Option<String>,
    /// The comment of the commit.
    pub comment: Option<String>,
    /// The files, by path. If the member is missing, those of the branch or of `from` remain.
    pub files: Option<BTreeMap<String, FileDeclaration>>,
    /// `true` to keep the files that are not in `files`.
    #[serde(default)]
    pub keep_other_files: bool,
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum FileDeclaration {
    /// A text.
    Text(String),
    /// Bytes.
    Bytes {
        /// The bytes in Base64.
        base64: String,
    },
}

impl FileDeclaration {
    fn decoded(self, path: &str) -> Result<Vec<u8>, FabricError> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Bytes { base64 } => STANDARD
                .decode(base64)
                .map_err(|why| FabricError::invalid_input(format!("{path}: base64 was expected: {why}"))),
        }
    }
}

/// Pushes commits. A branch whose files do not change receives none.
pub fn declare(state: &State, declared: Vec<RepositoryDeclaration>, now: Timestamp) -> Decision<()> {
    let mut repositories = state.repositories().clone();
    let mut facts = Vec::new();
    for declaration in declared {
        let branches = declaration.branches;
        let repository = ProviderRequest {
            git_provider_type: declaration.git_provider_type,
            organization_name: declaration.organization_name,
            project_name: declaration.project_name,
            owner_name: declaration.owner_name,
            custom_domain_name: declaration.custom_domain_name,
            repository_name: declaration.repository_name,
            ..ProviderRequest::default()
        };
        let repository = repository.repository()?;
        for branch in branches {
            let name = required("name", Some(branch.name.clone()), BRANCH_MAX)?;
            let comment = branch.comment.clone().unwrap_or_else(|| COMMENT.to_owned());
            let comment = required("comment", Some(comment), COMMENT_MAX)?;
            let known = repositories.branch(&repository, &name).map(|known| known.files.clone());
            let before = match (&known, &branch.from) {
                (Some(files), _) => files.clone(),
                (None, None) => Vec::new(),
                (None, Some(from)) => {
                    let missing = || FabricError::invalid_input(format!("The repository has no branch {from:?}."));
                    repositories.branch(&repository, from).ok_or_else(missing)?.files.clone()
                }
            };
            let (put, removed) = branch.changes(before)?;
            let pushed = repositories.commit((&repository, &name), put, removed, comment, now)?;
            if let Some(mut push) = pushed {
                push.is_declared = true;
                repositories.apply(push.clone());
                facts.push(Fact::GitPushed(Box::new(push)));
            }
        }
    }
    Ok((facts, ()))
}

impl BranchDeclaration {
    /// Returns the files to put and the paths to remove, so that the branch has the declared files.
    fn changes(self, before: Vec<Part>) -> Result<(Vec<Part>, Vec<String>), FabricError> {
        let Some(files) = self.files else { return Ok((before, Vec::new())) };
        let removed = before.iter().filter(|file| !self.keep_other_files && !files.contains_key(&file.path));
        let removed = removed.map(|file| file.path.clone()).collect();
        let mut put = if self.keep_other_files { before } else { Vec::new() };
        put.retain(|file| !files.contains_key(&file.path));
        for (path, file) in files {
            check_path(&path)?;
            let payload = file.decoded(&path)?;
            put.push(Part { path, payload: payload.into() });
        }
        Ok((put, removed))
    }
}

/// Rejects a path that is too long or absolute, or that has an empty segment or a control character.
fn check_path(path: &str) -> Result<(), FabricError> {
    let is_segment = |segment: &str| !segment.is_empty() && segment != "." && segment != "..";
    let fits = path.chars().count() <= PATH_MAX && !path.chars().any(char::is_control);
    if fits && path.split('/').all(is_segment) {
        return Ok(());
    }
    let shown: String = path.chars().take(60).collect();
    Err(FabricError::invalid_input(format!("The path {shown:?} of a file is not valid.")))
}
