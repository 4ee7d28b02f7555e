//! Tenant settings: list, update, and their overrides for capacities, domains and workspaces.

use crate::fabric::page::Position;
use crate::fabric::tenant_setting::{self, SETTINGS};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::List;
use crate::http::wire::tenant_settings::{
    CapacityOverrides, OtherOverrides, SettingBody, UpdateSetting, UpdatedOverrides, UpdatedSettings,
};
use crate::ids::CapacityId;

/// Returns the elements after a position. The position of an element is its number, counted from 1.
fn after<T>(elements: impl IntoIterator<Item = T>, position: Option<Position>) -> impl Iterator<Item = (Position, T)> {
    (1..).zip(elements).skip_while(move |(at, _)| Some(*at) <= position)
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let page = page.cut(after(SETTINGS.iter(), page.after));
        Ok(Answer::ok(&context.list(page.map(|known| SettingBody::new(known, state.tenant_setting(known))))))
    })
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let name = context.text("tenantSettingName");
    let change = context.json::<UpdateSetting>()?.change()?;
    context.commit_then(
        |state, _| tenant_setting::update(state, &name, change),
        |state, known| {
            let updated = SettingBody::new(known, state.tenant_setting(known));
            Ok(Answer::ok(&UpdatedSettings { tenant_settings: [updated] }))
        },
    )?
}

pub(super) fn list_capacities(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let of = |id: CapacityId| state.setting_overrides(id).map(|(known, it)| SettingBody::overridden(known, it));
        let all = state.capacities().iter().map(|capacity| (capacity.id, of(capacity.id).collect::<Vec<_>>()));
        let all = all.filter(|(_, settings)| !settings.is_empty());
        let page = page.cut(after(all, page.after));
        let page = page.map(|(id, tenant_settings)| CapacityOverrides { id, tenant_settings });
        Ok(Answer::ok(&context.list(page)))
    })
}

pub(super) fn list_of_capacity(context: &Context<'_>) -> HandlerResult {
    let id = context.id("capacityId")?;
    context.read(|state| {
        state.capacity(id)?;
        let page = context.page(state)?;
        let page = page.cut(after(state.setting_overrides(id), page.after));
        Ok(Answer::ok(&context.list(page.map(|(known, overriding)| SettingBody::overridden(known, overriding)))))
    })
}

pub(super) fn override_for_capacity(context: &Context<'_>) -> HandlerResult {
    let (id, name) = (context.id("capacityId")?, context.text("tenantSettingName"));
    let request = context.json::<UpdateSetting>()?.overriding()?;
    context.commit_then(
        |state, _| tenant_setting::override_for_capacity(state, id, &name, request),
        |state, changed| {
            let changed = state.setting_overrides(id).filter(|(known, _)| known.name == changed.name);
            let overrides = changed.map(|(known, overriding)| SettingBody::overridden(known, overriding)).collect();
            Ok(Answer::ok(&UpdatedOverrides { overrides }))
        },
    )?
}

pub(super) fn remove_override(context: &Context<'_>) -> HandlerResult {
    let (id, name) = (context.id("capacityId")?, context.text("tenantSettingName"));
    context.commit(|state, _| tenant_setting::remove_override(state, id, &name))?;
    Ok(Answer::empty())
}

/// Returns an empty list: no operation overrides a setting for a domain or a workspace.
pub(super) fn list_none(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        context.page(state)?;
        Ok(Answer::ok(&List::<OtherOverrides>::all(Vec::new())))
    })
}
