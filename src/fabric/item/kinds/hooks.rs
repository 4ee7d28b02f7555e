//! Hooks: the functions through which shared code applies the rules of one kind.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::sql_database::NewSqlDatabase;
use super::state::{KindChange, KindState};
use crate::fabric::item::companions::Companions;
use crate::fabric::item::{Definition, Item, NewItem, Part};
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{FabricError, State};
use crate::ids::{ConnectionId, ItemId};

type Result<T> = std::result::Result<T, FabricError>;

/// Converts a definition to a format.
pub(in crate::fabric::item) type Convert = fn(&Definition, Option<&str>) -> Vec<Part>;

/// The rules of a kind as functions. The file of the kind sets those that differ from [`KindHooks::DEFAULT`].
#[derive(Debug, Clone, Copy)]
pub(in crate::fabric::item) struct KindHooks {
    /// Rejects callers who may not create an item of the kind. Runs before the capacity is checked.
    pub authorize: fn(&Creation<'_>) -> Result<()>,
    /// Adjusts the creation of an item. Runs before the definition is parsed.
    pub prepare: fn(&Creation<'_>, &mut Preparation) -> Result<()>,
    /// Checks the creation payload and the definition of a new item.
    pub check: fn(&Creation<'_>) -> Result<()>,
    /// Checks a definition that replaces the current one of an item.
    pub check_update: fn(&State, &Item, &Definition, Timestamp) -> Result<()>,
    /// Returns the item that a new item belongs to.
    pub parent: fn(&Creation<'_>) -> Result<Option<ItemId>>,
    /// Returns the kind-specific state of a new item.
    pub state: fn() -> KindState,
    /// Adds the companions of a new item. The item may refer to them.
    pub companions: fn(&mut NewItem, &mut Companions<'_>),
    /// Returns the parts, except `.platform`, of an item that was created without a definition. The format is an accepted one.
    pub default_definition: fn(&Item, Option<&str>) -> Vec<Part>,
    /// Converts a definition to a format; `None` if the kind does not convert.
    pub convert: Option<Convert>,
    /// Checks the `properties` of an update and returns the changes that they request. Ignores unknown members.
    pub settable: fn(&Map<String, Value>) -> Result<Vec<KindChange>>,
    /// Returns state that can no longer be computed after a change to the item. It is recorded together with the change.
    pub before_change: fn(&Item, Timestamp) -> Vec<KindChange>,
    /// Returns the connections that an item uses.
    pub connections: fn(&Item) -> Vec<ConnectionId>,
}

impl KindHooks {
    /// The hooks of a kind without special rules.
    pub(in crate::fabric::item) const DEFAULT: Self = Self {
        authorize: |_| Ok(()),
        prepare: |_, _| Ok(()),
        check: |_| Ok(()),
        check_update: |_, _, _, _| Ok(()),
        parent: |_| Ok(None),
        state: || KindState::Stateless,
        companions: |_, _| {},
        default_definition: constant_parts,
        convert: None,
        settable: |_| Ok(Vec::new()),
        before_change: |_, _| Vec::new(),
        connections: |_| Vec::new(),
    };
}

/// Returns the default parts in the kind's row.
fn constant_parts(item: &Item, _: Option<&str>) -> Vec<Part> {
    let parts = item.kind.spec().definition.map_or(&[] as &[_], |spec| spec.default_parts);
    parts.iter().map(|(path, text)| Part::text(path, *text)).collect()
}

/// A request to create an item, as the checks see it.
#[derive(Debug, Clone, Copy)]
pub(in crate::fabric::item) struct Creation<'a> {
    /// The tenant.
    pub state: &'a State,
    /// The workspace.
    pub within: &'a Workspace,
    /// The creator.
    pub caller: Principal,
    /// The `creationPayload`.
    pub payload: Option<&'a Value>,
    /// The definition, once it is parsed.
    pub definition: Option<&'a Definition>,
    /// The instant of the request.
    pub now: Timestamp,
}

/// The adjustments that [`KindHooks::prepare`] can make.
#[derive(Debug)]
pub(in crate::fabric::item) struct Preparation {
    /// The duration of the operation at the realistic pace; `None`: the item is created at once.
    pub operation_time: Option<SignedDuration>,
    /// The time from the item's appearance until it is ready to be used.
    pub ready_in: SignedDuration,
    /// The definition of the existing or deleted item that it is restored from.
    pub inherited: Option<Arc<Definition>>,
    /// The settings of a SQL database.
    pub sql_database: Option<NewSqlDatabase>,
}
