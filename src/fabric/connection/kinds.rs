//! The types of connection that mirroring sources need: what `GET /v1/connections/supportedConnectionTypes` lists.
//!
//! As recorded in January 2026, but for Oracle, which the list of cloud connections has not: it is guessed.

/// A type of connection, with its one creation method.
#[derive(Debug)]
pub struct ConnectionKind {
    /// Its name.
    pub name: &'static str,
    /// Its creation method.
    pub method: &'static str,
    /// The method's parameters.
    pub parameters: &'static [ParameterSpec],
    /// Credential types that it takes.
    pub credentials: &'static [&'static str],
    /// Encryptions that it takes.
    pub encryptions: &'static [&'static str],
    /// Credential types that notebooks and the like may use it with.
    pub user_controlled: Option<&'static [&'static str]>,
    /// How its path is written.
    pub path: Path,
}

/// A parameter of a creation method.
#[derive(Debug)]
pub struct ParameterSpec {
    /// Its name.
    pub name: &'static str,
    /// The type of its value.
    pub data_type: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// The values that it takes, where they are listed.
    pub allowed_values: Option<&'static [Option<&'static str>]>,
}

/// How parameters become a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Their values, joined by `;`.
    Joined,
    /// A JSON object of them.
    Record,
}

/// The type of this name.
pub fn find(name: &str) -> Option<&'static ConnectionKind> {
    KINDS.iter().find(|kind| kind.name == name)
}

const fn text(name: &'static str, required: bool) -> ParameterSpec {
    typed(name, "Text", required)
}

const fn typed(name: &'static str, data_type: &'static str, required: bool) -> ParameterSpec {
    ParameterSpec { name, data_type, required, allowed_values: None }
}

const PLAIN: &[&str] = &["NotEncrypted"];
const EITHER: &[&str] = &["NotEncrypted", "Encrypted"];
const BASIC: &[&str] = &["Basic"];

const fn kind(
    name: &'static str,
    method: &'static str,
    parameters: &'static [ParameterSpec],
    credentials: &'static [&'static str],
    encryptions: &'static [&'static str],
) -> ConnectionKind {
    ConnectionKind { name, method, parameters, credentials, encryptions, user_controlled: None, path: Path::Record }
}

impl ConnectionKind {
    const fn joined(self) -> Self {
        Self { path: Path::Joined, ..self }
    }

    const fn user_controlled(self, credentials: &'static [&'static str]) -> Self {
        Self { user_controlled: Some(credentials), ..self }
    }
}

/// The types, in the service's order.
pub const KINDS: &[ConnectionKind] = &[
    kind(
        "SQL",
        "Sql",
        &[text("server", true), text("database", false)],
        &["Basic", "OAuth2", "ServicePrincipal", "WorkspaceIdentity"],
        EITHER,
    )
    .joined()
    .user_controlled(&["Basic", "ServicePrincipal", "WorkspaceIdentity"]),
    kind(
        "SharePoint",
        "SharePointList",
        &[text("sharePointSiteUrl", true)],
        &["Anonymous", "OAuth2", "ServicePrincipal", "WorkspaceIdentity"],
        PLAIN,
    )
    .joined()
    .user_controlled(&["Anonymous", "ServicePrincipal", "WorkspaceIdentity"]),
    kind("MySql", "MySql", &[text("server", true), text("database", true)], BASIC, EITHER)
        .joined()
        .user_controlled(BASIC),
    kind("PostgreSQL", "PostgreSql", &[text("server", true), text("database", true)], &["Basic", "OAuth2"], EITHER)
        .joined()
        .user_controlled(BASIC),
    kind(
        "GoogleBigQuery",
        "GoogleBigQuery.Database",
        &[
            text("BillingProject", false),
            typed("UseStorageApi", "Boolean", false),
            typed("ConnectionTimeout", "Duration", false),
            typed("CommandTimeout", "Duration", false),
            text("ProjectId", false),
        ],
        &["OAuth2", "Basic"],
        EITHER,
    ),
    kind("Oracle", "Oracle", &[text("server", true)], BASIC, PLAIN).joined(),
    kind(
        "Snowflake",
        "Snowflake.Databases",
        &[
            text("server", true),
            text("warehouse", true),
            text("Role", false),
            typed("CreateNavigationProperties", "Boolean", false),
            typed("ConnectionTimeout", "Number", false),
            typed("CommandTimeout", "Number", false),
            ParameterSpec { allowed_values: Some(&[None, Some("2.0")]), ..text("Implementation", false) },
        ],
        &["Basic", "OAuth2", "KeyPair"],
        PLAIN,
    )
    .joined(),
    kind(
        "CosmosDB",
        "CosmosDB.Contents",
        &[
            text("host", true),
            text("NUMBER_OF_RETRIES", false),
            text("ENABLE_AVERAGE_FUNCTION_PASSDOWN", false),
            text("ENABLE_SORT_PASSDOWN_FOR_MULTIPLE_COLUMNS", false),
        ],
        &["Key", "OAuth2", "WorkspaceIdentity"],
        PLAIN,
    ),
    kind(
        "AmazonS3",
        "AmazonS3.Storage",
        &[text("url", false), text("roleArn", false)],
        &["Basic", "OAuth2", "ServicePrincipal"],
        PLAIN,
    ),
    kind(
        "SAPDatasphereAmazonS3",
        "SAPDatasphereAmazonS3.Actions",
        &[text("url", false), text("roleArn", false)],
        &["Basic", "OAuth2"],
        PLAIN,
    ),
    kind(
        "AzureDatabaseForMySQL",
        "AzureDatabaseForMySQL.Database",
        &[text("server", true), text("database", true)],
        BASIC,
        EITHER,
    ),
    kind(
        "AzureDatabricksWorkspace",
        "AzureDatabricksWorkspace.Actions",
        &[text("url", true)],
        &["Key", "OAuth2", "ServicePrincipal"],
        PLAIN,
    ),
    kind(
        "AzurePostgreSQL",
        "AzurePostgreSQL.Database",
        &[text("server", true), text("database", true), typed("CommandTimeout", "Duration", false)],
        &["Basic", "OAuth2"],
        EITHER,
    ),
    kind(
        "AzureSqlMI",
        "AzureSqlMI.Database",
        &[text("server", true), text("database", true), text("Query", false)],
        &["Basic", "OAuth2", "ServicePrincipal"],
        EITHER,
    ),
    kind(
        "SAPDatasphereGoogleCloudStorage",
        "SAPDatasphereGoogleCloudStorage.Actions",
        &[text("url", false)],
        BASIC,
        PLAIN,
    ),
    kind(
        "SAPAzureDataLakeStorageGen2",
        "SAPAzureDataLakeStorageGen2.Actions",
        &[text("url", true)],
        &["OAuth2", "Key", "ServicePrincipal"],
        PLAIN,
    ),
];
