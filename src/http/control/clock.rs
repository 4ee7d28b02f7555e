//! `clock` and `clock/advance`: the tenant's time, and waiting for what comes with it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Call;
use crate::clock::{ClockError, Mode, Reading, Setting};
use crate::fabric::mirroring::MirroringStatus;
use crate::fabric::planned::{self, Planned};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::utc;
use crate::ids::ItemId;
use crate::tenant::Tenant;

/// How long a call waits with a real clock, at most, in seconds.
const PATIENCE_MAX: f64 = 600.0;
/// How long `until` waits unless told, in seconds.
const PATIENCE: f64 = 30.0;
/// Changes that an answer lists at most.
const CHANGES_MAX: usize = 1_000;

pub(super) async fn show(call: Call) -> Response<Body> {
    call.answer_each(|call| Ok(body(call.tenant.clock().reading())))
}

fn body(reading: Reading) -> Value {
    let Reading { mode, rate, step, now } = reading;
    json!({"mode": mode, "rate": rate, "step": step, "now": utc(now)})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetClock {
    mode: Option<Mode>,
    rate: Option<f64>,
    step: Option<f64>,
    now: Option<Timestamp>,
}

pub(super) async fn set(call: Call) -> Response<Body> {
    if let Err(refusal) = check_future(&call) {
        return super::reply(&call.tenant, Err(refusal));
    }
    call.answer_each(|call| {
        let SetClock { mode, rate, step, now } = call.json()?;
        call.tenant.clock().set(Setting { mode, rate, step, now }).map(body).map_err(|why| clock_refusal(&why))
    })
}

/// Rejects an instant that is past for one of several tenants, before any of their clocks is set.
fn check_future(call: &Call) -> Result<(), FabricError> {
    let SetClock { now, .. } = call.json()?;
    let is_past = |tenant: &Arc<Tenant>| now.is_some_and(|now| now < tenant.clock().now());
    match call.tenants().iter().find(|tenant| call.every_tenant && is_past(tenant)) {
        Some(tenant) => {
            Err(FabricError::invalid_input(format!("now is before the present of the tenant {}.", tenant.id())))
        }
        None => Ok(()),
    }
}

fn clock_refusal(why: &ClockError) -> FabricError {
    FabricError::invalid_input(format!("{why}."))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    seconds: Option<f64>,
    to: Option<To>,
    until: Option<Until>,
    timeout_seconds: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum To {
    NextChange,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Until {
    mirrored_database: ItemId,
    status: MirroringStatus,
}

/// What became of a wait.
#[derive(Serialize)]
struct Advanced {
    now: String,
    changes: Vec<Planned>,
}

pub(super) async fn advance(call: Call) -> Response<Body> {
    let told = if call.every_tenant { advance_all(&call).await } else { advance_one(&call).await };
    super::reply(&call.tenant, told)
}

/// Advances the clocks of all tenants by as many seconds.
async fn advance_all(call: &Call) -> Result<Value, FabricError> {
    let Advance { seconds: Some(seconds), to: None, until: None, timeout_seconds: None } = call.json()? else {
        return Err(FabricError::invalid_input("tenant=* needs seconds, and nothing else."));
    };
    let tenants = call.tenants();
    let after = |tenant: &Arc<Tenant>| tenant.clock().after(seconds).map_err(|why| clock_refusal(&why));
    let wanted = tenants.iter().map(after).collect::<Result<Vec<Timestamp>, FabricError>>()?;
    let mut value = Vec::new();
    for (tenant, at) in tenants.iter().zip(wanted) {
        reach(tenant, at, PATIENCE_MAX).await?;
        value.push(json!({"tenant": tenant.id(), "now": utc(tenant.clock().now())}));
    }
    Ok(json!({"value": value}))
}

async fn advance_one(call: &Call) -> Result<Value, FabricError> {
    let tenant = &*call.tenant;
    let Advance { seconds, to, until, timeout_seconds } = call.json()?;
    let patience = timeout_seconds.unwrap_or(if until.is_some() { PATIENCE } else { PATIENCE_MAX });
    let longest = if tenant.clock().stands_still() { f64::MAX } else { PATIENCE_MAX };
    if !(0.0..=longest).contains(&patience) {
        return Err(FabricError::invalid_input(format!(
            "timeoutSeconds is {patience}: from 0 to {PATIENCE_MAX} was expected."
        )));
    }
    let before = tenant.clock().now();
    let known = tenant.read(|state| planned::after(state, before));
    match (seconds, to, until) {
        (Some(seconds), None, None) => {
            let wanted = tenant.clock().after(seconds).map_err(|why| clock_refusal(&why))?;
            reach(tenant, wanted, patience).await?;
        }
        (None, Some(To::NextChange), None) => {
            let window = tenant.next_window_end(before);
            if let Some(next) = known.first().map(|change| change.at).into_iter().chain(window).min() {
                reach(tenant, next, patience).await?;
            }
        }
        (None, None, Some(until)) => wait_until(tenant, &until, patience).await?,
        _ => return Err(FabricError::invalid_input("One of seconds, to and until was expected.")),
    }
    let now = tenant.clock().now();
    let changes = known.into_iter().take_while(|change| change.at <= now).take(CHANGES_MAX).collect();
    Ok(json!(Advanced { now: utc(now), changes }))
}

async fn reach(tenant: &Tenant, at: Timestamp, patience: f64) -> Result<(), FabricError> {
    if tenant.clock().reach(at, Duration::from_secs_f64(patience.min(PATIENCE_MAX))).await {
        Ok(())
    } else {
        Err(late())
    }
}

fn late() -> FabricError {
    ErrorCode::OperationFailedOnTimeout.into()
}

/// Goes on until a mirrored database has a status. A clock that stands still is moved to the change, or by all of `patience`.
async fn wait_until(tenant: &Tenant, until: &Until, patience: f64) -> Result<(), FabricError> {
    let clock = tenant.clock();
    let deadline = clock.after(patience).map_err(|why| clock_refusal(&why))?;
    let mut left = Duration::from_secs_f64(patience.min(PATIENCE_MAX));
    loop {
        let now = clock.now();
        let (status, comes) = tenant.read(|state| look(state, until, now))?;
        if status == until.status {
            return Ok(());
        }
        if clock.stands_still() {
            let comes = comes.filter(|at| *at <= deadline);
            clock.advance_to(comes.unwrap_or(deadline));
            return comes.map(|_| ()).ok_or_else(late);
        }
        if left.is_zero() {
            return Err(late());
        }
        // Whatever wakes it, or fails to: it looks again within a second, and once more at the end.
        let slice = left.min(Duration::from_secs(1));
        left -= slice - clock.wait(comes, slice).await.min(slice);
    }
}

/// The status of a mirrored database, and when the wanted one comes by itself.
fn look(state: &State, until: &Until, now: Timestamp) -> Result<(MirroringStatus, Option<Timestamp>), FabricError> {
    let id = until.mirrored_database;
    let (_, item) = state.find_item(id).ok_or_else(|| FabricError::no_item(id))?;
    let phase = item.mirroring()?.phase_at(now);
    let comes = phase.gives_way.filter(|(_, status)| *status == until.status).map(|(at, _)| at);
    Ok((phase.status, comes))
}
