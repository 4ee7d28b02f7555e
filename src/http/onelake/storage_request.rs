//! A storage request of an admitted caller, and what all its handlers need.

use axum::http::HeaderName;
use jiff::Timestamp;

use super::address::{Address, Query};
use super::body::Taken;
use super::reply::Reply;
use crate::content::UploadKey;
use crate::emulator::Emulator;
use crate::fabric::State;
use crate::fabric::onelake::{
    self, Conditions, ItemPath, StorageCode, StorageDecision, StorageError, Tags, Target, TargetName,
};
use crate::fabric::principal::Principal;
use crate::http::exchange::Arrived;
use crate::ids::ItemId;

/// A storage request of an admitted caller.
pub(super) struct StorageRequest<'a> {
    pub(super) emulator: &'a Emulator,
    pub(super) arrived: &'a Arrived,
    pub(super) caller: Principal,
    pub(super) address: &'a Address,
    pub(super) query: &'a Query,
    pub(super) taken: Taken,
}

/// What a response says about a path: its entity tag, and the instant of its last change.
#[derive(Debug, Clone)]
pub(super) struct PathStamp {
    pub(super) etag: String,
    pub(super) modified: Timestamp,
}

impl PathStamp {
    /// Adds the stamp to a response.
    pub(super) fn on(&self, reply: Reply) -> Reply {
        reply.stamped(&self.etag, self.modified)
    }
}

impl StorageRequest<'_> {
    /// Returns the instant of the request.
    pub(super) fn now(&self) -> Timestamp {
        self.arrived.stamp.now
    }

    /// Returns a header as text. An empty header counts as absent.
    pub(super) fn header(&self, name: &'static str) -> Option<&str> {
        let value = self.arrived.parts.headers.get(HeaderName::from_static(name))?.to_str().ok()?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns the conditions of the request.
    pub(super) fn conditions(&self) -> Conditions {
        Conditions {
            if_match: self.header("if-match").map(Tags::parse),
            if_none_match: self.header("if-none-match").map(Tags::parse),
        }
    }

    /// Returns the path of the request.
    pub(super) fn path(&self) -> Result<&ItemPath, StorageError> {
        self.address.path.as_ref().map_err(Clone::clone)
    }

    /// Returns the names of an address.
    ///
    /// # Errors
    ///
    /// `BadRequest` for an address without an item (seen).
    fn names(address: &Address) -> Result<TargetName<'_>, StorageError> {
        match (&address.workspace, &address.item) {
            (Some(workspace), Some(item)) => Ok(TargetName { workspace, item }),
            _ => Err(StorageCode::BadRequest.into()),
        }
    }

    /// Returns the result of `look`, which reads the item of an address.
    pub(super) fn read<T>(
        &self,
        address: &Address,
        look: impl FnOnce(Target<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let names = Self::names(address)?;
        self.arrived.tenant.read(|state| look(onelake::resolve(state, self.caller, names, self.now())?))
    }

    /// Records the facts of a decision about the item of the request, and returns the stamp of a path afterwards; that of
    /// the decision's instant if there is no such path.
    pub(super) fn commit(
        &self,
        path: &ItemPath,
        decide: impl Fn(&State, Target<'_>) -> StorageDecision,
    ) -> Result<PathStamp, StorageError> {
        let names = Self::names(self.address)?;
        let commit = || {
            self.arrived.tenant.commit_then(
                self.now(),
                |state, now| match self.resolve(state, names, now).and_then(|target| decide(state, target)) {
                    Ok(facts) => Ok((facts, Ok(now))),
                    Err(refusal) => Ok((Vec::new(), Err(refusal))),
                },
                |state, outcome: Result<Timestamp, StorageError>| {
                    let now = outcome?;
                    let target = self.resolve(state, names, now)?;
                    let node = target.tree().get(path);
                    let (etag, modified) =
                        node.map_or_else(|| (onelake::etag(0), now), |node| (node.etag(), node.modified));
                    Ok(PathStamp { etag, modified })
                },
            )
        };
        match commit() {
            // Nothing was recorded, so the decision can be made again.
            Err(refusal) if refusal.code() == crate::fabric::ErrorCode::MemoryFull && self.emulator.free_memory() => {
                commit()?
            }
            done => done?,
        }
    }

    fn resolve<'s>(&self, state: &'s State, names: TargetName<'_>, now: Timestamp) -> Result<Target<'s>, StorageError> {
        onelake::resolve(state, self.caller, names, now)
    }

    /// Returns the id of the item of the request.
    pub(super) fn item_id(&self) -> Result<ItemId, StorageError> {
        self.read(self.address, |target| Ok(target.item.id))
    }

    /// Returns the key of the uncommitted bytes of the path of the request.
    pub(super) fn upload_key(&self) -> Result<UploadKey, StorageError> {
        Ok((self.item_id()?, self.path()?.clone()))
    }

    /// Returns the content type of a file in the request.
    pub(super) fn content_type(&self, names: &[&'static str]) -> Option<String> {
        names.iter().find_map(|name| self.header(name)).map(str::to_owned)
    }

    /// Returns the names of headers that have no effect, for `x-ms-rejected-headers` (documented).
    pub(super) fn rejected_headers(&self) -> Option<String> {
        const INERT: [&str; 6] =
            ["x-ms-owner", "x-ms-group", "x-ms-permissions", "x-ms-acl", "x-ms-encryption-scope", "x-ms-access-tier"];
        let given: Vec<&str> =
            INERT.into_iter().filter(|name| self.arrived.parts.headers.contains_key(*name)).collect();
        (!given.is_empty()).then(|| given.join(","))
    }
}
