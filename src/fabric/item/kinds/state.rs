//! Kind state: [`KindState`] and its changes. The mirroring of mirrored databases and SQL databases is kept elsewhere,
//! in [`Item`](crate::fabric::item::Item).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ItemKind;
use super::audit::AuditSettings;
use super::catalog_sync::SyncTimes;
use super::environment::{Content, Contents, Publishing};
use super::lakehouse::LakehouseContent;
use super::lakehouse::execution_definition::ExecutionDefinition;
use super::lakehouse::table::Load;
use super::mirrored_azure_databricks_catalog::CatalogSettings;
use super::semantic_model::Binding;
use super::warehouse::{RestorePoint, RestorePointId};
use crate::fabric::principal::Principal;
use crate::ids::ExecutionDefinitionId;

/// The kind state of an item: state that only items of one kind have. The variant depends on the kind, so it never
/// changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum KindState {
    /// The state of items of all other kinds.
    #[default]
    Stateless,
    /// The state of an environment.
    Environment {
        /// The last publishing by a client; `None` if no client has published the environment.
        publishing: Option<Publishing>,
        /// What clients have staged and published.
        #[serde(default, skip_serializing_if = "is_new")]
        contents: Box<Contents>,
    },
    /// The state of a warehouse.
    Warehouse {
        /// The audit settings; `None` if no client has changed them.
        audit: Option<AuditSettings>,
        /// The restore points that clients have created, the oldest first.
        restore_points: Vec<RestorePoint>,
        /// The end of the last restore.
        restoring_until: Option<Timestamp>,
    },
    /// The state of a semantic model.
    SemanticModel {
        /// The bindings of data sources to connections, the oldest first.
        bindings: Vec<Binding>,
    },
    /// The state of a variable library.
    VariableLibrary {
        /// The active value set; `None` if no client has activated a value set.
        active_value_set: Option<String>,
    },
    /// The state of a SQL database.
    SqlDatabase {
        /// The audit settings; `None` if no client has changed them.
        audit: Option<AuditSettings>,
    },
    /// The state of a SQL endpoint.
    SqlEndpoint {
        /// The audit settings; `None` if no client has changed them.
        audit: Option<AuditSettings>,
    },
    /// The state of a lakehouse.
    Lakehouse {
        /// The tables and execution definitions.
        content: LakehouseContent,
    },
    /// The state of a mirrored catalog.
    MirroredCatalog {
        /// The recorded synchronisations with the source.
        sync: SyncTimes,
    },
    /// The state of a mirrored Azure Databricks catalog.
    MirroredAzureDatabricksCatalog {
        /// The recorded synchronisations with the source.
        sync: SyncTimes,
        /// The settings that clients have changed since the last definition.
        settings: CatalogSettings,
    },
}

/// A change to a [`KindState`]. A change always matches the variant of the state, because it was decided for the same
/// item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum KindChange {
    /// An environment was published.
    EnvironmentPublished {
        /// The publishing.
        publishing: Publishing,
    },
    /// The content of an environment was staged.
    EnvironmentStaged {
        /// The whole staged content.
        content: Box<Content>,
    },
    /// The publishing of an environment was cancelled.
    PublishingCancelled {
        /// The instant of the cancellation.
        at: Timestamp,
    },
    /// A restore point of a warehouse was created or changed.
    RestorePointSet {
        /// The restore point after the change.
        point: RestorePoint,
    },
    /// A restore point of a warehouse was deleted.
    RestorePointDeleted {
        /// The id of the restore point.
        id: RestorePointId,
    },
    /// A warehouse is restored in place.
    WarehouseRestored {
        /// The end of the restore.
        until: Timestamp,
    },
    /// The connections of a semantic model were set.
    ConnectionsBound {
        /// All bindings of the semantic model after the change.
        bindings: Vec<Binding>,
    },
    /// A value set of a variable library was activated.
    ValueSetActivated {
        /// The name of the value set.
        name: String,
    },
    /// The audit settings of a SQL database, a SQL endpoint or a warehouse were set.
    AuditSet {
        /// The settings after the change.
        settings: AuditSettings,
    },
    /// The load of a table of a lakehouse was accepted.
    TableLoaded {
        /// The load.
        load: Load,
    },
    /// An execution definition of a lakehouse was created or replaced.
    ExecutionDefinitionSet {
        /// The whole definition.
        definition: ExecutionDefinition,
    },
    /// An execution definition of a lakehouse was deleted.
    ExecutionDefinitionDeleted {
        /// Its id.
        id: ExecutionDefinitionId,
    },
    /// A synchronisation or a refresh of a catalog was recorded.
    CatalogSynced {
        /// The new times. Times that are `None` stay unchanged.
        sync: SyncTimes,
    },
    /// Settings of a mirrored Azure Databricks catalog were set.
    CatalogSet {
        /// The new settings. Settings that are `None` stay unchanged.
        settings: CatalogSettings,
    },
}

impl KindChange {
    fn is_of_lakehouse(&self) -> bool {
        matches!(
            self,
            Self::TableLoaded { .. } | Self::ExecutionDefinitionSet { .. } | Self::ExecutionDefinitionDeleted { .. }
        )
    }
}

impl KindState {
    /// Returns the kind state of a new item.
    pub(in crate::fabric) fn new(kind: ItemKind) -> Self {
        (kind.spec().hooks.state)()
    }

    /// Applies a change. Ignores a change for another variant.
    pub(in crate::fabric) fn apply(&mut self, change: KindChange) {
        if *self == Self::Stateless && change.is_of_lakehouse() {
            // Lakehouses had no state at first.
            *self = Self::Lakehouse { content: LakehouseContent::default() };
        }
        match (self, change) {
            (Self::Environment { publishing, contents }, KindChange::EnvironmentPublished { publishing: new }) => {
                contents.publish();
                *publishing = Some(new);
            }
            (Self::Environment { contents, .. }, KindChange::EnvironmentStaged { content }) => contents.stage(*content),
            (Self::Environment { publishing, contents }, KindChange::PublishingCancelled { at }) => {
                contents.cancel();
                publishing.iter_mut().for_each(|publishing| publishing.cancel(at));
            }
            (Self::Warehouse { restore_points, .. }, KindChange::RestorePointSet { point }) => {
                match restore_points.iter_mut().find(|known| known.id == point.id) {
                    Some(known) => *known = point,
                    None => restore_points.push(point),
                }
            }
            (Self::Warehouse { restore_points, .. }, KindChange::RestorePointDeleted { id }) => {
                restore_points.retain(|point| point.id != id);
            }
            (Self::Warehouse { restoring_until, .. }, KindChange::WarehouseRestored { until }) => {
                *restoring_until = Some(until);
            }
            (Self::SemanticModel { bindings }, KindChange::ConnectionsBound { bindings: new }) => *bindings = new,
            (Self::VariableLibrary { active_value_set }, KindChange::ValueSetActivated { name }) => {
                *active_value_set = Some(name);
            }
            (
                Self::SqlDatabase { audit } | Self::SqlEndpoint { audit } | Self::Warehouse { audit, .. },
                KindChange::AuditSet { settings },
            ) => *audit = Some(settings),
            (Self::Lakehouse { content }, KindChange::TableLoaded { load }) => content.load(load),
            (Self::Lakehouse { content }, KindChange::ExecutionDefinitionSet { definition }) => {
                content.set_definition(definition);
            }
            (Self::Lakehouse { content }, KindChange::ExecutionDefinitionDeleted { id }) => {
                content.delete_definition(id);
            }
            (
                Self::MirroredCatalog { sync } | Self::MirroredAzureDatabricksCatalog { sync, .. },
                KindChange::CatalogSynced { sync: new },
            ) => *sync = sync.updated(new),
            (Self::MirroredAzureDatabricksCatalog { settings, .. }, KindChange::CatalogSet { settings: new }) => {
                settings.update(new);
            }
            _ => {}
        }
    }

    /// Returns the principals in the state, to replace them.
    pub(in crate::fabric) fn principals_mut(&mut self) -> impl Iterator<Item = &mut Principal> {
        let points = match self {
            Self::Warehouse { restore_points, .. } => restore_points.as_mut_slice(),
            _ => &mut [],
        };
        points.iter_mut().filter_map(|point| point.initiator.as_mut())
    }

    /// Applies the effect of a new definition: it resets the settings of a mirrored Azure Databricks catalog.
    pub(in crate::fabric) fn redefined(&mut self) {
        if let Self::MirroredAzureDatabricksCatalog { settings, .. } = self {
            *settings = CatalogSettings::default();
        }
    }
}

#[expect(clippy::borrowed_box, reason = "serde passes a reference to the member")]
fn is_new(contents: &Box<Contents>) -> bool {
    contents.is_new()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn check(kind: ItemKind, change: &KindChange, json: &str) {
        let mut state = KindState::new(kind);
        let new = state.clone();
        let read: KindChange = serde_json::from_str(&serde_json::to_string(change).unwrap()).unwrap();
        assert_eq!(read, *change);
        state.apply(read);
        assert_ne!(state, new, "{kind:?}: {change:?} has no effect");
        assert_eq!(serde_json::to_string(&state).unwrap(), json);
        assert_eq!(serde_json::from_str::<KindState>(json).unwrap(), state);
    }

    #[test]
    fn kind_state_keeps_its_format() {
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        check(
            ItemKind::Environment,
            &KindChange::EnvironmentPublished {
                publishing: Publishing::after(Publishing::initial(at), at, SignedDuration::ZERO),
            },
            r#"{"kind":"environment","publishing":{"number":1,"at":"2026-01-01T00:00:00Z"}}"#,
        );
        check(
            ItemKind::Environment,
            &KindChange::EnvironmentStaged { content: Box::default() },
            concat!(
                r#"{"kind":"environment","publishing":null,"contents":{"staged":{"compute":{"pool":null,"driverCores":8,"#,
                r#""driverMemory":"56g","executorCores":8,"executorMemory":"56g","dynamicExecutorAllocation":"#,
                r#"{"enabled":true,"minExecutors":1,"maxExecutors":9},"sparkProperties":{},"runtimeVersion":"1.3"},"#,
                r#""libraries":{"custom":[],"environmentYml":null}}}}"#
            ),
        );
        check(
            ItemKind::Warehouse,
            &KindChange::WarehouseRestored { until: at },
            r#"{"kind":"warehouse","audit":null,"restorePoints":[],"restoringUntil":"2026-01-01T00:00:00Z"}"#,
        );
        check(
            ItemKind::SemanticModel,
            &KindChange::ConnectionsBound {
                bindings: vec![Binding {
                    r#type: "SQL".into(),
                    path: "a;b".into(),
                    connection: "00000000-1111-4222-8333-444444444444".parse().unwrap(),
                }],
            },
            r#"{"kind":"semanticModel","bindings":[{"type":"SQL","path":"a;b","connection":"00000000-1111-4222-8333-444444444444"}]}"#,
        );
        check(
            ItemKind::VariableLibrary,
            &KindChange::ValueSetActivated { name: "test".into() },
            r#"{"kind":"variableLibrary","activeValueSet":"test"}"#,
        );
        for (kind, name) in [(ItemKind::SQLDatabase, "sqlDatabase"), (ItemKind::SQLEndpoint, "sqlEndpoint")] {
            let settings = AuditSettings { audit_actions_and_groups: vec!["G".into()], ..AuditSettings::default() };
            let audit =
                r#"{"state":"Disabled","retentionDays":0,"auditActionsAndGroups":["G"],"predicateExpression":""}"#;
            check(kind, &KindChange::AuditSet { settings }, &format!(r#"{{"kind":"{name}","audit":{audit}}}"#));
        }
        let sync = SyncTimes { synced_at: Some(at), refreshed_at: None };
        check(
            ItemKind::MirroredCatalog,
            &KindChange::CatalogSynced { sync },
            r#"{"kind":"mirroredCatalog","sync":{"syncedAt":"2026-01-01T00:00:00Z","refreshedAt":null}}"#,
        );
        check(
            ItemKind::MirroredAzureDatabricksCatalog,
            &KindChange::CatalogSet {
                settings: CatalogSettings { auto_sync: Some("Disabled".into()), ..CatalogSettings::default() },
            },
            concat!(
                r#"{"kind":"mirroredAzureDatabricksCatalog","sync":{"syncedAt":null,"refreshedAt":null},"#,
                r#""settings":{"autoSync":"Disabled","mirroringMode":null,"storageConnectionId":null}}"#
            ),
        );
    }
}
