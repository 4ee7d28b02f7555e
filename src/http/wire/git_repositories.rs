//! Bodies of Git repositories, for the control interface.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::git::OwnerBody;
use crate::fabric::git::digest::Digest;
use crate::fabric::git::repository::{Branch, Commit, Repository};
use crate::fabric::item::Part;
use crate::http::answer::utc;

/// A repository.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RepositoryBody<'a> {
    #[serde(flatten)]
    owner: OwnerBody<'a>,
    repository_name: &'a str,
    branches: Vec<BranchBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BranchBody<'a> {
    name: &'a str,
    head: Digest,
    commits: Vec<CommitResponse<'a>>,
    files: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CommitResponse<'a> {
    hash: Digest,
    at: String,
    comment: &'a str,
}

impl<'a> From<&'a Repository> for RepositoryBody<'a> {
    fn from(repository: &'a Repository) -> Self {
        let branches = repository.branches.iter().map(|(name, branch)| BranchBody::new(name, branch));
        Self {
            owner: OwnerBody::from(&repository.name.owner),
            repository_name: &repository.name.name,
            branches: branches.collect(),
        }
    }
}

impl<'a> BranchBody<'a> {
    fn new(name: &'a str, branch: &'a Branch) -> Self {
        let files = branch.files.iter().map(|file| (file.path.clone(), content(file))).collect();
        let commits = branch.commits.iter().map(CommitResponse::from).collect();
        Self { name, head: branch.head(), commits, files }
    }
}

impl<'a> From<&'a Commit> for CommitResponse<'a> {
    fn from(commit: &'a Commit) -> Self {
        Self { hash: commit.hash, at: utc(commit.at), comment: &commit.comment }
    }
}

/// Returns the content of a file: a text, or else bytes in Base64.
fn content(file: &Part) -> Value {
    match std::str::from_utf8(&file.payload) {
        Ok(text) => text.into(),
        Err(_) => json!({"base64": STANDARD.encode(file.payload.as_slice())}),
    }
}
