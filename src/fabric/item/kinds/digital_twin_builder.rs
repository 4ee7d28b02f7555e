//! Digital twin builders. A lakehouse for the data and a digital twin builder flow are created with each builder.

use std::sync::Arc;

use serde_json::json;

use super::ItemKind;
use super::digital_twin_builder_flow::REFERENCE;
use super::hooks::KindHooks;
use crate::fabric::item::companions::Companions;
use crate::fabric::item::{Item, NewItem, Part, text_of};
use crate::fabric::later;

pub(super) const HOOKS: KindHooks =
    KindHooks { companions: lakehouse_and_flow, default_definition, ..KindHooks::DEFAULT };

/// Adds a lakehouse with its SQL endpoint, and a flow. A builder with a definition has no companions, because the
/// definition names the lakehouse.
fn lakehouse_and_flow(builder: &mut NewItem, companions: &mut Companions<'_>) {
    if builder.definition.is_some() {
        return;
    }
    let (workspace, visible_from) = (companions.within.id, companions.visible_from);
    let endpoint_at = later(visible_from, companions.timing().sql_endpoint());
    let name = format!("{}dtdm", builder.display_name);
    let lakehouse = companions.add(ItemKind::Lakehouse, &name, None, visible_from).id;
    companions.add(ItemKind::SQLEndpoint, &name, Some(lakehouse), endpoint_at);
    let name = format!("{}OnDemand", builder.display_name);
    let flow = companions.add(ItemKind::DigitalTwinBuilderFlow, &name, Some(builder.id), visible_from);
    let reference = json!({"referenceType": "ById", "itemId": builder.id, "workspaceId": workspace});
    flow.creation_payload = Some(Arc::new(json!({REFERENCE: reference})));
    builder.creation_payload = Some(Arc::new(json!({"LakehouseId": lakehouse})));
}

fn default_definition(item: &Item, _: Option<&str>) -> Vec<Part> {
    vec![Part::crlf("definition.json", &json!({"LakehouseId": text_of(item, "/LakehouseId")}))]
}
