//! What comes along with an item as items of their own, and to whom an item belongs (docs/fidelity.md#kinds).

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kind::Companions;
use super::{Definition, ItemKind, NewItem, definition};
use crate::fabric::workspace::Workspace;
use crate::fabric::{FabricError, State, later};
use crate::ids::ItemId;

/// What the name of the dataflows' lakehouse begins with.
const STAGING_LAKEHOUSE: &str = "StagingLakehouseForDataflows";

/// An item that comes along with another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Companion {
    /// What it is. Where it has a parent it goes with that one.
    pub item: NewItem,
    /// When it appears.
    pub visible_from: Timestamp,
}

/// What comes along with a new item, which learns of it where its kind is told so.
pub(super) fn companions(
    state: &State,
    within: &Workspace,
    item: &mut NewItem,
    visible_from: Timestamp,
) -> Vec<Companion> {
    let mut made = 0;
    let mut next = || {
        made += 1;
        state.next_item(made)
    };
    let timing = state.settings.timing();
    let mut endpoint_in = timing.sql_endpoint();
    if item.kind == ItemKind::MirroredDatabase {
        // The endpoint is listed no later than its database is Initialized.
        endpoint_in = endpoint_in.min(timing.initializing());
    }
    let endpoint_at = later(visible_from, endpoint_in);
    let sibling = |id, kind, display_name: String, parent| NewItem {
        id,
        kind,
        display_name,
        description: String::new(),
        folder: item.folder,
        sensitivity_label: None,
        definition: None,
        parent,
        creation_payload: None,
        sql_database: None,
        creator: None,
    };
    let defined = item.definition.is_some();
    match item.kind.spec().companions {
        Companions::SqlEndpoint => {
            let endpoint = sibling(next(), ItemKind::SQLEndpoint, item.display_name.clone(), Some(item.id));
            vec![Companion { item: endpoint, visible_from: endpoint_at }]
        }
        Companions::KqlDatabase if !defined => {
            let database = sibling(next(), ItemKind::KQLDatabase, item.display_name.clone(), Some(item.id));
            let description = item.display_name.clone();
            vec![Companion { item: NewItem { description, ..database }, visible_from }]
        }
        Companions::DigitalTwin if !defined => {
            let name = format!("{}dtdm", item.display_name);
            let lakehouse = sibling(next(), ItemKind::Lakehouse, name.clone(), None);
            let endpoint = sibling(next(), ItemKind::SQLEndpoint, name, Some(lakehouse.id));
            let flow_name = format!("{}OnDemand", item.display_name);
            let flow = sibling(next(), ItemKind::DigitalTwinBuilderFlow, flow_name, Some(item.id));
            let builder = json!({"referenceType": "ById", "itemId": item.id, "workspaceId": within.id});
            let told = Some(Arc::new(json!({"digitalTwinBuilderItemReference": builder})));
            item.creation_payload = Some(Arc::new(json!({"LakehouseId": lakehouse.id})));
            vec![
                Companion { item: lakehouse, visible_from },
                Companion { item: endpoint, visible_from: endpoint_at },
                Companion { item: NewItem { creation_payload: told, ..flow }, visible_from },
            ]
        }
        Companions::Staging if !has_staging(within) => {
            let (lakehouse_at, warehouse_at) =
                (later(visible_from, timing.staging_lakehouse()), later(visible_from, timing.staging_warehouse()));
            let stamped = |name: &str, at: Timestamp| format!("{name}_{}", at.strftime("%Y%m%d%H%M%S"));
            // They belong to the workspace, not to the dataflow: they lie in its root (guessed).
            let in_root = |item: NewItem| NewItem { folder: None, ..item };
            let name = stamped(STAGING_LAKEHOUSE, visible_from);
            let lakehouse = sibling(next(), ItemKind::Lakehouse, name.clone(), None);
            let endpoint = sibling(next(), ItemKind::SQLEndpoint, name, Some(lakehouse.id));
            let name = stamped("StagingWarehouseForDataflows", warehouse_at);
            let warehouse = sibling(next(), ItemKind::Warehouse, name, None);
            vec![
                Companion { item: in_root(lakehouse), visible_from: lakehouse_at },
                Companion { item: in_root(endpoint), visible_from: later(lakehouse_at, timing.sql_endpoint()) },
                Companion { item: in_root(warehouse), visible_from: warehouse_at },
            ]
        }
        Companions::Nothing | Companions::KqlDatabase | Companions::DigitalTwin | Companions::Staging => Vec::new(),
    }
}

/// Whether a dataflow before has brought what dataflows share; it stays when they go.
fn has_staging(within: &Workspace) -> bool {
    let items = within.items().values();
    items.into_iter().any(|item| item.kind == ItemKind::Lakehouse && item.display_name.starts_with(STAGING_LAKEHOUSE))
}

/// The item that a new one belongs to and goes with: of a KQL database its eventhouse, which it must name.
pub(super) fn parent(
    within: &Workspace,
    kind: ItemKind,
    payload: Option<&Value>,
    definition: Option<&Definition>,
    now: Timestamp,
) -> Result<Option<ItemId>, FabricError> {
    const MEMBER: &str = "parentEventhouseItemId";
    if kind != ItemKind::KQLDatabase {
        return Ok(None);
    }
    let defined = definition.and_then(|it| it.parts.iter().find(|part| part.path == "DatabaseProperties.json"));
    let defined = defined.and_then(|part| definition::parse(part).ok()).map(|(_, value)| value);
    let named = payload.or(defined.as_ref()).and_then(|told| told.get(MEMBER)?.as_str()?.parse().ok());
    let id = named.ok_or_else(|| FabricError::invalid_input("The ParentEventhouseItemId field is required."))?;
    within.item_of(ItemKind::Eventhouse, id, now).map(|eventhouse| Some(eventhouse.id))
}
