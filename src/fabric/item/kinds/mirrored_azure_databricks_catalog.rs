//! Mirrored Azure Databricks catalogs, which mirror a catalog of Unity Catalog (docs/fidelity.md#catalogs).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ItemKind;
use super::catalog_sync::{self, SyncTimes};
use super::hooks::{Creation, KindHooks};
use super::state::{KindChange, KindState};
use crate::fabric::FabricError;
use crate::fabric::item::catalog::invalid_part;
use crate::fabric::item::{Definition, Item, Part, companions};
use crate::ids::ConnectionId;

/// The documented path of the required part of a definition.
const PATH: &str = "mirroringAzureDatabricksCatalog.json";
/// The accepted paths of the required part: the documented path, and the path in Microsoft's newer article.
pub(super) const PATHS: &[&str] = &[PATH, "definition.json"];

pub(super) const HOOKS: KindHooks = KindHooks {
    check,
    check_update: |_, _, definition, _| check_document(None, Some(definition)),
    state: || KindState::MirroredAzureDatabricksCatalog {
        sync: SyncTimes::default(),
        settings: CatalogSettings::default(),
    },
    companions: companions::sql_endpoint,
    default_definition,
    settable,
    before_change: |item, now| catalog_sync::record_sync(last_sync(item, now)),
    ..KindHooks::DEFAULT
};

/// The configuration of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogConfig {
    /// The catalog's name in Unity Catalog.
    pub catalog_name: String,
    /// The connection to the Databricks workspace.
    pub databricks_workspace_connection_id: String,
    /// `Enabled` if the catalog is synchronised on schedule, else `Disabled`.
    pub auto_sync: String,
    /// `Full` to mirror the whole catalog, or `Partial` to mirror selected schemas and tables.
    pub mirroring_mode: String,
    /// The connection to the storage.
    pub storage_connection_id: Option<String>,
}

/// The settings that an update of the item can change. They override the definition. A new definition resets them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogSettings {
    /// `Enabled` or `Disabled`.
    pub auto_sync: Option<String>,
    /// `Full` or `Partial`.
    pub mirroring_mode: Option<String>,
    /// The connection to the storage.
    pub storage_connection_id: Option<String>,
}

impl CatalogSettings {
    /// Replaces each setting that is `Some` in `new`.
    pub(super) fn update(&mut self, new: Self) {
        let Self { auto_sync, mirroring_mode, storage_connection_id } = new;
        self.auto_sync = auto_sync.or(self.auto_sync.take());
        self.mirroring_mode = mirroring_mode.or(self.mirroring_mode.take());
        self.storage_connection_id = storage_connection_id.or(self.storage_connection_id.take());
    }
}

fn check(creation: &Creation<'_>) -> Result<(), FabricError> {
    check_document(creation.payload, creation.definition)
}

fn check_document(payload: Option<&Value>, definition: Option<&Definition>) -> Result<(), FabricError> {
    let document = document(payload, definition);
    let document = document.ok_or_else(|| FabricError::invalid_input("The CreationPayload field is required."))?;
    CatalogConfig::read(&document)?.check()?;
    check_mirror_configuration(&document)
}

/// Returns the JSON document that configures a catalog: the required part of the definition, else the creation payload.
fn document(payload: Option<&Value>, definition: Option<&Definition>) -> Option<Value> {
    definition.and_then(|definition| definition.json(PATHS)).or_else(|| payload.cloned())
}

/// Rejects a `mirrorConfiguration` with an unknown mode, or with the mode `Exclude` inside of `Partial`. `Partial`
/// mirrors only selected schemas and tables, so `Exclude` has no meaning there.
fn check_mirror_configuration(document: &Value) -> Result<(), FabricError> {
    const MODES: [&str; 3] = ["Full", "Partial", "Exclude"];
    let entries = |holder: &Value, member: &str| match holder.get(member) {
        _ if !holder.is_object() => Err(invalid("mirrorConfiguration: expected objects")),
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(entries)) => Ok(entries.clone()),
        Some(_) => Err(invalid(&format!("mirrorConfiguration.{member}: expected a list"))),
    };
    let check = |entry: &Value, outer: &str| match entry.get("mirroringMode") {
        None | Some(Value::Null) => Ok(outer.to_owned()),
        Some(mode) => {
            let mode = mode.as_str().unwrap_or_default();
            if !MODES.contains(&mode) {
                let known = MODES.join(", ");
                return Err(invalid(&format!("mirroringMode is {mode:?}: expected one of {known}")));
            }
            if outer == "Partial" && mode == "Exclude" {
                return Err(invalid("mirroringMode is \"Exclude\": nothing can be excluded under Partial"));
            }
            Ok(mode.to_owned())
        }
    };
    let configuration = document.get("mirrorConfiguration").filter(|configuration| !configuration.is_null());
    let Some(configuration) = configuration else { return Ok(()) };
    let outer = document.get("mirroringMode").and_then(Value::as_str).unwrap_or_default();
    for schema in entries(configuration, "schemas")? {
        let mode = check(&schema, outer)?;
        for table in entries(&schema, "tables")? {
            check(&table, &mode)?;
        }
    }
    Ok(())
}

fn invalid(message: &str) -> FabricError {
    invalid_part(PATH, message)
}

impl CatalogConfig {
    /// Reads a creation payload or the required part of a definition. Also accepts the spellings in Microsoft's
    /// articles: `name` for `catalogName`, `databrickWorkspaceConnectionId` for `databricksWorkspaceConnectionId`, and
    /// a boolean `autoSync`.
    fn read(document: &Value) -> Result<Self, FabricError> {
        let Some(members) = document.as_object() else { return Err(invalid("expected an object")) };
        let text = |names: &[&str]| {
            let given = names.iter().find_map(|name| Some((name, members.get(*name).filter(|it| !it.is_null())?)));
            given
                .map(|(name, value)| {
                    let text = value.as_str().map(str::to_owned);
                    text.ok_or_else(|| invalid(&format!("{name}: expected a text")))
                })
                .transpose()
        };
        let required = |names: &[&str]| {
            text(names)?.ok_or_else(|| invalid(&format!("{} is missing", names.first().unwrap_or(&""))))
        };
        let auto_sync = match members.get("autoSync") {
            Some(Value::Bool(true)) => Some("Enabled".to_owned()),
            Some(Value::Bool(false)) => Some("Disabled".to_owned()),
            _ => text(&["autoSync"])?,
        };
        Ok(Self {
            catalog_name: required(&["catalogName", "name"])?,
            databricks_workspace_connection_id: required(&[
                "databricksWorkspaceConnectionId",
                "databrickWorkspaceConnectionId",
            ])?,
            auto_sync: auto_sync.unwrap_or_else(|| "Enabled".into()),
            mirroring_mode: required(&["mirroringMode"])?,
            storage_connection_id: text(&["storageConnectionId"])?,
        })
    }

    fn check(&self) -> Result<(), FabricError> {
        let is_id = |id: &str| id.parse::<ConnectionId>().is_ok();
        if self.catalog_name.is_empty() {
            return Err(invalid("catalogName: a text that is not empty was expected"));
        }
        if !is_id(&self.databricks_workspace_connection_id) || !self.storage_connection_id.as_deref().is_none_or(is_id)
        {
            return Err(invalid("a connection is named by its id, a GUID"));
        }
        check_setting("autoSync", &self.auto_sync)?;
        check_setting("mirroringMode", &self.mirroring_mode)
    }
}

/// Rejects an invalid value of a setting.
fn check_setting(name: &str, value: &str) -> Result<(), FabricError> {
    let fits = match name {
        "autoSync" => ["Enabled", "Disabled"].contains(&value),
        "mirroringMode" => ["Full", "Partial"].contains(&value),
        _ => value.parse::<ConnectionId>().is_ok(),
    };
    if fits { Ok(()) } else { Err(FabricError::invalid_input(format!("The value {value:?} of {name} is not valid."))) }
}

fn settable(properties: &Map<String, Value>) -> Result<Vec<KindChange>, FabricError> {
    let mut settings = CatalogSettings::default();
    for (name, value) in properties {
        let setting = match name.as_str() {
            "autoSync" => &mut settings.auto_sync,
            "mirroringMode" => &mut settings.mirroring_mode,
            "storageConnectionId" => &mut settings.storage_connection_id,
            _ => continue,
        };
        let value = value.as_str().unwrap_or_default();
        check_setting(name, value)?;
        *setting = Some(value.to_owned());
    }
    let changes = (settings != CatalogSettings::default()).then_some(KindChange::CatalogSet { settings });
    Ok(changes.into_iter().collect())
}

/// Returns the configuration of a Databricks catalog, including updated settings; `None` for items of other kinds.
pub fn config(item: &Item) -> Option<CatalogConfig> {
    if item.kind != ItemKind::MirroredAzureDatabricksCatalog {
        return None;
    }
    let document = document(item.creation_payload.as_deref(), item.definition.as_deref())?;
    let mut config = CatalogConfig::read(&document).ok()?;
    if let KindState::MirroredAzureDatabricksCatalog { settings, .. } = &item.kind_state {
        let CatalogSettings { auto_sync, mirroring_mode, storage_connection_id } = settings.clone();
        config.auto_sync = auto_sync.unwrap_or(config.auto_sync);
        config.mirroring_mode = mirroring_mode.unwrap_or(config.mirroring_mode);
        config.storage_connection_id = storage_connection_id.or(config.storage_connection_id);
    }
    Some(config)
}

fn default_definition(item: &Item, _: Option<&str>) -> Vec<Part> {
    let Some(config) = config(item) else { return Vec::new() };
    let mut document = json!({
        "name": config.catalog_name,
        "databricksWorkspaceConnectionId": config.databricks_workspace_connection_id,
        "autoSync": config.auto_sync,
        "mirroringMode": config.mirroring_mode,
    });
    if let Some(storage) = config.storage_connection_id {
        document["storageConnectionId"] = storage.into();
    }
    vec![Part::crlf(PATH, &document)]
}

/// Returns the instant at which a catalog was last synchronised with its source.
pub fn last_sync(item: &Item, now: Timestamp) -> Timestamp {
    let KindState::MirroredAzureDatabricksCatalog { sync, .. } = item.kind_state else { return item.visible_from };
    let periodic = config(item).is_none_or(|config| config.auto_sync == "Enabled");
    sync.last(item.visible_from, periodic, now)
}

/// Returns `true` while a refresh is in progress.
pub fn is_refreshing(item: &Item, now: Timestamp) -> bool {
    let KindState::MirroredAzureDatabricksCatalog { sync, .. } = item.kind_state else { return false };
    sync.is_refreshing(now)
}
