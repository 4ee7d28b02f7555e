//! Declared connections: connections that the API cannot make, such as those with an organizational account or with a
//! gateway of the portal.

use serde::{Deserialize, Serialize};

use super::role::ConnectionRole;
use super::types::Connectivity;
use super::{
    CONNECTIONS_MAX, CREDENTIALS, Connection, CredentialSummary, ENCRYPTIONS, PARAMETER_MAX, PRIVACY_LEVELS,
    SINGLE_SIGN_ON_TYPES, check_free, choice,
};
use crate::fabric::assignments::{Assignments, DeclaredRole};
use crate::fabric::name::{CONNECTION_NAME_MAX, check_name};
use crate::fabric::{Decision, FabricError, Fact, State};
use crate::ids::{ConnectionId, GatewayId};

/// The connectivity types of connections, those of the portal included.
const CONNECTIVITY_TYPES: &[&str] = &[
    "ShareableCloud",
    "PersonalCloud",
    "OnPremisesGateway",
    "OnPremisesGatewayPersonal",
    "VirtualNetworkGateway",
    "StreamingVirtualNetworkGateway",
];
/// The credential type of organizational accounts, which the API does not accept.
const ORGANIZATIONAL_ACCOUNT: &str = "OAuth2";

/// A connection, as the control interface accepts it. Its members are those that the API returns.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectionDeclaration {
    /// The name, unique in the tenant without regard to case.
    pub display_name: String,
    /// The connectivity type; `ShareableCloud` if it is missing.
    pub connectivity_type: Option<String>,
    /// The privacy level; `Organizational` if it is missing.
    pub privacy_level: Option<String>,
    /// The connection type and the path.
    pub connection_details: DeclaredDetails,
    /// The credentials, without secrets.
    pub credential_details: DeclaredCredentials,
    /// The id of the gateway.
    pub gateway_id: Option<String>,
    /// The role assignments. If the member is missing, everybody in the tenant has the role `User`.
    pub roles: Option<Vec<DeclaredRole<ConnectionRole>>>,
}

/// The type and path of a declared connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredDetails {
    /// The connection type.
    pub r#type: String,
    /// The path, in the format of the service.
    pub path: String,
}

/// The credentials of a declared connection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclaredCredentials {
    /// The type of the credentials.
    pub credential_type: String,
    /// The type of single sign-on.
    pub single_sign_on_type: Option<String>,
    /// The encryption of the connection.
    pub connection_encryption: Option<String>,
    /// `true` if the test of the connection was skipped.
    #[serde(default)]
    pub skip_test_connection: bool,
}

/// Adds a connection, or replaces the connection with the same id.
pub fn declare(state: &State, id: ConnectionId, declared: ConnectionDeclaration) -> Decision<()> {
    check_name(&declared.display_name, CONNECTION_NAME_MAX)?;
    check_free(state, &declared.display_name, Some(id))?;
    if state.find_connection(id).is_none() && state.connections.len() >= CONNECTIONS_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {CONNECTIONS_MAX} connections.")));
    }
    let DeclaredDetails { r#type: kind, path } = declared.connection_details;
    let connectivities = [Connectivity::Cloud, Connectivity::OnPremisesGateway, Connectivity::VirtualNetworkGateway];
    if connectivities.iter().all(|connectivity| connectivity.find(&kind).is_none()) {
        return Err(FabricError::invalid_input(format!("The connection type {kind:?} is not known.")));
    }
    if path.chars().count() > PARAMETER_MAX {
        return Err(FabricError::invalid_input(format!("The path has more than {PARAMETER_MAX} characters.")));
    }
    let gateway_id = declared.gateway_id.map(|id| id.parse::<GatewayId>()).transpose();
    let gateway_id = gateway_id.map_err(|_| FabricError::invalid_input("gatewayId is not a GUID."))?;
    let of = |field, given: Option<String>, of, default: &'static str| -> Result<String, FabricError> {
        Ok(choice(field, given.as_deref(), of)?.unwrap_or(default).to_owned())
    };
    let connection = Connection {
        id,
        display_name: declared.display_name,
        connectivity_type: of("connectivityType", declared.connectivity_type, CONNECTIVITY_TYPES, "ShareableCloud")?,
        gateway_id,
        kind,
        path,
        privacy_level: of("privacyLevel", declared.privacy_level, PRIVACY_LEVELS, "Organizational")?,
        credentials: credentials(declared.credential_details)?,
        allow_usage_in_gateway: false,
        allow_usage_in_user_controlled_code: false,
        roles: Assignments::declared(declared.roles, ConnectionRole::User)?,
    };
    Ok((vec![Fact::ConnectionDeclared(connection)], ()))
}

fn credentials(declared: DeclaredCredentials) -> Result<CredentialSummary, FabricError> {
    let mut types: Vec<&'static str> = CREDENTIALS.iter().map(|(name, _)| *name).collect();
    types.push(ORGANIZATIONAL_ACCOUNT);
    let chosen = |field, given: Option<&str>, of: &[&'static str], default: &'static str| {
        choice(field, given, of).map(|found| found.unwrap_or(default).to_owned())
    };
    let DeclaredCredentials { credential_type, single_sign_on_type, connection_encryption, skip_test_connection } =
        declared;
    Ok(CredentialSummary {
        credential_type: chosen("credentialType", Some(&credential_type), &types, ORGANIZATIONAL_ACCOUNT)?,
        single_sign_on_type: chosen("singleSignOnType", single_sign_on_type.as_deref(), SINGLE_SIGN_ON_TYPES, "None")?,
        connection_encryption: chosen(
            "connectionEncryption",
            connection_encryption.as_deref(),
            ENCRYPTIONS,
            "NotEncrypted",
        )?,
        skip_test_connection,
    })
}
