//! `specularite run -- COMMAND`: an emulator for as long as a command runs, and the command led to it.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitStatus;
use std::sync::Arc;

use tokio::process::{Child, Command};

use crate::emulator::Emulator;
use crate::environment::Environment;
use crate::traffic::Fate;

/// Why a command did not run; the statuses are those that shells have for it.
#[derive(Debug, thiserror::Error)]
#[error("{command}: {why}")]
pub struct NotRun {
    command: String,
    why: io::Error,
}

impl NotRun {
    /// The status to exit with: 127 where there is no such command, 126 where it cannot be run.
    pub fn status(&self) -> u8 {
        if self.why.kind() == io::ErrorKind::NotFound { 127 } else { 126 }
    }
}

/// Runs a command in an environment, with our own standard streams; signals are passed on to it. Answers the status to exit with.
///
/// # Errors
///
/// The command cannot be started.
pub async fn run(command: &[OsString], environment: &Environment) -> Result<u8, NotRun> {
    let (program, arguments) = command.split_first().expect("clap asks for a command");
    let not_run = |why| NotRun { command: program.to_string_lossy().into_owned(), why };
    let mut prepared = Command::new(program);
    prepared.args(arguments);
    for (name, value) in environment.variables() {
        match value {
            Some(value) => prepared.env(name, value),
            None => prepared.env_remove(name),
        };
    }
    let mut signals = Signals::listen().map_err(not_run)?;
    let mut child = prepared.spawn().map_err(not_run)?;
    loop {
        tokio::select! {
            ended = child.wait() => return ended.map(status).map_err(not_run),
            signal = signals.next() => send_on(&child, signal),
        }
    }
}

/// The status of a command as a shell has it: that of one that a signal ended is 128 and the signal's number.
fn status(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128_u8.saturating_add(u8::try_from(signal).unwrap_or_default());
    }
    // Windows has statuses beyond a byte: whatever is no success stays none.
    status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1))
}

#[cfg(unix)]
type Signal = rustix::process::Signal;

/// The signals that end programs; as long as somebody listens they do not end this one.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.hang_up.recv() => Signal::HUP,
            _ = self.quit.recv() => Signal::QUIT,
        }
    }
}

/// A terminal sends what is typed to all who are on it: the command has that already.
#[cfg(unix)]
fn send_on(child: &Child, signal: Signal) {
    let typed = [Signal::INT, Signal::QUIT].contains(&signal) && io::IsTerminal::is_terminal(&io::stdin());
    let process = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(process) = process.filter(|_| !typed) {
        let _ = rustix::process::kill_process(process, signal);
    }
}

#[cfg(not(unix))]
type Signal = ();

/// A console sends what is typed to all who are on it; this program waits for the command's end.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(not(unix))]
fn send_on(_: &Child, (): Signal) {}

/// Writes what was asked of the emulator: operations with their statuses, and the hosts that clients wanted.
///
/// # Errors
///
/// `out` does not take it.
pub fn report(emulator: &Arc<Emulator>, out: &mut impl io::Write) -> io::Result<()> {
    let traffic = emulator.traffic();
    let calls = traffic.calls();
    let refused: u64 = calls.iter().filter(|(_, status, _)| *status >= 400).map(|(.., count)| count).sum();
    let all: u64 = calls.iter().map(|(.., count)| count).sum();
    writeln!(out, "specularite: calls {all}, refused {refused}")?;
    for (operation, status, count) in calls {
        writeln!(out, "  {count:>6}  {status}  {operation}")?;
    }
    for (fate, says) in [
        (Fate::Answered, "led here"),
        (Fate::Tunnelled, "tunnelled"),
        (Fate::Refused, "refused"),
        (Fate::Unreachable, "not reached"),
    ] {
        for (_, host, count) in traffic.hosts().into_iter().filter(|(known, ..)| *known == fate) {
            writeln!(out, "  {count:>6}  host {says}: {host}")?;
        }
    }
    Ok(())
}

/// Tells where the emulator is, on one line of standard error: standard output is the command's.
pub fn announce(address: std::net::SocketAddr) {
    let _ = writeln!(io::stderr(), "specularite: listening on http://{address}");
}
