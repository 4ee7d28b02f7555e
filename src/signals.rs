//! The signals that ask a program to end. While this program listens for them, they do not end it.

use std::io;

/// A signal that asks a program to end.
#[cfg(unix)]
pub(crate) type Signal = rustix::process::Signal;

/// Ctrl+C in a console, the only such signal outside Unix.
#[cfg(not(unix))]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signal;

/// The listeners for the signals that ask a program to end.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: Option<tokio::signal::unix::Signal>,
    quit: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Starts to listen for the interrupt and terminate signals. Hang-up and quit keep the effect that they were
    /// started with, so that `nohup` works. The caller must be in a Tokio runtime.
    ///
    /// # Errors
    ///
    /// The system rejects a signal handler.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: None,
            quit: None,
        })
    }

    /// Starts to listen for the interrupt, terminate, hang-up and quit signals, as a program does that passes them on.
    /// The caller must be in a Tokio runtime.
    ///
    /// # Errors
    ///
    /// The system rejects a signal handler.
    pub fn listen_to_all() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hang_up = Some(signal(SignalKind::hangup())?);
        let quit = Some(signal(SignalKind::quit())?);
        Ok(Self { hang_up, quit, ..Self::listen()? })
    }

    /// Waits for the next signal, and returns it.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
            () = received(self.hang_up.as_mut()) => Signal::HUP,
            () = received(self.quit.as_mut()) => Signal::QUIT,
        }
    }

    /// Waits for the next signal, and returns the exit status for a program that the signal ends: 128 plus the signal's
    /// number.
    pub async fn next_status(&mut self) -> u8 {
        exit_status(self.next().await.as_raw())
    }
}

/// Waits for a signal, or for ever if there is no listener.
#[cfg(unix)]
async fn received(listener: Option<&mut tokio::signal::unix::Signal>) {
    match listener {
        Some(listener) => {
            listener.recv().await;
        }
        None => std::future::pending().await,
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

    /// Prepares to listen, as [`Signals::listen`].
    ///
    /// # Errors
    ///
    /// Never returns an error outside Unix.
    pub fn listen_to_all() -> io::Result<Self> {
        Self::listen()
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
