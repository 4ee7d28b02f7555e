//! The program `specularite`: parses the command line, configures the log, and executes a command.

use std::cell::Cell;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;

use clap::Parser as _;
use hyper::body::Bytes;
use specularite::check::{self, Report};
use specularite::config::{self, At, Check, Command, Config, Demo, Env, Health, LogFormat, Run, Serve, SignIn, Token};
use specularite::entra::grant::TokenIssuer;
use specularite::entra::{Account, Site};
use specularite::environment::{Environment, EnvironmentSpec};
use specularite::fabric::State;
use specularite::fabric::access::tenant_named;
use specularite::fabric::settings::{Settings, SettingsChange};
use specularite::proxy::OtherHosts;
use specularite::server::ServerOptions;
use specularite::signals::Signals;
use specularite::signing::{self, Signer};
use specularite::{Emulator, ca, client, clock, demo, run, scenario_file, seed, server, sign_in};
use tokio::net::TcpListener;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The exit status for an invalid or unusable option. `clap` exits with the same status.
const BAD_OPTION: u8 = 2;
/// The exit status of `run --strict-faults` if a fault rule never struck.
const UNSTRUCK: u8 = 3;

/// The minimum size that jemalloc treats as oversized (its option `oversize_threshold`), in bytes.
#[cfg(not(target_env = "msvc"))]
const OVERSIZED: usize = 8 << 20;

/// jemalloc returns the memory of deleted tenants to the system. The allocator of glibc keeps most of it.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Configures the allocator, if it is jemalloc, to return all freed memory to the system: allocations of 8 MiB or more at
/// once, smaller ones after a delay.
fn prepare_allocator() {
    #[cfg(not(target_env = "msvc"))]
    {
        // jemalloc decides how to free oversized allocations when it makes the first one. If its background threads were
        // already running, it would keep the memory of large bodies for 10 seconds.
        drop(std::hint::black_box(Vec::<u8>::with_capacity(OVERSIZED)));
        // Without background threads, jemalloc returns memory only while requests arrive. On platforms without them, that
        // is enough.
        let _ = tikv_jemalloc_ctl::background_thread::write(true);
    }
}

fn main() -> ExitCode {
    let config = Config::parse();
    prepare_allocator();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(why) => return ExitError::new(format!("cannot start the async runtime: {why}"), 1).report(),
    };
    let status = runtime.block_on(execute(config));
    // Dropping the runtime would wait for name lookups that are still in progress.
    runtime.shutdown_background();
    status
}

async fn execute(Config { command, serve }: Config) -> ExitCode {
    let done = match command.unwrap_or(Command::Serve(serve)) {
        Command::Serve(options) => listen(options).await,
        Command::Run(options) => return run_command(options).await.unwrap_or_else(|error| error.report()),
        Command::Demo(options) => show_demo(options).await,
        Command::Env(options) => print_environment(&options).await.inspect_err(|_| {
            // A shell evaluates the output with `eval`. The shell must notice the error too.
            let _ = write!(io::stdout(), "{}", options.format.failure());
        }),
        Command::Token(options) => print_token(&options).await,
        Command::Health(options) => health(options).await,
        Command::Check(options) => check_all(&options),
        Command::SignIn(options) => follow_page(&options).await,
    };
    done.map_or_else(|error| error.report(), |()| ExitCode::SUCCESS)
}

/// An error that ends the program, with the exit status `code`.
#[derive(Debug)]
struct ExitError {
    message: String,
    code: u8,
}

impl ExitError {
    fn new(message: impl Into<String>, code: u8) -> Self {
        Self { message: message.into(), code }
    }

    fn report(self) -> ExitCode {
        let _ = writeln!(io::stderr(), "specularite: {}", self.message);
        ExitCode::from(self.code)
    }
}

/// Returns the cause of an I/O error, in the form that follows a colon in a message.
fn reason(why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::AddrInUse => "address in use".into(),
        io::ErrorKind::AddrNotAvailable => "address not available on this machine".into(),
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::TimedOut => "timed out".into(),
        // The operating system's number means nothing to most users.
        _ => why.to_string().split(" (os error").next().unwrap_or_default().to_owned(),
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ExitError> {
    let failed = |why: io::Error| {
        let advice = match why.kind() {
            io::ErrorKind::AddrInUse => " (try --listen 127.0.0.1:0)",
            _ => " (see --listen)",
        };
        ExitError::new(format!("cannot listen on {address}: {}{advice}", reason(&why)), BAD_OPTION)
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Checks that files can be stored in `--data-dir`. Without this check, an unusable directory would cause an error only
/// at the first use of a key.
fn check_data_dir(options: &Serve) -> Result<(), ExitError> {
    let Some(path) = &options.data_dir else { return Ok(()) };
    let kept = std::fs::create_dir_all(path).and_then(|()| tempfile::tempfile_in(path));
    kept.map(drop).map_err(|why| {
        ExitError::new(format!("cannot use --data-dir {}: {}", path.display(), reason(&why)), BAD_OPTION)
    })
}

/// Builds the emulator, opens the keys that are stored in the data directory, and applies the scenarios, unless a state file
/// holds the tenants. Keys that do not exist are created on first use.
fn build(options: &Serve) -> Result<Arc<Emulator>, ExitError> {
    let emulator = options.emulator(draw_seed()).map_err(|why| ExitError::new(why.to_string(), BAD_OPTION))?;
    let directory = config::data_dir(options.data_dir.as_ref());
    let unusable = |why: io::Error| ExitError::new(format!("cannot use a stored key: {why}"), BAD_OPTION);
    if directory.has(signing::KEY_FILE) {
        emulator.signer().map_err(unusable)?;
    }
    if directory.has(ca::KEY_FILE) {
        emulator.ca().map_err(unusable)?;
    }
    let scenarios = if emulator.is_new() { &options.scenarios[..] } else { &[] };
    for path in scenarios {
        scenario_file::apply(path, &emulator.default_tenant())
            .map_err(|why| ExitError::new(format!("cannot use --scenario {}: {why}", path.display()), BAD_OPTION))?;
    }
    Ok(emulator)
}

async fn listen(options: Serve) -> Result<(), ExitError> {
    start_log(options.log, tracing::Level::INFO);
    let signals = Signals::listen().map_err(|why| ExitError::new(format!("cannot listen for signals: {why}"), 1))?;
    check_data_dir(&options)?;
    let (listener, address) = bind(options.address()).await?;
    let emulator = build(&options)?;
    tracing::info!(seed = emulator.seed(), pace = ?options.pace, throttle = ?options.throttle, "specularite {}", env!("CARGO_PKG_VERSION"));

    let mut out = io::stdout();
    // Errors are ignored, so that the emulator also serves if standard output is closed.
    let _ = writeln!(out, "specularite is listening on http://{address}").and_then(|()| out.flush());
    let options = options.server_options(OtherHosts::Refuse);
    serve_until_signal(listener, &emulator, options, signals, std::future::pending()).await
}

/// Serves until a signal, or until `client` ends, and returns the result of `client` if it has ended.
async fn serve_until_signal(
    listener: TcpListener,
    emulator: &Arc<Emulator>,
    options: ServerOptions,
    mut signals: Signals,
    client: impl Future<Output = Result<(), ExitError>>,
) -> Result<(), ExitError> {
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let served = server::serve(listener, Arc::clone(emulator), options, async {
        let _ = stopped.await;
    });
    let mut served = std::pin::pin!(served);
    let mut client = std::pin::pin!(client);
    let mut stop = Some(stop);
    let mut result = Ok(());
    loop {
        tokio::select! {
            () = &mut served => break,
            ended = &mut client, if stop.is_some() => {
                result = ended;
                drop(stop.take());
            }
            status = signals.next_status() => match stop.take() {
                Some(stop) => drop(stop.send(())),
                None => return Err(ExitError::new("stopped by a second signal; requests in progress were dropped", status)),
            },
        }
    }
    emulator.close_state();
    tracing::info!("stopped");
    result
}

/// Listens for `demo`. If the default address is not available, listens on a free port instead.
async fn bind_for_demo(options: &Serve) -> Result<(TcpListener, SocketAddr), ExitError> {
    match bind(options.address()).await {
        Err(why) if options.listen.is_none() => {
            let _ = writeln!(io::stderr(), "specularite: {}; a free port is used instead", why.message);
            bind(options.temporary_address()).await
        }
        bound => bound,
    }
}

/// Shows the demo. On a terminal, the emulator then serves until a signal.
async fn show_demo(Demo { serve: mut options, open, no_input }: Demo) -> Result<(), ExitError> {
    start_log(options.log, tracing::Level::WARN);
    let signals = Signals::listen().map_err(|why| ExitError::new(format!("cannot listen for signals: {why}"), 1))?;
    check_data_dir(&options)?;
    let (listener, address) = bind_for_demo(&options).await?;
    options.seed.get_or_insert(demo::SEED);
    let emulator = build(&options)?;
    let live = demo::is_terminal() && !no_input;
    let setting =
        demo::Setting { address: reachable(address), live, fresh: emulator.is_new() && options.scenarios.is_empty() };
    if open {
        demo::open_browser(&setting);
    }
    let is_told = Cell::new(false);
    let story = async {
        let told = demo::tell(setting, &mut demo::Screen::new(!live)).await;
        told.map_err(|why| ExitError::new(format!("the demo failed: {why}"), 1))?;
        is_told.set(true);
        if live {
            std::future::pending::<()>().await;
        }
        Ok(())
    };
    let server_options = options.server_options(OtherHosts::Refuse);
    serve_until_signal(listener, &emulator, server_options, signals, story).await?;
    if live {
        // The terminal shows `^C` where the cursor was.
        let _ = writeln!(io::stdout());
    } else if !is_told.get() {
        return Err(ExitError::new("the demo was stopped by a signal before its end", 1));
    }
    Ok(())
}

/// Runs a command against a temporary emulator, and returns the exit status of the command.
async fn run_command(
    Run { serve: options, report, isolate, strict_faults, command }: Run,
) -> Result<ExitCode, ExitError> {
    start_log(options.log, tracing::Level::WARN);
    check_data_dir(&options)?;
    let (listener, address) = bind(options.temporary_address()).await?;
    let emulator = build(&options)?;
    if report {
        emulator.traffic().count_calls();
    }
    let server_options = options.server_options(OtherHosts::Tunnel);
    if !server_options.tls {
        tracing::warn!("--tls off: HTTPS requests to Fabric and Entra do not reach the emulator");
    }
    let unprepared =
        |why: io::Error| ExitError::new(format!("cannot prepare the environment of the command: {why}"), 1);
    let folder = tempfile::Builder::new().prefix("specularite-").tempdir().map_err(unprepared)?;
    let spec = EnvironmentSpec {
        address: reachable(address),
        ca: emulator.ca().map_err(unprepared)?.pem(),
        folder: folder.path(),
        tenant: None,
        direct: !server_options.tls,
        tls: server_options.tls,
        reaches_others: server_options.other_hosts == OtherHosts::Tunnel,
        isolate,
    };
    let mut environment = Environment::prepare(&spec).map_err(unprepared)?;
    if let Some(path) = config::data_dir(options.data_dir.as_ref()).path() {
        environment.set("SPECULARITE_DATA_DIR", path.to_string_lossy());
    }
    let running = server::start_on(listener, emulator.clone(), server_options).map_err(unprepared)?;
    run::announce(address);
    let status = run::run(&command, &environment).await;
    drop(running);
    emulator.close_state();
    if report {
        let _ = run::report(&emulator, &mut io::stderr());
    }
    if strict_faults && matches!(status, Ok(0)) && !run::unstruck(&emulator).is_empty() {
        if !report {
            let _ = run::write_unstruck(&emulator, &mut io::stderr());
        }
        return Ok(ExitCode::from(UNSTRUCK));
    }
    status.map(ExitCode::from).map_err(|why| ExitError { code: why.status(), message: why.to_string() })
}

/// Returns the address of a running emulator. It is given by `--listen`, else by `SPECULARITE_URL`, which `run` and
/// `env` set. The default is 127.0.0.1:7310.
async fn address_of(at: &At) -> Result<SocketAddr, ExitError> {
    let url = std::env::var("SPECULARITE_URL").ok();
    let named = at.listen.as_deref().or(url.as_deref()).map(|named| named.trim_start_matches("http://"));
    let named = named.map_or_else(|| config::LISTEN.to_string(), |named| named.trim_end_matches('/').to_owned());
    let failed = |why: io::Error| ExitError::new(format!("cannot resolve {named}: {why} (see --listen)"), BAD_OPTION);
    let found = tokio::net::lookup_host(&named).await.map_err(failed)?.next();
    found.map(reachable).ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

/// Replaces an unspecified address, such as 0.0.0.0, with the loopback address, so that clients can connect to it.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    address
}

/// Prints the environment variables that route programs to a running emulator.
async fn print_environment(options: &Env) -> Result<(), ExitError> {
    let address = address_of(&options.at).await?;
    let host = address.to_string();
    let ca = String::from_utf8_lossy(&get_healthy(&host, "/_emulator/ca.pem").await?).into_owned();
    let data_dir = config::data_dir(options.data_dir.as_ref());
    let unprepared = |why: io::Error| ExitError::new(format!("cannot prepare the environment: {why}"), 1);
    let no_place = || ExitError::new("cannot find the user's data directory (pass --data-dir)", BAD_OPTION);
    let tenant = tenant_named(options.tenant.as_deref().unwrap_or_default());
    // Clients store caches in this folder, so each emulator and tenant has its own folder.
    let folder = data_dir.path().ok_or_else(no_place)?.join("env");
    let folder = folder.join(host.replace([':', '[', ']'], "-")).join(tenant.to_string());
    std::fs::create_dir_all(&folder).map_err(unprepared)?;
    let environment = Environment::prepare(&EnvironmentSpec {
        address,
        ca: &ca,
        folder: &folder,
        tenant: options.tenant.as_deref(),
        direct: options.direct,
        tls: true,
        reaches_others: true,
        isolate: false,
    });
    let _ = write!(io::stdout(), "{}", environment.map_err(unprepared)?.print(options.format));
    Ok(())
}

/// Prints a token that is signed with the key in the data directory. With `--auth strict`, an emulator with the same
/// data directory accepts the token.
///
/// The token is issued at the instant of the tenant's clock in the emulator at `SPECULARITE_URL`. If no emulator
/// responds there, the machine's time applies.
async fn print_token(options: &Token) -> Result<(), ExitError> {
    let failed = |why: io::Error| ExitError::new(format!("cannot use the signing key: {why}"), 1);
    let lifetime = SettingsChange { token_lifetime: Some(options.expires_in), ..SettingsChange::default() };
    let settings = Settings::default().changed(lifetime).map_err(|why| ExitError::new(why.to_string(), BAD_OPTION))?;
    let state = State::new(seed::Seed::new(0), settings);
    let signer = Signer::open(&config::data_dir(options.data_dir.as_ref())).map_err(failed)?;
    let tenant = tenant_named(options.tenant.as_deref().unwrap_or_default());
    let site = Site::new("https://login.microsoftonline.com".into(), &tenant.to_string(), tenant);
    let account = match &options.app {
        Some(client) => Account::app(&state, client),
        None => Account::user(&state, options.user.as_deref()),
    };
    let now = emulator_time(&tenant.to_string()).await.unwrap_or_else(clock::machine_time);
    let issuer = TokenIssuer { state: &state, signer: &signer, site: &site, now };
    let _ = writeln!(io::stdout(), "{}", issuer.issue(&account, &options.scope, &options.role));
    Ok(())
}

/// Returns the instant of a tenant's clock in the emulator at `SPECULARITE_URL`, or `None` if no emulator responds.
async fn emulator_time(tenant: &str) -> Option<jiff::Timestamp> {
    let url = std::env::var("SPECULARITE_URL").ok()?;
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let asked = client::get(host, &format!("/_emulator/clock?tenant={tenant}")).ok()?;
    let answer = client::ask(host, asked).await.ok()?;
    let clock: serde_json::Value = serde_json::from_slice(answer.body()).ok()?;
    clock["now"].as_str()?.parse().ok()
}

/// Opens a sign-in page and submits its form, in a background process. This process ends at once, because the program
/// that requested the sign-in waits for the end of its browser before it listens for the result.
async fn follow_page(options: &SignIn) -> Result<(), ExitError> {
    let failed = |why: io::Error| ExitError::new(format!("cannot sign in: {why}"), 1);
    if options.here {
        let at = options.at.trim_start_matches("http://").trim_end_matches('/');
        return sign_in::sign_in(at, &options.page, options.tenant.as_deref()).await.map_err(failed);
    }
    let mut again = std::process::Command::new(std::env::current_exe().map_err(failed)?);
    again.args(["sign-in", "--here", "--at", &options.at, &options.page]);
    again.args(options.tenant.iter().flat_map(|tenant| ["--tenant", tenant]));
    // The background process inherits standard error, so that the user sees errors.
    again.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map(drop).map_err(failed)
}

/// Returns a random seed.
fn draw_seed() -> u64 {
    let now = clock::machine_time().as_nanosecond().to_le_bytes();
    // The seed has at most six digits, so that a user can retype it.
    seed::Seed::new(std::process::id().into()).fork(now).between(1, 999_999)
}

fn start_log(form: LogFormat, level: tracing::Level) {
    let wanted = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let log = tracing_subscriber::registry().with(filter);
    match form {
        LogFormat::Text => log.with(lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))).init(),
        LogFormat::Json => log.with(lines.json()).init(),
    }
}

/// Checks that a healthy emulator responds at the address in the options.
async fn health(options: Health) -> Result<(), ExitError> {
    let address = address_of(&options.at).await?.to_string();
    get_healthy(&address, "/_emulator/health").await.map(drop)
}

/// Sends a GET request to a running emulator, and returns the body of a successful response.
async fn get_healthy(address: &str, path: &str) -> Result<Bytes, ExitError> {
    let unhealthy = |why: &str| ExitError::new(format!("no healthy emulator at http://{address}: {why}"), 1);
    let request = client::get(address, path).map_err(|why| unhealthy(&reason(&why)))?;
    let response = client::ask(address, request).await.map_err(|why| unhealthy(&reason(&why)))?;
    if response.status().is_success() {
        return Ok(response.into_body());
    }
    Err(unhealthy(&format!("status {}", response.status())))
}

/// Validates definitions, and prints each fault on a separate line.
fn check_all(options: &Check) -> Result<(), ExitError> {
    if options.schema {
        let _ = write!(io::stdout(), "{}", check::SCHEMA);
        return Ok(());
    }
    let mut report = Report::default();
    let unread = options.paths.iter().find_map(|path| check::check(path, &mut report).err());
    let mut out = std::io::stdout();
    for fault in &report.faults {
        let _ = writeln!(out, "{fault}");
    }
    if let Some(message) = unread {
        return Err(ExitError { message, code: BAD_OPTION });
    }
    match (report.checked, report.faults.len()) {
        (0, _) => {
            let message =
                "no definitions found (folders are searched for items and mirroring.json; pass other files explicitly)";
            Err(ExitError::new(message, BAD_OPTION))
        }
        (checked, 0) => {
            let _ = writeln!(out, "{checked} checked: no fault");
            Ok(())
        }
        (checked, 1) => Err(ExitError::new(format!("{checked} checked: 1 fault"), 1)),
        (checked, faults) => Err(ExitError::new(format!("{checked} checked: {faults} faults"), 1)),
    }
}
