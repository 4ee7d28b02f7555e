//! The emulator from outside: every file is a noun, and speaks through [`lab::Lab`].
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod architecture;
mod connections;
mod control;
mod coverage;
mod definitions;
mod items;
mod lab;
mod laws;
mod mirroring;
mod throttle;
mod walks;
mod workspaces;
