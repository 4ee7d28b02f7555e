//! Semantic models: the connections that their data sources are bound to. Nothing is refreshed (docs/fidelity.md#around).

use serde::{Deserialize, Serialize};

use super::hooks::KindHooks;
use super::state::{KindChange, KindState};
use crate::fabric::item::Item;
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, FabricError, Fact, State};
use crate::ids::ConnectionId;

/// The maximum number of bindings of a model (guessed).
pub const BINDINGS_MAX: usize = 100;
/// The maximum length of a data source's type, and of its path, in characters (guessed).
const TEXT_MAX: usize = 1_000;

pub(super) const HOOKS: KindHooks = KindHooks {
    state: || KindState::SemanticModel { bindings: Vec::new() },
    connections: |item| bindings(item).iter().map(|binding| binding.connection).collect(),
    ..KindHooks::DEFAULT
};

/// A data source of a model, and the connection that it is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The type of the source.
    pub r#type: String,
    /// Its path.
    pub path: String,
    /// The connection.
    pub connection: ConnectionId,
}

impl Binding {
    /// Returns its approximate size in memory, in bytes.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.r#type.len() + self.path.len()
    }
}

/// Binds the data source with this type and path to a connection that the caller can use; `None` removes the binding.
pub fn bind(
    state: &State,
    within: &Workspace,
    item: &Item,
    (r#type, path): (String, String),
    connection: Option<ConnectionId>,
    caller: Principal,
) -> Decision<()> {
    state.check_capacity(within)?;
    if [&r#type, &path].iter().any(|text| text.chars().count() > TEXT_MAX) {
        return Err(FabricError::invalid_input(format!(
            "The fields of ConnectionDetails have at most {TEXT_MAX} characters."
        )));
    }
    let mut bindings = bindings(item).to_vec();
    bindings.retain(|known| known.r#type != r#type || known.path != path);
    if let Some(connection) = connection {
        state.connection(connection, &caller)?;
        bindings.push(Binding { r#type, path, connection });
    }
    if bindings.len() > BINDINGS_MAX {
        return Err(FabricError::invalid_input(format!("A semantic model has at most {BINDINGS_MAX} bindings.")));
    }
    let changes = vec![KindChange::ConnectionsBound { bindings }];
    Ok((vec![Fact::KindStateChanged { workspace: within.id, id: item.id, changes }], ()))
}

/// Returns the bindings of a model, oldest first; empty for items of other kinds.
fn bindings(item: &Item) -> &[Binding] {
    match &item.kind_state {
        KindState::SemanticModel { bindings } => bindings,
        _ => &[],
    }
}
