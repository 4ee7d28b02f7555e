//! Spark: the settings and custom pools of workspaces and capacities, and the compute of environments. They are kept and
//! shown, but have no effect, because nothing runs (docs/fidelity.md#spark).

pub mod capacity;
pub mod compute;
pub mod pool;
pub mod settings;

use serde::{Deserialize, Serialize};

use self::pool::Pools;
use self::settings::SparkSettings;

/// The Spark settings and the custom pools of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spark {
    /// The settings.
    pub settings: SparkSettings,
    /// The custom pools.
    pub pools: Pools,
}
