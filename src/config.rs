//! The command line: the commands, and their options with environment variables, defaults and help texts.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use bytesize::ByteSize;
use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::data_dir::DataDir;
use crate::emulator::{ControlFrom, Emulator, JOURNAL};
use crate::environment::Format;
use crate::fabric::FabricError;
use crate::fabric::access::Auth;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::pace::Pace;
use crate::fabric::settings::{PAGE_SIZE, PAGE_SIZE_MAX, SettingsChange, TOKEN_LIFETIME, TOKEN_LIFETIME_MAX, Throttle};
use crate::memory::{MEMORY, TENANT_MEMORY};
use crate::proxy::OtherHosts;
use crate::server::ServerOptions;
use crate::state_file::{StateError, StateSync};

/// The default address that `serve` listens on.
pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7310);
/// The maximum length of a host name (RFC 1035, section 2.3.4).
const HOST_NAME_MAX: usize = 255;
/// The default address that `run` listens on. Port 0 selects a free port.
const LISTEN_ON_FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A local emulator of Microsoft Fabric mirroring.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Config {
    /// The command. The default is `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `serve`, if no command is given.
    #[command(flatten)]
    pub serve: Serve,
}

/// The commands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the emulator and serve until interrupted
    Serve(Serve),
    /// Run a command against a temporary emulator
    Run(Run),
    /// Mirror a simulated Azure Cosmos DB account, let it fail and recover, and serve until interrupted
    Demo(Demo),
    /// Print the environment variables that route programs to a running emulator
    Env(Env),
    /// Print an access token
    Token(Token),
    /// Check a running emulator: exit with 0 if it is healthy, else with 1
    Health(Health),
    /// Validate definitions and scenarios: mirroring.json, .platform, item folders, scenario files
    Check(Check),
    /// Open a sign-in page and submit its form, as a browser would; `run` and `env` set BROWSER to this command
    #[command(hide = true)]
    SignIn(SignIn),
}

/// The options of the emulator. `serve`, `run` and `demo` share them.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address and port to listen on; port 0 selects a free port [default: 127.0.0.1:7310; for `run` a free port]
    #[arg(long, env = "SPECULARITE_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Timing profile
    #[arg(long, env = "SPECULARITE_PACE", default_value = "fast")]
    pub pace: Pace,
    /// Accepted tokens
    #[arg(long, env = "SPECULARITE_AUTH", default_value = "token")]
    pub auth: Auth,
    /// Rate limits
    #[arg(long, env = "SPECULARITE_THROTTLE", default_value = "measured")]
    pub throttle: Throttle,
    /// Setting of a behaviour; repeatable (names and values: docs/fidelity.md#behaviours)
    #[arg(long = "behaviour", env = "SPECULARITE_BEHAVIOURS", value_name = "NAME=VALUE", value_delimiter = ',', value_parser = behaviour)]
    pub behaviours: Vec<(String, String)>,
    /// Seed of ids and simulated figures [default: random, and logged]
    #[arg(long, env = "SPECULARITE_SEED", value_name = "N")]
    pub seed: Option<u64>,
    /// Size of each tenant's journal of recent exchanges; 0 disables it
    #[arg(long, env = "SPECULARITE_JOURNAL", value_name = "BYTES", default_value_t = ByteSize(JOURNAL as u64))]
    pub journal: ByteSize,
    /// Maximum size of a tenant's data, such as definitions; requests that would exceed it are rejected
    #[arg(long, env = "SPECULARITE_TENANT_MEMORY", value_name = "BYTES", default_value_t = ByteSize(TENANT_MEMORY as u64))]
    pub tenant_memory: ByteSize,
    /// Maximum size of what all tenants store, journals included
    #[arg(long, env = "SPECULARITE_MEMORY", value_name = "BYTES", default_value_t = ByteSize(MEMORY as u64))]
    pub memory: ByteSize,
    /// Maximum number of elements on a page of a list
    #[arg(long, env = "SPECULARITE_PAGE_SIZE", value_name = "N", default_value_t = PAGE_SIZE, value_parser = clap::value_parser!(u32).range(1..=PAGE_SIZE_MAX as i64))]
    pub page_size: u32,
    /// Directory of the token and certificate keys [default: `specularite` in the user's data directory]
    #[arg(long, env = "SPECULARITE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// File that keeps all tenants across restarts; created if it does not exist
    #[arg(long, env = "SPECULARITE_STATE", value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Place that a change has reached in the state file when it is answered
    #[arg(long, env = "SPECULARITE_STATE_SYNC", default_value = "flush")]
    pub state_sync: StateSync,
    /// HTTPS, and tunnels through the proxy to the emulated host names
    #[arg(long, env = "SPECULARITE_TLS", default_value = "on")]
    pub tls: OnOff,
    /// Treatment of other hosts by the proxy [default: refuse; for `run` tunnel]
    #[arg(long, env = "SPECULARITE_OTHERS")]
    pub others: Option<OtherHosts>,
    /// Networks that may use the control interface and the proxy
    #[arg(long, env = "SPECULARITE_CONTROL_FROM", default_value = "loopback")]
    pub control_from: ControlFrom,
    /// Additional host name under which web pages and control requests may reach the emulator; repeatable
    #[arg(long, env = "SPECULARITE_ALLOWED_HOSTS", value_name = "HOST", value_delimiter = ',', value_parser = host_name)]
    pub allowed_hosts: Vec<String>,
    /// Scenario to apply to the default tenant at the start, unless --state holds tenants; repeatable (docs/CONTROL.md#scenarios)
    #[arg(long = "scenario", env = "SPECULARITE_SCENARIO", value_name = "FILE")]
    pub scenarios: Vec<PathBuf>,
    /// Format of the log on standard error
    #[arg(long, env = "SPECULARITE_LOG", default_value = "text")]
    pub log: LogFormat,
}

/// The address of a running emulator.
#[derive(Debug, Clone, Args)]
pub struct At {
    /// Host and port of the emulator [default: SPECULARITE_URL, which `run` and `env` set, or 127.0.0.1:7310]
    #[arg(long, env = "SPECULARITE_LISTEN", value_name = "HOST:PORT")]
    pub listen: Option<String>,
}

/// The options of `health`.
#[derive(Debug, Clone, Args)]
pub struct Health {
    /// The address of the emulator.
    #[command(flatten)]
    pub at: At,
}

/// The options of `run`.
#[derive(Debug, Clone, Args)]
pub struct Run {
    /// The options of the emulator.
    #[command(flatten)]
    pub serve: Serve,
    /// Print a summary of calls and hosts on standard error when the command ends
    #[arg(long, env = "SPECULARITE_REPORT", value_parser = FalseyValueParser::new())]
    pub report: bool,
    /// Give the command an empty home directory, for programs that store settings or tokens there
    #[arg(long, env = "SPECULARITE_ISOLATE", value_parser = FalseyValueParser::new())]
    pub isolate: bool,
    /// Exit with 3 if the command succeeds but a fault rule never struck
    #[arg(long, env = "SPECULARITE_STRICT_FAULTS", value_parser = FalseyValueParser::new())]
    pub strict_faults: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// The options of `demo`.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// The options of the emulator.
    #[command(flatten)]
    pub serve: Serve,
    /// Open the address of the emulator in the default browser
    #[arg(long, conflicts_with = "no_input")]
    pub open: bool,
    /// Print plain lines without waiting, and exit at the end, as if standard output were not a terminal
    #[arg(long)]
    pub no_input: bool,
}

/// The options of `env`.
#[derive(Debug, Clone, Args)]
pub struct Env {
    /// The address of the emulator.
    #[command(flatten)]
    pub at: At,
    /// Output format
    #[arg(long, default_value = "shell")]
    pub format: Format,
    /// Set endpoint variables instead of proxy variables, for clients whose Fabric URL can be configured
    #[arg(long)]
    pub direct: bool,
    /// Tenant of all requests: an id, or any name
    #[arg(long, env = "SPECULARITE_TENANT", value_name = "TENANT")]
    pub tenant: Option<String>,
    /// Directory of the files that the printed variables name [default: `specularite` in the user's data directory]
    #[arg(long, env = "SPECULARITE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// The options of `token`.
#[derive(Debug, Clone, Args)]
pub struct Token {
    /// Tenant of the token: an id, or any name [default: the default tenant]
    #[arg(long, env = "SPECULARITE_TENANT", value_name = "TENANT")]
    pub tenant: Option<String>,
    /// User principal name of a user [default: the administrator]
    #[arg(long, value_name = "NAME", conflicts_with = "app")]
    pub user: Option<String>,
    /// Client id of an app
    #[arg(long, value_name = "CLIENT")]
    pub app: Option<String>,
    /// Scopes, separated by spaces
    #[arg(long, default_value = "https://api.fabric.microsoft.com/.default")]
    pub scope: String,
    /// App role in the token; repeatable
    #[arg(long, value_name = "ROLE")]
    pub role: Vec<String>,
    /// Lifetime of the token in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = TOKEN_LIFETIME, value_parser = clap::value_parser!(u32).range(1..=TOKEN_LIFETIME_MAX as i64))]
    pub expires_in: u32,
    /// Directory of the signing key [default: `specularite` in the user's data directory]
    #[arg(long, env = "SPECULARITE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// The options of `sign-in`.
#[derive(Debug, Clone, Args)]
pub struct SignIn {
    /// URL of the emulator
    #[arg(long, env = "SPECULARITE_URL", value_name = "URL")]
    pub at: String,
    /// Tenant to sign in to: an id, or any name
    #[arg(long, env = "SPECULARITE_TENANT")]
    pub tenant: Option<String>,
    /// Open the page in this process instead of in a background process
    #[arg(long, hide = true)]
    pub here: bool,
    /// URL of the sign-in page
    pub page: String,
}

/// The options of `check`.
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Print the JSON Schema of scenarios and snapshots
    #[arg(long)]
    pub schema: bool,
    /// Definition files (mirroring.json under any name, .platform), scenarios, or folders to search for items
    #[arg(required_unless_present = "schema", conflicts_with = "schema", value_name = "FILE|FOLDER")]
    pub paths: Vec<PathBuf>,
}

/// The values of `--tls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    /// Enabled
    On,
    /// Disabled
    Off,
}

/// The values of `--log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Human-readable lines
    Text,
    /// One JSON object per line
    Json,
}

/// The error of options that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OptionError {
    /// A value is out of range.
    #[error(transparent)]
    Value(#[from] FabricError),
    /// The state file cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Returns a number of bytes. A number that this machine cannot address becomes the largest that it can.
fn size(bytes: ByteSize) -> usize {
    usize::try_from(bytes.as_u64()).unwrap_or(usize::MAX)
}

/// Returns the directory of `--data-dir`, or the user's data directory if the option is absent.
pub fn data_dir(given: Option<&PathBuf>) -> DataDir {
    given.map_or_else(DataDir::of_user, DataDir::at)
}

/// Parses `NAME=VALUE`, the setting of a behaviour. Rejects unknown names and values.
fn behaviour(text: &str) -> Result<(String, String), String> {
    let (name, answer) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Behaviours::default().set(name, answer)?;
    Ok((name.to_owned(), answer.to_owned()))
}

/// Parses a host name without scheme and port.
fn host_name(text: &str) -> Result<String, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if text.is_empty() || text.len() > HOST_NAME_MAX || !text.chars().all(is_allowed) {
        return Err("expected a host name without scheme and port".into());
    }
    Ok(text.to_owned())
}

impl Serve {
    /// Returns the address for `serve` to listen on.
    pub fn address(&self) -> SocketAddr {
        self.listen.unwrap_or(LISTEN)
    }

    /// Returns the address for `run` to listen on.
    pub fn temporary_address(&self) -> SocketAddr {
        self.listen.unwrap_or(LISTEN_ON_FREE_PORT)
    }

    /// Returns the options of the server. `other_hosts` is the default of `--others`, which depends on the command.
    pub fn server_options(&self, other_hosts: OtherHosts) -> ServerOptions {
        ServerOptions { tls: self.tls == OnOff::On, other_hosts: self.others.unwrap_or(other_hosts) }
    }

    /// Builds the emulator that these options describe. `seed` applies if neither the options nor the state file have one.
    ///
    /// # Errors
    ///
    /// A value is out of range, or the state file cannot be used.
    pub fn emulator(&self, seed: u64) -> Result<Arc<Emulator>, OptionError> {
        let answers = self.behaviours.iter().map(|(name, answer)| (name.clone(), answer.as_str().into())).collect();
        let settings = SettingsChange {
            pace: Some(self.pace),
            throttle: Some(self.throttle),
            page_size: Some(self.page_size),
            behaviours: Some(answers),
            ..SettingsChange::default()
        };
        let mut builder = Emulator::builder()
            .fallback_seed(seed)
            .auth(self.auth)
            .data_dir(data_dir(self.data_dir.as_ref()))
            .journal(size(self.journal))
            .tenant_memory(size(self.tenant_memory))
            .memory(size(self.memory))
            .control_from(self.control_from)
            .allowed_hosts(self.allowed_hosts.iter().cloned())
            .settings(settings)?;
        if let Some(seed) = self.seed {
            builder = builder.seed(seed);
        }
        match &self.state {
            Some(file) => Ok(builder.open(file, self.state_sync)?),
            None => Ok(builder.build()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::{Command, Config};

    #[test]
    fn command_line_definition_is_consistent() {
        super::Config::command().debug_assert();
    }

    #[test]
    fn allowed_hosts_are_names_without_scheme_and_port() {
        let parse = |hosts: &str| Config::try_parse_from(["specularite", "serve", "--allowed-hosts", hosts]);
        let Some(Command::Serve(serve)) = parse("a.example,b_c.example.").unwrap().command else { unreachable!() };
        let emulator = serve.emulator(1).unwrap();
        assert!(emulator.allows_host("A.example") && emulator.allows_host("b_c.example"));
        assert!(!emulator.allows_host("c.example"));
        for hosts in ["a.example:80", "http://a.example", "*", "a.example,", "a b"] {
            assert!(parse(hosts).is_err(), "{hosts}");
        }
    }
}
