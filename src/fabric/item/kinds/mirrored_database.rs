//! Mirrored databases: the rules of the item. Replication is in `fabric::mirroring`.

use jiff::Timestamp;
use serde_json::json;

use super::ItemKind;
use super::hooks::KindHooks;
use crate::fabric::item::companions::Companions;
use crate::fabric::item::{Definition, Item, NewItem, Part};
use crate::fabric::mirroring::{self, Mirroring};
use crate::fabric::{FabricError, State, later};
use crate::ids::ConnectionId;

pub(super) const HOOKS: KindHooks =
    KindHooks { check_update, companions: sql_endpoint, default_definition, connections, ..KindHooks::DEFAULT };

/// Rejects a definition that must not replace the current one in the current status.
fn check_update(_: &State, item: &Item, definition: &Definition, now: Timestamp) -> Result<(), FabricError> {
    match (&item.mirroring, &definition.mirroring) {
        (Some(mirroring), Some(new)) => mirroring.may_become(new, now),
        _ => Ok(()),
    }
}

/// Adds the SQL endpoint. It is listed no later than its database is `Initialized`.
fn sql_endpoint(database: &mut NewItem, companions: &mut Companions<'_>) {
    let timing = companions.timing();
    let visible_from = later(companions.visible_from, timing.sql_endpoint().min(timing.initializing()));
    companions.add(ItemKind::SQLEndpoint, &database.display_name, Some(database.id), visible_from);
}

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let target = json!({"type": "MountedRelationalDatabase", "typeProperties": {"format": "Delta"}});
    let properties = json!({"properties": {"source": {}, "target": target}});
    vec![Part::crlf(mirroring::definition::PATH, &properties)]
}

/// Returns the connections that the definition names.
fn connections(item: &Item) -> Vec<ConnectionId> {
    let config = item.mirroring.as_ref().map(Mirroring::config);
    config.into_iter().flat_map(|config| config.connection.iter().chain(&config.other_connections)).copied().collect()
}
