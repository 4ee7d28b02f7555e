//! Cosmos DB databases of Fabric's own: no more than what every item has, and a definition.

use serde_json::json;

use super::Part;

/// The part that describes the containers.
pub(super) const PATH: &str = "definition.json";

/// The definition of one that was made without: no containers.
pub(super) fn default_definition() -> Part {
    let definition = json!({
        "$schema": "https://developer.microsoft.com/json-schemas/fabric/item/CosmosDB/definition/CosmosDB/2.0.0/schema.json",
        "containers": [],
    });
    Part { path: PATH.into(), payload: format!("{definition:#}").into_bytes() }
}
