//! Uncommitted bytes of files: what was appended and not flushed, and blocks that are in no block list. They are state of
//! a session: they are in no fact, and a restart loses them.

use std::collections::{BTreeMap, HashMap};

use super::Part;
use crate::fabric::onelake::ItemPath;
use crate::ids::ItemId;

/// The maximum number of uncommitted parts of a tenant (documented for a blob of Azure Storage).
const PARTS_MAX: usize = 100_000;

/// A path of an item.
pub type UploadKey = (ItemId, ItemPath);

/// The uncommitted parts of all files of a tenant.
#[derive(Debug, Default)]
pub struct Uploads {
    files: HashMap<UploadKey, Pending>,
    parts: usize,
}

#[derive(Debug, Default)]
struct Pending {
    /// The appended parts, by their positions.
    appended: BTreeMap<u64, Part>,
    /// The blocks, by their ids.
    blocks: HashMap<String, Part>,
}

impl Uploads {
    /// Adds an appended part. It replaces one at the same position. Returns `false` if there are too many parts.
    #[must_use]
    pub fn append(&mut self, key: &UploadKey, position: u64, part: Part) -> bool {
        self.add(key, |pending| pending.appended.insert(position, part))
    }

    /// Adds a block. It replaces one with the same id. Returns `false` if there are too many parts.
    #[must_use]
    pub fn put_block(&mut self, key: &UploadKey, id: String, part: Part) -> bool {
        self.add(key, |pending| pending.blocks.insert(id, part))
    }

    fn add(&mut self, key: &UploadKey, add: impl FnOnce(&mut Pending) -> Option<Part>) -> bool {
        if self.parts >= PARTS_MAX {
            return false;
        }
        let replaced = add(self.files.entry(key.clone()).or_default());
        self.parts += usize::from(replaced.is_none());
        true
    }

    /// Returns the appended parts between two positions; `None` if they are not contiguous.
    pub fn appended(&self, key: &UploadKey, from: u64, to: u64) -> Option<Vec<Part>> {
        let (mut parts, mut position) = (Vec::new(), from);
        while position < to {
            let part = self.files.get(key)?.appended.get(&position)?;
            position += part.content.length;
            parts.push(part.clone());
        }
        (position == to).then_some(parts)
    }

    /// Returns the block with an id.
    pub fn block(&self, key: &UploadKey, id: &str) -> Option<Part> {
        self.files.get(key)?.blocks.get(id).cloned()
    }

    /// Returns the number of the uncommitted bytes of a file.
    pub fn size(&self, key: &UploadKey) -> u64 {
        let pending = self.files.get(key);
        let parts = pending.into_iter().flat_map(|it| it.appended.values().chain(it.blocks.values()));
        parts.map(|part| part.content.length).sum()
    }

    /// Removes the appended parts before a position.
    pub fn forget_before(&mut self, key: &UploadKey, position: u64) {
        let Some(pending) = self.files.get_mut(key) else { return };
        let kept = pending.appended.split_off(&position);
        self.parts -= std::mem::replace(&mut pending.appended, kept).len();
    }

    /// Removes all parts of a file.
    pub fn forget(&mut self, key: &UploadKey) {
        if let Some(pending) = self.files.remove(key) {
            self.parts -= pending.appended.len() + pending.blocks.len();
        }
    }

    /// Removes the parts of a path and of everything below it.
    pub fn forget_below(&mut self, item: ItemId, path: &ItemPath) {
        let is_gone = |key: &&UploadKey| key.0 == item && (key.1 == *path || key.1.is_below(path));
        let gone: Vec<UploadKey> = self.files.keys().filter(is_gone).cloned().collect();
        gone.iter().for_each(|key| self.forget(key));
    }
}
