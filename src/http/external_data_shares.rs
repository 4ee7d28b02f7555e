//! External data shares: create, list, get, revoke and delete for the tenant that shares the data; the invitation and its
//! acceptance for the tenant that receives it.

use std::sync::Arc;

use crate::fabric::external_data_share;
use crate::fabric::role::Role;
use crate::fabric::{ErrorCode, FabricError};
use crate::http::admin_items;
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire;
use crate::http::wire::List;
use crate::http::wire::external_data_shares::{
    AcceptInvitation, CreateShare, InvitationBody, ReceivedShortcutBody, ShareBody,
};
use crate::ids::{ItemId, TenantId, WorkspaceId};
use crate::tenant::Tenant;

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let new = context.json::<CreateShare>()?.parsed()?;
    context.commit_then(
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            external_data_share::create(state, workspace, item, new, context.caller, now)
        },
        |state, id| {
            let (_, item) = context.item(state, context.now)?;
            let share = external_data_share::find(state, item, id)?;
            let location = context.url(&format!("{}/{id}", context.path()));
            Ok(Answer::created(&ShareBody::new(context.tenant.id(), share, context.now)).at(location))
        },
    )?
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let page = context.page(state)?;
        let shares = state.external_data_shares().after(page.after).filter(|(_, share)| share.item == item.id);
        let body = |share| ShareBody::new(context.tenant.id(), share, context.now);
        Ok(Answer::ok(&context.list(page.cut(shares).map(body))))
    })
}

/// Lists the shares of all items, for administrators.
pub(super) fn list_all(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let shares = state.external_data_shares().after(page.after);
        let body = |share| ShareBody::new(context.tenant.id(), share, context.now);
        Ok(Answer::ok(&context.list(page.cut(shares).map(body))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let share = external_data_share::find(state, item, context.id("externalDataShareId")?)?;
        Ok(Answer::ok(&ShareBody::new(context.tenant.id(), share, context.now)))
    })
}

pub(super) fn revoke(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, now| {
        external_data_share::revoke(state, context.item(state, now)?.1, context.id("externalDataShareId")?)
    })?;
    Ok(Answer::empty())
}

/// Revokes the share of any item, for administrators.
pub(super) fn revoke_any(context: &Context<'_>) -> HandlerResult {
    let id = context.id("externalDataShareId")?;
    context.commit(|state, _| {
        let (_, item) = admin_items::item(context, state)?;
        external_data_share::revoke(state, item, id)
    })?;
    Ok(Answer::empty())
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, now| {
        external_data_share::delete(state, context.item(state, now)?.1, context.id("externalDataShareId")?)
    })?;
    Ok(Answer::empty())
}

pub(super) fn invitation(context: &Context<'_>) -> HandlerResult {
    let id = context.id("invitationId")?;
    let provider = provider(context, wire::required_id(context.query("providerTenantId"), "providerTenantId")?)?;
    let now = provider.clock().now();
    provider.read(|state| {
        let share = external_data_share::invitation(state, id, context.tenant.id(), now)?;
        Ok(Answer::ok(&InvitationBody::new(provider.id(), &share.identified_paths(state))))
    })
}

/// Accepts an invitation. The shortcuts are created in the tenant of the caller, then the share becomes active in the
/// tenant that shares the data. If that tenant cannot store the change, the shortcuts remain.
pub(super) fn accept(context: &Context<'_>) -> HandlerResult {
    let id = context.id("invitationId")?;
    let AcceptInvitation { provider_tenant_id, workspace_id, item_id, payload } = context.json()?;
    let provider = provider(context, wire::required_id(provider_tenant_id, "ProviderTenantId")?)?;
    let workspace: WorkspaceId = wire::required_id(workspace_id, "WorkspaceId")?;
    let item: ItemId = wire::required_id(item_id, "ItemId")?;
    let acceptance = wire::required(payload, "Payload")?.parsed()?;
    let recipient = context.tenant.id();
    // Two tenants change together. Only one request at a time may hold the history of one and wait for another.
    let _both = context.emulator.pair_tenants();
    let shortcuts = provider.commit(provider.clock().now(), |of_provider, provider_now| {
        let share = external_data_share::invitation(of_provider, id, recipient, provider_now)?;
        let paths = share.identified_paths(of_provider);
        let shortcuts = context.commit(|state, now| {
            let within = state.workspace(workspace)?;
            within.check_role(context.caller, Role::Contributor)?;
            external_data_share::receive(state, within, within.item(item, now)?, id, &paths, &acceptance)
        })?;
        Ok((vec![external_data_share::accept(share, recipient)], shortcuts))
    })?;
    let body = |shortcut| ReceivedShortcutBody::new(workspace, item, shortcut);
    Ok(Answer::ok(&List::all(shortcuts.iter().map(body).collect())))
}

/// Returns the tenant that shares the data.
fn provider(context: &Context<'_>, id: TenantId) -> Result<Arc<Tenant>, FabricError> {
    if id == context.tenant.id() {
        return Err(ErrorCode::ExternalDataShareCannotBeAcceptedInTheSameTenant.into());
    }
    context.emulator.existing_tenant(id)
}
