//! Bulk export and import of item definitions.

use crate::fabric::FabricError;
use crate::fabric::item::bulk;
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::wire;
use crate::http::wire::bulk::{ExportRequest, ExportResponse, ImportRequest};
use crate::http::wire::definitions::PartBody;
use crate::ids::ItemId;

pub(super) fn export(context: &Context<'_>) -> HandlerResult {
    let ExportRequest { mode, items } = context.json()?;
    let mode = wire::required(mode, "Mode")?;
    let named = if mode.eq_ignore_ascii_case("All") {
        None
    } else if mode.eq_ignore_ascii_case("Selective") {
        let items = wire::required(items, "Items")?.into_iter();
        Some(items.map(|item| wire::required_id(item.id, "Id")).collect::<Result<Vec<ItemId>, FabricError>>()?)
    } else {
        return Err(FabricError::invalid_input(format!("The value {mode:?} of Mode is neither All nor Selective.")));
    };
    context.read(|state| {
        let exported = bulk::export(state, context.workspace(state)?, named.as_deref(), context.now)?;
        let body = ExportResponse::from(exported);
        Ok(Answer::ok_sized(&body, body.size()))
    })
}

pub(super) fn import(context: &Context<'_>) -> HandlerResult {
    let ImportRequest { definition_parts, options } = context.json()?;
    let parts = wire::required(definition_parts, "DefinitionParts")?.into_iter().map(PartBody::request);
    let parts = parts.collect::<Result<_, FabricError>>()?;
    let may_pair = options.and_then(|options| options.allow_pairing_by_name).unwrap_or(false);
    long_running_operations::run(context, |state, now| {
        bulk::import(state, context.workspace(state)?, parts, may_pair, context.caller, now)
    })
}
