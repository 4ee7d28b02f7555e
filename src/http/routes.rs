//! The lookup of a route by method and path in the table of operations. The fixed segments of a path match in any case.

use std::sync::LazyLock;

use axum::http::{HeaderValue, Method, Uri};
use matchit::Router;

use crate::fabric::{ErrorCode, FabricError};
use crate::http::context::Handler;
use crate::http::operation::{Operation, parameter};
use crate::http::operations::{self, Route};

/// The maximum number of parameters of a path.
const PARAMETERS_MAX: usize = 4;

/// The routes of the table, grouped by path.
static ROUTES: LazyLock<Router<Vec<KnownRoute>>> = LazyLock::new(|| {
    let mut paths: Vec<(String, Vec<KnownRoute>)> = Vec::new();
    for route in operations::all() {
        let path = template(route.operation.path);
        let route = KnownRoute::new(route);
        match paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((path, vec![route])),
        }
    }
    let mut router = Router::new();
    for (path, routes) in paths {
        router.insert(path, routes).expect("no two paths of the table conflict");
    }
    router
});

/// A route of the table, with what its path says.
#[derive(Debug)]
struct KnownRoute {
    route: &'static Route,
    /// The names of the parameters, with the numbers of their segments in the path of a request.
    parameters: Vec<(&'static str, usize)>,
    /// The parameter for the id of an item.
    item: Option<&'static str>,
}

impl KnownRoute {
    fn new(route: &'static Route) -> Self {
        // The path of a request begins with `/v1`, which the template does not have.
        let segments = route.operation.path.split('/').enumerate();
        let parameters = segments.filter_map(|(n, segment)| Some((parameter(segment)?, n + 1))).collect::<Vec<_>>();
        assert!(parameters.len() <= PARAMETERS_MAX, "{} has too many parameters", route.operation.path);
        Self { route, parameters, item: route.operation.item_parameter() }
    }
}

/// The parameters of a path, with their values as sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameters<'a> {
    names: &'static [(&'static str, usize)],
    values: [&'a str; PARAMETERS_MAX],
    item: Option<&'static str>,
}

impl<'a> Parameters<'a> {
    fn new(route: &'static KnownRoute, path: &'a str) -> Self {
        let KnownRoute { parameters: names, item, .. } = route;
        let mut values = [""; PARAMETERS_MAX];
        let mut segments = path.as_bytes().split(|byte| *byte == b'/').map(<[u8]>::len);
        let (mut passed, mut start) = (0, 0);
        for ((_, n), value) in names.iter().zip(&mut values) {
            start += segments.by_ref().take(n - passed).map(|length| length + 1).sum::<usize>();
            let end = start + segments.next().unwrap_or_default();
            *value = path.get(start..end).unwrap_or_default();
            (passed, start) = (n + 1, end + 1);
        }
        Self { names, values, item: *item }
    }

    /// Returns the value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.names.iter().zip(self.values).find(|((known, _), _)| *known == name).map(|(_, value)| value)
    }

    /// Returns the name of the parameter for the id of an item.
    pub(super) fn item(&self) -> Option<&'static str> {
        self.item
    }
}

/// The route that matches a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found(&'static KnownRoute);

impl Found {
    /// Returns the operation of the route.
    pub(super) fn operation(self) -> &'static Operation {
        &self.0.route.operation
    }

    /// Returns the handler of the route; `None` for an absent operation.
    pub(super) fn handler(self) -> Option<Handler> {
        self.0.route.handler
    }

    /// Returns the parameters of the path of the request.
    pub(super) fn parameters(self, path: &str) -> Parameters<'_> {
        Parameters::new(self.0, path)
    }
}

/// Returns the route of a request; `Err(None)` if no operation has the path of the request.
pub(super) fn find(method: &Method, uri: &Uri) -> Result<Found, Option<FabricError>> {
    // Some clients request the first page of such a list with POST and the further pages with GET.
    let is_next_page = *method == Method::GET && uri.query().is_some_and(|query| query.contains("continuationToken="));
    let fits = |operation: &Operation| operation.method == *method || is_next_page && operation.is_paged_by_post;
    let route = routes(uri.path()).ok_or(None)?.iter().find(|known| fits(&known.route.operation));
    route.map(Found).ok_or_else(|| Some(ErrorCode::MethodNotAllowed.into()))
}

/// Returns the methods of a path, for the header `Allow`.
pub(super) fn allowed(path: &str) -> Option<HeaderValue> {
    let mut methods: Vec<&str> = routes(path)?.iter().map(|known| known.route.operation.method.as_str()).collect();
    methods.sort_unstable();
    methods.dedup();
    HeaderValue::try_from(methods.join(", ")).ok()
}

fn routes(path: &str) -> Option<&'static Vec<KnownRoute>> {
    let path = trimmed(path).to_ascii_lowercase();
    ROUTES.at(path.strip_prefix("/v1")?).ok().map(|found| found.value)
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
        let found = find(method, &path.parse().unwrap());
        let found = found.as_ref().map(|found| {
            let Parameters { names, values, .. } = found.parameters(path);
            (found.operation().id, values[..names.len()].to_vec())
        });
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
            "/v1/connections/supportedConnectionTypes",
            Ok(("Connections_ListSupportedConnectionTypes", &[])),
        );
        check(&Method::GET, "/v1/connections/x", Ok(("Connections_GetConnection", &["x"])));
    }

    #[test]
    fn list_paged_by_post_continues_with_get() {
        let tables = format!("/v1/workspaces/{WS}/mirroredDatabases/{WS}/getTablesMirroringStatus");
        check(&Method::GET, &tables, Err(Some(ErrorCode::MethodNotAllowed)));
        let found = find(&Method::GET, &format!("{tables}?continuationToken=x").parse().unwrap()).unwrap();
        assert_eq!(found.operation().id, "Mirroring_GetTablesMirroringStatus");
    }

    #[test]
    fn routes_reject_other_methods_and_paths() {
        let status = format!("/v1/workspaces/{WS}/mirroredDatabases/{WS}/getMirroringStatus");
        check(&Method::GET, &status, Err(Some(ErrorCode::MethodNotAllowed)));
        check(&Method::GET, &format!("{status}?continuationToken=x"), Err(Some(ErrorCode::MethodNotAllowed)));
        assert_eq!(allowed(&status).unwrap(), "POST");
        assert_eq!(allowed("/v1/workspaces").unwrap(), "GET, POST");
        for path in ["/", "/v1", "/v2/workspaces", "/v1workspaces", "/v1/no/such/thing"] {
            check(&Method::GET, path, Err(None));
        }
    }
}
