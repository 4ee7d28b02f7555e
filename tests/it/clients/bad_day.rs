//! A bad day for real clients: throttling, an unavailable service, a lost answer, and an operation that stalls for a while.
//!
//! Each client runs a job that creates what is missing. A job that gives up is repeated, as a pipeline would be. The tests
//! show where each client gives up, and that the emulator then has exactly what it has accepted.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use specularite::environment::{APP, Environment, EnvironmentSpec};
use specularite::server::{self, RunningServer};
use specularite::{Emulator, Pace};
use tempfile::TempDir;

use super::{GO, PYTHON, ended, script};
use crate::harness::Lab;

/// The rules of the day, each with the number of its strikes.
fn rules() -> [(Value, u64); 5] {
    let creates = |name: &str| json!({"method": "POST", "path": "/v1/workspaces/*s", "request": {"displayName": name}});
    let unavailable = json!({"answer": {"status": 503, "errorCode": "ServiceUnavailable", "message": "Unavailable."}});
    let rule = |name: &str, matches: Value, times: u64, effect: Value| {
        (json!({"name": name, "match": matches, "when": {"times": times}, "effect": effect}), times)
    };
    [
        rule(
            "a read of workspaces is throttled",
            json!({"method": "GET", "operation": "Workspaces_*"}),
            1,
            json!({"throttle": {"retryAfter": 1}}),
        ),
        rule("two lists fail", json!({"operation": "Items_ListItems"}), 2, unavailable.clone()),
        rule("a creation fails", creates("app"), 1, unavailable),
        rule(LOST, creates("orders"), 1, json!({"commit": true, "disconnect": "before"})),
        rule("an operation stalls for a while", creates("app"), 1, json!({"operation": {"seconds": 600}})),
    ]
}

/// The name of the rule that loses the answer of a committed request.
const LOST: &str = "an answer is lost";
/// The time that each request of the clients takes: a stalled operation ends after a few polls.
const STEP: u32 = 150;
/// The maximum number of repetitions of a job.
const RUNS_MAX: usize = 9;

/// An emulator in this process, and the environment that leads clients to it.
struct Day {
    /// The emulator, called by the app that the clients sign in as.
    lab: Lab,
    environment: Environment,
    folder: TempDir,
    _server: RunningServer,
    _runtime: tokio::runtime::Runtime,
}

impl Day {
    fn new() -> Self {
        let mut lab = Lab::with(Emulator::builder().seed(7).pace(Pace::Fast).build());
        lab.settings(json!({"tokenLifetime": 31_536_000}));
        lab.post("/_emulator/clock", json!({"mode": "stepped", "step": STEP})).is(200);
        let scope = "https://api.fabric.microsoft.com/.default";
        let grant =
            [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", "s"), ("scope", scope)];
        let token = lab.form("/organizations/oauth2/v2.0/token", &grant).is(200).body()["access_token"].clone();
        token.as_str().unwrap().clone_into(&mut lab.token);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(server::start(lab.emulator.clone())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::prepare(&EnvironmentSpec {
            address: server.address(),
            ca: lab.emulator.ca().unwrap().pem(),
            folder: folder.path(),
            tenant: None,
            direct: false,
            tls: true,
            reaches_others: false,
            isolate: true,
        });
        Self { lab, environment: environment.unwrap(), folder, _server: server, _runtime: runtime }
    }

    /// Runs a job once. Returns the output of a job that gives up.
    fn run(&self, path: &[&Path], job: &[&str], variables: &[(&str, String)]) -> Result<(), String> {
        let (program, arguments) = job.split_first().unwrap();
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path());
        for (name, value) in self.environment.variables() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let ended = ended(&mut command, path);
        let printed = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
        if ended.status.success() && printed.contains("finished") { Ok(()) } else { Err(printed) }
    }

    /// The names of the items in the stored facts.
    fn stored(&self) -> Vec<String> {
        let snapshot = self.lab.get("/_emulator/snapshot").is(200).body();
        let facts = snapshot["facts"].as_array().unwrap().iter().map(|dated| &dated["fact"]);
        let created = facts.filter(|fact| fact["type"] == "itemCreated");
        sorted(created.map(|fact| name(&fact["data"]["item"])))
    }

    /// The names of the items whose creation the emulator has accepted, by its journal: answered with success, or
    /// committed before the answer was lost.
    fn accepted(&self) -> Vec<String> {
        let faults = self.lab.get("/_emulator/faults").is(200).body();
        let lost = faults["value"].as_array().unwrap().iter().find(|fault| fault["name"] == LOST).cloned();
        let journal = self.lab.get("/_emulator/journal").text();
        let lines = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let accepted = lines.filter(|line| {
            let creates = ["/items", "/mirroredDatabases", "/sqlDatabases"];
            let is_creation =
                line["method"] == "POST" && creates.iter().any(|end| line["path"].as_str().unwrap().ends_with(end));
            let is_lost = lost.as_ref().is_some_and(|lost| line["fault"] == lost["id"]);
            is_creation && (is_lost || line["status"] == 201 || line["status"] == 202)
        });
        sorted(accepted.map(|line| name(&line["request"])))
    }

    /// Repeats a job until it finishes. Asserts for each run that gives up that its output contains a text, and after
    /// each run that the emulator has what it has accepted. Finally asserts that every rule struck as planned, and that
    /// these items exist once.
    #[track_caller]
    fn repeat(&self, path: &[&Path], job: &[&str], variables: &[(&str, String)], gives_up: &[&str], items: &[&str]) {
        for (rule, _) in rules() {
            self.lab.post("/_emulator/faults", rule).is(201);
        }
        let mut outputs = Vec::new();
        while let Err(printed) = self.run(path, job, variables) {
            outputs.push(printed);
            assert_eq!(self.stored(), self.accepted(), "{outputs:#?}");
            assert!(outputs.len() < RUNS_MAX, "{outputs:#?}");
        }
        assert_eq!(outputs.len(), gives_up.len(), "{outputs:#?}");
        for (output, expected) in outputs.iter().zip(gives_up) {
            assert!(output.contains(expected), "no {expected:?} in {output}");
        }
        let faults = self.lab.get("/_emulator/faults").is(200).body();
        let struck = faults["value"].as_array().unwrap().iter().map(|fault| (&fault["name"], fault["struck"].as_u64()));
        let rules = rules();
        let expected = rules.iter().map(|(rule, times)| (&rule["name"], Some(*times)));
        assert_eq!(struck.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        assert_eq!(self.stored(), self.accepted());
        assert_eq!(self.stored(), items);
        assert!(self.lab.emulator.default_tenant().replays());
    }

    /// Asserts that mirroring of `orders` in the workspace `day` runs.
    #[track_caller]
    fn assert_running(&self) {
        self.lab.delete("/_emulator/faults").is(200);
        let of = |path: &str, name: &str| {
            let listed = self.lab.get(path).is(200).body();
            let found = listed["value"].as_array().unwrap().iter().find(|thing| thing["displayName"] == name).cloned();
            found.unwrap()["id"].as_str().unwrap().to_owned()
        };
        let workspace = format!("/v1/workspaces/{}", of("/v1/workspaces", "day"));
        let databases = format!("{workspace}/mirroredDatabases");
        assert_eq!(self.lab.status(&format!("{databases}/{}", of(&databases, "orders"))), "Running");
    }
}

fn name(item: &Value) -> String {
    item["displayName"].as_str().unwrap().to_owned()
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn fabric_cicd_finishes_a_bad_day_when_it_is_repeated() {
    let Some(python) = PYTHON.as_deref() else { return };
    let day = Day::new();
    let workspace = day.lab.workspace().rsplit('/').next().unwrap().to_owned();
    let variables = [("WORKSPACE", workspace), ("CONNECTION", day.lab.connection())];
    let job = ["python", &script("python/bad_day.py")];
    let gives_up = [
        "/items'. Message: Unavailable",
        "/items'. Message: Unavailable",
        "Failed to publish 1 item(s): ['orders']",
        "Failed to publish 1 item(s): ['app']",
    ];
    day.repeat(&[python], &job, &variables, &gives_up, &["app", "lake", "orders", "report", "returns"]);
}

#[test]
fn fab_finishes_a_bad_day_when_it_is_repeated() {
    let Some(python) = PYTHON.as_deref() else { return };
    let day = Day::new();
    let gives_up = ["create: [ItemDisplayNameAlreadyInUse]", "create: [ServiceUnavailable]"];
    day.repeat(&[python], &["bash", &script("shell/bad_day.sh")], &[], &gives_up, &["app", "orders"]);
    day.assert_running();
}

#[test]
fn go_sdk_finishes_a_bad_day_when_it_is_repeated() {
    let Some(program) = GO.as_deref() else { return };
    let day = Day::new();
    day.repeat(
        &[],
        &[&program.to_string_lossy(), "bad-day"],
        &[],
        &["ItemDisplayNameAlreadyInUse"],
        &["app", "orders"],
    );
    day.assert_running();
}
