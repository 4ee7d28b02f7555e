//! The Spark compute of environments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pool::{self, DynamicExecutors, PoolKey, PoolReference};
use super::settings::{RUNTIME_VERSION, check_runtime_version};
use crate::fabric::workspace::Workspace;
use crate::fabric::{FabricError, State};

/// The numbers of cores that a driver or an executor can have (documented).
const CORES: [u32; 5] = [4, 8, 16, 32, 64];
/// The amounts of memory that a driver or an executor can have (documented).
const MEMORY: [&str; 5] = ["28g", "56g", "112g", "224g", "400g"];
/// The maximum number of Spark properties of an environment (guessed).
pub const PROPERTIES_MAX: usize = 500;
/// The maximum length of the key of a Spark property, in characters (guessed).
pub const PROPERTY_KEY_MAX: usize = 256;
/// The maximum length of the value of a Spark property, in characters (guessed).
pub const PROPERTY_VALUE_MAX: usize = 2_048;

/// The compute of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SparkCompute {
    /// The pool; `None` for the starter pool.
    pub pool: Option<PoolKey>,
    /// The number of cores of the driver.
    pub driver_cores: u32,
    /// The memory of the driver, such as `56g`.
    pub driver_memory: String,
    /// The number of cores of an executor.
    pub executor_cores: u32,
    /// The memory of an executor.
    pub executor_memory: String,
    /// The number of executors.
    pub dynamic_executor_allocation: DynamicExecutors,
    /// The Spark properties.
    pub spark_properties: BTreeMap<String, String>,
    /// The version of the runtime.
    pub runtime_version: String,
}

/// The compute of a new environment (seen).
impl Default for SparkCompute {
    fn default() -> Self {
        Self {
            pool: None,
            driver_cores: 8,
            driver_memory: "56g".into(),
            executor_cores: 8,
            executor_memory: "56g".into(),
            dynamic_executor_allocation: DynamicExecutors { enabled: true, min_executors: 1, max_executors: 9 },
            spark_properties: BTreeMap::new(),
            runtime_version: RUNTIME_VERSION.into(),
        }
    }
}

/// An update of the compute. Members that are `None` stay unchanged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are those of Microsoft's API description")]
pub struct ComputeUpdate {
    pub instance_pool: Option<PoolReference>,
    pub driver_cores: Option<u32>,
    pub driver_memory: Option<String>,
    pub executor_cores: Option<u32>,
    pub executor_memory: Option<String>,
    pub dynamic_executor_allocation: Option<DynamicExecutors>,
    pub spark_properties: Option<PropertiesUpdate>,
    /// A text; a number is accepted too (seen).
    pub runtime_version: Option<Value>,
    pub custom_live_pool_support: Option<Value>,
    pub custom_live_pool_settings: Option<Value>,
}

/// An update of Spark properties, in either of the two documented forms. A property whose value is null is removed.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant is named after its form")]
pub enum PropertiesUpdate {
    List(Vec<PropertyUpdate>),
    Map(BTreeMap<String, Value>),
}

/// An element of a list of Spark properties.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "each member is named after its value")]
pub struct PropertyUpdate {
    pub key: String,
    #[serde(default)]
    pub value: Value,
}

impl SparkCompute {
    /// Applies an update.
    pub fn update(&mut self, state: &State, workspace: &Workspace, update: ComputeUpdate) -> Result<(), FabricError> {
        if let Some(reference) = &update.instance_pool {
            self.pool = pool::resolve(state, workspace, reference)?;
        }
        self.driver_cores = update.driver_cores.unwrap_or(self.driver_cores);
        self.executor_cores = update.executor_cores.unwrap_or(self.executor_cores);
        if let Some(memory) = update.driver_memory {
            self.driver_memory = memory;
        }
        if let Some(memory) = update.executor_memory {
            self.executor_memory = memory;
        }
        self.dynamic_executor_allocation =
            update.dynamic_executor_allocation.unwrap_or(self.dynamic_executor_allocation);
        if let Some(properties) = update.spark_properties {
            self.update_properties(properties)?;
        }
        if let Some(version) = update.runtime_version {
            self.runtime_version = text(&version).unwrap_or_default();
        }
        self.check(pool::shown(state, workspace, self.pool).auto_scale.max_node_count)
    }

    fn update_properties(&mut self, update: PropertiesUpdate) -> Result<(), FabricError> {
        let properties: Vec<(String, Value)> = match update {
            PropertiesUpdate::List(list) => list.into_iter().map(|property| (property.key, property.value)).collect(),
            PropertiesUpdate::Map(map) => map.into_iter().collect(),
        };
        for (key, value) in properties {
            match text(&value) {
                Some(value) => drop(self.spark_properties.insert(key, value)),
                None if value.is_null() => drop(self.spark_properties.remove(&key)),
                None => return Err(FabricError::invalid_input("The value of a Spark property is not a text.")),
            }
        }
        Ok(())
    }

    /// Rejects values that are not allowed. `nodes_max` is the maximum number of nodes of the pool.
    fn check(&self, nodes_max: u32) -> Result<(), FabricError> {
        for (field, cores) in [("DriverCores", self.driver_cores), ("ExecutorCores", self.executor_cores)] {
            if !CORES.contains(&cores) {
                return Err(FabricError::invalid_input(format!("The field {field} is none of 4, 8, 16, 32 and 64.")));
            }
        }
        for (field, memory) in [("DriverMemory", &self.driver_memory), ("ExecutorMemory", &self.executor_memory)] {
            if !MEMORY.contains(&memory.as_str()) {
                let known = MEMORY.join(", ");
                return Err(FabricError::invalid_input(format!("The field {field} is none of {known}.")));
            }
        }
        check_runtime_version(&self.runtime_version)?;
        self.dynamic_executor_allocation.check(nodes_max)?;
        let fits = |(key, value): (&String, &String)| {
            (1..=PROPERTY_KEY_MAX).contains(&key.chars().count()) && value.chars().count() <= PROPERTY_VALUE_MAX
        };
        if self.spark_properties.len() > PROPERTIES_MAX || !self.spark_properties.iter().all(fits) {
            return Err(FabricError::invalid_input(format!(
                "There are at most {PROPERTIES_MAX} Spark properties, with keys of 1 to {PROPERTY_KEY_MAX} and values \
                 of at most {PROPERTY_VALUE_MAX} characters."
            )));
        }
        Ok(())
    }
}

/// Returns a text, a number or a boolean as a text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
