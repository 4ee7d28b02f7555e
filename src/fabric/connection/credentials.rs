//! Credentials of connections: the members that each type requires. Their values are read only here, and never kept.

use serde_json::{Map, Value};

use super::types::{ConnectionType, Connectivity};
use super::{COSMOS_DB, CredentialRequest, CredentialSummary, ENCRYPTIONS, SINGLE_SIGN_ON_TYPES, choice, missing};
use crate::fabric::gateway::Gateway;
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::GatewayId;

/// Credential types that the API accepts, each with the groups of members that the type requires. Credentials must have
/// at least one member of each group.
pub(super) const CREDENTIALS: &[(&str, &[&[&str]])] = &[
    ("Anonymous", &[]),
    ("Basic", &[&["username"], &["password", "passwordReference"]]),
    ("Key", &[&["key", "keyReference"]]),
    ("KeyPair", &[&["identifier"], &["privateKey"]]),
    (
        "ServicePrincipal",
        &[&["tenantId"], &["servicePrincipalClientId"], &["servicePrincipalSecret", "servicePrincipalSecretReference"]],
    ),
    ("SharedAccessSignature", &[&["token", "tokenReference"]]),
    ("Windows", &[&["username"], &["password"]]),
    ("WindowsWithoutImpersonation", &[]),
    ("WorkspaceIdentity", &[]),
];

/// Returns the summary of credentials that are valid for a connection type and its gateway. Absent members keep their
/// values from `before`.
pub(super) fn check_credentials(
    request: CredentialRequest,
    kind: &ConnectionType,
    route: (Connectivity, Option<&Gateway>),
    before: CredentialSummary,
) -> Result<CredentialSummary, FabricError> {
    let credential_type = match request.credentials {
        Some(credentials) => check_secrets(&credentials, kind, route)?.to_owned(),
        None => before.credential_type,
    };
    let single_sign_on = choice("SingleSignOnType", request.single_sign_on_type.as_deref(), SINGLE_SIGN_ON_TYPES)?;
    let encryption = choice("ConnectionEncryption", request.connection_encryption.as_deref(), ENCRYPTIONS)?;
    // Every connection type accepts `Any`: the service then tries an encrypted connection first.
    if encryption.is_some_and(|asked| asked != "Any" && !kind.encryptions.contains(&asked)) {
        return Err(FabricError::invalid_input("The ConnectionEncryption input is not supported for this API"));
    }
    Ok(CredentialSummary {
        credential_type,
        single_sign_on_type: single_sign_on.map_or(before.single_sign_on_type, str::to_owned),
        connection_encryption: encryption.map_or(before.connection_encryption, str::to_owned),
        skip_test_connection: request.skip_test_connection.unwrap_or(before.skip_test_connection),
    })
}

/// Rejects credentials that lack a member that their type requires, and returns the type. The type `OAuth2` is not
/// accepted, because organizational accounts can be entered only in the portal.
fn check_secrets(
    credentials: &Map<String, Value>,
    kind: &ConnectionType,
    (connectivity, gateway): (Connectivity, Option<&Gateway>),
) -> Result<&'static str, FabricError> {
    let given = |name: &&str| credentials.get(*name).is_some_and(|value| !value.is_null() && value != "");
    let name = credentials.get("credentialType").and_then(Value::as_str).ok_or_else(|| missing("CredentialType"))?;
    let known =
        CREDENTIALS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name) && kind.credential_types.contains(known));
    let (name, groups) =
        known.ok_or_else(|| FabricError::invalid_input("The CredentialType input is not supported for this API"))?;
    if kind.name == COSMOS_DB && *name == "WorkspaceIdentity" {
        return Err(ErrorCode::DmtsUntrustedEndpointForWorkspaceIdentity.into());
    }
    // A gateway on premises accepts credentials only in encrypted form.
    let groups = match connectivity {
        Connectivity::Cloud | Connectivity::VirtualNetworkGateway => *groups,
        Connectivity::OnPremisesGatewayPersonal => &[ENCRYPTED],
        Connectivity::OnPremisesGateway if groups.is_empty() => &[],
        Connectivity::OnPremisesGateway => {
            check_values(credentials.get("values"), gateway)?;
            &[]
        }
    };
    match groups.iter().find(|group| !group.iter().any(given)) {
        None => Ok(name),
        Some(group) => Err(FabricError::new(ErrorCode::InvalidCredentialDetails).detail(
            ErrorCode::InvalidParameter,
            format!("Credentials of the type {name} need {}.", group.join(" or ")),
        )),
    }
}

/// The member that contains the encrypted credentials of one gateway.
const ENCRYPTED: &[&str] = &["encryptedCredentials"];

/// Rejects encrypted credentials that do not have one entry for each member of the gateway (the need of `values` was
/// seen, the need of each member is guessed).
fn check_values(values: Option<&Value>, gateway: Option<&Gateway>) -> Result<(), FabricError> {
    let invalid = |message: String| {
        FabricError::new(ErrorCode::InvalidCredentialDetails).detail(ErrorCode::InvalidParameter, message)
    };
    let values = values.and_then(Value::as_array).filter(|values| !values.is_empty());
    let values = values.ok_or_else(|| missing("Values"))?;
    let mut without: Vec<GatewayId> = gateway.into_iter().flat_map(Gateway::members).map(|member| member.id).collect();
    for value in values {
        let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let id = text("gatewayId").ok_or_else(|| missing("GatewayId"))?;
        text("encryptedCredentials").ok_or_else(|| missing("EncryptedCredentials"))?;
        let place = without.iter().position(|member| id.parse() == Ok(*member));
        let unknown = || invalid(format!("{id:?} is not a member of the gateway, or is given twice."));
        without.swap_remove(place.ok_or_else(unknown)?);
    }
    match without.first() {
        None => Ok(()),
        Some(id) => Err(invalid(format!("The credentials for the member {id} of the gateway are missing."))),
    }
}
