//! Custom Spark pools of workspaces and capacities, and the starter pool that every workspace has.

use serde::{Deserialize, Serialize};

use super::Spark;
use super::settings::StarterPool;
use crate::fabric::name::Folded;
use crate::fabric::page::Position;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::PoolId;
use crate::seed::Seed;

/// The maximum number of custom pools of a workspace or a capacity (guessed).
pub const POOLS_MAX: usize = 100;
/// The maximum length of the name of a pool, in characters (documented).
pub const POOL_NAME_MAX: usize = 64;
/// The name of the starter pool, which no custom pool can have.
pub const STARTER_POOL: &str = "Starter Pool";
/// The id of the starter pool (seen).
const STARTER_POOL_ID: PoolId = PoolId::MIN;

/// The owner of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoolType {
    /// A workspace.
    Workspace,
    /// A capacity.
    Capacity,
}

/// The family of the nodes of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeFamily {
    /// The only family.
    MemoryOptimized,
}

/// The size of the nodes of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are Fabric's, and so is their documentation")]
pub enum NodeSize {
    Small,
    Medium,
    Large,
    XLarge,
    XXLarge,
}

/// The number of nodes of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoScale {
    /// `true` if the number of nodes follows the load.
    pub enabled: bool,
    /// The minimum number of nodes.
    pub min_node_count: u32,
    /// The maximum number of nodes.
    pub max_node_count: u32,
}

/// The number of executors of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DynamicExecutors {
    /// `true` if the number of executors follows the load.
    pub enabled: bool,
    /// The minimum number of executors.
    pub min_executors: u32,
    /// The maximum number of executors.
    pub max_executors: u32,
}

/// The configuration of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolConfiguration {
    /// The name. It is unique among the pools of the owner, regardless of case.
    pub name: String,
    /// The family of the nodes.
    pub node_family: NodeFamily,
    /// The size of the nodes.
    pub node_size: NodeSize,
    /// The number of nodes.
    pub auto_scale: AutoScale,
    /// The number of executors.
    pub dynamic_executor_allocation: DynamicExecutors,
}

/// An update of a pool. Members that are `None` stay unchanged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the members are those of PoolConfiguration")]
pub struct PoolUpdate {
    pub name: Option<String>,
    pub node_family: Option<NodeFamily>,
    pub node_size: Option<NodeSize>,
    pub auto_scale: Option<AutoScale>,
    pub dynamic_executor_allocation: Option<DynamicExecutors>,
}

/// A custom pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    /// The id of the pool.
    pub id: PoolId,
    /// The number of the pool among all that the owner ever had. The first has the number 1.
    number: u64,
    /// The configuration.
    pub configuration: PoolConfiguration,
}

/// The custom pools of a workspace or a capacity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pools {
    created: u64,
    custom: Vec<Pool>,
}

/// A reference to a custom pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolKey {
    /// The owner of the pool.
    pub r#type: PoolType,
    /// The id of the pool.
    pub id: PoolId,
}

/// A pool that a request names by its id or its name.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "each member is named after its value")]
pub struct PoolReference {
    pub id: Option<String>,
    pub name: Option<String>,
    pub r#type: Option<PoolType>,
}

/// A pool as responses show it.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the members are those of Pool")]
pub struct ShownPool<'a> {
    pub id: PoolId,
    pub r#type: PoolType,
    pub name: &'a str,
    pub node_family: NodeFamily,
    pub node_size: NodeSize,
    pub auto_scale: AutoScale,
    pub dynamic_executor_allocation: DynamicExecutors,
}

impl<'a> ShownPool<'a> {
    /// Returns the starter pool of a workspace (seen).
    pub fn starter(starter: StarterPool) -> Self {
        let StarterPool { max_node_count, max_executors } = starter;
        Self {
            id: STARTER_POOL_ID,
            r#type: PoolType::Workspace,
            name: STARTER_POOL,
            node_family: NodeFamily::MemoryOptimized,
            node_size: NodeSize::Medium,
            auto_scale: AutoScale { enabled: true, min_node_count: 1, max_node_count },
            dynamic_executor_allocation: DynamicExecutors { enabled: true, min_executors: 1, max_executors },
        }
    }

    /// Returns a custom pool.
    pub fn custom(r#type: PoolType, pool: &'a Pool) -> Self {
        let PoolConfiguration { name, node_family, node_size, auto_scale, dynamic_executor_allocation } =
            &pool.configuration;
        Self {
            id: pool.id,
            r#type,
            name,
            node_family: *node_family,
            node_size: *node_size,
            auto_scale: *auto_scale,
            dynamic_executor_allocation: *dynamic_executor_allocation,
        }
    }
}

impl Pools {
    /// Returns the custom pools after a position, in order of creation.
    pub fn after(&self, position: Option<Position>) -> impl Iterator<Item = (Position, &Pool)> {
        let pools = self.custom.iter().map(|pool| (pool.number, pool));
        pools.filter(move |(number, _)| position.is_none_or(|after| *number > after))
    }

    /// Returns a custom pool.
    pub fn get(&self, id: PoolId) -> Result<&Pool, FabricError> {
        let found = self.custom.iter().find(|pool| pool.id == id);
        found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("CustomPool", id))
    }

    fn named(&self, name: &str) -> Option<&Pool> {
        let name = Folded::new(name);
        self.custom.iter().find(|pool| Folded::new(&pool.configuration.name) == name)
    }

    /// Adds a pool. `seed` is that of the owner.
    pub fn add(&mut self, seed: Seed, configuration: PoolConfiguration) -> Result<PoolId, FabricError> {
        configuration.check()?;
        if self.named(&configuration.name).is_some() {
            return Err(name_in_use());
        }
        if self.custom.len() >= POOLS_MAX {
            return Err(FabricError::invalid_input(format!("There are at most {POOLS_MAX} custom pools.")));
        }
        self.created += 1;
        let id = PoolId::nth(seed, self.created);
        self.custom.push(Pool { id, number: self.created, configuration });
        Ok(id)
    }

    /// Updates a pool.
    pub fn update(&mut self, id: PoolId, update: PoolUpdate) -> Result<(), FabricError> {
        let mut configuration = self.get(id)?.configuration.clone();
        let PoolUpdate { name, node_family, node_size, auto_scale, dynamic_executor_allocation } = update;
        configuration.name = name.unwrap_or(configuration.name);
        configuration.node_family = node_family.unwrap_or(configuration.node_family);
        configuration.node_size = node_size.unwrap_or(configuration.node_size);
        configuration.auto_scale = auto_scale.unwrap_or(configuration.auto_scale);
        configuration.dynamic_executor_allocation =
            dynamic_executor_allocation.unwrap_or(configuration.dynamic_executor_allocation);
        configuration.check()?;
        if self.named(&configuration.name).is_some_and(|other| other.id != id) {
            return Err(name_in_use());
        }
        let pool = self.custom.iter_mut().find(|pool| pool.id == id);
        pool.into_iter().for_each(|pool| pool.configuration = configuration.clone());
        Ok(())
    }

    /// Removes a pool.
    pub fn remove(&mut self, id: PoolId) -> Result<(), FabricError> {
        self.get(id)?;
        self.custom.retain(|pool| pool.id != id);
        Ok(())
    }
}

fn name_in_use() -> FabricError {
    FabricError::new(ErrorCode::EntityConflict).message("The name of the custom pool is already in use.")
}

impl PoolConfiguration {
    /// Rejects a name that is not valid (documented), and numbers of nodes or executors that cannot be.
    fn check(&self) -> Result<(), FabricError> {
        let name = &self.name;
        let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
        let length = name.chars().count();
        if length == 0 || length > POOL_NAME_MAX || !name.chars().all(is_allowed) || name.trim().is_empty() {
            return Err(FabricError::invalid_input(format!(
                "The name of a custom pool has 1 to {POOL_NAME_MAX} letters, numbers, dashes, underscores and spaces."
            )));
        }
        if Folded::new(name) == Folded::new(STARTER_POOL) {
            return Err(FabricError::invalid_input(format!("The name {STARTER_POOL:?} is reserved.")));
        }
        check_range("NodeCount", self.auto_scale.min_node_count, self.auto_scale.max_node_count)?;
        self.dynamic_executor_allocation.check(self.auto_scale.max_node_count)
    }
}

impl DynamicExecutors {
    /// Rejects numbers of executors that a pool with this maximum number of nodes cannot have: one node runs the driver,
    /// except in a pool of one node (documented). A disabled range is not checked.
    pub fn check(&self, nodes_max: u32) -> Result<(), FabricError> {
        if !self.enabled {
            return Ok(());
        }
        check_range("Executors", self.min_executors, self.max_executors)?;
        check_executors(self.max_executors, nodes_max)
    }
}

/// Rejects more executors than a pool with this maximum number of nodes can run.
pub(super) fn check_executors(executors: u32, nodes_max: u32) -> Result<(), FabricError> {
    if executors > nodes_max.saturating_sub(1).max(1) {
        return Err(FabricError::invalid_input("The field MaxExecutors must be lower than MaxNodeCount."));
    }
    Ok(())
}

fn check_range(field: &str, min: u32, max: u32) -> Result<(), FabricError> {
    if min == 0 || max < min {
        return Err(FabricError::invalid_input(format!(
            "The field Min{field} must be at least 1 and at most Max{field}."
        )));
    }
    Ok(())
}

/// Returns the pools of a workspace after a position: the starter pool, then the custom pools.
pub fn list(workspace: &Workspace, after: Option<Position>) -> impl Iterator<Item = (Position, ShownPool<'_>)> {
    let Spark { settings, pools } = workspace.spark();
    let starter = after.is_none().then(|| (0, ShownPool::starter(settings.starter_pool)));
    starter.into_iter().chain(pools.after(after).map(|(at, pool)| (at, ShownPool::custom(PoolType::Workspace, pool))))
}

/// Returns a pool of a workspace.
pub fn get(workspace: &Workspace, id: PoolId) -> Result<ShownPool<'_>, FabricError> {
    let Spark { settings, pools } = workspace.spark();
    if id == STARTER_POOL_ID {
        return Ok(ShownPool::starter(settings.starter_pool));
    }
    pools.get(id).map(|pool| ShownPool::custom(PoolType::Workspace, pool))
}

/// Creates a custom pool of a workspace.
pub fn create(state: &State, workspace: &Workspace, configuration: PoolConfiguration) -> Decision<PoolId> {
    let seed = state.seed().fork(workspace.id.to_ascii());
    change(workspace, |pools| pools.add(seed, configuration))
}

/// Updates a custom pool of a workspace.
pub fn update(workspace: &Workspace, id: PoolId, update: PoolUpdate) -> Decision<()> {
    change(workspace, |pools| pools.update(id, update))
}

/// Deletes a custom pool of a workspace. Settings and environments that use it then use the starter pool (guessed).
pub fn delete(workspace: &Workspace, id: PoolId) -> Decision<()> {
    change(workspace, |pools| pools.remove(id))
}

fn change<T>(workspace: &Workspace, change: impl FnOnce(&mut Pools) -> Result<T, FabricError>) -> Decision<T> {
    let mut spark = workspace.spark().clone();
    let changed = change(&mut spark.pools)?;
    Ok((vec![Fact::SparkChanged { workspace: workspace.id, spark: Box::new(spark) }], changed))
}

/// Returns the pool to which a reference leads; `None` for the starter pool. The id takes precedence over the name.
pub fn resolve(
    state: &State,
    workspace: &Workspace,
    reference: &PoolReference,
) -> Result<Option<PoolKey>, FabricError> {
    let unknown = || FabricError::invalid_input("The pool is neither the starter pool nor an existing custom pool.");
    let r#type = reference.r#type.unwrap_or(PoolType::Workspace);
    let pools = pools(state, workspace, r#type);
    if let Some(id) = &reference.id {
        let id: PoolId = id.parse().map_err(|_| unknown())?;
        if id == STARTER_POOL_ID {
            return Ok(None);
        }
        let owners = reference.r#type.map_or([PoolType::Workspace, PoolType::Capacity], |owner| [owner, owner]);
        let key = owners.into_iter().map(|r#type| PoolKey { r#type, id });
        return key.into_iter().find(|key| find(state, workspace, *key).is_some()).map(Some).ok_or_else(unknown);
    }
    let name = reference.name.as_deref().ok_or_else(unknown)?;
    if r#type == PoolType::Workspace && Folded::new(name) == Folded::new(STARTER_POOL) {
        return Ok(None);
    }
    let pool = pools.and_then(|pools| pools.named(name)).ok_or_else(unknown)?;
    Ok(Some(PoolKey { r#type, id: pool.id }))
}

fn pools<'a>(state: &'a State, workspace: &'a Workspace, r#type: PoolType) -> Option<&'a Pools> {
    match r#type {
        PoolType::Workspace => Some(&workspace.spark().pools),
        PoolType::Capacity => workspace.capacity.map(|id| &state.capacity_configuration(id).pools),
    }
}

fn find<'a>(state: &'a State, workspace: &'a Workspace, key: PoolKey) -> Option<ShownPool<'a>> {
    let pool = pools(state, workspace, key.r#type)?.get(key.id).ok()?;
    Some(ShownPool::custom(key.r#type, pool))
}

/// Returns the pool to which a key leads: the starter pool for `None`, and for a pool that was deleted.
pub fn shown<'a>(state: &'a State, workspace: &'a Workspace, key: Option<PoolKey>) -> ShownPool<'a> {
    let custom = key.and_then(|key| find(state, workspace, key));
    custom.unwrap_or_else(|| ShownPool::starter(workspace.spark().settings.starter_pool))
}
