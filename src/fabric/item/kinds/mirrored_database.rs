//! Mirrored databases: the rules that depend on the state of the tenant. `fabric::mirroring` computes the replication
//! without access to this state. Start and stop also serve SQL databases.

use jiff::Timestamp;
use serde_json::json;

use super::ItemKind;
use super::hooks::KindHooks;
use crate::fabric::connection::Connection;
use crate::fabric::item::companions::Companions;
use crate::fabric::item::{Definition, Item, NewItem, Part};
use crate::fabric::mirroring::{self, Mirroring, MirroringConfig, MirroringError, SourceType};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, later};
use crate::ids::ConnectionId;

pub(super) const HOOKS: KindHooks =
    KindHooks { check_update, companions: sql_endpoint, default_definition, connections, ..KindHooks::DEFAULT };

/// Rejects a definition that cannot replace the current definition in the current mirroring status.
fn check_update(state: &State, item: &Item, definition: &Definition, now: Timestamp) -> Result<(), FabricError> {
    match (&item.mirroring, &definition.mirroring) {
        (Some(_), Some(new)) => {
            let (within, _) = state.find_item(item.id).ok_or_else(|| FabricError::no_item(item.id))?;
            state.replication(within.id, item)?.check_redefinition(new, now)
        }
        _ => Ok(()),
    }
}

/// Adds the SQL endpoint. The endpoint is visible at the latest when the status of the database becomes `Initialized`.
fn sql_endpoint(database: &mut NewItem, companions: &mut Companions<'_>) {
    let timing = companions.timing();
    let visible_from = later(companions.visible_from, timing.sql_endpoint().min(timing.initializing()));
    companions.add(ItemKind::SQLEndpoint, &database.display_name, Some(database.id), visible_from);
}

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let target = json!({"type": "MountedRelationalDatabase", "typeProperties": {"format": "Delta"}});
    let properties = json!({"properties": {"source": {}, "target": target}});
    vec![Part::crlf(mirroring::definition::PATH, &properties)]
}

/// Returns the connections in the definition of the mirrored database.
fn connections(item: &Item) -> Vec<ConnectionId> {
    let config = item.mirroring.as_ref().map(Mirroring::config);
    config.into_iter().flat_map(|config| config.connection.iter().chain(&config.other_connections)).copied().collect()
}

/// Starts mirroring. Returns no facts if mirroring is already started and the start is accepted.
pub fn start(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decision<()> {
    state.check_capacity(within)?;
    let (workspace, timing) = (within.id, state.settings.timing());
    let tables = timing.tables();
    if let Some(database) = &item.sql_database {
        // A SQL database accepts start and stop at any time (docs/fidelity.md#sql-databases).
        let takes = timing.starting_sql_database();
        let started = Fact::MirroringStarted { workspace, id: item.id, takes, tables, error: None };
        let started = (!database.is_mirrored()).then_some(started);
        return Ok((started.into_iter().collect(), ()));
    }
    let mirroring = item.mirroring()?;
    let Some(source) = mirroring.config().source else {
        return Err(FabricError::new(ErrorCode::MirroringDefinitionMissing).about("Item", item.id));
    };
    if !state.replication(workspace, item)?.may_start(&state.settings.behaviours, now)? {
        return Ok((Vec::new(), ()));
    }
    let error = start_error(state, source, mirroring.config(), item, now);
    let takes = timing.starting(source);
    Ok((vec![Fact::MirroringStarted { workspace, id: item.id, takes, tables, error }], ()))
}

/// Stops mirroring. Returns no facts if mirroring is already stopped and the stop is accepted.
pub fn stop(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decision<()> {
    state.check_capacity(within)?;
    let stops = match &item.sql_database {
        Some(database) => database.is_mirrored(),
        None => state.replication(within.id, item)?.may_stop(&state.settings.behaviours, now)?,
    };
    if !stops {
        return Ok((Vec::new(), ()));
    }
    let takes = state.settings.timing().stopping();
    Ok((vec![Fact::MirroringStopped { workspace: within.id, id: item.id, takes }], ()))
}

/// Returns the mirroring error of a start that fails and sets the status back to `Initialized`; `None` if the start
/// succeeds.
///
/// The start succeeds only if the connection exists, the item's creator has a role on the connection, and the source
/// supports the type of the connection. If the source is a declared Cosmos DB account, the database must exist in that
/// account.
fn start_error(
    state: &State,
    source: SourceType,
    config: &MirroringConfig,
    item: &Item,
    now: Timestamp,
) -> Option<MirroringError> {
    let id = config.connection?;
    let usable = |connection: &&Connection| item.creator.is_none_or(|creator| connection.role_of(creator.id).is_some());
    let Some(connection) = state.find_connection(id).filter(usable) else {
        return Some(MirroringError {
            code: "ReferencedEntityNotFoundOrAccessDenied".into(),
            message: format!("The connection {id} of the source was not found, or its owner has no access to it."),
        });
    };
    let spec = source.spec();
    if !spec.connection_types.is_empty() && !spec.connection_types.contains(&connection.kind.as_str()) {
        return Some(MirroringError {
            code: "InvalidConnectionType".into(),
            message: format!(
                "The source type {} cannot use a connection of the type {}; supported connection types: {}.",
                spec.name,
                connection.kind,
                spec.connection_types.join(", ")
            ),
        });
    }
    let database = config.database.as_deref().filter(|_| source == SourceType::CosmosDb)?;
    let tables = &state.declared(id.into())?.at(now)?.tables;
    let is_missing = !tables.is_empty() && tables.keys().all(|name| &*name.schema != database);
    is_missing.then(|| MirroringError {
        code: "SourceDatabaseNotFound".into(),
        message: format!("The source database {database} does not exist."),
    })
}
