//! Connections to sources. The presence of secrets is checked when a request arrives. Secrets are never stored.

mod credentials;
pub mod declaration;
pub mod gateway;
pub mod role;
pub mod types;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::credentials::{CREDENTIALS, check_credentials};
use self::role::ConnectionRole;
use self::types::{ConnectionType, Connectivity};
use crate::fabric::assignments::Assignments;
use crate::fabric::gateway::GatewayType;
use crate::fabric::name::{CONNECTION_NAME_MAX, Folded, check_name};
use crate::fabric::principal::Principal;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, trouble};
use crate::ids::{ConnectionId, GatewayId};

/// Maximum number of connections in a tenant (guessed).
pub const CONNECTIONS_MAX: usize = 10_000;
/// Maximum length of the value of a connection parameter, in characters (guessed).
pub const PARAMETER_MAX: usize = 4_096;
/// The name of a connectivity type, its list of connection types, and the type of its gateway.
type ConnectivityRow = (&'static str, Connectivity, Option<GatewayType>);
/// The connectivity types that the API accepts. Connections of a personal gateway can only be changed.
const CONNECTIVITY_TYPES: &[ConnectivityRow] = &[
    ("ShareableCloud", Connectivity::Cloud, None),
    ("OnPremisesGateway", Connectivity::OnPremisesGateway, Some(GatewayType::OnPremises)),
    (PERSONAL_GATEWAY, Connectivity::OnPremisesGatewayPersonal, Some(GatewayType::OnPremisesPersonal)),
    ("VirtualNetworkGateway", Connectivity::VirtualNetworkGateway, Some(GatewayType::VirtualNetwork)),
    ("StreamingVirtualNetworkGateway", Connectivity::VirtualNetworkGateway, Some(GatewayType::StreamingVirtualNetwork)),
];
/// The connectivity type of the connections of a personal gateway.
const PERSONAL_GATEWAY: &str = "OnPremisesGatewayPersonal";
/// The connection type of a Cosmos DB account.
const COSMOS_DB: &str = "CosmosDB";
const PRIVACY_LEVELS: &[&str] = &["None", "Private", "Organizational", "Public"];
const SINGLE_SIGN_ON_TYPES: &[&str] =
    &["None", "Kerberos", "MicrosoftEntraID", "SecurityAssertionMarkupLanguage", "KerberosDirectQueryAndRefresh"];
const ENCRYPTIONS: &[&str] = &["Encrypted", "Any", "NotEncrypted"];
const DATA_TYPES: &[&str] = &["Text", "Number", "Boolean", "Duration", "Date", "DateTime", "DateTimeZone", "Time"];

/// A connection, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The id of the connection.
    pub id: ConnectionId,
    /// The name of the connection, unique in the tenant without regard to case.
    pub display_name: String,
    /// The connectivity type of the connection.
    pub connectivity_type: String,
    /// The id of the gateway of the connection.
    pub gateway_id: Option<GatewayId>,
    /// The connection type, such as `SQL`.
    pub kind: String,
    /// The path of the source, in the format of the service.
    pub path: String,
    /// The privacy level of the connection.
    pub privacy_level: String,
    /// The credentials of the connection, without secrets.
    pub credentials: CredentialSummary,
    /// `true` if gateways may use the connection.
    pub allow_usage_in_gateway: bool,
    /// `true` if notebooks and other user code may use the connection.
    pub allow_usage_in_user_controlled_code: bool,
    /// The role assignments of the connection, in order of creation.
    pub roles: Assignments<ConnectionRole>,
}

/// The properties of the credentials of a connection that are not secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialSummary {
    /// The type of the credentials, such as `Basic`.
    pub credential_type: String,
    /// The type of single sign-on.
    pub single_sign_on_type: String,
    /// The encryption of the connection.
    pub connection_encryption: String,
    /// `true` if the client requested to skip the test of the connection.
    pub skip_test_connection: bool,
}

/// A request to create or update a connection. `None` stands for an absent member of the body.
#[derive(Debug, Clone, Default)]
pub struct ConnectionRequest {
    /// The connectivity type of the connection.
    pub connectivity_type: Option<String>,
    /// The name of the connection.
    pub display_name: Option<String>,
    /// The id of the gateway of the connection.
    pub gateway_id: Option<String>,
    /// The privacy level of the connection.
    pub privacy_level: Option<String>,
    /// The connection type and its parameters.
    pub details: Option<DetailsRequest>,
    /// The credentials of the connection.
    pub credentials: Option<CredentialRequest>,
    /// `true` if gateways may use the connection.
    pub allow_usage_in_gateway: Option<bool>,
    /// `true` if notebooks and other user code may use the connection.
    pub allow_usage_in_user_controlled_code: Option<bool>,
}

/// The member `connectionDetails` of a request.
#[derive(Debug, Clone, Default)]
pub struct DetailsRequest {
    /// The connection type.
    pub kind: Option<String>,
    /// The name of a creation method of the connection type.
    pub creation_method: Option<String>,
    /// The parameters of the creation method.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a creation method.
#[derive(Debug, Clone, Default)]
pub struct Parameter {
    /// The name of the parameter.
    pub name: Option<String>,
    /// The data type of the value.
    pub data_type: Option<String>,
    /// The value of the parameter.
    pub value: Option<Value>,
}

/// The member `credentialDetails` of a request.
#[derive(Debug, Clone, Default)]
pub struct CredentialRequest {
    /// The type of single sign-on.
    pub single_sign_on_type: Option<String>,
    /// The encryption of the connection.
    pub connection_encryption: Option<String>,
    /// `true` if the client requests to skip the test of the connection.
    pub skip_test_connection: Option<bool>,
    /// The members of the credentials, including secrets.
    pub credentials: Option<Map<String, Value>>,
}

/// Creates a connection. The creator becomes the owner of the connection. The test of the connection fails only if its
/// gateway is offline, or if trouble makes it fail.
pub fn create(state: &State, request: ConnectionRequest, creator: Principal, now: Timestamp) -> Decision<ConnectionId> {
    let connectivity = required(request.connectivity_type, "ConnectivityType")?;
    let (connectivity_type, connectivity, gateway_type) = *CONNECTIVITY_TYPES
        .iter()
        .find(|(name, ..)| name.eq_ignore_ascii_case(&connectivity) && *name != PERSONAL_GATEWAY)
        .ok_or_else(|| FabricError::invalid_input("ConnectivityType input is not supported for this API."))?;
    let display_name = required(request.display_name, "DisplayName")?;
    check_name(&display_name, CONNECTION_NAME_MAX)?;
    let over = |kind| gateway::find(state, request.gateway_id.as_deref(), kind, creator.id);
    let gateway = gateway_type.map(over).transpose()?;
    let privacy_level = choice("PrivacyLevel", request.privacy_level.as_deref(), PRIVACY_LEVELS)?
        .unwrap_or("Organizational")
        .to_owned();
    let details = request.details.ok_or_else(|| missing("ConnectionDetails"))?;
    let (kind, path) = check_details(details, connectivity)?;
    let credentials = request.credentials.ok_or_else(|| missing("CredentialDetails"))?;
    if credentials.credentials.is_none() {
        return Err(missing("Credentials"));
    }
    let defaults = CredentialSummary {
        credential_type: String::new(),
        single_sign_on_type: "None".into(),
        connection_encryption: "NotEncrypted".into(),
        skip_test_connection: false,
    };
    let credentials = check_credentials(credentials, kind, (connectivity, gateway), defaults)?;
    check_free(state, &display_name, None)?;
    if !credentials.skip_test_connection {
        gateway::check(gateway.and_then(gateway::fault_in), ErrorCode::CreateGatewayConnectionFailed)?;
        trouble::check_connection_test(state, None, (kind.name, &path), now)?;
    }
    if state.connections.len() >= CONNECTIONS_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {CONNECTIONS_MAX} connections.")));
    }
    let id = state.next_connection();
    let connection = Connection {
        id,
        display_name,
        connectivity_type: connectivity_type.into(),
        gateway_id: gateway.map(|gateway| gateway.id),
        kind: kind.name.into(),
        path,
        privacy_level,
        credentials,
        allow_usage_in_gateway: request.allow_usage_in_gateway.unwrap_or(false),
        allow_usage_in_user_controlled_code: request.allow_usage_in_user_controlled_code.unwrap_or(false),
        roles: Assignments::new(creator, ConnectionRole::Owner),
    };
    Ok((vec![Fact::ConnectionCreated(connection)], id))
}

/// Updates a connection. `None` leaves the current value unchanged. The connectivity type is required and
/// cannot be changed.
///
/// New credentials are tested, unless the request skips the test. The test fails only if the gateway of the connection is
/// offline or deleted, or if trouble makes it fail.
pub fn update(
    state: &State,
    id: ConnectionId,
    request: ConnectionRequest,
    caller: &Principal,
    now: Timestamp,
) -> Decision<()> {
    let mut connection = state.managed_connection(id, caller, ConnectionRole::Owner)?.clone();
    let connectivity = required(request.connectivity_type, "ConnectivityType")?;
    if !connectivity.eq_ignore_ascii_case(&connection.connectivity_type) {
        return Err(FabricError::invalid_input("ConnectivityType cannot be changed."));
    }
    if let Some(display_name) = request.display_name {
        check_name(&display_name, CONNECTION_NAME_MAX)?;
        check_free(state, &display_name, Some(id))?;
        connection.display_name = display_name;
    }
    if let Some(level) = choice("PrivacyLevel", request.privacy_level.as_deref(), PRIVACY_LEVELS)? {
        connection.privacy_level = level.into();
    }
    if let Some(credentials) = request.credentials {
        let row = CONNECTIVITY_TYPES.iter().find(|(name, ..)| *name == connection.connectivity_type);
        let kind = row.and_then(|(_, connectivity, _)| Some((connectivity.find(&connection.kind)?, *connectivity)));
        let Some((kind, connectivity)) = kind else {
            return Err(FabricError::invalid_input(
                "The credentials of this connection cannot be updated by this API.",
            ));
        };
        let is_tested = credentials.credentials.is_some() && credentials.skip_test_connection != Some(true);
        if is_tested {
            gateway::check(gateway::fault_of(state, &connection), ErrorCode::UpdateGatewayConnectionFailed)?;
        }
        let gateway = gateway::of(state, &connection);
        connection.credentials = check_credentials(credentials, kind, (connectivity, gateway), connection.credentials)?;
        if is_tested {
            trouble::check_connection_test(state, Some(id.into()), (kind.name, &connection.path), now)?;
        }
    }
    connection.allow_usage_in_gateway = request.allow_usage_in_gateway.unwrap_or(connection.allow_usage_in_gateway);
    connection.allow_usage_in_user_controlled_code =
        request.allow_usage_in_user_controlled_code.unwrap_or(connection.allow_usage_in_user_controlled_code);
    Ok((vec![Fact::ConnectionUpdated(connection)], ()))
}

/// Deletes a connection. The next start of each mirrored database that uses the connection fails.
pub fn delete(state: &State, id: ConnectionId, caller: &Principal) -> Decision<()> {
    state.managed_connection(id, caller, ConnectionRole::Owner)?;
    Ok((vec![Fact::ConnectionDeleted { id }], ()))
}

fn missing(field: &str) -> FabricError {
    FabricError::invalid_input(format!("The {field} field is required."))
}

fn required(value: Option<String>, field: &str) -> Result<String, FabricError> {
    value.ok_or_else(|| missing(field))
}

/// Returns the value of the enumeration `of` that equals `given` without regard to case, in the spelling of `of`.
fn choice(field: &str, given: Option<&str>, of: &[&'static str]) -> Result<Option<&'static str>, FabricError> {
    let Some(given) = given else { return Ok(None) };
    let found = of.iter().find(|name| name.eq_ignore_ascii_case(given));
    found.map(|name| Some(*name)).ok_or_else(|| {
        FabricError::invalid_input(format!("The value {given:?} of {field} is none of {}.", of.join(", ")))
    })
}

fn check_free(state: &State, name: &str, own: Option<ConnectionId>) -> Result<(), FabricError> {
    match state.connection_named(&Folded::new(name)) {
        Some(taken) if Some(taken) != own => Err(ErrorCode::DuplicateConnectionName.into()),
        _ => Ok(()),
    }
}

/// Rejects connection details that do not match a connection type. Returns the type, and the path that the service
/// builds from the parameters.
fn check_details(
    details: DetailsRequest,
    connectivity: Connectivity,
) -> Result<(&'static ConnectionType, String), FabricError> {
    let kind = required(details.kind, "Type")?;
    let method = required(details.creation_method, "CreationMethod")?;
    let invalid = |message: String| {
        FabricError::new(ErrorCode::InvalidConnectionDetails).detail(ErrorCode::InvalidParameter, message)
    };
    let kind = connectivity.find(&kind).ok_or_else(|| {
        invalid(format!(
            "The connection type {kind:?} is not supported; see GET /v1/connections/supportedConnectionTypes."
        ))
    })?;
    let methods = kind.creation_methods();
    let known = methods.iter().find(|known| known.name.eq_ignore_ascii_case(&method)).ok_or_else(|| {
        let names = methods.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
        invalid(format!("The creation method {method:?} is not supported for {}; supported: {names}.", kind.name))
    })?;
    let mut values: Vec<(&'static str, Value)> = Vec::new();
    for given in details.parameters {
        let name = required(given.name, "Name")?;
        let Some(known) = known.parameters.iter().find(|known| known.name.eq_ignore_ascii_case(&name)) else {
            return Err(invalid(format!("The creation method {method} has no parameter {name:?}.")));
        };
        let data_type =
            choice("DataType", given.data_type.as_deref(), DATA_TYPES)?.ok_or_else(|| missing("DataType"))?;
        if data_type != known.data_type {
            return Err(invalid(format!(
                "The parameter {name:?} is of the data type {}, not {data_type}.",
                known.data_type
            )));
        }
        if values.iter().any(|(given, _)| *given == known.name) {
            return Err(invalid(format!("The parameter {name:?} is given twice.")));
        }
        if given.value.as_ref().and_then(Value::as_str).is_some_and(|text| text.chars().count() > PARAMETER_MAX) {
            return Err(invalid(format!("The parameter {name:?} has more than {PARAMETER_MAX} characters.")));
        }
        let value = given.value.filter(|value| known.accepts(value)).ok_or_else(|| {
            let allowed =
                known.allowed_values.iter().flatten().map(|value| value.unwrap_or("null")).collect::<Vec<_>>();
            let allowed = if allowed.is_empty() { String::new() } else { format!("; allowed: {}", allowed.join(", ")) };
            invalid(format!("The parameter {name:?} needs a value of the data type {data_type}{allowed}."))
        })?;
        values.push((known.name, value));
    }
    let given = |name: &str| values.iter().any(|(given, _)| *given == name);
    if let Some(missing) = known.parameters.iter().find(|known| known.required && !given(known.name)) {
        return Err(invalid(format!("The parameter {:?} of {method} is required.", missing.name)));
    }
    check_cosmos_db_host(kind, &values)?;
    values.sort_by_key(|(name, _)| known.parameters.iter().position(|known| known.name == *name));
    Ok((kind, kind.path(&values)))
}

/// Rejects the details of a Cosmos DB connection if the parameter `host` is not an https URL (guessed).
fn check_cosmos_db_host(kind: &ConnectionType, values: &[(&'static str, Value)]) -> Result<(), FabricError> {
    let host = values.iter().find(|(name, _)| *name == "host" && kind.name == COSMOS_DB);
    let host = host.and_then(|(_, value)| value.as_str());
    if host.is_none_or(|host| host.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())) {
        return Ok(());
    }
    let message = "The parameter \"host\" must be an https URL, such as https://account.documents.azure.com:443/.";
    Err(FabricError::new(ErrorCode::InvalidConnectionDetails).detail(ErrorCode::InvalidParameter, message))
}
