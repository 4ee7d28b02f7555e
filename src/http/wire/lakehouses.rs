//! Bodies of lakehouses: tables, and execution definitions of materialized lake views.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Continuation, required};
use crate::fabric::FabricError;
use crate::fabric::item::lakehouse::execution_definition::{
    ExecutionContext, ExecutionDefinition, ExecutionDefinitionChange, ExecutionSettings, ItemReference, RefreshMode,
    invalid,
};
use crate::fabric::item::lakehouse::table::{FileFormat, Format, Load, Mode, PathType, Table};
use crate::fabric::page::Page;
use crate::ids::{ExecutionDefinitionId, ItemId, WorkspaceId};

/// A page of tables. Its elements are in `data`, and the continuation members are null on the last page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TableList<'a> {
    continuation_token: Option<String>,
    continuation_uri: Option<String>,
    data: Vec<TableBody<'a>>,
}

#[derive(Serialize)]
struct TableBody<'a> {
    r#type: &'static str,
    name: &'a str,
    location: String,
    format: &'static str,
}

impl<'a> TableList<'a> {
    /// Creates the body of a page of tables of a lakehouse.
    pub(crate) fn new(
        (workspace, lakehouse): (WorkspaceId, ItemId),
        page: Page<&'a Table>,
        continuation: Option<Continuation>,
    ) -> Self {
        let (continuation_token, continuation_uri) = Continuation::members(continuation);
        let body = |table: &'a Table| {
            let name = table.load.name.as_str();
            let location = format!("abfss://{workspace}@onelake.dfs.fabric.microsoft.com/{lakehouse}/Tables/{name}");
            TableBody { r#type: "Managed", name, location, format: "delta" }
        };
        Self { continuation_token, continuation_uri, data: page.elements.into_iter().map(body).collect() }
    }
}

/// A request to load a table.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadTableRequest {
    relative_path: Option<String>,
    path_type: Option<String>,
    file_extension: Option<String>,
    mode: Option<String>,
    recursive: Option<bool>,
    format_options: Option<FormatOptions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FormatOptions {
    format: Option<String>,
    header: Option<Value>,
    delimiter: Option<String>,
}

impl LoadTableRequest {
    /// Parses the content of the request. The load ends at `now`.
    pub(crate) fn parsed(self, schema: Option<String>, name: String, now: Timestamp) -> Result<Load, FabricError> {
        Ok(Load {
            schema,
            name,
            relative_path: required(self.relative_path, "RelativePath")?,
            path_type: PathType::named(&required(self.path_type, "PathType")?, "PathType")?,
            file_extension: self.file_extension,
            mode: self.mode.map_or(Ok(Mode::Overwrite), |mode| Mode::named(&mode, "Mode"))?,
            recursive: self.recursive.unwrap_or(false),
            format: self.format_options.map(FormatOptions::parsed).transpose()?,
            ends_at: now,
        })
    }
}

impl FormatOptions {
    fn parsed(self) -> Result<Format, FabricError> {
        Ok(Format {
            format: FileFormat::named(&required(self.format, "Format")?, "Format")?,
            header: self.header.map(|header| flag(&header)).transpose()?,
            delimiter: self.delimiter,
        })
    }
}

/// Parses a boolean, which an example of Microsoft's documentation writes as a text.
fn flag(value: &Value) -> Result<bool, FabricError> {
    let read = |text: &str| text.to_ascii_lowercase().parse().ok();
    let flag = value.as_bool().or_else(|| value.as_str().and_then(read));
    flag.ok_or_else(|| FabricError::invalid_input("The Header field is neither true nor false."))
}

/// A request to create or update an execution definition.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutionDefinitionRequest {
    display_name: Option<String>,
    description: Option<String>,
    settings: Option<SettingsRequest>,
    current_lakehouse_execution_context: Option<ContextRequest>,
    extended_lineage_execution_context: Option<ContextRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SettingsRequest {
    environment: Option<ReferenceRequest>,
    refresh_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContextRequest {
    mode: Option<String>,
    selected_mlvs: Option<Vec<String>>,
    selected_lakehouses: Option<Vec<ReferenceRequest>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferenceRequest {
    reference_type: Option<String>,
    item_id: Option<String>,
    workspace_id: Option<String>,
}

impl ExecutionDefinitionRequest {
    /// Parses the content of the request.
    pub(crate) fn parsed(self) -> Result<ExecutionDefinitionChange, FabricError> {
        let current = self.current_lakehouse_execution_context;
        let current = current.map(|context| {
            let ContextRequest { mode, selected_mlvs, .. } = context;
            parse_context(mode.as_deref(), selected_mlvs, "SelectedMlvs", Ok)
        });
        let extended = self.extended_lineage_execution_context;
        let extended = extended.map(|context| {
            let ContextRequest { mode, selected_lakehouses, .. } = context;
            parse_context(mode.as_deref(), selected_lakehouses, "SelectedLakehouses", ReferenceRequest::parsed)
        });
        Ok(ExecutionDefinitionChange {
            display_name: self.display_name,
            description: self.description,
            settings: self.settings.map(SettingsRequest::parsed).transpose()?,
            current_lakehouse: current.transpose()?,
            extended_lineage: extended.transpose()?,
        })
    }
}

impl SettingsRequest {
    fn parsed(self) -> Result<ExecutionSettings, FabricError> {
        let mode = |name: String| match name.to_ascii_lowercase().as_str() {
            "optimal" => Ok(RefreshMode::Optimal),
            "full" => Ok(RefreshMode::Full),
            _ => Err(invalid(format!("The value {name:?} of RefreshMode is neither Optimal nor Full."))),
        };
        Ok(ExecutionSettings {
            environment: self.environment.map(ReferenceRequest::parsed).transpose()?,
            refresh_mode: self.refresh_mode.map(mode).transpose()?,
        })
    }
}

impl ReferenceRequest {
    fn parsed(self) -> Result<ItemReference, FabricError> {
        if !self.reference_type.is_some_and(|name| name.eq_ignore_ascii_case("ById")) {
            return Err(invalid("The ReferenceType of an item is not ById."));
        }
        let (item, workspace) = (self.item_id.unwrap_or_default(), self.workspace_id.unwrap_or_default());
        match (item.parse(), workspace.parse()) {
            (Ok(item), Ok(workspace)) => Ok(ItemReference { item, workspace }),
            _ => Err(invalid("The ItemId or the WorkspaceId of an item is not a GUID.")),
        }
    }
}

fn parse_context<T, U>(
    mode: Option<&str>,
    selected: Option<Vec<T>>,
    field: &str,
    parse: impl Fn(T) -> Result<U, FabricError>,
) -> Result<ExecutionContext<U>, FabricError> {
    let is = |name: &str| mode.is_some_and(|mode| mode.eq_ignore_ascii_case(name));
    if is("All") {
        return Ok(ExecutionContext::All);
    }
    if !is("Selected") {
        return Err(invalid("The Mode of an execution context is neither All nor Selected."));
    }
    let selected = selected.ok_or_else(|| invalid(format!("The {field} field is required.")))?;
    Ok(ExecutionContext::Selected(selected.into_iter().map(parse).collect::<Result<_, FabricError>>()?))
}

/// An execution definition.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutionDefinitionBody<'a> {
    id: ExecutionDefinitionId,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<SettingsBody>,
    current_lakehouse_execution_context: ContextBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_lineage_execution_context: Option<ContextBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettingsBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<ReferenceBody>,
    refresh_mode: RefreshMode,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct ContextBody<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected_mlvs: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected_lakehouses: Option<Vec<ReferenceBody>>,
}

/// A reference to an item by its id.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReferenceBody {
    reference_type: &'static str,
    item_id: ItemId,
    workspace_id: WorkspaceId,
}

impl From<ItemReference> for ReferenceBody {
    fn from(ItemReference { item, workspace }: ItemReference) -> Self {
        Self { reference_type: "ById", item_id: item, workspace_id: workspace }
    }
}

impl ContextBody<'_> {
    fn new<T>(context: &ExecutionContext<T>) -> Self {
        let mode = match context {
            ExecutionContext::All => "All",
            ExecutionContext::Selected(_) => "Selected",
        };
        Self { mode, ..Self::default() }
    }
}

impl<'a> From<&'a ExecutionDefinition> for ExecutionDefinitionBody<'a> {
    fn from(definition: &'a ExecutionDefinition) -> Self {
        let mut current = ContextBody::new(&definition.current_lakehouse);
        if let ExecutionContext::Selected(views) = &definition.current_lakehouse {
            current.selected_mlvs = Some(views);
        }
        let extended = definition.extended_lineage.as_ref().map(|context| {
            let mut body = ContextBody::new(context);
            if let ExecutionContext::Selected(lakehouses) = context {
                body.selected_lakehouses = Some(lakehouses.iter().map(|it| (*it).into()).collect());
            }
            body
        });
        let settings = definition.settings.map(|settings| SettingsBody {
            environment: settings.environment.map(ReferenceBody::from),
            refresh_mode: settings.refresh_mode.unwrap_or_default(),
        });
        Self {
            id: definition.id,
            display_name: &definition.display_name,
            description: definition.description.as_deref(),
            settings,
            current_lakehouse_execution_context: current,
            extended_lineage_execution_context: extended,
        }
    }
}
