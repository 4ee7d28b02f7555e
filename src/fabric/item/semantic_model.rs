//! Semantic models: the connections that their data sources are bound to (docs/fidelity.md#around). Nothing is refreshed.

use serde::{Deserialize, Serialize};

use super::Item;
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, ErrorCode, FabricError, Fact, State};
use crate::ids::ConnectionId;

/// Where [`Item::kind_state`] keeps the bindings.
const BINDINGS: &str = "connectionBindings";
/// Bindings of a model at most (guessed).
pub const BINDINGS_MAX: usize = 100;
/// Characters of the type and of the path of a data source at most (guessed).
const TEXT_MAX: usize = 1_000;

/// A data source of a model, and the connection that it is read over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The type of the source.
    pub r#type: String,
    /// Its path.
    pub path: String,
    /// The connection.
    pub connection: ConnectionId,
}

/// Binds the source of a type and a path to a connection that the caller may use, or with `None` to none any more.
pub fn bind(
    state: &State,
    within: &Workspace,
    item: &Item,
    (r#type, path): (String, String),
    connection: Option<ConnectionId>,
    caller: Principal,
) -> Decided<()> {
    state.check_capacity(within)?;
    if [&r#type, &path].iter().any(|text| text.chars().count() > TEXT_MAX) {
        return Err(FabricError::invalid_input(format!(
            "The fields of ConnectionDetails have at most {TEXT_MAX} characters."
        )));
    }
    let mut bindings = bindings(item);
    bindings.retain(|known| known.r#type != r#type || known.path != path);
    if let Some(connection) = connection {
        state.connection(connection, &caller)?;
        bindings.push(Binding { r#type, path, connection });
    }
    if bindings.len() > BINDINGS_MAX {
        return Err(FabricError::invalid_input(format!("A semantic model has at most {BINDINGS_MAX} bindings.")));
    }
    let kept = serde_json::to_value(bindings).map_err(|_| ErrorCode::UnknownError)?;
    let kind_state = [(BINDINGS.to_owned(), kept)].into_iter().collect();
    Ok((vec![Fact::ItemExtended { workspace: within.id, id: item.id, kind_state }], ()))
}

/// The bindings of a model, the oldest first; other items have none.
pub(super) fn bindings(item: &Item) -> Vec<Binding> {
    item.kind_state.get(BINDINGS).and_then(|kept| Vec::deserialize(kept).ok()).unwrap_or_default()
}
