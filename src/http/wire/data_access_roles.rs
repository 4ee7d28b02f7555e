//! Bodies of OneLake data access roles.

use serde::{Deserialize, Serialize};

use crate::fabric::State;
use crate::fabric::item::Item;
use crate::fabric::item::data_access_role::DataAccessRole;
use crate::ids::DataAccessRoleId;

#[derive(Deserialize)]
pub(crate) struct SetDataAccessRoles {
    pub(crate) value: Option<Vec<DataAccessRole>>,
}

/// A role in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataAccessRoleListItem<'a> {
    id: DataAccessRoleId,
    e_tag: String,
    #[serde(flatten)]
    role: &'a DataAccessRole,
}

impl<'a> DataAccessRoleListItem<'a> {
    /// Creates the body of a role. Its id depends only on the item and on the name of the role.
    pub(crate) fn new(state: &State, item: &Item, role: &'a DataAccessRole, e_tag: String) -> Self {
        let seed = state.seed().fork(item.id.to_ascii()).fork(role.name.to_ascii_lowercase());
        Self { id: DataAccessRoleId::nth(seed, 0), e_tag, role }
    }
}
