//! Semantic models: bindings of data sources to connections. A refresh is a run of a job, without data
//! (docs/fidelity.md#power-bi).

use serde::{Deserialize, Serialize};

use super::hooks::KindHooks;
use super::state::{KindChange, KindState};
use crate::fabric::item::Item;
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, FabricError, Fact, State};
use crate::ids::ConnectionId;

/// The maximum number of bindings of a semantic model (guessed).
pub const BINDINGS_MAX: usize = 100;
/// The maximum length of the type and of the path of a data source, in characters (guessed).
const TEXT_MAX: usize = 1_000;

pub(super) const HOOKS: KindHooks = KindHooks {
    state: || KindState::SemanticModel { bindings: Vec::new() },
    connections: |item| bindings(item).iter().map(|binding| binding.connection).collect(),
    ..KindHooks::DEFAULT
};

/// The binding of a semantic model's data source to a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The type of the data source.
    pub r#type: String,
    /// The path of the data source.
    pub path: String,
    /// The connection.
    pub connection: ConnectionId,
}

/// Binds the data source with this type and path to a connection. Removes the binding if `connection` is `None`.
/// Rejects a connection on which the caller has no role.
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

/// Returns the bindings of a semantic model, the oldest first. Returns no bindings for items of other kinds.
fn bindings(item: &Item) -> &[Binding] {
    match &item.kind_state {
        KindState::SemanticModel { bindings } => bindings,
        _ => &[],
    }
}
