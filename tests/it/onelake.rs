//! OneLake's storage in both dialects: files, folders, lists, and every error code.

use std::sync::Arc;

use serde_json::{Value, json};
use specularite::clock::{ClockChange, Mode};
use specularite::fabric::onelake::StorageCode;
use specularite::{Auth, Emulator, StateSync};

use crate::harness::{ALICE, Lab, MISSING, Reply, open_mirror};

const DFS: &str = "onelake.dfs.fabric.microsoft.com";
const BLOB: &str = "onelake.blob.fabric.microsoft.com";

/// A laboratory with a mirrored database.
struct Zone {
    lab: Lab,
    /// The id of the workspace.
    workspace: String,
    /// The path of the workspace and the database by ids.
    root: String,
}

impl Zone {
    fn new() -> Self {
        Self::of(Lab::unthrottled())
    }

    fn of(lab: Lab) -> Self {
        let workspace = lab.workspace();
        let mirror = lab.mirror(&workspace, "db", &open_mirror());
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let (workspace, item) = (id(&workspace), id(&mirror));
        let root = format!("/{workspace}/{item}");
        Self { lab, workspace, root }
    }

    /// Sends a request to a path below the database, or an absolute one with `//`.
    fn on(&self, host: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let path = match path.strip_prefix('/') {
            Some(absolute) => absolute.to_owned(),
            None => format!("{}/{path}", self.root),
        };
        let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("host", host)]).collect();
        self.lab.send(method, &path, &headers, body)
    }

    fn dfs(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.on(DFS, method, path, headers, body)
    }

    fn blob(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.on(BLOB, method, path, headers, body)
    }

    /// Writes a file as SDKs do: create, append, flush.
    fn write(&self, path: &str, bytes: &[u8]) {
        self.dfs("PUT", &format!("{path}?resource=file"), &[], b"").is(201);
        if !bytes.is_empty() {
            self.dfs("PATCH", &format!("{path}?action=append&position=0"), &[], bytes).is(202);
        }
        self.dfs("PATCH", &format!("{path}?action=flush&position={}&close=true", bytes.len()), &[], b"").is(200);
    }

    fn read(&self, path: &str) -> Vec<u8> {
        self.dfs("GET", path, &[], b"").is(200).bytes
    }

    /// The names in a list of paths, below the database.
    fn list(&self, directory: &str, recursive: bool) -> Vec<String> {
        let item = self.root.rsplit('/').next().unwrap();
        let path = format!(
            "//{}?resource=filesystem&directory={item}%2F{}&recursive={recursive}",
            self.workspace,
            directory.replace('/', "%2F")
        );
        let names = self.dfs("GET", &path, &[], b"").is(200).body()["paths"].as_array().unwrap().clone();
        let name = |path: &Value| path["name"].as_str().unwrap().strip_prefix(&format!("{item}/")).unwrap().to_owned();
        names.iter().map(name).collect()
    }

    /// The names in a list of blobs, below the database.
    fn blobs(&self, prefix: &str, more: &str) -> Vec<String> {
        let item = self.root.rsplit('/').next().unwrap();
        let path = format!("//{}?restype=container&comp=list&prefix={item}/{prefix}{more}", self.workspace);
        let text = self.blob("GET", &path, &[], b"").is(200).text();
        let names = text.split("<Name>").skip(1).map(|rest| rest.split_once("</Name>").unwrap().0);
        names.map(|name| name.strip_prefix(&format!("{item}/")).unwrap().to_owned()).collect()
    }
}

/// Asserts an error of the dfs dialect: its status, and its code in body and header.
#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let reply = reply.is(status);
    assert_eq!(reply.header("x-ms-error-code"), Some(code));
    assert_eq!(reply.body()["error"]["code"], code);
}

/// Asserts an error of the blob dialect.
#[track_caller]
fn refused_in_xml(reply: Reply, status: u16, code: &str) {
    let reply = reply.is(status);
    assert_eq!((reply.header("x-ms-error-code"), reply.header("content-type")), (Some(code), Some("application/xml")));
    assert!(reply.text().starts_with('\u{feff}') && reply.text().contains(&format!("<Code>{code}</Code>")));
}

#[test]
fn file_is_created_appended_flushed_and_read() {
    let zone = Zone::new();
    let created = zone.dfs("PUT", "Files/LandingZone/t/a.bin?resource=file", &[], b"").is(201);
    let etag = created.header("etag").unwrap().to_owned();
    assert!(etag.starts_with("\"0x8DE") && created.header("last-modified").is_some());
    let path = "Files/LandingZone/t/a.bin";
    let append = |position: usize, bytes: &[u8]| {
        zone.dfs("PATCH", &format!("{path}?action=append&position={position}"), &[], bytes).is(202)
    };
    let appended = append(6, b"world");
    assert_eq!((appended.header("etag"), appended.header("last-modified")), (None, None));
    append(0, b"hello ");
    let head = zone.dfs("HEAD", path, &[], b"").is(200);
    assert_eq!((head.header("etag"), head.header("content-length")), (Some(&*etag), Some("0")));
    zone.lab.advance(5.0);
    let flush = format!("{path}?action=flush&position=11");
    let flushed = zone.dfs("PATCH", &flush, &[("if-match", &etag), ("x-ms-content-type", "text/plain")], b"").is(200);
    assert_ne!(flushed.header("etag"), Some(&*etag));
    assert_eq!(zone.read(path), b"hello world");
    let head = zone.dfs("HEAD", path, &[], b"").is(200);
    for (name, value) in [
        ("content-length", "11"),
        ("content-type", "text/plain"),
        ("accept-ranges", "bytes"),
        ("x-ms-resource-type", "file"),
        ("last-modified", "Mon, 03 Feb 2031 04:05:11 GMT"),
    ] {
        assert_eq!(head.header(name), Some(value), "{name}");
    }
    assert_eq!(head.header("etag"), flushed.header("etag"));
    // A file that was flushed is continued.
    append(11, b"!");
    let query = format!("{path}?action=append&position=12&flush=true");
    let both = zone.dfs("PATCH", &query, &[], b"!").is(202);
    assert!(both.header("etag").is_some());
    assert_eq!(zone.read(path), b"hello world!!");
    assert!(zone.lab.emulator.default_tenant().replays());
}

#[test]
fn empty_file_is_flushed_at_zero() {
    let zone = Zone::new();
    zone.write("Files/empty", b"");
    assert_eq!(zone.read("Files/empty"), b"");
    refused(zone.dfs("GET", "Files/empty", &[("range", "bytes=0-")], b""), 416, "InvalidRange");
}

#[test]
fn large_file_is_streamed_from_disk() {
    let zone = Zone::new();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    zone.write("Files/large", &bytes[..2_000_000]);
    let append = "Files/large?action=append&position=2000000&flush=true";
    zone.dfs("PATCH", append, &[], &bytes[2_000_000..]).is(202);
    let whole = zone.dfs("GET", "Files/large", &[], b"").is(200);
    assert_eq!(whole.header("content-length"), Some("3000000"));
    assert!(whole.bytes == bytes);
    let part = zone.blob("GET", "Files/large", &[("x-ms-range", "bytes=1999990-2000009")], b"").is(206);
    assert_eq!(part.bytes, &bytes[1_999_990..2_000_010]);
    assert_eq!(part.header("content-range"), Some("bytes 1999990-2000009/3000000"));
}

#[test]
fn flush_needs_contiguous_bytes_up_to_its_position() {
    let zone = Zone::new();
    let path = "Files/f";
    zone.dfs("PUT", "Files/f?resource=file", &[], b"").is(201);
    zone.dfs("PATCH", "Files/f?action=append&position=0", &[], b"abc").is(202);
    zone.dfs("PATCH", "Files/f?action=append&position=5", &[], b"de").is(202);
    for position in [0, 2, 4, 7, 20] {
        let reply = zone.dfs("PATCH", &format!("{path}?action=flush&position={position}"), &[], b"");
        match position {
            0 => drop(reply.is(200)),
            _ => refused(reply, 400, "InvalidFlushPosition"),
        }
        if position == 0 {
            // A flush forgets what it did not take.
            zone.dfs("PATCH", "Files/f?action=append&position=0", &[], b"abc").is(202);
        }
    }
    zone.dfs("PATCH", "Files/f?action=append&position=3", &[], b"xy").is(202);
    zone.dfs("PATCH", "Files/f?action=flush&position=3&retainUncommittedData=true", &[], b"").is(200);
    assert_eq!(zone.read(path), b"abc");
    zone.dfs("PATCH", "Files/f?action=flush&position=5", &[], b"").is(200);
    assert_eq!(zone.read(path), b"abcxy");
}

#[test]
fn dfs_errors_have_their_codes() {
    let zone = Zone::new();
    zone.write("Files/a/file", b"x");
    let stranger = zone.lab.user(ALICE);
    let check = |method: &str, path: &str, headers: &[(&str, &str)], status: u16, code: &str| {
        refused(zone.dfs(method, path, headers, b""), status, code);
    };
    let all: (&str, &str) = ("if-none-match", "*");
    let other = format!("{MISSING}.MirroredDatabase");
    for (method, path, headers, status, code) in [
        ("PUT", "Files/a/file?resource=file", &[all][..], 409, "PathAlreadyExists"),
        ("PUT", "Files/a?resource=directory", &[all], 409, "PathAlreadyExists"),
        ("PUT", "Files?resource=directory", &[], 409, "PathAlreadyExists"),
        ("PUT", "Files?resource=file", &[], 400, "OperationNotAllowedOnThePath"),
        ("PUT", "Tables/t?resource=directory", &[], 400, "OperationNotAllowedOnThePath"),
        ("PUT", "Other/t?resource=directory", &[], 400, "OperationNotAllowedOnThePath"),
        ("PUT", "?resource=directory", &[], 400, "OperationNotAllowedOnThePath"),
        ("DELETE", "Files?recursive=true", &[], 400, "OperationNotAllowedOnThePath"),
        ("PUT", "Files/a/file/b?resource=file", &[], 409, "PathConflict"),
        ("PUT", "Files/a?resource=file", &[], 409, "PathConflict"),
        ("PUT", "Files/a/file?resource=directory", &[], 409, "PathConflict"),
        ("PUT", "Files/a/file?resource=file", &[("if-match", "\"0x8DE\"")], 412, "ConditionNotMet"),
        ("PUT", "Files/x?resource=what", &[], 400, "InvalidQueryParameterValue"),
        ("PUT", "Files/x", &[], 400, "MissingRequiredQueryParameter"),
        ("PUT", "Files/x", &[("x-ms-blob-type", "BlockBlob")], 400, "IncorrectEndpointError"),
        ("PATCH", "Files/x?action=append&position=0", &[], 400, "InvalidHeaderValue"),
        ("PATCH", "Files/x?action=flush&position=0", &[], 404, "PathNotFound"),
        ("PATCH", "Files/a?action=flush&position=0", &[], 409, "PathConflict"),
        ("PATCH", "Files/a/file?action=flush", &[], 400, "MissingRequiredQueryParameter"),
        ("PATCH", "Files/a/file?action=flush&position=x", &[], 400, "InvalidQueryParameterValue"),
        ("PATCH", "Files/a/file?action=flush&position=0", &[all], 412, "ConditionNotMet"),
        ("PATCH", "Files/a/file?action=setAccessControl", &[], 400, "OperationNotAllowedOnThePath"),
        ("DELETE", "Files/x", &[], 404, "PathNotFound"),
        ("DELETE", "Files/a", &[], 409, "DirectoryNotEmpty"),
        ("DELETE", "Files/a?recursive=maybe", &[], 400, "InvalidQueryParameterValue"),
        ("GET", "Files/x", &[], 404, "PathNotFound"),
        ("GET", "Files/a/file", &[("range", "bytes=1-")], 416, "InvalidRange"),
        ("GET", "Files/a/file", &[("if-match", "\"x\"")], 412, "ConditionNotMet"),
        ("PUT", "Files/%2e%2e/x?resource=file", &[], 400, "InvalidResourceName"),
        ("POST", "Files/a/file", &[("x-ms-lease-action", "acquire")], 501, "NotEmulated"),
    ] {
        check(method, path, headers, status, code);
    }
    check("GET", "Files/a", &[("x-ms-version", "latest")], 400, "UnsupportedRestVersion");
    let flush = zone.dfs("PATCH", "Files/a/file?action=flush&position=1", &[], b"body");
    refused(flush, 400, "ContentLengthMustBeZero");
    let ws = &zone.workspace;
    for (method, path, status, code) in [
        ("PUT", format!("//{ws}?resource=filesystem"), 400, "BadRequest"),
        ("DELETE", format!("//{ws}"), 400, "BadRequest"),
        ("GET", format!("//{ws}/{MISSING}/Files/x"), 404, "PathNotFound"),
        ("GET", format!("//{MISSING}/{MISSING}/Files/x"), 404, "FilesystemNotFound"),
        ("GET", format!("//{ws}/{other}/Files/x"), 400, "FriendlyNameSupportDisabled"),
        ("GET", "//nowhere/db.MirroredDatabase/Files/x".to_owned(), 400, "FriendlyNameSupportDisabled"),
        ("GET", "//lab/db.Lakehouse/Files/x".to_owned(), 400, "FriendlyNameSupportDisabled"),
        ("GET", "//lab/db/Files/x".to_owned(), 400, "FriendlyNameSupportDisabled"),
    ] {
        check(method, &path, &[], status, code);
    }
    let forbidden = stranger.send("GET", &format!("{}/Files/a", zone.root), &[("host", DFS)], "").is(403);
    assert_eq!(forbidden.header("x-ms-error-code"), Some("Forbidden"));
    let message = forbidden.body()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("User is not authorized to perform current operation for workspace '"), "{message}");
    assert!(!message.contains("RequestId:"));
}

#[test]
fn blob_errors_have_their_codes() {
    let zone = Zone::new();
    zone.write("Files/a/file", b"x");
    let block: (&str, &str) = ("x-ms-blob-type", "BlockBlob");
    let all: (&str, &str) = ("if-none-match", "*");
    for (method, path, headers, status, code) in [
        ("PUT", "Files/a/file", &[block, all][..], 409, "BlobAlreadyExists"),
        ("PUT", "Files/a/file", &[block, ("if-match", "x")], 412, "ConditionNotMet"),
        ("PUT", "Files/a", &[block], 409, "PathConflict"),
        ("PUT", "Files/x", &[], 400, "InvalidHeaderValue"),
        ("PUT", "Files/x?comp=blocklist", &[], 400, "InvalidXmlDocument"),
        ("GET", "Files/x", &[], 404, "BlobNotFound"),
        ("DELETE", "Files/x", &[], 404, "BlobNotFound"),
        ("PUT", "Files/y", &[("x-ms-copy-source", "ftp://example.com/x")], 400, "InvalidSourceUri"),
    ] {
        refused_in_xml(zone.blob(method, path, headers, b""), status, code);
    }
    refused_in_xml(zone.blob("GET", &format!("//{MISSING}/{MISSING}/Files/x"), &[], b""), 404, "ContainerNotFound");
    let list = b"<BlockList><Latest>YQ==</Latest></BlockList>";
    refused_in_xml(zone.blob("PUT", "Files/x?comp=blocklist", &[], list), 400, "InvalidBlockList");
    // Errors that Fabric makes are JSON on this host too.
    refused(zone.blob("PUT", "Tables/t/x", &[block], b"x"), 400, "OperationNotAllowedOnThePath");
    refused(zone.blob("PUT", "Files/x?resource=file", &[], b""), 400, "IncorrectEndpointError");
    refused(zone.blob("PUT", "Files/x", &[("x-ms-blob-type", "AppendBlob")], b""), 501, "NotEmulated");
    let batch = zone.blob("POST", &format!("//{}?restype=container&comp=batch", zone.workspace), &[], b"").is(400);
    let expected = json!({"error": {"code": "BadRequest", "message": "Either WorkspaceId or ArtifactId are missing in the request"}});
    assert_eq!(batch.body(), expected);
}

#[test]
fn head_errors_have_neither_body_nor_content_type() {
    let zone = Zone::new();
    for host in [DFS, BLOB] {
        let head = zone.on(host, "HEAD", "Files/x", &[], b"").is(404);
        assert_eq!((head.header("content-type"), head.header("x-ms-error-code")), (None, Some("BlobNotFound")));
        assert!(head.bytes.is_empty());
    }
}

#[test]
fn every_code_has_a_message_and_a_place_in_these_tests_or_is_of_the_emulator() {
    let text = include_str!("onelake.rs");
    let untested = [
        StorageCode::AccountLimitExceeded,
        StorageCode::InternalError,
        StorageCode::InvalidInput,
        StorageCode::OperationTimedOut,
        StorageCode::RequestBodyTooLarge,
    ];
    for code in StorageCode::ALL {
        assert!(!code.message().is_empty());
        let is_tested = text.contains(&format!("\"{}\"", code.as_str()));
        assert_ne!(is_tested, untested.contains(code), "{}", code.as_str());
    }
}

#[test]
fn rename_accepts_every_form_of_its_source() {
    let zone = Zone::new();
    let root = zone.root.clone();
    zone.dfs("PUT", "Files/t?resource=directory", &[], b"").is(201);
    for source in [
        format!("{root}/Files/_f"),
        format!("https://{DFS}{root}/Files/_f"),
        format!("https://{DFS}{root}/Files/_f?resource=file"),
        format!("{root}%2FFiles%2F_f"),
        root[1..].to_owned() + "/Files/_f",
    ] {
        zone.write("Files/_f", b"x");
        let headers = [("x-ms-rename-source", &*source), ("x-ms-source-lease-id", "")];
        zone.dfs("PUT", "Files/t/f?mode=legacy", &headers, b"").is(201);
        assert_eq!(zone.list("Files", true), ["Files/t", "Files/t/f"], "{source}");
        zone.dfs("DELETE", "Files/t/f", &[], b"").is(200);
    }
}

#[test]
fn rename_errors_have_their_codes() {
    let zone = Zone::new();
    zone.write("Files/d/f", b"x");
    zone.write("Files/e/g", b"y");
    let root = zone.root.clone();
    for (to, from, condition, status, code) in [
        ("Files/h", "Files/missing", "", 404, "SourcePathNotFound"),
        ("Files/no/h", "Files/d/f", "", 404, "RenameDestinationParentPathNotFound"),
        ("Files/e/g", "Files/d/f", "*", 409, "PathAlreadyExists"),
        ("Files/e", "Files/d", "", 409, "PathAlreadyExists"),
        ("Files/e", "Files/d/f", "", 409, "PathAlreadyExists"),
        ("Files/d/x", "Files/d", "", 409, "InvalidDestinationPath"),
        ("Files/h", "", "", 400, "InvalidSourceUri"),
        ("Tables/h", "Files/d/f", "", 400, "OperationNotAllowedOnThePath"),
    ] {
        let source = format!("{root}/{from}");
        let headers = [("x-ms-rename-source", &*source), ("if-none-match", condition)];
        refused(zone.dfs("PUT", to, &headers, b""), status, code);
    }
    let foreign = [("x-ms-rename-source", "https://example.com/a/b/Files/c")];
    refused(zone.dfs("PUT", "Files/h", &foreign, b""), 400, "InvalidSourceUri");
    let source = format!("{root}/Files/d");
    zone.dfs("PUT", "Files/renamed", &[("x-ms-rename-source", &source)], b"").is(201);
    assert_eq!(zone.list("Files", true), ["Files/e", "Files/e/g", "Files/renamed", "Files/renamed/f"]);
    let source = format!("{root}/Files/renamed/f");
    zone.dfs("PUT", "Files/e/g", &[("x-ms-rename-source", &source)], b"").is(201);
    assert_eq!(zone.read("Files/e/g"), b"x");
}

#[test]
fn lists_of_paths_have_pages_and_entries_as_recorded() {
    let zone = Zone::new();
    for name in ["a", "b", "c/d", "c-e"] {
        zone.write(&format!("Files/{name}"), b"12");
    }
    assert_eq!(zone.list("", false), ["Files", "Tables"]);
    assert_eq!(zone.list("Files", false), ["Files/a", "Files/b", "Files/c", "Files/c-e"]);
    assert_eq!(zone.list("Files", true), ["Files/a", "Files/b", "Files/c", "Files/c-e", "Files/c/d"]);
    assert_eq!(zone.list("", true).len(), 7);
    let path = "Files/?recursive=false&resource=filesystem&maxResults=3";
    let first = zone.dfs("GET", path, &[], b"").is(200);
    assert_eq!(first.body()["paths"].as_array().unwrap().len(), 3);
    let token = first.header("x-ms-continuation").unwrap();
    let second = zone.dfs("GET", &format!("{path}&continuation={token}"), &[], b"").is(200);
    assert_eq!((second.body()["paths"].as_array().unwrap().len(), second.header("x-ms-continuation")), (1, None));
    let (folder, file) = (&first.body()["paths"][2], &first.body()["paths"][0]);
    assert_eq!((&folder["isDirectory"], &folder["contentLength"]), (&json!("true"), &json!("0")));
    assert_eq!(file.get("isDirectory"), None);
    assert_eq!((&file["contentLength"], &file["expiryTime"]), (&json!("2"), &json!("0")));
    assert_eq!((file["creationTime"].as_str().unwrap().len(), file["etag"].as_str().unwrap().len()), (18, 17));
    let missing = "Files/nowhere?resource=filesystem&recursive=true";
    refused(zone.dfs("GET", missing, &[], b""), 404, "PathNotFound");
    let items =
        zone.dfs("GET", &format!("//{}/?resource=filesystem&recursive=false", zone.workspace), &[], b"").is(200);
    assert_eq!(items.body()["paths"][0]["name"], zone.root.rsplit('/').next().unwrap());
    refused(zone.dfs("GET", &format!("{path}&continuation=!"), &[], b""), 400, "InvalidQueryParameterValue");
    refused(zone.dfs("GET", "Files?resource=filesystem&maxResults=0", &[], b""), 400, "InvalidQueryParameterValue");
}

#[test]
fn lists_of_blobs_have_prefixes_delimiters_and_starts() {
    let zone = Zone::new();
    for name in ["a", "b", "c/d", "c-e"] {
        zone.write(&format!("Files/{name}"), b"12");
    }
    assert_eq!(zone.blobs("Files/", ""), ["Files/a", "Files/b", "Files/c", "Files/c-e", "Files/c/d"]);
    assert_eq!(zone.blobs("Files/c", ""), ["Files/c", "Files/c-e", "Files/c/d"]);
    assert_eq!(zone.blobs("Files/", "&delimiter=/"), ["Files/a", "Files/b", "Files/c-e", "Files/c/"]);
    let item = zone.root.rsplit('/').next().unwrap();
    assert_eq!(zone.blobs("Files/", &format!("&startFrom={item}/Files/c-e")), ["Files/c-e", "Files/c/d"]);
    assert_eq!(zone.blobs("Tables/dbo/t/_delta_log/", ""), Vec::<String>::new());
    let path = format!("//{}?restype=container&comp=list&prefix={item}/Files/&maxresults=2", zone.workspace);
    let mut seen = 0;
    let mut marker = String::new();
    loop {
        let text = zone.blob("GET", &format!("{path}&marker={marker}"), &[], b"").is(200).text();
        seen += text.matches("<Blob>").count();
        marker = text.split_once("<NextMarker>").unwrap().1.split_once("</NextMarker>").unwrap().0.to_owned();
        if marker.is_empty() {
            break;
        }
    }
    assert_eq!(seen, 5);
}

#[test]
fn blob_is_put_by_blocks_copied_and_deleted() {
    let zone = Zone::new();
    let block: (&str, &str) = ("x-ms-blob-type", "BlockBlob");
    let put =
        zone.blob("PUT", "Files/z/p", &[block, ("content-type", "text/csv"), ("if-none-match", "*")], b"put").is(201);
    assert!(put.header("etag").is_some());
    let head = zone.blob("HEAD", "Files/z/p", &[], b"").is(200);
    assert_eq!((head.header("content-type"), head.header("x-ms-blob-type")), (Some("text/csv"), Some("BlockBlob")));
    for (id, bytes) in [("Yg==", b"second"), ("YQ==", b"first ")] {
        zone.blob("PUT", &format!("Files/z/b?comp=block&blockid={id}"), &[], bytes).is(201);
    }
    zone.blob("HEAD", "Files/z/b", &[], b"").is(404);
    let list = b"<?xml version=\"1.0\"?><BlockList><Latest>YQ==</Latest><Uncommitted>Yg==</Uncommitted></BlockList>";
    zone.blob("PUT", "Files/z/b?comp=blocklist", &[], list).is(201);
    assert_eq!(zone.read("Files/z/b"), b"first second");
    let source = format!("https://{BLOB}{}/Files/z/b", zone.root);
    let copied = zone.blob("PUT", "Files/z/c", &[("x-ms-copy-source", &source)], b"").is(202);
    assert_eq!(copied.header("x-ms-copy-status"), Some("success"));
    let again = zone.blob("PUT", "Files/z/c", &[("x-ms-copy-source", &source), ("if-none-match", "*")], b"");
    refused_in_xml(again, 409, "BlobAlreadyExists");
    zone.blob("DELETE", "Files/z/b", &[], b"").is(202);
    assert_eq!(zone.list("Files/z", true), ["Files/z/c", "Files/z/p"]);
    assert!(zone.lab.emulator.default_tenant().replays());
}

#[test]
fn names_and_ids_address_the_same_path_on_hosts_and_below_onelake() {
    let zone = Zone::new();
    zone.write("Files/a%20b", b"x");
    for path in ["/lab/db.MirroredDatabase/Files/a%20b", &format!("{}/Files/a%20b", zone.root)] {
        assert_eq!(zone.dfs("GET", &format!("/{path}"), &[], b"").is(200).bytes, b"x");
        for dialect in ["dfs", "blob"] {
            assert_eq!(zone.lab.get(&format!("/onelake/{dialect}{path}")).is(200).bytes, b"x");
        }
    }
    let created = zone.lab.send("PUT", &format!("/onelake/dfs{}/Files/y/?resource=file", zone.root), &[], "body");
    created.is(201);
    let source = format!("/onelake/dfs{}/Files/y", zone.root);
    let to = format!("{}/Files/z", zone.root);
    zone.lab.send("PUT", &format!("/onelake/dfs{to}"), &[("x-ms-rename-source", &source)], "").is(201);
    assert_eq!(zone.list("Files", false), ["Files/a b", "Files/z"]);
}

#[test]
fn properties_of_workspaces_items_and_folders_are_read() {
    let zone = Zone::new();
    zone.write("Files/d/f", b"x");
    let workspace = format!("//{}", zone.workspace);
    for query in ["?resource=filesystem", "?restype=container", ""] {
        let head = zone.dfs("HEAD", &format!("{workspace}{query}"), &[], b"").is(200);
        assert_eq!(head.header("x-ms-namespace-enabled"), Some("true"));
    }
    for path in ["", "Files", "Tables", "Files/d"] {
        let head = zone.blob("HEAD", path, &[], b"").is(200);
        let found = (head.header("x-ms-resource-type"), head.header("x-ms-meta-hdi_isfolder"));
        assert_eq!(found, (Some("directory"), Some("true")), "{path}");
    }
    let override_method = [("x-http-method-override", "PATCH")];
    zone.dfs("PUT", "Files/d/f?action=append&position=1&flush=true", &override_method, b"y").is(202);
    assert_eq!(zone.read("Files/d/f"), b"xy");
}

#[test]
fn callers_need_a_token_a_role_and_under_strict_the_audience_of_storage() {
    let zone = Zone::new();
    let path = format!("{}/Files", zone.root);
    let none = zone.lab.send("HEAD", &path, &[("host", DFS), ("authorization", "")], "");
    none.is(401);
    let put = zone.lab.send("PUT", &format!("{path}/x?resource=file"), &[("host", DFS), ("authorization", "")], "");
    refused(put, 401, "InvalidAuthenticationInfo");
    for (role, status) in [("Viewer", 403), ("Contributor", 200)] {
        let workspace = format!("/v1/workspaces/{}", zone.workspace);
        match role {
            "Viewer" => zone.lab.assign_role(&workspace, ALICE, role),
            _ => drop(zone.lab.patch(&format!("{workspace}/roleAssignments/{ALICE}"), json!({"role": role})).is(200)),
        }
        zone.lab.user(ALICE).send("HEAD", &path, &[("host", DFS)], "").is(status);
    }
    let strict = Emulator::builder().auth(Auth::Strict).build();
    let tokens = ["https://storage.azure.com", "https://api.fabric.microsoft.com"].map(|audience| {
        let claims = json!({"oid": ALICE, "idtyp": "user", "aud": audience});
        strict.signer().unwrap().sign(&claims)
    });
    let lab = Lab::of(Arc::clone(&strict));
    for (token, status) in tokens.iter().zip([404, 401]) {
        let bearer = format!("Bearer {token}");
        let reply =
            lab.send("HEAD", &format!("/{MISSING}/{MISSING}/Files"), &[("host", DFS), ("authorization", &bearer)], "");
        reply.is(status);
    }
}

#[test]
fn requests_step_the_clock_and_are_in_the_journal_without_contents() {
    let zone = Zone::new();
    let tenant = zone.lab.emulator.default_tenant();
    let step = ClockChange { mode: Some(Mode::Stepped), step: Some(5.0), ..ClockChange::default() };
    tenant.clock().set(step).unwrap();
    zone.write("Files/secret", b"contents of a file");
    let first = zone.dfs("HEAD", "Files/secret", &[], b"").is(200).header("date").unwrap().to_owned();
    let second = zone.dfs("HEAD", "Files/secret", &[], b"").is(200).header("date").unwrap().to_owned();
    assert_ne!(first, second);
    let journal = zone.lab.get("/_emulator/journal").is(200).text();
    assert!(journal.contains("/Files/secret") && !journal.contains("contents of a file"));
}

#[test]
fn faults_strike_requests_to_storage() {
    let zone = Zone::new();
    let rule = json!({"match": {"operation": "OneLake"}, "when": {"times": 1},
        "effect": {"answer": {"status": 503, "errorCode": "ServerBusy"}}});
    zone.lab.post("/_emulator/faults", rule).succeeds();
    refused(zone.dfs("GET", "Files", &[], b""), 503, "ServerBusy");
    zone.dfs("GET", "Files", &[], b"").is(200);
}

#[test]
fn deleted_item_and_reset_lose_their_paths() {
    let zone = Zone::new();
    zone.write("Files/a", b"x");
    let item = zone.root.rsplit('/').next().unwrap();
    zone.lab.delete(&format!("/v1/workspaces/{}/items/{item}", zone.workspace)).is(200);
    refused(zone.dfs("GET", "Files/a", &[], b""), 404, "PathNotFound");
    zone.lab.post_empty("/_emulator/reset").is(200);
    refused(zone.dfs("GET", "Files/a", &[], b""), 404, "FilesystemNotFound");
}

#[test]
fn files_outlive_the_emulator_with_a_state_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.ndjson");
    let open = || Emulator::builder().open(&path, StateSync::Flush).unwrap();
    let large = vec![5; 600_000];
    let zone = Zone::of(Lab::of(open()));
    zone.write("Files/small", b"small");
    zone.write("Files/large", &large);
    let Zone { workspace, root, lab } = zone;
    drop(lab);
    let zone = Zone { lab: Lab::of(open()), workspace, root };
    assert_eq!(zone.read("Files/small"), b"small");
    assert!(zone.read("Files/large") == large);
}

/// A history of paths for the golden facts.
pub(crate) fn paths(lab: &Lab, root: &str) {
    let send = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        lab.send(method, &format!("/onelake/dfs{root}/{path}"), headers, body).succeeds();
    };
    send("PUT", "Files/LandingZone/t/_a?resource=file", &[], "");
    send("PATCH", "Files/LandingZone/t/_a?action=append&position=0&flush=true", &[], "rows");
    let source = format!("{root}/Files/LandingZone/t/_a");
    send("PUT", "Files/LandingZone/t/a", &[("x-ms-rename-source", &source)], "");
    send("PUT", "Files/LandingZone/u?resource=directory", &[], "");
    send("DELETE", "Files/LandingZone/u?recursive=true", &[], "");
}
