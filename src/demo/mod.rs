//! `specularite demo`: mirrors a simulated Azure Cosmos DB account through the API, rotates its key, and recovers.
//!
//! The story is a client of the emulator in the same process: it sends requests over HTTP and shows what they answer.

mod api;
mod screen;
mod story;
mod tables;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::Stdio;

pub use self::screen::{Screen, is_terminal};
use self::story::Story;

/// The default seed of the ids and figures.
pub const SEED: u64 = 7310;

/// The error of a story that cannot be continued.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The emulator did not answer.
    #[error("{request} failed: {why}")]
    NoAnswer {
        /// Method and path.
        request: String,
        /// The cause.
        why: io::Error,
    },
    /// The emulator rejected a request.
    #[error("{request} was rejected with status {status}: {message}")]
    Rejected {
        /// Method and path.
        request: String,
        /// The status of the response.
        status: u16,
        /// The error in the response.
        message: String,
    },
    /// An answer lacks a member that the story needs.
    #[error("the answer of {request} has no {member}")]
    Incomplete {
        /// Method and path.
        request: String,
        /// The JSON pointer of the member.
        member: &'static str,
    },
    /// A status was not reached.
    #[error("the status is {seen} after {minutes} minutes of the tenant's time; {wanted} was expected")]
    Stuck {
        /// The expected status.
        wanted: &'static str,
        /// The present status.
        seen: String,
        /// The time waited.
        minutes: u32,
    },
}

/// The circumstances of a story.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The address of the emulator.
    pub address: SocketAddr,
    /// `true` for a story in about 30 seconds on a scaled clock, `false` for one on a manual clock without waiting.
    pub live: bool,
    /// `true` if the default tenant has no content. The date of a manual clock is then always the same.
    pub fresh: bool,
}

/// Opens the address of the emulator in the default browser, unless the emulator ends with the story. The story goes on
/// meanwhile, and also without a browser: a failure is only a message on standard error.
pub fn open_browser(setting: &Setting) {
    let url = format!("http://{}/", setting.address);
    if !setting.live {
        say("--open has no effect: standard output is not a terminal, so the emulator ends with the demo");
        return;
    }
    // Some launchers return only when the browser is closed. `open::that_detached` would not wait, but it waits in a thread
    // with too small a stack for jemalloc.
    std::thread::spawn(move || {
        if let Err(why) = launch(&url) {
            say(&format!("cannot open {url} in a browser: {why}"));
        }
    });
}

/// Runs the launchers of the system until one of them succeeds.
fn launch(url: &str) -> io::Result<()> {
    let mut failure = io::Error::other("this system has no launcher");
    for mut command in open::commands(url) {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl+C in the terminal must not end the browser.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        match command.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => failure = io::Error::other(format!("{}: {status}", command.get_program().display())),
            // The failure of a launcher that exists says more than the absence of another.
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            Err(why) => failure = why,
        }
    }
    Err(failure)
}

fn say(message: &str) {
    let _ = writeln!(io::stderr(), "specularite: {message}");
}

/// Tells the story. Its output goes to `screen`.
///
/// # Errors
///
/// A request fails, or a status is not reached.
pub async fn tell(setting: Setting, screen: &mut Screen) -> Result<(), DemoError> {
    Story::new(setting, screen).tell().await
}
