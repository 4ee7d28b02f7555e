//! The table of kinds: what differs from one kind of item to another, where it is data.

use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::definition::{Content, DefinitionSpec};
use super::{cosmos_db_database, dacpac};
use crate::fabric::{ErrorCode, FabricError};

/// What is known of a kind. A kind without new behaviour is one row of [`KINDS`].
#[derive(Debug)]
pub struct KindSpec {
    /// The row's kind.
    pub kind: ItemKind,
    /// Its name in `type`.
    pub name: &'static str,
    /// Whether items of it can be in a workspace here.
    pub is_emulated: bool,
    /// Whether a client may create one; others only come along with their parent.
    pub can_be_created: bool,
    /// Whether a SQL endpoint of the same name comes along.
    pub has_sql_endpoint: bool,
    /// What its definition must have; `None`: it has none.
    pub definition: Option<DefinitionSpec>,
    /// What is answered with an operation, and how long that takes.
    pub takes: Takes,
    /// What becomes of a new name in an update.
    pub rename: Rename,
    /// Characters that its items' names must not have.
    pub forbidden: &'static str,
}

/// How long a kind's operations take at a realistic pace: the medians that were measured. `None`: it is done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    /// A creation.
    pub create: Option<SignedDuration>,
    /// The reading of a definition.
    pub get_definition: Option<SignedDuration>,
    /// The replacement of a definition.
    pub update_definition: Option<SignedDuration>,
}

/// What becomes of a new name in an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rename {
    /// It is taken.
    Taken,
    /// It is not looked at: the description has no such member.
    Ignored,
    /// It is refused.
    Refused(ErrorCode),
}

/// A time that was measured, in milliseconds.
const fn millis(millis: i64) -> Option<SignedDuration> {
    Some(SignedDuration::from_millis(millis))
}

/// Nothing takes time.
const AT_ONCE: Takes = Takes { create: None, get_definition: None, update_definition: None };

/// Makes [`ItemKind`] and [`KINDS`] from one list.
macro_rules! kinds {
    ($($kind:ident $({ $($field:ident: $value:expr),* })?,)*) => {
        /// A kind of item: every value of Fabric's `ItemType`, spelled as there.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "they are Fabric's names, and Fabric's to explain")]
        pub enum ItemKind { $($kind),* }

        /// All kinds, in the order of the description.
        pub const KINDS: &[KindSpec] = &[$(KindSpec { $($($field: $value,)*)? ..absent(ItemKind::$kind, stringify!($kind)) }),*];
    };
}

/// A kind that Fabric has and the emulator has not: lists may ask for it, and find none.
const fn absent(kind: ItemKind, name: &'static str) -> KindSpec {
    KindSpec {
        kind,
        name,
        is_emulated: false,
        can_be_created: false,
        has_sql_endpoint: false,
        definition: None,
        takes: AT_ONCE,
        rename: Rename::Taken,
        forbidden: "",
    }
}

kinds! {
    Dashboard,
    Report,
    SemanticModel,
    PaginatedReport,
    Datamart,
    Lakehouse,
    Eventhouse,
    Environment,
    KQLDatabase,
    KQLQueryset,
    KQLDashboard,
    DataPipeline,
    Notebook,
    SparkJobDefinition,
    MLExperiment,
    MLModel,
    Warehouse,
    Eventstream,
    SQLEndpoint { is_emulated: true },
    MirroredWarehouse,
    MirroredDatabase {
        is_emulated: true,
        can_be_created: true,
        has_sql_endpoint: true,
        definition: Some(DefinitionSpec {
            content: Content::Mirroring,
            is_needed: true,
            formats: &[],
            unwritten: |_, _| Vec::new()
        })
    },
    Reflex,
    GraphQLApi,
    MountedDataFactory,
    SQLDatabase {
        is_emulated: true,
        can_be_created: true,
        has_sql_endpoint: true,
        definition: Some(DefinitionSpec {
            content: Content::Extension(&[("dacpac", ".dacpac"), ("sqlproj", ".sqlproj")]),
            is_needed: false,
            formats: &["dacpac", "sqlproj"],
            unwritten: dacpac::unwritten
        }),
        takes: Takes { create: millis(16_100), get_definition: millis(28_900), update_definition: millis(28_900) },
        rename: Rename::Ignored,
        forbidden: "![]<>*%&:/?#=@^\"';()"
    },
    CopyJob,
    VariableLibrary,
    Dataflow,
    ApacheAirflowJob,
    WarehouseSnapshot,
    DigitalTwinBuilder,
    DigitalTwinBuilderFlow,
    MirroredAzureDatabricksCatalog,
    Map,
    AnomalyDetector,
    UserDataFunction,
    GraphModel,
    GraphQuerySet,
    SnowflakeDatabase,
    OperationsAgent,
    CosmosDBDatabase {
        is_emulated: true,
        can_be_created: true,
        has_sql_endpoint: true,
        definition: Some(DefinitionSpec {
            content: Content::Json(cosmos_db_database::PATH),
            is_needed: false,
            formats: &[],
            unwritten: cosmos_db_database::unwritten
        }),
        takes: Takes { create: millis(8_100), get_definition: millis(800), update_definition: millis(200) },
        rename: Rename::Refused(ErrorCode::CosmosDBDatabaseDisplayNameCannotBeChanged)
    },
    Ontology,
    EventSchemaSet,
    DataAgent,
    MirroredCatalog,
    AppBackend,
    OrgApp,
    OrgAppAudience,
    DataBuildToolJob,
    AzureDatabricksStorage,
    Plan,
}

impl ItemKind {
    /// The row of this kind.
    pub fn spec(self) -> &'static KindSpec {
        &KINDS[self as usize]
    }
}

impl FromStr for ItemKind {
    type Err = FabricError;

    /// The kind of this name; enumerations match without regard to case.
    fn from_str(name: &str) -> Result<Self, FabricError> {
        let spec = KINDS.iter().find(|spec| spec.name.eq_ignore_ascii_case(name));
        spec.map(|spec| spec.kind).ok_or_else(|| ErrorCode::InvalidItemType.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_row() {
        for spec in KINDS {
            assert_eq!(spec.kind.spec().name, spec.name);
            assert_eq!(spec.name.to_lowercase().parse::<ItemKind>(), Ok(spec.kind));
            assert!(spec.is_emulated || !spec.can_be_created, "{}", spec.name);
        }
        assert!("NoSuchThing".parse::<ItemKind>().is_err());
    }
}
