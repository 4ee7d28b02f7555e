//! Lakehouses: the default definition, the SQL endpoint as companion, tables, and execution definitions of materialized
//! lake views (docs/fidelity.md#lakehouses).

pub mod execution_definition;
pub mod table;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::execution_definition::ExecutionDefinition;
use self::table::Table;
use super::hooks::KindHooks;
use super::state::KindState;
use crate::fabric::item::{Item, Part, companions};

/// The types of shortcut targets in `alm.settings.json`.
const SHORTCUTS: [&str; 8] = [
    "OneLake",
    "AdlsGen2",
    "Dataverse",
    "AmazonS3",
    "S3Compatible",
    "GoogleCloudStorage",
    "AzureBlobStorage",
    "OneDriveSharePoint",
];

pub(super) const HOOKS: KindHooks = KindHooks {
    state: || KindState::Lakehouse { content: LakehouseContent::EMPTY },
    companions: companions::sql_endpoint,
    default_definition,
    ..KindHooks::DEFAULT
};

/// The content that clients have added to a lakehouse.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LakehouseContent {
    /// The tables, in order of their first load.
    tables: Vec<Table>,
    /// The execution definitions, in order of creation.
    execution_definitions: Vec<ExecutionDefinition>,
    /// The number of execution definitions created so far.
    drawn: u64,
}

impl LakehouseContent {
    const EMPTY: Self = Self { tables: Vec::new(), execution_definitions: Vec::new(), drawn: 0 };
}

/// Returns the content of a lakehouse.
pub fn content(item: &Item) -> &LakehouseContent {
    match &item.kind_state {
        KindState::Lakehouse { content } => content,
        _ => const { &LakehouseContent::EMPTY },
    }
}

/// Returns `true` for a lakehouse with schemas.
pub fn has_schemas(item: &Item) -> bool {
    let payload = item.creation_payload.as_ref();
    payload.and_then(|payload| payload.get("enableSchemas")?.as_bool()) == Some(true)
}

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let shortcut = |name| json!({"name": format!("Shortcuts.{name}"), "state": "Enabled"});
    let shortcuts: Vec<Value> = SHORTCUTS.into_iter().map(shortcut).collect();
    let settings = json!({"version": "1.0.1", "objectTypes": [
        {"name": "Shortcuts", "state": "Enabled", "subObjectTypes": shortcuts},
        {"name": "DataAccessRoles", "state": "Disabled"},
    ]});
    vec![
        Part::text("lakehouse.metadata.json", "{}"),
        Part::crlf("alm.settings.json", &settings),
        Part::text("shortcuts.metadata.json", "[]"),
    ]
}
