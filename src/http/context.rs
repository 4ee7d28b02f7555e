//! The input of a handler: the request, its caller and its instant.

use std::cell::Cell;
use std::str::FromStr;

use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::clock::real_seconds;
use crate::emulator::Emulator;
use crate::fabric::behaviours::DoubleEncodedToken;
use crate::fabric::fault::operation::OperationFault;
use crate::fabric::item::Item;
use crate::fabric::page::{self, Page, PageRequest};
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::json;
use crate::http::operation::Operation;
use crate::http::path_parameters::PathParameters;
use crate::http::request::Arrival;
use crate::http::wire::{Continuation, List, NullableList};
use crate::ids::ItemId;
use crate::tenant::Tenant;

/// The response of a handler, or its error.
pub(super) type HandlerResult = Result<Answer, FabricError>;
/// A function that serves an operation.
pub(super) type Handler = fn(&Context<'_>) -> HandlerResult;

/// The input of a handler.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// The emulator, for requests that concern another tenant too.
    pub(super) emulator: &'a Emulator,
    /// The tenant that the request belongs to.
    pub(super) tenant: &'a Tenant,
    /// The principal that sent the request.
    pub(super) caller: Principal,
    /// The instant of the request, on the tenant's clock.
    pub(super) now: Timestamp,
    /// The operation that the request calls.
    pub(super) operation: &'static Operation,
    /// The head of the request: method, URI and headers.
    pub(super) parts: &'a Parts,
    /// The connection of the request.
    pub(super) arrival: Arrival,
    /// The parameters of the path, as sent.
    pub(super) parameters: PathParameters<'a>,
    /// The whole body.
    pub(super) body: &'a [u8],
    /// The changes that a fault makes to the processing of the request.
    pub(super) fault: Interference<'a>,
}

/// The changes that a fault makes to the processing of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Interference<'a> {
    /// The earlier state that is read instead of the current one.
    pub(super) past: Option<&'a State>,
    /// The change to the long-running operation that the request begins, and the flag that is set when it is made.
    pub(super) operation: Option<(&'a OperationFault, &'a Cell<bool>)>,
}

impl Context<'_> {
    /// Returns the result of `look`, which receives the state of the tenant.
    pub(super) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        match self.fault.past {
            Some(past) => look(past),
            None => self.tenant.read(look),
        }
    }

    /// Makes a decision at the instant of the request, and records its facts.
    pub(super) fn commit<T>(&self, decide: impl FnOnce(&State, Timestamp) -> Decision<T>) -> Result<T, FabricError> {
        self.commit_then(decide, |_, outcome| outcome)
    }

    /// Commits a decision like [`Context::commit`], and then calls `look` with the resulting state. No other request can
    /// change the state in between.
    pub(super) fn commit_then<T, U>(
        &self,
        decide: impl FnOnce(&State, Timestamp) -> Decision<T>,
        look: impl FnOnce(&State, T) -> U,
    ) -> Result<U, FabricError> {
        let decide = |state: &State, now| {
            self.check_administrator(state)?;
            let (mut facts, outcome) = decide(state, now)?;
            if let Some((fault, is_applied)) = self.fault.operation
                && fault.apply(&mut facts, now)
            {
                is_applied.set(true);
            }
            Ok((facts, outcome))
        };
        self.tenant.commit_then(self.now, decide, look)
    }

    /// Returns the workspace that the path names.
    ///
    /// # Errors
    ///
    /// Returns an error if the workspace does not exist, or if the caller does not have the role that the operation
    /// requires. If the path names an item and the caller has no role at all in the workspace, the error says that the
    /// item does not exist.
    pub(super) fn workspace<'s>(&self, state: &'s State) -> Result<&'s Workspace, FabricError> {
        let workspace = state.workspace(self.id("workspaceId")?)?;
        let Some(needed) = self.operation.role else { return Ok(workspace) };
        if workspace.has_role(self.caller, needed) {
            return Ok(workspace);
        }
        if let Some(item) = self.parameters.item()
            && workspace.role_of(self.caller).is_none()
        {
            let note = format!("the caller {} has no role in this workspace", self.caller.id);
            return Err(FabricError::no_item(self.id::<ItemId>(item)?).note(note));
        }
        workspace.check_role(self.caller, needed)?;
        Ok(workspace)
    }

    /// Returns the item that the path names, with its workspace.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Context::workspace`], and an error if the item does not exist or does not have the kind
    /// of the route.
    pub(super) fn item<'s>(&self, state: &'s State, now: Timestamp) -> Result<(&'s Workspace, &'s Item), FabricError> {
        let workspace = self.workspace(state)?;
        let id = self.item_id()?;
        let item = match self.operation.kind {
            Some(kind) => workspace.item_of(kind, id, now)?,
            None => workspace.item(id, now)?,
        };
        Ok((workspace, item))
    }

    /// Returns the id of the item that the path names.
    pub(super) fn item_id(&self) -> Result<ItemId, FabricError> {
        self.id(self.parameters.item().unwrap_or_default())
    }

    /// Rejects callers that are not Fabric administrators, if the operation requires one.
    fn check_administrator(&self, state: &State) -> Result<(), FabricError> {
        self.operation.refuses_others.map_or(Ok(()), |code| state.check_administrator(self.caller, code))
    }

    /// Rejects callers without the required role, and requests for beta operations without `beta=true`. This check runs
    /// before the body is parsed.
    pub(super) fn check_access(&self) -> Result<(), FabricError> {
        if self.operation.is_beta && self.flag("beta")? != Some(true) {
            return Err(FabricError::new(ErrorCode::InvalidParameter)
                .message("This API is in beta: the query parameter beta must be true."));
        }
        if self.operation.refuses_others.is_some() {
            self.read(|state| self.check_administrator(state))?;
        }
        match self.operation.role {
            Some(_) => self.read(|state| self.workspace(state).map(drop)),
            None => Ok(()),
        }
    }

    /// Converts a duration on the tenant's clock into the seconds of real time that the caller must wait. The result is
    /// rounded up and is at least 1.
    pub(super) fn callers_seconds(&self, wait: SignedDuration) -> u64 {
        (real_seconds(wait.as_secs_f64(), self.tenant.clock().rate()).ceil() as u64).max(1)
    }

    /// Parses a parameter of the path as an id.
    pub(super) fn id<T: FromStr>(&self, name: &str) -> Result<T, FabricError> {
        let text = self.parameter(name);
        text.parse().map_err(|_| FabricError::invalid_input(format!("The value {text:?} in the path is not a GUID.")))
    }

    /// Returns a parameter of the path, percent-decoded.
    pub(super) fn text(&self, name: &str) -> String {
        percent_decode_str(self.parameter(name)).decode_utf8_lossy().into_owned()
    }

    fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).unwrap_or_default()
    }

    /// Returns all values of a query parameter. Clients repeat the parameter or separate its values with commas.
    pub(super) fn query_all(&self, name: &str) -> Vec<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let values = pairs.flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>());
        values.filter(|value| !value.is_empty()).collect()
    }

    /// Parses the body as JSON. Unknown members are ignored.
    ///
    /// # Errors
    ///
    /// Returns an error if the body is empty or is not JSON, if its media type is not JSON, or if a member has the
    /// wrong type. The message never repeats a value of the body, because the value may be a secret.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, FabricError> {
        json::parse(self.json_body()?)
    }

    /// Parses the body as a JSON array, with the errors of [`Self::json`].
    pub(super) fn json_list<T: DeserializeOwned>(&self) -> Result<Vec<T>, FabricError> {
        json::parse_list(self.json_body()?)
    }

    /// Returns the body. Rejects an empty one, and media types other than JSON.
    fn json_body(&self) -> Result<&[u8], FabricError> {
        check_content_type(&self.parts.headers)?;
        if self.body.is_empty() {
            return Err(FabricError::invalid_input("A non-empty request body is required."));
        }
        Ok(self.body)
    }

    /// Parses the body as JSON. An empty body counts as an empty object.
    pub(super) fn json_or_nothing<T: DeserializeOwned + Default>(&self) -> Result<T, FabricError> {
        if self.body.is_empty() { Ok(T::default()) } else { self.json() }
    }

    /// Returns a query parameter, percent-decoded once. An empty value counts as absent.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query()?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let value = pairs.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned());
        value.filter(|value| !value.is_empty())
    }

    /// Parses a query parameter as a boolean. The case of the value does not matter, because some clients send `True`.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, FabricError> {
        match self.query(name) {
            None => Ok(None),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(value) => {
                Err(FabricError::invalid_input(format!("The value {value:?} of {name} is neither true nor false.")))
            }
        }
    }

    /// Parses a query parameter as an id.
    pub(super) fn query_id<T: FromStr>(&self, name: &str) -> Result<Option<T>, FabricError> {
        let Some(value) = self.query(name) else { return Ok(None) };
        value
            .parse()
            .map(Some)
            .map_err(|_| FabricError::invalid_input(format!("The value {value:?} of {name} is not a GUID.")))
    }

    /// Parses the query parameter `maxResults`: a positive whole number.
    pub(super) fn max_results(&self) -> Result<Option<u32>, FabricError> {
        let Some(most) = self.query("maxResults") else { return Ok(None) };
        most.parse::<u32>().ok().filter(|most| *most > 0).map(Some).ok_or_else(|| {
            FabricError::invalid_input(format!("The value {most:?} of maxResults is not a positive whole number."))
        })
    }

    /// Returns the position of the requested page, with the page size of the tenant.
    pub(super) fn page(&self, state: &State) -> Result<PageRequest, FabricError> {
        self.page_of(state, state.settings.page_size)
    }

    /// Returns the position of the requested page, with the given page size.
    pub(super) fn page_of(&self, state: &State, size: u32) -> Result<PageRequest, FabricError> {
        let Some(token) = self.query("continuationToken") else { return Ok(PageRequest { after: None, size }) };
        let lenient = state.settings.behaviours.double_encoded_token == DoubleEncodedToken::FirstPage;
        let after = if lenient && page::is_encoded(&token) { None } else { Some(page::position(&token)?) };
        Ok(PageRequest { after, size })
    }

    /// Returns the body of a list: a page with its continuation.
    pub(super) fn list<T>(&self, page: Page<T>) -> List<T> {
        let continuation = self.continuation(&page);
        List::new(page, continuation)
    }

    /// Returns the body of a list whose continuation members are null on the last page.
    pub(super) fn nullable_list<T>(&self, page: Page<T>) -> NullableList<T> {
        let continuation = self.continuation(&page);
        NullableList::new(page, continuation)
    }

    /// Returns the continuation of a page; `None` for the last page.
    pub(super) fn continuation<T>(&self, page: &Page<T>) -> Option<Continuation> {
        let token = page::token(page.next?);
        let query = self.parts.uri.query().unwrap_or_default();
        let mut rest = form_urlencoded::Serializer::new(String::new());
        for (name, value) in
            form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| !name.eq_ignore_ascii_case("continuationToken"))
        {
            rest.append_pair(&name, &value);
        }
        let rest = rest.finish();
        let separator = if rest.is_empty() { "" } else { "&" };
        let uri = self.url(&format!("{}?{rest}{separator}continuationToken={token}", self.parts.uri.path()));
        Some(Continuation { token, uri })
    }

    /// Returns the path of the request, without slashes at its end.
    pub(super) fn path(&self) -> &str {
        self.parts.uri.path().trim_end_matches('/')
    }

    /// Returns the absolute URL of a path on this server, with the scheme and host that the caller used.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.arrival.origin(self.parts))
    }
}

/// Rejects media types other than JSON. A body without a media type counts as JSON.
fn check_content_type(headers: &HeaderMap) -> Result<(), FabricError> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let given = given.to_str().unwrap_or_default();
    let media = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media == "application/json"
        || media == "text/json"
        || media.starts_with("application/") && media.ends_with("+json")
    {
        return Ok(());
    }
    Err(ErrorCode::UnsupportedMediaType.into())
}
