//! Sensitivity labels and sharing links of items, as administrators change them. The emulator has neither the labels of a
//! tenant nor label policies: every label is accepted. No item has sharing links (docs/fidelity.md#admin).

use jiff::Timestamp;

use super::{Item, ItemKind};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{ItemId, LabelId, WorkspaceId};

/// The maximum number of items in a request to change labels (documented).
pub const LABELED_MAX: usize = 2_000;
/// The maximum number of items in a request to remove sharing links (documented).
pub const UNLINKED_MAX: usize = 500;
/// The kinds whose companions have the label of their item (documented).
const WITH_COMPANIONS: [ItemKind; 5] =
    [ItemKind::Lakehouse, ItemKind::Warehouse, ItemKind::Datamart, ItemKind::SQLDatabase, ItemKind::MirroredDatabase];

/// An item that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedItem {
    /// The id of the item.
    pub id: ItemId,
    /// The kind of the item.
    pub kind: ItemKind,
}

impl NamedItem {
    /// Returns the item with its workspace; `None` if it does not exist or has another kind.
    fn find(self, state: &State, now: Timestamp) -> Option<(&Workspace, &Item)> {
        let found = state.find_item(self.id)?;
        Some(found).filter(|(_, item)| item.kind == self.kind && item.visible_from <= now)
    }
}

/// Sets the label of items, or removes it. Returns for each item whether it was found: an item without a label has none
/// to remove (seen).
pub fn change(state: &State, named: &[NamedItem], label: Option<LabelId>, now: Timestamp) -> Decision<Vec<bool>> {
    check_count(named, LABELED_MAX)?;
    let mut items = Vec::new();
    let found = named.iter().map(|named| {
        let found = named.find(state, now).filter(|(_, item)| label.is_some() || item.sensitivity_label.is_some());
        items.extend(found.into_iter().flat_map(|(within, item)| labeled(within, item)));
        found.is_some()
    });
    let found: Vec<bool> = found.collect();
    let has_changed = !items.is_empty();
    let changed = has_changed.then_some(Fact::LabelsChanged { items, label });
    Ok((changed.into_iter().collect(), found))
}

/// Returns an item and the companions with the same label.
fn labeled(within: &Workspace, item: &Item) -> impl Iterator<Item = (WorkspaceId, ItemId)> {
    let companions = if WITH_COMPANIONS.contains(&item.kind) { within.items.descendants(item.id) } else { Vec::new() };
    let workspace = within.id;
    std::iter::once(item.id).chain(companions).map(move |id| (workspace, id))
}

/// Removes the sharing links of reports. Returns for each item whether it was found. Only reports can have links
/// (documented).
pub fn remove_sharing_links(state: &State, named: &[NamedItem], now: Timestamp) -> Result<Vec<bool>, FabricError> {
    check_count(named, UNLINKED_MAX)?;
    let is_report = |named: &NamedItem| named.kind == ItemKind::Report && named.find(state, now).is_some();
    Ok(named.iter().map(is_report).collect())
}

fn check_count(named: &[NamedItem], most: usize) -> Result<(), FabricError> {
    if (1..=most).contains(&named.len()) {
        return Ok(());
    }
    let message = format!("Items has {} elements: expected 1 to {most}.", named.len());
    Err(FabricError::new(ErrorCode::BadRequest).detail(ErrorCode::InvalidParameter, message))
}
