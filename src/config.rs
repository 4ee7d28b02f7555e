//! Every option of the program once: flag, variable, default, help.

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
use crate::fabric::access::Auth;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::pace::Pace;
use crate::fabric::settings::{PAGE_SIZE, PAGE_SIZE_MAX, TOKEN_LIFETIME, Throttle};
use crate::proxy::OtherHosts;
use crate::server::ServerOptions;

/// Where the program listens unless told.
pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7310);
/// Where `run` listens unless told: on a port that is free.
const LISTEN_ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A local emulator of Microsoft Fabric mirroring.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Config {
    /// What to do; `serve` unless said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `serve`.
    #[command(flatten)]
    pub serve: Serve,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer as Fabric does, until told to stop
    Serve(Serve),
    /// Start an emulator, run a command whose calls of Fabric and Entra are led to it, and stop
    Run(Run),
    /// Print the environment that leads programs to a running emulator
    Env(Env),
    /// Print an access token
    Token(Token),
    /// Exit with 0 when an emulator answers
    Health(Health),
    /// Check definitions: mirroring.json, .platform, and the folders of items
    Check(Check),
    /// Follow a page to sign in, as a browser would; `run` names this in BROWSER
    #[command(hide = true)]
    SignIn(SignIn),
}

/// How the emulator starts and where it listens.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:7310; in `run` a free port]
    #[arg(long, env = "SPECULARITE_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// How long things take
    #[arg(long, env = "SPECULARITE_PACE", default_value = "fast")]
    pub pace: PaceOption,
    /// Which tokens are taken
    #[arg(long, env = "SPECULARITE_AUTH", default_value = "token")]
    pub auth: AuthOption,
    /// How requests are limited
    #[arg(long, env = "SPECULARITE_THROTTLE", default_value = "measured")]
    pub throttle: ThrottleOption,
    /// Answer of a behaviour; repeatable (names and answers: docs/fidelity.md#behaviours)
    #[arg(long = "behaviour", env = "SPECULARITE_BEHAVIOURS", value_name = "NAME=VALUE", value_delimiter = ',', value_parser = behaviour)]
    pub behaviours: Vec<(String, String)>,
    /// What ids and figures are drawn from; drawn itself, and logged, when not given
    #[arg(long, env = "SPECULARITE_SEED", value_name = "N")]
    pub seed: Option<u64>,
    /// How much of its last exchanges each tenant keeps; 0: none
    #[arg(long, env = "SPECULARITE_JOURNAL", value_name = "BYTES", default_value_t = ByteSize(JOURNAL as u64))]
    pub journal: ByteSize,
    /// Elements of a page of a list
    #[arg(long, env = "SPECULARITE_PAGE_SIZE", value_name = "N", default_value_t = PAGE_SIZE, value_parser = clap::value_parser!(u32).range(1..=PAGE_SIZE_MAX as i64))]
    pub page_size: u32,
    /// Where the keys of tokens and certificates are kept [default: `specularite` among the user's data]
    #[arg(long, env = "SPECULARITE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Whether https is spoken too, for the clients' own host names as well
    #[arg(long, env = "SPECULARITE_TLS", default_value = "on")]
    pub tls: Switch,
    /// What becomes of other hosts, where the emulator is used as a proxy [default: refuse; in `run` tunnel]
    #[arg(long, env = "SPECULARITE_OTHERS")]
    pub others: Option<OthersOption>,
    /// From where the control interface can be reached, and hosts through the proxy
    #[arg(long, env = "SPECULARITE_CONTROL_FROM", default_value = "loopback")]
    pub control_from: ControlFromOption,
    /// How the log is written, on standard error
    #[arg(long, env = "SPECULARITE_LOG", default_value = "text")]
    pub log: LogOption,
}

/// Where a running emulator is.
#[derive(Debug, Clone, Args)]
pub struct At {
    /// Host and port that it listens on [default: SPECULARITE_URL, which `run` sets; else 127.0.0.1:7310]
    #[arg(long, env = "SPECULARITE_LISTEN", value_name = "HOST:PORT")]
    pub listen: Option<String>,
}

/// Which emulator to ask.
#[derive(Debug, Clone, Args)]
pub struct Health {
    /// Where it is.
    #[command(flatten)]
    pub at: At,
}

/// What to run, and how.
#[derive(Debug, Clone, Args)]
pub struct Run {
    /// How the emulator starts.
    #[command(flatten)]
    pub serve: Serve,
    /// At the end, tell on standard error what was asked of the emulator
    #[arg(long, env = "SPECULARITE_REPORT", value_parser = FalseyValueParser::new())]
    pub report: bool,
    /// Give the command a home of its own: for programs that keep settings and tokens there
    #[arg(long, env = "SPECULARITE_ISOLATE", value_parser = FalseyValueParser::new())]
    pub isolate: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Which environment to print.
#[derive(Debug, Clone, Args)]
pub struct Env {
    /// Where the emulator is.
    #[command(flatten)]
    pub at: At,
    /// For which reader
    #[arg(long, default_value = "shell")]
    pub format: FormatOption,
    /// Without the emulator as a proxy: for clients that can be told where Fabric is
    #[arg(long)]
    pub direct: bool,
    /// The tenant that everything belongs to: an id, or any name
    #[arg(long, env = "SPECULARITE_TENANT", value_name = "TENANT")]
    pub tenant: Option<String>,
    /// Where the files are kept that variables name [default: `specularite` among the user's data]
    #[arg(long, env = "SPECULARITE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Whom a token is for.
#[derive(Debug, Clone, Args)]
pub struct Token {
    /// The tenant: an id, or any name [default: the default tenant]
    #[arg(long, env = "SPECULARITE_TENANT", value_name = "TENANT")]
    pub tenant: Option<String>,
    /// A user, by a name to sign in with [default: the administrator]
    #[arg(long, value_name = "NAME", conflicts_with = "app")]
    pub user: Option<String>,
    /// An app, by its client id
    #[arg(long, value_name = "CLIENT")]
    pub app: Option<String>,
    /// What it is for; several are separated by blanks
    #[arg(long, default_value = "https://api.fabric.microsoft.com/.default")]
    pub scope: String,
    /// A role to be named in it; can be given more than once
    #[arg(long, value_name = "ROLE")]
    pub role: Vec<String>,
    /// The seconds that it is good for
    #[arg(long, value_name = "SECONDS", default_value_t = TOKEN_LIFETIME)]
    pub expires_in: u32,
    /// Where the key is kept [default: `specularite` among the user's data]
    #[arg(long, env = "SPECULARITE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Which page to follow.
#[derive(Debug, Clone, Args)]
pub struct SignIn {
    /// Where the emulator listens
    #[arg(long, env = "SPECULARITE_URL", value_name = "URL")]
    pub at: String,
    /// The tenant that everything belongs to
    #[arg(long, env = "SPECULARITE_TENANT")]
    pub tenant: Option<String>,
    /// Follow it in this very process
    #[arg(long, hide = true)]
    pub here: bool,
    /// The page's address
    pub page: String,
}

/// What to check.
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// A mirroring.json under any name, a .platform, or a folder to be searched for items
    #[arg(required = true, value_name = "FILE|FOLDER")]
    pub paths: Vec<PathBuf>,
}

/// `--pace`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PaceOption {
    /// Every state is passed through, in a second or so
    Fast,
    /// As long as the real service was seen to take
    Realistic,
    /// Nothing waits
    Instant,
}

/// `--auth`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum AuthOption {
    /// Any bearer token
    Token,
    /// Those that the emulator issued for Fabric, with a scope of the operation
    Strict,
}

/// `--tls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is
    On,
    /// It is not
    Off,
}

/// `--others`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum OthersOption {
    /// They are refused
    Refuse,
    /// They are reached
    Tunnel,
}

/// `--format`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FormatOption {
    /// For eval in a shell
    Shell,
    /// Lines of NAME=value
    Dotenv,
    /// One object; null takes a variable away
    Json,
    /// For Invoke-Expression
    Powershell,
}

impl FormatOption {
    /// The format that is meant.
    pub fn format(self) -> Format {
        match self {
            Self::Shell => Format::Shell,
            Self::Dotenv => Format::Dotenv,
            Self::Json => Format::Json,
            Self::Powershell => Format::PowerShell,
        }
    }
}

/// The directory of `--data-dir`: the user's where it was not given.
pub fn data_dir(given: Option<&PathBuf>) -> DataDir {
    given.map_or_else(DataDir::of_user, DataDir::at)
}

/// `--throttle`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ThrottleOption {
    /// As the real service was seen to block; 200 calls a window elsewhere
    Measured,
    /// 10 calls a window for every operation
    Tight,
    /// Never
    Off,
}

/// `--control-from`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ControlFromOption {
    /// This machine
    Loopback,
    /// Private networks too
    Private,
    /// Anywhere
    Any,
}

/// `--log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogOption {
    /// For people
    Text,
    /// A JSON object a line
    Json,
}

/// `NAME=VALUE` of a behaviour.
fn behaviour(text: &str) -> Result<(String, String), String> {
    let (name, answer) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Behaviours::default().set(name, answer)?;
    Ok((name.to_owned(), answer.to_owned()))
}

impl Serve {
    /// Where `serve` listens.
    pub fn address(&self) -> SocketAddr {
        self.listen.unwrap_or(LISTEN)
    }

    /// Where `run` listens.
    pub fn free_address(&self) -> SocketAddr {
        self.listen.unwrap_or(LISTEN_ANYWHERE)
    }

    /// What the server does beside answering; `others` is what becomes of other hosts unless it was said.
    pub fn server_options(&self, others: OtherHosts) -> ServerOptions {
        let others = match self.others {
            None => others,
            Some(OthersOption::Refuse) => OtherHosts::Refuse,
            Some(OthersOption::Tunnel) => OtherHosts::Tunnel,
        };
        ServerOptions { tls: self.tls == Switch::On, other_hosts: others }
    }

    /// The emulator that these options describe, in the realm of `seed`.
    pub fn emulator(&self, seed: u64) -> Arc<Emulator> {
        let pace = match self.pace {
            PaceOption::Fast => Pace::Fast,
            PaceOption::Realistic => Pace::Realistic,
            PaceOption::Instant => Pace::Instant,
        };
        let throttle = match self.throttle {
            ThrottleOption::Measured => Throttle::Measured,
            ThrottleOption::Tight => Throttle::Tight,
            ThrottleOption::Off => Throttle::Off,
        };
        let control_from = match self.control_from {
            ControlFromOption::Loopback => ControlFrom::Loopback,
            ControlFromOption::Private => ControlFrom::Private,
            ControlFromOption::Any => ControlFrom::Any,
        };
        let auth = match self.auth {
            AuthOption::Token => Auth::Token,
            AuthOption::Strict => Auth::Strict,
        };
        let builder = self.behaviours.iter().fold(Emulator::builder(), |builder, (name, answer)| {
            builder.behaviour(name, answer).expect("the command line accepted it")
        });
        builder
            .seed(seed)
            .auth(auth)
            .data_dir(data_dir(self.data_dir.as_ref()))
            .pace(pace)
            .throttle(throttle)
            .page_size(self.page_size)
            .journal(usize::try_from(self.journal.as_u64()).unwrap_or(usize::MAX))
            .control_from(control_from)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_holds_together() {
        super::Config::command().debug_assert();
    }
}
