//! Eventstreams: the default definition.

use serde_json::json;

use super::hooks::KindHooks;
use crate::fabric::item::{Item, Part};

pub(super) const HOOKS: KindHooks = KindHooks { default_definition, ..KindHooks::DEFAULT };

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let stream =
        json!({"sources": [], "destinations": [], "streams": [], "operators": [], "compatibilityLevel": "1.1"});
    let properties = json!({"retentionTimeInDays": 1, "eventThroughputLevel": "Low"});
    vec![Part::crlf("eventstream.json", &stream), Part::crlf("eventstreamProperties.json", &properties)]
}
