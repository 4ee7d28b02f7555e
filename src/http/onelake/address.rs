//! The address of a storage request: dialect, workspace, item, path and query.

use axum::http::Uri;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::fabric::onelake::{ItemPath, StorageCode, StorageError};
use crate::hosts;
use crate::http::request::host;

/// The path of the dfs dialect, without a host name of OneLake.
const DFS: &str = "/onelake/dfs";
/// The path of the blob dialect, without a host name of OneLake.
const BLOB: &str = "/onelake/blob";

/// A dialect of storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// That of Data Lake Storage.
    Dfs,
    /// That of Blob Storage.
    Blob,
}

/// The workspace, the item and the path of a request.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) dialect: Dialect,
    /// The id or name of the workspace; `None` for the account.
    pub(super) workspace: Option<String>,
    /// The id or `name.kind` of the item; `None` for the workspace.
    pub(super) item: Option<String>,
    /// The path in the item, or the error for a path that cannot be one.
    pub(super) path: Result<ItemPath, StorageError>,
}

/// Returns `true` for a path of storage without a host name of OneLake. The path must be in lower case.
pub(in crate::http) fn has_path(path: &str) -> bool {
    rest_of(path, DFS).is_some() || rest_of(path, BLOB).is_some()
}

/// Returns the rest of a path after its beginning, whose case is ignored.
fn rest_of<'a>(path: &'a str, begin: &str) -> Option<&'a str> {
    let (start, rest) = (path.get(..begin.len())?, path.get(begin.len()..)?);
    (start.eq_ignore_ascii_case(begin) && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
}

impl Address {
    /// Returns the address of a request; `None` for a host of OneLake that is not one of storage.
    pub(super) fn of(parts: &Parts) -> Option<Self> {
        let named = host(&parts.headers, &parts.uri).map(hosts::without_port).unwrap_or_default();
        Self::on(named, parts.uri.path())
    }

    /// Returns the address of the URL of a source of a rename or a copy: absolute, or a path on the host of the request.
    pub(super) fn of_source(parts: &Parts, source: &str) -> Option<Self> {
        let source = source.trim();
        // A shared access signature and the query that some clients copy are not part of the path.
        let source = source.split_once('?').map_or(source, |(path, _)| path);
        match source.split_once("://") {
            Some((_, rest)) => {
                let (authority, path) = rest.split_once('/')?;
                let is_ours = hosts::service(hosts::without_port(authority)) == Some(hosts::Service::OneLake);
                let is_here = host(&parts.headers, &parts.uri).is_some_and(|here| here.eq_ignore_ascii_case(authority));
                let named = (is_ours || is_here).then(|| hosts::without_port(authority))?;
                Self::on(named, &format!("/{path}"))
            }
            None => {
                let own = Self::of(parts)?;
                let path = format!("/{}", source.trim_start_matches('/'));
                // The path can begin with that of the dialect, as in the URL of the request.
                let path = [DFS, BLOB].iter().find_map(|begin| rest_of(&path, begin)).unwrap_or(&path).to_owned();
                Some(Self::parse(own.dialect, &path))
            }
        }
    }

    fn on(named: &str, path: &str) -> Option<Self> {
        let named = named.to_ascii_lowercase();
        if hosts::service(&named).is_some() {
            let dialect = match () {
                () if named.contains(".dfs.") => Dialect::Dfs,
                () if named.contains(".blob.") => Dialect::Blob,
                () => return None,
            };
            return Some(Self::parse(dialect, path));
        }
        match (rest_of(path, DFS), rest_of(path, BLOB)) {
            (Some(rest), _) => Some(Self::parse(Dialect::Dfs, rest)),
            (None, Some(rest)) => Some(Self::parse(Dialect::Blob, rest)),
            (None, None) => None,
        }
    }

    /// Reads a path: `/{workspace}/{item}/{path}`.
    fn parse(dialect: Dialect, path: &str) -> Self {
        // Clients encode the slashes of the path, so the path is decoded before it is split.
        let decoded = percent_decode_str(path).decode_utf8();
        let readable = decoded.is_ok();
        let decoded = decoded.unwrap_or_default();
        let mut segments = decoded.split('/').filter(|segment| !segment.is_empty());
        let workspace = segments.next().map(str::to_owned);
        let item = segments.next().map(str::to_owned);
        let path = if readable { ItemPath::new(segments) } else { Err(StorageCode::InvalidResourceName.into()) };
        Self { dialect, workspace, item, path }
    }

    /// Returns the address with more segments at its end.
    ///
    /// # Errors
    ///
    /// `InvalidResourceName`.
    pub(super) fn below(&self, rest: &str) -> Result<Self, StorageError> {
        let mut segments = rest.split('/').filter(|segment| !segment.is_empty());
        let item = self.item.clone().or_else(|| segments.next().map(str::to_owned));
        let own = self.path.clone()?;
        let path = ItemPath::new(own.as_str().split('/').chain(segments));
        Ok(Self { dialect: self.dialect, workspace: self.workspace.clone(), item, path })
    }
}

/// Returns the segments of a path that name the workspace and the item, as sent.
pub(super) fn names<'a>(path: &'a str, address: &Address) -> (Option<&'a str>, Option<&'a str>) {
    let rest = [DFS, BLOB].iter().find_map(|begin| rest_of(path, begin)).unwrap_or(path);
    let mut segments = rest.split('/').filter(|segment| !segment.is_empty());
    let workspace = segments.next().filter(|_| address.workspace.is_some());
    (workspace, segments.next().filter(|_| address.item.is_some()))
}

/// The parameters of a query, decoded. Their names are compared without regard to case.
#[derive(Debug, Clone)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(parts: &Parts) -> Self {
        Self::parse(&parts.uri)
    }

    fn parse(uri: &Uri) -> Self {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self(pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned())).collect())
    }

    /// Returns a parameter by its name in lower case. An empty parameter counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Returns `true` if a parameter has this value, without regard to case.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.get(name).is_some_and(|known| known.eq_ignore_ascii_case(value))
    }

    /// Returns a parameter that is a number.
    ///
    /// # Errors
    ///
    /// `InvalidQueryParameterValue`.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, StorageError> {
        let value = self.get(name).map(|value| value.parse().map_err(|_| invalid(name)));
        value.transpose()
    }

    /// Returns a parameter that is `true` or `false`; `false` if it is absent.
    ///
    /// # Errors
    ///
    /// `InvalidQueryParameterValue`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, StorageError> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(invalid(name)),
        }
    }
}

/// Returns the error for a parameter with a value that is not accepted.
pub(super) fn invalid(name: &str) -> StorageError {
    StorageError::from(StorageCode::InvalidQueryParameterValue)
        .note(format!("the query parameter {name} has a value that is not accepted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, path: &str, expected: Option<(Dialect, &str, &str, &str)>) {
        let address = Address::on(host, path);
        let found = address.as_ref().map(|it| {
            let name = |name: &Option<String>| name.clone().unwrap_or_default();
            (it.dialect, name(&it.workspace), name(&it.item), it.path.as_ref().map(ItemPath::to_string).unwrap())
        });
        let expected =
            expected.map(|(dialect, workspace, item, path)| (dialect, workspace.into(), item.into(), path.into()));
        assert_eq!(found, expected, "{host}{path}");
    }

    #[test]
    fn address_is_read_from_host_or_path() {
        let dfs = "onelake.dfs.fabric.microsoft.com";
        check(dfs, "/ws/item/Files/a%20b", Some((Dialect::Dfs, "ws", "item", "Files/a b")));
        check(dfs, "/ws/item/Files%2Fa/", Some((Dialect::Dfs, "ws", "item", "Files/a")));
        check(dfs, "/", Some((Dialect::Dfs, "", "", "")));
        check("westus-onelake.blob.fabric.microsoft.com", "/ws", Some((Dialect::Blob, "ws", "", "")));
        check("api.onelake.fabric.microsoft.com", "/ws", None);
        check("127.0.0.1", "/onelake/dfs/ws/item", Some((Dialect::Dfs, "ws", "item", "")));
        check("127.0.0.1", "/OneLake/Blob", Some((Dialect::Blob, "", "", "")));
        check("127.0.0.1", "/onelake/dfsx/ws", None);
    }
}
