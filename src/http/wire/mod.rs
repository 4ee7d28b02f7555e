//! Bodies of requests and responses: the JSON of Fabric's REST API, one module per resource.
//!
//! The modules convert between JSON and the types of `fabric`. They do not depend on the request: handlers pass in all
//! data that a body needs. This module contains the bodies and checks that several resources share.

pub(super) mod admin;
pub(super) mod azure_capacities;
pub(super) mod bulk;
pub(super) mod capacities;
pub(super) mod catalog_search;
pub(super) mod catalogs;
pub(super) mod connections;
pub(super) mod data_access_roles;
pub(super) mod datasets;
pub(super) mod definitions;
pub(super) mod deployment_pipeline;
pub(super) mod domains;
pub(super) mod encryption;
pub(super) mod environments;
pub(super) mod external_data_shares;
pub(super) mod folders;
pub(super) mod gateways;
pub(super) mod git;
pub(super) mod git_repositories;
pub(super) mod groups;
pub(super) mod items;
pub(super) mod jobs;
pub(super) mod labels;
pub(super) mod lakehouses;
pub(super) mod long_running_operations;
pub(super) mod managed_private_endpoints;
pub(super) mod mirrored_databases;
pub(super) mod onelake_settings;
pub(super) mod power_bi_gateways;
pub(super) mod principals;
pub(super) mod properties;
pub(super) mod recoverable_items;
pub(super) mod relations;
pub(super) mod shortcuts;
pub(super) mod spark;
pub(super) mod sql_databases;
pub(super) mod sql_endpoints;
pub(super) mod tags;
pub(super) mod tenant_settings;
pub(super) mod warehouses;
pub(super) mod workspaces;

use std::str::FromStr;

use serde::Serialize;

use crate::fabric::behaviours::EmptyDescription;
use crate::fabric::page::Page;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::FolderId;

/// The continuation of a page: the token, and the absolute URL of the next page.
#[derive(Debug)]
pub(crate) struct Continuation {
    pub(crate) token: String,
    pub(crate) uri: String,
}

impl Continuation {
    /// Splits a continuation into the members `continuationToken` and `continuationUri`.
    fn members(continuation: Option<Self>) -> (Option<String>, Option<String>) {
        continuation.map(|Self { token, uri }| (token, uri)).unzip()
    }
}

/// A page of a list. The last page has no continuation members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct List<T> {
    value: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_uri: Option<String>,
}

impl<T> List<T> {
    /// Creates a list that is not paged.
    pub(crate) fn all(value: Vec<T>) -> Self {
        Self { value, continuation_token: None, continuation_uri: None }
    }

    /// Creates the body of a page with its continuation.
    pub(crate) fn new(page: Page<T>, continuation: Option<Continuation>) -> Self {
        let (continuation_token, continuation_uri) = Continuation::members(continuation);
        Self { value: page.elements, continuation_token, continuation_uri }
    }
}

/// A page of a list whose continuation members are null on the last page. Some lists in Microsoft's description have
/// this form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NullableList<T> {
    value: Vec<T>,
    continuation_token: Option<String>,
    continuation_uri: Option<String>,
}

impl<T> NullableList<T> {
    /// Creates the body of a page with its continuation.
    pub(crate) fn new(page: Page<T>, continuation: Option<Continuation>) -> Self {
        let (continuation_token, continuation_uri) = Continuation::members(continuation);
        Self { value: page.elements, continuation_token, continuation_uri }
    }
}

/// Returns a required member of a body. If the member is missing, the error has the message of the service.
pub(crate) fn required<T>(value: Option<T>, field: &str) -> Result<T, FabricError> {
    value.ok_or_else(|| FabricError::invalid_input(format!("The {field} field is required.")))
}

/// Parses an optional member of a body that is an id.
pub(crate) fn id<T: FromStr>(value: Option<String>, field: &str) -> Result<Option<T>, FabricError> {
    value.map(|value| parse_id(&value, field)).transpose()
}

/// Parses a required member of a body that is an id.
pub(crate) fn required_id<T: FromStr>(value: Option<String>, field: &str) -> Result<T, FabricError> {
    parse_id(&required(value, field)?, field)
}

/// Parses a required member of a body that is a list of ids.
pub(crate) fn required_ids<T: FromStr>(values: Option<Vec<String>>, field: &str) -> Result<Vec<T>, FabricError> {
    required(values, field)?.iter().map(|value| parse_id(value, field)).collect()
}

fn parse_id<T: FromStr>(value: &str, field: &str) -> Result<T, FabricError> {
    value.parse().map_err(|_| {
        FabricError::new(ErrorCode::InvalidInput)
            .detail(ErrorCode::InvalidParameter, format!("The value {value:?} of {field} is not a GUID."))
    })
}

/// Parses an optional member of a body that is a folder id. Clients send an empty id for the root of the workspace.
pub(crate) fn folder(value: Option<String>, field: &str) -> Result<Option<FolderId>, FabricError> {
    id(value.filter(|value| !value.is_empty()), field)
}

/// Returns a description as responses show it. The tenant's behaviours choose whether an empty description is shown or
/// left out.
pub(crate) fn description<'a>(state: &State, description: &'a str) -> Option<&'a str> {
    let shown = !description.is_empty() || state.settings.behaviours.empty_description == EmptyDescription::Empty;
    shown.then_some(description)
}
