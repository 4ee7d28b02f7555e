//! The Spark settings of workspaces.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::pool::{self, PoolKey, PoolReference, check_executors};
use crate::fabric::item::ItemKind;
use crate::fabric::name::Folded;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, FabricError, Fact, State};
use crate::ids::ItemId;

/// The maximum time until an inactive session ends, in minutes: 14 days (documented).
const SESSION_TIMEOUT_MAX: u32 = 20_160;
/// The maximum length of the version of a runtime, in characters.
const RUNTIME_VERSION_MAX: usize = 16;
/// The version of the runtime in a new workspace or environment (seen).
pub const RUNTIME_VERSION: &str = "1.3";

/// The Spark settings of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SparkSettings {
    /// `true` if machine learning experiments are logged automatically.
    pub automatic_log: bool,
    /// `true` if interactive runs of notebooks share a session.
    pub notebook_interactive_run: bool,
    /// `true` if runs of notebooks in pipelines share a session.
    pub notebook_pipeline_run: bool,
    /// `true` if items may choose their own compute.
    pub customize_compute: bool,
    /// The default pool; `None` for the starter pool.
    pub default_pool: Option<PoolKey>,
    /// The size of the starter pool.
    pub starter_pool: StarterPool,
    /// The default environment.
    pub environment: Option<ItemId>,
    /// The version of the runtime, if there is no default environment.
    pub runtime_version: String,
    /// `true` if a job reserves its maximum number of cores.
    pub conservative_job_admission: bool,
    /// The time until an inactive session ends, in minutes.
    pub session_timeout: u32,
}

/// The size of the starter pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StarterPool {
    /// The maximum number of nodes.
    pub max_node_count: u32,
    /// The maximum number of executors.
    pub max_executors: u32,
}

/// The settings of a new workspace (seen).
impl Default for SparkSettings {
    fn default() -> Self {
        Self {
            automatic_log: true,
            notebook_interactive_run: true,
            notebook_pipeline_run: false,
            customize_compute: true,
            default_pool: None,
            starter_pool: StarterPool { max_node_count: 10, max_executors: 9 },
            environment: None,
            runtime_version: RUNTIME_VERSION.into(),
            conservative_job_admission: false,
            session_timeout: 20,
        }
    }
}

/// An update of Spark settings. Members that are `None` stay unchanged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of Microsoft's API description")]
pub struct SettingsUpdate {
    pub automatic_log: AutomaticLogUpdate,
    pub high_concurrency: HighConcurrencyUpdate,
    pub pool: PoolPropertiesUpdate,
    pub environment: EnvironmentUpdate,
    pub job: JobUpdate,
}

/// The member `automaticLog` of an update.
#[derive(Debug, Clone, Default, Deserialize)]
#[expect(missing_docs, reason = "the members are those of Microsoft's API description")]
pub struct AutomaticLogUpdate {
    pub enabled: Option<bool>,
}

/// The member `highConcurrency` of an update.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are those of Microsoft's API description")]
pub struct HighConcurrencyUpdate {
    pub notebook_interactive_run_enabled: Option<bool>,
    pub notebook_pipeline_run_enabled: Option<bool>,
}

/// The member `pool` of an update.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are those of Microsoft's API description")]
pub struct PoolPropertiesUpdate {
    pub customize_compute_enabled: Option<bool>,
    pub default_pool: Option<PoolReference>,
    pub starter_pool: Option<StarterPoolUpdate>,
}

/// The member `starterPool` of an update.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are those of Microsoft's API description")]
pub struct StarterPoolUpdate {
    pub max_node_count: Option<u32>,
    pub max_executors: Option<u32>,
}

/// The member `environment` of an update. An empty name removes the default environment (documented).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are those of Microsoft's API description")]
pub struct EnvironmentUpdate {
    pub name: Option<String>,
    pub runtime_version: Option<String>,
}

/// The member `job` of an update.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are those of Microsoft's API description")]
pub struct JobUpdate {
    pub conservative_job_admission_enabled: Option<bool>,
    pub session_timeout_in_minutes: Option<u32>,
}

/// Updates the Spark settings of a workspace.
pub fn update(state: &State, workspace: &Workspace, update: SettingsUpdate, now: Timestamp) -> Decision<()> {
    let SettingsUpdate { automatic_log, high_concurrency, pool, environment, job } = update;
    let mut spark = workspace.spark().clone();
    let settings = &mut spark.settings;
    set(&mut settings.automatic_log, automatic_log.enabled);
    set(&mut settings.notebook_interactive_run, high_concurrency.notebook_interactive_run_enabled);
    set(&mut settings.notebook_pipeline_run, high_concurrency.notebook_pipeline_run_enabled);
    set(&mut settings.customize_compute, pool.customize_compute_enabled);
    if let Some(reference) = &pool.default_pool {
        settings.default_pool = pool::resolve(state, workspace, reference)?;
    }
    if let Some(starter) = pool.starter_pool {
        set(&mut settings.starter_pool.max_node_count, starter.max_node_count);
        set(&mut settings.starter_pool.max_executors, starter.max_executors);
        settings.starter_pool.check()?;
    }
    if let Some(name) = environment.name {
        settings.environment = environment_named(workspace, &name, now)?;
    }
    if let Some(version) = environment.runtime_version {
        check_runtime_version(&version)?;
        settings.runtime_version = version;
    }
    set(&mut settings.conservative_job_admission, job.conservative_job_admission_enabled);
    set(&mut settings.session_timeout, job.session_timeout_in_minutes);
    if !(1..=SESSION_TIMEOUT_MAX).contains(&settings.session_timeout) {
        return Err(FabricError::invalid_input(format!(
            "The field SessionTimeoutInMinutes must be between 1 and {SESSION_TIMEOUT_MAX}."
        )));
    }
    Ok((vec![Fact::SparkChanged { workspace: workspace.id, spark: Box::new(spark) }], ()))
}

fn set<T>(setting: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *setting = new;
    }
}

fn environment_named(workspace: &Workspace, name: &str, now: Timestamp) -> Result<Option<ItemId>, FabricError> {
    if name.is_empty() {
        return Ok(None);
    }
    let found = workspace.names.get(&(ItemKind::Environment, Folded::new(name)));
    let found = found.filter(|id| workspace.item(**id, now).is_ok()).copied();
    found.map(Some).ok_or_else(|| FabricError::invalid_input(format!("The workspace has no environment {name:?}.")))
}

/// Rejects a version of a runtime that is not of the form `1.3`.
pub(super) fn check_runtime_version(version: &str) -> Result<(), FabricError> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = version.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor));
    if version.len() > RUNTIME_VERSION_MAX || !is_version {
        return Err(FabricError::invalid_input("The field RuntimeVersion is not a version such as 1.3."));
    }
    Ok(())
}

impl StarterPool {
    fn check(self) -> Result<(), FabricError> {
        if self.max_node_count == 0 || self.max_executors == 0 {
            return Err(FabricError::invalid_input("The starter pool has at least 1 node and 1 executor."));
        }
        check_executors(self.max_executors, self.max_node_count)
    }
}
