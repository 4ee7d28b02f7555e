//! A draft: changes to a workspace that are decided one after the other, and recorded together. Each is decided on the
//! state after all previous changes.

use jiff::Timestamp;

use crate::fabric::folder;
use crate::fabric::item::{Item, delete, relocate};
use crate::fabric::operation::{OperationError, PendingResult};
use crate::fabric::workspace::Workspace;
use crate::fabric::{DatedFact, Decision, FabricError, Fact, State, later};
use crate::ids::{FolderId, ItemId, WorkspaceId};

/// The facts decided so far by a long-running operation, and the state after these facts.
#[derive(Debug)]
pub(in crate::fabric) struct Draft {
    state: State,
    workspace: WorkspaceId,
    now: Timestamp,
    ends_at: Timestamp,
    facts: Vec<Fact>,
    failure: Option<OperationError>,
}

impl Draft {
    /// Creates a draft without changes. The new items become visible at `ends_at`.
    pub(in crate::fabric) fn new(state: &State, workspace: WorkspaceId, now: Timestamp, ends_at: Timestamp) -> Self {
        Self { state: state.clone(), workspace, now, ends_at, facts: Vec::new(), failure: None }
    }

    /// Returns the state after the changes.
    pub(in crate::fabric) fn state(&self) -> &State {
        &self.state
    }

    /// Returns the instant of the changes.
    pub(in crate::fabric) fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the workspace after the changes.
    pub(in crate::fabric) fn within(&self) -> Result<&Workspace, FabricError> {
        self.state.workspace(self.workspace)
    }

    /// Returns the first error with which a long-running operation of a change would fail.
    pub(in crate::fabric) fn failure(&self) -> Option<&OperationError> {
        self.failure.as_ref()
    }

    /// Returns the facts of all changes.
    pub(in crate::fabric) fn into_facts(self) -> Vec<Fact> {
        self.facts
    }

    /// Decides a change, and adds its facts.
    pub(in crate::fabric) fn change<T>(
        &mut self,
        decide: impl FnOnce(&State, &Workspace, Timestamp) -> Decision<T>,
    ) -> Result<T, FabricError> {
        let (facts, outcome) = decide(&self.state, self.within()?, self.now)?;
        self.add(facts);
        Ok(outcome)
    }

    /// Returns the folder with this path; `None` for the root of the workspace. Creates missing folders.
    pub(in crate::fabric) fn folder(&mut self, names: &[String]) -> Result<Option<FolderId>, FabricError> {
        let mut place = None;
        for name in names {
            place = Some(match self.within()?.folder_named(place, name) {
                Some(id) => id,
                None => self.change(|state, within, _| folder::create(state, within, name.clone(), place))?,
            });
        }
        Ok(place)
    }

    /// Moves an item into the folder with this path. Creates missing folders.
    pub(in crate::fabric) fn relocate(&mut self, id: ItemId, folders: &[String]) -> Result<(), FabricError> {
        let folder = self.folder(folders)?;
        let is_elsewhere = |item: &Item| item.folder != folder;
        if self.within()?.items().get(&id).is_some_and(is_elsewhere) {
            self.change(|_, within, now| relocate(within, vec![id], folder, now))?;
        }
        Ok(())
    }

    /// Deletes an item, unless it was deleted with its parent.
    pub(in crate::fabric) fn delete(&mut self, id: ItemId) -> Result<(), FabricError> {
        if self.within()?.items().contains(&id) {
            self.change(|state, within, now| {
                let item = within.items().get(&id).ok_or_else(|| FabricError::no_item(id))?;
                delete(state, within, item, false, now)
            })?;
        }
        Ok(())
    }

    /// Applies and collects facts. Drops the long-running operations of changes, because the draft belongs to a
    /// long-running operation itself. Items become visible when that operation ends.
    pub(in crate::fabric) fn add(&mut self, facts: Vec<Fact>) {
        for mut fact in facts {
            match &mut fact {
                Fact::OperationStarted(operation) => {
                    if let PendingResult::Failed(failure) = &operation.result {
                        self.failure.get_or_insert(failure.clone());
                    }
                    continue;
                }
                Fact::ItemCreated { visible_from, companions, .. } => {
                    for companion in companions {
                        let after = companion.visible_from.duration_since(*visible_from);
                        companion.visible_from = later(self.ends_at, after);
                    }
                    *visible_from = self.ends_at;
                }
                _ => {}
            }
            self.state.apply(&DatedFact { number: 0, at: self.now, fact: fact.clone() });
            self.facts.push(fact);
        }
    }
}
