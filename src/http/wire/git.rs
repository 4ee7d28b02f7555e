//! Bodies of Git integration: connections, credentials, status, commits, updates and relations.

use serde::{Deserialize, Serialize};

use super::{id, required, required_id};
use crate::fabric::FabricError;
use crate::fabric::git::GitConnection;
use crate::fabric::git::credentials::Credentials;
use crate::fabric::git::digest::Digest;
use crate::fabric::git::provider::{Owner, ProviderDetails, ProviderRequest};
use crate::fabric::git::relation::{Relation, RelationType};
use crate::fabric::git::repository::COMMENT_MAX;
use crate::fabric::git::settings::BranchRoles;
use crate::fabric::git::status::{
    ChangeType, ConflictType, GitResult, GitStatus, Initialized, ItemChange, RequiredAction,
};
use crate::fabric::git::sync::{CommitRequest, ItemIdentifier, Preference};
use crate::fabric::git::update::UpdateRequest;
use crate::fabric::item::ItemKind;
use crate::http::answer::{Answer, utc};
use crate::ids::{ConnectionId, ItemId, LogicalId, WorkspaceId, WorkspaceRelationId};

/// A request to connect a workspace.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectBody {
    pub(crate) git_provider_details: Option<ProviderRequest>,
    pub(crate) my_git_credentials: Option<CredentialsBody>,
}

/// The credentials in a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialsBody {
    source: Option<String>,
    connection_id: Option<String>,
}

impl CredentialsBody {
    pub(crate) fn credentials(self) -> Result<Credentials, FabricError> {
        let source = required(self.source, "Source")?;
        match source.to_ascii_lowercase().as_str() {
            "automatic" => Ok(Credentials::Automatic),
            "none" => Ok(Credentials::None),
            "configuredconnection" => {
                Ok(Credentials::ConfiguredConnection(required_id(self.connection_id, "ConnectionId")?))
            }
            _ => Err(FabricError::invalid_input(format!(
                "The value {source:?} of Source is none of Automatic, ConfiguredConnection, None."
            ))),
        }
    }
}

/// The credentials in a response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialsResponse {
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<ConnectionId>,
}

impl From<Credentials> for CredentialsResponse {
    fn from(credentials: Credentials) -> Self {
        let (source, connection_id) = match credentials {
            Credentials::Automatic => ("Automatic", None),
            Credentials::None => ("None", None),
            Credentials::ConfiguredConnection(id) => ("ConfiguredConnection", Some(id)),
        };
        Self { source, connection_id }
    }
}

/// The owner of a repository, with the members of its provider.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnerBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_domain_name: Option<&'a str>,
    git_provider_type: &'static str,
}

impl<'a> From<&'a Owner> for OwnerBody<'a> {
    fn from(owner: &'a Owner) -> Self {
        match owner {
            Owner::AzureDevOps { organization_name, project_name } => Self {
                organization_name: Some(organization_name),
                project_name: Some(project_name),
                owner_name: None,
                custom_domain_name: None,
                git_provider_type: "AzureDevOps",
            },
            Owner::GitHub { owner_name, custom_domain_name } => Self {
                organization_name: None,
                project_name: None,
                owner_name: Some(owner_name),
                custom_domain_name: custom_domain_name.as_deref(),
                git_provider_type: "GitHub",
            },
        }
    }
}

/// The connection of a workspace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionBody<'a> {
    git_provider_details: Option<ProviderBody<'a>>,
    git_sync_details: Option<SyncBody>,
    git_connection_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    git_connection_type: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProviderBody<'a> {
    #[serde(flatten)]
    owner: OwnerBody<'a>,
    repository_name: &'a str,
    branch_name: &'a str,
    directory_name: &'a str,
}

impl<'a> From<&'a ProviderDetails> for ProviderBody<'a> {
    fn from(details: &'a ProviderDetails) -> Self {
        Self {
            owner: OwnerBody::from(&details.repository.owner),
            repository_name: &details.repository.name,
            branch_name: &details.branch,
            directory_name: &details.directory,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SyncBody {
    head: Digest,
    last_sync_time: String,
}

impl<'a> From<Option<&'a GitConnection>> for ConnectionBody<'a> {
    fn from(connection: Option<&'a GitConnection>) -> Self {
        let sync = connection.and_then(|connection| connection.sync.as_ref());
        let synced = sync.and_then(|sync| Some(SyncBody { head: sync.head?, last_sync_time: utc(sync.at) }));
        Self {
            git_provider_details: connection.map(|connection| ProviderBody::from(&connection.provider)),
            git_sync_details: synced,
            git_connection_state: match (connection, sync) {
                (None, _) => "NotConnected",
                (Some(_), None) => "Connected",
                (Some(_), Some(_)) => "ConnectedAndInitialized",
            },
            git_connection_type: connection.map(|_| "Full"),
        }
    }
}

/// The connection of a workspace, in the list of all connections.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DiscoveredConnection<'a> {
    workspace_id: WorkspaceId,
    git_provider_details: ProviderBody<'a>,
}

impl<'a> DiscoveredConnection<'a> {
    /// Creates the body of the connection of a workspace.
    pub(crate) fn new(workspace_id: WorkspaceId, connection: &'a GitConnection) -> Self {
        Self { workspace_id, git_provider_details: ProviderBody::from(&connection.provider) }
    }
}

/// The settings of a connection.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionSettingsBody {
    additional_roles_authorized_to_change_branch: BranchRoles,
}

impl From<BranchRoles> for ConnectionSettingsBody {
    fn from(roles: BranchRoles) -> Self {
        Self { additional_roles_authorized_to_change_branch: roles }
    }
}

/// A request to change the settings of a connection.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateSettingsBody {
    additional_roles_authorized_to_change_branch: Option<String>,
}

impl UpdateSettingsBody {
    /// Returns the roles; `None` if the request does not change them.
    pub(crate) fn branch_roles(self) -> Result<Option<BranchRoles>, FabricError> {
        let Some(name) = self.additional_roles_authorized_to_change_branch else { return Ok(None) };
        BranchRoles::named(&name).map(Some).ok_or_else(|| {
            FabricError::invalid_input(format!(
                "The value {name:?} of AdditionalRolesAuthorizedToChangeBranch is neither None nor MemberAndContributor."
            ))
        })
    }
}

/// A request to initialize a connection.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitializeBody {
    initialization_strategy: Option<String>,
}

impl InitializeBody {
    pub(crate) fn strategy(&self) -> Result<Option<Preference>, FabricError> {
        match self.initialization_strategy.as_deref() {
            None => Ok(None),
            Some(name) if name.eq_ignore_ascii_case("None") => Ok(None),
            Some(name) => preference(name, "InitializationStrategy").map(Some),
        }
    }
}

fn preference(name: &str, field: &str) -> Result<Preference, FabricError> {
    match name.to_ascii_lowercase().as_str() {
        "preferremote" => Ok(Preference::Remote),
        "preferworkspace" => Ok(Preference::Workspace),
        _ => Err(FabricError::invalid_input(format!(
            "The value {name:?} of {field} is neither PreferRemote nor PreferWorkspace."
        ))),
    }
}

/// A hash in a response. The empty text stands for none.
fn head(hash: Option<Digest>) -> String {
    hash.map(|hash| hash.to_string()).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitializeResponse {
    required_action: RequiredAction,
    workspace_head: String,
    remote_commit_hash: Digest,
}

impl From<&Initialized> for InitializeResponse {
    fn from(initialized: &Initialized) -> Self {
        Self {
            required_action: initialized.required_action,
            workspace_head: head(initialized.workspace_head),
            remote_commit_hash: initialized.remote_commit,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusResponse<'a> {
    workspace_head: String,
    remote_commit_hash: Digest,
    changes: Vec<ChangeBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeBody<'a> {
    item_metadata: ItemMetadata<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_change: Option<ChangeType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_change: Option<ChangeType>,
    conflict_type: ConflictType,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemMetadata<'a> {
    item_identifier: IdentifierBody,
    item_type: ItemKind,
    display_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IdentifierBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    object_id: Option<ItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_id: Option<LogicalId>,
}

impl<'a> From<&'a GitStatus> for StatusResponse<'a> {
    fn from(status: &'a GitStatus) -> Self {
        Self {
            workspace_head: head(status.workspace_head),
            remote_commit_hash: status.remote_commit,
            changes: status.changes.iter().map(ChangeBody::from).collect(),
        }
    }
}

impl<'a> From<&'a ItemChange> for ChangeBody<'a> {
    fn from(change: &'a ItemChange) -> Self {
        Self {
            item_metadata: ItemMetadata {
                item_identifier: IdentifierBody { object_id: change.object_id, logical_id: change.logical_id },
                item_type: change.kind,
                display_name: &change.display_name,
            },
            remote_change: change.remote,
            workspace_change: change.workspace,
            conflict_type: change.conflict,
        }
    }
}

/// Returns the response with the result of an operation.
pub(crate) fn result(result: &GitResult) -> Answer {
    match result {
        GitResult::Initialized(initialized) => Answer::ok(&InitializeResponse::from(initialized)),
        GitResult::Status(status) => Answer::ok(&StatusResponse::from(status)),
    }
}

/// A request to commit.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommitBody {
    mode: Option<String>,
    workspace_head: Option<String>,
    comment: Option<String>,
    items: Option<Vec<IdentifierRequest>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdentifierRequest {
    object_id: Option<String>,
    logical_id: Option<String>,
}

impl CommitBody {
    pub(crate) fn request(self) -> Result<CommitRequest, FabricError> {
        let Self { mode, workspace_head, comment, items } = self;
        let mode = required(mode, "Mode")?;
        let items = if mode.eq_ignore_ascii_case("All") {
            None
        } else if mode.eq_ignore_ascii_case("Selective") {
            Some(required(items, "Items")?.into_iter().map(IdentifierRequest::identifier).collect::<Result<_, _>>()?)
        } else {
            return Err(FabricError::invalid_input(format!(
                "The value {mode:?} of Mode is neither All nor Selective."
            )));
        };
        if comment.as_ref().is_some_and(|comment| comment.chars().count() > COMMENT_MAX) {
            let message = format!("The field Comment must be a string with a maximum length of {COMMENT_MAX}.");
            return Err(FabricError::invalid_input(message));
        }
        Ok(CommitRequest { items, workspace_head, comment })
    }
}

impl IdentifierRequest {
    fn identifier(self) -> Result<ItemIdentifier, FabricError> {
        let (object_id, logical_id) = (id(self.object_id, "ObjectId")?, id(self.logical_id, "LogicalId")?);
        if object_id.is_none() && logical_id.is_none() {
            return Err(FabricError::invalid_input("An item must have an ObjectId or a LogicalId."));
        }
        Ok(ItemIdentifier { object_id, logical_id })
    }
}

/// A request to update a workspace.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateBody {
    remote_commit_hash: Option<String>,
    workspace_head: Option<String>,
    conflict_resolution: Option<ConflictResolution>,
    options: Option<UpdateOptions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConflictResolution {
    conflict_resolution_type: Option<String>,
    conflict_resolution_policy: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateOptions {
    allow_override_items: Option<bool>,
}

impl UpdateBody {
    pub(crate) fn request(self) -> Result<UpdateRequest, FabricError> {
        Ok(UpdateRequest {
            remote_commit: required(self.remote_commit_hash, "RemoteCommitHash")?,
            workspace_head: self.workspace_head,
            conflict_resolution: self.conflict_resolution.map(ConflictResolution::preference).transpose()?,
            may_override: self.options.and_then(|options| options.allow_override_items).unwrap_or(false),
        })
    }
}

impl ConflictResolution {
    fn preference(self) -> Result<Preference, FabricError> {
        let level = required(self.conflict_resolution_type, "ConflictResolutionType")?;
        if !level.eq_ignore_ascii_case("Workspace") {
            let message = format!("The value {level:?} of ConflictResolutionType is not Workspace.");
            return Err(FabricError::invalid_input(message));
        }
        let policy = required(self.conflict_resolution_policy, "ConflictResolutionPolicy")?;
        preference(&policy, "ConflictResolutionPolicy")
    }
}

/// A request to create a relation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateRelationBody {
    pub(crate) related_workspace_id: Option<String>,
    pub(crate) relation_type: Option<String>,
}

/// A relation of a workspace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RelationBody {
    id: WorkspaceRelationId,
    workspace_id: WorkspaceId,
    related_workspace_id: WorkspaceId,
    relation_type: RelationType,
}

impl RelationBody {
    pub(crate) fn new(workspace_id: WorkspaceId, relation: &Relation) -> Self {
        let (related_workspace_id, relation_type) = relation.seen_from(workspace_id);
        Self { id: relation.id, workspace_id, related_workspace_id, relation_type }
    }
}
