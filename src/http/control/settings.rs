//! `settings`: the settings of a tenant.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Map, Value, json};

use super::Call;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::control::ControlCommand;
use crate::fabric::settings::SettingsChange;
use crate::http::operations;

/// Shows the settings, and the possible answers of each behaviour, the default first.
pub(super) async fn show(call: Call) -> Response<Body> {
    call.answer_each(|call| {
        let mut settings = json!(call.tenant.settings());
        let answers = Behaviours::ANSWERS.iter().map(|(name, answers)| ((*name).to_owned(), json!(answers)));
        settings["answers"] = answers.collect::<Map<String, Value>>().into();
        Ok(settings)
    })
}

/// Changes settings.
pub(super) async fn change(call: Call) -> Response<Body> {
    call.answer_each(|call| {
        let change: SettingsChange = call.json()?;
        change.check_operations(|id| operations::all().any(|known| known.id == id))?;
        call.tenant.control(ControlCommand::ChangeSettings(change))?;
        Ok(json!(call.tenant.settings()))
    })
}
