//! `specularite run -- COMMAND`: runs a command against a temporary emulator.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitStatus;
use std::sync::Arc;

use tokio::process::{Child, Command};

use crate::emulator::Emulator;
use crate::environment::Environment;
use crate::fabric::access::DEFAULT_TENANT;
use crate::fabric::fault::Fault;
use crate::ids::TenantId;
#[cfg(unix)]
use crate::signals::exit_status;
use crate::signals::{Signal, Signals};
use crate::tenant::Tenant;
use crate::traffic::HostOutcome;

/// The error of a command that could not be run.
#[derive(Debug, thiserror::Error)]
#[error("{command}: {why}")]
pub struct CommandError {
    command: String,
    why: io::Error,
}

impl CommandError {
    /// Returns the exit status that a shell would return: 127 if the command does not exist, else 126.
    pub fn status(&self) -> u8 {
        if self.why.kind() == io::ErrorKind::NotFound { 127 } else { 126 }
    }
}

/// Runs a command in an environment, and returns the exit status for this program. The command inherits the standard
/// streams of this process. Signals are passed on to the command.
///
/// # Errors
///
/// The command cannot be started, or signals cannot be received.
pub async fn run(command: &[OsString], environment: &Environment) -> Result<u8, CommandError> {
    let (program, arguments) = command.split_first().expect("clap requires a command");
    let not_run = |why| CommandError { command: program.to_string_lossy().into_owned(), why };
    let mut prepared = Command::new(program);
    prepared.args(arguments);
    for (name, value) in environment.variables() {
        match value {
            Some(value) => prepared.env(name, value),
            None => prepared.env_remove(name),
        };
    }
    let mut signals = Signals::listen_to_all().map_err(not_run)?;
    let mut child = prepared.spawn().map_err(not_run)?;
    loop {
        tokio::select! {
            ended = child.wait() => return ended.map(status).map_err(not_run),
            signal = signals.next() => pass_on(&child, signal),
        }
    }
}

/// Returns the exit status of a command as a shell reports it.
fn status(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return exit_status(signal);
    }
    // A status on Windows can exceed a byte. It becomes 1, so that a failure stays a failure.
    status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1))
}

/// Passes a signal on to the command. A signal that was typed into a terminal is not passed on, because the terminal
/// has already sent it to the command.
#[cfg(unix)]
fn pass_on(child: &Child, signal: Signal) {
    let from_terminal = [Signal::INT, Signal::QUIT].contains(&signal) && io::IsTerminal::is_terminal(&io::stdin());
    let process = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(process) = process.filter(|_| !from_terminal) {
        let _ = rustix::process::kill_process(process, signal);
    }
}

/// Does nothing, because a Windows console sends Ctrl+C to all attached processes.
#[cfg(not(unix))]
fn pass_on(_: &Child, _: Signal) {}

/// Writes the report of `--report`: the counts of calls by operation and status, the counts of requested hosts by
/// outcome, and the fault rules that never struck.
///
/// # Errors
///
/// Writing to `out` fails.
pub fn report(emulator: &Arc<Emulator>, out: &mut impl io::Write) -> io::Result<()> {
    let traffic = emulator.traffic();
    let calls = traffic.calls();
    let refused: u64 =
        calls.iter().filter(|(_, status, _)| status.is_none_or(|status| status >= 400)).map(|(.., count)| count).sum();
    let all: u64 = calls.iter().map(|(.., count)| count).sum();
    writeln!(out, "specularite: calls {all}, refused {refused}")?;
    for (operation, status, count) in calls {
        let status = status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        writeln!(out, "  {count:>6}  {status}  {operation}")?;
    }
    for (outcome, label) in [
        (HostOutcome::Answered, "answered"),
        (HostOutcome::Tunnelled, "tunnelled"),
        (HostOutcome::Refused, "refused"),
        (HostOutcome::Unreachable, "unreachable"),
    ] {
        for (_, host, count) in traffic.hosts().into_iter().filter(|(known, ..)| *known == outcome) {
            writeln!(out, "  {count:>6}  host {label}: {host}")?;
        }
    }
    write_unstruck(emulator, out)
}

/// Writes the fault rules that struck no request.
///
/// # Errors
///
/// Writing to `out` fails.
pub fn write_unstruck(emulator: &Emulator, out: &mut impl io::Write) -> io::Result<()> {
    for (tenant, fault) in unstruck(emulator) {
        let name = fault.rule.given().get("name").and_then(|name| name.as_str()).unwrap_or_default();
        let of_tenant = if tenant == DEFAULT_TENANT { String::new() } else { format!(" of the tenant {tenant}") };
        writeln!(out, "specularite: the fault {} {name:?}{of_tenant} never struck", fault.id)?;
    }
    Ok(())
}

/// Returns the fault rules that struck no request, with their tenants.
pub fn unstruck(emulator: &Emulator) -> Vec<(TenantId, Fault)> {
    let of = |tenant: Arc<Tenant>| {
        let faults = tenant.faults().into_iter().filter(|(_, counter)| counter.struck == 0);
        faults.map(|(fault, _)| (tenant.id(), fault)).collect::<Vec<_>>()
    };
    emulator.tenants().into_iter().flat_map(of).collect()
}

/// Prints the address of the emulator on standard error, because standard output is reserved for the command.
pub fn announce(address: std::net::SocketAddr) {
    let _ = writeln!(io::stderr(), "specularite: listening on http://{address}");
}
