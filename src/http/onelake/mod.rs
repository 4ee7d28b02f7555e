//! OneLake's storage over HTTP: the dialect of Data Lake Storage on the `dfs` hosts, and that of Blob Storage on the `blob`
//! hosts (docs/fidelity.md#onelake-storage). Without Microsoft's host names, the paths begin with `/onelake/dfs` and
//! `/onelake/blob`. Other hosts of OneLake are not emulated (`other`).
//!
//! A request is received, assigned to its tenant and stamped like one to Fabric. Its body, which can be large, goes to the
//! content store first (`body`). Reads of both dialects are answered on both hosts, because SDKs that take the blob host
//! from the name of the dfs host do not find it under an address.

mod address;
mod blob;
mod body;
mod dfs;
mod error;
mod list;
mod list_blobs;
mod other;
mod read;
mod rename_source;
mod reply;
mod storage_request;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, Response};

use self::address::{Address, Query};
use self::body::{Intake, Taken};
use self::storage_request::StorageRequest;
use crate::clock::machine_time;
use crate::emulator::Emulator;
use crate::fabric::access::{Auth, STORAGE_AUDIENCES};
use crate::fabric::onelake::{StorageCode, StorageError};
use crate::fabric::principal::DirectoryEntry;
use crate::hosts::Service;
use crate::http::answer::Written;
use crate::http::exchange::{Arrived, Received, Traits, send};
use crate::http::request::{Arrival, ReadBody, authorization};
use crate::identification::{Identification, LastIdentification};
use crate::in_flight::SMALL_MAX;
use crate::journal::Caller;
use crate::maybe_ready::MaybeReady;

pub(super) use self::address::has_path;

/// The id of the operations of OneLake, for fault rules and the journal.
const OPERATION: &str = "OneLake";

/// Responds to a request to a host of OneLake.
pub(super) fn respond<'a>(
    emulator: &'a Arc<Emulator>,
    request: Request,
    arrival: Arrival,
    last: &'a LastIdentification,
) -> MaybeReady<'a, Response<Body>> {
    let (mut parts, body) = request.into_parts();
    override_method(&mut parts);
    match Address::of(&parts) {
        None => {
            let request = Request::from_parts(parts, body);
            MaybeReady::pending(other::respond(Arc::clone(emulator), request, arrival))
        }
        Some(address) => MaybeReady::pending(async move {
            let caller = last.identify(emulator, authorization(&parts));
            answer(emulator, parts, body, arrival, address, &caller).await
        }),
    }
}

/// Replaces the method by that of `X-HTTP-Method-Override`, which Hadoop sends instead of PATCH.
fn override_method(parts: &mut Parts) {
    let named = parts.headers.get("x-http-method-override").and_then(|name| Method::from_bytes(name.as_bytes()).ok());
    if parts.method == Method::PUT
        && let Some(method) = named.filter(|method| [Method::PATCH, Method::DELETE].contains(method))
    {
        parts.method = method;
    }
}

async fn answer(
    emulator: &Arc<Emulator>,
    parts: Parts,
    body: Body,
    arrival: Arrival,
    address: Address,
    caller: &Arc<Identification>,
) -> Response<Body> {
    let begun = machine_time();
    let query = Query::of(&parts);
    let intake = Intake::of(&parts, &query, address.dialect);
    // The bytes of a request without a token are not stored.
    let intake = if caller.bearer.is_ok() { intake } else { Intake::Discard };
    let taken = body::take(body, intake, emulator).await;
    let (tenant, no_room) = match emulator.tenant(arrival.tenant.unwrap_or(caller.tenant)) {
        Ok(tenant) => (tenant, None),
        Err(refusal) => (emulator.default_tenant(), Some(refusal)),
    };
    tenant.clock().step();
    let received = Received { parts, arrival, body: Ok(ReadBody::default()), begun };
    let is_read = [Method::GET, Method::HEAD].contains(&received.parts.method);
    let principals = || caller.bearer.iter().map(|bearer| bearer.caller.id.to_string()).collect();
    let arrived = received.arrive(tenant, |_, parts| {
        let (workspace, item) = address::names(parts.uri.path(), &address);
        Traits { operation: Some(OPERATION), principals: principals(), workspace, item, is_read }
    });
    Arrived::delay(arrived.fault_delay()).await;
    let exchange = StorageExchange { arrived, address, query, taken, caller: Arc::clone(caller) };
    let size = exchange.work_size();
    let shared = Arc::clone(emulator);
    let written = emulator.in_flight().work(size, move || exchange.process(&shared, no_room.map(Into::into))).await;
    match reply::streamed(written) {
        Ok(response) => response,
        Err(written) => send(emulator, written).await,
    }
}

/// A request that is stamped and whose body was taken.
struct StorageExchange {
    arrived: Arrived,
    address: Address,
    query: Query,
    taken: Result<Taken, StorageError>,
    caller: Arc<Identification>,
}

impl StorageExchange {
    /// Returns the size of the work, by which it is done at once or on a thread of its own: a flush copies bytes.
    fn work_size(&self) -> usize {
        let commits =
            self.query.has("action", "flush") || self.query.has("comp", "blocklist") || self.query.has("flush", "true");
        if commits { SMALL_MAX + 1 } else { 0 }
    }

    fn process(self, emulator: &Emulator, no_room: Option<StorageError>) -> Written {
        let Self { mut arrived, address, query, taken, caller } = self;
        let principal =
            caller.bearer.as_ref().ok().filter(|_| no_room.is_none()).map(|it| Caller::Principal(it.caller.id));
        let dialect = address.dialect;
        let shape = match dialect {
            address::Dialect::Dfs => error::given_on_dfs,
            address::Dialect::Blob => error::given_on_blob,
        };
        let response = arrived.answer(Some(shape), |arrived| {
            let served =
                no_room.map_or(Ok(()), Err).and_then(|()| admit(emulator, arrived, &caller)).and_then(|entry| {
                    let principal = arrived.tenant.read(|state| state.known_caller(entry));
                    let request = StorageRequest {
                        emulator,
                        arrived,
                        caller: principal,
                        address: &address,
                        query: &query,
                        taken: taken?,
                    };
                    serve(&request)
                });
            served.unwrap_or_else(|refusal| error::render(&refusal, arrived, dialect))
        });
        let mut response = arrived.finish(emulator, Service::OneLake, principal, Some(OPERATION), response);
        reply::add_common_headers(&mut response, dialect);
        response
    }
}

/// Rejects callers without a valid token for storage. Returns the caller.
fn admit<'a>(
    emulator: &Emulator,
    arrived: &Arrived,
    caller: &'a Identification,
) -> Result<&'a DirectoryEntry, StorageError> {
    let has_signature = arrived.parts.uri.query().unwrap_or_default().split('&').any(|pair| pair.starts_with("sig="));
    if has_signature && !arrived.parts.headers.contains_key("authorization") {
        return Err(StorageError::not_emulated("shared access signatures"));
    }
    check_version(arrived)?;
    let bearer = caller.bearer.as_ref().map_err(Clone::clone)?;
    if emulator.auth() == Auth::Strict {
        bearer.check_purpose()?;
        bearer.check_audience(STORAGE_AUDIENCES)?;
    }
    caller.check_time(bearer, arrived.stamp.now, arrived.begun)?;
    Ok(&bearer.caller)
}

/// Rejects a version of the protocol that is not a date. Any date is accepted, and also no version.
fn check_version(arrived: &Arrived) -> Result<(), StorageError> {
    let version = arrived.parts.headers.get("x-ms-version").map(|version| version.to_str().unwrap_or_default());
    let is_date = |version: &str| version.len() == 10 && version.parse::<jiff::civil::Date>().is_ok();
    if version.is_none_or(is_date) { Ok(()) } else { Err(StorageCode::UnsupportedRestVersion.into()) }
}

/// Serves a request of an admitted caller.
fn serve(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    match request.arrived.parts.method {
        Method::GET | Method::HEAD => read::serve(request),
        _ => match request.address.dialect {
            address::Dialect::Dfs => dfs::serve(request),
            address::Dialect::Blob => blob::serve(request),
        },
    }
}
