//! Shapes that several resources share, and the checks that the service's own binding of a body makes.

use std::str::FromStr;

use serde::Serialize;

use crate::fabric::behaviours::EmptyDescription;
use crate::fabric::page::Page;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::context::Context;
use crate::ids::FolderId;

/// A page of a list; what leads on is there only where more follows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<T> {
    value: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_uri: Option<String>,
}

impl<T> List<T> {
    /// A list that has no pages.
    pub(super) fn all(value: Vec<T>) -> Self {
        Self { value, continuation_token: None, continuation_uri: None }
    }

    pub(super) fn new(context: &Context<'_>, page: Page<T>) -> Self {
        let (continuation_token, continuation_uri) = context.continuation(&page).unzip();
        Self { value: page.elements, continuation_token, continuation_uri }
    }
}

/// A page of a list whose members are null where nothing follows: so the description shows some lists.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NullableList<T> {
    value: Vec<T>,
    continuation_token: Option<String>,
    continuation_uri: Option<String>,
}

impl<T> NullableList<T> {
    pub(super) fn new(context: &Context<'_>, page: Page<T>) -> Self {
        let (continuation_token, continuation_uri) = context.continuation(&page).unzip();
        Self { value: page.elements, continuation_token, continuation_uri }
    }
}

/// A member of a body that must be there.
pub(super) fn required<T>(value: Option<T>, field: &str) -> Result<T, FabricError> {
    value.ok_or_else(|| FabricError::invalid_input(format!("The {field} field is required.")))
}

/// A member of a body that is an id.
pub(super) fn id<T: FromStr>(value: Option<String>, field: &str) -> Result<Option<T>, FabricError> {
    let Some(value) = value else { return Ok(None) };
    let parsed = value.parse().map(Some);
    parsed.map_err(|_| {
        FabricError::new(ErrorCode::InvalidInput)
            .detail(ErrorCode::InvalidParameter, format!("The value {value:?} of {field} is not a GUID."))
    })
}

/// A member of a body that is a folder's id: clients name the root by an empty one.
pub(super) fn folder(value: Option<String>, field: &str) -> Result<Option<FolderId>, FabricError> {
    id(value.filter(|value| !value.is_empty()), field)
}

/// A description as it is shown: empty or left out where there is none.
pub(super) fn description<'a>(state: &State, description: &'a str) -> Option<&'a str> {
    let shown = !description.is_empty() || state.settings.behaviours.empty_description == EmptyDescription::Empty;
    shown.then_some(description)
}
