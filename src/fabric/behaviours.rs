//! Behaviours: the places where clients and recordings know two answers, and which one it is (docs/fidelity.md#behaviours).

use serde::{Deserialize, Serialize};

/// Makes [`Behaviours`], one enumeration for each, and [`Behaviours::ANSWERS`]. The first answer of each is the default.
macro_rules! behaviours {
    ($($(#[$doc:meta])* $field:ident, $wire:literal: $name:ident {
        $(#[$first_doc:meta])* $first:ident = $first_wire:literal,
        $($(#[$other_doc:meta])* $other:ident = $other_wire:literal,)+
    })*) => {
        /// Which answer is given where the service was known to give two.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Behaviours { $($(#[$doc])* #[serde(rename = $wire)] pub $field: $name),* }

        impl Behaviours {
            /// Chooses the answer of a behaviour. The error says what was expected.
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
        /// As by anybody.
        Accept = "200",
        /// `Unauthorized`, whatever the role.
        Refuse = "401",
    }
    /// `getTablesMirroringStatus` before the first start.
    tables_before_start, "tablesBeforeStart": TablesBeforeStart {
        /// An empty list.
        Empty = "200",
        /// `EntityNotFound`.
        NotFound = "404",
    }
    /// The status of a conflict between names of items: 409 since 2026, 400 before.
    name_conflict, "nameConflict": NameConflict {
        /// 409.
        Conflict = "409",
        /// 400.
        BadRequest = "400",
    }
    /// The status of what needs a capacity that is paused.
    capacity_not_active, "capacityNotActive": CapacityNotActive {
        /// As if it were not there.
        NotFound = "404",
        /// For the time being.
        Unavailable = "503",
    }
    /// The code for an item that is not there: one was seen, the other is documented.
    item_not_found, "itemNotFound": ItemNotFound {
        /// Seen.
        Entity = "EntityNotFound",
        /// Documented.
        Item = "ItemNotFound",
    }
    /// `isRetriable` in errors: there since 2026.
    is_retriable, "isRetriable": IsRetriable {
        /// In every error.
        Present = "present",
        /// In none, as in 2025.
        Absent = "absent",
    }
    /// `description` of what has none: empty since the end of April 2026, left out before.
    empty_description, "emptyDescription": EmptyDescription {
        /// `""`.
        Empty = "empty",
        /// Left out.
        Absent = "absent",
    }
    /// `properties.sqlEndpointProperties` of a mirrored database while its endpoint is being provisioned.
    sql_endpoint_provisioning, "sqlEndpointProvisioning": SqlEndpointProvisioning {
        /// An object that says so, as in 2026.
        InProgress = "InProgress",
        /// Null, as in 2025.
        Null = "null",
    }
    /// `getDefinition` of the kinds that were seen to answer it at once.
    get_definition, "getDefinition": GetDefinition {
        /// At once.
        AtOnce = "200",
        /// As an operation.
        Operation = "202",
    }
    /// `updateDefinition` of the kinds that were seen to answer it at once.
    update_definition, "updateDefinition": UpdateDefinition {
        /// At once.
        AtOnce = "200",
        /// As an operation.
        Operation = "202",
    }
    /// The creation of a warehouse: at once since the end of April 2026, as an operation before.
    warehouse_creation, "warehouseCreation": WarehouseCreation {
        /// At once.
        AtOnce = "201",
        /// As an operation.
        Operation = "202",
    }
    /// The host in the `Location` of an operation.
    operation_location, "operationLocation": OperationLocation {
        /// The one that was called: the client stays where it is.
        Same = "same",
        /// A regional one, as the service names it.
        Regional = "regional",
    }
    /// The members of an operation's state.
    operation_members, "operationMembers": OperationMembers {
        /// Those of 2025.
        Five = "2025",
        /// And `blobInfoId` and `resultContentType`, both null, as in August 2026.
        Seven = "2026",
    }
    /// A role for a principal that the directory does not know.
    unknown_principal, "unknownPrincipal": UnknownPrincipal {
        /// Assigned; the directory learns the principal as the request names it.
        Accept = "201",
        /// `PrincipalNotFound`.
        Refuse = "400",
    }
    /// The creation of a mirrored database on its own route without a definition.
    create_without_definition, "createWithoutDefinition": CreateWithoutDefinition {
        /// Refused: the `Definition` field is required.
        Refuse = "400",
        /// Creates a mirrored database that cannot be started until it has a definition.
        Accept = "201",
    }
    /// The status of a `startMirroring` that is accepted.
    start_answer, "startAnswer": StartAnswer {
        /// As recorded.
        Ok = "200",
        /// As one program was answered.
        Accepted = "202",
    }
    /// Reads on the own routes of kinds whose content lives on the capacity, while that is paused.
    reads_while_paused, "readsWhilePaused": ReadsWhilePaused {
        /// `CapacityNotActive`, as if the item were not there.
        NotFound = "404",
        /// `InternalServerError`, as seen once.
        Fail = "500",
        /// They go on.
        Answer = "200",
    }
    /// The role that the creation of a SQL database takes: two documents differ.
    sql_database_creation, "sqlDatabaseCreation": SqlDatabaseCreation {
        /// The API's description.
        Contributor = "Contributor",
        /// The how-to page.
        Member = "Member",
    }
    /// A continuation token that was percent-encoded once more than it should be.
    double_encoded_token, "doubleEncodedToken": DoubleEncodedToken {
        /// `InvalidContinuationToken`.
        Refuse = "400",
        /// The first page again: a client that does not notice goes round for ever.
        FirstPage = "firstPage",
    }
}
