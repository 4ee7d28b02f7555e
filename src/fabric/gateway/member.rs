//! The members of a gateway on premises: installations of the gateway that form a cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::role::GatewayRole;
use super::{Details, Gateway, OnPremises};
use crate::fabric::name::{GATEWAY_NAME_MAX, check_name};
use crate::fabric::principal::Principal;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::GatewayId;
use crate::seed::Seed;

/// The version of a gateway on premises (seen in November 2025).
pub const VERSION: &str = "3000.286.14";
/// The usual exponent of an RSA key, 65537, in Base64 (seen).
const EXPONENT: &str = "AQAB";
/// The length of the modulus of an RSA key, in bytes (seen).
const MODULUS_LENGTH: usize = 256;

/// A public key, with which clients encrypt the credentials of connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// The exponent, in Base64.
    pub exponent: String,
    /// The modulus, in Base64.
    pub modulus: String,
}

impl PublicKey {
    /// Returns the key of a member. It has the form of an RSA key of 2,048 bits, but nobody knows the private key.
    pub fn derived(seed: Seed, member: GatewayId) -> Self {
        let seed = seed.fork("gateway key").fork(member.to_ascii());
        let words = (0..MODULUS_LENGTH as u64 / 8).map(|n| seed.fork(n.to_le_bytes()).draw());
        let mut bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        // The modulus has its full length and is odd.
        bytes.first_mut().into_iter().for_each(|first| *first |= 0x80);
        bytes.last_mut().into_iter().for_each(|last| *last |= 1);
        Self { exponent: EXPONENT.to_owned(), modulus: STANDARD.encode(bytes) }
    }
}

/// A member of a gateway on premises, or a personal gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The id of the member.
    pub id: GatewayId,
    /// The display name of the member.
    pub display_name: String,
    /// The public key of the member.
    pub public_key: PublicKey,
    /// The version of the installed gateway.
    pub version: String,
    /// `true` if the member takes part in the cluster.
    pub is_enabled: bool,
    /// `true` if the service reaches the member.
    pub is_online: bool,
}

/// A change of a member. `None` leaves the current value unchanged.
#[derive(Debug, Clone, Default)]
pub struct MemberChange {
    /// The display name.
    pub display_name: Option<String>,
    /// `true` if the member takes part in the cluster.
    pub is_enabled: Option<bool>,
}

impl Gateway {
    /// Returns the members of the gateway. Rejects gateways without members.
    pub fn cluster(&self) -> Result<&[Member], FabricError> {
        let members = self.members();
        if members.is_empty() { Err(self.unsupported()) } else { Ok(members) }
    }

    /// Returns a member of the gateway.
    pub fn member(&self, id: GatewayId) -> Result<&Member, FabricError> {
        self.cluster()?.iter().find(|member| member.id == id).ok_or_else(|| no_member(id))
    }
}

fn no_member(id: GatewayId) -> FabricError {
    FabricError::new(ErrorCode::EntityNotFound).about("GatewayMember", id)
}

/// Changes a member of a gateway on premises, and returns it.
pub fn update(
    state: &State,
    id: GatewayId,
    member: GatewayId,
    change: MemberChange,
    caller: Principal,
) -> Decision<Member> {
    let mut gateway = state.gateway_for(id, caller, GatewayRole::Admin)?.clone();
    let mut changed = gateway.member(member)?.clone();
    if let Some(name) = change.display_name {
        check_name(&name, GATEWAY_NAME_MAX)?;
        changed.display_name = name;
    }
    changed.is_enabled = change.is_enabled.unwrap_or(changed.is_enabled);
    if let Details::OnPremises(OnPremises { members, .. }) = &mut gateway.details {
        members.iter_mut().filter(|known| known.id == member).for_each(|known| known.clone_from(&changed));
    }
    Ok((vec![Fact::GatewayUpdated(gateway)], changed))
}

/// Deletes a member of a gateway on premises. The deletion of the last member, which is the primary one, deletes the
/// gateway (guessed).
pub fn delete(state: &State, id: GatewayId, member: GatewayId, caller: Principal) -> Decision<()> {
    let mut gateway = state.gateway_for(id, caller, GatewayRole::Admin)?.clone();
    gateway.member(member)?;
    match &mut gateway.details {
        Details::OnPremises(OnPremises { members, .. }) if members.len() > 1 => {
            if member == id {
                return Err(FabricError::new(ErrorCode::CannotDeletePrimaryGatewayIfClusterMemberExists)
                    .about("GatewayMember", member));
            }
            members.retain(|known| known.id != member);
            Ok((vec![Fact::GatewayUpdated(gateway)], ()))
        }
        _ => Ok((vec![Fact::GatewayDeleted { id }], ())),
    }
}
