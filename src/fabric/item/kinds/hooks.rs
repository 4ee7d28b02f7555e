//! Hooks: functions with the rules of one kind, which the code for all kinds calls.

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

/// A function that converts the parts of a definition to a format; `None` for the default format.
pub(in crate::fabric::item) type Convert = fn(&Definition, Option<&str>) -> Vec<Part>;

/// The rules of a kind as functions. The module of a kind sets the hooks that differ from [`KindHooks::DEFAULT`].
#[derive(Debug, Clone, Copy)]
pub(in crate::fabric::item) struct KindHooks {
    /// Rejects callers without the role that the creation requires. Runs before the capacity is checked.
    pub authorize: fn(&Creation<'_>) -> Result<()>,
    /// Adjusts the creation of an item, for example from the creation payload. Runs before the definition is parsed.
    pub prepare: fn(&Creation<'_>, &mut Preparation) -> Result<()>,
    /// Checks the creation payload and the definition of a new item.
    pub check: fn(&Creation<'_>) -> Result<()>,
    /// Checks a definition that is to replace the current definition of an item.
    pub check_update: fn(&State, &Item, &Definition, Timestamp) -> Result<()>,
    /// Returns the parent of a new item.
    pub parent: fn(&Creation<'_>) -> Result<Option<ItemId>>,
    /// Returns the kind-specific state of a new item.
    pub state: fn() -> KindState,
    /// Adds the companions of a new item. May change the item, so that the item can refer to its companions.
    pub companions: fn(&mut NewItem, &mut Companions<'_>),
    /// Returns the parts of the default definition, without `.platform`, for an item that was created without a
    /// definition. The format is a valid format of the kind.
    pub default_definition: fn(&Item, Option<&str>) -> Vec<Part>,
    /// Converts a definition to a format; `None` if definitions of the kind cannot be converted.
    pub convert: Option<Convert>,
    /// Checks the `properties` in a request to update an item, and returns the requested changes. Ignores unknown
    /// members.
    pub settable: fn(&Map<String, Value>) -> Result<Vec<KindChange>>,
    /// Returns changes that record values which can no longer be computed after a change to the item. Runs before the
    /// change, and the changes are recorded in the same decision.
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

/// Returns the `default_parts` in the [`DefinitionSpec`](super::DefinitionSpec) of the item's kind.
fn constant_parts(item: &Item, _: Option<&str>) -> Vec<Part> {
    let parts = item.kind.spec().definition.map_or(&[] as &[_], |spec| spec.default_parts);
    parts.iter().map(|(path, text)| Part::text(path, *text)).collect()
}

/// A request to create an item, as an argument of the hooks.
#[derive(Debug, Clone, Copy)]
pub(in crate::fabric::item) struct Creation<'a> {
    /// The state of the tenant.
    pub state: &'a State,
    /// The workspace of the new item.
    pub within: &'a Workspace,
    /// The caller, who becomes the creator of the item.
    pub caller: Principal,
    /// The `creationPayload` of the request.
    pub payload: Option<&'a Value>,
    /// The parsed definition; `None` for hooks that run before the definition is parsed.
    pub definition: Option<&'a Definition>,
    /// The instant of the request.
    pub now: Timestamp,
}

/// The adjustments that [`KindHooks::prepare`] can make.
#[derive(Debug)]
pub(in crate::fabric::item) struct Preparation {
    /// The duration of the long-running operation at the realistic pace; `None` if the item is created at once.
    pub operation_time: Option<SignedDuration>,
    /// The time from the instant at which the item becomes visible until it is ready to be used.
    pub ready_in: SignedDuration,
    /// The definition of the existing or deleted database from which a SQL database is restored.
    pub inherited: Option<Arc<Definition>>,
    /// The settings of the new item, if it is a SQL database.
    pub sql_database: Option<NewSqlDatabase>,
}
