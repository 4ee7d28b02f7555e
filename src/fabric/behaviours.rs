//! Behaviours: cases in which the service is known to answer in two ways, and the chosen answers (docs/fidelity.md#behaviours).

use serde::{Deserialize, Serialize};

/// Defines [`Behaviours`], an enumeration for each behaviour, and [`Behaviours::ANSWERS`]. The first answer is the default.
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
            /// Chooses the answer of a behaviour. The error names the accepted values.
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

            /// Every behaviour with all its answers, the default first.
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
    /// `startMirroring` while `Running`.
    start_while_running, "startWhileRunning": StartWhileRunning {
        /// Accepted; nothing changes.
        Accept = "200",
        /// `OperationNotAllowedInCurrentStatus`.
        Refuse = "400",
    }
    /// `stopMirroring` while not `Running`.
    stop_while_not_running, "stopWhileNotRunning": StopWhileNotRunning {
        /// `OperationNotAllowedInCurrentStatus`.
        Refuse = "400",
        /// Accepted; nothing changes.
        Accept = "200",
    }
    /// `startMirroring` and `stopMirroring` by a service principal or a managed identity.
    mirroring_by_apps, "mirroringByApps": MirroringByApps {
        /// Accepted, as from users.
        Accept = "200",
        /// `Unauthorized`, with any role.
        Refuse = "401",
    }
    /// `getTablesMirroringStatus` before the first start.
    tables_before_start, "tablesBeforeStart": TablesBeforeStart {
        /// An empty list.
        Empty = "200",
        /// `EntityNotFound`.
        NotFound = "404",
    }
    /// The status of a conflict between item names: 409 since 2026, 400 before.
    name_conflict, "nameConflict": NameConflict {
        /// 409.
        Conflict = "409",
        /// 400.
        BadRequest = "400",
    }
    /// The status of requests that need a paused capacity.
    capacity_not_active, "capacityNotActive": CapacityNotActive {
        /// As for a missing resource.
        NotFound = "404",
        /// Temporarily unavailable.
        Unavailable = "503",
    }
    /// The code for a missing item: one was seen, the other is documented.
    item_not_found, "itemNotFound": ItemNotFound {
        /// Seen.
        Entity = "EntityNotFound",
        /// Documented.
        Item = "ItemNotFound",
    }
    /// `isRetriable` in errors: present since 2026.
    is_retriable, "isRetriable": IsRetriable {
        /// In every error.
        Present = "present",
        /// In none, as in 2025.
        Absent = "absent",
    }
    /// `description` of an object without one: empty since the end of April 2026, omitted before.
    empty_description, "emptyDescription": EmptyDescription {
        /// `""`.
        Empty = "empty",
        /// Omitted.
        Absent = "absent",
    }
    /// `properties.sqlEndpointProperties` of a mirrored database while its endpoint is being provisioned.
    sql_endpoint_provisioning, "sqlEndpointProvisioning": SqlEndpointProvisioning {
        /// An object with this status, as in 2026.
        InProgress = "InProgress",
        /// Null, as in 2025.
        Null = "null",
    }
    /// `getDefinition` of the kinds that were seen to answer it immediately.
    get_definition, "getDefinition": GetDefinition {
        /// Immediately.
        AtOnce = "200",
        /// As a long-running operation.
        Operation = "202",
    }
    /// `updateDefinition` of the kinds that were seen to answer it immediately.
    update_definition, "updateDefinition": UpdateDefinition {
        /// Immediately.
        AtOnce = "200",
        /// As a long-running operation.
        Operation = "202",
    }
    /// The creation of a warehouse: immediate since the end of April 2026, a long-running operation before.
    warehouse_creation, "warehouseCreation": WarehouseCreation {
        /// Immediately.
        AtOnce = "201",
        /// As a long-running operation.
        Operation = "202",
    }
    /// The host in the `Location` of a long-running operation.
    operation_location, "operationLocation": OperationLocation {
        /// The host of the request.
        Same = "same",
        /// A regional host, as the service returns it.
        Regional = "regional",
    }
    /// The members of the state of a long-running operation.
    operation_members, "operationMembers": OperationMembers {
        /// Those of 2025.
        Five = "2025",
        /// Those of 2025, and `blobInfoId` and `resultContentType`, both null, as in August 2026.
        Seven = "2026",
    }
    /// A role for a principal that the directory does not know.
    unknown_principal, "unknownPrincipal": UnknownPrincipal {
        /// Assigned; the principal is added to the directory with the type in the request.
        Accept = "201",
        /// `PrincipalNotFound`.
        Refuse = "400",
    }
    /// The creation of a mirrored database on its own route without a definition.
    create_without_definition, "createWithoutDefinition": CreateWithoutDefinition {
        /// Rejected: the `Definition` field is required.
        Refuse = "400",
        /// Creates a mirrored database that cannot be started until it has a definition.
        Accept = "201",
    }
    /// The status of an accepted `startMirroring`.
    start_answer, "startAnswer": StartAnswer {
        /// As recorded.
        Ok = "200",
        /// As one program received.
        Accepted = "202",
    }
    /// Reads on kind-specific routes while the capacity is paused, for kinds whose content lives on the capacity.
    reads_while_paused, "readsWhilePaused": ReadsWhilePaused {
        /// `CapacityNotActive`, as for a missing item.
        NotFound = "404",
        /// `InternalServerError`, as seen once.
        Fail = "500",
        /// They succeed.
        Answer = "200",
    }
    /// The role that the creation of a SQL database requires: two documents differ.
    sql_database_creation, "sqlDatabaseCreation": SqlDatabaseCreation {
        /// As in the API's description.
        Contributor = "Contributor",
        /// As in the how-to page.
        Member = "Member",
    }
    /// A continuation token that is percent-encoded twice.
    double_encoded_token, "doubleEncodedToken": DoubleEncodedToken {
        /// `InvalidContinuationToken`.
        Refuse = "400",
        /// The first page again: a client that does not notice never finishes.
        FirstPage = "firstPage",
    }
}
