//! From a method and a path to a row of the table of operations. Fixed segments match without regard to case.

use std::sync::LazyLock;

use axum::http::{HeaderValue, Method, Uri};
use matchit::Router;

use crate::fabric::{ErrorCode, FabricError};
use crate::http::operations::{self, Operation};

/// The operations of each path.
static ROUTES: LazyLock<Router<Vec<&'static Operation>>> = LazyLock::new(|| {
    let mut paths: Vec<(String, Vec<&Operation>)> = Vec::new();
    for operation in operations::all() {
        let path = template(operation.path);
        match paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, operations)) => operations.push(operation),
            None => paths.push((path, vec![operation])),
        }
    }
    let mut router = Router::new();
    for (path, operations) in paths {
        router.insert(path, operations).expect("no two paths of the table exclude each other");
    }
    router
});

/// An operation that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Its row.
    pub(super) operation: &'static Operation,
}

impl Found {
    /// The variable segments of the request's path, in order and as they were sent.
    pub(super) fn segments<'a>(&self, path: &'a str) -> Vec<&'a str> {
        let template = self.operation.path.split('/');
        let sent = trimmed(path).split('/').skip(1);
        // The path under `/v1` begins where the template does.
        template.zip(sent).filter(|(known, _)| known.starts_with('{')).map(|(_, sent)| sent).collect()
    }
}

/// The operation of a request; `Err(None)` where the path is none of Fabric's.
pub(super) fn find(method: &Method, uri: &Uri) -> Result<Found, Option<FabricError>> {
    // Some clients get the further pages of a list whose first one they asked for with POST.
    let goes_on = *method == Method::GET && uri.query().is_some_and(|query| query.contains("continuationToken="));
    let operation = operations(uri.path())
        .ok_or(None)?
        .iter()
        .find(|operation| operation.method == *method || goes_on && operation.is_paged_by_post())
        .ok_or_else(|| Some(ErrorCode::MethodNotAllowed.into()))?;
    Ok(Found { operation })
}

/// The methods that a path has.
pub(super) fn allowed(path: &str) -> Option<HeaderValue> {
    let mut methods: Vec<&str> = operations(path)?.iter().map(|operation| operation.method.as_str()).collect();
    methods.sort_unstable();
    methods.dedup();
    HeaderValue::try_from(methods.join(", ")).ok()
}

fn operations(path: &str) -> Option<&'static Vec<&'static Operation>> {
    let path = trimmed(path).to_ascii_lowercase();
    ROUTES.at(path.strip_prefix("/v1")?).ok().map(|found| found.value)
}

/// One slash at the end makes no difference.
fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// The router's spelling of a path: fixed segments in lower case, variable ones without a name.
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
        let told = found.as_ref().map(|found| (found.operation.id, found.segments(path)));
        let told = told.map_err(|refusal| refusal.as_ref().map(FabricError::code));
        assert_eq!(told, expected.map(|(id, segments)| (id, segments.to_vec())));
    }

    #[test]
    fn fixed_segments_match_in_any_case_and_variable_ones_stay_as_sent() {
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
    fn a_list_that_is_asked_for_with_post_goes_on_with_get() {
        let tables = format!("/v1/workspaces/{WS}/mirroredDatabases/{WS}/getTablesMirroringStatus");
        check(&Method::GET, &tables, Err(Some(ErrorCode::MethodNotAllowed)));
        let found = find(&Method::GET, &format!("{tables}?continuationToken=x").parse().unwrap()).unwrap();
        assert_eq!(found.operation.id, "Mirroring_GetTablesMirroringStatus");
    }

    #[test]
    fn other_methods_and_other_paths_are_refused() {
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
