//! The program under attack, and the figures that an attack must not change.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::wire::Client;

/// A running program. It is killed on drop.
pub(crate) struct Program {
    child: Child,
    log: tempfile::NamedTempFile,
    pub(crate) address: SocketAddr,
}

/// The memory and the descriptors of a process. All are 0 where the system does not tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) memory_kib: u64,
    pub(crate) peak_kib: u64,
    pub(crate) descriptors: usize,
}

/// Ids of things that exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) workspace: String,
    pub(crate) connection: String,
    pub(crate) mirror: String,
    pub(crate) lakehouse: String,
    pub(crate) folder: String,
    pub(crate) capacity: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts the program with further options.
    pub(crate) fn start_with(options: &[&OsStr]) -> Self {
        let built = || env!("CARGO_BIN_EXE_specularite").into();
        let program = std::env::var_os("SPECULARITE_ATTACK_PROGRAM").unwrap_or_else(built);
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--throttle", "off"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::from(File::create(log.path()).unwrap()))
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = line.trim().rsplit_once("http://");
        let address =
            ready.unwrap_or_else(|| panic!("{}", std::fs::read_to_string(log.path()).unwrap())).1.parse().unwrap();
        Self { child, log, address }
    }

    pub(crate) fn figures(&self) -> Figures {
        let process = format!("/proc/{}", self.child.id());
        let status = std::fs::read_to_string(format!("{process}/status")).unwrap_or_default();
        let kib = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
            value.and_then(|value| value.parse().ok()).unwrap_or_default()
        };
        let descriptors = std::fs::read_dir(format!("{process}/fd")).map_or(0, Iterator::count);
        Figures { memory_kib: kib("VmRSS:"), peak_kib: kib("VmHWM:"), descriptors }
    }

    /// Kills the program at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.assert_unharmed();
        self.child.kill().unwrap();
    }

    /// Asserts that the program is running and that none of its tasks has panicked.
    pub(crate) fn assert_unharmed(&mut self) {
        assert_eq!(self.child.try_wait().unwrap(), None, "the program has ended");
        let log = std::fs::read_to_string(self.log.path()).unwrap();
        let panicked = log.lines().find(|line| line.contains("panicked"));
        assert_eq!(panicked, None, "{log}");
    }

    /// Resets all tenants, and creates one thing of each kind.
    pub(crate) fn populate(&self) -> Ids {
        let mut client = Client::new(self.address);
        assert_eq!(client.ask("POST", "/_emulator/reset?tenant=*", "").0, 200);
        let capacities = client.ask("GET", "/v1/capacities", "").1;
        let capacity = capacities["value"][0]["id"].as_str().unwrap().to_owned();
        let mut create = |path: &str, body: Value| {
            let (status, body) = client.ask("POST", path, &body.to_string());
            assert_eq!(status, 201, "{path}: {body}");
            body["id"].as_str().unwrap().to_owned()
        };
        let workspace = create("/v1/workspaces", json!({"displayName": "attack", "capacityId": capacity}));
        let within = |path: &str| format!("/v1/workspaces/{workspace}/{path}");
        let connection = create("/v1/connections", connection());
        let mirror =
            create(&within("mirroredDatabases"), json!({"displayName": "shop", "definition": definition(&[])}));
        let lakehouse = create(&within("lakehouses"), json!({"displayName": "lake"}));
        let folder = create(&within("folders"), json!({"displayName": "folder"}));
        // The mirrored database has left its first status.
        for (path, body) in
            [("", r#"{"mode":"manual"}"#), ("/advance", r#"{"seconds":60}"#), ("", r#"{"mode":"real"}"#)]
        {
            let (status, answer) = client.ask("POST", &format!("/_emulator/clock{path}"), body);
            assert_eq!(status, 200, "{answer}");
        }
        Ids { workspace, connection, mirror, lakehouse, folder, capacity }
    }
}

fn connection() -> Value {
    json!({
        "connectivityType": "ShareableCloud", "displayName": "sql", "privacyLevel": "Organizational",
        "connectionDetails": {"type": "SQL", "creationMethod": "Sql", "parameters": [
            {"dataType": "Text", "name": "server", "value": "s.database.windows.net"},
            {"dataType": "Text", "name": "database", "value": "shop"},
        ]},
        "credentialDetails": {
            "singleSignOnType": "None", "connectionEncryption": "Encrypted", "skipTestConnection": false,
            "credentials": {"credentialType": "Basic", "username": "u", "password": "p"},
        },
    })
}

/// Returns the definition of an open mirrored database. Its `mirroring.json` contains these tables.
pub(crate) fn definition(tables: &[&str]) -> Value {
    use base64::Engine as _;
    let table = |name: &&str| json!({"source": {"typeProperties": {"schemaName": "dbo", "tableName": name}}});
    let mirroring = json!({"properties": {
        "source": {"type": "GenericMirror"},
        "target": {"type": "MountedRelationalDatabase", "typeProperties": {"format": "Delta"}},
        "mountedTables": tables.iter().map(table).collect::<Vec<_>>(),
    }});
    let payload = base64::engine::general_purpose::STANDARD.encode(mirroring.to_string());
    json!({"parts": [{"path": "mirroring.json", "payloadType": "InlineBase64", "payload": payload}]})
}
