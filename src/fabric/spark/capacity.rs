//! The configuration of capacities: overage, surge protection, Spark settings and custom pools. It is kept and shown, but
//! has no effect, because no capacity is under load (docs/fidelity.md#capacities).

use serde::{Deserialize, Serialize};

use super::pool::{PoolConfiguration, PoolUpdate, Pools};
use crate::fabric::{Decision, FabricError, Fact, State};
use crate::ids::{CapacityId, PoolId};

/// The maximum threshold of overage, in capacity unit hours (documented).
const OVERAGE_MAX: u32 = 240_000;
/// The lowest threshold at which surge protection rejects operations, in percent (documented).
const REJECTION_MIN: u32 = 15;
/// The highest threshold at which surge protection rejects operations, in percent (documented).
const REJECTION_MAX: u32 = 100;
/// The threshold at which surge protection ends is above this, in percent (documented).
const RECOVERY_ABOVE: u32 = 5;

/// The state of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Enablement {
    Enabled,
    Disabled,
}

/// The configuration of a capacity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapacityConfiguration {
    /// The overage.
    pub overage: Overage,
    /// The surge protection.
    pub surge_protection: SurgeProtection,
    /// The Spark settings.
    pub spark: CapacitySpark,
    /// The custom pools.
    pub pools: Pools,
}

/// The use of a capacity beyond its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Overage {
    /// The state. Disabled in a new capacity (guessed).
    pub state: Enablement,
    /// The threshold, in capacity unit hours.
    pub threshold_capacity_unit_hours: u32,
}

impl Default for Overage {
    fn default() -> Self {
        Self { state: Enablement::Disabled, threshold_capacity_unit_hours: 0 }
    }
}

/// The protection against background operations that use too much of a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SurgeProtection {
    /// The state. Disabled in a new capacity (guessed).
    pub state: Enablement,
    /// The utilisation at which background operations are rejected, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection_threshold: Option<u32>,
    /// The utilisation at which the protection ends, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_threshold: Option<u32>,
}

impl Default for SurgeProtection {
    fn default() -> Self {
        Self { state: Enablement::Disabled, rejection_threshold: None, recovery_threshold: None }
    }
}

/// The Spark settings of a capacity. All are enabled in a new capacity (guessed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapacitySpark {
    /// Workspaces may have custom pools.
    pub workspace_custom_pools_support: Enablement,
    /// Workspaces have a starter pool.
    pub workspace_starter_pool_status: Enablement,
    /// A single job may use all cores, including those of bursts.
    pub job_burst_support: Enablement,
}

impl Default for CapacitySpark {
    fn default() -> Self {
        let on = Enablement::Enabled;
        Self { workspace_custom_pools_support: on, workspace_starter_pool_status: on, job_burst_support: on }
    }
}

/// An update of overage. Members that are `None` stay unchanged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are those of Overage")]
pub struct OverageUpdate {
    pub state: Option<Enablement>,
    pub threshold_capacity_unit_hours: Option<u32>,
}

/// An update of surge protection. Members that are `None` stay unchanged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are those of SurgeProtection")]
pub struct SurgeProtectionUpdate {
    pub state: Option<Enablement>,
    pub rejection_threshold: Option<u32>,
    pub recovery_threshold: Option<u32>,
}

/// An update of Spark settings. Members that are `None` stay unchanged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are those of CapacitySpark")]
pub struct CapacitySparkUpdate {
    pub workspace_custom_pools_support: Option<Enablement>,
    pub workspace_starter_pool_status: Option<Enablement>,
    pub job_burst_support: Option<Enablement>,
}

/// A change of one part of a configuration.
pub trait ConfigurationUpdate {
    /// Applies the update, or rejects it.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` for a value that is out of range.
    fn apply(self, configuration: &mut CapacityConfiguration) -> Result<(), FabricError>;
}

impl ConfigurationUpdate for OverageUpdate {
    /// Disabled overage has the threshold 0, and the threshold 0 disables it (documented).
    fn apply(self, configuration: &mut CapacityConfiguration) -> Result<(), FabricError> {
        let overage = &mut configuration.overage;
        let threshold = self.threshold_capacity_unit_hours.unwrap_or(overage.threshold_capacity_unit_hours);
        if threshold > OVERAGE_MAX {
            return Err(FabricError::invalid_input(format!(
                "The field ThresholdCapacityUnitHours must be between 0 and {OVERAGE_MAX}."
            )));
        }
        let state = self.state.unwrap_or(overage.state);
        *overage = match state {
            Enablement::Enabled if threshold > 0 => Overage { state, threshold_capacity_unit_hours: threshold },
            Enablement::Enabled | Enablement::Disabled => Overage::default(),
        };
        Ok(())
    }
}

impl ConfigurationUpdate for SurgeProtectionUpdate {
    /// Disabled protection has no thresholds (documented).
    fn apply(self, configuration: &mut CapacityConfiguration) -> Result<(), FabricError> {
        let before = configuration.surge_protection;
        let state = self.state.unwrap_or(before.state);
        configuration.surge_protection = match state {
            Enablement::Disabled => SurgeProtection::default(),
            Enablement::Enabled => {
                let rejection = self.rejection_threshold.or(before.rejection_threshold);
                let recovery = self.recovery_threshold.or(before.recovery_threshold);
                check_thresholds(rejection, recovery)?;
                SurgeProtection { state, rejection_threshold: rejection, recovery_threshold: recovery }
            }
        };
        Ok(())
    }
}

fn check_thresholds(rejection: Option<u32>, recovery: Option<u32>) -> Result<(), FabricError> {
    let (Some(rejection), Some(recovery)) = (rejection, recovery) else {
        return Err(FabricError::invalid_input(
            "Enabled surge protection has a RejectionThreshold and a RecoveryThreshold.",
        ));
    };
    if !(REJECTION_MIN..=REJECTION_MAX).contains(&rejection) {
        return Err(FabricError::invalid_input(format!(
            "The field RejectionThreshold must be between {REJECTION_MIN} and {REJECTION_MAX}."
        )));
    }
    if recovery <= RECOVERY_ABOVE || recovery >= rejection {
        return Err(FabricError::invalid_input(format!(
            "The field RecoveryThreshold must be greater than {RECOVERY_ABOVE} and less than RejectionThreshold."
        )));
    }
    Ok(())
}

impl ConfigurationUpdate for CapacitySparkUpdate {
    fn apply(self, configuration: &mut CapacityConfiguration) -> Result<(), FabricError> {
        let spark = &mut configuration.spark;
        *spark = CapacitySpark {
            workspace_custom_pools_support: self
                .workspace_custom_pools_support
                .unwrap_or(spark.workspace_custom_pools_support),
            workspace_starter_pool_status: self
                .workspace_starter_pool_status
                .unwrap_or(spark.workspace_starter_pool_status),
            job_burst_support: self.job_burst_support.unwrap_or(spark.job_burst_support),
        };
        Ok(())
    }
}

/// Updates a part of the configuration of a capacity.
pub fn update(state: &State, id: CapacityId, update: impl ConfigurationUpdate) -> Decision<()> {
    change(state, id, |configuration| update.apply(configuration))
}

/// Creates a custom pool of a capacity.
pub fn create_pool(state: &State, id: CapacityId, new: PoolConfiguration) -> Decision<PoolId> {
    let seed = state.seed().fork(id.to_ascii());
    change(state, id, |configuration| configuration.pools.add(seed, new))
}

/// Updates a custom pool of a capacity.
pub fn update_pool(state: &State, id: CapacityId, pool: PoolId, update: PoolUpdate) -> Decision<()> {
    change(state, id, |configuration| configuration.pools.update(pool, update))
}

/// Deletes a custom pool of a capacity.
pub fn delete_pool(state: &State, id: CapacityId, pool: PoolId) -> Decision<()> {
    change(state, id, |configuration| configuration.pools.remove(pool))
}

fn change<T>(
    state: &State,
    id: CapacityId,
    change: impl FnOnce(&mut CapacityConfiguration) -> Result<T, FabricError>,
) -> Decision<T> {
    let mut configuration = state.capacity_configuration(id).clone();
    let changed = change(&mut configuration)?;
    Ok((vec![Fact::CapacityConfigured { id, configuration: Box::new(configuration) }], changed))
}
