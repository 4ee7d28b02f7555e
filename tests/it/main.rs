//! The emulator from outside: every file is a noun, and speaks through [`lab::Lab`].
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod architecture;
mod around;
mod behaviours;
mod catalogs;
mod check;
#[cfg(unix)]
mod clients;
mod commands;
mod connections;
mod control;
mod coverage;
mod definitions;
mod docs;
mod entra;
mod errors;
mod examples;
mod folders;
mod items;
mod journal;
mod judges;
mod kinds;
mod lab;
mod laws;
mod mirroring;
mod operations;
mod proxy;
mod roles;
#[cfg(unix)]
mod shutdown;
mod sql_databases;
mod tags;
mod throttle;
mod workspaces;
