//! Embeds the emulator with a server, for code under test that opens connections itself.
//!
//! `cargo run --example embed_server`
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use specularite::{Emulator, Pace};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let emulator = Emulator::builder().pace(Pace::Instant).build();
    // The server listens on a free port until `server` is dropped.
    let server = specularite::server::start(emulator).await?;
    println!("listening on {}", server.url());

    // Pass `server.url()` to the code under test, instead of https://api.fabric.microsoft.com.
    let mut stream = TcpStream::connect(server.address()).await?;
    let request =
        "GET /v1/capacities HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer any\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    println!("{response}");
    Ok(())
}
