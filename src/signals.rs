//! The signals that ask a program to end. While this program listens for them, they do not end it.

use std::io;

/// A signal that asks a program to end.
#[cfg(unix)]
pub(crate) type Signal = rustix::process::Signal;

/// Ctrl+C in a console, the only such signal outside Unix.
#[cfg(not(unix))]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signal;

/// The listeners for the interrupt, terminate, hang-up and quit signals.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Starts to listen. The caller must be in a Tokio runtime.
    ///
    /// # Errors
    ///
    /// The system rejects a signal handler.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// Waits for the next signal, and returns it.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.hang_up.recv() => Signal::HUP,
            _ = self.quit.recv() => Signal::QUIT,
        }
    }

    /// Waits for the next signal, and returns the exit status for a program that the signal ends: 128 plus the signal's
    /// number.
    pub async fn next_status(&mut self) -> u8 {
        exit_status(self.next().await.as_raw())
    }
}

/// The listener for Ctrl+C.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Prepares to listen. Signals are received only while [`Signals::next_status`] waits.
    ///
    /// # Errors
    ///
    /// Never returns an error outside Unix.
    pub fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for the next signal, and returns it.
    pub(crate) async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal
    }

    /// Waits for the next signal, and returns the exit status for a program that the signal ends.
    pub async fn next_status(&mut self) -> u8 {
        let _ = self.next().await;
        exit_status(2)
    }
}

/// Returns the exit status that a shell reports for a program that was ended by a signal.
pub(crate) fn exit_status(signal: i32) -> u8 {
    128_u8.saturating_add(u8::try_from(signal).unwrap_or_default())
}
