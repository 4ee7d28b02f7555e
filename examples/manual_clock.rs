//! Creates a mirrored database and moves a manual clock until its tables replicate.
//!
//! `cargo run --example manual_clock`
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use specularite::clock::{ClockChange, Mode};
use specularite::control::{ControlCommand, SourceDeclaration, TableDeclaration};
use specularite::{Emulator, Pace};
use tower::ServiceExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // With the pace `realistic`, steps take as long as in the service. The manual clock skips the waiting time.
    let emulator = Emulator::builder().seed(7).pace(Pace::Realistic).build();
    let tenant = emulator.default_tenant();
    tenant.clock().set(ClockChange { mode: Some(Mode::Manual), ..ClockChange::default() })?;
    let router = specularite::router(emulator);

    // A connection, with a simulated source that has one table.
    let connection = post(&router, "/v1/connections", connection()).await?;
    let id = text(&connection["id"]);
    let orders = TableDeclaration { rows: 600_000, ..TableDeclaration::new("dbo", "Orders") };
    let source = SourceDeclaration { tables: vec![orders], ..SourceDeclaration::default() };
    tenant.control(ControlCommand::DeclareSource { id: id.parse()?, source })?;

    // A workspace on a capacity, and a mirrored database in it.
    let capacities = call(&router, "GET", "/v1/capacities", None).await?;
    let workspace = json!({"displayName": "Sales", "capacityId": capacities["value"][0]["id"]});
    let workspace = post(&router, "/v1/workspaces", workspace).await?;
    let items = format!("/v1/workspaces/{}/mirroredDatabases", text(&workspace["id"]));
    let database = post(&router, &items, mirrored_database(&id)).await?;
    let database = format!("{items}/{}", text(&database["id"]));

    let status = async || post(&router, &format!("{database}/getMirroringStatus"), Value::Null).await;
    assert_eq!(status().await?["status"], "Initializing");
    tenant.clock().advance(Duration::from_secs(20))?;
    assert_eq!(status().await?["status"], "Initialized");

    post(&router, &format!("{database}/startMirroring"), Value::Null).await?;
    assert_eq!(status().await?["status"], "Starting");
    tenant.clock().advance(Duration::from_secs(20))?;
    assert_eq!(status().await?["status"], "Running");

    // After an hour, the initial snapshot is complete.
    tenant.clock().advance(Duration::from_secs(3_600))?;
    let tables = post(&router, &format!("{database}/getTablesMirroringStatus"), Value::Null).await?;
    assert_eq!(tables["data"][0]["status"], "Replicating");
    assert_eq!(tables["data"][0]["metrics"]["processedRows"], 600_000);
    println!("{tables:#}");
    Ok(())
}

fn connection() -> Value {
    json!({
        "connectivityType": "ShareableCloud",
        "displayName": "Orders database",
        "connectionDetails": {
            "type": "SQL",
            "creationMethod": "Sql",
            "parameters": [
                {"dataType": "Text", "name": "server", "value": "orders.database.windows.net"},
                {"dataType": "Text", "name": "database", "value": "orders"},
            ],
        },
        "privacyLevel": "Organizational",
        "credentialDetails": {
            "singleSignOnType": "None",
            "connectionEncryption": "NotEncrypted",
            "skipTestConnection": false,
            "credentials": {"credentialType": "Basic", "username": "reader", "password": "any"},
        },
    })
}

fn mirrored_database(connection: &str) -> Value {
    let definition = json!({
        "properties": {
            "source": {"type": "AzureSqlDatabase", "typeProperties": {"connection": connection}},
            "target": {"type": "MountedRelationalDatabase", "typeProperties": {"format": "Delta"}},
        },
    });
    let payload = STANDARD.encode(definition.to_string());
    let part = json!({"path": "mirroring.json", "payload": payload, "payloadType": "InlineBase64"});
    json!({"displayName": "Orders", "definition": {"parts": [part]}})
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

async fn post(router: &Router, path: &str, body: Value) -> Result<Value, Box<dyn Error>> {
    call(router, "POST", path, Some(body).filter(|body| !body.is_null())).await
}

/// Sends a request and returns the body of its response. Returns an error if the status is not a success.
async fn call(router: &Router, method: &str, path: &str, body: Option<Value>) -> Result<Value, Box<dyn Error>> {
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer any")
        .header("content-type", "application/json")
        .body(body)?;
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        return Err(format!("{method} {path}: {status}: {}", String::from_utf8_lossy(&bytes)).into());
    }
    Ok(if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? })
}
