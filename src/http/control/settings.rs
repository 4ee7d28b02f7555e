//! `settings`: what may vary.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Call;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::pace::Pace;
use crate::fabric::settings::{PAGE_SIZE_MAX, Settings, TOKEN_LIFETIME_MAX, Throttle};
use crate::fabric::{FabricError, Fact};
use crate::http::operations::OPERATIONS;

/// The settings, and of each behaviour all the answers that it can have, the default first.
pub(super) async fn show(call: Call) -> Response<Body> {
    call.answer(|call| {
        let mut settings = call.tenant.read(|state| json!(state.settings));
        let answers = Behaviours::ANSWERS.iter().map(|(name, answers)| ((*name).to_owned(), json!(answers)));
        settings["answers"] = answers.collect::<Map<String, Value>>().into();
        Ok(settings)
    })
}

/// A change of settings; what is left out stays, and a limit of null is taken back.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChangeSettings {
    pace: Option<Pace>,
    throttle: Option<Throttle>,
    page_size: Option<u32>,
    token_lifetime: Option<u32>,
    limits: Option<BTreeMap<String, Option<u32>>>,
    behaviours: Option<Map<String, Value>>,
}

pub(super) async fn change(call: Call) -> Response<Body> {
    call.answer(|call| {
        let change: ChangeSettings = call.json()?;
        call.tenant.commit(call.tenant.clock().now(), |state, _| {
            let settings = changed(state.settings.clone(), change)?;
            let shown = json!(settings);
            Ok((vec![Fact::SettingsChanged(settings)], shown))
        })
    })
}

fn changed(mut settings: Settings, change: ChangeSettings) -> Result<Settings, FabricError> {
    settings.pace = change.pace.unwrap_or(settings.pace);
    settings.throttle = change.throttle.unwrap_or(settings.throttle);
    if let Some(page_size) = change.page_size {
        if !(1..=PAGE_SIZE_MAX).contains(&page_size) {
            return Err(FabricError::invalid_input(format!(
                "pageSize is {page_size}: from 1 to {PAGE_SIZE_MAX} was expected."
            )));
        }
        settings.page_size = page_size;
    }
    if let Some(lifetime) = change.token_lifetime {
        if !(1..=TOKEN_LIFETIME_MAX).contains(&lifetime) {
            return Err(FabricError::invalid_input(format!(
                "tokenLifetime is {lifetime}: from 1 to {TOKEN_LIFETIME_MAX} seconds were expected."
            )));
        }
        settings.token_lifetime = lifetime;
    }
    for (operation, limit) in change.limits.into_iter().flatten() {
        if !OPERATIONS.iter().any(|known| known.id == operation) {
            return Err(FabricError::invalid_input(format!("limits: {operation:?} is no operation's id.")));
        }
        match limit {
            Some(limit) => settings.limits.insert(operation, limit),
            None => settings.limits.remove(&operation),
        };
    }
    if let Some(behaviours) = change.behaviours {
        let mut merged = json!(settings.behaviours);
        for (name, answer) in behaviours {
            // A status may be written as the number that it is.
            merged[name] = answer.as_u64().map_or(answer, |status| status.to_string().into());
        }
        settings.behaviours =
            serde_json::from_value(merged).map_err(|why| FabricError::invalid_input(format!("behaviours: {why}.")))?;
    }
    Ok(settings)
}
