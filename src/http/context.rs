//! What a handler gets: who asks whom, when, and for what; and how to read it. A malformed request is a refusal.

use std::str::FromStr;

use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::fabric::behaviours::DoubleEncodedToken;
use crate::fabric::page::{self, Page, PageRequest};
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, ErrorCode, FabricError, State};
use crate::http::Arrival;
use crate::http::operations::Operation;
use crate::ids::ItemId;
use crate::tenant::Tenant;

/// Everything about one request, at its one instant.
#[derive(Debug)]
pub struct Context<'a> {
    /// Whose universe it is.
    pub tenant: &'a Tenant,
    /// Who asks.
    pub caller: Principal,
    /// When.
    pub now: Timestamp,
    /// What is asked for.
    pub operation: &'static Operation,
    pub(super) parts: &'a Parts,
    /// The path's variable segments, in order.
    pub(super) segments: Vec<&'a str>,
    pub(super) body: &'a [u8],
}

impl Context<'_> {
    /// Looks at the state.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.tenant.read(look)
    }

    /// Decides and records.
    pub fn commit<T>(&self, decide: impl FnOnce(&State, Timestamp) -> Decided<T>) -> Result<T, FabricError> {
        self.tenant.commit(self.now, decide)
    }

    /// The workspace that the path names, if the caller has the role in it that the operation takes. To who has none, an item
    /// in it is not there.
    pub fn workspace<'s>(&self, state: &'s State) -> Result<&'s Workspace, FabricError> {
        let workspace = state.workspace(self.id(0)?)?;
        let Some(needed) = self.operation.role else { return Ok(workspace) };
        if self.operation.names_item() && workspace.role_of(self.caller).is_none() {
            let note = format!("the caller {} has no role in this workspace", self.caller.id);
            return Err(FabricError::no_item(self.id::<ItemId>(1)?).note(note));
        }
        workspace.check_role(self.caller, needed)?;
        Ok(workspace)
    }

    /// Refuses who has not the role that the operation takes, and who has not said that he knows a preview for one, before
    /// anything else of the request is looked at.
    pub fn check_access(&self) -> Result<(), FabricError> {
        if self.operation.is_beta() && self.flag("beta")? != Some(true) {
            return Err(FabricError::new(ErrorCode::InvalidParameter)
                .message("This API is in beta: the query parameter beta must be true."));
        }
        match self.operation.role {
            Some(_) => self.read(|state| self.workspace(state).map(drop)),
            None => Ok(()),
        }
    }

    /// So many of the tenant's seconds in the caller's: rounded up, and at least one.
    pub fn callers_seconds(&self, wait: SignedDuration) -> u64 {
        ((wait.as_secs_f64() / self.tenant.clock().rate()).ceil() as u64).max(1)
    }

    /// The `n`-th variable segment of the path, as an id.
    pub fn id<T: FromStr>(&self, n: usize) -> Result<T, FabricError> {
        let text = self.segments.get(n).copied().unwrap_or_default();
        text.parse().map_err(|_| FabricError::invalid_input(format!("The value {text:?} in the path is not a GUID.")))
    }

    /// The `n`-th variable segment of the path, as a text, percent-decoded.
    pub fn text(&self, n: usize) -> String {
        let text = self.segments.get(n).copied().unwrap_or_default();
        percent_decode_str(text).decode_utf8_lossy().into_owned()
    }

    /// All values of a parameter that can be given more than once, or as a list with commas.
    pub fn query_all(&self, name: &str) -> Vec<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let values = pairs.flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>());
        values.filter(|value| !value.is_empty()).collect()
    }

    /// The body, as JSON of this shape. Members that the shape has not are ignored.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, FabricError> {
        check_content_type(&self.parts.headers)?;
        if self.body.is_empty() {
            return Err(FabricError::invalid_input("A non-empty request body is required."));
        }
        serde_json::from_slice(self.body).map_err(|why| {
            FabricError::invalid_input(format!("The request body is not valid: {}.", without_values(&why.to_string())))
        })
    }

    /// The body where one is sent; nothing is as good as an empty object.
    pub fn json_or_nothing<T: DeserializeOwned + Default>(&self) -> Result<T, FabricError> {
        if self.body.is_empty() { Ok(T::default()) } else { self.json() }
    }

    /// A parameter of the query, percent-decoded once; an empty one counts as left out.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query()?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let value = pairs.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned());
        value.filter(|value| !value.is_empty())
    }

    /// A parameter that is true or false, in any case: clients send `True`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, FabricError> {
        match self.query(name) {
            None => Ok(None),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(value) => {
                Err(FabricError::invalid_input(format!("The value {value:?} of {name} is neither true nor false.")))
            }
        }
    }

    /// A parameter that is an id.
    pub fn query_id<T: FromStr>(&self, name: &str) -> Result<Option<T>, FabricError> {
        let Some(value) = self.query(name) else { return Ok(None) };
        value
            .parse()
            .map(Some)
            .map_err(|_| FabricError::invalid_input(format!("The value {value:?} of {name} is not a GUID.")))
    }

    /// The page that is asked for, with as many elements as the tenant's pages have.
    pub fn page(&self, state: &State) -> Result<PageRequest, FabricError> {
        self.page_of(state, state.settings.page_size)
    }

    /// The page that is asked for, with as many elements as said.
    pub fn page_of(&self, state: &State, size: u32) -> Result<PageRequest, FabricError> {
        let Some(token) = self.query("continuationToken") else { return Ok(PageRequest { after: None, size }) };
        let lenient = state.settings.behaviours.double_encoded_token == DoubleEncodedToken::FirstPage;
        let after = if lenient && page::is_encoded(&token) { None } else { Some(page::position(&token)?) };
        Ok(PageRequest { after, size })
    }

    /// Where a page goes on: the token, and the absolute URL to call.
    pub fn continuation<T>(&self, page: &Page<T>) -> Option<(String, String)> {
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
        Some((token, uri))
    }

    /// The path of the request, as it was sent.
    pub fn path(&self) -> &str {
        self.parts.uri.path().trim_end_matches('/')
    }

    /// The absolute URL of a path of this very server, as the caller knows it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", Arrival::origin(self.parts))
    }
}

/// What serde complains of, without the text that it quotes: that may be a secret in the wrong place.
fn without_values(complaint: &str) -> String {
    match complaint.split_once("string \"") {
        Some((before, rest)) => {
            let after = rest.rfind("\", expected").map_or("", |end| &rest[end + 1..]);
            format!("{before}a text{after}")
        }
        None => complaint.to_owned(),
    }
}

/// JSON is what a body is taken for when nothing is said.
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
