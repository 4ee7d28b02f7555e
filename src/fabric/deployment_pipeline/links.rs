//! The pairs of items in adjacent stages, and the last deployments of items.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::ItemId;

/// A neighbour of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neighbour {
    /// The stage before it.
    Previous,
    /// The stage after it.
    Next,
}

impl Neighbour {
    /// Both neighbours.
    pub const BOTH: [Self; 2] = [Self::Previous, Self::Next];

    /// Returns the order of the neighbour of a stage. The neighbour may not exist.
    pub fn of(self, order: usize) -> Option<usize> {
        match self {
            Self::Previous => order.checked_sub(1),
            Self::Next => order.checked_add(1),
        }
    }
}

/// The pairs of all deployment pipelines. A workspace is in at most one stage, so that an item has at most one pair in
/// each neighbour of its stage.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::fabric) struct Links {
    next: BTreeMap<ItemId, ItemId>,
    previous: BTreeMap<ItemId, ItemId>,
    deployed: BTreeMap<ItemId, Timestamp>,
}

impl Links {
    /// Returns the pair of an item in a neighbour of its stage.
    pub(super) fn get(&self, item: ItemId, neighbour: Neighbour) -> Option<ItemId> {
        match neighbour {
            Neighbour::Previous => self.previous.get(&item).copied(),
            Neighbour::Next => self.next.get(&item).copied(),
        }
    }

    /// Returns the instant at which the last deployment to an item ends.
    pub(super) fn deployed(&self, item: ItemId) -> Option<Timestamp> {
        self.deployed.get(&item).copied()
    }

    /// Pairs an item with one in the following stage. Earlier pairs of the two are dropped.
    pub(super) fn pair(&mut self, item: ItemId, following: ItemId) {
        if let Some(before) = self.next.insert(item, following) {
            self.previous.remove(&before);
        }
        if let Some(before) = self.previous.insert(following, item) {
            self.next.remove(&before);
        }
    }

    /// Records a deployment to an item.
    pub(super) fn record(&mut self, item: ItemId, at: Timestamp) {
        self.deployed.insert(item, at);
    }

    /// Drops the pairs and the last deployment of an item.
    pub(super) fn forget(&mut self, item: ItemId) {
        if let Some(following) = self.next.remove(&item) {
            self.previous.remove(&following);
        }
        if let Some(preceding) = self.previous.remove(&item) {
            self.next.remove(&preceding);
        }
        self.deployed.remove(&item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn item_has_one_pair_in_each_direction() {
        let [a, b, c, d] = [1, 2, 3, 4].map(|n| ItemId::nth(Seed::new(1), n));
        let mut links = Links::default();
        let check = |links: &Links, pairs: &[(ItemId, ItemId)]| {
            let next = pairs.iter().copied().collect();
            let previous = pairs.iter().map(|(item, following)| (*following, *item)).collect();
            assert_eq!((&links.next, &links.previous), (&next, &previous));
        };
        links.pair(a, b);
        links.pair(a, b);
        check(&links, &[(a, b)]);
        links.pair(b, c);
        check(&links, &[(a, b), (b, c)]);
        links.pair(a, d);
        check(&links, &[(a, d), (b, c)]);
        links.pair(b, d);
        check(&links, &[(b, d)]);
        links.forget(d);
        check(&links, &[]);
    }
}
