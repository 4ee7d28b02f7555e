//! Kinds of items: the table [`KINDS`], and a module for each kind with special rules.

pub mod audit;
pub mod catalog_sync;
mod copy_job;
mod cosmos_db_database;
mod data_pipeline;
mod dataflow;
mod definition_spec;
mod digital_twin_builder;
pub mod digital_twin_builder_flow;
pub mod environment;
mod eventhouse;
mod eventstream;
mod graph_ql_api;
mod graph_query_set;
mod hooks;
mod job_types;
mod kql_database;
pub mod lakehouse;
mod map;
pub mod mirrored_azure_databricks_catalog;
pub mod mirrored_catalog;
pub mod mirrored_database;
mod notebook;
pub mod semantic_model;
mod snowflake_database;
mod spark_job_definition;
pub mod sql_database;
pub mod sql_endpoint;
mod state;
mod user_data_function;
pub mod variable_library;
pub mod warehouse;
mod warehouse_snapshot;

use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use self::definition_spec::{Content, DefinitionSpec, Needed};
use self::hooks::KindHooks;
pub(super) use self::hooks::{Creation, Preparation};
pub use self::job_types::JobType;
pub use self::state::{KindChange, KindState};
use crate::fabric::{ErrorCode, FabricError};

/// A row of [`KINDS`]: the properties of a kind as data, and its special rules as hooks.
#[derive(Debug)]
pub struct KindSpec {
    /// The kind.
    pub kind: ItemKind,
    /// The name of the kind, as in the member `type` of an item.
    pub name: &'static str,
    /// The path segment of the kind's own routes, such as `lakehouses` in `workspaces/{id}/lakehouses`.
    pub collection: &'static str,
    /// `true` if clients can create items of the kind. Items of all other kinds are companions, or cannot exist.
    pub can_be_created: bool,
    /// The rules for definitions; `None` if items of the kind have no definition.
    pub definition: Option<DefinitionSpec>,
    /// The durations of the kind's long-running operations.
    pub operation_times: OperationTimes,
    /// The effect of a new name in a request to update an item.
    pub rename: Rename,
    /// The rule for names of items, in addition to the rules that apply to all kinds.
    pub names: Names,
    /// The rank of the kind in lists of items. Items of lower ranks come first (seen).
    pub rank: u8,
    /// `true` if a creation payload has an effect.
    pub reads_payload: bool,
    /// `true` if the capacity stores the content of the kind's items. While the capacity is paused,
    /// `behaviours.readsWhilePaused` determines the responses to reads on the kind's own routes.
    pub lives_on_capacity: bool,
    /// `true` if the list on the kind's own route has null continuation members on its last page. Other lists
    /// omit these members.
    pub lists_null_tokens: bool,
    /// `true` if the connections of an item can be listed.
    pub lists_connections: bool,
    /// The routes on which the 202 response to a creation has an empty `ETag` header, like the 201 response.
    pub started_etag: StartedEtag,
    /// The types of jobs that items of the kind can run.
    pub jobs: &'static [JobType],
    /// The special rules of the kind, as functions.
    pub(super) hooks: KindHooks,
}

/// The durations of a kind's long-running operations at the realistic pace: measured medians, or guesses. If a duration
/// is `None`, the request completes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationTimes {
    /// The duration of a creation without a definition.
    pub create: Option<SignedDuration>,
    /// The duration of a creation with a definition.
    pub create_with_definition: Option<SignedDuration>,
    /// The duration of `getDefinition`.
    pub get_definition: Option<SignedDuration>,
    /// The duration of `updateDefinition`.
    pub update_definition: Option<SignedDuration>,
}

/// The effect of a new name in a request to update an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rename {
    /// The item is renamed.
    Accepted,
    /// The name is ignored, because the request has no member for a name in Microsoft's API description.
    Ignored,
    /// The update is rejected with this error code.
    Refused(ErrorCode),
}

/// The allowed names of items of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Any name.
    Any,
    /// Names of letters, digits and underscores.
    Word,
    /// Any name without these characters.
    Without(&'static str),
}

/// The routes on which the 202 response to a creation has an empty `ETag` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedEtag {
    /// Both the generic route and the kind's own route.
    Always,
    /// The generic route `items` only.
    Generic,
    /// No route.
    Never,
}

/// Converts milliseconds to a duration. Returns `None` for 0, because the request then completes at once.
const fn millis(millis: i64) -> Option<SignedDuration> {
    if millis == 0 { None } else { Some(SignedDuration::from_millis(millis)) }
}

/// Generates [`ItemKind`] and [`KINDS`] from one list. Each entry names a kind and the path segment of its routes,
/// followed by calls of the builder methods of [`KindSpec`].
macro_rules! kinds {
    ($($kind:ident $collection:literal $(. $method:ident ($($value:expr),*))*;)*) => {
        /// A kind of item. The variants are the values of Fabric's `ItemType`, in Fabric's spelling.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the names are Fabric's, and so is their documentation")]
        pub enum ItemKind { $($kind),* }

        /// All kinds, in the order of Microsoft's API description.
        pub const KINDS: &[KindSpec] =
            &[$(KindSpec::new(ItemKind::$kind, stringify!($kind), $collection)$(.$method($($value),*))*),*];
    };
}

/// The rules for definitions with any parts.
const PARTS: DefinitionSpec = DefinitionSpec::new(Content::Any);
/// The base URL of the JSON schemas in definitions.
const SCHEMAS: &str = "https://developer.microsoft.com/json-schemas/fabric/item";
/// The characters that are not allowed in names of SQL databases.
const NOT_IN_SQL_DATABASE_NAMES: &str = "![]<>*%&:/?#=@^\"';()";

const REPORT: DefinitionSpec =
    PARTS.needed().formats(&["PBIR", "PBIR-Legacy"], true).implied_by("report.json", "PBIR-Legacy");
const SEMANTIC_MODEL: DefinitionSpec = PARTS.needed().formats(&["TMDL", "TMSL"], true).implied_by("model.bim", "TMSL");
const PAGINATED_REPORT: DefinitionSpec =
    DefinitionSpec::new(Content::Extension(&[("PaginatedReportDefinition", ".rdl")]))
        .needed()
        .formats(&["PaginatedReportDefinition"], true);
const SQL_DATABASE: DefinitionSpec =
    DefinitionSpec::new(Content::Extension(&[("dacpac", ".dacpac"), ("sqlproj", ".sqlproj")]))
        .formats(&["dacpac", "sqlproj"], true);
const MIRRORED_CATALOG: DefinitionSpec = DefinitionSpec::new(Content::Json(&[mirrored_catalog::PATH]))
    .needed()
    .formats(&["MirroredCatalogDefinition"], true);
const DATABRICKS_CATALOG: DefinitionSpec = DefinitionSpec::new(Content::Json(mirrored_azure_databricks_catalog::PATHS));

// The sources of these durations are in docs/fidelity.md#kinds. Durations without a source there are guessed.
kinds! {
    Dashboard "dashboards".not_created();
    Report "reports".defined(REPORT).created_in(400, 400).read_in(200).updated_in(500)
        .ranked(0).started_etag(StartedEtag::Generic);
    SemanticModel "semanticModels".defined(SEMANTIC_MODEL).created_in(10_800, 10_800).read_in(400).updated_in(500)
        .ranked(1).started_etag(StartedEtag::Never).hooks(semantic_model::HOOKS);
    PaginatedReport "paginatedReports".defined(PAGINATED_REPORT);
    Datamart "datamarts".not_created();
    Lakehouse "lakehouses".defined(PARTS.formats(&["LakehouseDefinitionV1"], false))
        .created_in(0, 4_500).updated_in(2_400)
        .named(Names::Word).reading_payload().on_capacity().running(job_types::LAKEHOUSE).hooks(lakehouse::HOOKS);
    Eventhouse "eventhouses".defined(PARTS.default_parts(&[("EventhouseProperties.json", "{}")]))
        .created_in(0, 3_200).read_in(8_900).updated_in(200)
        .on_capacity().hooks(eventhouse::HOOKS);
    Environment "environments".defined(PARTS).created_in(0, 3_000).read_in(200).updated_in(800)
        .named(Names::Word).on_capacity().hooks(environment::HOOKS);
    KQLDatabase "kqlDatabases".defined(PARTS).created_in(7_600, 7_600).read_in(19_000).updated_in(200)
        .reading_payload().on_capacity().hooks(kql_database::HOOKS);
    KQLQueryset "kqlQuerysets".defined(PARTS.default_parts(&[("RealTimeQueryset.json", "{}")]));
    KQLDashboard "kqlDashboards".defined(PARTS.default_parts(&[("RealTimeDashboard.json", "{}")]));
    DataPipeline "dataPipelines".defined(PARTS).running(job_types::DATA_PIPELINE).hooks(data_pipeline::HOOKS);
    Notebook "notebooks".defined(PARTS.formats(&["fabricGitSource", "ipynb"], false))
        .created_in(1_500, 1_500).read_in(300).updated_in(200).running(job_types::NOTEBOOK).hooks(notebook::HOOKS);
    SparkJobDefinition "sparkJobDefinitions"
        .defined(PARTS.formats(&["SparkJobDefinitionV1", "SparkJobDefinitionV2"], false))
        .running(job_types::SPARK_JOB_DEFINITION).hooks(spark_job_definition::HOOKS);
    MLExperiment "mlExperiments".created_in(900, 900);
    MLModel "mlModels".created_in(600, 600);
    Warehouse "warehouses".without_connections().ranked(2).reading_payload().on_capacity().hooks(warehouse::HOOKS);
    Eventstream "eventstreams".defined(PARTS).created_in(4_200, 4_200).hooks(eventstream::HOOKS);
    SQLEndpoint "sqlEndpoints".not_created().ranked(2).on_capacity().hooks(sql_endpoint::HOOKS);
    MirroredWarehouse "mirroredWarehouses".not_created().on_capacity();
    MirroredDatabase "mirroredDatabases".defined(DefinitionSpec::new(Content::Mirroring).needed_on_own_route())
        .on_capacity().hooks(mirrored_database::HOOKS);
    Reflex "reflexes".defined(PARTS.default_parts(&[("ReflexEntities.json", "[]")]));
    GraphQLApi "graphqlapis".defined(PARTS).read_in(900).updated_in(900).hooks(graph_ql_api::HOOKS);
    MountedDataFactory "mounteddatafactories".defined(PARTS.needed());
    SQLDatabase "sqlDatabases".defined(SQL_DATABASE).created_in(16_100, 16_100).read_in(28_900).updated_in(28_900)
        .renamed(Rename::Ignored).named(Names::Without(NOT_IN_SQL_DATABASE_NAMES))
        .reading_payload().on_capacity().hooks(sql_database::HOOKS);
    CopyJob "copyJobs".defined(PARTS).running(job_types::COPY_JOB).hooks(copy_job::HOOKS);
    VariableLibrary "variablelibraries".defined(PARTS).read_in(400).updated_in(800).hooks(variable_library::HOOKS);
    Dataflow "dataflows".defined(PARTS).running(job_types::DATAFLOW).hooks(dataflow::HOOKS);
    ApacheAirflowJob "apacheAirflowJobs".defined(PARTS.default_parts(&[("apacheairflowjob-content.json", "{}")]));
    WarehouseSnapshot "warehousesnapshots".reading_payload().hooks(warehouse_snapshot::HOOKS);
    DigitalTwinBuilder "digitalTwinBuilders".defined(PARTS).created_in(7_600, 7_600).read_in(900).updated_in(900)
        .hooks(digital_twin_builder::HOOKS);
    DigitalTwinBuilderFlow "digitalTwinBuilderFlows".defined(PARTS).created_in(0, 3_100).read_in(400).updated_in(200)
        .reading_payload().hooks(digital_twin_builder_flow::HOOKS);
    MirroredAzureDatabricksCatalog "mirroredAzureDatabricksCatalogs".defined(DATABRICKS_CATALOG)
        .reading_payload().on_capacity().hooks(mirrored_azure_databricks_catalog::HOOKS);
    Map "maps".defined(PARTS).created_in(0, 1_500).read_in(700).updated_in(700).hooks(map::HOOKS);
    AnomalyDetector "anomalydetectors".defined(PARTS.default_parts(&[("Configurations.json", "{}")]));
    UserDataFunction "userdatafunctions".defined(PARTS).created_in(0, 3_200).read_in(300).updated_in(200)
        .hooks(user_data_function::HOOKS);
    GraphModel "graphModels".defined(PARTS).running(job_types::GRAPH_MODEL);
    GraphQuerySet "graphQuerySets".defined(PARTS).read_in(300).updated_in(300).hooks(graph_query_set::HOOKS);
    SnowflakeDatabase "snowflakeDatabases".defined(PARTS).reading_payload().hooks(snowflake_database::HOOKS);
    OperationsAgent "operationsAgents".defined(PARTS.default_parts(&[("Configurations.json", "{}")]));
    CosmosDBDatabase "cosmosDbDatabases".defined(DefinitionSpec::new(Content::Json(&[cosmos_db_database::PATH])))
        .created_in(8_100, 8_100).read_in(800).updated_in(200)
        .renamed(Rename::Refused(ErrorCode::CosmosDBDatabaseDisplayNameCannotBeChanged))
        .on_capacity().hooks(cosmos_db_database::HOOKS);
    Ontology "ontologies".defined(PARTS).named(Names::Word);
    EventSchemaSet "eventSchemaSets".defined(PARTS);
    DataAgent "dataAgents".defined(PARTS.default_parts(&[
        ("Files/Config/data_agent.json", "{}"),
        ("Files/Config/draft/stage_config.json", "{}"),
    ]));
    MirroredCatalog "mirroredCatalogs".defined(MIRRORED_CATALOG)
        .on_capacity().listing_null_tokens().hooks(mirrored_catalog::HOOKS);
    AppBackend "appBackends".defined(PARTS);
    OrgApp "orgApps".defined(PARTS);
    OrgAppAudience "orgAppAudiences".defined(PARTS);
    DataBuildToolJob "dataBuildToolJobs".defined(PARTS).running(job_types::DATA_BUILD_TOOL_JOB);
    AzureDatabricksStorage "azureDatabricksStorages".defined(PARTS);
    Plan "plans".defined(PARTS);
}

impl KindSpec {
    /// Creates a row for a kind without definitions and special rules, whose items are created at once.
    const fn new(kind: ItemKind, name: &'static str, collection: &'static str) -> Self {
        Self {
            kind,
            name,
            collection,
            can_be_created: true,
            definition: None,
            operation_times: OperationTimes {
                create: None,
                create_with_definition: None,
                get_definition: None,
                update_definition: None,
            },
            rename: Rename::Accepted,
            names: Names::Any,
            rank: 3,
            reads_payload: false,
            lives_on_capacity: false,
            lists_null_tokens: false,
            lists_connections: true,
            started_etag: StartedEtag::Always,
            jobs: &[],
            hooks: KindHooks::DEFAULT,
        }
    }

    const fn not_created(mut self) -> Self {
        self.can_be_created = false;
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

    const fn running(mut self, jobs: &'static [JobType]) -> Self {
        self.jobs = jobs;
        self
    }

    const fn hooks(mut self, hooks: KindHooks) -> Self {
        self.hooks = hooks;
        self
    }
}

impl ItemKind {
    /// Returns the row of this kind in [`KINDS`].
    pub fn spec(self) -> &'static KindSpec {
        &KINDS[self as usize]
    }
}

impl FromStr for ItemKind {
    type Err = FabricError;

    /// Parses the name of a kind. Ignores case, as Fabric does for all enumerations.
    fn from_str(name: &str) -> Result<Self, FabricError> {
        let spec = KINDS.iter().find(|spec| spec.name.eq_ignore_ascii_case(name));
        spec.map(|spec| spec.kind).ok_or_else(|| ErrorCode::InvalidItemType.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_unique_rows() {
        for spec in KINDS {
            assert_eq!(spec.kind.spec().name, spec.name);
            assert_eq!(spec.name.to_lowercase().parse::<ItemKind>(), Ok(spec.kind));
            let same = KINDS.iter().filter(|other| other.collection.eq_ignore_ascii_case(spec.collection));
            assert_eq!(same.count(), 1, "{}", spec.collection);
        }
        assert!("NoSuchThing".parse::<ItemKind>().is_err());
    }
}
