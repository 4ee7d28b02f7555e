//! Bodies of Spark: settings and pools.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::required;
use crate::fabric::spark::pool::{
    self, AutoScale, DynamicExecutors, NodeFamily, NodeSize, PoolConfiguration, PoolKey, PoolType, ShownPool,
};
use crate::fabric::spark::settings::{SparkSettings, StarterPool};
use crate::fabric::workspace::Workspace;
use crate::fabric::{FabricError, State};
use crate::ids::PoolId;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatePoolBody {
    name: Option<String>,
    node_family: Option<NodeFamily>,
    node_size: Option<NodeSize>,
    auto_scale: Option<AutoScale>,
    dynamic_executor_allocation: Option<DynamicExecutors>,
}

impl TryFrom<CreatePoolBody> for PoolConfiguration {
    type Error = FabricError;

    fn try_from(body: CreatePoolBody) -> Result<Self, FabricError> {
        Ok(Self {
            name: required(body.name, "Name")?,
            node_family: required(body.node_family, "NodeFamily")?,
            node_size: required(body.node_size, "NodeSize")?,
            auto_scale: required(body.auto_scale, "AutoScale")?,
            dynamic_executor_allocation: required(body.dynamic_executor_allocation, "DynamicExecutorAllocation")?,
        })
    }
}

/// A pool. The members are in the order of the service.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PoolBody<'a> {
    id: PoolId,
    r#type: PoolType,
    name: &'a str,
    node_family: NodeFamily,
    node_size: NodeSize,
    auto_scale: AutoScale,
    dynamic_executor_allocation: ExecutorsBody,
}

/// A number of executors. A disabled range is not shown (seen).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutorsBody {
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_executors: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_executors: Option<u32>,
}

impl From<DynamicExecutors> for ExecutorsBody {
    fn from(executors: DynamicExecutors) -> Self {
        let DynamicExecutors { enabled, min_executors, max_executors } = executors;
        Self {
            enabled,
            min_executors: enabled.then_some(min_executors),
            max_executors: enabled.then_some(max_executors),
        }
    }
}

impl<'a> From<ShownPool<'a>> for PoolBody<'a> {
    fn from(pool: ShownPool<'a>) -> Self {
        let ShownPool { id, r#type, name, node_family, node_size, auto_scale, dynamic_executor_allocation } = pool;
        let dynamic_executor_allocation = dynamic_executor_allocation.into();
        Self { id, r#type, name, node_family, node_size, auto_scale, dynamic_executor_allocation }
    }
}

/// A pool that settings name.
#[derive(Serialize)]
pub(crate) struct InstancePoolBody<'a> {
    name: &'a str,
    r#type: PoolType,
    id: PoolId,
}

impl<'a> InstancePoolBody<'a> {
    /// Creates the body of the pool to which a key leads.
    pub(crate) fn new(state: &'a State, workspace: &'a Workspace, key: Option<PoolKey>) -> Self {
        let ShownPool { id, r#type, name, .. } = pool::shown(state, workspace, key);
        Self { name, r#type, id }
    }
}

/// The Spark settings of a workspace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsBody<'a> {
    automatic_log: AutomaticLog,
    high_concurrency: HighConcurrency,
    pool: PoolProperties<'a>,
    environment: EnvironmentProperties<'a>,
    job: JobProperties,
}

#[derive(Serialize)]
struct AutomaticLog {
    enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HighConcurrency {
    notebook_interactive_run_enabled: bool,
    notebook_pipeline_run_enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PoolProperties<'a> {
    customize_compute_enabled: bool,
    default_pool: InstancePoolBody<'a>,
    starter_pool: StarterPool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnvironmentProperties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    runtime_version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobProperties {
    conservative_job_admission_enabled: bool,
    session_timeout_in_minutes: u32,
}

impl<'a> SettingsBody<'a> {
    /// Creates the body of the settings at `now`. An environment that was deleted is not shown.
    pub(crate) fn new(state: &'a State, workspace: &'a Workspace, now: Timestamp) -> Self {
        let settings: &SparkSettings = &workspace.spark().settings;
        let environment = settings.environment.and_then(|id| workspace.item(id, now).ok());
        Self {
            automatic_log: AutomaticLog { enabled: settings.automatic_log },
            high_concurrency: HighConcurrency {
                notebook_interactive_run_enabled: settings.notebook_interactive_run,
                notebook_pipeline_run_enabled: settings.notebook_pipeline_run,
            },
            pool: PoolProperties {
                customize_compute_enabled: settings.customize_compute,
                default_pool: InstancePoolBody::new(state, workspace, settings.default_pool),
                starter_pool: settings.starter_pool,
            },
            environment: EnvironmentProperties {
                name: environment.map(|item| item.display_name.as_str()),
                runtime_version: &settings.runtime_version,
            },
            job: JobProperties {
                conservative_job_admission_enabled: settings.conservative_job_admission,
                session_timeout_in_minutes: settings.session_timeout,
            },
        }
    }
}
