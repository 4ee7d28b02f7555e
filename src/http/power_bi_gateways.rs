//! Power BI's gateways, which are Fabric's gateways on premises, and their data sources, which are the connections over
//! them. Virtual network gateways have no place in this API (documented).

use crate::fabric::gateway::role::GatewayRole;
use crate::fabric::gateway::{Details, Gateway};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::odata::OdataList;
use crate::http::wire::power_bi_gateways::{DatasourceBody, GatewayBody};
use crate::ids::GatewayId;

/// Lists the gateways of which the caller is an administrator.
pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let own = state.gateways().values().filter(|it| is_on_premises(it) && is_administrator(context, it));
        Ok(Answer::ok(&OdataList::new(context, "gateways", own.map(GatewayBody::from).collect())))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(&GatewayBody::from(gateway(context, state)?))))
}

pub(super) fn list_sources(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let gateway = gateway(context, state)?;
        let over = state.connections().values().filter(|connection| connection.gateway_id == Some(gateway.id));
        let bodies = over.map(|connection| DatasourceBody::new(gateway.id, connection)).collect();
        Ok(Answer::ok(&OdataList::new(context, "gatewayDatasources", bodies)))
    })
}

fn is_on_premises(gateway: &Gateway) -> bool {
    matches!(gateway.details, Details::OnPremises(_) | Details::OnPremisesPersonal(_))
}

fn is_administrator(context: &Context<'_>, gateway: &Gateway) -> bool {
    gateway.roles.role_of(context.caller.id) == Some(GatewayRole::Admin)
}

/// Returns the gateway that the path names. Rejects callers that are not its administrators.
fn gateway<'s>(context: &Context<'_>, state: &'s State) -> Result<&'s Gateway, FabricError> {
    let id: GatewayId = context.id("gatewayId")?;
    let found = state.gateway_for(id, context.caller, GatewayRole::Admin)?;
    if is_on_premises(found) {
        return Ok(found);
    }
    Err(FabricError::new(ErrorCode::EntityNotFound)
        .about("Gateway", id)
        .note("Power BI's API has no virtual network gateways"))
}
