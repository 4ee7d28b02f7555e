//! Cosmos DB databases in Fabric: the default definition, and the SQL endpoint as companion.

use serde_json::json;

use super::SCHEMAS;
use super::hooks::KindHooks;
use crate::fabric::item::{Item, Part, companions};

/// The required part of a definition, which describes the containers.
pub(super) const PATH: &str = "definition.json";

pub(super) const HOOKS: KindHooks =
    KindHooks { companions: companions::sql_endpoint, default_definition, ..KindHooks::DEFAULT };

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let schema = format!("{SCHEMAS}/CosmosDB/definition/CosmosDB/2.0.0/schema.json");
    vec![Part::lf(PATH, &json!({"$schema": schema, "containers": []}))]
}
