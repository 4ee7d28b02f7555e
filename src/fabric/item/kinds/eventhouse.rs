//! Eventhouses. A KQL database with the same name is created with each eventhouse.

use super::ItemKind;
use super::hooks::KindHooks;
use crate::fabric::item::NewItem;
use crate::fabric::item::companions::Companions;

pub(super) const HOOKS: KindHooks = KindHooks { companions: kql_database, ..KindHooks::DEFAULT };

/// Adds the KQL database. An eventhouse that is created with a definition has no companions.
fn kql_database(eventhouse: &mut NewItem, companions: &mut Companions<'_>) {
    if eventhouse.definition.is_some() {
        return;
    }
    let (name, visible_from) = (&eventhouse.display_name, companions.visible_from);
    let database = companions.add(ItemKind::KQLDatabase, name, Some(eventhouse.id), visible_from);
    database.description.clone_from(name);
}
