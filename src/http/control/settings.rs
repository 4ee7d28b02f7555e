//! `settings`: what may vary.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Map, Value, json};

use super::Call;
use crate::fabric::Fact;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::settings::SettingsChange;
use crate::http::operations;

/// The settings, and of each behaviour all the answers that it can have, the default first.
pub(super) async fn show(call: Call) -> Response<Body> {
    call.answer_each(|call| {
        let mut settings = call.tenant.read(|state| json!(state.settings));
        let answers = Behaviours::ANSWERS.iter().map(|(name, answers)| ((*name).to_owned(), json!(answers)));
        settings["answers"] = answers.collect::<Map<String, Value>>().into();
        Ok(settings)
    })
}

pub(super) async fn change(call: Call) -> Response<Body> {
    call.answer_each(|call| {
        let change: SettingsChange = call.json()?;
        let is_operation = |id: &str| operations::all().any(|known| known.id == id);
        call.tenant.commit(call.tenant.clock().now(), |state, _| {
            let settings = state.settings.clone().changed(change, is_operation)?;
            let shown = json!(settings);
            Ok((vec![Fact::SettingsChanged(settings)], shown))
        })
    })
}
