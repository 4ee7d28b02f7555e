//! Dataflows. The staging items that all dataflows of a workspace share are created with the first dataflow.

use jiff::Timestamp;
use serde_json::json;

use super::ItemKind;
use super::hooks::KindHooks;
use crate::fabric::item::companions::Companions;
use crate::fabric::item::{Item, NewItem, Part};
use crate::fabric::later;
use crate::fabric::workspace::Workspace;

/// The prefix of the staging lakehouse's name.
const STAGING_LAKEHOUSE: &str = "StagingLakehouseForDataflows";
/// The prefix of the staging warehouse's name.
const STAGING_WAREHOUSE: &str = "StagingWarehouseForDataflows";

pub(super) const HOOKS: KindHooks = KindHooks { companions: staging, default_definition, ..KindHooks::DEFAULT };

/// Adds a staging lakehouse with its SQL endpoint, and a staging warehouse. Adds nothing if the workspace already has
/// staging items.
fn staging(_: &mut NewItem, companions: &mut Companions<'_>) {
    if has_staging(companions.within) {
        return;
    }
    let (timing, visible_from) = (companions.timing(), companions.visible_from);
    let lakehouse_at = later(visible_from, timing.staging_lakehouse());
    let endpoint_at = later(lakehouse_at, timing.sql_endpoint());
    let warehouse_at = later(visible_from, timing.staging_warehouse());
    let stamped = |name: &str, at: Timestamp| format!("{name}_{}", at.strftime("%Y%m%d%H%M%S"));
    // Staging items belong to the workspace and not to the dataflow, so they are in the root of the workspace
    // (guessed).
    let mut add = |kind, name: &str, parent, at| {
        let item = companions.add(kind, name, parent, at);
        item.folder = None;
        item.id
    };
    let name = stamped(STAGING_LAKEHOUSE, visible_from);
    let lakehouse = add(ItemKind::Lakehouse, &name, None, lakehouse_at);
    add(ItemKind::SQLEndpoint, &name, Some(lakehouse), endpoint_at);
    add(ItemKind::Warehouse, &stamped(STAGING_WAREHOUSE, warehouse_at), None, warehouse_at);
}

/// Returns `true` if the workspace has staging items. Staging items remain when all dataflows are deleted.
fn has_staging(within: &Workspace) -> bool {
    let items = within.items().values();
    items.into_iter().any(|item| item.kind == ItemKind::Lakehouse && item.display_name.starts_with(STAGING_LAKEHOUSE))
}

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let metadata = json!({
        "formatVersion": "202502",
        "computeEngineSettings": {"allowFastCopy": false},
        "name": null,
        "allowNativeQueries": false,
    });
    vec![Part::lf("queryMetadata.json", &metadata), Part::text("mashup.pq", "section Section1;")]
}
