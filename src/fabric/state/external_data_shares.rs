//! External data shares.

use crate::fabric::State;
use crate::fabric::external_data_share::ExternalDataShare;
use crate::fabric::ordered::Ordered;
use crate::ids::ExternalDataShareId;

impl State {
    /// Returns the external data shares, in order of creation.
    pub fn external_data_shares(&self) -> &Ordered<ExternalDataShareId, ExternalDataShare> {
        &self.external_data_shares
    }

    pub(super) fn create_share(&mut self, share: ExternalDataShare) {
        self.counts.external_data_shares += 1;
        self.external_data_shares.insert(share.id, share);
    }

    pub(super) fn with_share(&mut self, id: ExternalDataShareId, change: impl FnOnce(&mut ExternalDataShare)) {
        if let Some(share) = self.external_data_shares.get_mut(&id) {
            change(share);
        }
    }
}
