//! Maps: the default definition.

use serde_json::json;

use super::SCHEMAS;
use super::hooks::KindHooks;
use crate::fabric::item::{Item, Part};

pub(super) const HOOKS: KindHooks = KindHooks { default_definition, ..KindHooks::DEFAULT };

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let map = json!({
        "$schema": format!("{SCHEMAS}/map/definition/2.0.0/schema.json"),
        "basemap": {},
        "dataSources": [],
        "iconSources": [],
        "layerSources": [],
        "layerSettings": [],
    });
    vec![Part::crlf("map.json", &map)]
}
