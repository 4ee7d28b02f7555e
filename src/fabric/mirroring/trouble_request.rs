//! Trouble, as the control interface accepts it.

use serde::{Deserialize, Serialize};

use super::trouble::{End, Start, TroubleKind};
use crate::ids::{ItemId, SourceId};

/// A trouble, as the control interface accepts it. In the declaration of a source, the trouble has a `table` instead of a
/// `target`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTrouble {
    /// The item, table, source or connection that has the trouble.
    pub target: Option<TargetRequest>,
    /// The table, in the declaration of a source.
    pub table: Option<TableRequest>,
    /// The kind; `None` for the kind of the cause.
    pub kind: Option<TroubleKind>,
    /// The name of a cause.
    pub cause: Option<String>,
    /// The beginning.
    pub starts: Option<Start>,
    /// The end.
    pub ends: Option<End>,
    /// The error that the trouble shows; `None` for the error of the cause.
    pub error: Option<ErrorRequest>,
    /// The factor of `slow`.
    pub factor: Option<f64>,
}

/// The member `target` of a trouble.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetRequest {
    /// An item.
    pub item: Option<ItemId>,
    /// A source: a connection or an open mirror.
    pub source: Option<SourceId>,
    /// A table of the item or source.
    pub table: Option<TableRequest>,
    /// The details of connections.
    pub connection_details: Option<DetailsRequest>,
}

/// A table of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TableRequest {
    /// The name of the schema.
    pub schema_name: String,
    /// The name of the table.
    pub table_name: String,
}

/// The details of connections, as patterns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DetailsRequest {
    /// The connection type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// The path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// The error of a trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorRequest {
    /// The error code.
    pub error_code: String,
    /// The message.
    pub message: String,
}
