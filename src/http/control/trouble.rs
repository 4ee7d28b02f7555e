//! `trouble`: trouble in items, tables and sources, and its named causes.

use axum::body::Body;
use axum::extract::Path;
use axum::http::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ControlRequest;
use crate::fabric::mirroring::causes::{CAUSES, Cause};
use crate::fabric::mirroring::trouble::{End, TroubleKind};
use crate::fabric::mirroring::trouble_request::NewTrouble;
use crate::fabric::trouble;
use crate::fabric::trouble_view::{TroubleView, Views};
use crate::http::answer::utc;
use crate::ids::{ItemId, SourceId};

/// Plans a trouble.
pub(super) async fn add(request: ControlRequest) -> Response<Body> {
    request.answer_created(|request| {
        let new: NewTrouble = request.json()?;
        let now = request.tenant.clock().now();
        request.tenant.commit_then(
            now,
            |state, now| trouble::add(state, new, now).map(|(facts, id)| (facts, (id, now))),
            |state, (id, now)| Ok(body(&Views::new(state, now).view(trouble::find(state, &id.to_string())?))),
        )?
    })
}

/// Returns all trouble, or that of an item and its sources, or that of a source.
pub(super) async fn list(request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let (item, source) = (request.query::<ItemId>("item")?, request.query::<SourceId>("source")?);
        let now = request.tenant.clock().now();
        let views = request.tenant.read(|state| Views::new(state, now).list(item, source));
        Ok(json!({"value": views.iter().map(body).collect::<Vec<Value>>()}))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeTrouble {
    ends: End,
}

/// Changes the end of a trouble.
pub(super) async fn change(Path(id): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let ChangeTrouble { ends } = request.json()?;
        let now = request.tenant.clock().now();
        request.tenant.commit_then(
            now,
            |state, now| trouble::change(state, &id, ends, now).map(|(facts, ())| (facts, now)),
            |state, now| Ok(body(&Views::new(state, now).view(trouble::find(state, &id)?))),
        )?
    })
}

/// Deletes a trouble, and returns it as it was.
pub(super) async fn remove(Path(id): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let now = request.tenant.clock().now();
        request.tenant.commit(now, |state, now| {
            let (facts, ()) = trouble::remove(state, &id, now)?;
            Ok((facts, body(&Views::new(state, now).view(trouble::find(state, &id)?))))
        })
    })
}

pub(super) fn body(view: &TroubleView) -> Value {
    let (from, to) = (view.from.map(utc), view.to.map(utc));
    let mut body = json!(view);
    (body["from"], body["to"]) = (json!(from), json!(to));
    body
}

/// Returns the named causes.
pub(super) async fn causes(request: ControlRequest) -> Response<Body> {
    request.answer(|_| Ok(json!({"value": CAUSES.iter().map(CauseBody::from).collect::<Vec<_>>()})))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CauseBody {
    cause: &'static str,
    kind: TroubleKind,
    target: &'static str,
    error_code: Option<&'static str>,
    message: Option<&'static str>,
    class: &'static str,
    source: &'static str,
}

impl From<&'static Cause> for CauseBody {
    fn from(cause: &'static Cause) -> Self {
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        Self {
            cause: cause.name,
            kind: cause.kind,
            target: cause.target,
            error_code: some(cause.code),
            message: some(cause.message),
            class: cause.class,
            source: cause.source,
        }
    }
}
