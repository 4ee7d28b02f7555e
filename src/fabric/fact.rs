//! Facts: the accepted changes to a tenant. The state of a tenant is computed from its facts.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fabric::assignments::Assignments;
use crate::fabric::capacity::{Capacity, CapacityOperation, CapacityState};
use crate::fabric::connection::Connection;
use crate::fabric::deployment_pipeline::role::PipelineRole;
use crate::fabric::deployment_pipeline::{Deployment, Stage, StageRequest};
use crate::fabric::domain::Domain;
use crate::fabric::encryption::Encryption;
use crate::fabric::error::FabricError;
use crate::fabric::external_data_share::ExternalDataShare;
use crate::fabric::fault::FaultRule;
use crate::fabric::gateway::Gateway;
use crate::fabric::git::connection::SyncPoint;
use crate::fabric::git::credentials::Credentials;
use crate::fabric::git::provider::ProviderDetails;
use crate::fabric::git::relation::Relation;
use crate::fabric::git::repository::Push;
use crate::fabric::git::settings::BranchRoles;
use crate::fabric::item::data_access_role::DataAccessRole;
use crate::fabric::item::shortcut::Shortcut;
use crate::fabric::item::{Companion, Definition, KindChange, NewItem};
use crate::fabric::job::schedule::Schedule;
use crate::fabric::job::{JobTiming, Run};
use crate::fabric::managed_private_endpoint::ManagedPrivateEndpoint;
use crate::fabric::mirroring::trouble::{End, Trouble};
use crate::fabric::mirroring::{Declaration, MirroringError, TableTiming};
use crate::fabric::networking::Networking;
use crate::fabric::onelake::{Content, ItemPath, PathKind};
use crate::fabric::onelake_settings::OneLakeSettings;
use crate::fabric::operation::NewOperation;
use crate::fabric::principal::{DirectoryEntry, Principal};
use crate::fabric::role::RoleAssignment;
use crate::fabric::settings::Settings;
use crate::fabric::spark::Spark;
use crate::fabric::spark::capacity::CapacityConfiguration;
use crate::fabric::sql_pools::SqlPools;
use crate::fabric::tag::Tag;
use crate::fabric::tenant_setting::{SettingOverride, SettingValue};
use crate::fabric::weight::{Weight, weigh, weight};
use crate::fabric::workspace::WorkspaceIdentity;
use crate::ids::{
    CapacityId, ConnectionId, DeploymentPipelineId, DeploymentStageId, DomainId, ExternalDataShareId, FaultId,
    FolderId, GatewayId, ItemId, JobInstanceId, LabelId, LogicalId, ManagedPrivateEndpointId, PrincipalId, ScheduleId,
    SourceId, TagId, TenantId, TroubleId, WorkspaceId, WorkspaceRelationId,
};

/// The result of a decision: the facts to record and a value for the response, or an error.
pub type Decision<T> = Result<(Vec<Fact>, T), FabricError>;

/// The version of the persisted format. The version increases with each change that
/// prevents earlier versions of the program from reading new facts.
pub const FORMAT: u32 = 1;

/// A persisted sequence of facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FactLog {
    /// The format of the facts: [`FORMAT`].
    format: Format,
    /// The facts, in ascending order of their numbers.
    pub facts: Vec<DatedFact>,
}

impl FactLog {
    /// Creates a log in the current format.
    pub fn new(facts: Vec<DatedFact>) -> Self {
        Self { format: Format, facts }
    }
}

/// A marker that is serialized as the number [`FORMAT`]. Deserializing any other number fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format;

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(FORMAT)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            FORMAT => Ok(Self),
            other => Err(D::Error::custom(format_args!(
                "cannot read facts of format {other}: this version of specularite reads format {FORMAT}"
            ))),
        }
    }
}

/// A fact, its number and its instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatedFact {
    /// The number of the fact in the tenant's history. The first fact has the number 1. Numbers are consecutive, except
    /// that each reset of the tenant skips one number.
    pub number: u64,
    /// The instant of the fact. It is never earlier than the instant of the previous fact.
    pub at: Timestamp,
    /// The fact.
    pub fact: Fact,
}

/// An accepted change, with all values that the decision chose, such as ids and durations.
///
/// The serialized names of variants and members belong to the persisted format, so they never change. A new meaning
/// gets a new variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each member is named after its value")]
#[serde(tag = "type", content = "data", rename_all_fields = "camelCase")]
pub enum Fact {
    /// The settings of the tenant changed. The fact contains all settings, including unchanged ones.
    #[serde(rename = "settingsChanged")]
    SettingsChanged(Settings),
    /// The tables of the source of a connection or an open mirror were declared through the control interface.
    #[serde(rename = "sourceDeclared")]
    SourceDeclared {
        #[serde(rename = "connection")]
        source: SourceId,
        declaration: Arc<Declaration>,
    },
    /// Trouble was planned through the control interface.
    #[serde(rename = "troubleAdded")]
    TroubleAdded(Trouble),
    /// The end of a trouble was changed.
    #[serde(rename = "troubleChanged")]
    TroubleChanged { id: TroubleId, ends: Option<End> },
    /// A trouble was deleted. The past effects of a trouble that has begun remain.
    #[serde(rename = "troubleRemoved")]
    TroubleRemoved { id: TroubleId, has_begun: bool },
    /// A capacity was added or replaced through the control interface.
    #[serde(rename = "capacityDeclared")]
    CapacityDeclared(Capacity),
    /// A capacity was paused or resumed.
    #[serde(rename = "capacityChanged")]
    CapacityChanged { id: CapacityId, state: CapacityState },
    /// The configuration of a capacity changed. The fact contains all of the configuration.
    #[serde(rename = "capacityConfigured")]
    CapacityConfigured { id: CapacityId, configuration: Box<CapacityConfiguration> },
    /// A capacity was created in Azure Resource Manager.
    #[serde(rename = "capacityCreated")]
    CapacityCreated(Capacity),
    /// The SKU, the administrators or the tags of a capacity changed in Azure Resource Manager. The fact contains the
    /// whole capacity.
    #[serde(rename = "capacityUpdated")]
    CapacityUpdated(Capacity),
    /// A capacity was deleted in Azure Resource Manager. Its workspaces no longer have a capacity.
    #[serde(rename = "capacityDeleted")]
    CapacityDeleted { id: CapacityId },
    /// A change of a capacity started in Azure Resource Manager. Its effect on the capacity is a
    /// separate fact, which precedes this fact.
    #[serde(rename = "capacityOperationStarted")]
    CapacityOperationStarted(CapacityOperation),
    /// A caller was added to the directory at its first request, or the entry of a caller was completed with details
    /// from a token. For a user, `personal` is the id of the personal workspace.
    #[serde(rename = "principalRegistered")]
    PrincipalRegistered { entry: DirectoryEntry, personal: Option<WorkspaceId> },
    /// Principals were declared through the control interface.
    #[serde(rename = "principalsDeclared")]
    PrincipalsDeclared(Vec<DirectoryEntry>),
    /// Secrets of principals were declared through the control interface. The fact contains the SHA-256 hashes of the
    /// secrets.
    #[serde(rename = "secretsDeclared")]
    SecretsDeclared(Vec<(PrincipalId, String)>),
    /// Tags were declared through the control interface, or an administrator created or renamed them. `drawn` is the number of tag ids that the decision consumed
    /// from the tenant's sequence of ids.
    #[serde(rename = "tagsDeclared")]
    TagsDeclared { tags: Vec<Tag>, drawn: u64 },
    /// A tag was deleted, and removed from all items and workspaces.
    #[serde(rename = "tagDeleted")]
    TagDeleted { id: TagId },
    /// A domain was created.
    #[serde(rename = "domainCreated")]
    DomainCreated(Domain),
    /// A domain or its role assignments changed. The fact contains the whole domain.
    #[serde(rename = "domainUpdated")]
    DomainUpdated(Domain),
    /// A domain was deleted. Its workspaces are in no domain afterwards.
    #[serde(rename = "domainDeleted")]
    DomainDeleted { id: DomainId },
    /// Workspaces were assigned to a domain, or unassigned from their domains.
    #[serde(rename = "domainAssigned")]
    DomainAssigned { workspaces: Vec<WorkspaceId>, domain: Option<DomainId> },
    /// A tenant setting changed. The fact contains the whole value.
    #[serde(rename = "tenantSettingChanged")]
    TenantSettingChanged { name: String, value: Box<SettingValue> },
    /// A tenant setting was overridden for a capacity. `None` removes the override.
    #[serde(rename = "tenantSettingOverridden")]
    TenantSettingOverridden {
        capacity: CapacityId,
        name: String,
        #[serde(rename = "override")]
        overriding: Option<Box<SettingOverride>>,
    },
    /// A fault rule was added. It is enabled.
    #[serde(rename = "faultAdded")]
    FaultAdded { id: FaultId, rule: Arc<FaultRule> },
    /// A fault rule was enabled or disabled.
    #[serde(rename = "faultSwitched")]
    FaultSwitched { id: FaultId, enabled: bool },
    /// A fault rule was deleted.
    #[serde(rename = "faultDeleted")]
    FaultDeleted { id: FaultId },

    /// A workspace was created.
    #[serde(rename = "workspaceCreated")]
    WorkspaceCreated {
        id: WorkspaceId,
        display_name: String,
        description: String,
        capacity: Option<CapacityId>,
        creator: Principal,
    },
    /// The name or description of a workspace changed. The fact contains both texts, even if only one changed.
    #[serde(rename = "workspaceUpdated")]
    WorkspaceUpdated { id: WorkspaceId, display_name: String, description: String },
    /// A workspace was assigned to a capacity, or unassigned from its capacity. The assignment is complete at
    /// `completed_at`.
    #[serde(rename = "workspaceAssigned")]
    WorkspaceAssigned { id: WorkspaceId, capacity: Option<CapacityId>, completed_at: Timestamp },
    /// A workspace was deleted with its content.
    #[serde(rename = "workspaceDeleted")]
    WorkspaceDeleted { id: WorkspaceId },
    /// The provisioning of a workspace identity began. The identity exists from the instant `from`.
    #[serde(rename = "identityProvisioned")]
    IdentityProvisioned { workspace: WorkspaceId, identity: WorkspaceIdentity, from: Timestamp },
    /// A workspace identity was deprovisioned.
    #[serde(rename = "identityDeprovisioned")]
    IdentityDeprovisioned { workspace: WorkspaceId },
    /// The tags of a workspace changed. The fact contains all tags of the workspace.
    #[serde(rename = "workspaceTagged")]
    WorkspaceTagged { id: WorkspaceId, tags: Vec<TagId> },
    /// A networking policy of a workspace changed. The fact contains all policies of the workspace.
    #[serde(rename = "networkingChanged")]
    NetworkingChanged { workspace: WorkspaceId, networking: Box<Networking> },
    /// A managed private endpoint was created.
    #[serde(rename = "managedPrivateEndpointCreated")]
    ManagedPrivateEndpointCreated { workspace: WorkspaceId, endpoint: ManagedPrivateEndpoint },
    /// A managed private endpoint was deleted.
    #[serde(rename = "managedPrivateEndpointDeleted")]
    ManagedPrivateEndpointDeleted { workspace: WorkspaceId, id: ManagedPrivateEndpointId },
    /// The encryption key of a workspace changed.
    #[serde(rename = "encryptionChanged")]
    EncryptionChanged { workspace: WorkspaceId, encryption: Encryption },
    /// The OneLake settings of a workspace changed. The fact contains all of them.
    #[serde(rename = "oneLakeSettingsChanged")]
    OneLakeSettingsChanged { workspace: WorkspaceId, settings: Box<OneLakeSettings> },
    /// The Spark settings or the custom pools of a workspace changed. The fact contains all of them.
    #[serde(rename = "sparkChanged")]
    SparkChanged { workspace: WorkspaceId, spark: Box<Spark> },
    /// The SQL pools of a workspace changed. The fact contains all pools.
    #[serde(rename = "sqlPoolsChanged")]
    SqlPoolsChanged { workspace: WorkspaceId, pools: Box<SqlPools> },
    /// A principal was given a role in a workspace.
    #[serde(rename = "roleAssigned")]
    RoleAssigned { workspace: WorkspaceId, assignment: RoleAssignment },
    /// The role of a principal in a workspace changed.
    #[serde(rename = "roleChanged")]
    RoleChanged { workspace: WorkspaceId, assignment: RoleAssignment },
    /// The role of a principal in a workspace was removed.
    #[serde(rename = "roleRemoved")]
    RoleRemoved { workspace: WorkspaceId, id: PrincipalId },

    /// A folder was created.
    #[serde(rename = "folderCreated")]
    FolderCreated { workspace: WorkspaceId, id: FolderId, display_name: String, parent: Option<FolderId> },
    /// A folder was renamed.
    #[serde(rename = "folderRenamed")]
    FolderRenamed { workspace: WorkspaceId, id: FolderId, display_name: String },
    /// A folder was moved. The parent `None` is the root of the workspace.
    #[serde(rename = "folderMoved")]
    FolderMoved { workspace: WorkspaceId, id: FolderId, parent: Option<FolderId> },
    /// A folder was deleted.
    #[serde(rename = "folderDeleted")]
    FolderDeleted { workspace: WorkspaceId, id: FolderId },

    /// A connection was created.
    #[serde(rename = "connectionCreated")]
    ConnectionCreated(Connection),
    /// A connection or its role assignments changed. The fact contains the whole connection.
    #[serde(rename = "connectionUpdated")]
    ConnectionUpdated(Connection),
    /// A connection was added or replaced through the control interface.
    #[serde(rename = "connectionDeclared")]
    ConnectionDeclared(Connection),
    /// A connection was deleted.
    #[serde(rename = "connectionDeleted")]
    ConnectionDeleted { id: ConnectionId },

    /// A gateway was created.
    #[serde(rename = "gatewayCreated")]
    GatewayCreated(Gateway),
    /// A gateway, its members or its role assignments changed. The fact contains the whole gateway.
    #[serde(rename = "gatewayUpdated")]
    GatewayUpdated(Gateway),
    /// Gateways were added or replaced through the control interface. `drawn` is the number of gateway ids that the
    /// decision consumed from the tenant's sequence of ids.
    #[serde(rename = "gatewaysDeclared")]
    GatewaysDeclared { gateways: Vec<Gateway>, drawn: u64 },
    /// A gateway was deleted. The connections over the gateway remain.
    #[serde(rename = "gatewayDeleted")]
    GatewayDeleted { id: GatewayId },

    /// A deployment pipeline was created.
    #[serde(rename = "deploymentPipelineCreated")]
    DeploymentPipelineCreated {
        id: DeploymentPipelineId,
        display_name: String,
        description: String,
        stages: Vec<Stage>,
        creator: Principal,
    },
    /// The name or description of a deployment pipeline changed. The fact contains both texts, even if only one changed.
    #[serde(rename = "deploymentPipelineUpdated")]
    DeploymentPipelineUpdated { id: DeploymentPipelineId, display_name: String, description: String },
    /// The role assignments of a deployment pipeline changed. The fact contains all role assignments.
    #[serde(rename = "deploymentPipelineRolesChanged")]
    DeploymentPipelineRolesChanged { id: DeploymentPipelineId, roles: Assignments<PipelineRole> },
    /// A deployment pipeline was deleted. The workspaces of its stages remain.
    #[serde(rename = "deploymentPipelineDeleted")]
    DeploymentPipelineDeleted { id: DeploymentPipelineId },
    /// The properties of a stage of a deployment pipeline changed.
    #[serde(rename = "deploymentStageUpdated")]
    DeploymentStageUpdated { pipeline: DeploymentPipelineId, stage: DeploymentStageId, properties: StageRequest },
    /// A workspace was assigned to a stage of a deployment pipeline. Each pair is an item, and its pair in the following
    /// stage.
    #[serde(rename = "deploymentStageAssigned")]
    DeploymentStageAssigned {
        pipeline: DeploymentPipelineId,
        stage: DeploymentStageId,
        workspace: WorkspaceId,
        pairs: Vec<(ItemId, ItemId)>,
    },
    /// The workspace of a stage of a deployment pipeline was unassigned.
    #[serde(rename = "deploymentStageUnassigned")]
    DeploymentStageUnassigned { pipeline: DeploymentPipelineId, stage: DeploymentStageId },
    /// A deployment started. Its effects on items are separate facts, which precede this fact.
    #[serde(rename = "deploymentStarted")]
    DeploymentStarted { pipeline: DeploymentPipelineId, deployment: Deployment },

    /// A commit was pushed to a branch, by Fabric or from outside. The first commit creates the branch and its
    /// repository.
    #[serde(rename = "gitPushed")]
    GitPushed(Box<Push>),
    /// A workspace was connected to a branch. The caller has these credentials.
    #[serde(rename = "gitConnected")]
    GitConnected { workspace: WorkspaceId, provider: ProviderDetails, caller: PrincipalId, credentials: Credentials },
    /// A workspace was disconnected from its branch.
    #[serde(rename = "gitDisconnected")]
    GitDisconnected { workspace: WorkspaceId },
    /// The Git credentials of a principal in a workspace changed.
    #[serde(rename = "gitCredentialsChanged")]
    GitCredentialsChanged { workspace: WorkspaceId, principal: PrincipalId, credentials: Credentials },
    /// The settings of the Git connection of a workspace changed. The fact contains all of them.
    #[serde(rename = "gitSettingsChanged")]
    GitSettingsChanged { workspace: WorkspaceId, branch_roles: BranchRoles },
    /// The Git connection of a workspace was initialized, or its items were synced with the branch. The fact contains the
    /// whole sync, and the logical ids that items received. Until `busy_until`, another operation cannot start.
    #[serde(rename = "gitSynced")]
    GitSynced {
        workspace: WorkspaceId,
        sync: SyncPoint,
        logical_ids: Vec<(ItemId, LogicalId)>,
        busy_until: Option<Timestamp>,
    },
    /// A relation between a base workspace and a branch workspace was created.
    #[serde(rename = "workspaceRelationCreated")]
    WorkspaceRelationCreated(Relation),
    /// A relation between two workspaces was deleted.
    #[serde(rename = "workspaceRelationDeleted")]
    WorkspaceRelationDeleted { id: WorkspaceRelationId },

    /// An item was created with its companions. The item is visible from `visible_from` on, and ready for use
    /// `ready_in` later.
    #[serde(rename = "itemCreated")]
    ItemCreated {
        workspace: WorkspaceId,
        item: NewItem,
        visible_from: Timestamp,
        companions: Vec<Companion>,
        ready_in: SignedDuration,
    },
    /// The name, description or kind state of an item changed. The fact contains the name and the description, even if
    /// they did not change, and the changes to the kind state.
    #[serde(rename = "itemUpdated")]
    ItemUpdated {
        workspace: WorkspaceId,
        id: ItemId,
        display_name: String,
        description: String,
        changes: Vec<KindChange>,
    },
    /// The shortcuts of an item changed. The fact contains all shortcuts of the item.
    #[serde(rename = "shortcutsChanged")]
    ShortcutsChanged { workspace: WorkspaceId, id: ItemId, shortcuts: Vec<Shortcut> },
    /// The OneLake data access roles of an item changed. The fact contains all roles of the item.
    #[serde(rename = "dataAccessRolesChanged")]
    DataAccessRolesChanged { workspace: WorkspaceId, id: ItemId, roles: Arc<Vec<DataAccessRole>> },
    /// Paths of an item were shared with another tenant.
    #[serde(rename = "externalDataShareCreated")]
    ExternalDataShareCreated(ExternalDataShare),
    /// A tenant accepted the invitation to an external data share.
    #[serde(rename = "externalDataShareAccepted")]
    ExternalDataShareAccepted { id: ExternalDataShareId, tenant: TenantId },
    /// An external data share was revoked.
    #[serde(rename = "externalDataShareRevoked")]
    ExternalDataShareRevoked { id: ExternalDataShareId },
    /// An external data share was deleted.
    #[serde(rename = "externalDataShareDeleted")]
    ExternalDataShareDeleted { id: ExternalDataShareId },
    /// The default identity of an item was set: the principal under which the item acts.
    #[serde(rename = "identityAssociated")]
    IdentityAssociated { workspace: WorkspaceId, id: ItemId, identity: Principal },
    /// The kind state of an item changed.
    #[serde(rename = "kindStateChanged")]
    KindStateChanged { workspace: WorkspaceId, id: ItemId, changes: Vec<KindChange> },
    /// Items were moved into a folder. The folder `None` is the root of the workspace.
    #[serde(rename = "itemsMoved")]
    ItemsMoved { workspace: WorkspaceId, ids: Vec<ItemId>, folder: Option<FolderId> },
    /// The tags of an item changed. The fact contains all tags of the item.
    #[serde(rename = "itemTagged")]
    ItemTagged { workspace: WorkspaceId, id: ItemId, tags: Vec<TagId> },
    /// The sensitivity label of items changed. The label `None` stands for none.
    #[serde(rename = "labelsChanged")]
    LabelsChanged { items: Vec<(WorkspaceId, ItemId)>, label: Option<LabelId> },
    /// An item was deleted with its companions. The name of the item is reserved until `reserved_until`.
    #[serde(rename = "itemDeleted")]
    ItemDeleted { workspace: WorkspaceId, id: ItemId, reserved_until: Timestamp },
    /// An item was deleted with its companions, and can be recovered until `expires_at`. The name of the item is reserved
    /// until `reserved_until`.
    #[serde(rename = "itemSoftDeleted")]
    ItemSoftDeleted { workspace: WorkspaceId, id: ItemId, reserved_until: Timestamp, expires_at: Timestamp },
    /// Deleted items were recovered. The fact contains the item of the request, followed by its companions.
    #[serde(rename = "itemsRecovered")]
    ItemsRecovered { workspace: WorkspaceId, ids: Vec<ItemId> },
    /// A deleted item was deleted permanently, with its companions.
    #[serde(rename = "recoverableItemDeleted")]
    RecoverableItemDeleted { workspace: WorkspaceId, id: ItemId },
    /// The logical id of an item was set.
    #[serde(rename = "logicalIdChanged")]
    LogicalIdChanged { workspace: WorkspaceId, id: ItemId, logical_id: LogicalId },
    /// The definition of an item was replaced.
    #[serde(rename = "definitionUpdated")]
    DefinitionUpdated { workspace: WorkspaceId, id: ItemId, definition: Arc<Definition> },
    /// A long-running operation started. Other effects of the same request are separate facts, which precede this fact.
    #[serde(rename = "operationStarted")]
    OperationStarted(NewOperation),

    /// A job of an item was requested.
    #[serde(rename = "jobStarted")]
    JobStarted { workspace: WorkspaceId, item: ItemId, run: Run },
    /// The cancellation of a run was requested. It takes effect at `from`.
    #[serde(rename = "jobCancelled")]
    JobCancelled { workspace: WorkspaceId, item: ItemId, id: JobInstanceId, from: Timestamp },
    /// A schedule of an item was created. Its runs have the durations in `timing`.
    #[serde(rename = "scheduleCreated")]
    ScheduleCreated { workspace: WorkspaceId, item: ItemId, schedule: Schedule, timing: JobTiming },
    /// A schedule of an item changed. The fact contains the whole schedule. Its further runs have the durations in
    /// `timing`.
    #[serde(rename = "scheduleUpdated")]
    ScheduleUpdated { workspace: WorkspaceId, item: ItemId, schedule: Schedule, timing: JobTiming },
    /// A schedule of an item was deleted.
    #[serde(rename = "scheduleDeleted")]
    ScheduleDeleted { workspace: WorkspaceId, item: ItemId, id: ScheduleId },

    /// A file or folder of an item was created in OneLake, with the folders above it. A file that existed was replaced by
    /// an empty one.
    #[serde(rename = "pathCreated")]
    PathCreated { workspace: WorkspaceId, id: ItemId, path: ItemPath, kind: PathKind, content_type: Option<String> },
    /// The content of a file in OneLake was set. The fact contains only its hash and its length.
    #[serde(rename = "pathFlushed")]
    PathFlushed { workspace: WorkspaceId, id: ItemId, path: ItemPath, content: Content, content_type: Option<String> },
    /// A path in OneLake was renamed, with everything below it. A file or an empty folder was replaced.
    #[serde(rename = "pathRenamed")]
    PathRenamed { workspace: WorkspaceId, id: ItemId, from: ItemPath, to: ItemPath },
    /// A path in OneLake was deleted, with everything below it.
    #[serde(rename = "pathDeleted")]
    PathDeleted { workspace: WorkspaceId, id: ItemId, path: ItemPath },

    /// Mirroring of an item was started. After `takes`, the transient status ends. If there is an `error`, the start
    /// then fails.
    #[serde(rename = "mirroringStarted")]
    MirroringStarted {
        workspace: WorkspaceId,
        id: ItemId,
        takes: SignedDuration,
        tables: TableTiming,
        error: Option<MirroringError>,
    },
    /// Mirroring of an item was stopped. After `takes`, the status is `Stopped`.
    #[serde(rename = "mirroringStopped")]
    MirroringStopped { workspace: WorkspaceId, id: ItemId, takes: SignedDuration },
}

impl Fact {
    /// Returns the approximate size of the fact in memory, in bytes. It is at least the size of the fact as JSON.
    pub fn weight(&self) -> usize {
        weight(self)
    }

    /// Returns the approximate size of the fact and of everything that it adds to the state, in bytes. The state shares
    /// the payloads of definitions with the fact.
    pub fn footprint(&self) -> usize {
        /// The maximum size of what a fact adds to the state, relative to the fact without payloads.
        const EFFECT: usize = 5;
        let Weight { payloads, rest } = weigh(self);
        payloads.saturating_add(rest.saturating_mul(1 + EFFECT))
    }

    /// Returns `true` if the fact removes or stops something. A tenant without memory left still accepts such facts.
    pub fn frees_memory(&self) -> bool {
        matches!(
            self,
            Self::FaultDeleted { .. }
                | Self::TagDeleted { .. }
                | Self::DomainDeleted { .. }
                | Self::TenantSettingOverridden { overriding: None, .. }
                | Self::WorkspaceDeleted { .. }
                | Self::IdentityDeprovisioned { .. }
                | Self::ManagedPrivateEndpointDeleted { .. }
                | Self::RoleRemoved { .. }
                | Self::FolderDeleted { .. }
                | Self::ConnectionDeleted { .. }
                | Self::GatewayDeleted { .. }
                | Self::ExternalDataShareRevoked { .. }
                | Self::ExternalDataShareDeleted { .. }
                | Self::DeploymentPipelineDeleted { .. }
                | Self::DeploymentStageUnassigned { .. }
                | Self::GitDisconnected { .. }
                | Self::WorkspaceRelationDeleted { .. }
                | Self::TroubleRemoved { .. }
                | Self::ItemDeleted { .. }
                | Self::ItemSoftDeleted { .. }
                | Self::RecoverableItemDeleted { .. }
                | Self::JobCancelled { .. }
                | Self::ScheduleDeleted { .. }
                | Self::PathDeleted { .. }
                | Self::MirroringStopped { .. }
                | Self::CapacityChanged { .. }
                | Self::CapacityDeleted { .. }
        )
    }
}
