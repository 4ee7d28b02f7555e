//! The services over HTTP: Fabric's REST API, Entra and its neighbours, and the control interface.
//!
//! [`router`] passes each request to a service. A request to Fabric goes through `fabric_api` to a row of [`operations`] and to its
//! handler, which parses it, calls `fabric`, and wraps the result in a body of `wire`. Rules of Fabric live in `fabric`.

pub mod answer;
mod bulk;
mod capacities;
mod catalog_search;
mod catalogs;
mod connection_roles;
mod connections;
mod context;
pub mod control;
mod dispatch;
mod entra;
pub mod error;
mod exchange;
mod fabric_api;
mod folders;
mod gateways;
mod items;
mod json;
mod long_running_operations;
mod managed_identity;
mod mirrored_databases;
mod onelake;
pub mod operation;
pub mod operations;
mod request;
mod resource_manager;
mod role_assignments;
mod routes;
mod shortcuts;
mod sql_databases;
mod sql_endpoints;
mod tags;
mod wire;
mod workspaces;

pub use self::dispatch::router;
pub(crate) use self::request::basic;
pub use self::request::{Arrival, BODY_MAX};
