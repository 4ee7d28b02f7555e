//! `tags`: those of the tenant, which its administrators make elsewhere.

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use crate::fabric::tag::{self, NewTag};
use crate::fabric::{FabricError, State};
use crate::http::tags::TagBody;
use crate::http::wire;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclareTags {
    value: Vec<DeclareTag>,
}

/// A tag as it is shown, but that its id may be left out: one is drawn then.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeclareTag {
    id: Option<String>,
    display_name: String,
    scope: Option<Scope>,
}

#[derive(Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
enum Scope {
    Tenant,
    #[serde(rename_all = "camelCase")]
    Domain {
        domain_id: String,
    },
}

pub(super) async fn show(call: Call) -> Response<Body> {
    call.answer(|call| Ok(call.tenant.read(body)))
}

/// Adds tags: those that are not named stay.
pub(super) async fn declare(call: Call) -> Response<Body> {
    call.answer(|call| {
        let DeclareTags { value } = call.json()?;
        let tag = |tag: DeclareTag| {
            let domain = tag.scope.and_then(|scope| match scope {
                Scope::Tenant => None,
                Scope::Domain { domain_id } => Some(domain_id),
            });
            Ok(NewTag { id: wire::id(tag.id, "Id")?, display_name: tag.display_name, domain })
        };
        let tags = value.into_iter().map(tag).collect::<Result<Vec<NewTag>, FabricError>>()?;
        let now = call.tenant.clock().now();
        call.tenant.commit_then(now, |state, _| tag::declare(state, tags), |state, ()| body(state))
    })
}

fn body(state: &State) -> Value {
    json!({"value": state.tags().values().map(TagBody::from).collect::<Vec<_>>()})
}
