//! The definition of an item that was made without one, by kind: what the service was seen to write (docs/fidelity.md#kinds).

use serde_json::{Value, json};

use super::catalog::{self, Databricks};
use super::{Item, ItemKind, Part, cosmos_db_database, dacpac, text_of};
use crate::fabric::json;

/// Where the schemas of definitions are.
const SCHEMAS: &str = "https://developer.microsoft.com/json-schemas/fabric/item";
const SPARK_COMPUTE: &str = "enable_native_execution_engine: false\r\ndriver_cores: 8\r\ndriver_memory: 56g\r\nexecutor_cores: 8\r\n\
     executor_memory: 56g\r\ndynamic_executor_allocation:\r\n  enabled: true\r\n  min_executors: 1\r\n  max_executors: 9\r\n\
     runtime_version: 1.3\r\n";
const KQL_SCRIPT: &str =
    "// KQL script\r\n// Use management commands in this script to configure your database items.\r\n\r\n\r\n";
const NOTEBOOK: &str = "# Fabric notebook source\n\n# CELL ********************\n\n\n";

/// The parts but `.platform`, in a format that was checked. Kinds that are not told of here have one part, an empty object.
pub(super) fn parts(item: &Item, format: Option<&str>) -> Vec<Part> {
    match item.kind {
        ItemKind::AnomalyDetector | ItemKind::OperationsAgent => vec![text("Configurations.json", "{}")],
        ItemKind::ApacheAirflowJob => vec![text("apacheairflowjob-content.json", "{}")],
        ItemKind::DataAgent => {
            vec![text("Files/Config/data_agent.json", "{}"), text("Files/Config/draft/stage_config.json", "{}")]
        }
        ItemKind::CopyJob => {
            vec![lf("copyjob-content.json", &json!({"properties": {"jobMode": "Batch"}, "activities": []}))]
        }
        ItemKind::CosmosDBDatabase => vec![cosmos_db_database::default_definition()],
        ItemKind::DataPipeline => vec![lf("pipeline-content.json", &json!({"properties": {"activities": []}}))],
        ItemKind::Dataflow => vec![
            lf(
                "queryMetadata.json",
                &json!({"formatVersion": "202502", "computeEngineSettings": {"allowFastCopy": false}, "name": null, "allowNativeQueries": false}),
            ),
            text("mashup.pq", "section Section1;"),
        ],
        ItemKind::DigitalTwinBuilder => {
            vec![crlf("definition.json", &json!({"LakehouseId": text_of(item, "/LakehouseId")}))]
        }
        ItemKind::DigitalTwinBuilderFlow => {
            let builder = text_of(item, "/digitalTwinBuilderItemReference/itemId");
            vec![crlf(
                "definition.json",
                &json!({"DigitalTwinBuilderId": builder, "OperationIds": [], "IsOnDemand": false}),
            )]
        }
        ItemKind::MirroredDatabase => {
            let target = json!({"type": "MountedRelationalDatabase", "typeProperties": {"format": "Delta"}});
            vec![crlf("mirroring.json", &json!({"properties": {"source": {}, "target": target}}))]
        }
        ItemKind::MirroredAzureDatabricksCatalog => catalog::databricks(item).iter().map(databricks).collect(),
        ItemKind::Environment => vec![text("Setting/Sparkcompute.yml", SPARK_COMPUTE)],
        ItemKind::Eventhouse => vec![text("EventhouseProperties.json", "{}")],
        ItemKind::Eventstream => vec![
            crlf(
                "eventstream.json",
                &json!({"sources": [], "destinations": [], "streams": [], "operators": [], "compatibilityLevel": "1.1"}),
            ),
            crlf("eventstreamProperties.json", &json!({"retentionTimeInDays": 1, "eventThroughputLevel": "Low"})),
        ],
        ItemKind::GraphQLApi => {
            let schema = format!("{SCHEMAS}/graphqlApi/definition/1.0.0/schema.json");
            vec![crlf("graphql-definition.json", &json!({"$schema": schema, "datasources": []}))]
        }
        ItemKind::GraphQuerySet => vec![compact(
            "exportedDefinition.json",
            &json!({"dependencies": [], "indirectDependencies": [], "ArtifactContents": [], "ConfigurationCategories": []}),
        )],
        ItemKind::KQLDashboard => vec![text("RealTimeDashboard.json", "{}")],
        ItemKind::KQLQueryset => vec![text("RealTimeQueryset.json", "{}")],
        ItemKind::KQLDatabase => vec![
            crlf(
                "DatabaseProperties.json",
                &json!({
                    "databaseType": "ReadWrite", "parentEventhouseItemId": item.parent,
                    "oneLakeCachingPeriod": "P365000D", "oneLakeStandardStoragePeriod": "P365000D",
                }),
            ),
            text("DatabaseSchema.kql", KQL_SCRIPT),
        ],
        ItemKind::Lakehouse => lakehouse(),
        ItemKind::Map => {
            let schema = format!("{SCHEMAS}/map/definition/2.0.0/schema.json");
            let map = json!({
                "$schema": schema, "basemap": {}, "dataSources": [], "iconSources": [], "layerSources": [], "layerSettings": [],
            });
            vec![crlf("map.json", &map)]
        }
        ItemKind::Notebook if format == Some("ipynb") => vec![compact(
            "notebook-content.ipynb",
            &json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}),
        )],
        ItemKind::Notebook => vec![text("notebook-content.py", NOTEBOOK)],
        ItemKind::Reflex => vec![text("ReflexEntities.json", "[]")],
        ItemKind::SQLDatabase => dacpac::default_definition(item, format),
        ItemKind::SparkJobDefinition => vec![compact(
            "SparkJobDefinitionV1.json",
            &json!({
                "executableFile": null, "defaultLakehouseArtifactId": "", "mainClass": "", "additionalLakehouseIds": [],
                "retryPolicy": null, "commandLineArguments": "", "additionalLibraryUris": [], "language": "",
                "environmentArtifactId": null,
            }),
        )],
        ItemKind::UserDataFunction => {
            let schema = format!("{SCHEMAS}/userDataFunction/definition/1.1.0/schema.json");
            let functions = json!({
                "$schema": schema, "runtime": "PYTHON", "connectedDataSources": [], "functions": [],
                "libraries": {"public": [], "private": []},
            });
            vec![crlf("definition.json", &functions)]
        }
        ItemKind::VariableLibrary => {
            let schema = |of: &str| format!("{SCHEMAS}/variableLibrary/definition/{of}/1.0.0/schema.json");
            vec![
                crlf("variables.json", &json!({"$schema": schema("variables"), "variables": []})),
                crlf("settings.json", &json!({"$schema": schema("settings"), "valueSetsOrder": []})),
            ]
        }
        _ => vec![text("definition.json", "{}")],
    }
}

fn databricks(catalog: &Databricks) -> Part {
    let mut told = json!({
        "name": catalog.catalog_name,
        "databricksWorkspaceConnectionId": catalog.databricks_workspace_connection_id,
        "autoSync": catalog.auto_sync,
        "mirroringMode": catalog.mirroring_mode,
    });
    if let Some(storage) = &catalog.storage_connection_id {
        told["storageConnectionId"] = storage.as_str().into();
    }
    crlf(catalog::DATABRICKS, &told)
}

fn lakehouse() -> Vec<Part> {
    const SHORTCUTS: [&str; 8] = [
        "OneLake",
        "AdlsGen2",
        "Dataverse",
        "AmazonS3",
        "S3Compatible",
        "GoogleCloudStorage",
        "AzureBlobStorage",
        "OneDriveSharePoint",
    ];
    let kinds: Vec<Value> =
        SHORTCUTS.iter().map(|name| json!({"name": format!("Shortcuts.{name}"), "state": "Enabled"})).collect();
    let settings = json!({"version": "1.0.1", "objectTypes": [
        {"name": "Shortcuts", "state": "Enabled", "subObjectTypes": kinds},
        {"name": "DataAccessRoles", "state": "Disabled"},
    ]});
    vec![
        text("lakehouse.metadata.json", "{}"),
        crlf("alm.settings.json", &settings),
        text("shortcuts.metadata.json", "[]"),
    ]
}

fn text(path: &str, text: &str) -> Part {
    Part { path: path.into(), payload: text.into() }
}

/// JSON without a blank.
fn compact(path: &str, value: &Value) -> Part {
    text(path, &value.to_string())
}

/// JSON indented by two, its lines ended by LF.
fn lf(path: &str, value: &Value) -> Part {
    text(path, &format!("{value:#}"))
}

/// JSON indented by two, its lines ended by CRLF.
fn crlf(path: &str, value: &Value) -> Part {
    Part { path: path.into(), payload: json::to_crlf(value) }
}
