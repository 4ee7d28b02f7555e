//! The networking policies of a workspace: access from and to public networks, and the exceptions. They are kept and
//! shown, but have no effect, because the emulator has no networks (docs/fidelity.md#networking).

use std::net::IpAddr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::fabric::name::{NAME_MAX, check_name};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact};
use crate::ids::{GatewayId, WorkspaceId};

/// The maximum number of firewall rules of a workspace (documented).
pub const FIREWALL_RULES_MAX: usize = 256;
/// The maximum length of the name of a firewall rule, in characters (documented).
pub const FIREWALL_NAME_MAX: usize = 128;
/// The maximum number of rules, or of exceptions in one rule, of every other policy (guessed).
pub const RULES_MAX: usize = 256;
/// The maximum length of a host name pattern, or of the id of an Azure resource, in characters (guessed).
pub const RESOURCE_MAX: usize = 2_048;

/// What a policy does with everything that its rules do not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DefaultAction {
    /// The access is allowed.
    #[default]
    Allow,
    /// The access is denied.
    Deny,
}

/// The networking policies of a workspace. A new workspace allows everything.
///
/// Each policy has the members that Fabric's API describes, so that it can be stored as it was set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Networking {
    communication: CommunicationPolicy,
    outbound_connections: OutboundConnections,
    outbound_gateways: OutboundGateways,
    outbound_git: OutboundGit,
    inbound_azure_resources: InboundAzureResources,
    inbound_external_data_shares: InboundExternalDataShares,
    inbound_firewall: InboundFirewall,
}

/// A policy of [`Networking`]. Setting a policy replaces all of it; members that are not given have their defaults.
pub trait Policy: Serialize + DeserializeOwned + PartialEq {
    /// `true` if the policy can be read only while the workspace denies outbound access.
    const READ_NEEDS_DENIAL: bool = false;
    /// `true` if the policy can be set only while the workspace denies outbound access.
    const SET_NEEDS_DENIAL: bool = false;

    /// Returns the policy of a workspace.
    fn of(networking: &Networking) -> &Self;

    /// Returns the policy of a workspace, to replace it.
    fn of_mut(networking: &mut Networking) -> &mut Self;

    /// Rejects a policy that cannot be set.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` for a value that is not valid, too long, or one too many.
    fn check(&self) -> Result<(), FabricError> {
        Ok(())
    }
}

/// Returns a policy of a workspace.
pub fn policy<P: Policy>(workspace: &Workspace) -> Result<&P, FabricError> {
    let networking = workspace.networking();
    if P::READ_NEEDS_DENIAL {
        networking.check_denial(workspace)?;
    }
    Ok(P::of(networking))
}

/// Sets a policy of a workspace. `is_current` is the condition of the request on the policy that it replaces.
pub fn set<P: Policy>(workspace: &Workspace, policy: P, is_current: impl FnOnce(&P) -> bool) -> Decision<()> {
    workspace.check_shared()?;
    let before = workspace.networking();
    if P::SET_NEEDS_DENIAL {
        before.check_denial(workspace)?;
    }
    if !is_current(P::of(before)) {
        return Err(FabricError::new(ErrorCode::PreconditionFailed).about("Workspace", workspace.id));
    }
    policy.check()?;
    if *P::of(before) == policy {
        return Ok((Vec::new(), ()));
    }
    let mut networking = before.clone();
    *P::of_mut(&mut networking) = policy;
    Ok((vec![Fact::NetworkingChanged { workspace: workspace.id, networking: Box::new(networking) }], ()))
}

/// The policies of a workspace that denies inbound or outbound access, as the list for administrators shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Protection<'a> {
    workspace_id: WorkspaceId,
    inbound: &'a Direction,
    outbound: OutboundProtection<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct OutboundProtection<'a> {
    public_access_rules: &'a PublicAccess,
    connections: &'a OutboundConnections,
    gateways: &'a OutboundGateways,
    git: &'a OutboundGit,
}

impl<'a> Protection<'a> {
    /// Returns the policies of a workspace; `None` if it allows all access.
    pub fn of(workspace: &'a Workspace) -> Option<Self> {
        let Networking { communication, outbound_connections, outbound_gateways, outbound_git, .. } =
            workspace.networking();
        let CommunicationPolicy { inbound, outbound } = communication;
        let denies = |direction: &Direction| direction.public_access_rules.default_action == DefaultAction::Deny;
        (denies(inbound) || denies(outbound)).then_some(Self {
            workspace_id: workspace.id,
            inbound,
            outbound: OutboundProtection {
                public_access_rules: &outbound.public_access_rules,
                connections: outbound_connections,
                gateways: outbound_gateways,
                git: outbound_git,
            },
        })
    }
}

impl Networking {
    /// Rejects a workspace that does not restrict outbound access. Such a workspace has no outbound rules (documented; the
    /// code is guessed).
    fn check_denial(&self, workspace: &Workspace) -> Result<(), FabricError> {
        match self.communication.outbound.public_access_rules.default_action {
            DefaultAction::Deny => Ok(()),
            DefaultAction::Allow => Err(FabricError::new(ErrorCode::InvalidRequest)
                .message("Outbound access protection is not enabled for the workspace.")
                .about("Workspace", workspace.id)),
        }
    }
}

/// Implements [`Policy`] for the type of a member of [`Networking`].
macro_rules! policy {
    ($type:ident = $member:ident { $($rest:tt)* }) => {
        impl Policy for $type {
            fn of(networking: &Networking) -> &Self {
                &networking.$member
            }

            fn of_mut(networking: &mut Networking) -> &mut Self {
                &mut networking.$member
            }

            $($rest)*
        }
    };
}

/// The access of public networks to the workspace, and its access to public networks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CommunicationPolicy {
    inbound: Direction,
    outbound: Direction,
}

policy!(CommunicationPolicy = communication {});

/// The access in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Direction {
    public_access_rules: PublicAccess,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PublicAccess {
    default_action: DefaultAction,
}

/// The types of cloud connections that the workspace may use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutboundConnections {
    default_action: DefaultAction,
    rules: Vec<ConnectionRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionRule {
    connection_type: String,
    #[serde(default)]
    default_action: DefaultAction,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allowed_endpoints: Vec<AllowedEndpoint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allowed_workspaces: Vec<AllowedWorkspace>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllowedEndpoint {
    hostname_pattern: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllowedWorkspace {
    workspace_id: WorkspaceId,
}

policy!(OutboundConnections = outbound_connections {
    const READ_NEEDS_DENIAL: bool = true;
    const SET_NEEDS_DENIAL: bool = true;

    fn check(&self) -> Result<(), FabricError> {
        check_count("rules", self.rules.len(), RULES_MAX)?;
        for rule in &self.rules {
            check_name(&rule.connection_type, NAME_MAX)?;
            check_count("allowedEndpoints", rule.allowed_endpoints.len(), RULES_MAX)?;
            check_count("allowedWorkspaces", rule.allowed_workspaces.len(), RULES_MAX)?;
            for endpoint in &rule.allowed_endpoints {
                check_text("hostnamePattern", &endpoint.hostname_pattern, RESOURCE_MAX)?;
            }
        }
        check_unique("connectionType", self.rules.iter().map(|rule| &rule.connection_type))
    }
});

/// The gateways that the workspace may use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutboundGateways {
    default_action: DefaultAction,
    allowed_gateways: Vec<AllowedGateway>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct AllowedGateway {
    id: GatewayId,
}

policy!(OutboundGateways = outbound_gateways {
    const READ_NEEDS_DENIAL: bool = true;
    const SET_NEEDS_DENIAL: bool = true;

    fn check(&self) -> Result<(), FabricError> {
        check_count("allowedGateways", self.allowed_gateways.len(), RULES_MAX)
    }
});

/// The access of the workspace to Git, while it denies other outbound access.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutboundGit {
    default_action: DefaultAction,
}

policy!(OutboundGit = outbound_git {
    const SET_NEEDS_DENIAL: bool = true;
});

/// The Azure resources that have access to the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InboundAzureResources {
    rules: Vec<AzureResourceRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AzureResourceRule {
    display_name: String,
    resource_id: String,
}

policy!(InboundAzureResources = inbound_azure_resources {
    fn check(&self) -> Result<(), FabricError> {
        check_count("rules", self.rules.len(), RULES_MAX)?;
        for rule in &self.rules {
            check_name(&rule.display_name, NAME_MAX)?;
            check_text("resourceId", &rule.resource_id, RESOURCE_MAX)?;
            if !is_azure_resource(&rule.resource_id) {
                let message = format!("The value {:?} of resourceId is not the id of an Azure resource.", rule.resource_id);
                return Err(FabricError::invalid_input(message));
            }
        }
        Ok(())
    }
});

/// The access of external data shares to the workspace, while it denies other inbound access.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InboundExternalDataShares {
    default_action: DefaultAction,
}

policy!(InboundExternalDataShares = inbound_external_data_shares {});

/// The IP addresses that have access to the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InboundFirewall {
    rules: Vec<FirewallRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FirewallRule {
    display_name: String,
    /// An address, a range such as `10.0.0.1-10.0.0.9`, or a CIDR block.
    value: String,
}

policy!(InboundFirewall = inbound_firewall {
    fn check(&self) -> Result<(), FabricError> {
        check_count("rules", self.rules.len(), FIREWALL_RULES_MAX)?;
        for rule in &self.rules {
            check_name(&rule.display_name, FIREWALL_NAME_MAX)?;
            if !is_address_or_range(&rule.value) {
                let message = format!("The value of the firewall rule {:?} is not an IP address, a range or a CIDR block.", rule.display_name);
                return Err(FabricError::invalid_input(message));
            }
        }
        check_unique("displayName", self.rules.iter().map(|rule| &rule.display_name))
    }
});

fn check_count(member: &str, count: usize, most: usize) -> Result<(), FabricError> {
    if count <= most {
        return Ok(());
    }
    Err(FabricError::invalid_input(format!("The member {member} has {count} elements; at most {most} are possible.")))
}

fn check_text(member: &str, text: &str, most: usize) -> Result<(), FabricError> {
    if !text.trim().is_empty() && text.chars().count() <= most {
        return Ok(());
    }
    Err(FabricError::invalid_input(format!("The member {member} is required, and has at most {most} characters.")))
}

fn check_unique<'a>(member: &str, values: impl Iterator<Item = &'a String>) -> Result<(), FabricError> {
    let mut values: Vec<String> = values.map(|value| value.to_lowercase()).collect();
    values.sort_unstable();
    match values.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => {
            Err(FabricError::invalid_input(format!("The value {:?} of {member} occurs more than once.", pair[0])))
        }
    }
}

/// Returns `true` for an id of the form `/subscriptions/…/resourceGroups/…/providers/…/…/…`.
pub(super) fn is_azure_resource(id: &str) -> bool {
    let segments: Vec<&str> = id.split('/').collect();
    let is = |index: usize, name: &str| segments.get(index).is_some_and(|segment| segment.eq_ignore_ascii_case(name));
    segments.len() >= 9
        && segments[1..].iter().all(|segment| !segment.is_empty())
        && segments[0].is_empty()
        && is(1, "subscriptions")
        && is(3, "resourceGroups")
        && is(5, "providers")
}

/// Returns `true` for an IP address, a range of addresses, or a CIDR block.
fn is_address_or_range(value: &str) -> bool {
    if let Some((first, last)) = value.split_once('-') {
        let parsed = (first.trim().parse::<IpAddr>(), last.trim().parse::<IpAddr>());
        return matches!(parsed, (Ok(first), Ok(last)) if first.is_ipv4() == last.is_ipv4() && first <= last);
    }
    let (address, bits) = value.split_once('/').map_or((value, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.trim().parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_ranges_and_blocks_are_told_apart_from_other_texts() {
        for value in ["12.34.56.78", "12.34.56.78-12.34.56.89", "12.34.56.0/24", "::1", "2001:db8::/32", "::1-::2"] {
            assert!(is_address_or_range(value), "{value}");
        }
        for value in ["", "x", "12.34.56", "2.0.0.0-1.0.0.0", "1.0.0.0-::1", "1.0.0.0/33", "1.0.0.0/", "1.0.0.0/x"] {
            assert!(!is_address_or_range(value), "{value}");
        }
    }

    #[test]
    fn azure_resources_have_provider_type_and_name() {
        for id in [
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/a",
            "/Subscriptions/s/resourcegroups/g/Providers/Microsoft.Sql/servers/a/databases/b",
        ] {
            assert!(is_azure_resource(id), "{id}");
        }
        for id in ["", "/subscriptions/s", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/", "a/b"]
        {
            assert!(!is_azure_resource(id), "{id}");
        }
    }
}
