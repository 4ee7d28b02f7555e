//! The story: its steps, the bodies of its requests, and the waits between them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::api::{Answer, Api, short};
use super::screen::{Line, Screen, Tone};
use super::tables::{self, CONTAINERS, Table};
use super::{DemoError, Setting};

/// Seconds of the tenant per second of the machine, in a live story.
const RATE: f64 = 30.0;
/// The interval between two status calls, in seconds of the tenant.
const POLL: u32 = 3;
/// The pause in which a step can be read, in seconds of the tenant.
const READING: u32 = 36;
/// The longest wait for a status, in seconds of the tenant.
const WAIT_MAX: u32 = 1_800;
/// The date of a story that does not wait.
const DATE: &str = "2026-01-05T12:00:00Z";

const SIGN_IN: &str = "/organizations/oauth2/v2.0/token";
const USER: &str = "admin@specularite.example";

/// A story in progress.
pub(super) struct Story<'a> {
    setting: Setting,
    screen: &'a mut Screen,
    api: Api,
    /// The number of steps told.
    step: u32,
    /// The path of the mirrored database.
    database: String,
    /// The path of the connection.
    connection: String,
}

impl<'a> Story<'a> {
    pub(super) fn new(setting: Setting, screen: &'a mut Screen) -> Self {
        let api = Api::new(setting.address.to_string());
        Self { setting, screen, api, step: 0, database: String::new(), connection: String::new() }
    }

    pub(super) async fn tell(mut self) -> Result<(), DemoError> {
        self.screen.line(Tone::Title, "Specularite mirrors an Azure Cosmos DB database, loses the key, and recovers.");
        self.prepare().await?;
        let workspace = self.create_workspace().await?;
        let connection = self.create_connection().await?;
        self.create_database(&workspace, &connection).await?;
        self.start_mirroring().await?;
        self.copy_rows().await?;
        self.receive_changes().await?;
        self.rotate_key(&connection).await?;
        self.recover().await?;
        self.end().await
    }

    /// Sets the pace and the clock, and signs in.
    async fn prepare(&mut self) -> Result<(), DemoError> {
        self.title(
            "Set the pace and sign in",
            "Steps take about as long as in Fabric. The clock is the emulator's own.",
        )
        .await?;
        if self.setting.live {
            self.request("POST", "/_emulator/clock", json!({"mode": "scaled", "rate": RATE, "paused": false})).await?;
            self.screen.line(Tone::Text, &format!("  Time now runs {RATE} times as fast."));
        } else if self.setting.fresh {
            // A scenario can set a clock back, as long as nothing has happened in the tenant.
            let clock = json!({"format": 1, "clock": {"mode": "manual", "now": DATE}});
            self.request("POST", "/_emulator/scenario", clock).await?;
        } else {
            self.request("POST", "/_emulator/clock", json!({"mode": "manual", "paused": false})).await?;
        }
        let settings =
            json!({"pace": "realistic", "throttle": "off", "durations": {"starting": 60}, "tokenLifetime": 86_400});
        self.request("PATCH", "/_emulator/settings", settings).await?;
        let fields = [
            ("grant_type", "password"),
            ("client_id", "demo"),
            ("username", USER),
            ("password", "any"),
            ("scope", "https://api.fabric.microsoft.com/.default"),
        ];
        let answer = self.api.submit(SIGN_IN, &fields).await?;
        self.show_request("POST", SIGN_IN, &answer);
        self.api.sign_in(answer.text("/access_token")?);
        Ok(())
    }

    async fn create_workspace(&mut self) -> Result<String, DemoError> {
        self.title("Create a workspace", "It needs a capacity to work on.").await?;
        let capacities = self.request("GET", "/v1/capacities", Value::Null).await?;
        let capacity = capacities.text("/value/0/id")?;
        let body = json!({"displayName": "Demo", "capacityId": capacity});
        self.request("POST", "/v1/workspaces", body).await?.text("/id")
    }

    async fn create_connection(&mut self) -> Result<String, DemoError> {
        self.title("Connect to the Azure Cosmos DB account contoso", "Its data is simulated, so its size is declared.")
            .await?;
        let body = json!({
            "connectivityType": "ShareableCloud",
            "displayName": "contoso",
            "connectionDetails": {
                "type": "CosmosDB", "creationMethod": "CosmosDB.Contents",
                "parameters": [{"dataType": "Text", "name": "host", "value": "https://contoso.documents.azure.com:443/"}],
            },
            "privacyLevel": "Organizational",
            "credentialDetails": credentials("the first key"),
        });
        let connection = self.request("POST", "/v1/connections", body).await?.text("/id")?;
        self.connection = format!("/v1/connections/{connection}");
        let declared = CONTAINERS.iter().map(|container| {
            json!({
                "schemaName": "shop", "tableName": container.name, "rows": container.rows,
                "rowsPerSecond": container.rows_per_second, "bytesPerRow": 400,
            })
        });
        let source = json!({"snapshotRowsPerSecond": 2_000, "tables": declared.collect::<Vec<_>>()});
        self.request("PUT", &format!("/_emulator/sources/{connection}"), source).await?;
        Ok(connection)
    }

    async fn create_database(&mut self, workspace: &str, connection: &str) -> Result<(), DemoError> {
        self.title("Create a mirrored database", "Its mirroring.json selects three of the four containers of shop.")
            .await?;
        let path = format!("/v1/workspaces/{workspace}/mirroredDatabases");
        let part = json!({
            "path": "mirroring.json", "payloadType": "InlineBase64",
            "payload": STANDARD.encode(mirroring(connection).to_string()),
        });
        let body = json!({"displayName": "shop", "definition": {"parts": [part]}});
        let database = self.request("POST", &path, body).await?.text("/id")?;
        self.database = format!("{path}/{database}");
        self.wait_for("Initialized").await
    }

    async fn start_mirroring(&mut self) -> Result<(), DemoError> {
        self.title("Start mirroring", "").await?;
        self.act("startMirroring").await?;
        self.wait_for("Running").await
    }

    async fn copy_rows(&mut self) -> Result<(), DemoError> {
        self.title("Snapshot: the rows of each table are copied", "").await?;
        self.watch_snapshot().await
    }

    async fn receive_changes(&mut self) -> Result<(), DemoError> {
        self.title("Replication: changes arrive", "They are published every 15 seconds.").await?;
        self.watch_figures(75).await
    }

    async fn rotate_key(&mut self, connection: &str) -> Result<(), DemoError> {
        self.title("Somebody rotates the key of the account", "The tables keep their status, but no changes arrive.")
            .await?;
        let trouble = json!({"target": {"source": connection}, "cause": "rotatedKey"});
        self.request("POST", "/_emulator/trouble", trouble).await?;
        self.watch_figures(60).await
    }

    async fn recover(&mut self) -> Result<(), DemoError> {
        self.title("Recover: give the connection the new key", "The error stays until mirroring is restarted.").await?;
        let update = json!({"connectivityType": "ShareableCloud", "credentialDetails": credentials("the second key")});
        let connection = self.connection.clone();
        self.request("PATCH", &connection, update).await?;
        self.act("stopMirroring").await?;
        self.wait_for("Stopped").await?;
        self.act("startMirroring").await?;
        self.wait_for("Running").await?;
        self.screen.line(Tone::Text, "  A start copies all rows again.");
        self.watch_snapshot().await?;
        self.title("Replication goes on", "").await?;
        self.watch_figures(45).await
    }

    async fn end(&mut self) -> Result<(), DemoError> {
        self.screen.line(Tone::Text, "");
        if !self.setting.live {
            let text = "The demo is over. Run `specularite demo` in a terminal to watch it.";
            self.screen.line(Tone::Title, text);
            return Ok(());
        }
        self.request("POST", "/_emulator/clock", json!({"mode": "real"})).await?;
        self.screen.line(Tone::Text, "  Time runs at its normal speed again. Everything above is kept.");
        let text = format!("Watch it at http://{}/ - press Ctrl+C to stop.", self.setting.address);
        self.screen.line(Tone::Title, &text);
        Ok(())
    }

    /// Begins a step. The pause before it gives time to read the one before.
    async fn title(&mut self, title: &str, text: &str) -> Result<(), DemoError> {
        if self.setting.live && self.step > 0 {
            self.pass(READING).await?;
        }
        self.step += 1;
        self.screen.line(Tone::Text, "");
        self.screen.line(Tone::Title, &format!("{}. {title}", self.step));
        if !text.is_empty() {
            self.screen.line(Tone::Text, &format!("  {text}"));
        }
        Ok(())
    }

    /// Sends a request and shows it.
    async fn request(&mut self, method: &str, path: &str, body: Value) -> Result<Answer, DemoError> {
        let answer = self.api.send(method, path, &body).await?;
        self.show_request(method, path, &answer);
        Ok(answer)
    }

    fn show_request(&mut self, method: &str, path: &str, answer: &Answer) {
        // Indentation, method, spaces and status.
        let others = method.len() + 10;
        let path = short(path, self.screen.width().saturating_sub(others));
        self.screen.settle(&[(Tone::Request, format!("  {method} {path}  {}", answer.status))]);
    }

    /// Sends a request to the mirrored database, and shows it.
    async fn act(&mut self, action: &str) -> Result<Answer, DemoError> {
        let path = format!("{}/{action}", self.database);
        self.request("POST", &path, Value::Null).await
    }

    /// Sends a request to the mirrored database, without showing it again.
    async fn act_again(&mut self, action: &str) -> Result<Answer, DemoError> {
        self.pass(POLL).await?;
        self.api.send("POST", &format!("{}/{action}", self.database), &Value::Null).await
    }

    /// Lets time pass: waits for a scaled clock, or moves a manual one.
    async fn pass(&mut self, seconds: u32) -> Result<(), DemoError> {
        if self.setting.live {
            sleep(f64::from(seconds) / RATE).await;
            return Ok(());
        }
        self.api.send("POST", "/_emulator/clock/advance", &json!({"seconds": seconds})).await.map(drop)
    }

    /// Shows the status of the mirrored database until it is `wanted`.
    async fn wait_for(&mut self, wanted: &'static str) -> Result<(), DemoError> {
        let mut answer = self.act("getMirroringStatus").await?;
        let mut shown: Option<(String, Line)> = None;
        for _ in 0..WAIT_MAX / POLL {
            let status = answer.text("/status")?;
            let tone = if status == wanted { Tone::Good } else { Tone::Busy };
            let line = (tone, format!("  {}  {status}", answer.time));
            // The line that stays has the time at which the status was first seen.
            if let Some((_, first)) = shown.take_if(|(shown, _)| *shown != status) {
                self.screen.settle(&[first]);
            }
            if status == wanted {
                self.screen.settle(&[line]);
                return Ok(());
            }
            self.screen.redraw(std::slice::from_ref(&line));
            shown.get_or_insert((status, line));
            answer = self.act_again("getMirroringStatus").await?;
        }
        Err(DemoError::Stuck { wanted, seen: answer.text("/status")?, minutes: WAIT_MAX / 60 })
    }

    /// Shows the progress of the snapshots until all tables are replicated. Without redrawing, it is shown whenever the
    /// status of a table changes.
    async fn watch_snapshot(&mut self) -> Result<(), DemoError> {
        let mut answer = self.act("getTablesMirroringStatus").await?;
        let mut shown: Vec<String> = Vec::new();
        for _ in 0..WAIT_MAX / POLL {
            let found = tables::read(&answer.body);
            let statuses: Vec<String> = found.iter().map(|table| table.status.clone()).collect();
            let is_done = !found.is_empty() && statuses.iter().all(|status| status == "Replicating");
            let mut lines = vec![(Tone::Text, format!("  {}", answer.time))];
            lines.extend(tables::progress(&found, self.screen.width()));
            if is_done || (statuses != shown && !self.screen.redraws()) {
                self.screen.settle(&lines);
            } else {
                self.screen.redraw(&lines);
            }
            if is_done {
                return Ok(());
            }
            shown = statuses;
            answer = self.act_again("getTablesMirroringStatus").await?;
        }
        Err(DemoError::Stuck { wanted: "Replicating", seen: shown.join(", "), minutes: WAIT_MAX / 60 })
    }

    /// Shows the figures of the tables for some seconds, and then the text of their error.
    async fn watch_figures(&mut self, seconds: u32) -> Result<(), DemoError> {
        let mut answer = self.act("getTablesMirroringStatus").await?;
        let before = tables::read(&answer.body);
        let mut found: Vec<Table> = before.clone();
        for _ in 0..seconds / POLL {
            let mut lines = vec![(Tone::Text, format!("  {}", answer.time))];
            lines.extend(tables::figures(&found, &before));
            self.screen.redraw(&lines);
            answer = self.act_again("getTablesMirroringStatus").await?;
            found = tables::read(&answer.body);
        }
        let mut lines = vec![(Tone::Text, format!("  {}", answer.time))];
        lines.extend(tables::figures(&found, &before));
        self.screen.settle(&lines);
        if let Some((_, message)) = found.iter().find_map(|table| table.error.as_ref()) {
            self.screen.line(Tone::Bad, &format!("  {message}"));
        }
        Ok(())
    }
}

/// Waits for some seconds of the machine's time.
#[expect(clippy::disallowed_methods, reason = "a scaled clock runs with the machine's time")]
async fn sleep(seconds: f64) {
    tokio::time::sleep(std::time::Duration::from_secs_f64(seconds)).await;
}

fn credentials(key: &str) -> Value {
    json!({
        "singleSignOnType": "None", "connectionEncryption": "NotEncrypted", "skipTestConnection": false,
        "credentials": {"credentialType": "Key", "key": key},
    })
}

/// Returns the definition of the mirrored database.
fn mirroring(connection: &str) -> Value {
    let selected = CONTAINERS.iter().filter(|container| container.is_selected);
    let tables = selected
        .map(|container| json!({"source": {"typeProperties": {"schemaName": "shop", "tableName": container.name}}}));
    json!({"properties": {
        "source": {"type": "CosmosDb", "typeProperties": {"connection": connection, "database": "shop"}},
        "target": {"type": "MountedRelationalDatabase", "typeProperties": {"defaultSchema": "dbo", "format": "Delta"}},
        "mountedTables": tables.collect::<Vec<_>>(),
    }})
}
