//! Environments: what was staged is published (docs/fidelity.md#around). Nothing is installed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Item, ItemKind};
use crate::fabric::operation::{self, Progress, Yield};
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, ErrorCode, FabricError, Fact, State};
use crate::ids::OperationId;

/// How long the publishing of an environment takes (guessed).
const PUBLISHING_TAKES: SignedDuration = SignedDuration::from_secs(20);
/// Where [`Item::extended`] keeps the last publishing.
const PUBLISHING: &str = "publishing";

/// The publishing of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publishing {
    /// The operation that it is.
    pub operation: OperationId,
    /// When it began.
    pub started_at: Timestamp,
    /// When it is over.
    pub ends_at: Timestamp,
}

/// Publishes an environment, as an operation without a result.
pub fn publish(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decided<Progress<()>> {
    state.check_capacity(within)?;
    if item.kind != ItemKind::Environment {
        return Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id));
    }
    let operation = operation::begin(state, within.id, Role::Contributor, PUBLISHING_TAKES, Yield::Nothing, now);
    let publishing = Publishing { operation: operation.id, started_at: now, ends_at: operation.ends_at };
    let kept = serde_json::to_value(publishing).map_err(|_| ErrorCode::UnknownError)?;
    let extended = [(PUBLISHING.to_owned(), kept)].into_iter().collect();
    Ok(operation.after(vec![Fact::ItemExtended { workspace: within.id, id: item.id, extended }]))
}

/// The last publishing of an environment; `None` where there was none.
pub fn published(item: &Item) -> Option<Publishing> {
    item.extended.get(PUBLISHING).and_then(|kept| Publishing::deserialize(kept).ok())
}
