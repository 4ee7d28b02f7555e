//! `tags`: the tags of the tenant. Administrators create tags through the admin API; a declaration also chooses their ids.

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlRequest;
use crate::fabric::control::ControlCommand;
use crate::fabric::tag::NewTag;
use crate::fabric::{FabricError, State};
use crate::http::wire;
use crate::http::wire::tags::TagBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclareTags {
    value: Vec<DeclareTag>,
}

/// A tag to declare. If `id` is missing, the emulator generates an id.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeclareTag {
    id: Option<String>,
    display_name: String,
    scope: Option<TagScope>,
}

#[derive(Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
enum TagScope {
    Tenant,
    #[serde(rename_all = "camelCase")]
    Domain {
        domain_id: String,
    },
}

pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    request.answer(|request| Ok(request.tenant.read(body)))
}

/// Adds or replaces tags. Other tags remain.
pub(super) async fn declare(request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let DeclareTags { value } = request.json()?;
        let tag = |tag: DeclareTag| {
            let domain = tag.scope.and_then(|scope| match scope {
                TagScope::Tenant => None,
                TagScope::Domain { domain_id } => Some(domain_id),
            });
            Ok(NewTag { id: wire::id(tag.id, "Id")?, display_name: tag.display_name, domain })
        };
        let tags = value.into_iter().map(tag).collect::<Result<Vec<NewTag>, FabricError>>()?;
        request.tenant.control(ControlCommand::DeclareTags(tags))?;
        Ok(request.tenant.read(body))
    })
}

fn body(state: &State) -> Value {
    json!({"value": state.tags().values().map(TagBody::from).collect::<Vec<_>>()})
}
