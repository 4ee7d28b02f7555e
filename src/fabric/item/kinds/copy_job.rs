//! Copy jobs: the default definition.

use serde_json::json;

use super::hooks::KindHooks;
use crate::fabric::item::{Item, Part};

pub(super) const HOOKS: KindHooks = KindHooks { default_definition, ..KindHooks::DEFAULT };

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    vec![Part::lf("copyjob-content.json", &json!({"properties": {"jobMode": "Batch"}, "activities": []}))]
}
