//! The services over HTTP: Fabric's REST API, the sign-in services (Entra, managed identities, Azure Resource Manager),
//! OneLake, the control interface, and the emulator's own web page.
//!
//! [`router`] passes each request to a service. For a request to Fabric, `fabric_api` finds the row of [`operations`]
//! with the method and path of the request, and calls the handler of this row. The handler parses the request, calls
//! `fabric`, and converts the result into a body of `wire`. The rules of Fabric are in `fabric`.

mod admin_domains;
mod admin_items;
mod admin_labels;
mod admin_operations;
mod admin_workspaces;
pub mod answer;
pub(crate) mod api;
pub mod azure_capacities;
mod bulk;
mod capacities;
mod catalog_search;
mod catalogs;
mod compute_operations;
mod connection_roles;
mod connections;
mod context;
pub mod control;
mod data_access_roles;
mod datasets;
mod deployment_pipelines;
mod dispatch;
mod domains;
mod encryption;
mod entra;
mod environments;
pub mod error;
mod etag;
mod exchange;
mod external_data_shares;
mod fabric_api;
mod fault;
mod folders;
mod gateway_members;
mod gateway_roles;
mod gateways;
mod git;
mod groups;
mod items;
mod job_operations;
mod jobs;
mod json;
mod lakehouses;
mod long_running_operations;
mod managed_identity;
mod managed_private_endpoints;
mod mirrored_databases;
mod multipart;
mod networking;
mod odata;
mod onelake;
mod onelake_settings;
pub mod operation;
pub mod operation_ids;
pub mod operations;
mod page;
mod path_parameters;
pub mod power_bi;
mod power_bi_admin;
mod power_bi_gateways;
mod recoverable_items;
mod relations;
mod request;
mod resource_manager;
mod role_assignments;
mod routes;
mod shortcuts;
mod spark;
mod sql_databases;
mod sql_endpoints;
mod table_shortcuts;
mod tags;
mod tenant_settings;
mod warehouses;
mod wire;
mod workspace_operations;
mod workspaces;

pub use self::dispatch::{Connection, Dispatcher, reject_hosts, router};
pub use self::request::{Arrival, BODY_MAX};
pub(crate) use self::request::{BODY_TIMEOUT, basic};
