//! Spark job definitions: the default definition.

use serde_json::json;

use super::hooks::KindHooks;
use crate::fabric::item::{Item, Part};

pub(super) const HOOKS: KindHooks = KindHooks { default_definition, ..KindHooks::DEFAULT };

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let job = json!({
        "executableFile": null,
        "defaultLakehouseArtifactId": "",
        "mainClass": "",
        "additionalLakehouseIds": [],
        "retryPolicy": null,
        "commandLineArguments": "",
        "additionalLibraryUris": [],
        "language": "",
        "environmentArtifactId": null,
    });
    vec![Part::compact("SparkJobDefinitionV1.json", &job)]
}
