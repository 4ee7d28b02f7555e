//! Named causes of trouble: the kind, error code and text of a fault that the service is known for
//! (docs/fidelity.md#trouble).

use super::trouble::TroubleKind;

/// A named cause.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    /// The name.
    pub name: &'static str,
    /// The kind of the trouble.
    pub kind: TroubleKind,
    /// The targets: `item`, `source`, `table or source`, or `source or connectionDetails`.
    pub target: &'static str,
    /// The error code; empty if no error shows.
    pub code: &'static str,
    /// The text of the error; empty if no error shows. `{continues}` stands for the end of the trouble.
    pub message: &'static str,
    /// The fidelity class.
    pub class: &'static str,
    /// The evidence for the cause.
    pub source: &'static str,
    /// `true` if a restart ends the trouble.
    pub ends_with_restart: bool,
    /// `true` if tables are replicated during the trouble.
    pub figures_go_on: bool,
}

/// Defines a row of [`CAUSES`] whose trouble does not end with a restart and stops the figures.
const fn cause(
    (name, kind, target): (&'static str, TroubleKind, &'static str),
    (code, message): (&'static str, &'static str),
    (class, source): (&'static str, &'static str),
) -> Cause {
    Cause { name, kind, target, code, message, class, source, ends_with_restart: false, figures_go_on: false }
}

const ITEM: &str = "item";
const SOURCE: &str = "source";
const TABLES: &str = "table or source";
const CONNECTION: &str = "source or connectionDetails";
/// The text of a rejected key. The documentation only says that it mentions `SQLAPIendpoint`.
const KEY_TEXT: &str = "The replicator cannot connect to the SQLAPIendpoint of the Azure Cosmos DB account.";
const ACCOUNT_TEXT: &str =
    "Http request failed with status code 0, either account doesn't exist or it has been deleted";
const INTERNAL_TEXT: &str = "An internal server error occurred while reading from the source.";
const COSMOS_TEXTS: &str = "Troubleshooting of mirrored databases from Azure Cosmos DB";
const TROUBLESHOOTING: &str = "Troubleshooting of mirrored databases";

/// All causes, in the order of the documentation.
pub const CAUSES: &[Cause] = &[
    cause(
        ("wrongKey", TroubleKind::ConnectionTestFails, CONNECTION),
        ("IncorrectCredentials", "Failed to establish connection using the Credentials input"),
        ("documented", "Recorded answers of Create Connection"),
    ),
    cause(
        ("loginFailed", TroubleKind::ConnectionTestFails, CONNECTION),
        (
            "DM_GWPipeline_Gateway_DataSourceAccessError",
            "PowerBI service client received error HTTP response. HttpStatus: 400. PowerBIErrorCode: \
             DM_GWPipeline_Gateway_DataSourceAccessError",
        ),
        ("seen", "Recorded answer of Create Connection, 2026-04-27"),
    ),
    Cause {
        ends_with_restart: true,
        ..cause(
            ("rotatedKey", TroubleKind::Unreachable, SOURCE),
            ("SourceAuthenticationFailed", KEY_TEXT),
            ("documented", COSMOS_TEXTS),
        )
    },
    cause(
        ("readOnlyKey", TroubleKind::Unreachable, SOURCE),
        ("SourceAuthenticationFailed", KEY_TEXT),
        ("guessed", "Read-only keys are documented as unsupported; the text is that of a wrong key"),
    ),
    cause(
        ("readMetadataMissing", TroubleKind::Unreachable, SOURCE),
        ("InternalServerError", INTERNAL_TEXT),
        ("documented", COSMOS_TEXTS),
    ),
    cause(
        ("readAnalyticsMissing", TroubleKind::Unreachable, SOURCE),
        ("SourceNotReachable", ACCOUNT_TEXT),
        ("seen", "Public setup scripts of a mirrored Azure Cosmos DB database"),
    ),
    cause(
        ("networkBypassMisused", TroubleKind::Unreachable, SOURCE),
        ("SourceNotReachable", ACCOUNT_TEXT),
        ("seen", "Public setup scripts: the network bypass was set on a public account"),
    ),
    cause(
        ("sourceThrottled", TroubleKind::Unreachable, SOURCE),
        ("InternalServerError", INTERNAL_TEXT),
        ("documented", COSMOS_TEXTS),
    ),
    cause(
        ("continuousBackupOff", TroubleKind::StartFails, ITEM),
        (
            "ContinuousBackupNotEnabled",
            "The Azure Cosmos DB account has no continuous backup. Enable continuous backup (7 or 30 days), and start again.",
        ),
        ("documented", "Troubleshooting of mirrored databases from Azure Cosmos DB; where the error shows is guessed"),
    ),
    cause(
        ("publicNetworkOff", TroubleKind::Unreachable, SOURCE),
        ("SourceNotReachable", "The source denies public network access, and the connection uses no gateway."),
        ("guessed", "Public network access, or a gateway, is documented as a prerequisite"),
    ),
    cause(
        ("logFull", TroubleKind::Reseed, SOURCE),
        ("", ""),
        ("documented", "Reseed of mirrored databases: the transaction log of the source is full"),
    ),
    Cause {
        figures_go_on: true,
        ..cause(
            ("tooManyTables", TroubleKind::DatabaseError, ITEM),
            ("TablesCountExceedsLimit", "The tables count might exceed the limit, there could be some tables missing."),
            ("documented", TROUBLESHOOTING),
        )
    },
    cause(
        ("changeVolumeThrottled", TroubleKind::DatabaseError, ITEM),
        ("ReplicationThrottled", "The replication is being throttled and expected to continue at {continues}."),
        ("documented", TROUBLESHOOTING),
    ),
    cause(
        ("schemaMergeFailure", TroubleKind::TableError, TABLES),
        ("SchemaMergeFailure", "The schema change of the source table could not be merged into the mirrored table."),
        ("told", "Public report: the table keeps saying Replicating; the text is guessed"),
    ),
    cause(
        ("identityWithoutPermission", TroubleKind::NoRows, TABLES),
        ("", ""),
        ("seen", "Public reports: Running without data until the identity of the source server has a role"),
    ),
    cause(
        ("oneLakeAccessOff", TroubleKind::NoRows, TABLES),
        ("", "Replicator - Tables Cannot Reach Replicating Status"),
        (
            "documented",
            "Tenant setting for apps outside of Fabric, in the tutorials of Azure SQL Database and PostgreSQL",
        ),
    ),
];

/// Returns the cause with this name.
pub fn named(name: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| cause.name == name)
}
