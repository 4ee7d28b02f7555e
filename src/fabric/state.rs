//! The state of a tenant, computed from the tenant's facts. The state includes indexes for lookups by name.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::behaviours::ReadsWhilePaused;
use crate::fabric::capacity::{self, Capacity, CapacityOperation, CapacityState};
use crate::fabric::connection::Connection;
use crate::fabric::deployment_pipeline::{DeploymentPipeline, DeploymentPipelines};
use crate::fabric::domain::Domain;
use crate::fabric::external_data_share::ExternalDataShare;
use crate::fabric::fact::{DatedFact, Fact};
use crate::fabric::fault::Fault;
use crate::fabric::folder::Folder;
use crate::fabric::gateway::Gateway;
use crate::fabric::git::GitConnection;
use crate::fabric::git::relation::Relation;
use crate::fabric::git::repository::Repositories;
use crate::fabric::item::sql_database::{DELETED_MAX, MirroringSwitch};
use crate::fabric::item::{self, Definition, Item, ItemKind, KindChange};
use crate::fabric::job::{self, Jobs};
use crate::fabric::mirroring::source::{Declared, Source};
use crate::fabric::mirroring::tables::Sources;
use crate::fabric::mirroring::{MirroringStatus, SourceKey, TableName};
use crate::fabric::name::Folded;
use crate::fabric::onelake::Tree;
use crate::fabric::operation::{NewOperation, Operation, OperationResult, PendingResult};
use crate::fabric::operations::Operations;
use crate::fabric::ordered::Ordered;
use crate::fabric::principal::{Details, DirectoryEntry, Principal, PrincipalType};
use crate::fabric::settings::Settings;
use crate::fabric::spark::capacity::CapacityConfiguration;
use crate::fabric::tag::Tag;
use crate::fabric::tenant_setting::{SettingOverride, SettingValue};
use crate::fabric::troubles::Troubles;
use crate::fabric::workspace::{NewWorkspace, Workspace, WorkspaceIdentity};
use crate::fabric::workspaces::Workspaces;
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::{
    ApplicationId, CapacityId, ConnectionId, DeploymentId, DeploymentPipelineId, DomainId, ExternalDataShareId,
    FaultId, FolderId, GatewayId, ItemId, JobInstanceId, ManagedPrivateEndpointId, OperationId, PrincipalId,
    ScheduleId, SourceId, TagId, WorkspaceId, WorkspaceRelationId,
};
use crate::seed::Seed;

/// The number of ids issued so far, for each type of id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    workspaces: u64,
    folders: u64,
    connections: u64,
    items: u64,
    operations: u64,
    identities: u64,
    tags: u64,
    #[serde(default)]
    faults: u64,
    #[serde(default)]
    managed_private_endpoints: u64,
    #[serde(default)]
    gateways: u64,
    #[serde(default)]
    jobs: u64,
    #[serde(default)]
    schedules: u64,
    #[serde(default)]
    domains: u64,
    #[serde(default)]
    external_data_shares: u64,
    #[serde(default)]
    capacities: u64,
    #[serde(default)]
    deployment_pipelines: u64,
    #[serde(default)]
    deployments: u64,
    #[serde(default)]
    relations: u64,
}

impl Counts {
    /// Returns the largest count.
    fn largest(&self) -> u64 {
        let Self { workspaces, folders, connections, items, operations, identities, tags, faults, .. } = *self;
        let Self { managed_private_endpoints, gateways, jobs, schedules, domains, .. } = *self;
        let Self { external_data_shares, capacities, deployment_pipelines, deployments, relations, .. } = *self;
        let of_workspaces = [workspaces, folders, items, identities, managed_private_endpoints, jobs, schedules];
        let of_tenant = [
            connections,
            operations,
            tags,
            faults,
            gateways,
            domains,
            external_data_shares,
            capacities,
            deployment_pipelines,
            deployments,
            relations,
        ];
        of_workspaces.into_iter().chain(of_tenant).fold(0, u64::max)
    }
}

/// The complete state of a tenant. Only [`State::apply`] changes the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The settings of the tenant.
    pub settings: Settings,
    pub(super) seed: Seed,
    counts: Counts,
    pub(super) capacities: Vec<Capacity>,
    /// The configurations of capacities that clients have changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    capacity_configurations: BTreeMap<CapacityId, CapacityConfiguration>,
    #[serde(default)]
    capacity_operations: Ordered<OperationId, CapacityOperation>,
    directory: BTreeMap<PrincipalId, DirectoryEntry>,
    secrets: BTreeMap<PrincipalId, String>,
    tags: Ordered<TagId, Tag>,
    operations: Operations,
    pub(super) workspaces: Workspaces,
    workspace_names: BTreeMap<Folded, WorkspaceId>,
    pub(super) connections: Ordered<ConnectionId, Connection>,
    connection_names: BTreeMap<Folded, ConnectionId>,
    pub(super) sources: BTreeMap<SourceId, Declared>,
    #[serde(default)]
    pub(super) troubles: Troubles,
    #[serde(default)]
    faults: Ordered<FaultId, Fault>,
    #[serde(default)]
    gateways: Ordered<GatewayId, Gateway>,
    #[serde(default)]
    gateway_names: BTreeMap<Folded, GatewayId>,
    #[serde(default)]
    domains: Ordered<DomainId, Domain>,
    /// The tenant settings that do not have their defaults.
    #[serde(default)]
    pub(super) tenant_settings: BTreeMap<String, SettingValue>,
    /// The tenant settings that are overridden for a capacity.
    #[serde(default)]
    pub(super) setting_overrides: BTreeMap<CapacityId, BTreeMap<String, SettingOverride>>,
    #[serde(default)]
    pub(super) external_data_shares: Ordered<ExternalDataShareId, ExternalDataShare>,
    #[serde(default, skip_serializing_if = "DeploymentPipelines::is_new")]
    pub(super) deployment_pipelines: DeploymentPipelines,
    #[serde(default, skip_serializing_if = "Repositories::is_empty")]
    repositories: Repositories,
    #[serde(default, skip_serializing_if = "Ordered::is_new")]
    relations: Ordered<WorkspaceRelationId, Relation>,
}

impl State {
    /// Creates the state of a new tenant, which contains only the capacities.
    pub fn new(seed: Seed, settings: Settings) -> Self {
        Self {
            settings,
            seed,
            counts: Counts::default(),
            capacities: capacity::seeded(seed),
            capacity_configurations: BTreeMap::new(),
            capacity_operations: Ordered::default(),
            directory: BTreeMap::new(),
            secrets: BTreeMap::new(),
            tags: Ordered::default(),
            operations: Operations::default(),
            workspaces: Workspaces::default(),
            workspace_names: BTreeMap::new(),
            connections: Ordered::default(),
            connection_names: BTreeMap::new(),
            sources: BTreeMap::new(),
            troubles: Troubles::default(),
            faults: Ordered::default(),
            gateways: Ordered::default(),
            gateway_names: BTreeMap::new(),
            domains: Ordered::default(),
            tenant_settings: BTreeMap::new(),
            setting_overrides: BTreeMap::new(),
            external_data_shares: Ordered::default(),
            deployment_pipelines: DeploymentPipelines::default(),
            repositories: Repositories::default(),
            relations: Ordered::default(),
        }
    }

    /// Returns the seed of ids and simulated figures.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// Returns the capacities, in a fixed order.
    pub fn capacities(&self) -> &[Capacity] {
        &self.capacities
    }

    /// Returns a capacity.
    pub fn capacity(&self, id: CapacityId) -> Result<&Capacity, FabricError> {
        let found = self.capacities.iter().find(|capacity| capacity.id == id);
        found.ok_or_else(|| FabricError::new(ErrorCode::CapacityNotFound).about("Capacity", id))
    }

    /// Returns the configuration of a capacity.
    pub fn capacity_configuration(&self, id: CapacityId) -> &CapacityConfiguration {
        static NEW: LazyLock<CapacityConfiguration> = LazyLock::new(CapacityConfiguration::default);
        self.capacity_configurations.get(&id).unwrap_or(&NEW)
    }

    /// Returns the id of the next capacity. The ids of the capacities that exist are skipped.
    pub fn next_capacity(&self) -> CapacityId {
        // A new tenant has capacities with the first numbers.
        let ids = (self.counts.capacities + 1..).map(|count| CapacityId::nth(self.seed.fork("created"), count));
        let mut free = ids.filter(|id| self.capacity(*id).is_err());
        free.next().unwrap_or(CapacityId::MAX)
    }

    /// Returns the changes of capacities in Azure Resource Manager, in order of their start.
    pub fn capacity_operations(&self) -> &Ordered<OperationId, CapacityOperation> {
        &self.capacity_operations
    }

    /// Rejects a workspace without an active capacity.
    pub fn check_capacity(&self, workspace: &Workspace) -> Result<(), FabricError> {
        let id = workspace.capacity.ok_or(ErrorCode::WorkspaceHasNoCapacityAssigned)?;
        match self.capacity(id)?.state {
            CapacityState::Active => Ok(()),
            CapacityState::Inactive => {
                Err(FabricError::new(ErrorCode::CapacityNotActive).message(format!("Capacity {id} is not active")))
            }
        }
    }

    /// Rejects a read on the typed route of a kind while the capacity of the workspace is paused. This affects only
    /// kinds whose content is on the capacity. `behaviours.readsWhilePaused` selects the error, or allows the read.
    pub fn check_readable(&self, workspace: &Workspace, kind: ItemKind) -> Result<(), FabricError> {
        let answer = self.settings.behaviours.reads_while_paused;
        if workspace.capacity.is_none() || !kind.spec().lives_on_capacity || answer == ReadsWhilePaused::Answer {
            return Ok(());
        }
        self.check_capacity(workspace).map_err(|error| match answer {
            ReadsWhilePaused::Fail => ErrorCode::InternalServerError.into(),
            ReadsWhilePaused::NotFound | ReadsWhilePaused::Answer => error.hiding(),
        })
    }

    /// Returns the directory, which contains all known principals.
    pub fn directory(&self) -> &BTreeMap<PrincipalId, DirectoryEntry> {
        &self.directory
    }

    /// Returns the app with this client id. Client ids are compared without regard to case.
    pub fn app(&self, client: &str) -> Option<&DirectoryEntry> {
        self.directory.values().find(|entry| entry.app_id().is_some_and(|id| id.eq_ignore_ascii_case(client)))
    }

    /// Returns the user with this sign-in name. Names are compared without regard to case.
    pub fn user(&self, name: &str) -> Option<&DirectoryEntry> {
        self.directory.values().find(|entry| entry.user_name().is_some_and(|known| known.eq_ignore_ascii_case(name)))
    }

    /// Returns the principal that a caller stands for. The directory is searched by object id, and then by client id,
    /// because an app can be declared with another object id after its token was issued.
    pub fn known_caller(&self, caller: &DirectoryEntry) -> Principal {
        let by_client_id = || caller.app_id().and_then(|client| self.app(client));
        let known = if self.directory.contains_key(&caller.id) { None } else { by_client_id() };
        known.map_or_else(|| caller.principal(), DirectoryEntry::principal)
    }

    /// Returns the SHA-256 hash of the declared secret or password of a principal. If none was declared, any secret or
    /// password is accepted.
    pub fn secret_of(&self, principal: PrincipalId) -> Option<&str> {
        self.secrets.get(&principal).map(String::as_str)
    }

    /// Returns `true` if the directory does not contain the caller, if the caller is a user without a personal workspace, or
    /// if the token has details and the entry in the directory has only an id and a type.
    pub fn learns_from(&self, caller: &DirectoryEntry) -> bool {
        let Some(known) = self.directory.get(&caller.id) else { return true };
        let is_user = known.principal().kind == PrincipalType::User;
        is_user && !self.workspaces().contains(&self.personal_workspace(caller.id))
            || known.is_bare() && !caller.is_bare()
    }

    /// Returns the id of a user's personal workspace, which may not exist yet.
    pub fn personal_workspace(&self, user: PrincipalId) -> WorkspaceId {
        WorkspaceId::nth(self.seed.fork(user.to_ascii()), 0)
    }

    /// Returns the tags, in order of declaration.
    pub fn tags(&self) -> &Ordered<TagId, Tag> {
        &self.tags
    }

    /// Returns a tag.
    pub fn tag(&self, id: TagId) -> Option<&Tag> {
        self.tags.get(&id)
    }

    /// Returns the domains, in order of creation.
    pub fn domains(&self) -> &Ordered<DomainId, Domain> {
        &self.domains
    }

    /// Returns a domain.
    pub fn domain(&self, id: DomainId) -> Result<&Domain, FabricError> {
        self.domains.get(&id).ok_or_else(|| FabricError::new(ErrorCode::DomainNotFound).about("Domain", id))
    }

    /// Returns the long-running operations, in order of their start.
    pub fn operations(&self) -> &Operations {
        &self.operations
    }

    /// Returns the workspaces, in order of creation.
    pub fn workspaces(&self) -> &Ordered<WorkspaceId, Workspace> {
        self.workspaces.all()
    }

    /// Returns a workspace.
    pub fn workspace(&self, id: WorkspaceId) -> Result<&Workspace, FabricError> {
        self.workspaces.get(&id).ok_or_else(|| FabricError::new(ErrorCode::WorkspaceNotFound).about("Workspace", id))
    }

    /// Returns the id of the workspace with this name.
    pub fn workspace_named(&self, name: &Folded) -> Option<WorkspaceId> {
        self.workspace_names.get(name).copied()
    }

    /// Returns the connections, in order of creation.
    pub fn connections(&self) -> &Ordered<ConnectionId, Connection> {
        &self.connections
    }

    /// Returns a connection. Rejects callers without a role in the connection who do not administer its gateway either.
    pub fn connection(&self, id: ConnectionId, caller: &Principal) -> Result<&Connection, FabricError> {
        let found = self.connections.get(&id);
        let found = found.filter(|connection| self.connection_role(connection, caller.id).is_some());
        found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("Connection", id))
    }

    /// Returns a connection, without a check of roles.
    pub fn find_connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(&id)
    }

    /// Returns the id of the connection with this name.
    pub fn connection_named(&self, name: &Folded) -> Option<ConnectionId> {
        self.connection_names.get(name).copied()
    }

    /// Returns the gateways, in order of creation.
    pub fn gateways(&self) -> &Ordered<GatewayId, Gateway> {
        &self.gateways
    }

    /// Returns a gateway, without a check of roles.
    pub fn find_gateway(&self, id: GatewayId) -> Option<&Gateway> {
        self.gateways.get(&id)
    }

    /// Returns the id of the gateway with this name.
    pub fn gateway_named(&self, name: &Folded) -> Option<GatewayId> {
        self.gateway_names.get(name).copied()
    }

    /// Returns the external data shares, in order of creation.
    pub fn external_data_shares(&self) -> &Ordered<ExternalDataShareId, ExternalDataShare> {
        &self.external_data_shares
    }

    /// Returns the id of the next external data share.
    pub fn next_external_data_share(&self) -> ExternalDataShareId {
        ExternalDataShareId::nth(self.seed, self.counts.external_data_shares + 1)
    }

    /// Returns the deployment pipelines, in order of creation.
    pub fn deployment_pipelines(&self) -> &Ordered<DeploymentPipelineId, DeploymentPipeline> {
        self.deployment_pipelines.all()
    }

    /// Returns the Git repositories.
    pub fn repositories(&self) -> &Repositories {
        &self.repositories
    }

    /// Returns the relations between workspaces, in order of creation.
    pub fn relations(&self) -> &Ordered<WorkspaceRelationId, Relation> {
        &self.relations
    }

    /// Returns the declarations of a source.
    pub fn declared(&self, source: SourceId) -> Option<&Declared> {
        self.sources.get(&source)
    }

    /// Returns the fault rules, oldest first.
    pub fn faults(&self) -> &Ordered<FaultId, Fault> {
        &self.faults
    }

    /// Returns an item and its workspace.
    pub fn find_item(&self, id: ItemId) -> Option<(&Workspace, &Item)> {
        let workspace = self.workspaces.of_item(id)?;
        Some((workspace, workspace.items().get(&id)?))
    }

    /// Returns the largest number of ids issued for a type of id.
    pub(super) fn largest_count(&self) -> u64 {
        self.counts.largest()
    }

    /// Returns the id of the next workspace.
    pub fn next_workspace(&self) -> WorkspaceId {
        WorkspaceId::nth(self.seed, self.counts.workspaces + 1)
    }

    /// Returns the id of the next folder.
    pub fn next_folder(&self) -> FolderId {
        FolderId::nth(self.seed, self.counts.folders + 1)
    }

    /// Returns the id of the next connection.
    pub fn next_connection(&self) -> ConnectionId {
        ConnectionId::nth(self.seed, self.counts.connections + 1)
    }

    /// Returns the id of the next item. If a decision creates several items, `skip` is the number of ids already used
    /// by that decision.
    pub fn next_item(&self, skip: u64) -> ItemId {
        ItemId::nth(self.seed, self.counts.items + 1 + skip)
    }

    /// Returns the id of the next long-running operation.
    pub fn next_operation(&self) -> OperationId {
        OperationId::nth(self.seed, self.counts.operations + 1)
    }

    /// Returns the next workspace identity.
    pub fn next_identity(&self) -> WorkspaceIdentity {
        let count = self.counts.identities + 1;
        WorkspaceIdentity {
            application_id: ApplicationId::nth(self.seed, count),
            service_principal_id: PrincipalId::nth(self.seed, count),
        }
    }

    /// Returns the id of the next tag. If a decision creates several tags, `skip` is the number of ids already used by
    /// that decision.
    pub fn next_tag(&self, skip: u64) -> TagId {
        TagId::nth(self.seed, self.counts.tags + 1 + skip)
    }

    /// Returns the id of the next domain.
    pub fn next_domain(&self) -> DomainId {
        DomainId::nth(self.seed, self.counts.domains + 1)
    }

    /// Returns the id of the next managed private endpoint.
    pub fn next_managed_private_endpoint(&self) -> ManagedPrivateEndpointId {
        ManagedPrivateEndpointId::nth(self.seed, self.counts.managed_private_endpoints + 1)
    }

    /// Returns the id of the next gateway, and adds the ids that it consumes to `drawn`: the number of ids already used
    /// by the decision. The ids of declared gateways are skipped.
    pub fn next_gateway(&self, drawn: &mut u64) -> GatewayId {
        loop {
            *drawn += 1;
            let id = GatewayId::nth(self.seed, self.counts.gateways.wrapping_add(*drawn));
            if !self.gateways.contains(&id) {
                return id;
            }
        }
    }

    /// Returns the id of the next run on demand.
    pub fn next_job(&self) -> JobInstanceId {
        JobInstanceId::nth(self.seed, self.counts.jobs + 1)
    }

    /// Returns the id of the next relation between workspaces.
    pub fn next_relation(&self) -> WorkspaceRelationId {
        WorkspaceRelationId::nth(self.seed, self.counts.relations + 1)
    }

    /// Returns the id of the next schedule.
    pub fn next_schedule(&self) -> ScheduleId {
        ScheduleId::nth(self.seed, self.counts.schedules + 1)
    }

    /// Returns the id of the next deployment pipeline.
    pub fn next_deployment_pipeline(&self) -> DeploymentPipelineId {
        DeploymentPipelineId::nth(self.seed, self.counts.deployment_pipelines + 1)
    }

    /// Returns the id of the next deployment.
    pub fn next_deployment(&self) -> DeploymentId {
        DeploymentId::nth(self.seed, self.counts.deployments + 1)
    }

    /// Returns the id of the next fault rule. A fork can have rules that were added after the instant of the fork;
    /// their ids are skipped.
    pub fn next_fault(&self) -> FaultId {
        let mut number = self.counts.faults + 1;
        while self.faults.contains(&FaultId::nth(self.seed, number)) {
            number += 1;
        }
        FaultId::nth(self.seed, number)
    }

    /// Applies a fact. The decision that returned the fact checked it against this state, so applying cannot fail.
    pub fn apply(&mut self, dated: &DatedFact) {
        let at = dated.at;
        match dated.fact.clone() {
            Fact::SettingsChanged(settings) => self.settings = settings,
            Fact::SourceDeclared { source, declaration } => {
                let identity = declaration.identity;
                self.sources.entry(source).or_default().declare(at, declaration);
                if let Some(identity) = identity {
                    self.follow_identity(identity, at);
                }
            }
            Fact::TroubleAdded(trouble) => self.add_trouble(trouble, at),
            Fact::TroubleChanged { id, ends } => self.change_trouble(id, at, |troubles| troubles.change(id, ends)),
            Fact::TroubleRemoved { id, has_begun } => {
                self.change_trouble(id, at, |troubles| troubles.remove(id, has_begun, at));
            }

            Fact::CapacityDeclared(capacity) => self.declare_capacity(capacity, at),
            Fact::CapacityChanged { id, state } => self.change_capacity(id, state, at),
            Fact::CapacityCreated(capacity) => {
                self.counts.capacities += 1;
                self.declare_capacity(capacity, at);
            }
            Fact::CapacityUpdated(capacity) => self.declare_capacity(capacity, at),
            Fact::CapacityDeleted { id } => self.delete_capacity(id, at),
            Fact::CapacityConfigured { id, configuration } => {
                self.capacity_configurations.insert(id, *configuration);
            }
            Fact::CapacityOperationStarted(operation) => self.start_capacity_operation(operation),
            Fact::PrincipalRegistered { entry, personal } => {
                if let Some(id) = personal {
                    self.workspaces.insert(Workspace::personal(id, entry.principal(), at));
                }
                self.directory.insert(entry.id, entry);
            }
            Fact::SecretsDeclared(secrets) => self.secrets.extend(secrets.iter().cloned()),
            Fact::PrincipalsDeclared(entries) => self.declare_principals(entries, at),
            Fact::TagsDeclared { tags, drawn } => {
                self.counts.tags += drawn;
                for tag in tags {
                    match self.tags.get_mut(&tag.id) {
                        Some(known) => *known = tag,
                        None => self.tags.insert(tag.id, tag),
                    }
                }
            }

            Fact::TagDeleted { id } => self.delete_tag(id),
            Fact::DomainCreated(domain) => {
                self.counts.domains += 1;
                self.domains.insert(domain.id, domain);
            }
            Fact::DomainUpdated(domain) => {
                self.domains.get_mut(&domain.id).into_iter().for_each(|before| *before = domain.clone());
            }
            Fact::DomainDeleted { id } => {
                self.domains.remove(&id);
                let assigned = self.workspaces().values().filter(|workspace| workspace.domain == Some(id));
                let assigned: Vec<WorkspaceId> = assigned.map(|workspace| workspace.id).collect();
                self.assign_to_domain(&assigned, None);
            }
            Fact::DomainAssigned { workspaces, domain } => self.assign_to_domain(&workspaces, domain),
            Fact::TenantSettingChanged { name, value } => drop(self.tenant_settings.insert(name, *value)),
            Fact::TenantSettingOverridden { capacity, name, overriding: Some(overriding) } => {
                self.setting_overrides.entry(capacity).or_default().insert(name, *overriding);
            }
            Fact::TenantSettingOverridden { capacity, name, overriding: None } => {
                if let Some(of_capacity) = self.setting_overrides.get_mut(&capacity) {
                    of_capacity.remove(&name);
                }
                self.setting_overrides.retain(|_, of_capacity| !of_capacity.is_empty());
            }

            Fact::FaultAdded { id, rule } => {
                self.counts.faults += 1;
                self.faults.insert(id, Fault { id, rule, enabled: true });
            }
            Fact::FaultSwitched { id, enabled } => {
                self.faults.get_mut(&id).into_iter().for_each(|fault| fault.enabled = enabled);
            }
            Fact::FaultDeleted { id } => drop(self.faults.remove(&id)),

            Fact::WorkspaceCreated { id, display_name, description, capacity, creator } => {
                self.counts.workspaces += 1;
                self.workspace_names.insert(Folded::new(&display_name), id);
                let new = NewWorkspace { display_name, description, capacity, domain: None };
                self.workspaces.insert(Workspace::new(id, new, creator, at));
                self.record_permissions(id, at);
            }
            Fact::WorkspaceAssigned { id, capacity, completed_at } => self.with_workspace(id, |workspace| {
                workspace.capacity = capacity;
                workspace.assigned_at = completed_at;
            }),
            Fact::IdentityProvisioned { workspace, identity, from } => {
                self.counts.identities += 1;
                self.with_workspace(workspace, |workspace| workspace.set_identity(Some((identity, from))));
            }
            Fact::IdentityDeprovisioned { workspace } => {
                self.with_workspace(workspace, |workspace| workspace.set_identity(None))
            }
            Fact::RoleAssigned { workspace, assignment } => {
                self.with_workspace(workspace, |workspace| workspace.roles.insert(assignment.principal.id, assignment));
                self.record_permissions(workspace, at);
            }
            Fact::RoleChanged { workspace, assignment } => {
                self.with_workspace(workspace, |workspace| {
                    if let Some(before) = workspace.roles.get_mut(&assignment.principal.id) {
                        *before = assignment;
                    }
                });
                self.record_permissions(workspace, at);
            }
            Fact::RoleRemoved { workspace, id } => {
                self.with_workspace(workspace, |workspace| {
                    workspace.roles.remove(&id);
                });
                self.record_permissions(workspace, at);
            }
            Fact::WorkspaceUpdated { id, display_name, description } => {
                self.update_workspace(id, display_name, description)
            }
            Fact::WorkspaceDeleted { id } => {
                self.operations.remove_workspace(id);
                if let Some(workspace) = self.workspaces.remove(&id) {
                    self.workspace_names.remove(&Folded::new(&workspace.display_name));
                    let items: Vec<ItemId> = workspace.items().values().map(|item| item.id).collect();
                    self.deployment_pipelines.unassign(id, &items);
                    self.forget_workspace(&workspace);
                    self.relations.retain(|relation| !relation.involves(id));
                }
            }

            Fact::FolderCreated { workspace, id, display_name, parent } => {
                self.counts.folders += 1;
                self.with_workspace(workspace, |workspace| {
                    workspace.folders.insert(id, Folder { id, display_name, parent })
                });
            }
            Fact::FolderRenamed { workspace, id, display_name } => {
                self.with_folder(workspace, id, |folder| folder.display_name = display_name);
            }
            Fact::FolderMoved { workspace, id, parent } => {
                self.with_folder(workspace, id, |folder| folder.parent = parent)
            }
            Fact::FolderDeleted { workspace, id } => {
                self.with_workspace(workspace, |workspace| drop(workspace.folders.remove(&id)));
            }

            Fact::ConnectionCreated(connection) => {
                self.counts.connections += 1;
                self.add_connection(connection);
            }
            Fact::ConnectionUpdated(connection) => self.update_connection(connection),
            Fact::ConnectionDeclared(connection) => match self.connections.contains(&connection.id) {
                true => self.update_connection(connection),
                false => self.add_connection(connection),
            },
            Fact::ConnectionDeleted { id } => {
                if let Some(connection) = self.connections.remove(&id) {
                    self.connection_names.remove(&Folded::new(&connection.display_name));
                }
            }

            Fact::GatewayCreated(gateway) => {
                self.counts.gateways = self.counts.gateways.wrapping_add(1);
                self.put_gateway(gateway);
            }
            Fact::GatewayUpdated(gateway) => self.put_gateway(gateway),
            Fact::GatewaysDeclared { gateways, drawn } => {
                self.counts.gateways = self.counts.gateways.wrapping_add(drawn);
                gateways.into_iter().for_each(|gateway| self.put_gateway(gateway));
            }
            Fact::GatewayDeleted { id } => {
                if let Some(name) = self.gateways.remove(&id).as_ref().and_then(Gateway::display_name) {
                    self.gateway_names.remove(&Folded::new(name));
                }
            }

            Fact::DeploymentPipelineCreated { id, display_name, description, stages, creator } => {
                self.counts.deployment_pipelines += 1;
                let pipeline = DeploymentPipeline::new(id, display_name, description, stages, creator);
                self.deployment_pipelines.create(pipeline);
            }
            Fact::DeploymentPipelineUpdated { id, display_name, description } => {
                self.deployment_pipelines.update(id, display_name, description);
            }
            Fact::DeploymentPipelineRolesChanged { id, roles } => self.deployment_pipelines.set_roles(id, roles),
            Fact::DeploymentPipelineDeleted { id } => {
                let stages = self.deployment_pipelines().get(&id).into_iter().flat_map(|pipeline| &pipeline.stages);
                let workspaces: Vec<WorkspaceId> = stages.filter_map(|stage| stage.workspace).collect();
                workspaces.into_iter().for_each(|workspace| self.unassign_stage(workspace));
                self.deployment_pipelines.delete(id);
            }
            Fact::DeploymentStageUpdated { pipeline, stage, properties } => {
                self.deployment_pipelines.update_stage(pipeline, stage, &properties);
            }
            Fact::DeploymentStageAssigned { pipeline, stage, workspace, pairs } => {
                self.deployment_pipelines.assign(pipeline, stage, workspace, &pairs);
            }
            Fact::DeploymentStageUnassigned { pipeline, stage } => {
                let workspace = self.deployment_pipelines.workspace_of(pipeline, stage);
                workspace.into_iter().for_each(|workspace| self.unassign_stage(workspace));
            }
            Fact::DeploymentStarted { pipeline, deployment } => {
                self.counts.deployments += 1;
                self.deployment_pipelines.record(pipeline, deployment);
            }

            Fact::GitPushed(push) => self.repositories.apply(*push),
            Fact::GitConnected { workspace, provider, caller, credentials } => {
                let connection = Box::new(GitConnection::new(provider, caller, credentials));
                self.with_workspace(workspace, |workspace| workspace.git = Some(connection));
            }
            Fact::GitDisconnected { workspace } => self.with_workspace(workspace, |workspace| workspace.git = None),
            Fact::GitCredentialsChanged { workspace, principal, credentials } => {
                self.with_git(workspace, |connection| connection.set_credentials(principal, credentials));
            }
            Fact::GitSynced { workspace, sync, logical_ids, busy_until } => {
                self.with_git(workspace, |connection| connection.synced(sync, busy_until));
                for (id, logical_id) in logical_ids {
                    self.with_item(workspace, id, |item| item.logical_id = Some(logical_id));
                }
            }
            Fact::WorkspaceRelationCreated(relation) => {
                self.counts.relations += 1;
                self.relations.insert(relation.id, relation);
            }
            Fact::WorkspaceRelationDeleted { id } => drop(self.relations.remove(&id)),

            Fact::ItemCreated { workspace, item, visible_from, companions, ready_in } => {
                self.counts.items += 1 + companions.len() as u64;
                self.workspaces.create_item(workspace, item, visible_from, companions, ready_in);
            }
            Fact::DataAccessRolesChanged { workspace, id, roles } => {
                self.with_item(workspace, id, |item| item.data_access_roles = Some(roles));
            }
            Fact::ExternalDataShareCreated(share) => {
                self.counts.external_data_shares += 1;
                self.external_data_shares.insert(share.id, share);
            }
            Fact::ExternalDataShareAccepted { id, tenant } => {
                if let Some(share) = self.external_data_shares.get_mut(&id) {
                    share.accepted_by = Some(tenant);
                }
            }
            Fact::ExternalDataShareRevoked { id } => {
                if let Some(share) = self.external_data_shares.get_mut(&id) {
                    share.is_revoked = true;
                }
            }
            Fact::ExternalDataShareDeleted { id } => drop(self.external_data_shares.remove(&id)),
            Fact::ShortcutsChanged { workspace, id, shortcuts } => {
                self.with_item(workspace, id, |item| item.shortcuts = shortcuts);
            }
            Fact::IdentityAssociated { workspace, id, identity } => {
                self.with_item(workspace, id, |item| item.default_identity = Some(identity));
            }
            Fact::NetworkingChanged { workspace, networking } => {
                self.with_workspace(workspace, |workspace| workspace.networking = Some(networking));
            }
            Fact::ManagedPrivateEndpointCreated { workspace, endpoint } => {
                self.counts.managed_private_endpoints += 1;
                self.with_workspace(workspace, |workspace| {
                    workspace.managed_private_endpoints.insert(endpoint.id, endpoint);
                });
            }
            Fact::ManagedPrivateEndpointDeleted { workspace, id } => self.with_workspace(workspace, |workspace| {
                workspace.managed_private_endpoints.remove(&id);
            }),
            Fact::EncryptionChanged { workspace, encryption } => {
                self.with_workspace(workspace, |workspace| workspace.encryption = Some(encryption));
            }
            Fact::OneLakeSettingsChanged { workspace, settings } => {
                self.with_workspace(workspace, |workspace| workspace.onelake_settings = Some(settings));
            }
            Fact::SparkChanged { workspace, spark } => {
                self.with_workspace(workspace, |workspace| workspace.spark = Some(spark));
            }
            Fact::SqlPoolsChanged { workspace, pools } => {
                self.with_workspace(workspace, |workspace| workspace.sql_pools = Some(pools));
            }
            Fact::WorkspaceTagged { id, tags } => self.with_workspace(id, |workspace| workspace.tags = tags),
            Fact::KindStateChanged { workspace, id, changes } => self.change_kind_state(workspace, id, changes),
            Fact::ItemsMoved { workspace, ids, folder } => {
                self.with_workspace(workspace, |workspace| ids.iter().for_each(|id| workspace.move_item(*id, folder)));
            }
            Fact::ItemTagged { workspace, id, tags } => self.with_item(workspace, id, |item| item.tags = tags),
            Fact::ItemUpdated { workspace, id, display_name, description, changes } => {
                self.with_workspace(workspace, |workspace| workspace.update_item(id, display_name, description));
                self.with_item(workspace, id, |item| item.updated_at = Some(at));
                self.change_kind_state(workspace, id, changes);
            }
            Fact::ItemDeleted { workspace, id, reserved_until } => {
                let deleted = self.workspaces.delete_item(workspace, id, reserved_until, at);
                self.deployment_pipelines.forget_items(&deleted);
                self.forget_items(&[id]);
            }
            Fact::ItemSoftDeleted { workspace, id, reserved_until, expires_at } => {
                self.workspaces.soft_delete_item(workspace, id, reserved_until, expires_at, at);
                self.forget_expired(workspace, at);
            }
            Fact::ItemsRecovered { workspace, ids } => self.workspaces.recover_items(workspace, &ids),
            Fact::RecoverableItemDeleted { workspace, id } => {
                self.with_workspace(workspace, |workspace| workspace.delete_recoverable(id, at));
                self.forget_items(&[id]);
            }
            Fact::LogicalIdChanged { workspace, id, logical_id } => {
                self.with_item(workspace, id, |item| item.logical_id = Some(logical_id));
            }
            Fact::DefinitionUpdated { workspace, id, definition } => {
                let followed = self.followed(workspace, id, at);
                self.with_item(workspace, id, |item| {
                    if let (Some(mirroring), Some(config)) =
                        (&mut item.mirroring, item::mirroring_config(Some(&*definition)))
                    {
                        mirroring.redefined(at, config, followed);
                    }
                    item.definition = Some(definition);
                    item.updated_at = Some(at);
                    item.kind_state.redefined();
                });
            }
            Fact::OperationStarted(new) => self.start_operation(new, at),

            Fact::JobStarted { workspace, item, run } => {
                self.counts.jobs += 1;
                self.with_jobs(workspace, item, |jobs| jobs.start(run, at));
            }
            Fact::JobCancelled { workspace, item, id, from } => {
                let listed = self.find_item(item).map(|(_, item)| job::instances(self, item, at)).unwrap_or_default();
                self.with_jobs(workspace, item, |jobs| jobs.cancel(id, from, &listed));
            }
            Fact::ScheduleCreated { workspace, item, schedule, timing } => {
                self.counts.schedules += 1;
                self.with_jobs(workspace, item, |jobs| jobs.create_schedule(schedule, timing, at));
            }
            Fact::ScheduleUpdated { workspace, item, schedule, timing } => {
                self.with_jobs(workspace, item, |jobs| jobs.update_schedule(schedule, timing, at));
            }
            Fact::ScheduleDeleted { workspace, item, id } => {
                self.with_jobs(workspace, item, |jobs| jobs.delete_schedule(id, at));
            }

            Fact::PathCreated { workspace, id, path, kind, content_type } => {
                self.with_tree(workspace, id, |tree| tree.create(&path, kind, content_type, at));
            }
            Fact::PathFlushed { workspace, id, path, content, content_type } => {
                self.with_tree(workspace, id, |tree| tree.flush(&path, content, content_type, at));
            }
            Fact::PathRenamed { workspace, id, from, to } => {
                self.with_tree(workspace, id, |tree| tree.rename(&from, &to, at));
            }
            Fact::PathDeleted { workspace, id, path } => self.with_tree(workspace, id, |tree| tree.remove(&path)),

            Fact::MirroringStarted { workspace, id, takes, tables, error } => {
                self.with_item(workspace, id, |item| match (&mut item.mirroring, &mut item.sql_database) {
                    (Some(mirroring), _) => mirroring.started(at, id, takes, tables, error),
                    (None, database) => {
                        database.iter_mut().for_each(|database| database.switched(at, MirroringSwitch::On, takes));
                    }
                });
            }
            Fact::MirroringStopped { workspace, id, takes } => {
                self.with_item(workspace, id, |item| match (&mut item.mirroring, &mut item.sql_database) {
                    (Some(mirroring), _) => mirroring.stopped(at, takes),
                    (None, database) => {
                        database.iter_mut().for_each(|database| database.switched(at, MirroringSwitch::Off, takes));
                    }
                });
            }
        }
    }

    /// Adds principals to the directory, and replaces existing entries with the same object id. An app also replaces an
    /// existing app with the same client id but another object id.
    fn declare_principals(&mut self, entries: Vec<DirectoryEntry>, at: Timestamp) {
        let declared: BTreeSet<PrincipalId> = entries.iter().map(|entry| entry.id).collect();
        let others = self.directory.values().filter(|entry| !declared.contains(&entry.id));
        let apps: HashMap<String, PrincipalId> =
            others.filter_map(|entry| Some((entry.app_id()?.to_ascii_lowercase(), entry.id))).collect();
        let replacement = |entry: &DirectoryEntry| {
            let before = apps.get(&entry.app_id()?.to_ascii_lowercase())?;
            Some((*before, entry.principal()))
        };
        let replaced: BTreeMap<PrincipalId, Principal> = entries.iter().filter_map(replacement).collect();
        if !replaced.is_empty() {
            self.replace_principals(&replaced);
            let workspaces: Vec<WorkspaceId> = self.workspaces().values().map(|workspace| workspace.id).collect();
            workspaces.into_iter().for_each(|id| self.record_permissions(id, at));
        }
        self.directory.extend(entries.into_iter().map(|entry| (entry.id, entry)));
    }

    /// Replaces principals wherever the state refers to them. The keys of `replaced` are the ids of the old principals.
    fn replace_principals(&mut self, replaced: &BTreeMap<PrincipalId, Principal>) {
        for (before, after) in replaced {
            self.directory.remove(before);
            if let Some(secret) = self.secrets.remove(before) {
                self.secrets.entry(after.id).or_insert(secret);
            }
        }
        let replace = |principal: &mut Principal| {
            if let Some(after) = replaced.get(&principal.id) {
                *principal = *after;
            }
        };
        for entry in self.directory.values_mut() {
            if let Details::ServicePrincipalProfile { parent: Some(parent) } = &mut entry.details {
                replace(parent);
            }
        }
        self.connections.values_mut().for_each(|connection| connection.roles.replace_principals(replaced));
        self.gateways.values_mut().for_each(|gateway| gateway.roles.replace_principals(replaced));
        self.domains.values_mut().for_each(|domain| domain.replace_principals(replaced));
        self.external_data_shares.values_mut().for_each(|share| replace(&mut share.creator));
        self.deployment_pipelines.replace_principals(replaced);
        for workspace in self.workspaces.values_mut() {
            workspace.replace_principals(replaced);
            let recoverable = workspace.recoverable.values_mut().map(|it| Arc::make_mut(&mut it.item));
            for item in workspace.items.values_mut().chain(recoverable) {
                let owners = item.jobs.iter_mut().flat_map(|jobs| jobs.owners_mut());
                let others = item.kind_state.principals_mut().chain(owners);
                item.creator.iter_mut().chain(&mut item.default_identity).chain(others).for_each(replace);
            }
        }
    }

    /// Removes the recoverable items of a workspace whose retention has ended, and what is known about them.
    fn forget_expired(&mut self, workspace: WorkspaceId, at: Timestamp) {
        let expired = self.workspaces.get_mut(&workspace).map(|workspace| workspace.remove_expired(at));
        self.forget_items(&expired.unwrap_or_default());
    }

    /// Returns the tables of a mirrored database at `now`, each with the instant from which replication includes the
    /// table.
    fn followed(&self, workspace: WorkspaceId, id: ItemId, now: Timestamp) -> BTreeMap<TableName, Timestamp> {
        let item = self.workspaces.get(&workspace).and_then(|workspace| workspace.items().get(&id));
        let replication = item.and_then(|item| self.replication(workspace, item).ok());
        let tables = replication.map(|replication| replication.tables_at(self, now));
        tables.into_iter().flatten().map(|table| (table.name, table.since)).collect()
    }

    /// Deletes a tag, and removes it from all items and workspaces.
    fn delete_tag(&mut self, tag: TagId) {
        self.tags.remove(&tag);
        let tagged = |tags: &[TagId]| tags.contains(&tag);
        let workspaces = self.workspaces().values().filter(|workspace| tagged(&workspace.tags));
        let workspaces: Vec<WorkspaceId> = workspaces.map(|workspace| workspace.id).collect();
        let items = self.workspaces().values().flat_map(|within| within.items().values().map(|item| (within.id, item)));
        let items: Vec<(WorkspaceId, ItemId)> =
            items.filter(|(_, item)| tagged(&item.tags)).map(|(workspace, item)| (workspace, item.id)).collect();
        for id in workspaces {
            self.with_workspace(id, |workspace| workspace.tags.retain(|known| *known != tag));
        }
        for (workspace, id) in items {
            self.with_item(workspace, id, |item| item.tags.retain(|known| *known != tag));
        }
    }

    fn assign_to_domain(&mut self, workspaces: &[WorkspaceId], domain: Option<DomainId>) {
        workspaces.iter().for_each(|id| self.with_workspace(*id, |workspace| workspace.domain = domain));
    }

    fn update_workspace(&mut self, id: WorkspaceId, display_name: String, description: String) {
        if let Some(workspace) = self.workspaces.get_mut(&id) {
            self.workspace_names.remove(&Folded::new(&workspace.display_name));
            self.workspace_names.insert(Folded::new(&display_name), id);
            (workspace.display_name, workspace.description) = (display_name, description);
        }
    }

    fn add_connection(&mut self, connection: Connection) {
        self.connection_names.insert(Folded::new(&connection.display_name), connection.id);
        self.connections.insert(connection.id, connection);
    }

    fn update_connection(&mut self, connection: Connection) {
        if let Some(before) = self.connections.get_mut(&connection.id) {
            self.connection_names.remove(&Folded::new(&before.display_name));
            self.connection_names.insert(Folded::new(&connection.display_name), connection.id);
            *before = connection;
        }
    }

    /// Adds a gateway, or replaces the gateway with the same id.
    fn put_gateway(&mut self, gateway: Gateway) {
        if let Some(before) = self.gateways.get(&gateway.id).and_then(Gateway::display_name) {
            self.gateway_names.remove(&Folded::new(before));
        }
        if let Some(name) = gateway.display_name() {
            self.gateway_names.insert(Folded::new(name), gateway.id);
        }
        match self.gateways.get_mut(&gateway.id) {
            Some(before) => *before = gateway,
            None => self.gateways.insert(gateway.id, gateway),
        }
    }

    /// Unassigns a workspace from its stage of a deployment pipeline.
    fn unassign_stage(&mut self, workspace: WorkspaceId) {
        let within = self.workspaces.get(&workspace);
        let items: Vec<ItemId> =
            within.into_iter().flat_map(|within| within.items().values().map(|item| item.id)).collect();
        self.deployment_pipelines.unassign(workspace, &items);
    }

    fn with_workspace(&mut self, id: WorkspaceId, change: impl FnOnce(&mut Workspace)) {
        if let Some(workspace) = self.workspaces.get_mut(&id) {
            change(workspace);
        }
    }

    fn with_git(&mut self, id: WorkspaceId, change: impl FnOnce(&mut GitConnection)) {
        self.with_workspace(id, |workspace| {
            if let Some(connection) = &mut workspace.git {
                change(connection);
            }
        });
    }

    fn with_item(&mut self, workspace: WorkspaceId, id: ItemId, change: impl FnOnce(&mut Item)) {
        self.with_workspace(workspace, |workspace| {
            if let Some(item) = workspace.items.get_mut(&id) {
                change(item);
            }
        });
    }

    fn with_jobs(&mut self, workspace: WorkspaceId, item: ItemId, change: impl FnOnce(&mut Jobs)) {
        self.with_item(workspace, item, |item| change(item.jobs.get_or_insert_default()));
    }

    fn with_tree(&mut self, workspace: WorkspaceId, item: ItemId, change: impl FnOnce(&mut Tree)) {
        self.with_item(workspace, item, |item| change(item.tree.get_or_insert_default()));
    }

    fn change_kind_state(&mut self, workspace: WorkspaceId, id: ItemId, changes: Vec<KindChange>) {
        self.with_item(workspace, id, |item| changes.into_iter().for_each(|change| item.kind_state.apply(change)));
    }

    fn with_folder(&mut self, workspace: WorkspaceId, id: FolderId, change: impl FnOnce(&mut Folder)) {
        self.with_workspace(workspace, |workspace| {
            if let Some(folder) = workspace.folders.get_mut(&id) {
                change(folder);
            }
        });
    }

    /// Adds a capacity, or replaces the capacity with the same id.
    fn declare_capacity(&mut self, declared: Capacity, at: Timestamp) {
        let (id, state) = (declared.id, declared.state);
        match self.capacities.iter_mut().find(|capacity| capacity.id == id) {
            Some(capacity) if capacity.state == state => *capacity = declared,
            Some(capacity) => {
                *capacity = declared;
                self.change_capacity(id, state, at);
            }
            None => self.capacities.push(declared),
        }
    }

    /// Sets the state of a capacity. A pause also affects the workspaces on the capacity: replication pauses, and
    /// operations in progress that create an item or read a definition fail.
    fn change_capacity(&mut self, id: CapacityId, to: CapacityState, at: Timestamp) {
        if let Some(capacity) = self.capacities.iter_mut().find(|capacity| capacity.id == id) {
            capacity.state = to;
        }
        if to == CapacityState::Active {
            return;
        }
        let affected: Vec<WorkspaceId> =
            self.workspaces().values().filter(|it| it.capacity == Some(id)).map(|workspace| workspace.id).collect();
        for workspace in affected {
            self.pause_mirroring(workspace, at);
            for item in self.operations.fail_in_progress(workspace, at) {
                let deleted = self.workspaces.delete_item(workspace, item, at, at);
                self.deployment_pipelines.forget_items(&deleted);
            }
        }
    }

    /// Deletes a capacity. Its workspaces first behave as if it was paused, and then have no capacity.
    fn delete_capacity(&mut self, id: CapacityId, at: Timestamp) {
        self.change_capacity(id, CapacityState::Inactive, at);
        self.capacities.retain(|capacity| capacity.id != id);
        let assigned: Vec<WorkspaceId> =
            self.workspaces().values().filter(|it| it.capacity == Some(id)).map(|workspace| workspace.id).collect();
        for workspace in assigned {
            self.with_workspace(workspace, |workspace| workspace.capacity = None);
        }
    }

    fn start_capacity_operation(&mut self, operation: CapacityOperation) {
        self.counts.operations += 1;
        self.capacity_operations.insert(operation.id, operation);
        let oldest = self.capacity_operations.values().next().map(|operation| operation.id);
        if let Some(oldest) = oldest.filter(|_| self.capacity_operations.len() > capacity::OPERATIONS_MAX) {
            self.capacity_operations.remove(&oldest);
        }
    }

    fn pause_mirroring(&mut self, workspace: WorkspaceId, at: Timestamp) {
        let Some(within) = self.workspaces.get(&workspace) else { return };
        let pauses = |item: &Item| {
            let replication = self.replication(workspace, item).ok()?;
            let is_paused = matches!(replication.status_at(at), MirroringStatus::Starting | MirroringStatus::Running);
            is_paused.then(|| (item.id, replication.resume_points_at(self, at)))
        };
        let recoverable = within.recoverable.values().map(|it| &*it.item);
        let paused: Vec<_> = within.items().values().chain(recoverable).filter_map(pauses).collect();
        for (id, resume_points) in paused {
            self.with_workspace(workspace, |workspace| {
                let recoverable = workspace.recoverable.get_mut(&id).map(|it| Arc::make_mut(&mut it.item));
                let item = workspace.items.get_mut(&id).or(recoverable);
                if let Some(mirroring) = item.and_then(|item| item.mirroring.as_mut()) {
                    mirroring.paused(at, resume_points);
                }
            });
        }
    }

    fn definition(&self, workspace: WorkspaceId, id: ItemId) -> Option<Arc<Definition>> {
        self.workspaces.get(&workspace)?.items().get(&id)?.definition.clone()
    }

    fn start_operation(&mut self, new: NewOperation, at: Timestamp) {
        let NewOperation { id, workspace, role, ends_at, retry_after, result } = new;
        let item = |id: ItemId| {
            let within = workspace.and_then(|workspace| self.workspaces.get(&workspace));
            let item = within.and_then(|within| within.items().get(&id));
            item.map(|item| Box::new(item.outline()))
        };
        let result = match result {
            PendingResult::Created(id) => item(id).map(OperationResult::Created),
            PendingResult::Item(id) => item(id).map(OperationResult::Item),
            PendingResult::Definition(id, format) => item(id).map(|mut outline| {
                outline.definition = workspace.and_then(|workspace| self.definition(workspace, id));
                OperationResult::Definition(outline, format)
            }),
            PendingResult::Identity(identity) => Some(OperationResult::Identity(identity)),
            PendingResult::RestorePoint(point) => Some(OperationResult::RestorePoint(point)),
            PendingResult::Imported(items) => Some(OperationResult::Imported(items)),
            PendingResult::Deployed(pipeline, id) => Some(OperationResult::Deployed(pipeline, id)),
            PendingResult::Git(result) => Some(OperationResult::Git(result)),
            PendingResult::Nothing => Some(OperationResult::Nothing),
            PendingResult::Failed(error) => Some(OperationResult::Failed(error)),
        };
        self.counts.operations += 1;
        let Some(result) = result else { return };
        let operation = Operation { id, workspace, role, created_at: at, ends_at, retry_after, result };
        self.operations.insert(operation, at);
    }
}

impl Sources for State {
    fn source<'a>(&'a self, key: &'a SourceKey) -> Source<'a> {
        Source::new(self.seed, key, key.id().and_then(|id| self.sources.get(&id)))
    }
}

/// Effects of facts on items. An item is moved and deleted together with its descendants.
impl Workspace {
    /// Inserts an item. A SQL endpoint is linked to its parent. The index of names does not contain SQL endpoints,
    /// because they have the names of their parents.
    pub(super) fn insert_item(&mut self, item: Arc<Item>) {
        if item.kind == ItemKind::SQLEndpoint {
            if let Some(parent) = item.parent.and_then(|id| self.items.get_mut(&id)) {
                parent.sql_endpoint = Some(item.id);
            }
        } else {
            self.names.insert((item.kind, Folded::new(&item.display_name)), item.id);
        }
        self.items.insert(item);
    }

    fn move_item(&mut self, id: ItemId, folder: Option<FolderId>) {
        let descendants = self.items.descendants(id);
        for id in std::iter::once(id).chain(descendants) {
            if let Some(item) = self.items.get_mut(&id) {
                item.folder = folder;
            }
        }
    }

    fn update_item(&mut self, id: ItemId, display_name: String, description: String) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let (kind, sql_endpoint) = (item.kind, item.sql_endpoint);
        let before = std::mem::replace(&mut item.display_name, display_name.clone());
        item.description = description;
        self.names.remove(&(kind, Folded::new(&before)));
        self.names.insert((kind, Folded::new(&display_name)), id);
        if let Some(endpoint) = sql_endpoint.and_then(|id| self.items.get_mut(&id)) {
            endpoint.display_name = display_name;
        }
    }

    /// Deletes an item with its descendants. Returns the ids of all of them.
    pub(super) fn delete_item(&mut self, id: ItemId, reserved_until: Timestamp, at: Timestamp) -> Vec<ItemId> {
        let mut deleted = self.items.descendants(id);
        deleted.push(id);
        for id in &deleted {
            if let Some(item) = self.items.remove(id) {
                self.record_deletion(&item, at);
                self.release_name(&item, reserved_until, at);
            }
            // Its children that were deleted before cannot be recovered without it.
            self.delete_recoverable(*id, at);
        }
        deleted
    }

    /// Frees the name of a deleted item, and reserves it until `reserved_until`.
    pub(super) fn release_name(&mut self, item: &Item, reserved_until: Timestamp, at: Timestamp) {
        if item.kind == ItemKind::SQLEndpoint {
            return;
        }
        let key = (item.kind, Folded::new(&item.display_name));
        self.names.remove(&key);
        self.reserve(key, reserved_until, at);
    }

    /// Keeps a deleted SQL database so that it can be restored.
    pub(super) fn record_deletion(&mut self, item: &Item, at: Timestamp) {
        if let Some(database) = item.sql_database.as_ref().filter(|_| item.visible_from <= at) {
            self.deleted_databases.insert(item.id, database.deleted(item, at));
            let oldest = self.deleted_databases.values().next().map(|deleted| deleted.id);
            if let Some(oldest) = oldest.filter(|_| self.deleted_databases.len() > DELETED_MAX) {
                self.deleted_databases.remove(&oldest);
            }
        }
    }

    /// Returns the number of items of a kind, including items that are not visible yet.
    pub fn count(&self, kind: ItemKind) -> usize {
        self.items().values().filter(|item| item.kind == kind).count()
    }
}
