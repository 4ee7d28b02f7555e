//! The Git repositories of a tenant: branches, their commits, and the files of their last commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::provider::{ProviderDetails, RepositoryName};
use crate::fabric::item::Part;
use crate::fabric::{ErrorCode, FabricError, Fact, State, as_list};

/// The maximum number of repositories in a tenant.
pub const REPOSITORIES_MAX: usize = 100;
/// The maximum number of branches of a repository.
pub const BRANCHES_MAX: usize = 100;
/// The maximum number of files of a branch.
pub const FILES_MAX: usize = 20_000;
/// The maximum size of the files of a branch, in bytes.
pub const BRANCH_BYTES_MAX: usize = 64 << 20;
/// The number of commits that a branch keeps. Older commits are dropped.
pub const COMMITS_MAX: usize = 100;
/// The maximum length of the path of a file, in characters.
pub const PATH_MAX: usize = 1_024;
/// The maximum length of the comment of a commit, in characters (documented).
pub const COMMENT_MAX: usize = 300;
/// The comment of the commit that creates a branch.
const FIRST_COMMENT: &str = "Initial commit";

/// The repositories of a tenant. Names of repositories are compared without regard to case, names of branches with regard
/// to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Repositories(#[serde(with = "as_list")] BTreeMap<RepositoryName, Repository>);

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// The name, in the case in which it was first given.
    pub name: RepositoryName,
    /// `true` if the control interface has pushed to the repository. A connection then creates no branch.
    pub is_declared: bool,
    /// The branches. Copies of a tenant share equal branches.
    pub branches: BTreeMap<String, Arc<Branch>>,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// The last commits, oldest first. A branch has at least one.
    pub commits: Vec<Commit>,
    /// The files of the last commit, sorted by path.
    pub files: Vec<Part>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    /// The hash.
    pub hash: Digest,
    /// The instant.
    pub at: Timestamp,
    /// The comment.
    pub comment: String,
}

/// A push of one commit to a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Push {
    /// The repository.
    pub repository: RepositoryName,
    /// The name of the branch.
    pub branch: String,
    /// The commit.
    pub commit: Commit,
    /// The files that the commit adds or changes.
    pub put: Vec<Part>,
    /// The paths of the files that the commit deletes.
    pub removed: Vec<String>,
    /// `true` if the control interface pushed the commit.
    pub is_declared: bool,
}

impl Repositories {
    /// Returns `true` if there is no repository.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all repositories, sorted by name.
    pub fn values(&self) -> impl Iterator<Item = &Repository> {
        self.0.values()
    }

    /// Returns a repository.
    pub fn get(&self, name: &RepositoryName) -> Option<&Repository> {
        self.0.get(&name.to_lowercase())
    }

    /// Returns a branch of a repository.
    pub fn branch(&self, repository: &RepositoryName, name: &str) -> Option<&Branch> {
        self.get(repository)?.branches.get(name).map(Arc::as_ref)
    }

    /// Applies a push.
    pub(in crate::fabric) fn apply(&mut self, push: Push) {
        let Push { repository, branch, commit, put, removed, is_declared } = push;
        let of_repository = self.0.entry(repository.to_lowercase()).or_insert_with(|| Repository {
            name: repository,
            is_declared: false,
            branches: BTreeMap::new(),
        });
        of_repository.is_declared |= is_declared;
        let empty = || Arc::new(Branch { commits: Vec::new(), files: Vec::new() });
        let branch = Arc::make_mut(of_repository.branches.entry(branch).or_insert_with(empty));
        branch.commits.push(commit);
        let surplus = branch.commits.len().saturating_sub(COMMITS_MAX);
        branch.commits.drain(..surplus);
        let mut files = branch.by_path();
        removed.iter().for_each(|path| drop(files.remove(path)));
        files.extend(put.into_iter().map(|file| (file.path.clone(), file)));
        branch.files = files.into_values().collect();
    }

    /// Decides a commit that adds or changes the files `put` and deletes the files `removed`. Files that are equal in the
    /// branch are left out. Returns `None` if nothing changes and the branch exists.
    pub(super) fn commit(
        &self,
        to: (&RepositoryName, &str),
        mut put: Vec<Part>,
        mut removed: Vec<String>,
        comment: String,
        now: Timestamp,
    ) -> Result<Option<Push>, FabricError> {
        let (repository, name) = to;
        self.check_room(repository, name)?;
        let branch = self.branch(repository, name);
        let mut files = branch.map(Branch::by_path).unwrap_or_default();
        put.retain(|file| files.get(&file.path).is_none_or(|known| known.payload != file.payload));
        removed.retain(|path| files.contains_key(path));
        if branch.is_some() && put.is_empty() && removed.is_empty() {
            return Ok(None);
        }
        removed.iter().for_each(|path| drop(files.remove(path)));
        files.extend(put.iter().map(|file| (file.path.clone(), file.clone())));
        let size: usize = files.values().map(|file| file.path.len() + file.payload.len()).sum();
        if files.len() > FILES_MAX || size > BRANCH_BYTES_MAX {
            let message = format!("A branch has at most {FILES_MAX} files and {BRANCH_BYTES_MAX} bytes.");
            return Err(FabricError::invalid_input(message));
        }
        let parent = branch.map(Branch::head);
        let hash = hash(parent, &put, &removed, &comment, now);
        let commit = Commit { hash, at: now, comment };
        let (repository, branch) = (repository.clone(), name.to_owned());
        Ok(Some(Push { repository, branch, commit, put, removed, is_declared: false }))
    }

    /// Rejects a new repository or branch that would exceed the maximum.
    fn check_room(&self, repository: &RepositoryName, branch: &str) -> Result<(), FabricError> {
        match self.get(repository) {
            None if self.0.len() >= REPOSITORIES_MAX => {
                Err(FabricError::invalid_input(format!("A tenant has at most {REPOSITORIES_MAX} Git repositories.")))
            }
            Some(known) if known.branches.len() >= BRANCHES_MAX && !known.branches.contains_key(branch) => {
                Err(FabricError::invalid_input(format!("A Git repository has at most {BRANCHES_MAX} branches.")))
            }
            _ => Ok(()),
        }
    }
}

impl Branch {
    /// Returns the hash of the last commit.
    pub fn head(&self) -> Digest {
        self.commits.last().map_or_else(|| Digest::of([]), |commit| commit.hash)
    }

    fn by_path(&self) -> BTreeMap<String, Part> {
        self.files.iter().map(|file| (file.path.clone(), file.clone())).collect()
    }

    /// Rejects a directory without files, if the repository was declared. A directory without files does not exist in Git
    /// (told).
    pub(super) fn check_directory(&self, state: &State, provider: &ProviderDetails) -> Result<(), FabricError> {
        let is_declared = state.repositories().get(&provider.repository).is_some_and(|it| it.is_declared);
        let prefix = provider.prefix();
        if !is_declared || prefix.is_empty() || self.files.iter().any(|file| file.path.starts_with(&prefix)) {
            return Ok(());
        }
        Err(ErrorCode::GitProviderResourceNotFound.into())
    }
}

/// Returns the fact that creates a missing branch without files. Rejects a branch of a declared repository.
pub(super) fn create_branch(state: &State, provider: &ProviderDetails, now: Timestamp) -> Result<Fact, FabricError> {
    let repositories = state.repositories();
    let missing = || FabricError::from(ErrorCode::GitProviderResourceNotFound);
    if repositories.get(&provider.repository).is_some_and(|repository| repository.is_declared) {
        return Err(missing());
    }
    let to = (&provider.repository, provider.branch.as_str());
    let push = repositories.commit(to, Vec::new(), Vec::new(), FIRST_COMMENT.to_owned(), now)?;
    push.map(|push| Fact::GitPushed(Box::new(push))).ok_or_else(missing)
}

fn hash(parent: Option<Digest>, put: &[Part], removed: &[String], comment: &str, now: Timestamp) -> Digest {
    let parent = parent.map(|parent| parent.to_string()).unwrap_or_default();
    let now = now.to_string();
    let head = [parent.as_bytes(), comment.as_bytes(), now.as_bytes()];
    let put = put.iter().flat_map(|file| [b"put".as_slice(), file.path.as_bytes(), file.payload.as_slice()]);
    let removed = removed.iter().flat_map(|path| [b"removed".as_slice(), path.as_bytes()]);
    Digest::of(head.into_iter().chain(put).chain(removed))
}
