//! The inventory of a tenant: the items of all workspaces, as administrators see them.

use jiff::Timestamp;

use crate::fabric::State;
use crate::fabric::item::Item;
use crate::fabric::page::Position;
use crate::fabric::workspace::Workspace;

impl State {
    /// Returns the items of all workspaces that are visible at `now`, after a position: workspace by workspace, each in
    /// order of creation. The high bits of the position contain the position of the workspace.
    pub fn items_after(
        &self,
        after: Option<Position>,
        now: Timestamp,
    ) -> impl Iterator<Item = (Position, (&Workspace, &Item))> {
        const WORKSPACE: u32 = 32;
        let (first, within) = after.map_or((0, 0), |at| (at >> WORKSPACE, at & ((1 << WORKSPACE) - 1)));
        self.workspaces().after(first.checked_sub(1)).flat_map(move |(at, workspace)| {
            let items = workspace.items().after((at == first).then_some(within));
            let visible = items.filter(move |(_, item)| item.visible_from <= now);
            visible.map(move |(position, item)| (at << WORKSPACE | position, (workspace, item)))
        })
    }
}

impl Item {
    /// Returns the instant of the last change of the item: of its creation, name, description or definition.
    pub fn last_updated(&self) -> Timestamp {
        self.updated_at.unwrap_or(self.visible_from)
    }
}
