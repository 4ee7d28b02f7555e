//! User data functions: the default definition.

use serde_json::json;

use super::SCHEMAS;
use super::hooks::KindHooks;
use crate::fabric::item::{Item, Part};

pub(super) const HOOKS: KindHooks = KindHooks { default_definition, ..KindHooks::DEFAULT };

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let functions = json!({
        "$schema": format!("{SCHEMAS}/userDataFunction/definition/1.1.0/schema.json"),
        "runtime": "PYTHON",
        "connectedDataSources": [],
        "functions": [],
        "libraries": {"public": [], "private": []},
    });
    vec![Part::crlf("definition.json", &functions)]
}
