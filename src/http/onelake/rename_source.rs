//! The sources of renames and copies, in all the forms that clients send.

use super::address::Address;
use super::storage_request::StorageRequest;
use crate::fabric::onelake::{StorageCode, StorageError};

/// Returns the address in a header with the source of a rename or a copy: a path from the workspace on, or a URL of a host
/// of OneLake. It can be percent-encoded, and can have a query.
///
/// # Errors
///
/// `InvalidSourceUri`.
pub(super) fn source(request: &StorageRequest<'_>, value: &str) -> Result<Address, StorageError> {
    let invalid = || StorageError::from(StorageCode::InvalidSourceUri);
    let address = Address::of_source(&request.arrived.parts, value).ok_or_else(invalid)?;
    let names_path = address.workspace.is_some() && address.item.is_some();
    if names_path && address.path.as_ref().is_ok_and(|path| !path.is_root()) { Ok(address) } else { Err(invalid()) }
}
