//! KQL databases. Each KQL database belongs to an eventhouse.

use serde_json::json;

use super::ItemKind;
use super::hooks::{Creation, KindHooks};
use crate::fabric::FabricError;
use crate::fabric::item::{Item, Part};
use crate::ids::ItemId;

/// The part of the definition that names the eventhouse.
const PROPERTIES: &str = "DatabaseProperties.json";
/// The member of the creation payload and of [`PROPERTIES`] that names the eventhouse.
const PARENT: &str = "parentEventhouseItemId";
const SCRIPT: &str =
    "// KQL script\r\n// Use management commands in this script to configure your database items.\r\n\r\n\r\n";

pub(super) const HOOKS: KindHooks = KindHooks { parent, default_definition, ..KindHooks::DEFAULT };

/// Returns the eventhouse that the creation payload or the definition names. Rejects a creation without an eventhouse.
fn parent(creation: &Creation<'_>) -> Result<Option<ItemId>, FabricError> {
    let properties = creation.definition.and_then(|definition| definition.json(&[PROPERTIES]));
    let source = creation.payload.or(properties.as_ref());
    let id = source.and_then(|source| source.get(PARENT)?.as_str()?.parse().ok());
    let id = id.ok_or_else(|| FabricError::invalid_input("The ParentEventhouseItemId field is required."))?;
    creation.within.item_of(ItemKind::Eventhouse, id, creation.now).map(|eventhouse| Some(eventhouse.id))
}

fn default_definition(item: &Item, _: Option<&str>) -> Vec<Part> {
    let properties = json!({
        "databaseType": "ReadWrite",
        PARENT: item.parent,
        "oneLakeCachingPeriod": "P365000D",
        "oneLakeStandardStoragePeriod": "P365000D",
    });
    vec![Part::crlf(PROPERTIES, &properties), Part::text("DatabaseSchema.kql", SCRIPT)]
}
