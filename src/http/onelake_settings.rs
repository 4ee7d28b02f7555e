//! The OneLake settings of workspaces: get, modify, and the export and import of the lifecycle policy.

use crate::fabric::onelake_settings::{self, AccessTier};
use crate::fabric::{FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire;
use crate::http::wire::onelake_settings::{
    AccessTimeTrackingRequest, DefaultTierBody, DiagnosticsRequest, ImmutabilityRequest, ImportPolicy, PolicyBody,
    SettingsBody,
};

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(&SettingsBody::from(context.workspace(state)?.onelake_settings()))))
}

pub(super) fn modify_diagnostics(context: &Context<'_>) -> HandlerResult {
    let (enable, change) = context.json::<DiagnosticsRequest>()?.parsed()?;
    context.commit(|state, now| {
        let workspace = context.workspace(state)?;
        onelake_settings::modify_diagnostics(state, workspace, enable, change, context.caller, now)
    })?;
    Ok(Answer::empty())
}

pub(super) fn modify_immutability(context: &Context<'_>) -> HandlerResult {
    let days = context.json::<ImmutabilityRequest>()?.parsed()?;
    context.commit(|state, _| onelake_settings::modify_immutability(state, context.workspace(state)?, days))?;
    Ok(Answer::empty())
}

pub(super) fn modify_default_tier(context: &Context<'_>) -> HandlerResult {
    let name = wire::required(context.query("defaultTier"), "defaultTier")?;
    let tier = AccessTier::named(&name).ok_or_else(|| {
        FabricError::invalid_input(format!("The value {name:?} of defaultTier is neither Hot, Cool nor Cold."))
    })?;
    context.commit(|state, _| onelake_settings::modify_default_tier(context.workspace(state)?, tier))?;
    Ok(Answer::ok(&DefaultTierBody::from(tier)))
}

pub(super) fn modify_access_time_tracking(context: &Context<'_>) -> HandlerResult {
    let enable = context.json::<AccessTimeTrackingRequest>()?.parsed()?;
    context.commit(|state, _| onelake_settings::modify_access_time_tracking(context.workspace(state)?, enable))?;
    Ok(Answer::empty())
}

pub(super) fn export_policy(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(&PolicyBody::from(Some(onelake_settings::policy(context.workspace(state)?)?)))))
}

pub(super) fn import_policy(context: &Context<'_>) -> HandlerResult {
    let rules = context.json::<ImportPolicy>()?.parsed()?;
    let body = |state: &State, ()| {
        let settings = context.workspace(state)?.onelake_settings();
        Ok(Answer::ok(&PolicyBody::from(settings.policy.as_ref())))
    };
    context.commit_then(|state, now| onelake_settings::import_policy(context.workspace(state)?, rules, now), body)?
}
