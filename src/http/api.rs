//! The REST APIs that share the processing of `fabric_api`: Fabric's, Power BI's, and that of capacities in Azure
//! Resource Manager. Each has its own table of operations, audiences of tokens, and form of errors.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::{HeaderValue, Method, StatusCode, Uri};

use crate::fabric::access::{AUDIENCES, AZURE_AUDIENCES};
use crate::fabric::{ErrorCode, FabricError};
use crate::hosts::Service;
use crate::http::answer::{self, Headers, Written};
use crate::http::error;
use crate::http::exchange::{Arrived, ErrorShape};
use crate::http::operation::Operation;
use crate::http::operations::{self, Route};
use crate::http::routes::{AZURE, FABRIC, Found, POWER_BI, Routes};
use crate::http::{azure_capacities, power_bi};

/// A REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    /// Fabric's REST API, under `/v1`.
    Fabric,
    /// Power BI's REST API, under `/v1.0/myorg`, on the hosts of Fabric's.
    PowerBi,
    /// Azure Resource Manager.
    Azure,
}

impl Api {
    /// All APIs.
    const ALL: [Self; 3] = [Self::Fabric, Self::PowerBi, Self::Azure];

    /// Returns the API of a path on the hosts of Fabric.
    pub(super) fn of_path(path: &str) -> Self {
        let base = path.get(..power_bi::BASE.len());
        if base.is_some_and(|base| base.eq_ignore_ascii_case(power_bi::BASE)) { Self::PowerBi } else { Self::Fabric }
    }

    /// Returns the API of a recorded request to this path.
    pub(super) fn of_recorded(path: &str) -> Self {
        if azure_capacities::has_path(&path.to_ascii_lowercase()) { Self::Azure } else { Self::of_path(path) }
    }

    /// Returns the service of the API.
    pub(super) fn service(self) -> Service {
        match self {
            Self::Fabric | Self::PowerBi => Service::Fabric,
            Self::Azure => Service::ResourceManager,
        }
    }

    /// Returns the audiences that tokens can have.
    pub(super) fn audiences(self) -> &'static [&'static str] {
        match self {
            Self::Fabric | Self::PowerBi => AUDIENCES,
            Self::Azure => AZURE_AUDIENCES,
        }
    }

    fn routes(self) -> &'static Routes {
        match self {
            Self::Fabric => &FABRIC,
            Self::PowerBi => &POWER_BI,
            Self::Azure => &AZURE,
        }
    }

    /// Returns the path that precedes all paths of the table of the API.
    pub(super) fn base(self) -> &'static str {
        self.routes().base()
    }

    /// Returns the operations of all APIs, each with its API.
    pub(super) fn operations() -> impl Iterator<Item = (Self, &'static Operation)> {
        let table = |api| -> Box<dyn Iterator<Item = &'static Route>> {
            match api {
                Self::Fabric => Box::new(operations::all()),
                Self::PowerBi => Box::new(power_bi::OPERATIONS.iter()),
                Self::Azure => Box::new(azure_capacities::OPERATIONS.iter()),
            }
        };
        Self::ALL.into_iter().flat_map(move |api| table(api).map(move |route| (api, &route.operation)))
    }

    /// Returns the route of a request; `Err(None)` if no operation has the path of the request.
    pub(super) fn find(self, method: &Method, uri: &Uri) -> Result<Found, Option<FabricError>> {
        self.routes().find(method, uri)
    }

    /// Returns the methods of a path, for the header `Allow`.
    pub(super) fn allowed(self, path: &str) -> Option<HeaderValue> {
        self.routes().allowed(path)
    }

    /// Returns the form of errors, unless it is Fabric's.
    pub(super) fn shape(self) -> Option<ErrorShape> {
        match self {
            Self::Fabric => None,
            Self::PowerBi | Self::Azure => Some(nested),
        }
    }

    /// Returns the code of an error on the wire.
    fn code(self, code: ErrorCode) -> &'static str {
        match (self, code) {
            (Self::PowerBi, ErrorCode::InsufficientPrivileges | ErrorCode::InsufficientPermissionsToManageGateway) => {
                "PowerBINotAuthorizedException"
            }
            (Self::PowerBi, ErrorCode::EntityNotFound | ErrorCode::WorkspaceNotFound | ErrorCode::CapacityNotFound) => {
                "PowerBIEntityNotFound"
            }
            (Self::PowerBi, ErrorCode::InvalidInput | ErrorCode::InvalidParameter | ErrorCode::JobAlreadyCompleted) => {
                "InvalidRequest"
            }
            (Self::Azure, ErrorCode::Unauthorized) => "AuthenticationFailed",
            (Self::Azure, ErrorCode::TokenExpired) => "ExpiredAuthenticationToken",
            (Self::Fabric | Self::PowerBi | Self::Azure, code) => code.as_str(),
        }
    }

    /// Changes the response with an error from Fabric's form to that of the API.
    pub(super) fn reshape(self, refusal: &FabricError, response: &mut Written) {
        if self == Self::Fabric {
            return;
        }
        *response.body_mut() = error::nested(self.code(refusal.code()), &error::message_with_details(refusal)).into();
        response.headers_mut().remove("x-ms-public-api-error-code");
    }
}

/// Returns the response with an error that a fault gives.
fn nested(_: &Arrived, status: StatusCode, code: &str, message: &str) -> Written {
    answer::respond(status, Headers::Refused, error::nested(code, message))
}

/// Returns the key of the operation with this method and path; `None` if there is no such operation.
pub(crate) fn key(method: &str, path: &str) -> Option<(&'static str, &'static str)> {
    /// The keys by the method and the path, with a space in between.
    static KEYS: LazyLock<HashMap<String, (&str, &str)>> = LazyLock::new(|| {
        let keys = Api::operations().map(|(_, operation)| operation.key());
        keys.map(|(method, path)| (format!("{method} {path}"), (method, path))).collect()
    });
    KEYS.get(&format!("{method} {path}")).copied()
}
