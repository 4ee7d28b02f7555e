//! The program: reads its options, sets up the log, and serves until a signal.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::{ExitCode, Stdio};

use clap::Parser as _;
use specularite::check::{self, Report};
use specularite::config::{self, At, Check, Command, Config, Env, Health, LogOption, Run, Serve, SignIn, Token};
use specularite::entra::grant::Desk;
use specularite::entra::{Account, Site};
use specularite::environment::{Environment, Wish};
use specularite::fabric::State;
use specularite::fabric::access::tenant_named;
use specularite::fabric::settings::Settings;
use specularite::proxy::OtherHosts;
use specularite::signals::Signals;
use specularite::signing::Signer;
use specularite::{client, clock, run, seed, server, sign_in};
use tokio::net::TcpListener;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What the program exits with when an option cannot be followed; clap does so too.
const BAD_OPTION: u8 = 2;

fn main() -> ExitCode {
    let config = Config::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(why) => return Failure::new(format!("cannot start the async runtime: {why}"), 1).tell(),
    };
    let status = runtime.block_on(execute(config));
    // Dropping the runtime would wait for name lookups that are still in progress.
    runtime.shutdown_background();
    status
}

async fn execute(Config { command, serve }: Config) -> ExitCode {
    let done = match command.unwrap_or(Command::Serve(serve)) {
        Command::Serve(options) => listen(options).await,
        Command::Run(options) => return run_command(options).await.unwrap_or_else(|failure| failure.tell()),
        Command::Env(options) => print_environment(&options).await.inspect_err(|_| {
            // Who evaluates it must not go on as if nothing had happened.
            let _ = write!(io::stdout(), "{}", options.format.format().failure());
        }),
        Command::Token(options) => print_token(&options).await,
        Command::Health(options) => health(options).await,
        Command::Check(options) => check_all(&options),
        Command::SignIn(options) => follow_page(&options).await,
    };
    done.map_or_else(|failure| failure.tell(), |()| ExitCode::SUCCESS)
}

/// Why the program ends other than well, in one sentence.
#[derive(Debug)]
struct Failure {
    says: String,
    code: u8,
}

impl Failure {
    fn new(says: impl Into<String>, code: u8) -> Self {
        Self { says: says.into(), code }
    }

    fn tell(self) -> ExitCode {
        let _ = writeln!(io::stderr(), "specularite: {}", self.says);
        ExitCode::from(self.code)
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let failed = |why: io::Error| Failure::new(format!("--listen {address}: {why}"), BAD_OPTION);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Keys are made when they are needed first; that they can be kept is found out at once, if it was asked for.
fn check_data_dir(options: &Serve) -> Result<(), Failure> {
    let Some(path) = &options.data_dir else { return Ok(()) };
    let kept = std::fs::create_dir_all(path).and_then(|()| tempfile::tempfile_in(path));
    kept.map(drop).map_err(|why| Failure::new(format!("--data-dir {}: {why}", path.display()), BAD_OPTION))
}

async fn listen(options: Serve) -> Result<(), Failure> {
    start_log(options.log, tracing::Level::INFO);
    let mut signals = Signals::listen().map_err(|why| Failure::new(format!("cannot listen for signals: {why}"), 1))?;
    check_data_dir(&options)?;
    let (listener, address) = bind(options.address()).await?;
    let seed = options.seed.unwrap_or_else(draw_seed);
    let emulator = options.emulator(seed);
    tracing::info!(seed, pace = ?options.pace, throttle = ?options.throttle, "specularite {}", env!("CARGO_PKG_VERSION"));

    let mut out = io::stdout();
    // Whoever started it may have closed its standard output: it serves all the same.
    let _ = writeln!(out, "specularite is listening on http://{address}").and_then(|()| out.flush());
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let served = server::serve(listener, emulator, options.server_options(OtherHosts::Refuse), async {
        let _ = stopped.await;
    });
    let mut served = std::pin::pin!(served);
    let mut stop = Some(stop);
    loop {
        tokio::select! {
            () = &mut served => break,
            status = signals.next_status() => match stop.take() {
                Some(stop) => drop(stop.send(())),
                None => return Err(Failure::new("stopped by a second signal; requests in progress were dropped", status)),
            },
        }
    }
    tracing::info!("stopped");
    Ok(())
}

/// Runs a command, and exits with its status.
async fn run_command(Run { serve: options, report, isolate, command }: Run) -> Result<ExitCode, Failure> {
    start_log(options.log, tracing::Level::WARN);
    check_data_dir(&options)?;
    let (listener, address) = bind(options.free_address()).await?;
    let emulator = options.emulator(options.seed.unwrap_or_else(draw_seed));
    if report {
        emulator.traffic().count_calls();
    }
    let server_options = options.server_options(OtherHosts::Tunnel);
    if !server_options.tls {
        tracing::warn!("--tls off: calls of https://api.fabric.microsoft.com and of Entra are not led to the emulator");
    }
    let unprepared = |why: io::Error| Failure::new(format!("the command's environment cannot be prepared: {why}"), 1);
    let folder = tempfile::Builder::new().prefix("specularite-").tempdir().map_err(unprepared)?;
    let wish = Wish {
        address: reachable(address),
        authority: emulator.authority().map_err(unprepared)?.pem(),
        folder: folder.path(),
        tenant: None,
        direct: !server_options.tls,
        tls: server_options.tls,
        reaches_others: server_options.other_hosts == OtherHosts::Tunnel,
        isolate,
    };
    let mut environment = Environment::prepare(&wish).map_err(unprepared)?;
    if let Some(path) = config::data_dir(options.data_dir.as_ref()).path() {
        environment.set("SPECULARITE_DATA_DIR", path.to_string_lossy());
    }
    let running = server::start_on(listener, emulator.clone(), server_options).map_err(unprepared)?;
    run::announce(address);
    let status = run::run(&command, &environment).await;
    drop(running);
    if report {
        let _ = run::report(&emulator, &mut io::stderr());
    }
    status.map(ExitCode::from).map_err(|why| Failure { code: why.status(), says: why.to_string() })
}

/// Where the emulator is that an option names, or the one that `run` or `env` has led us to.
async fn address_of(at: &At) -> Result<SocketAddr, Failure> {
    let url = std::env::var("SPECULARITE_URL").ok();
    let named = at.listen.as_deref().or(url.as_deref()).map(|named| named.trim_start_matches("http://"));
    let named = named.map_or_else(|| config::LISTEN.to_string(), |named| named.trim_end_matches('/').to_owned());
    let failed = |why: io::Error| Failure::new(format!("--listen {named}: {why}"), BAD_OPTION);
    let found = tokio::net::lookup_host(&named).await.map_err(failed)?.next();
    found.map(reachable).ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

/// What listens everywhere is reached here.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    address
}

/// Prints what leads programs to an emulator that runs already.
async fn print_environment(options: &Env) -> Result<(), Failure> {
    let address = address_of(&options.at).await?;
    let unwell = |why: io::Error| Failure::new(format!("nothing well answers on {address}: {why}"), 1);
    let host = address.to_string();
    let asked = client::get(&host, "/_emulator/ca.pem").map_err(unwell)?;
    let answer = client::ask(&host, asked).await.map_err(unwell)?;
    if !answer.status().is_success() {
        return Err(unwell(io::Error::other(format!("the status is {}", answer.status()))));
    }
    let authority = String::from_utf8_lossy(answer.body()).into_owned();
    let data_dir = config::data_dir(options.data_dir.as_ref());
    let unprepared = |why: io::Error| Failure::new(format!("the environment cannot be prepared: {why}"), 1);
    let no_place = || Failure::new("no directory is known for its files: give --data-dir", BAD_OPTION);
    let tenant = tenant_named(options.tenant.as_deref().unwrap_or_default());
    // What clients keep belongs to one emulator and one tenant.
    let folder = data_dir.path().ok_or_else(no_place)?.join("env");
    let folder = folder.join(host.replace([':', '[', ']'], "-")).join(tenant.to_string());
    std::fs::create_dir_all(&folder).map_err(unprepared)?;
    let environment = Environment::prepare(&Wish {
        address,
        authority: &authority,
        folder: &folder,
        tenant: options.tenant.as_deref(),
        direct: options.direct,
        tls: true,
        reaches_others: true,
        isolate: false,
    });
    let _ = write!(io::stdout(), "{}", environment.map_err(unprepared)?.print(options.format.format()));
    Ok(())
}

/// Prints a token, signed with the key of the data directory: an emulator on the same directory takes it for its own.
///
/// Its hour is that of the emulator that `run` or `env` has led us to, if there is one.
async fn print_token(options: &Token) -> Result<(), Failure> {
    let failed = |why: io::Error| Failure::new(format!("the key cannot be used: {why}"), 1);
    let settings = Settings { token_lifetime: options.expires_in, ..Settings::default() };
    let state = State::new(seed::Seed::new(0), settings);
    let signer = Signer::open(&config::data_dir(options.data_dir.as_ref())).map_err(failed)?;
    let tenant = tenant_named(options.tenant.as_deref().unwrap_or_default());
    let site = Site::new("https://login.microsoftonline.com".into(), &tenant.to_string(), tenant);
    let account = match &options.app {
        Some(client) => Account::app(&state, client),
        None => Account::user(&state, options.user.as_deref()),
    };
    let now = emulators_time(&tenant.to_string()).await.unwrap_or_else(clock::machine_time);
    let desk = Desk { state: &state, signer: &signer, site: &site, now };
    let _ = writeln!(io::stdout(), "{}", desk.issue(&account, &options.scope, &options.role));
    Ok(())
}

/// What the clock of a tenant shows, of the emulator that the environment names.
async fn emulators_time(tenant: &str) -> Option<jiff::Timestamp> {
    let url = std::env::var("SPECULARITE_URL").ok()?;
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let asked = client::get(host, &format!("/_emulator/clock?tenant={tenant}")).ok()?;
    let answer = client::ask(host, asked).await.ok()?;
    let clock: serde_json::Value = serde_json::from_slice(answer.body()).ok()?;
    clock["now"].as_str()?.parse().ok()
}

/// Follows a page in the background: the program that opened it only listens once its browser has returned.
async fn follow_page(options: &SignIn) -> Result<(), Failure> {
    let failed = |why: io::Error| Failure::new(format!("signing in: {why}"), 1);
    if options.here {
        let at = options.at.trim_start_matches("http://").trim_end_matches('/');
        return sign_in::sign_in(at, &options.page, options.tenant.as_deref()).await.map_err(failed);
    }
    let mut again = std::process::Command::new(std::env::current_exe().map_err(failed)?);
    again.args(["sign-in", "--here", "--at", &options.at, &options.page]);
    again.args(options.tenant.iter().flat_map(|tenant| ["--tenant", tenant]));
    // Standard error stays: a refusal should be seen.
    again.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map(drop).map_err(failed)
}

/// A seed that is another one at each start.
fn draw_seed() -> u64 {
    let now = clock::machine_time().as_nanosecond().to_le_bytes();
    // Short enough to be typed again.
    seed::Seed::new(std::process::id().into()).fork(now).between(1, 999_999)
}

fn start_log(form: LogOption, level: tracing::Level) {
    let wanted = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let log = tracing_subscriber::registry().with(filter);
    match form {
        LogOption::Text => log.with(lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))).init(),
        LogOption::Json => log.with(lines.json()).init(),
    }
}

/// Asks a running emulator how it is.
async fn health(options: Health) -> Result<(), Failure> {
    let address = address_of(&options.at).await?.to_string();
    let unwell = |why: String| Failure::new(format!("nothing well answers on {address}: {why}"), 1);
    let asked = client::get(&address, "/_emulator/health").map_err(|why| unwell(why.to_string()))?;
    let status = client::ask(&address, asked).await.map_err(|why| unwell(why.to_string()))?.status();
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
        (0, _) => Err(Failure { says: "nothing to check was found: in folders, that is items and mirroring.json; other files are named one by one".into(), code: BAD_OPTION }),
        (checked, 0) => {
            let _ = writeln!(out, "{checked} checked: no fault");
            Ok(())
        }
        (checked, faults) => Err(Failure { says: format!("{checked} checked: {faults} faults"), code: 1 }),
    }
}
