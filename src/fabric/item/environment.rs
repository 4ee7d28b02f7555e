//! Environments: what was staged is published at once (docs/fidelity.md#around). Nothing is installed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Item, ItemKind};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, ErrorCode, FabricError, Fact, State};
use crate::ids::VersionId;
use crate::seed::Seed;

/// Where [`Item::kind_state`] keeps the last publishing.
const PUBLISHING: &str = "publishing";

/// The last publishing of an environment. A new one counts as published at its creation (seen).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publishing {
    /// How often the environment was published before.
    number: u64,
    /// When it was published.
    pub at: Timestamp,
}

impl Publishing {
    /// The version that it made: it changes with the next publishing.
    pub fn version(self, item: &Item) -> VersionId {
        VersionId::nth(Seed::new(0).fork(item.id.to_string()), self.number)
    }
}

/// Publishes an environment.
pub fn publish(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decided<()> {
    state.check_capacity(within)?;
    if item.kind != ItemKind::Environment {
        return Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id));
    }
    let publishing = Publishing { number: published(item).number + 1, at: now };
    let kept = serde_json::to_value(publishing).map_err(|_| ErrorCode::UnknownError)?;
    let kind_state = [(PUBLISHING.to_owned(), kept)].into_iter().collect();
    Ok((vec![Fact::ItemExtended { workspace: within.id, id: item.id, kind_state }], ()))
}

/// The last publishing of an environment.
pub fn published(item: &Item) -> Publishing {
    let last = item.kind_state.get(PUBLISHING).and_then(|kept| Publishing::deserialize(kept).ok());
    last.unwrap_or(Publishing { number: 0, at: item.visible_from })
}
