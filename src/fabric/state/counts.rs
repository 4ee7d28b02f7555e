//! The ids issued so far, and the next ids.

use serde::{Deserialize, Serialize};

use crate::fabric::State;
use crate::fabric::workspace::WorkspaceIdentity;
use crate::ids::{
    ApplicationId, CapacityId, ConnectionId, DeploymentId, DeploymentPipelineId, DomainId, ExternalDataShareId,
    FaultId, FolderId, GatewayId, ItemId, JobInstanceId, ManagedPrivateEndpointId, OperationId, PrincipalId,
    ScheduleId, TagId, WorkspaceId, WorkspaceRelationId,
};

/// Defines [`Counts`] with a count for each type of id. Counts that were added to the persisted format later have the
/// attribute `serde(default)`.
macro_rules! counts {
    ($($(#[$attribute:meta])* $count:ident,)+) => {
        /// The number of ids issued so far, for each type of id.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct Counts { $($(#[$attribute])* pub(super) $count: u64,)+ }

        impl Counts {
            /// Returns the largest count.
            fn largest(&self) -> u64 {
                [$(self.$count),+].into_iter().fold(0, u64::max)
            }
        }
    };
}

counts! {
    workspaces,
    folders,
    connections,
    items,
    operations,
    identities,
    tags,
    #[serde(default)]
    faults,
    #[serde(default)]
    managed_private_endpoints,
    #[serde(default)]
    gateways,
    #[serde(default)]
    jobs,
    #[serde(default)]
    schedules,
    #[serde(default)]
    domains,
    #[serde(default)]
    external_data_shares,
    #[serde(default)]
    capacities,
    #[serde(default)]
    deployment_pipelines,
    #[serde(default)]
    deployments,
    #[serde(default)]
    relations,
}

impl State {
    /// Returns the largest number of ids issued for a type of id.
    pub(in crate::fabric) fn largest_count(&self) -> u64 {
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

    /// Returns the id of the next external data share.
    pub fn next_external_data_share(&self) -> ExternalDataShareId {
        ExternalDataShareId::nth(self.seed, self.counts.external_data_shares + 1)
    }

    /// Returns the id of the next capacity. The ids of the capacities that exist are skipped.
    pub fn next_capacity(&self) -> CapacityId {
        // A new tenant has capacities with the first numbers.
        let ids = (self.counts.capacities + 1..).map(|count| CapacityId::nth(self.seed.fork("created"), count));
        let mut free = ids.filter(|id| self.capacity(*id).is_err());
        free.next().unwrap_or(CapacityId::MAX)
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
}
