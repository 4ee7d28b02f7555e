//! Tests of the emulator from outside, one file per subject, through [`harness::Lab`].
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod answers;
mod architecture;
mod behaviours;
mod bulk_definitions;
mod catalog_search;
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
mod facts;
mod faults;
mod folders;
mod harness;
mod imports;
mod items;
mod journal;
mod judges;
mod kinds;
mod laws;
mod limits;
mod log;
mod mirroring;
mod operations;
mod proxy;
mod reported;
mod roles;
mod scenario;
mod scenario_files;
mod scenario_fixtures;
mod scenario_schema;
mod secrets;
mod shortcuts;
#[cfg(unix)]
mod shutdown;
mod snapshot;
mod sql_databases;
mod tags;
mod tenants;
mod throttle;
mod timeouts;
mod trouble;
mod workspaces;
