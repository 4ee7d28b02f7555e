//! The lookup of a route by method and path in the tables of operations. The fixed segments of a path match in any case.

use std::sync::LazyLock;

use axum::http::{HeaderValue, Method, Uri};
use matchit::Router;

use crate::fabric::{ErrorCode, FabricError};
use crate::http::context::Handler;
use crate::http::operation::Operation;
use crate::http::operations::{self, Route};
use crate::http::path_parameters::{KnownParameters, PathParameters, Places};
use crate::http::{azure_capacities, power_bi};

/// The routes of Fabric's REST API.
pub(super) static FABRIC: LazyLock<Routes> = LazyLock::new(|| Routes::new("/v1", operations::all()));
/// The routes of Power BI's REST API.
pub(super) static POWER_BI: LazyLock<Routes> = LazyLock::new(|| Routes::new("", power_bi::OPERATIONS));
/// The routes of capacities in Azure Resource Manager.
pub(super) static AZURE: LazyLock<Routes> = LazyLock::new(|| Routes::new("", azure_capacities::OPERATIONS));

/// The routes of a table, grouped by path.
pub(super) struct Routes {
    /// The path that precedes all paths of the table, in lower case.
    base: &'static str,
    router: Router<Vec<KnownRoute>>,
}

/// A route of the table, and the parameters in its path.
#[derive(Debug)]
struct KnownRoute {
    route: &'static Route,
    parameters: KnownParameters,
}

/// The route that matches a request, and the places of the parameters in the path of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    known: &'static KnownRoute,
    places: Places,
}

impl Found {
    /// Returns the operation of the route.
    pub(super) fn operation(self) -> &'static Operation {
        &self.known.route.operation
    }

    /// Returns the handler of the route; `None` for an absent operation.
    pub(super) fn handler(self) -> Option<Handler> {
        self.known.route.handler
    }

    /// Returns the parameters in `path`, the path of the request.
    pub(super) fn parameters(self, path: &str) -> PathParameters<'_> {
        PathParameters::new(&self.known.parameters, path, self.places)
    }
}

impl Routes {
    fn new(base: &'static str, table: impl IntoIterator<Item = &'static Route>) -> Self {
        let mut paths: Vec<(String, Vec<KnownRoute>)> = Vec::new();
        for route in table {
            let path = template(route.operation.path);
            let route = KnownRoute { route, parameters: KnownParameters::of(&route.operation) };
            match paths.iter_mut().find(|(known, _)| *known == path) {
                Some((_, routes)) => routes.push(route),
                None => paths.push((path, vec![route])),
            }
        }
        let mut router = Router::new();
        for (path, routes) in paths {
            router.insert(path, routes).expect("no two paths of the table conflict");
        }
        Self { base, router }
    }

    /// Returns the path that precedes all paths of the table, in lower case.
    pub(super) fn base(&self) -> &'static str {
        self.base
    }

    /// Returns the route of a request; `Err(None)` if no operation has the path of the request.
    pub(super) fn find(&'static self, method: &Method, uri: &Uri) -> Result<Found, Option<FabricError>> {
        // Some clients request the first page of such a list with POST and the further pages with GET.
        let is_next_page =
            *method == Method::GET && uri.query().is_some_and(|query| query.contains("continuationToken="));
        let fits = |operation: &Operation| operation.method == *method || is_next_page && operation.is_paged_by_post;
        let (routes, places) = self.of_path(uri.path()).ok_or(None)?;
        let known = routes.iter().find(|known| fits(&known.route.operation));
        known.map(|known| Found { known, places }).ok_or_else(|| Some(ErrorCode::MethodNotAllowed.into()))
    }

    /// Returns the methods of a path, for the header `Allow`.
    pub(super) fn allowed(&'static self, path: &str) -> Option<HeaderValue> {
        let routes = self.of_path(path)?.0;
        let mut methods: Vec<&str> = routes.iter().map(|known| known.route.operation.method.as_str()).collect();
        methods.sort_unstable();
        methods.dedup();
        HeaderValue::try_from(methods.join(", ")).ok()
    }

    /// Returns the routes of a path, and the places of its parameters.
    fn of_path(&'static self, path: &str) -> Option<(&'static [KnownRoute], Places)> {
        // Trimming removes only the end, and lower-casing keeps all lengths, so the places also hold for the path as
        // sent.
        let path = trimmed(path).to_ascii_lowercase();
        let found = self.router.at(path.strip_prefix(self.base)?).ok()?;
        Some((found.value, Places::of(&found.params, &path)))
    }
}

/// Removes one slash at the end of a path. The slash does not change the route.
fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// Converts a path to the syntax of the router: fixed segments in lower case, parameters numbered.
fn template(path: &str) -> String {
    let segment = |(n, segment): (usize, &str)| {
        if segment.starts_with('{') { format!("{{s{n}}}") } else { segment.to_ascii_lowercase() }
    };
    path.split('/').enumerate().map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WS: &str = "11111111-1111-4111-8111-111111111111";

    #[track_caller]
    fn check(method: &Method, path: &str, expected: Result<(&str, &[&str]), Option<ErrorCode>>) {
        let found = FABRIC.find(method, &path.parse().unwrap());
        let found = found.as_ref().map(|found| (found.operation().id, found.parameters(path).values()));
        let found = found.map_err(|refusal| refusal.as_ref().map(FabricError::code));
        assert_eq!(found, expected.map(|(id, values)| (id, values.to_vec())));
    }

    #[test]
    fn routes_match_fixed_segments_in_any_case_and_keep_parameters_as_sent() {
        check(&Method::GET, "/v1/workspaces", Ok(("Workspaces_ListWorkspaces", &[])));
        check(&Method::GET, "/V1/Workspaces/", Ok(("Workspaces_ListWorkspaces", &[])));
        check(
            &Method::GET,
            &format!("/v1/workspaces/{WS}/MIRROREDdatabases/aB"),
            Ok(("Items_GetMirroredDatabase", &[WS, "aB"])),
        );
        check(
            &Method::GET,
            &format!("/V1/Workspaces/{WS}/mirroredDatabases/%C3%A9E/"),
            Ok(("Items_GetMirroredDatabase", &[WS, "%C3%A9E"])),
        );
        check(
            &Method::GET,
            "/v1/connections/supportedConnectionTypes",
            Ok(("Connections_ListSupportedConnectionTypes", &[])),
        );
        check(&Method::GET, "/v1/connections/x", Ok(("Connections_GetConnection", &["x"])));
    }

    #[test]
    fn list_paged_by_post_continues_with_get() {
        let tables = format!("/v1/workspaces/{WS}/mirroredDatabases/{WS}/getTablesMirroringStatus");
        check(&Method::GET, &tables, Err(Some(ErrorCode::MethodNotAllowed)));
        let found = FABRIC.find(&Method::GET, &format!("{tables}?continuationToken=x").parse().unwrap()).unwrap();
        assert_eq!(found.operation().id, "Mirroring_GetTablesMirroringStatus");
    }

    #[test]
    fn routes_reject_other_methods_and_paths() {
        let status = format!("/v1/workspaces/{WS}/mirroredDatabases/{WS}/getMirroringStatus");
        check(&Method::GET, &status, Err(Some(ErrorCode::MethodNotAllowed)));
        check(&Method::GET, &format!("{status}?continuationToken=x"), Err(Some(ErrorCode::MethodNotAllowed)));
        assert_eq!(FABRIC.allowed(&status).unwrap(), "POST");
        assert_eq!(FABRIC.allowed("/v1/workspaces").unwrap(), "GET, POST");
        for path in ["/", "/v1", "/v2/workspaces", "/v1workspaces", "/v1/no/such/thing"] {
            check(&Method::GET, path, Err(None));
        }
    }
}
