//! APIs for GraphQL: the default definition.

use serde_json::json;

use super::SCHEMAS;
use super::hooks::KindHooks;
use crate::fabric::item::{Item, Part};

pub(super) const HOOKS: KindHooks = KindHooks { default_definition, ..KindHooks::DEFAULT };

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let schema = format!("{SCHEMAS}/graphqlApi/definition/1.0.0/schema.json");
    vec![Part::crlf("graphql-definition.json", &json!({"$schema": schema, "datasources": []}))]
}
