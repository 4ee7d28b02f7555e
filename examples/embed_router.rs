//! Embeds the emulator without a socket: the example sends requests directly to its router.
//!
//! `cargo run --example embed_router`
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use specularite::Emulator;
use tower::ServiceExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The same seed and the same calls give the same ids.
    let emulator = Emulator::builder().seed(7).build();
    let router = specularite::router(emulator);

    let request = Request::post("/v1/workspaces")
        .header("authorization", "Bearer any")
        .header("content-type", "application/json")
        .body(Body::from(json!({"displayName": "Sales"}).to_string()))?;
    let response = router.oneshot(request).await?;
    assert_eq!(response.status(), StatusCode::CREATED);

    let body = response.into_body().collect().await?.to_bytes();
    let workspace: Value = serde_json::from_slice(&body)?;
    assert_eq!(workspace["displayName"], "Sales");
    println!("{workspace:#}");
    Ok(())
}
