//! The state of a tenant, computed from the tenant's facts. The state includes indexes for lookups by name.
//!
//! Each area has a file with its reads and the effects of its facts. [`State::apply`] selects the effect of a fact.

mod administration;
mod capacities;
mod connections;
mod counts;
mod deployment_pipelines;
mod external_data_shares;
mod faults;
mod git;
mod items;
mod jobs;
mod mirroring;
mod onelake;
mod operations;
mod principals;
mod workspaces;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::counts::Counts;
use crate::fabric::capacity::{self, Capacity, CapacityOperation};
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
use crate::fabric::mirroring::source::Declared;
use crate::fabric::name::Folded;
use crate::fabric::operations::Operations;
use crate::fabric::ordered::Ordered;
use crate::fabric::principal::DirectoryEntry;
use crate::fabric::settings::Settings;
use crate::fabric::spark::capacity::CapacityConfiguration;
use crate::fabric::tag::Tag;
use crate::fabric::tenant_setting::{SettingOverride, SettingValue};
use crate::fabric::troubles::Troubles;
use crate::fabric::workspace::NewWorkspace;
use crate::fabric::workspaces::Workspaces;
use crate::ids::{
    CapacityId, ConnectionId, DomainId, ExternalDataShareId, FaultId, GatewayId, OperationId, PrincipalId, SourceId,
    TagId, WorkspaceId, WorkspaceRelationId,
};
use crate::seed::Seed;

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

    /// Applies a fact. The decision that returned the fact checked it against this state, so applying cannot fail.
    pub fn apply(&mut self, dated: &DatedFact) {
        let at = dated.at;
        match dated.fact.clone() {
            Fact::SettingsChanged(settings) => self.settings = settings,
            Fact::SourceDeclared { source, declaration } => self.declare_source(source, declaration, at),
            Fact::TroubleAdded(trouble) => self.add_trouble(trouble, at),
            Fact::TroubleChanged { id, ends } => self.change_trouble(id, at, |troubles| troubles.change(id, ends)),
            Fact::TroubleRemoved { id, has_begun } => {
                self.change_trouble(id, at, |troubles| troubles.remove(id, has_begun, at));
            }

            Fact::CapacityDeclared(capacity) => self.declare_capacity(capacity, at),
            Fact::CapacityChanged { id, state } => self.change_capacity(id, state, at),
            Fact::CapacityCreated(capacity) => self.create_capacity(capacity, at),
            Fact::CapacityUpdated(capacity) => self.declare_capacity(capacity, at),
            Fact::CapacityDeleted { id } => self.delete_capacity(id, at),
            Fact::CapacityConfigured { id, configuration } => {
                self.capacity_configurations.insert(id, *configuration);
            }
            Fact::CapacityOperationStarted(operation) => self.start_capacity_operation(operation),

            Fact::PrincipalRegistered { entry, personal } => self.register_principal(entry, personal, at),
            Fact::SecretsDeclared(secrets) => self.secrets.extend(secrets),
            Fact::PrincipalsDeclared(entries) => self.declare_principals(entries, at),

            Fact::TagsDeclared { tags, drawn } => self.declare_tags(tags, drawn),
            Fact::TagDeleted { id } => self.delete_tag(id),
            Fact::DomainCreated(domain) => self.create_domain(domain),
            Fact::DomainUpdated(domain) => self.update_domain(domain),
            Fact::DomainDeleted { id } => self.delete_domain(id),
            Fact::DomainAssigned { workspaces, domain } => self.assign_to_domain(&workspaces, domain),
            Fact::TenantSettingChanged { name, value } => drop(self.tenant_settings.insert(name, *value)),
            Fact::TenantSettingOverridden { capacity, name, overriding } => {
                self.override_setting(capacity, name, overriding);
            }

            Fact::FaultAdded { id, rule } => self.add_fault(id, rule),
            Fact::FaultSwitched { id, enabled } => self.switch_fault(id, enabled),
            Fact::FaultDeleted { id } => drop(self.faults.remove(&id)),

            Fact::WorkspaceCreated { id, display_name, description, capacity, creator } => {
                let new = NewWorkspace { display_name, description, capacity, domain: None };
                self.create_workspace(id, new, creator, at);
            }
            Fact::WorkspaceUpdated { id, display_name, description } => {
                self.update_workspace(id, display_name, description)
            }
            Fact::WorkspaceAssigned { id, capacity, completed_at } => self.assign_capacity(id, capacity, completed_at),
            Fact::WorkspaceDeleted { id } => self.delete_workspace(id),
            Fact::WorkspaceTagged { id, tags } => self.with_workspace(id, |it| it.tags = tags),
            Fact::IdentityProvisioned { workspace, identity, from } => {
                self.provision_identity(workspace, identity, from)
            }
            Fact::IdentityDeprovisioned { workspace } => self.with_workspace(workspace, |it| it.set_identity(None)),
            Fact::RoleAssigned { workspace, assignment } => self.assign_role(workspace, assignment, at),
            Fact::RoleChanged { workspace, assignment } => self.change_role(workspace, assignment, at),
            Fact::RoleRemoved { workspace, id } => self.remove_role(workspace, id, at),
            Fact::NetworkingChanged { workspace, networking } => {
                self.with_workspace(workspace, |it| it.networking = Some(networking));
            }
            Fact::ManagedPrivateEndpointCreated { workspace, endpoint } => {
                self.create_private_endpoint(workspace, endpoint);
            }
            Fact::ManagedPrivateEndpointDeleted { workspace, id } => {
                self.with_workspace(workspace, |it| drop(it.managed_private_endpoints.remove(&id)));
            }
            Fact::EncryptionChanged { workspace, encryption } => {
                self.with_workspace(workspace, |it| it.encryption = Some(encryption));
            }
            Fact::OneLakeSettingsChanged { workspace, settings } => {
                self.with_workspace(workspace, |it| it.onelake_settings = Some(settings));
            }
            Fact::SparkChanged { workspace, spark } => self.with_workspace(workspace, |it| it.spark = Some(spark)),
            Fact::SqlPoolsChanged { workspace, pools } => {
                self.with_workspace(workspace, |it| it.sql_pools = Some(pools));
            }

            Fact::FolderCreated { workspace, id, display_name, parent } => {
                self.create_folder(workspace, Folder { id, display_name, parent });
            }
            Fact::FolderRenamed { workspace, id, display_name } => {
                self.with_folder(workspace, id, |folder| folder.display_name = display_name);
            }
            Fact::FolderMoved { workspace, id, parent } => {
                self.with_folder(workspace, id, |folder| folder.parent = parent);
            }
            Fact::FolderDeleted { workspace, id } => {
                self.with_workspace(workspace, |it| drop(it.folders.remove(&id)));
            }

            Fact::ConnectionCreated(connection) => self.create_connection(connection),
            Fact::ConnectionUpdated(connection) => self.update_connection(connection),
            Fact::ConnectionDeclared(connection) => self.declare_connection(connection),
            Fact::ConnectionDeleted { id } => self.delete_connection(id),
            Fact::GatewayCreated(gateway) => self.create_gateway(gateway),
            Fact::GatewayUpdated(gateway) => self.put_gateway(gateway),
            Fact::GatewaysDeclared { gateways, drawn } => self.declare_gateways(gateways, drawn),
            Fact::GatewayDeleted { id } => self.delete_gateway(id),

            Fact::DeploymentPipelineCreated { id, display_name, description, stages, creator } => {
                let pipeline = DeploymentPipeline::new(id, display_name, description, stages, creator);
                self.create_deployment_pipeline(pipeline);
            }
            Fact::DeploymentPipelineUpdated { id, display_name, description } => {
                self.deployment_pipelines.update(id, display_name, description);
            }
            Fact::DeploymentPipelineRolesChanged { id, roles } => self.deployment_pipelines.set_roles(id, roles),
            Fact::DeploymentPipelineDeleted { id } => self.delete_deployment_pipeline(id),
            Fact::DeploymentStageUpdated { pipeline, stage, properties } => {
                self.deployment_pipelines.update_stage(pipeline, stage, &properties);
            }
            Fact::DeploymentStageAssigned { pipeline, stage, workspace, pairs } => {
                self.deployment_pipelines.assign(pipeline, stage, workspace, &pairs);
            }
            Fact::DeploymentStageUnassigned { pipeline, stage } => self.unassign_stage(pipeline, stage),
            Fact::DeploymentStarted { pipeline, deployment } => self.record_deployment(pipeline, deployment),

            Fact::GitPushed(push) => self.repositories.apply(*push),
            Fact::GitConnected { workspace, provider, caller, credentials } => {
                self.connect_git(workspace, GitConnection::new(provider, caller, credentials));
            }
            Fact::GitDisconnected { workspace } => self.with_workspace(workspace, |it| it.git = None),
            Fact::GitCredentialsChanged { workspace, principal, credentials } => {
                self.with_git(workspace, |connection| connection.set_credentials(principal, credentials));
            }
            Fact::GitSettingsChanged { workspace, branch_roles } => {
                self.with_git(workspace, |connection| connection.branch_roles = branch_roles);
            }
            Fact::GitSynced { workspace, sync, logical_ids, busy_until } => {
                self.sync_git(workspace, sync, logical_ids, busy_until);
            }
            Fact::WorkspaceRelationCreated(relation) => self.create_relation(relation),
            Fact::WorkspaceRelationDeleted { id } => drop(self.relations.remove(&id)),

            Fact::ItemCreated { workspace, item, visible_from, companions, ready_in } => {
                self.create_item(workspace, item, visible_from, companions, ready_in);
            }
            Fact::ItemUpdated { workspace, id, display_name, description, changes } => {
                self.update_item(workspace, id, display_name, description, at);
                self.change_kind_state(workspace, id, changes);
            }
            Fact::ShortcutsChanged { workspace, id, shortcuts } => {
                self.with_item(workspace, id, |item| item.shortcuts = shortcuts);
            }
            Fact::DataAccessRolesChanged { workspace, id, roles } => {
                self.with_item(workspace, id, |item| item.data_access_roles = Some(roles));
            }
            Fact::ExternalDataShareCreated(share) => self.create_share(share),
            Fact::ExternalDataShareAccepted { id, tenant } => self.with_share(id, |it| it.accepted_by = Some(tenant)),
            Fact::ExternalDataShareRevoked { id } => self.with_share(id, |share| share.is_revoked = true),
            Fact::ExternalDataShareDeleted { id } => drop(self.external_data_shares.remove(&id)),
            Fact::IdentityAssociated { workspace, id, identity } => {
                self.with_item(workspace, id, |item| item.default_identity = Some(identity));
            }
            Fact::KindStateChanged { workspace, id, changes } => self.change_kind_state(workspace, id, changes),
            Fact::ItemsMoved { workspace, ids, folder } => self.move_items(workspace, &ids, folder),
            Fact::ItemTagged { workspace, id, tags } => self.with_item(workspace, id, |item| item.tags = tags),
            Fact::LabelsChanged { items, label } => self.label_items(&items, label),
            Fact::ItemDeleted { workspace, id, reserved_until } => {
                self.delete_item(workspace, id, reserved_until, at);
            }
            Fact::ItemSoftDeleted { workspace, id, reserved_until, expires_at } => {
                self.soft_delete_item(workspace, id, reserved_until, expires_at, at);
            }
            Fact::ItemsRecovered { workspace, ids } => self.workspaces.recover_items(workspace, &ids),
            Fact::RecoverableItemDeleted { workspace, id } => self.delete_recoverable_item(workspace, id, at),
            Fact::LogicalIdChanged { workspace, id, logical_id } => {
                self.with_item(workspace, id, |item| item.logical_id = Some(logical_id));
            }
            Fact::DefinitionUpdated { workspace, id, definition } => {
                self.update_definition(workspace, id, definition, at);
            }
            Fact::OperationStarted(new) => self.start_operation(new, at),

            Fact::JobStarted { workspace, item, run } => self.start_job(workspace, item, run, at),
            Fact::JobCancelled { workspace, item, id, from } => self.cancel_job(workspace, item, id, from, at),
            Fact::ScheduleCreated { workspace, item, schedule, timing } => {
                self.create_schedule(workspace, item, schedule, timing, at);
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
                self.start_mirroring(workspace, id, takes, tables, error, at);
            }
            Fact::MirroringStopped { workspace, id, takes } => self.stop_mirroring(workspace, id, takes, at),
        }
    }
}
