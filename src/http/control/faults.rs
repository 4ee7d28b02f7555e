//! `faults`: rules that change the answers to chosen requests.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{Method, Response, StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlRequest, refuse, stamped};
use crate::fabric::FabricError;
use crate::fabric::control::ControlCommand;
use crate::fabric::fault::{self, Counter, Fault, FaultRule};
use crate::http::answer::{self, Headers, utc};
use crate::http::api::Api;
use crate::http::exchange::Traits;
use crate::http::fabric_api;
use crate::http::operation_ids::operation_ids;
use crate::ids::{FaultId, PrincipalId};
use crate::in_flight::SMALL_MAX;
use crate::journal::{Filter, Shown};
use crate::tenant::Tenant;

/// Adds a rule.
pub(super) async fn add(request: ControlRequest) -> Response<Body> {
    if request.every_tenant {
        return refuse(&request.tenant, &super::one_tenant_only());
    }
    let tenant = &request.tenant;
    let now = tenant.clock().now();
    let added = rule(&request).and_then(|rule| tenant.change_fault(now, |state| fault::add(state, rule)));
    match added {
        Ok((fault, counter)) => {
            let body = shown(&fault, counter, now);
            stamped(tenant, answer::respond(StatusCode::CREATED, Headers::Core, answer::to_json(&body)))
        }
        Err(refusal) => refuse(tenant, &refusal),
    }
}

/// Returns all rules, oldest first.
pub(super) async fn list(request: ControlRequest) -> Response<Body> {
    request.answer(|request| Ok(all(&request.tenant)))
}

/// Returns a rule.
pub(super) async fn show(Path(id): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| one(&request.tenant, parse(&id)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchFault {
    enabled: bool,
}

/// Enables or disables a rule.
pub(super) async fn switch(Path(id): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let id = parse(&id)?;
        let SwitchFault { enabled } = request.json()?;
        let tenant = &request.tenant;
        let now = tenant.clock().now();
        let (fault, counter) = tenant.change_fault(now, |state| {
            let (facts, ()) = fault::switch(state, id, enabled)?;
            Ok((facts, id))
        })?;
        Ok(shown(&fault, counter, now))
    })
}

/// Deletes a rule.
pub(super) async fn delete(Path(id): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        request.tenant.control(ControlCommand::DeleteFault(parse(&id)?))?;
        Ok(json!({}))
    })
}

/// Deletes all rules.
pub(super) async fn delete_all(request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        request.tenant.control(ControlCommand::DeleteFaults)?;
        Ok(json!({}))
    })
}

/// Returns the exchanges of the journal that a rule would have struck. Nothing changes.
pub(super) async fn dry_run(request: ControlRequest) -> Response<Body> {
    let size = request.body.bytes.len();
    let emulator = Arc::clone(&request.emulator);
    // The journal can be large, so the work runs outside the workers of the runtime.
    emulator.in_flight().work(size.max(SMALL_MAX + 1), move || request.answer(try_rule)).await
}

fn try_rule(request: &ControlRequest) -> Result<Value, FabricError> {
    let (rule, tenant) = (rule(request)?, &request.tenant);
    let fault = Fault { id: tenant.read(|state| state.next_fault()), rule: Arc::new(rule), enabled: true };
    let begins_operation = fault.rule.effect.operation.is_some();
    let entries = tenant.exchanges(&Filter::default());
    let lines = entries.iter().filter_map(|entry| serde_json::from_str(&entry.line(Shown::ALL)).ok());
    let past: Vec<PastRequest> = lines.map(|line| PastRequest::new(tenant, line)).collect();
    let requests: Vec<_> = entries.iter().zip(&past).map(|(entry, past)| (entry.time(), past.request())).collect();
    let (Counter { matched, .. }, struck) = tenant.try_fault(&fault, &requests);
    let struck: Vec<&Value> = past
        .iter()
        .zip(struck)
        .filter(|(past, is_struck)| *is_struck && (!begins_operation || past.began_operation()))
        .map(|(past, _)| &past.line)
        .collect();
    Ok(json!({"matched": matched, "struck": struck.len(), "value": struck}))
}

/// A request in the journal.
struct PastRequest {
    line: Value,
    method: Method,
    uri: Uri,
    body: Vec<u8>,
    principals: Vec<String>,
}

impl PastRequest {
    fn new(tenant: &Tenant, line: Value) -> Self {
        let text = |name: &str| line[name].as_str().unwrap_or_default();
        let principal = text("principal");
        let app = principal.parse::<PrincipalId>().ok().and_then(|id| {
            tenant.read(|state| state.directory().get(&id).and_then(|entry| entry.app_id().map(str::to_owned)))
        });
        Self {
            method: text("method").parse().unwrap_or_default(),
            uri: text("path").parse().unwrap_or_default(),
            body: answer::to_json(&line["request"]),
            principals: (!principal.is_empty()).then(|| principal.to_owned()).into_iter().chain(app).collect(),
            line,
        }
    }

    fn request(&self) -> fault::FaultRequest<'_> {
        let found = Api::of_recorded(self.uri.path()).find(&self.method, &self.uri).ok();
        let operation = self.line["operation"].as_str();
        let traits = fabric_api::traits(found, self.uri.path());
        let is_read = traits.is_read && traits.operation == operation;
        let principals = self.principals.clone();
        Traits { operation, principals, is_read, ..traits }.request(self.method.as_str(), &self.uri, &self.body)
    }

    fn began_operation(&self) -> bool {
        self.line["status"] == 202 && self.line["headers"].get("x-ms-operation-id").is_some()
    }
}

fn rule(request: &ControlRequest) -> Result<FaultRule, FabricError> {
    let rule = FaultRule::parse(request.json::<Map<String, Value>>()?)?;
    operation_ids().check(&rule)?;
    Ok(rule)
}

fn parse(id: &str) -> Result<FaultId, FabricError> {
    id.parse().map_err(|_| fault::missing(id))
}

fn one(tenant: &Tenant, id: FaultId) -> Result<Value, FabricError> {
    let found = tenant.faults().into_iter().find(|(fault, _)| fault.id == id);
    found
        .map(|(fault, counter)| shown(&fault, counter, tenant.clock().now()))
        .ok_or_else(|| fault::missing(&id.to_string()))
}

fn all(tenant: &Tenant) -> Value {
    let (faults, now) = (tenant.faults(), tenant.clock().now());
    json!({"value": faults.iter().map(|(fault, counter)| shown(fault, *counter, now)).collect::<Vec<_>>()})
}

/// Returns a rule as it was given, with its id and its counters, as of the instant `now`.
pub(super) fn shown(fault: &Fault, counter: Counter, now: Timestamp) -> Value {
    let Fault { id, rule, enabled } = fault;
    let exhausted = counter.is_exhausted(&rule.when, now);
    let counts = [
        ("enabled", json!(enabled)),
        ("matched", json!(counter.matched)),
        ("struck", json!(counter.struck)),
        ("lastStruck", json!(counter.last_struck.map(utc))),
        ("exhausted", json!(exhausted)),
    ];
    let counts = counts.map(|(name, value)| (name.to_owned(), value));
    let id = ("id".to_owned(), json!(id));
    std::iter::once(id).chain(rule.given().clone()).chain(counts).collect::<Map<String, Value>>().into()
}
