//! The description of an operation: what the table says about it, apart from the handler that serves it.

use axum::http::Method;

use crate::fabric::item::ItemKind;
use crate::fabric::role::Role;
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Headers;

/// The source of an operation's behaviour (docs/fidelity.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fidelity {
    /// Recorded from the real service.
    Seen,
    /// Described by Microsoft.
    Documented,
    /// Neither.
    Guessed,
}

/// The extent to which an operation is emulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// It does what Fabric does, within what is emulated.
    Served,
    /// It answers, and has no effect beyond what it shows.
    Simplified,
    /// It answers 501 `NotEmulated`.
    Absent,
}

impl Coverage {
    /// Returns the word for it in `/_emulator/coverage` and README.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Simplified => "simplified",
            Self::Absent => "absent",
        }
    }
}

/// An operation of Fabric's REST API.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The `operationId` of the description. Ids are not unique: several operations of different paths share one.
    pub id: &'static str,
    /// The method.
    pub method: Method,
    /// The path under `/v1`, with its parameters in braces.
    pub path: &'static str,
    /// The workspace role that it requires.
    pub role: Option<Role>,
    /// The delegated scopes, separated by blanks, of which it requires one; `A+B` means both. `itemType` stands for any kind.
    pub scopes: &'static str,
    /// The headers of its success.
    pub headers: Headers,
    /// The kind of item that its path is for; the generic routes are for all kinds.
    pub kind: Option<ItemKind>,
    /// The number of calls in a window after which the real service was seen to block, or is documented to.
    pub limit: Option<u32>,
    /// The source of its behaviour.
    pub fidelity: Fidelity,
    /// The extent to which it is emulated.
    pub coverage: Coverage,
    /// Requires `?beta=true`.
    pub is_beta: bool,
    /// A list that is requested with POST, although its further pages have URLs for GET (docs/fidelity.md#tables).
    pub is_paged_by_post: bool,
}

impl Operation {
    const fn new(
        method: Method,
        path: &'static str,
        id: &'static str,
        role: Option<Role>,
        scopes: &'static str,
    ) -> Self {
        Self {
            id,
            method,
            path,
            role,
            scopes,
            headers: Headers::Core,
            kind: None,
            limit: None,
            fidelity: Fidelity::Guessed,
            coverage: Coverage::Served,
            is_beta: false,
            is_paged_by_post: false,
        }
    }

    /// Returns the name of the path parameter that is an item: `itemId`, or the second one on a kind's own route.
    pub fn item_parameter(&self) -> Option<&'static str> {
        let mut parameters = parameters(self.path).skip(1);
        let second = parameters.next()?;
        if self.kind.is_some() || second == ITEM { Some(second) } else { parameters.find(|name| *name == ITEM) }
    }

    /// Returns the method and the path, which identify an operation; its id may not.
    pub(super) fn key(&'static self) -> (&'static str, &'static str) {
        (self.method.as_str(), self.path)
    }

    /// Returns the error of an absent operation.
    pub(super) fn not_emulated(&self) -> FabricError {
        let Self { id, method, path, .. } = self;
        FabricError::new(ErrorCode::NotEmulated).message(format!(
            "Specularite does not emulate {id} ({method} /v1{path}). docs/fidelity.md lists what it emulates; \
             use the real service for this operation."
        ))
    }

    /// Has the headers of an item.
    pub(super) const fn item(mut self) -> Self {
        self.headers = Headers::Item;
        self
    }

    /// Has the headers of the mirroring workload.
    pub(super) const fn workload(mut self) -> Self {
        self.headers = Headers::Workload;
        self
    }

    /// Belongs to a kind's own route.
    pub(super) const fn of(mut self, kind: ItemKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Blocks after so many calls in a window.
    pub(super) const fn limited(mut self, calls: u32) -> Self {
        self.limit = Some(calls);
        self
    }

    /// Requires `?beta=true`.
    pub(super) const fn beta(mut self) -> Self {
        self.is_beta = true;
        self
    }

    /// Has no effect beyond what it shows.
    pub(super) const fn simplified(mut self) -> Self {
        self.coverage = Coverage::Simplified;
        self
    }

    /// Is requested with POST, and continues with GET.
    pub(super) const fn paged_by_post(mut self) -> Self {
        self.is_paged_by_post = true;
        self
    }
}

/// The parameter of an item on the generic routes.
const ITEM: &str = "itemId";

/// Returns the names of the parameters of a path, in order.
pub(super) fn parameters(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// An operation with GET.
pub(super) const fn get(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::GET, path, id, role, scopes)
}

/// An operation with POST.
pub(super) const fn post(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::POST, path, id, role, scopes)
}

/// An operation with PUT.
pub(super) const fn put(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::PUT, path, id, role, scopes)
}

/// An operation with PATCH.
pub(super) const fn patch(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::PATCH, path, id, role, scopes)
}

/// An operation with DELETE.
pub(super) const fn delete(
    path: &'static str,
    id: &'static str,
    role: Option<Role>,
    scopes: &'static str,
) -> Operation {
    Operation::new(Method::DELETE, path, id, role, scopes)
}

/// An operation with a method that is known at run time only.
pub(super) const fn with_method(method: Method, path: &'static str, id: &'static str) -> Operation {
    Operation::new(method, path, id, None, "")
}
