//! Typed ids. An id depends only on the seed, the purpose (such as `workspace`), and a number that is counted per
//! purpose.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::seed::Seed;

/// Defines the id types, each with its purpose.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $purpose:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The lowest id.
            pub const MIN: Self = Self(Uuid::nil());
            /// The highest id.
            pub const MAX: Self = Self(Uuid::max());

            /// Wraps an id that the emulator did not create, such as an id in a token, a request or a fixture.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// Returns the hyphenated form in lower case.
            pub fn to_ascii(self) -> [u8; Hyphenated::LENGTH] {
                let mut text = [0; Hyphenated::LENGTH];
                self.0.hyphenated().encode_lower(&mut text);
                text
            }

            /// Returns the id as 128 bits.
            pub const fn as_u128(self) -> u128 {
                self.0.as_u128()
            }

            /// Returns id number `count` of this purpose, derived from `seed`.
            pub fn nth(seed: Seed, count: u64) -> Self {
                Self(uuid(seed.fork($purpose), count))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            /// Parses only the hyphenated form, as the service does. Both upper and lower case are accepted.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// The id of a tenant: `tid` in Entra's tokens.
    TenantId = "tenant";
    /// The id of a user, service principal, group or service principal profile: `oid` in Entra's tokens.
    PrincipalId = "principal";
    /// The id of a capacity.
    CapacityId = "capacity";
    /// The id of a workspace.
    WorkspaceId = "workspace";
    /// The id of a folder in a workspace.
    FolderId = "folder";
    /// The id of an item of any kind.
    ItemId = "item";
    /// The id of a connection.
    ConnectionId = "connection";
    /// The id of a request and its response: the header `RequestId`, and `requestId` in the body of an error.
    RequestId = "request";
    /// The id of a long-running operation.
    OperationId = "operation";
    /// The logical id of an item: the same in every workspace that is connected to the item's folder in Git.
    LogicalId = "logical id";
    /// The id of an execution definition of materialized lake views.
    ExecutionDefinitionId = "execution definition";
    /// The id of a sensitivity label. The emulator does not create labels.
    LabelId = "label";
    /// The client id of the app of a workspace identity.
    ApplicationId = "application";
    /// The id of a tag.
    TagId = "tag";
    /// The id of a domain.
    DomainId = "domain";
    /// The id of a gateway, or of a member of a gateway on premises.
    GatewayId = "gateway";
    /// The id of a subscription of Azure. The emulator does not create subscriptions.
    SubscriptionId = "subscription";
    /// The id of a fault rule.
    FaultId = "fault";
    /// The id of a published version of a Fabric environment.
    VersionId = "version";
    /// The id of a simulated source: the id of its connection, or of its open mirror.
    SourceId = "source";
    /// The id of a trouble.
    TroubleId = "trouble";
    /// The id of a OneLake data access role.
    DataAccessRoleId = "data access role";
    /// The id of a managed private endpoint.
    ManagedPrivateEndpointId = "managed private endpoint";
    /// The id of a run of a job.
    JobInstanceId = "job";
    /// The id of a schedule of jobs.
    ScheduleId = "schedule";
    /// The id of an external data share, and of the invitation to it.
    ExternalDataShareId = "external data share";
    /// The id of a path in an external data share.
    SharedPathId = "shared path";
    /// The id of a custom Spark pool.
    PoolId = "pool";
    /// The id of a relation between two workspaces.
    WorkspaceRelationId = "workspace relation";
    /// The id of an activity. The emulator has no activities: only the ids are shown.
    ActivityId = "activity";
    /// The id of a deployment pipeline.
    DeploymentPipelineId = "deployment pipeline";
    /// The id of a stage of a deployment pipeline.
    DeploymentStageId = "deployment stage";
    /// The id of a deployment: an operation of a deployment pipeline.
    DeploymentId = "deployment";
}

impl From<ConnectionId> for SourceId {
    fn from(connection: ConnectionId) -> Self {
        Self(connection.0)
    }
}

impl From<SourceId> for ConnectionId {
    fn from(source: SourceId) -> Self {
        Self(source.0)
    }
}

impl From<SourceId> for ItemId {
    fn from(source: SourceId) -> Self {
        Self(source.0)
    }
}

impl From<ItemId> for SourceId {
    fn from(open_mirror: ItemId) -> Self {
        Self(open_mirror.0)
    }
}

/// Parses the hyphenated form of a UUID. The service writes and reads no other form.
fn parse(text: &str) -> Result<Uuid, uuid::Error> {
    const HYPHENATED: usize = 36;
    // The crate `uuid` also parses other forms (braced, urn, simple), but these have other lengths. The error comes
    // from parsing an empty text.
    if text.len() == HYPHENATED { Uuid::try_parse(text) } else { Uuid::try_parse("") }
}

fn uuid(seed: Seed, count: u64) -> Uuid {
    derived(seed.fork(count.to_le_bytes()))
}

/// Returns the UUID that belongs to a seed.
pub(crate) fn derived(seed: Seed) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&seed.draw().to_le_bytes());
    bytes[8..].copy_from_slice(&seed.fork("second half").draw().to_le_bytes());
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_seed_purpose_and_count() {
        let seed = Seed::new(1);
        assert_eq!(ItemId::nth(seed, 3), ItemId::nth(seed, 3));
        assert_ne!(ItemId::nth(seed, 3), ItemId::nth(seed, 4));
        assert_ne!(ItemId::nth(seed, 3).0, FolderId::nth(seed, 3).0);
        assert_ne!(ItemId::nth(seed, 3), ItemId::nth(Seed::new(2), 3));
    }

    #[test]
    fn ids_parse_from_hyphenated_form_in_either_case() {
        let id = ItemId::nth(Seed::new(1), 1);
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        for text in ["", "not-an-id", &id.to_string().replace('-', ""), &format!("{{{id}}}"), &format!("urn:uuid:{id}")]
        {
            assert!(text.parse::<ItemId>().is_err(), "{text}");
        }
    }
}
