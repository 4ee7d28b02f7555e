//! Capacities: list, get, and their configuration.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fabric::spark::capacity::{
    self, CapacityConfiguration, CapacitySparkUpdate, ConfigurationUpdate, OverageUpdate, SurgeProtectionUpdate,
};
use crate::fabric::spark::pool::{PoolType, PoolUpdate, ShownPool};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::capacities::CapacityBody;
use crate::http::wire::spark::{CreatePoolBody, PoolBody};
use crate::ids::{CapacityId, PoolId};

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let visible = (1..).zip(state.capacities()).filter(|(_, it)| it.is_visible_to(context.caller.id));
        let after = visible.skip_while(|(position, _)| Some(*position) <= page.after);
        Ok(Answer::ok(&context.list(page.cut(after).map(CapacityBody::from))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(&CapacityBody::from(state.capacity(visible(context, state)?)?))))
}

/// Rejects callers that cannot see the capacity, and returns its id. The emulator has no administrators of capacities:
/// everybody who sees a capacity may change its configuration.
fn visible(context: &Context<'_>, state: &State) -> Result<CapacityId, FabricError> {
    let id = context.id("capacityId")?;
    let capacity = state.capacity(id)?;
    if capacity.is_visible_to(context.caller.id) {
        return Ok(id);
    }
    Err(FabricError::new(ErrorCode::CapacityNotFound).about("Capacity", id))
}

/// Shows a part of the configuration of a capacity.
fn show<T: Serialize>(context: &Context<'_>, part: fn(&CapacityConfiguration) -> &T) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(part(state.capacity_configuration(visible(context, state)?)))))
}

/// Updates a part of the configuration of a capacity, and shows it.
fn change<U: ConfigurationUpdate + DeserializeOwned, T: Serialize>(
    context: &Context<'_>,
    part: fn(&CapacityConfiguration) -> &T,
) -> HandlerResult {
    let update: U = context.json()?;
    context.commit(|state, _| capacity::update(state, visible(context, state)?, update))?;
    show(context, part)
}

pub(super) fn overage(context: &Context<'_>) -> HandlerResult {
    show(context, |configuration| &configuration.overage)
}

pub(super) fn update_overage(context: &Context<'_>) -> HandlerResult {
    change::<OverageUpdate, _>(context, |configuration| &configuration.overage)
}

pub(super) fn surge_protection(context: &Context<'_>) -> HandlerResult {
    show(context, |configuration| &configuration.surge_protection)
}

pub(super) fn update_surge_protection(context: &Context<'_>) -> HandlerResult {
    change::<SurgeProtectionUpdate, _>(context, |configuration| &configuration.surge_protection)
}

pub(super) fn spark_settings(context: &Context<'_>) -> HandlerResult {
    show(context, |configuration| &configuration.spark)
}

pub(super) fn update_spark_settings(context: &Context<'_>) -> HandlerResult {
    change::<CapacitySparkUpdate, _>(context, |configuration| &configuration.spark)
}

pub(super) fn pools(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let pools = &state.capacity_configuration(visible(context, state)?).pools;
        let page = context.page(state)?;
        let body = |pool| PoolBody::from(ShownPool::custom(PoolType::Capacity, pool));
        Ok(Answer::indented(&context.list(page.cut(pools.after(page.after)).map(body))))
    })
}

fn shown_pool(context: &Context<'_>, state: &State, id: PoolId, answer: fn(&PoolBody<'_>) -> Answer) -> HandlerResult {
    let pool = state.capacity_configuration(visible(context, state)?).pools.get(id)?;
    Ok(answer(&ShownPool::custom(PoolType::Capacity, pool).into()))
}

pub(super) fn pool(context: &Context<'_>) -> HandlerResult {
    let id = context.id("poolId")?;
    context.read(|state| shown_pool(context, state, id, |body| Answer::indented(body)))
}

pub(super) fn create_pool(context: &Context<'_>) -> HandlerResult {
    let new = context.json::<CreatePoolBody>()?.try_into()?;
    context.commit_then(
        |state, _| capacity::create_pool(state, visible(context, state)?, new),
        |state, id| shown_pool(context, state, id, |body| Answer::created_indented(body)),
    )?
}

pub(super) fn update_pool(context: &Context<'_>) -> HandlerResult {
    let id = context.id("poolId")?;
    let update: PoolUpdate = context.json()?;
    context.commit_then(
        |state, _| capacity::update_pool(state, visible(context, state)?, id, update),
        |state, ()| shown_pool(context, state, id, |body| Answer::indented(body)),
    )?
}

pub(super) fn delete_pool(context: &Context<'_>) -> HandlerResult {
    let id = context.id("poolId")?;
    context.commit(|state, _| capacity::delete_pool(state, visible(context, state)?, id))?;
    Ok(Answer::empty())
}
