//! The program: reads its options, sets up the log, and serves until a signal.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use specularite::check::{self, Report};
use specularite::config::{Check, Command, Config, Health, LogOption, Serve};
use specularite::{clock, seed, serve};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What the program exits with when an option cannot be followed; clap does so too.
const BAD_OPTION: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let Config { command, serve } = Config::parse();
    let done = match command.unwrap_or(Command::Serve(serve)) {
        Command::Serve(options) => listen(options).await,
        Command::Health(options) => health(options).await,
        Command::Check(options) => check_all(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { says, code }) => {
            let _ = writeln!(std::io::stderr(), "specularite: {says}");
            ExitCode::from(code)
        }
    }
}

/// Why the program ends other than well, in one sentence.
#[derive(Debug)]
struct Failure {
    says: String,
    code: u8,
}

async fn listen(options: Serve) -> Result<(), Failure> {
    start_log(options.log);
    let stop = signal()
        .map_err(|why| Failure { says: format!("the signals that would stop it cannot be heard: {why}"), code: 1 })?;
    let bad_listen =
        |why: std::io::Error| Failure { says: format!("--listen {}: {why}", options.listen), code: BAD_OPTION };
    let listener = TcpListener::bind(options.listen).await.map_err(bad_listen)?;
    let address = listener.local_addr().map_err(bad_listen)?;
    let seed = options.seed.unwrap_or_else(draw_seed);
    let emulator = options.emulator(seed);
    tracing::info!(seed, pace = ?options.pace, throttle = ?options.throttle, "specularite {}", env!("CARGO_PKG_VERSION"));

    let mut out = std::io::stdout();
    // Whoever started it may have closed its standard output: it serves all the same.
    let _ = writeln!(out, "specularite is listening on http://{address}").and_then(|()| out.flush());
    serve::serve(listener, emulator, stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// A seed that is another one at each start.
fn draw_seed() -> u64 {
    let now = clock::machine_time().as_nanosecond().to_le_bytes();
    // Short enough to be typed again.
    seed::Seed::new(std::process::id().into()).fork(now).between(1, 999_999)
}

fn start_log(form: LogOption) {
    let wanted = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let log = tracing_subscriber::registry().with(filter);
    match form {
        LogOption::Text => log.with(lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))).init(),
        LogOption::Json => log.with(lines.json()).init(),
    }
}

/// Becomes ready at the first signal that asks the program to stop.
#[cfg(unix)]
fn signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}

/// Becomes ready at the first signal that asks the program to stop.
#[cfg(not(unix))]
fn signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// Asks a running emulator how it is.
async fn health(options: Health) -> Result<(), Failure> {
    let mut address = options.listen;
    if address.ip().is_unspecified() {
        // What listens everywhere is asked from here.
        address.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    let unwell = |why: String| Failure { says: format!("nothing well answers on {address}: {why}"), code: 1 };
    let status = ask(address).await.map_err(|why| unwell(why.to_string()))?;
    if status.is_success() { Ok(()) } else { Err(unwell(format!("the status is {status}"))) }
}

/// Checks definitions, and prints each fault on a line of its own.
fn check_all(options: &Check) -> Result<(), Failure> {
    let mut report = Report::default();
    let unread = options.paths.iter().find_map(|path| check::check(path, &mut report).err());
    let mut out = std::io::stdout();
    for fault in &report.faults {
        let _ = writeln!(out, "{fault}");
    }
    if let Some(says) = unread {
        return Err(Failure { says, code: BAD_OPTION });
    }
    match (report.checked, report.faults.len()) {
        (0, _) => Err(Failure { says: "nothing to check was found".into(), code: BAD_OPTION }),
        (checked, 0) => {
            let _ = writeln!(out, "{checked} checked: no fault");
            Ok(())
        }
        (checked, faults) => Err(Failure { says: format!("{checked} checked: {faults} faults"), code: 1 }),
    }
}

async fn ask(address: std::net::SocketAddr) -> Result<hyper::StatusCode, Box<dyn std::error::Error>> {
    let stream = hyper_util::rt::TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    let request = hyper::Request::get("/_emulator/health").header("host", address.to_string());
    let request = request.body(http_body_util::Empty::<hyper::body::Bytes>::new())?;
    tokio::select! {
        response = sender.send_request(request) => Ok(response?.status()),
        ended = connection => Err(ended.err().map_or("the connection was closed".into(), Into::into)),
    }
}
