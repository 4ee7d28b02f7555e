//! Behaviours: questions to which two or more answers of the service are known, and the chosen answers
//! (docs/fidelity.md#behaviours).

use serde::{Deserialize, Serialize};

/// Defines [`Behaviours`], an enumeration for each behaviour, and [`Behaviours::ANSWERS`]. The first answer is the
/// default.
macro_rules! behaviours {
    ($($(#[$doc:meta])* $field:ident, $wire:literal: $name:ident {
        $(#[$first_doc:meta])* $first:ident = $first_wire:literal,
        $($(#[$other_doc:meta])* $other:ident = $other_wire:literal,)+
    })*) => {
        /// The chosen answer of each behaviour.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Behaviours { $($(#[$doc])* #[serde(rename = $wire)] pub $field: $name),* }

        impl Behaviours {
            /// Sets the answer of a behaviour. The error lists the accepted values.
            pub fn set(&mut self, name: &str, answer: &str) -> Result<(), String> {
                match name {
                    $($wire => self.$field = $name::named(answer).ok_or_else(|| unknown_answer(name, answer))?,)*
                    _ => {
                        let known: Vec<&str> = Self::ANSWERS.iter().map(|(known, _)| *known).collect();
                        return Err(format!("behaviours: unknown name {name:?}; expected one of {}.", known.join(", ")));
                    }
                }
                Ok(())
            }

            /// All behaviours, each with its answers. The first answer is the default.
            pub const ANSWERS: &[(&'static str, &'static [&'static str])] =
                &[$(($wire, &[$first_wire, $($other_wire),+])),*];
        }

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
            pub enum $name {
                $(#[$first_doc])* #[default] #[serde(rename = $first_wire)] $first,
                $($(#[$other_doc])* #[serde(rename = $other_wire)] $other,)+
            }

            impl $name {
                fn named(answer: &str) -> Option<Self> {
                    [($first_wire, Self::$first), $(($other_wire, Self::$other)),+]
                        .into_iter()
                        .find_map(|(known, variant)| (known == answer).then_some(variant))
                }
            }
        )*
    };
}

fn unknown_answer(name: &str, answer: &str) -> String {
    let answers =
        Behaviours::ANSWERS.iter().find(|(known, _)| *known == name).map_or(&[] as &[_], |(_, answers)| answers);
    format!("behaviours.{name} is {answer:?}: expected {}.", answers.join(" or "))
}

behaviours! {
    /// The response to `startMirroring` while the status is `Running`.
    start_while_running, "startWhileRunning": StartWhileRunning {
        /// Accepted without effect.
        Accept = "200",
        /// Rejected with `OperationNotAllowedInCurrentStatus`.
        Refuse = "400",
    }
    /// The response to `stopMirroring` while mirroring is not running.
    stop_while_not_running, "stopWhileNotRunning": StopWhileNotRunning {
        /// Rejected with `OperationNotAllowedInCurrentStatus`.
        Refuse = "400",
        /// Accepted without effect.
        Accept = "200",
    }
    /// The response to `startMirroring` and `stopMirroring` if the caller is a service principal or a managed identity.
    mirroring_by_apps, "mirroringByApps": MirroringByApps {
        /// Accepted, as for users.
        Accept = "200",
        /// Rejected with `Unauthorized`, regardless of the caller's role.
        Refuse = "401",
    }
    /// The response to `getTablesMirroringStatus` before the first start.
    tables_before_start, "tablesBeforeStart": TablesBeforeStart {
        /// An empty list.
        Empty = "200",
        /// Rejected with `EntityNotFound`.
        NotFound = "404",
    }
    /// The HTTP status of a conflict between item names: 409 since 2026, 400 before.
    name_conflict, "nameConflict": NameConflict {
        /// 409 Conflict.
        Conflict = "409",
        /// 400 Bad Request.
        BadRequest = "400",
    }
    /// The HTTP status of a request that requires an active capacity while the capacity is paused.
    capacity_not_active, "capacityNotActive": CapacityNotActive {
        /// 404 Not Found, as for a missing resource.
        NotFound = "404",
        /// 503 Service Unavailable.
        Unavailable = "503",
    }
    /// The error code for a missing item.
    item_not_found, "itemNotFound": ItemNotFound {
        /// `EntityNotFound` (seen).
        Entity = "EntityNotFound",
        /// `ItemNotFound` (documented).
        Item = "ItemNotFound",
    }
    /// The member `isRetriable` of errors: present since 2026.
    is_retriable, "isRetriable": IsRetriable {
        /// Present in every error.
        Present = "present",
        /// Absent from all errors, as in 2025.
        Absent = "absent",
    }
    /// The member `description` of an object without a description: empty since the end of April 2026, omitted before.
    empty_description, "emptyDescription": EmptyDescription {
        /// An empty string.
        Empty = "empty",
        /// Omitted.
        Absent = "absent",
    }
    /// The member `properties.sqlEndpointProperties` of a mirrored database while its SQL endpoint is being
    /// provisioned.
    sql_endpoint_provisioning, "sqlEndpointProvisioning": SqlEndpointProvisioning {
        /// An object with the provisioning status `InProgress`, as in 2026.
        InProgress = "InProgress",
        /// Null, as in 2025.
        Null = "null",
    }
    /// The response to `getDefinition` for the kinds whose immediate response was seen.
    get_definition, "getDefinition": GetDefinition {
        /// An immediate response.
        AtOnce = "200",
        /// A long-running operation.
        Operation = "202",
    }
    /// The response to `updateDefinition` for the kinds whose immediate response was seen.
    update_definition, "updateDefinition": UpdateDefinition {
        /// An immediate response.
        AtOnce = "200",
        /// A long-running operation.
        Operation = "202",
    }
    /// The response to the creation of a warehouse: immediate since the end of April 2026, a long-running operation
    /// before.
    warehouse_creation, "warehouseCreation": WarehouseCreation {
        /// An immediate response.
        AtOnce = "201",
        /// A long-running operation.
        Operation = "202",
    }
    /// The host in the header `Location` of a long-running operation.
    operation_location, "operationLocation": OperationLocation {
        /// The host of the request.
        Same = "same",
        /// A regional host, as the service returns it.
        Regional = "regional",
    }
    /// The members of the body that describes a long-running operation.
    operation_members, "operationMembers": OperationMembers {
        /// The five members of 2025.
        Five = "2025",
        /// The five members of 2025, plus `blobInfoId` and `resultContentType`, which are null, as in August 2026.
        Seven = "2026",
    }
    /// The response to the assignment of a role to a principal that is not in the directory.
    unknown_principal, "unknownPrincipal": UnknownPrincipal {
        /// Accepted. The principal is added to the directory with the type from the request.
        Accept = "201",
        /// Rejected with `PrincipalNotFound`.
        Refuse = "400",
    }
    /// The response to the creation of a mirrored database without a definition, on the route `mirroredDatabases`.
    create_without_definition, "createWithoutDefinition": CreateWithoutDefinition {
        /// Rejected, because the `Definition` field is required.
        Refuse = "400",
        /// Accepted. Mirroring cannot start until the mirrored database has a definition.
        Accept = "201",
    }
    /// The HTTP status of an accepted `startMirroring`.
    start_answer, "startAnswer": StartAnswer {
        /// 200 OK, as in the recordings.
        Ok = "200",
        /// 202 Accepted, as one client received.
        Accepted = "202",
    }
    /// The response to reads on kind-specific routes while the capacity is paused, for kinds whose content is on the
    /// capacity.
    reads_while_paused, "readsWhilePaused": ReadsWhilePaused {
        /// Rejected with `CapacityNotActive` and the status 404, as for a missing item.
        NotFound = "404",
        /// Rejected with `InternalServerError`, as seen once.
        Fail = "500",
        /// Accepted, as while the capacity is active.
        Answer = "200",
    }
    /// The role that the creation of a SQL database requires. Two documents of Microsoft contradict each other.
    sql_database_creation, "sqlDatabaseCreation": SqlDatabaseCreation {
        /// Contributor, as in the API's description.
        Contributor = "Contributor",
        /// Member, as in the how-to page.
        Member = "Member",
    }
    /// The response to the initialization of a Git connection, and to a request for the Git status.
    git_status, "gitStatus": GitStatusAnswer {
        /// An immediate response.
        AtOnce = "200",
        /// A long-running operation.
        Operation = "202",
    }
    /// The error code for an initialization of a Git connection that lacks a strategy.
    git_initialization, "gitInitialization": GitInitialization {
        /// `MissingInitializationStrategy` (told).
        Strategy = "MissingInitializationStrategy",
        /// `MissingInitializationPolicy` (documented).
        Policy = "MissingInitializationPolicy",
    }
    /// The response to a continuation token that is percent-encoded twice.
    double_encoded_token, "doubleEncodedToken": DoubleEncodedToken {
        /// Rejected with `InvalidContinuationToken`.
        Refuse = "400",
        /// The first page again. A client that does not detect the repeated page never finishes.
        FirstPage = "firstPage",
    }
}
