//! Integrity of a state: rules that all states of the emulator follow, and that functions rely on.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::fabric::State;
use crate::fabric::workspace::Workspace;
use crate::fabric::workspaces::{Items, Workspaces};

impl State {
    /// Returns an error if folders or items contain each other, or if more ids were issued than a tenant can issue.
    ///
    /// # Errors
    ///
    /// The workspace in which they do, or the count.
    pub fn check_integrity(&self) -> Result<(), String> {
        /// The maximum number of ids of a type. No tenant reaches it.
        const ISSUED_MAX: u64 = 1 << 62;
        let issued = self.largest_count();
        if issued > ISSUED_MAX {
            return Err(format!("{issued} ids of a type were issued: at most {ISSUED_MAX} were expected"));
        }
        match self.workspaces().values().find(|workspace| has_circle(workspace)) {
            Some(workspace) => Err(format!("folders or items of the workspace {} contain each other", workspace.id)),
            None => Ok(()),
        }
    }

    /// Returns `true` if the indexes of the state equal those of a walk over it.
    pub fn is_indexed(&self) -> bool {
        let is_indexed = |workspace: &Workspace| Items::from(workspace.items().clone()) == workspace.items;
        self.workspaces().values().all(is_indexed)
            && Workspaces::from(self.workspaces().clone()) == self.workspaces
            && self.operations().is_indexed()
    }
}

fn has_circle(workspace: &Workspace) -> bool {
    let folders = workspace.folders.values().filter_map(|folder| Some((folder.id, folder.parent?)));
    let recoverable = workspace.recoverable.values().map(|it| &*it.item);
    let items = workspace.items().values().chain(recoverable).filter_map(|item| Some((item.id, item.parent?)));
    is_circular(&folders.collect()) || is_circular(&items.collect())
}

/// Returns `true` if a chain of parents has no end. The map contains the parent of each node that has one.
fn is_circular<T: Hash + Eq + Copy>(parents: &HashMap<T, T>) -> bool {
    // The nodes that are known to have an end above them. Each node is visited once.
    let mut ended: HashSet<T> = HashSet::new();
    for start in parents.keys() {
        let mut chain = HashSet::new();
        let mut next = Some(*start);
        while let Some(node) = next.filter(|node| !ended.contains(node)) {
            if !chain.insert(node) {
                return true;
            }
            next = parents.get(&node).copied();
        }
        ended.extend(chain);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found() {
        let check = |parents: &[(u8, u8)], expected: bool| {
            assert_eq!(is_circular(&parents.iter().copied().collect()), expected, "{parents:?}");
        };
        check(&[], false);
        check(&[(1, 2), (2, 3), (4, 3)], false);
        check(&[(1, 1)], true);
        check(&[(1, 2), (2, 3), (3, 1)], true);
        check(&[(4, 1), (1, 2), (2, 1)], true);
    }

    #[test]
    fn long_chains_are_checked_in_one_pass() {
        const LENGTH: u32 = 200_000;
        let mut chain: HashMap<u32, u32> = (0..LENGTH).map(|node| (node, node + 1)).collect();
        assert!(!is_circular(&chain));
        chain.insert(LENGTH, 0);
        assert!(is_circular(&chain));
    }
}
