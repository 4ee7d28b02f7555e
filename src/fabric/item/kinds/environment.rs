//! Environments. A publish request completes at once, and installs nothing (docs/fidelity.md#around).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hooks::KindHooks;
use super::state::{KindChange, KindState};
use crate::fabric::item::{Item, Part};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::VersionId;
use crate::seed::Seed;

const SPARK_COMPUTE: &str = "enable_native_execution_engine: false\r\ndriver_cores: 8\r\ndriver_memory: 56g\r\nexecutor_cores: 8\r\n\
     executor_memory: 56g\r\ndynamic_executor_allocation:\r\n  enabled: true\r\n  min_executors: 1\r\n  max_executors: 9\r\n\
     runtime_version: 1.3\r\n";

pub(super) const HOOKS: KindHooks =
    KindHooks { default_definition, state: || KindState::Environment { publishing: None }, ..KindHooks::DEFAULT };

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    vec![Part::text("Setting/Sparkcompute.yml", SPARK_COMPUTE)]
}

/// A publishing of an environment. The creation of an environment counts as its first publishing (seen).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Publishing {
    /// The number of publishings before this publishing.
    number: u64,
    /// The instant of the publishing.
    pub at: Timestamp,
}

impl Publishing {
    /// Returns the first publishing of an environment that was created at `at`.
    pub(super) fn initial(at: Timestamp) -> Self {
        Self { number: 0, at }
    }

    /// Returns the publishing that follows `previous`.
    pub(super) fn after(previous: Self, at: Timestamp) -> Self {
        Self { number: previous.number + 1, at }
    }

    /// Returns the version that the publishing created. Every publishing creates a new version.
    pub fn version(self, item: &Item) -> VersionId {
        VersionId::nth(Seed::new(0).fork(item.id.to_string()), self.number)
    }
}

/// Publishes an environment.
pub fn publish(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decision<()> {
    state.check_capacity(within)?;
    if !matches!(item.kind_state, KindState::Environment { .. }) {
        return Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id));
    }
    let changes = vec![KindChange::EnvironmentPublished { publishing: Publishing::after(published(item), now) }];
    Ok((vec![Fact::KindStateChanged { workspace: within.id, id: item.id, changes }], ()))
}

/// Returns the last publishing of an environment.
pub fn published(item: &Item) -> Publishing {
    match item.kind_state {
        KindState::Environment { publishing: Some(publishing) } => publishing,
        _ => Publishing::initial(item.visible_from),
    }
}
