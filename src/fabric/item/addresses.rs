//! Addresses of items on the service's hosts.

use super::Item;
use crate::fabric::workspace::Workspace;
use crate::ids::{ItemId, WorkspaceId};

/// Returns `properties.oneLakeTablesPath` of a mirrored database. Responses include this property once the SQL endpoint
/// is visible.
pub fn one_lake_tables_path(workspace: &Workspace, item: &Item) -> String {
    format!("https://onelake.dfs.fabric.microsoft.com/{}/{}/Tables", workspace.id, item.id)
}

/// Returns the host of a SQL endpoint: the ids of the workspace and of the endpoint in base 32. The host has the same
/// length as SQL endpoint hosts in Fabric (docs/fidelity.md#sql-endpoints).
pub fn sql_endpoint_host(workspace: WorkspaceId, endpoint: ItemId) -> String {
    format!("{}-{}.datawarehouse.fabric.microsoft.com", base32(workspace.as_u128()), base32(endpoint.as_u128()))
}

/// Returns the query host of an eventhouse, with 18 base-36 digits from the id. The host has the same length as query
/// hosts in Fabric.
pub fn query_host(eventhouse: ItemId) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest = eventhouse.as_u128();
    let digits = std::iter::repeat_with(|| {
        let digit = char::from(DIGITS[(rest % 36) as usize]);
        rest /= 36;
        digit
    });
    format!("trd-{}.z5.kusto.fabric.microsoft.com", digits.take(18).collect::<String>())
}

/// Encodes 128 bits as 26 base-32 digits.
pub(super) fn base32(bits: u128) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    (0..26).rev().map(|n| char::from(DIGITS[((bits >> (5 * n)) & 31) as usize])).collect()
}
