//! Names in a scenario, and the ids that they stand for. A name is that of a thing of the scenario or of the tenant. An
//! id stands for itself.

use std::collections::HashMap;
use std::fmt::Display;

use serde_json::Value;

use super::document::Object;
use super::{Checked, Problem};
use crate::fabric::State;
use crate::fabric::access;
use crate::fabric::fault::PAGE;
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::name::{Folded, NAME_MAX};
use crate::fabric::principal::{Details, DirectoryEntry, Principal};
use crate::fabric::workspace::Workspace;
use crate::ids::{CapacityId, ConnectionId, ItemId, PrincipalId, SourceId};

/// The maximum length of `workspace/item.Type`, in characters.
const ITEM_NAME_MAX: usize = 3 * NAME_MAX;

/// The names of a scenario that the state does not know yet.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The principals.
    pub(super) principals: HashMap<String, PrincipalId>,
    /// The names, sign-in names and client ids of the directory.
    directory: HashMap<Folded, PrincipalId>,
    /// The capacities.
    pub(super) capacities: HashMap<String, CapacityId>,
    /// The connections. Definitions refer to them before they are declared.
    pub(super) connections: HashMap<Folded, ConnectionId>,
}

impl Names {
    /// Notes the names of the directory. Lookups by name find only noted principals.
    pub(super) fn note_directory(&mut self, state: &State) {
        self.directory.clear();
        for entry in std::iter::once(&access::default_user()).chain(state.directory().values()) {
            let names = [entry.display_name.as_deref(), user_name(entry), entry.app_id()];
            self.directory.extend(names.into_iter().flatten().map(|name| (Folded::new(name), entry.id)));
        }
    }

    /// Returns `true` if a principal of the directory has the name.
    pub(super) fn has_principal(&self, name: &str) -> bool {
        self.directory.contains_key(&Folded::new(name))
    }

    /// Returns the principal with a name, sign-in name, client id or object id.
    pub(super) fn principal(&self, state: &State, name: &str, path: &[&dyn Display]) -> Checked<Principal> {
        let named = || self.directory.get(&Folded::new(name)).copied();
        let id = self.principals.get(name).copied().or_else(named).or_else(|| name.parse().ok());
        let default = access::default_user();
        let known = |id| state.directory().get(&id).or((id == default.id).then_some(&default));
        let missing = || Problem::new(path, format!("no principal has the name or id {name:?}"));
        id.and_then(known).map(DirectoryEntry::principal).ok_or_else(missing)
    }

    /// Returns the capacity with a name or id.
    pub(super) fn capacity(&self, state: &State, name: &str, path: &[&dyn Display]) -> Checked<CapacityId> {
        let id = self.capacities.get(name).copied().or_else(|| name.parse().ok());
        let found = match id {
            Some(id) => state.capacities().iter().find(|capacity| capacity.id == id),
            None => state.capacities().iter().find(|capacity| capacity.display_name == name),
        };
        let missing = || Problem::new(path, format!("no capacity has the name or id {name:?}"));
        found.map(|capacity| capacity.id).ok_or_else(missing)
    }

    /// Returns the connection with a name. An id need not be that of a connection: the start of mirroring checks it.
    pub(super) fn connection(&self, state: &State, name: &str, path: &[&dyn Display]) -> Checked<ConnectionId> {
        let folded = Folded::new(name);
        let named = self.connections.get(&folded).copied().or_else(|| state.connection_named(&folded));
        let missing = || Problem::new(path, format!("no connection has the name {name:?}"));
        named.or_else(|| name.parse().ok()).ok_or_else(missing)
    }

    /// Returns the source with the name of a connection, or with that of an open mirror: `workspace/item`.
    pub(super) fn source(&self, state: &State, name: &str, path: &[&dyn Display]) -> Checked<SourceId> {
        if let Ok(connection) = self.connection(state, name, path) {
            return Ok(connection.into());
        }
        let missing = || Problem::new(path, format!("no connection and no item has the name {name:?}"));
        if name.contains('/') { item(state, name, path).map(SourceId::from) } else { Err(missing()) }
    }

    /// Replaces names by ids in the member `match` of a fault rule. Patterns with `*` are left alone.
    pub(super) fn resolve_match(&self, state: &State, rule: &mut Object, path: &[&dyn Display]) -> Checked<()> {
        let Some(Value::Object(matches)) = rule.get_mut("match") else { return Ok(()) };
        for (member, value) in matches {
            let Value::String(name) = value else { continue };
            let place: Vec<&dyn Display> = path.iter().copied().chain([&"match" as &dyn Display, member]).collect();
            let is_pattern = name.contains('*') || name.parse::<ItemId>().is_ok();
            let id = match member.as_str() {
                "workspace" | "item" | "principal" if is_pattern => continue,
                "principal" if name.eq_ignore_ascii_case(PAGE) => continue,
                "workspace" => match state.workspace_named(&Folded::new(name)) {
                    Some(id) => id.to_string(),
                    None => return Err(Problem::new(&place, format!("no workspace has the name {name:?}"))),
                },
                "item" => item(state, name, &place)?.to_string(),
                "principal" => self.principal(state, name, &place)?.id.to_string(),
                _ => continue,
            };
            *name = id;
        }
        Ok(())
    }
}

fn user_name(entry: &DirectoryEntry) -> Option<&str> {
    match &entry.details {
        Details::User { user_principal_name } => user_principal_name.as_deref(),
        Details::ServicePrincipal { .. }
        | Details::Group { .. }
        | Details::ServicePrincipalProfile { .. }
        | Details::EntireTenant => None,
    }
}

/// Returns the item with a name, which is `workspace/item` or `workspace/item.Type`, or with an id.
pub(super) fn item(state: &State, name: &str, path: &[&dyn Display]) -> Checked<ItemId> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    // A slash can also be part of a name. Longer texts are no names.
    let name_or_none = if name.chars().count() > ITEM_NAME_MAX { "" } else { name };
    let splits = name_or_none.match_indices('/').map(|(at, _)| (&name[..at], &name[at + 1..]));
    let mut found: Vec<ItemId> = Vec::new();
    for (within, item) in splits {
        let within = state.workspace_named(&Folded::new(within)).and_then(|id| state.workspace(id).ok());
        found.extend(within.into_iter().flat_map(|within| items(within, item)));
    }
    match *found.as_slice() {
        [id] => Ok(id),
        [] => Err(Problem::new(path, format!("no item has the name {name:?}; expected workspace/item"))),
        _ => Err(Problem::new(path, format!("several items have the name {name:?}; expected workspace/item.Type"))),
    }
}

/// Returns the items of a workspace with a name, which may end with a type. Companions are found by their type only.
fn items(within: &Workspace, name: &str) -> Vec<ItemId> {
    let named = |name: &str, fits: &dyn Fn(&Item) -> bool| -> Vec<ItemId> {
        let folded = Folded::new(name);
        let items = within.items().values();
        items.filter(|item| Folded::new(&item.display_name) == folded && fits(item)).map(|item| item.id).collect()
    };
    let whole = named(name, &|item| item.parent.is_none());
    match name.rsplit_once('.').map(|(name, kind)| (name, kind.parse::<ItemKind>())) {
        Some((name, Ok(kind))) if whole.is_empty() => named(name, &|item| item.kind == kind),
        _ => whole,
    }
}
