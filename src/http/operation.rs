//! An operation of Fabric's REST API: the content of its row in the table of operations, without the handler.

use axum::http::Method;

use crate::fabric::item::ItemKind;
use crate::fabric::role::Role;
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Headers;

/// The evidence for an operation's behaviour (docs/fidelity.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fidelity {
    /// Recorded from the real service.
    Seen,
    /// Described by Microsoft.
    Documented,
    /// Supported by no source.
    Guessed,
}

/// The extent to which an operation is emulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// The operation behaves as in Fabric, except for the differences in docs/fidelity.md.
    Served,
    /// The operation returns valid responses, but has no effect outside of its own resource.
    Simplified,
    /// The operation returns 501 `NotEmulated`.
    Absent,
}

impl Coverage {
    /// Returns the word that `/_emulator/coverage` and README.md use.
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
    /// The `operationId` in Microsoft's description of the API. It is not unique: operations with different paths may
    /// share an id.
    pub id: &'static str,
    /// The method.
    pub method: Method,
    /// The path below the base of its API, such as `/v1`, with its parameters in braces.
    pub path: &'static str,
    /// The workspace role that the operation requires; `None` if it requires no workspace role.
    pub role: Option<Role>,
    /// The code of the rejection of callers that are not Fabric administrators; `None` if others may call the operation.
    pub refuses_others: Option<ErrorCode>,
    /// The delegated scopes that permit the operation, separated by spaces. A token needs one of them; `A+B` requires
    /// both `A` and `B`. `itemType` stands for any kind.
    pub scopes: &'static str,
    /// The header family of a successful response.
    pub headers: Headers,
    /// The kind of item, if the path is a kind's own route. `None` for all other operations, such as those on the
    /// generic routes.
    pub kind: Option<ItemKind>,
    /// The number of calls in a throttle window after which the service blocks the caller, as seen or documented.
    pub limit: Option<u32>,
    /// The evidence for the operation's behaviour.
    pub fidelity: Fidelity,
    /// The extent to which the operation is emulated.
    pub coverage: Coverage,
    /// `true` if the operation requires `?beta=true`.
    pub is_beta: bool,
    /// `true` for a list whose first page is requested with POST and whose further pages can be requested with GET
    /// (docs/fidelity.md#tables).
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
            refuses_others: None,
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

    /// Returns the name of the path parameter for the id of an item: `itemId` on the generic routes, and the second
    /// parameter of the path on a kind's own route.
    pub fn item_parameter(&self) -> Option<&'static str> {
        let mut parameters = parameters(self.path).skip(1);
        let second = parameters.next()?;
        if self.kind.is_some() || second == ITEM { Some(second) } else { parameters.find(|name| *name == ITEM) }
    }

    /// Returns `true` if the operation changes nothing and begins no long-running operation.
    pub fn is_read(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.method == Method::GET
            || self.method == Method::POST && (name.ends_with("MirroringStatus") || name == "search")
    }

    /// Returns the method and the path. Together they identify an operation, while several operations may share an id.
    pub(super) fn key(&'static self) -> (&'static str, &'static str) {
        (self.method.as_str(), self.path)
    }

    /// Returns the error `NotEmulated` for an absent operation. `base` is the base of the paths of its API.
    pub(super) fn not_emulated(&self, base: &str) -> FabricError {
        let Self { id, method, path, .. } = self;
        FabricError::new(ErrorCode::NotEmulated).message(format!(
            "Specularite does not emulate {id} ({method} {base}{path}). docs/fidelity.md lists what it emulates; \
             use the real service for this operation."
        ))
    }

    /// Sets the header family of items.
    pub(super) const fn item(mut self) -> Self {
        self.headers = Headers::Item;
        self
    }

    /// Sets the header family of the mirroring workload.
    pub(super) const fn workload(mut self) -> Self {
        self.headers = Headers::Workload;
        self
    }

    /// Sets the kind whose own route this is.
    pub(super) const fn of(mut self, kind: ItemKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Sets the number of calls in a throttle window.
    pub(super) const fn limited(mut self, calls: u32) -> Self {
        self.limit = Some(calls);
        self
    }

    /// Requires a Fabric administrator. `code` is the code of the rejection of other callers.
    pub(super) const fn for_administrators(mut self, code: ErrorCode) -> Self {
        self.refuses_others = Some(code);
        self
    }

    /// Marks the operation as beta: requests require `?beta=true`.
    pub(super) const fn beta(mut self) -> Self {
        self.is_beta = true;
        self
    }

    /// Sets the coverage to [`Coverage::Simplified`].
    pub(super) const fn simplified(mut self) -> Self {
        self.coverage = Coverage::Simplified;
        self
    }

    /// Accepts GET for the further pages of a list whose first page is requested with POST.
    pub(super) const fn paged_by_post(mut self) -> Self {
        self.is_paged_by_post = true;
        self
    }
}

/// The name of the path parameter for the id of an item on the generic routes.
const ITEM: &str = "itemId";

/// Returns the names of the parameters of a path, in order.
fn parameters(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(parameter)
}

/// Returns the name of the parameter that a segment of a path stands for.
pub(super) fn parameter(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Creates an operation with the method GET.
pub(super) const fn get(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::GET, path, id, role, scopes)
}

/// Creates an operation with the method POST.
pub(super) const fn post(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::POST, path, id, role, scopes)
}

/// Creates an operation with the method PUT.
pub(super) const fn put(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::PUT, path, id, role, scopes)
}

/// Creates an operation with the method PATCH.
pub(super) const fn patch(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::PATCH, path, id, role, scopes)
}

/// Creates an operation with the method DELETE.
pub(super) const fn delete(
    path: &'static str,
    id: &'static str,
    role: Option<Role>,
    scopes: &'static str,
) -> Operation {
    Operation::new(Method::DELETE, path, id, role, scopes)
}

/// Creates an operation whose method is known only at run time, without role and scopes.
pub(super) const fn with_method(method: Method, path: &'static str, id: &'static str) -> Operation {
    Operation::new(method, path, id, None, "")
}
