//! Lakehouses: the default definition, and the SQL endpoint as companion.

use serde_json::{Value, json};

use super::hooks::KindHooks;
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

pub(super) const HOOKS: KindHooks =
    KindHooks { companions: companions::sql_endpoint, default_definition, ..KindHooks::DEFAULT };

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
