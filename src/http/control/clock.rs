//! `clock` and `clock/advance`: the tenant's clock, and waiting for a status.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlRequest;
use crate::clock::{self, ClockChange, ClockError, ClockState, Mode};
use crate::fabric::mirroring::MirroringStatus;
use crate::fabric::upcoming::{NextChange, UpcomingChange};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::utc;
use crate::ids::ItemId;
use crate::notify::Closing;
use crate::tenant::Tenant;

/// The maximum timeout of a call while the clock is running, in seconds.
const TIMEOUT_MAX: f64 = 600.0;
/// The default timeout of `until`, in seconds.
const UNTIL_TIMEOUT: f64 = 30.0;
/// The maximum number of changes in a response.
const CHANGES_MAX: usize = 1_000;

pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    request.answer_each(|request| Ok(body(&request.tenant)))
}

/// Returns the settings of the tenant's clock, the instants that it and the machine's clock show, and the next change.
fn body(tenant: &Tenant) -> Value {
    let clock = tenant.clock().state();
    shown(clock, tenant.read_upcoming(|upcoming| upcoming.next_change(clock.now)).as_ref())
}

/// Returns the settings of a clock, the instant that it shows, that of the machine's clock, and the next change.
pub(super) fn shown(clock: ClockState, next: Option<&NextChange>) -> Value {
    let ClockState { mode, rate, step, paused, now } = clock;
    let machine_now = utc(clock::machine_time());
    json!({
        "mode": mode, "rate": rate, "step": step, "paused": paused, "now": utc(now), "machineNow": machine_now,
        "nextChange": next,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetClock {
    mode: Option<Mode>,
    rate: Option<f64>,
    step: Option<f64>,
    paused: Option<bool>,
    now: Option<Timestamp>,
}

pub(super) async fn set(request: ControlRequest) -> Response<Body> {
    if let Err(refusal) = check_future(&request) {
        return super::reply(&request.tenant, Err(refusal));
    }
    request.answer_each(|request| {
        let SetClock { mode, rate, step, paused, now } = request.json()?;
        let change = ClockChange { mode, rate, step, paused, now };
        request.tenant.clock().set(change).map_err(|why| clock_refusal(&why))?;
        request.tenant.announce();
        Ok(body(&request.tenant))
    })
}

/// If the request is for all tenants, rejects an instant that is in the past of one of them. The check comes before the
/// first clock is set, so that either all clocks are set or none.
fn check_future(request: &ControlRequest) -> Result<(), FabricError> {
    let SetClock { now, .. } = request.json()?;
    let is_past = |tenant: &Arc<Tenant>| now.is_some_and(|now| now < tenant.clock().now());
    match request.tenants().iter().find(|tenant| request.every_tenant && is_past(tenant)) {
        Some(tenant) => {
            Err(FabricError::invalid_input(format!("now is before the present of the tenant {}.", tenant.id())))
        }
        None => Ok(()),
    }
}

fn clock_refusal(why: &ClockError) -> FabricError {
    if let ClockError::NotStored(why) = why {
        return FabricError::new(ErrorCode::StateNotStored).message(why.clone());
    }
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

pub(super) async fn advance(request: ControlRequest) -> Response<Body> {
    let result = if request.every_tenant { advance_all(&request).await } else { advance_one(&request).await };
    super::reply(&request.tenant, result)
}

/// Advances the clocks of all tenants by the same number of seconds.
async fn advance_all(request: &ControlRequest) -> Result<Value, FabricError> {
    let Advance { seconds: Some(seconds), to: None, until: None, timeout_seconds: None } = request.json()? else {
        return Err(FabricError::invalid_input("tenant=* needs seconds, and nothing else."));
    };
    let tenants = request.tenants();
    let after = |tenant: &Arc<Tenant>| tenant.clock().after(seconds).map_err(|why| clock_refusal(&why));
    let wanted = tenants.iter().map(after).collect::<Result<Vec<Timestamp>, FabricError>>()?;
    let mut value = Vec::new();
    for (tenant, at) in tenants.iter().zip(wanted) {
        reach(tenant, at, TIMEOUT_MAX, &request.closing).await?;
        tenant.announce();
        let mut shown = body(tenant);
        shown["tenant"] = json!(tenant.id());
        value.push(shown);
    }
    Ok(json!({"value": value}))
}

async fn advance_one(request: &ControlRequest) -> Result<Value, FabricError> {
    let tenant = &*request.tenant;
    let Advance { seconds, to, until, timeout_seconds } = request.json()?;
    let timeout = timeout_seconds.unwrap_or(if until.is_some() { UNTIL_TIMEOUT } else { TIMEOUT_MAX });
    let longest = if tenant.clock().stands_still() { f64::MAX } else { TIMEOUT_MAX };
    if !(0.0..=longest).contains(&timeout) {
        return Err(FabricError::invalid_input(format!(
            "timeoutSeconds is {timeout}: from 0 to {TIMEOUT_MAX} was expected."
        )));
    }
    let before = tenant.clock().now();
    let known = match (seconds, &to, &until) {
        (Some(seconds), None, None) => {
            let wanted = tenant.clock().after(seconds).map_err(|why| clock_refusal(&why))?;
            let known = changes(tenant, before, wanted);
            reach(tenant, wanted, timeout, &request.closing).await?;
            known
        }
        (None, Some(To::NextChange), None) => {
            let next = tenant.read_upcoming(|upcoming| upcoming.after(before).next()).map(|change| change.at);
            let window = tenant.next_window_end(before);
            match next.into_iter().chain(window).min() {
                Some(next) => {
                    let known = changes(tenant, before, next);
                    reach(tenant, next, timeout, &request.closing).await?;
                    known
                }
                None => Vec::new(),
            }
        }
        (None, None, Some(until)) => {
            let deadline = tenant.clock().after(timeout).map_err(|why| clock_refusal(&why))?;
            let known = changes(tenant, before, deadline);
            wait_until(tenant, until, timeout, &request.closing).await?;
            known
        }
        _ => return Err(FabricError::invalid_input("One of seconds, to and until was expected.")),
    };
    tenant.announce();
    let now = tenant.clock().now();
    let changes: Vec<UpcomingChange> = known.into_iter().take_while(|change| change.at <= now).collect();
    let mut shown = body(tenant);
    shown["now"] = utc(now).into();
    shown["changes"] = json!(changes);
    Ok(shown)
}

/// Returns the first changes after `before` that the answer can contain if the clock is moved to `until`. A running
/// clock can show a later instant than `until` at the end.
fn changes(tenant: &Tenant, before: Timestamp, until: Timestamp) -> Vec<UpcomingChange> {
    let until = if tenant.clock().stands_still() { until } else { Timestamp::MAX };
    tenant.read_upcoming(|upcoming| {
        upcoming.after(before).take_while(|change| change.at <= until).take(CHANGES_MAX).collect()
    })
}

/// Returns a timeout as a duration of the machine's time, at most [`TIMEOUT_MAX`].
fn machine_time(timeout: f64) -> Duration {
    Duration::from_secs_f64(timeout.min(TIMEOUT_MAX))
}

/// Moves a clock that stands still to an instant, or waits until a running clock shows the instant.
async fn reach(tenant: &Tenant, at: Timestamp, timeout: f64, closing: &Closing) -> Result<(), FabricError> {
    tokio::select! {
        reached = tenant.clock().reach(at, machine_time(timeout)) => {
            if reached.map_err(|why| clock_refusal(&why))? {
                Ok(())
            } else {
                Err(timed_out(timeout, &format!("the clock to show {}", utc(at))))
            }
        }
        () = closing.closed() => Err(ErrorCode::ServerClosing.into()),
    }
}

fn timed_out(timeout: f64, awaited: &str) -> FabricError {
    let message = format!("Timed out after {timeout} s waiting for {awaited}.");
    FabricError::new(ErrorCode::OperationFailedOnTimeout).message(message)
}

/// Waits until a mirrored database has the wanted status. A clock that stands still is moved instead: to the instant at
/// which the status changes, or by the whole timeout if the change comes later.
async fn wait_until(tenant: &Tenant, until: &Until, timeout: f64, closing: &Closing) -> Result<(), FabricError> {
    let clock = tenant.clock();
    let deadline = clock.after(timeout).map_err(|why| clock_refusal(&why))?;
    let late = || timed_out(timeout, &format!("status {}", until.status.as_str()));
    let mut version = tenant.subscribe();
    let mut expired = std::pin::pin!(clock::sleep(machine_time(timeout)));
    let mut is_last_look = false;
    loop {
        // The version is marked as seen before the state is read. A change after the read then ends the wait below at
        // once.
        version.borrow_and_update();
        let now = clock.now();
        let (status, comes_at) = tenant.read(|state| look(state, until, now))?;
        if status == until.status {
            return Ok(());
        }
        if clock.stands_still() {
            let comes_at = comes_at.filter(|at| *at <= deadline);
            clock.advance_to(comes_at.unwrap_or(deadline)).map_err(|why| clock_refusal(&why))?;
            return comes_at.map(|_| ()).ok_or_else(late);
        }
        if is_last_look {
            return Err(late());
        }
        tokio::select! {
            () = clock.pass_until(comes_at.unwrap_or(Timestamp::MAX)) => {}
            _ = version.changed() => {}
            () = &mut expired => is_last_look = true,
            () = closing.closed() => return Err(ErrorCode::ServerClosing.into()),
        }
    }
}

/// Returns the status of a mirrored database, and the instant at which time alone changes it to the wanted status.
fn look(state: &State, until: &Until, now: Timestamp) -> Result<(MirroringStatus, Option<Timestamp>), FabricError> {
    let id = until.mirrored_database;
    let (within, item) = state.find_item(id).ok_or_else(|| FabricError::no_item(id))?;
    let phase = state.replication(within.id, item)?.phase_at(now);
    let comes_at = phase.gives_way.filter(|(_, status)| *status == until.status).map(|(at, _)| at);
    Ok((phase.status, comes_at))
}
