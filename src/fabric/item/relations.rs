//! Relations of items: the items that an item depends on, and those that depend on it (docs/fidelity.md#items).

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Item;
use super::shortcut::Shortcut;
use crate::fabric::State;
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::ids::ItemId;

/// The direction in which relations are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the items on which an item depends.
    Upstream,
    /// Towards the items that depend on an item.
    Downstream,
}

/// The type of a relation. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum RelationType {
    /// The item is the parent of the other item, and both are deleted together.
    CascadeDelete,
    /// The item has a shortcut to the other item.
    Shortcut,
}

/// A relation between two items. The names of the members are those on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Relation {
    /// The parent, or the item with the shortcut.
    pub item: ItemId,
    /// The child, or the target of the shortcut.
    pub dependent_on: ItemId,
    /// The type.
    pub kind: RelationType,
}

/// The direct and indirect relations of an item in one direction.
#[derive(Debug)]
pub struct Relations<'a> {
    /// The related items, each with its workspace.
    pub items: Vec<(&'a Workspace, &'a Item)>,
    /// The relations between them.
    pub relations: Vec<Relation>,
}

/// Returns the relations of an item. Items that are not visible at `now`, and those in workspaces in which the caller has
/// no role, are left out. As in the examples of Microsoft's description, only the downstream relations include the item
/// itself among the related items.
pub fn of<'a>(
    state: &'a State,
    (within, item): (&'a Workspace, &'a Item),
    direction: Direction,
    caller: Principal,
    now: Timestamp,
) -> Relations<'a> {
    let shortcuts = match direction {
        Direction::Upstream => HashMap::new(),
        Direction::Downstream => shortcuts_to(state),
    };
    let find = |id: ItemId| {
        let (within, item) = state.find_item(id)?;
        (item.visible_from <= now && within.role_of(caller).is_some()).then_some((within, item))
    };
    let mut found = Relations { items: vec![(within, item)], relations: Vec::new() };
    let mut known = HashSet::from([item.id]);
    let mut related = HashSet::new();
    let mut next = 0;
    while let Some((within, item)) = found.items.get(next).copied() {
        let neighbours = match direction {
            Direction::Upstream => upstream(item),
            Direction::Downstream => downstream(within, item, &shortcuts),
        };
        for (other, relation) in neighbours {
            let Some(other) = find(other) else { continue };
            if related.insert(relation) {
                found.relations.push(relation);
            }
            if known.insert(other.1.id) {
                found.items.push(other);
            }
        }
        next += 1;
    }
    let is_shown = direction == Direction::Downstream && !found.relations.is_empty();
    let own = found.items.remove(0);
    found.items.extend(is_shown.then_some(own));
    found
}

/// Returns the items on which an item depends: its parent, and the targets of its shortcuts.
fn upstream(item: &Item) -> Vec<(ItemId, Relation)> {
    let parent = item.parent.map(|parent| (parent, cascade(parent, item.id)));
    let targets = item.shortcuts.iter().filter_map(target);
    parent.into_iter().chain(targets.map(|target| (target, link(item.id, target)))).collect()
}

/// Returns the items that depend on an item: its children, and the items with shortcuts to it.
fn downstream(within: &Workspace, item: &Item, shortcuts: &HashMap<ItemId, Vec<ItemId>>) -> Vec<(ItemId, Relation)> {
    let children = within.items.children(item.id).iter().map(|child| (*child, cascade(item.id, *child)));
    let linked = shortcuts.get(&item.id).into_iter().flatten().map(|other| (*other, link(*other, item.id)));
    children.chain(linked).collect()
}

fn cascade(parent: ItemId, child: ItemId) -> Relation {
    Relation { item: parent, dependent_on: child, kind: RelationType::CascadeDelete }
}

fn link(item: ItemId, target: ItemId) -> Relation {
    Relation { item, dependent_on: target, kind: RelationType::Shortcut }
}

/// Returns the items with shortcuts to each item.
fn shortcuts_to(state: &State) -> HashMap<ItemId, Vec<ItemId>> {
    let mut linked: HashMap<ItemId, Vec<ItemId>> = HashMap::new();
    let items = state.workspaces().values().flat_map(|within| within.items().values());
    for (item, target) in
        items.flat_map(|item| item.shortcuts.iter().filter_map(target).map(move |target| (item.id, target)))
    {
        linked.entry(target).or_default().push(item);
    }
    linked
}

/// Returns the item that a shortcut leads to; `None` if the target is outside of OneLake.
fn target(shortcut: &Shortcut) -> Option<ItemId> {
    shortcut.target.get("oneLake")?.get("itemId").and_then(Value::as_str)?.parse().ok()
}
