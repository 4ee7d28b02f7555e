//! The members of a scenario.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fabric::capacity::CapacityState;
use crate::fabric::connection::role::ConnectionRole;
use crate::fabric::fact::Format;
use crate::fabric::principal::PrincipalType;
use crate::fabric::settings::SettingsChange;
use crate::ids::{CapacityId, PrincipalId};

/// An object whose names are resolved before it is read.
pub(super) type Object = Map<String, Value>;

/// A scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Document {
    #[serde(rename = "$schema")]
    #[expect(dead_code, reason = "only editors use it")]
    schema: Option<String>,
    #[expect(dead_code, reason = "reading it rejects other formats")]
    format: Format,
    pub(super) clock: Option<Object>,
    pub(super) settings: Option<SettingsChange>,
    #[serde(default)]
    pub(super) principals: Vec<NewPrincipal>,
    #[serde(default)]
    pub(super) capacities: Vec<NewCapacity>,
    #[serde(default)]
    pub(super) connections: Vec<NewConnection>,
    #[serde(default)]
    pub(super) sources: Vec<Object>,
    #[serde(default)]
    pub(super) workspaces: Vec<NewWorkspace>,
    #[serde(default)]
    pub(super) trouble: Vec<Object>,
    #[serde(default)]
    pub(super) faults: Vec<Object>,
}

/// A principal. Without an id, the id is derived from the name.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewPrincipal {
    pub(super) name: String,
    pub(super) id: Option<PrincipalId>,
    pub(super) r#type: PrincipalType,
    /// The sign-in name of a user.
    pub(super) user_principal_name: Option<String>,
    /// The client id of an app.
    pub(super) app_id: Option<String>,
}

/// A capacity. Without an id, the id is derived from the name.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewCapacity {
    pub(super) name: String,
    pub(super) id: Option<CapacityId>,
    pub(super) sku: String,
    pub(super) region: Option<String>,
    pub(super) state: Option<CapacityState>,
    #[serde(default)]
    pub(super) hidden_from: Vec<String>,
}

/// A connection.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewConnection {
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) path: String,
    pub(super) credential_type: String,
    pub(super) connectivity_type: Option<String>,
    pub(super) privacy_level: Option<String>,
    pub(super) single_sign_on_type: Option<String>,
    pub(super) connection_encryption: Option<String>,
    #[serde(default)]
    pub(super) skip_test_connection: bool,
    pub(super) gateway_id: Option<String>,
    pub(super) roles: Option<Vec<Assignment<ConnectionRole>>>,
}

/// The role of a principal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assignment<R> {
    pub(super) principal: String,
    pub(super) role: R,
}

/// A workspace.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewWorkspace {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) capacity: Option<String>,
    #[serde(default)]
    pub(super) roles: Vec<Assignment<String>>,
    /// The paths of folders, such as `a/b`.
    #[serde(default)]
    pub(super) folders: Vec<String>,
    #[serde(default)]
    pub(super) items: Vec<NewItem>,
}

/// An item.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewItem {
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) description: Option<String>,
    pub(super) folder: Option<String>,
    /// The parts by path: JSON, or text.
    pub(super) definition: Option<BTreeMap<String, Value>>,
    /// The folder of the parts, in place of `definition`.
    pub(super) path: Option<String>,
    pub(super) creation_payload: Option<Value>,
    pub(super) mirroring: Option<NewMirroring>,
}

/// The mirroring of a mirrored database.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewMirroring {
    pub(super) running_since: Timestamp,
}
