//! Valid requests to every service. Mutations begin with one of them.

use std::net::SocketAddr;

use crate::program::{Ids, definition};

/// A request, part by part.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";
const ENTRA: &str = "host: login.microsoftonline.com\r\ncontent-type: application/x-www-form-urlencoded\r\n";

/// The requests: status, method, target, further headers, and body. A name in braces is replaced with an id.
#[rustfmt::skip]
const VALID: &[(u16, &str, &str, &str, &str)] = &[
    (200, "GET", "/v1/workspaces?roles=Admin", "", ""),
    (200, "GET", "/v1/workspaces/{workspace}", "accept-encoding: gzip\r\n", ""),
    (200, "PATCH", "/v1/workspaces/{workspace}", "", r#"{"description":"new"}"#),
    (201, "POST", "/v1/workspaces", "", r#"{"displayName":"second","description":"d"}"#),
    (200, "GET", "/v1/capacities", "", ""),
    (200, "GET", "/v1/workspaces/{workspace}/items?recursive=true&type=Lakehouse", "", ""),
    (201, "POST", "/v1/workspaces/{workspace}/items", "", r#"{"displayName":"n","type":"DataPipeline"}"#),
    (200, "PATCH", "/v1/workspaces/{workspace}/items/{lakehouse}", "", r#"{"description":"x"}"#),
    (200, "POST", "/v1/workspaces/{workspace}/items/{lakehouse}/move", "", r#"{"targetFolderId":"{folder}"}"#),
    (200, "GET", "/v1/workspaces/{workspace}/lakehouses/{lakehouse}/tables?maxResults=1", "", ""),
    (201, "POST", "/v1/deploymentPipelines", "", r#"{"displayName":"p","description":"d","stages":[{"displayName":"Dev","isPublic":false},{"displayName":"Prod","isPublic":true}]}"#),
    (200, "GET", "/v1/workspaces/{workspace}/git/connection", "", ""),
    (201, "POST", "/v1/workspaces/{workspace}/items/{lakehouse}/shortcuts", "", r#"{"path":"Files","name":"s","target":{"oneLake":{"workspaceId":"{workspace}","itemId":"{mirror}","path":"Tables/x"}}}"#),
    (201, "POST", "/v1/workspaces/{workspace}/folders", "", r#"{"displayName":"sub","parentFolderId":"{folder}"}"#),
    (200, "GET", "/v1/workspaces/{workspace}/mirroredDatabases/{mirror}", "", ""),
    (200, "POST", "/v1/workspaces/{workspace}/mirroredDatabases/{mirror}/getMirroringStatus", "", ""),
    (200, "POST", "/v1/workspaces/{workspace}/mirroredDatabases/{mirror}/getTablesMirroringStatus", "", ""),
    (200, "POST", "/v1/workspaces/{workspace}/mirroredDatabases/{mirror}/getDefinition", "", ""),
    (200, "POST", "/v1/workspaces/{workspace}/mirroredDatabases/{mirror}/updateDefinition", "", r#"{"definition":{definition}}"#),
    (201, "POST", "/v1/workspaces/{workspace}/mirroredDatabases", "", r#"{"displayName":"m","definition":{definition}}"#),
    (200, "POST", "/v1/workspaces/{workspace}/mirroredDatabases/{mirror}/startMirroring", "", ""),
    (200, "GET", "/v1/workspaces/{workspace}/roleAssignments", "", ""),
    (200, "GET", "/v1/connections/{connection}", "", ""),
    (200, "PATCH", "/v1/connections/{connection}", "", r#"{"connectivityType":"ShareableCloud","displayName":"c"}"#),
    (200, "GET", "//v1/Connections/supportedConnectionTypes", "", ""),
    (200, "GET", "/v1/admin/tenantsettings", "", ""),
    (501, "GET", "/v1/admin/workloads", "", ""),
    (201, "POST", "/v1/admin/domains", "", r#"{"displayName":"d"}"#),
    (401, "GET", "/v1/workspaces", "authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjEsInRpZCI6IjAwMDAwMDAwLTAwMDAtNDAwMC05MDAwLTAwMDAwMDAwMDAwMiJ9.\r\n", ""),
    (200, "GET", "/common/v2.0/.well-known/openid-configuration", ENTRA, ""),
    (200, "GET", "/common/discovery/v2.0/keys", "", ""),
    (200, "POST", "/common/oauth2/v2.0/token", ENTRA, "grant_type=client_credentials&client_id=a&client_secret=s&scope=https%3A%2F%2Fapi.fabric.microsoft.com%2F.default"),
    (400, "POST", "/contoso.com/oauth2/v2.0/token", ENTRA, "grant_type=refresh_token&client_id=a&refresh_token=r"),
    (200, "POST", "/common/oauth2/v2.0/devicecode", FORM, "client_id=a&scope=openid"),
    (200, "GET", "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fapi.fabric.microsoft.com", "metadata: true\r\n", ""),
    (200, "GET", "/subscriptions?api-version=2022-12-01", "host: management.azure.com\r\n", ""),
    (501, "GET", "/ws/lake.Lakehouse/Files?resource=filesystem", "host: onelake.dfs.fabric.microsoft.com\r\n", ""),
    (200, "GET", "/_emulator/health", "", ""),
    (200, "GET", "/_emulator/ca.pem", "", ""),
    (200, "PATCH", "/_emulator/settings", "", r#"{"pageSize":100}"#),
    (200, "POST", "/_emulator/clock", "", r#"{"mode":"scaled","rate":2}"#),
    (200, "POST", "/_emulator/clock/advance", "", r#"{"seconds":0}"#),
    (200, "PUT", "/_emulator/principals", "", r#"{"value":[{"id":"00000000-0000-4000-8000-000000000011","type":"User"}]}"#),
    (200, "PUT", "/_emulator/tags", "", r#"{"value":[{"displayName":"gold"}]}"#),
    (200, "PUT", "/_emulator/sources/{connection}", "", r#"{"tables":[{"schemaName":"dbo","tableName":"T","rows":5}]}"#),
    (200, "PUT", "/_emulator/git", "", r#"{"value":[{"gitProviderType":"GitHub","ownerName":"o","repositoryName":"r","branches":[{"name":"main","files":{"a.txt":"b"}}]}]}"#),
    (200, "PATCH", "/_emulator/capacities/{capacity}", "", r#"{"state":"Active"}"#),
    (200, "GET", "/_emulator/timeline?item={mirror}", "", ""),
    (200, "GET", "/_emulator/journal?path=/v1&status=200", "", ""),
    (200, "GET", "http://api.fabric.microsoft.com/v1/workspaces", "proxy-authorization: Basic dDp4\r\n", ""),
    (403, "GET", "http://example.com/", "proxy-connection: keep-alive\r\n", ""),
    (200, "CONNECT", "api.fabric.microsoft.com:443", "", ""),
    (403, "CONNECT", "example.com:443", "", ""),
];

/// Returns the valid requests with the statuses of their responses.
pub(crate) fn valid(address: SocketAddr, ids: &Ids) -> Vec<(u16, Request)> {
    let definition = definition(&["Orders"]).to_string();
    let replace = |text: &str| {
        let names = [
            ("{workspace}", &ids.workspace),
            ("{connection}", &ids.connection),
            ("{mirror}", &ids.mirror),
            ("{lakehouse}", &ids.lakehouse),
            ("{folder}", &ids.folder),
            ("{capacity}", &ids.capacity),
            ("{definition}", &definition),
        ];
        names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    };
    let request = |(status, method, target, headers, body): &(u16, &str, &str, &str, &str)| {
        let body = replace(body).into_bytes();
        let defaults = format!("host: {address}\r\nauthorization: Bearer any\r\ncontent-type: application/json\r\n");
        let length = format!("content-length: {}\r\n", body.len());
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        for line in [*headers, &*defaults, &*length].iter().flat_map(|lines| lines.lines()) {
            let (name, value) = line.split_once(": ").unwrap();
            if all.iter().all(|(known, _)| known != name) {
                all.push((name.to_owned(), value.into()));
            }
        }
        (*status, Request { method: (*method).to_owned(), target: replace(target), headers: all, body })
    };
    VALID.iter().map(request).collect()
}

impl Request {
    /// Returns the bytes of the request.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sets a header, and removes all others of this name.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
    }
}
