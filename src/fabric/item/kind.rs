//! The table of kinds: what differs from one kind of item to another, where it is data.

use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::definition::{Content, DefinitionSpec};
use super::{catalog, cosmos_db_database};
use crate::fabric::{ErrorCode, FabricError};

/// What is known of a kind. A kind without new behaviour is one row of [`KINDS`].
#[derive(Debug)]
pub struct KindSpec {
    /// The row's kind.
    pub kind: ItemKind,
    /// Its name in `type`.
    pub name: &'static str,
    /// The segment of its own routes.
    pub collection: &'static str,
    /// Whether a client may create one; others only come along with their parent, or not at all.
    pub can_be_created: bool,
    /// What comes along with one.
    pub companions: Companions,
    /// What its definition must have; `None`: it has none.
    pub definition: Option<DefinitionSpec>,
    /// What is answered with an operation, and how long that takes.
    pub operation_times: OperationTimes,
    /// What becomes of a new name in an update.
    pub rename: Rename,
    /// What its items' names may be, beside what all names are.
    pub names: Names,
    /// Where it stands in a list of items: those of a lower rank come first (seen).
    pub rank: u8,
    /// Whether it reads what it is told at the creation.
    pub reads_payload: bool,
    /// Whether its content lives on the capacity. While that is paused, `behaviours.readsWhilePaused` applies to its own route.
    pub lives_on_capacity: bool,
    /// Whether the continuation members of the list on its own route are null, rather than absent, on the last page.
    pub lists_null_tokens: bool,
    /// Whether its connections can be listed.
    pub lists_connections: bool,
    /// Whether the 202 of a creation has the empty `ETag` of the 201.
    pub started_etag: StartedEtag,
}

/// What comes along with an item as items of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Companions {
    /// Nothing.
    Nothing,
    /// A SQL endpoint of the same name.
    SqlEndpoint,
    /// A KQL database of the same name, where no definition says otherwise.
    KqlDatabase,
    /// A lakehouse and a flow, where no definition says otherwise.
    DigitalTwin,
    /// A staging lakehouse and a staging warehouse, with the first of a workspace.
    Staging,
}

/// How long a kind's operations take at a realistic pace: the medians that were measured. `None`: it is done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationTimes {
    /// A creation without a definition.
    pub create: Option<SignedDuration>,
    /// A creation with a definition.
    pub create_with_definition: Option<SignedDuration>,
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

/// What names may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Anything.
    Any,
    /// Letters, digits and underscores.
    Word,
    /// Anything without these characters.
    Without(&'static str),
}

/// Where the 202 of a creation has the empty `ETag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedEtag {
    /// On all routes.
    Always,
    /// On the generic route alone.
    Generic,
    /// On none.
    Never,
}

/// A time that was measured, in milliseconds; 0: it is done at once.
const fn millis(millis: i64) -> Option<SignedDuration> {
    if millis == 0 { None } else { Some(SignedDuration::from_millis(millis)) }
}

/// Makes [`ItemKind`] and [`KINDS`] from one list: a kind, the segment of its routes, and what it has beyond what all have.
macro_rules! kinds {
    ($($kind:ident $collection:literal $(. $has:ident ($($value:expr),*))*;)*) => {
        /// A kind of item: every value of Fabric's `ItemType`, spelled as there.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "they are Fabric's names, and Fabric's to explain")]
        pub enum ItemKind { $($kind),* }

        /// All kinds, in the order of the description.
        pub const KINDS: &[KindSpec] =
            &[$(KindSpec::new(ItemKind::$kind, stringify!($kind), $collection)$(.$has($($value),*))*),*];
    };
}

/// A definition of any parts.
const PARTS: DefinitionSpec = DefinitionSpec::new(Content::Any);

// What was measured stands in docs/fidelity.md#kinds; kinds without a time there are guessed.
kinds! {
    Dashboard "dashboards".not_created();
    Report "reports".defined(PARTS.needed().formats(&["PBIR", "PBIR-Legacy"], true).told_by("report.json", "PBIR-Legacy")).created_in(400, 400).read_in(200).updated_in(500)
        .ranked(0).started_etag(StartedEtag::Generic);
    SemanticModel "semanticModels".defined(PARTS.needed().formats(&["TMDL", "TMSL"], true).told_by("model.bim", "TMSL")).created_in(10_800, 10_800).read_in(400)
        .updated_in(500).ranked(1).started_etag(StartedEtag::Never);
    PaginatedReport "paginatedReports".defined(DefinitionSpec::new(Content::Extension(&[("PaginatedReportDefinition", ".rdl")])).needed().formats(&["PaginatedReportDefinition"], true));
    Datamart "datamarts".not_created();
    Lakehouse "lakehouses".defined(PARTS.formats(&["LakehouseDefinitionV1"], false)).created_in(0, 4_500).updated_in(2_400).with(Companions::SqlEndpoint).named(Names::Word).reading_payload().on_capacity();
    Eventhouse "eventhouses".defined(PARTS).created_in(0, 3_200).read_in(8_900).updated_in(200).with(Companions::KqlDatabase).on_capacity();
    Environment "environments".defined(PARTS).created_in(0, 3_000).read_in(200).updated_in(800).named(Names::Word).on_capacity();
    KQLDatabase "kqlDatabases".defined(PARTS).created_in(7_600, 7_600).read_in(19_000).updated_in(200).reading_payload().on_capacity();
    KQLQueryset "kqlQuerysets".defined(PARTS);
    KQLDashboard "kqlDashboards".defined(PARTS);
    DataPipeline "dataPipelines".defined(PARTS);
    Notebook "notebooks".defined(PARTS.formats(&["fabricGitSource", "ipynb"], false)).created_in(1_500, 1_500).read_in(300).updated_in(200);
    SparkJobDefinition "sparkJobDefinitions"
        .defined(PARTS.formats(&["SparkJobDefinitionV1", "SparkJobDefinitionV2"], false));
    MLExperiment "mlExperiments".created_in(900, 900);
    MLModel "mlModels".created_in(600, 600);
    Warehouse "warehouses".without_connections().ranked(2).reading_payload().on_capacity();
    Eventstream "eventstreams".defined(PARTS).created_in(4_200, 4_200);
    SQLEndpoint "sqlEndpoints".not_created().ranked(2).on_capacity();
    MirroredWarehouse "mirroredWarehouses".not_created().on_capacity();
    MirroredDatabase "mirroredDatabases".defined(DefinitionSpec::new(Content::Mirroring).needed_on_own_route()).with(Companions::SqlEndpoint).on_capacity();
    Reflex "reflexes".defined(PARTS);
    GraphQLApi "graphqlapis".defined(PARTS).read_in(900).updated_in(900);
    MountedDataFactory "mounteddatafactories".defined(PARTS.needed());
    SQLDatabase "sqlDatabases"
        .defined(DefinitionSpec::new(Content::Extension(&[("dacpac", ".dacpac"), ("sqlproj", ".sqlproj")]))
            .formats(&["dacpac", "sqlproj"], true))
        .created_in(16_100, 16_100).read_in(28_900).updated_in(28_900)
        .with(Companions::SqlEndpoint).renamed(Rename::Ignored).named(Names::Without("![]<>*%&:/?#=@^\"';()")).reading_payload().on_capacity();
    CopyJob "copyJobs".defined(PARTS);
    VariableLibrary "variablelibraries".defined(PARTS).read_in(400).updated_in(800);
    Dataflow "dataflows".defined(PARTS).with(Companions::Staging);
    ApacheAirflowJob "apacheAirflowJobs".defined(PARTS);
    WarehouseSnapshot "warehousesnapshots".reading_payload();
    DigitalTwinBuilder "digitalTwinBuilders".defined(PARTS).created_in(7_600, 7_600).read_in(900).updated_in(900).with(Companions::DigitalTwin);
    DigitalTwinBuilderFlow "digitalTwinBuilderFlows".defined(PARTS).created_in(0, 3_100).read_in(400).updated_in(200).reading_payload();
    MirroredAzureDatabricksCatalog "mirroredAzureDatabricksCatalogs".defined(DefinitionSpec::new(Content::Json(catalog::DATABRICKS_PARTS))).with(Companions::SqlEndpoint).reading_payload().on_capacity();
    Map "maps".defined(PARTS).created_in(0, 1_500).read_in(700).updated_in(700);
    AnomalyDetector "anomalydetectors".defined(PARTS);
    UserDataFunction "userdatafunctions".defined(PARTS).created_in(0, 3_200).read_in(300).updated_in(200);
    GraphModel "graphModels".defined(PARTS);
    GraphQuerySet "graphQuerySets".defined(PARTS).read_in(300).updated_in(300);
    SnowflakeDatabase "snowflakeDatabases".defined(PARTS).with(Companions::SqlEndpoint).reading_payload();
    OperationsAgent "operationsAgents".defined(PARTS);
    CosmosDBDatabase "cosmosDbDatabases".defined(DefinitionSpec::new(Content::Json(&[cosmos_db_database::PATH])))
        .created_in(8_100, 8_100).read_in(800).updated_in(200)
        .with(Companions::SqlEndpoint).renamed(Rename::Refused(ErrorCode::CosmosDBDatabaseDisplayNameCannotBeChanged)).on_capacity();
    Ontology "ontologies".defined(PARTS).named(Names::Word);
    EventSchemaSet "eventSchemaSets".defined(PARTS);
    DataAgent "dataAgents".defined(PARTS);
    MirroredCatalog "mirroredCatalogs"
        .defined(DefinitionSpec::new(Content::Json(&[catalog::MIRRORED])).needed().formats(&["MirroredCatalogDefinition"], true)).with(Companions::SqlEndpoint).on_capacity().listing_null_tokens();
    AppBackend "appBackends".defined(PARTS);
    OrgApp "orgApps".defined(PARTS);
    OrgAppAudience "orgAppAudiences".defined(PARTS);
    DataBuildToolJob "dataBuildToolJobs".defined(PARTS);
    AzureDatabricksStorage "azureDatabricksStorages".defined(PARTS);
    Plan "plans".defined(PARTS);
}

impl KindSpec {
    /// A kind that is created at once, brings nothing along and has no definition.
    const fn new(kind: ItemKind, name: &'static str, collection: &'static str) -> Self {
        Self {
            kind,
            name,
            collection,
            can_be_created: true,
            companions: Companions::Nothing,
            definition: None,
            operation_times: OperationTimes {
                create: None,
                create_with_definition: None,
                get_definition: None,
                update_definition: None,
            },
            rename: Rename::Taken,
            names: Names::Any,
            rank: 3,
            reads_payload: false,
            lives_on_capacity: false,
            lists_null_tokens: false,
            lists_connections: true,
            started_etag: StartedEtag::Always,
        }
    }

    const fn not_created(mut self) -> Self {
        self.can_be_created = false;
        self
    }

    const fn with(mut self, companions: Companions) -> Self {
        self.companions = companions;
        self
    }

    const fn defined(mut self, definition: DefinitionSpec) -> Self {
        self.definition = Some(definition);
        self
    }

    const fn created_in(mut self, plain: i64, with_definition: i64) -> Self {
        (self.operation_times.create, self.operation_times.create_with_definition) =
            (millis(plain), millis(with_definition));
        self
    }

    const fn read_in(mut self, time: i64) -> Self {
        self.operation_times.get_definition = millis(time);
        self
    }

    const fn updated_in(mut self, time: i64) -> Self {
        self.operation_times.update_definition = millis(time);
        self
    }

    const fn renamed(mut self, rename: Rename) -> Self {
        self.rename = rename;
        self
    }

    const fn named(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    const fn ranked(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }

    const fn reading_payload(mut self) -> Self {
        self.reads_payload = true;
        self
    }

    const fn on_capacity(mut self) -> Self {
        self.lives_on_capacity = true;
        self
    }

    const fn listing_null_tokens(mut self) -> Self {
        self.lists_null_tokens = true;
        self
    }

    const fn without_connections(mut self) -> Self {
        self.lists_connections = false;
        self
    }

    const fn started_etag(mut self, etag: StartedEtag) -> Self {
        self.started_etag = etag;
        self
    }
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
            let same = KINDS.iter().filter(|other| other.collection.eq_ignore_ascii_case(spec.collection));
            assert_eq!(same.count(), 1, "{}", spec.collection);
        }
        assert!("NoSuchThing".parse::<ItemKind>().is_err());
    }
}
