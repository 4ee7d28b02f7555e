//! The paths of items in OneLake.

use crate::fabric::State;
use crate::fabric::onelake::Tree;
use crate::ids::{ItemId, WorkspaceId};

impl State {
    pub(super) fn with_tree(&mut self, workspace: WorkspaceId, item: ItemId, change: impl FnOnce(&mut Tree)) {
        self.with_item(workspace, item, |item| change(item.tree.get_or_insert_default()));
    }
}
