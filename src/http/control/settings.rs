//! `settings`: the settings of a tenant.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Map, Value, json};

use super::ControlRequest;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::control::ControlCommand;
use crate::fabric::settings::{Settings, SettingsChange};
use crate::http::api::Api;

/// Returns the settings, and the possible answers of each behaviour. The first answer is the default.
pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    request.answer_each(|request| Ok(shown(&request.tenant.settings())))
}

pub(super) fn shown(settings: &Settings) -> Value {
    let mut settings = json!(settings);
    let answers = Behaviours::ANSWERS.iter().map(|(name, answers)| ((*name).to_owned(), json!(answers)));
    settings["answers"] = answers.collect::<Map<String, Value>>().into();
    settings
}

/// Changes the settings of a tenant, and returns all settings.
pub(super) async fn change(request: ControlRequest) -> Response<Body> {
    request.answer_each(|request| {
        let change: SettingsChange = request.json()?;
        change.check_operations(|id| Api::operations().any(|(_, operation)| operation.id == id))?;
        request.tenant.control(ControlCommand::ChangeSettings(change))?;
        Ok(json!(request.tenant.settings()))
    })
}
