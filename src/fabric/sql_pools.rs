//! The SQL pools of a workspace, which share the resources of its warehouses. They are kept and shown, but have no effect
//! (docs/fidelity.md#warehouses).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::fabric::name::{Folded, NAME_MAX, check_name};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, FabricError, Fact};

/// The maximum number of SQL pools of a workspace (guessed).
pub const SQL_POOLS_MAX: usize = 32;
/// The maximum number of values of a classifier (guessed).
pub const CLASSIFIER_VALUES_MAX: usize = 100;
/// The maximum sum of the shares of all pools, in percent (documented).
const PERCENTAGE_MAX: u32 = 100;

/// The SQL pools of a workspace. They are disabled in a new workspace (guessed).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SqlPools {
    /// `true` if the pools are used. Disabled pools are preserved.
    #[serde(rename = "customSQLPoolsEnabled")]
    pub enabled: bool,
    /// The pools.
    #[serde(rename = "customSQLPools")]
    pub pools: Vec<SqlPool>,
}

/// A SQL pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqlPool {
    /// The name, unique in the workspace.
    pub name: String,
    /// `true` for the pool of all requests that no classifier fits. At most one pool is the default.
    #[serde(default)]
    pub is_default: bool,
    /// The share of the resources that the pool can use, in percent.
    pub max_resource_percentage: u32,
    /// `true` if the pool is optimised for reads.
    #[serde(default = "yes")]
    pub optimize_for_reads: bool,
    /// The requests of the pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<Classifier>,
}

fn yes() -> bool {
    true
}

/// A classifier of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classifier {
    /// The property of a request that is classified.
    pub r#type: ClassifierType,
    /// The values that belong to the pool.
    pub value: Vec<String>,
}

/// The property of a request that is classified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClassifierType {
    /// The name of the application.
    #[serde(rename = "Application Name")]
    ApplicationName,
    /// The name of the application, by a regular expression.
    #[serde(rename = "Application Name Regex")]
    ApplicationNameRegex,
    /// The type of the SQL statement.
    #[serde(rename = "Statement Type")]
    StatementType,
}

/// An update of SQL pools. Members that are `None` stay unchanged. A list replaces all pools (documented).
#[derive(Debug, Clone, Default, Deserialize)]
#[expect(missing_docs, reason = "the members are those of SqlPools")]
pub struct SqlPoolsUpdate {
    #[serde(rename = "customSQLPoolsEnabled")]
    pub enabled: Option<bool>,
    #[serde(rename = "customSQLPools")]
    pub pools: Option<Vec<SqlPool>>,
}

/// Updates the SQL pools of a workspace.
pub fn update(workspace: &Workspace, update: SqlPoolsUpdate) -> Decision<()> {
    let mut pools = workspace.sql_pools().clone();
    pools.enabled = update.enabled.unwrap_or(pools.enabled);
    pools.pools = update.pools.unwrap_or(pools.pools);
    pools.check()?;
    Ok((vec![Fact::SqlPoolsChanged { workspace: workspace.id, pools: Box::new(pools) }], ()))
}

impl SqlPools {
    fn check(&self) -> Result<(), FabricError> {
        let pools = &self.pools;
        if pools.len() > SQL_POOLS_MAX {
            return Err(FabricError::invalid_input(format!("A workspace has at most {SQL_POOLS_MAX} SQL pools.")));
        }
        pools.iter().try_for_each(SqlPool::check)?;
        let names: BTreeSet<Folded> = pools.iter().map(|pool| Folded::new(&pool.name)).collect();
        if names.len() < pools.len() {
            return Err(FabricError::invalid_input("Two SQL pools have the same name."));
        }
        if pools.iter().filter(|pool| pool.is_default).count() > 1 {
            return Err(FabricError::invalid_input("Only one SQL pool can be the default."));
        }
        if pools.iter().map(|pool| pool.max_resource_percentage).sum::<u32>() > PERCENTAGE_MAX {
            return Err(FabricError::invalid_input(format!(
                "The sum of maxResourcePercentage must not exceed {PERCENTAGE_MAX}."
            )));
        }
        Ok(())
    }
}

impl SqlPool {
    fn check(&self) -> Result<(), FabricError> {
        check_name(&self.name, NAME_MAX)?;
        if !(1..=PERCENTAGE_MAX).contains(&self.max_resource_percentage) {
            return Err(FabricError::invalid_input(format!(
                "The field maxResourcePercentage must be between 1 and {PERCENTAGE_MAX}."
            )));
        }
        let values = self.classifier.iter().flat_map(|classifier| &classifier.value);
        if values.clone().count() > CLASSIFIER_VALUES_MAX {
            return Err(FabricError::invalid_input(format!(
                "A classifier has at most {CLASSIFIER_VALUES_MAX} values."
            )));
        }
        let mut values = values;
        values.try_for_each(|value| check_name(value, NAME_MAX))
    }
}
