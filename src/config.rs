//! Every option of the program once: flag, variable, default, help.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::emulator::{ControlFrom, Emulator, JOURNAL};
use crate::fabric::pace::Pace;
use crate::fabric::settings::{PAGE_SIZE, PAGE_SIZE_MAX, Throttle};

/// Where the program listens unless told.
pub const LISTEN: &str = "127.0.0.1:7310";

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
    /// Exit with 0 when an emulator answers
    Health(Health),
    /// Check definitions: mirroring.json, .platform, and the folders of items
    Check(Check),
}

/// How the emulator starts and where it listens.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "SPECULARITE_LISTEN", default_value = LISTEN, value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
    /// How long things take
    #[arg(long, env = "SPECULARITE_PACE", default_value = "fast")]
    pub pace: PaceOption,
    /// Which tokens are taken
    #[arg(long, env = "SPECULARITE_AUTH", default_value = "token")]
    pub auth: AuthOption,
    /// How requests are limited
    #[arg(long, env = "SPECULARITE_THROTTLE", default_value = "measured")]
    pub throttle: ThrottleOption,
    /// What ids and figures are drawn from; drawn itself, and logged, when not given
    #[arg(long, env = "SPECULARITE_SEED", value_name = "N")]
    pub seed: Option<u64>,
    /// How much of its last exchanges each tenant keeps; 0: none
    #[arg(long, env = "SPECULARITE_JOURNAL", value_name = "BYTES", default_value_t = ByteSize(JOURNAL as u64))]
    pub journal: ByteSize,
    /// Elements of a page of a list
    #[arg(long, env = "SPECULARITE_PAGE_SIZE", value_name = "N", default_value_t = PAGE_SIZE, value_parser = clap::value_parser!(u32).range(1..=PAGE_SIZE_MAX as i64))]
    pub page_size: u32,
    /// From where the control interface can be reached
    #[arg(long, env = "SPECULARITE_CONTROL_FROM", default_value = "loopback")]
    pub control_from: ControlFromOption,
    /// How the log is written, on standard error
    #[arg(long, env = "SPECULARITE_LOG", default_value = "text")]
    pub log: LogOption,
}

/// Which emulator to ask.
#[derive(Debug, Clone, Args)]
pub struct Health {
    /// Address and port that it listens on
    #[arg(long, env = "SPECULARITE_LISTEN", default_value = LISTEN, value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
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

impl Serve {
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
        Emulator::builder()
            .seed(seed)
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
