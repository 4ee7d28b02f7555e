//! The uncommitted bytes of a tenant's files in OneLake.

use std::sync::PoisonError;

use super::Tenant;
use crate::content::Uploads;

impl Tenant {
    /// Returns the result of `change`, which reads or changes the uncommitted bytes under a lock.
    pub(crate) fn with_uploads<T>(&self, change: impl FnOnce(&mut Uploads) -> T) -> T {
        change(&mut self.uploads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
