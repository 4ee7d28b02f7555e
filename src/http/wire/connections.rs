//! Bodies of connections and of the supported connection types.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::gateways;
use crate::fabric::connection::types::{ConnectionType, CreationMethod, ParameterSpec};
use crate::fabric::connection::{Connection, ConnectionRequest, CredentialRequest, DetailsRequest, Parameter};
use crate::fabric::gateway::status::{Fault, GatewayStatus};
use crate::ids::{ConnectionId, GatewayId};

/// A request to create or update a connection.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionRequestBody {
    connectivity_type: Option<String>,
    display_name: Option<String>,
    gateway_id: Option<String>,
    privacy_level: Option<String>,
    connection_details: Option<DetailsBody>,
    credential_details: Option<CredentialBody>,
    allow_connection_usage_in_gateway: Option<bool>,
    allow_usage_in_user_controlled_code: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DetailsBody {
    r#type: Option<String>,
    creation_method: Option<String>,
    #[serde(default)]
    parameters: Option<Vec<ParameterBody>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ParameterBody {
    name: Option<String>,
    data_type: Option<String>,
    value: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialBody {
    single_sign_on_type: Option<String>,
    connection_encryption: Option<String>,
    skip_test_connection: Option<bool>,
    credentials: Option<Map<String, Value>>,
}

impl ConnectionRequestBody {
    /// Returns `true` if the request sets `skipTestConnection`.
    pub(crate) fn sets_skip_test(&self) -> bool {
        self.credential_details.as_ref().and_then(|details| details.skip_test_connection).is_some()
    }
}

impl From<ConnectionRequestBody> for ConnectionRequest {
    fn from(body: ConnectionRequestBody) -> Self {
        let parameter = |it: ParameterBody| Parameter { name: it.name, data_type: it.data_type, value: it.value };
        let details = body.connection_details.map(|it| DetailsRequest {
            kind: it.r#type,
            creation_method: it.creation_method,
            parameters: it.parameters.unwrap_or_default().into_iter().map(parameter).collect(),
        });
        let credentials = body.credential_details.map(|it| CredentialRequest {
            single_sign_on_type: it.single_sign_on_type,
            connection_encryption: it.connection_encryption,
            skip_test_connection: it.skip_test_connection,
            credentials: it.credentials,
        });
        Self {
            connectivity_type: body.connectivity_type,
            display_name: body.display_name,
            gateway_id: body.gateway_id,
            privacy_level: body.privacy_level,
            details,
            credentials,
            allow_usage_in_gateway: body.allow_connection_usage_in_gateway,
            allow_usage_in_user_controlled_code: body.allow_usage_in_user_controlled_code,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_connection_usage_in_gateway: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_usage_in_user_controlled_code: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_id: Option<GatewayId>,
    id: ConnectionId,
    display_name: &'a str,
    connectivity_type: &'a str,
    connection_details: ConnectionDetails<'a>,
    privacy_level: &'a str,
    credential_details: CredentialDetails<'a>,
}

#[derive(Serialize)]
struct ConnectionDetails<'a> {
    path: &'a str,
    r#type: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialDetails<'a> {
    credential_type: &'a str,
    single_sign_on_type: &'a str,
    connection_encryption: &'a str,
    skip_test_connection: bool,
}

impl<'a> From<&'a Connection> for ConnectionBody<'a> {
    fn from(connection: &'a Connection) -> Self {
        let credentials = &connection.credentials;
        let of_cloud = |allowed: bool| connection.gateway_id.is_none().then_some(allowed);
        Self {
            allow_connection_usage_in_gateway: of_cloud(connection.allow_usage_in_gateway),
            allow_usage_in_user_controlled_code: of_cloud(connection.allow_usage_in_user_controlled_code),
            gateway_id: connection.gateway_id,
            id: connection.id,
            display_name: &connection.display_name,
            connectivity_type: &connection.connectivity_type,
            connection_details: ConnectionDetails { path: &connection.path, r#type: &connection.kind },
            privacy_level: &connection.privacy_level,
            credential_details: CredentialDetails {
                credential_type: &credentials.credential_type,
                single_sign_on_type: &credentials.single_sign_on_type,
                connection_encryption: &credentials.connection_encryption,
                skip_test_connection: credentials.skip_test_connection,
            },
        }
    }
}

/// A connection in the list of an item's connections.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemConnectionBody<'a> {
    id: ConnectionId,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_id: Option<GatewayId>,
    connectivity_type: &'a str,
    connection_details: ConnectionDetails<'a>,
}

impl<'a> From<&'a Connection> for ItemConnectionBody<'a> {
    fn from(connection: &'a Connection) -> Self {
        Self {
            id: connection.id,
            display_name: &connection.display_name,
            gateway_id: connection.gateway_id,
            connectivity_type: &connection.connectivity_type,
            connection_details: ConnectionDetails { path: &connection.path, r#type: &connection.kind },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SupportedType {
    r#type: &'static str,
    creation_methods: Vec<CreationMethodBody>,
    supported_credential_types: &'static [&'static str],
    supported_connection_encryption_types: &'static [&'static str],
    supports_skip_test_connection: bool,
    supported_credential_types_for_usage_in_user_controlled_code: Option<&'static [&'static str]>,
}

#[derive(Serialize)]
struct CreationMethodBody {
    name: &'static str,
    parameters: Vec<ParameterMetadata>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ParameterMetadata {
    name: &'static str,
    data_type: &'static str,
    required: bool,
    allowed_values: Option<&'static [Option<&'static str>]>,
}

impl From<&'static ConnectionType> for SupportedType {
    fn from(kind: &'static ConnectionType) -> Self {
        let parameter = |it: &'static ParameterSpec| ParameterMetadata {
            name: it.name,
            data_type: it.data_type,
            required: it.required,
            allowed_values: it.allowed_values.as_deref(),
        };
        let method = |it: &'static CreationMethod| CreationMethodBody {
            name: it.name,
            parameters: it.parameters.iter().map(parameter).collect(),
        };
        Self {
            r#type: kind.name,
            creation_methods: kind.creation_methods().iter().map(method).collect(),
            supported_credential_types: &kind.credential_types,
            supported_connection_encryption_types: &kind.encryptions,
            supports_skip_test_connection: kind.supports_skip_test,
            supported_credential_types_for_usage_in_user_controlled_code: kind.user_controlled.as_deref(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct ConnectionStatus {
    status: GatewayStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<[ConnectionFault; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionFault {
    message: &'static str,
    error_code: &'static str,
}

impl ConnectionStatus {
    /// Creates the body of a connection that is offline because of a fault, or online without one.
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        let status = if fault.is_some() { GatewayStatus::Offline } else { GatewayStatus::Online };
        let error = |fault| {
            let (error_code, message) = gateways::code_and_message(fault);
            [ConnectionFault { message, error_code }]
        };
        Self { status, errors: fault.map(error) }
    }
}
