//! Properties of mirroring and of the store that hold for any history.

use proptest::prelude::*;
use serde_json::{Value, json};
use specularite::fabric::mirroring::{Replication, TableState};
use specularite::fabric::{DatedFact, State};

use crate::harness::{Lab, definition, open_mirror, part, sql_connection, sql_mirror};

/// The managed identity of the source server.
const IDENTITY: &str = "00000000-0000-4000-8000-0000000000dd";

/// An action on the mirror of the lab.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Start,
    Stop,
    Define(Option<Vec<&'static str>>),
    Pace(&'static str),
    PauseAndResume,
    /// Trouble of a kind, with the seconds to its beginning, from `Running` or from now, and those to its end.
    Trouble(&'static str, Begins, Option<f64>),
    /// Deletes the n-th trouble.
    EndTrouble(usize),
    /// Declares the source, with bursts, an identity and back-off or without.
    Declare(bool, bool, bool),
    /// Gives the source's identity a role in the workspace, or takes the role.
    Role(bool),
}

/// The beginning of a trouble.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Begins {
    Now,
    At(f64),
    After(f64),
    Share(f64),
}

/// The kinds of trouble that tables show, and those that items show. `statusNotFound` has no status to observe.
const KINDS: &[&str] = &[
    "tableFails",
    "tableError",
    "reseed",
    "noRows",
    "slow",
    "unreachable",
    "startFails",
    "stuck",
    "databaseError",
    "sqlEndpointFails",
    "sqlEndpointLate",
];

fn troubles() -> impl Strategy<Value = Action> {
    let begins = prop_oneof![
        Just(Begins::Now),
        (0.0..2_000.0).prop_map(Begins::At),
        (0.0..2_000.0).prop_map(Begins::After),
        (0.0..1.0).prop_map(Begins::Share),
    ];
    let ends = prop::option::of(prop_oneof![Just(0.0), 1.0..2_000.0]);
    (prop::sample::select(KINDS), begins, ends).prop_map(|(kind, begins, ends)| Action::Trouble(kind, begins, ends))
}

pub(crate) fn actions() -> impl Strategy<Value = Vec<(f64, Action)>> {
    let tables = prop::option::of(prop::sample::subsequence(vec!["Orders", "Customers", "Extra"], 0..=3));
    let action = prop_oneof![
        4 => Just(Action::Start),
        3 => Just(Action::Stop),
        2 => tables.prop_map(Action::Define),
        1 => Just(Action::PauseAndResume),
        1 => prop::sample::select(vec!["fast", "realistic", "instant"]).prop_map(Action::Pace),
        3 => troubles(),
        1 => (0_usize..10).prop_map(Action::EndTrouble),
        1 => any::<(bool, bool, bool)>().prop_map(|(bursts, identity, idle)| Action::Declare(bursts, identity, idle)),
        1 => any::<bool>().prop_map(Action::Role),
    ];
    prop::collection::vec((prop_oneof![0.0..1.0, 0.0..40.0, 0.0..1000.0], action), 1..12)
}

pub(crate) struct Mirror {
    pub(crate) lab: Lab,
    path: String,
    connection: String,
}

impl Mirror {
    pub(crate) fn new() -> Self {
        let lab = Lab::new();
        lab.settings(json!({"throttle": "off"}));
        let (workspace, connection) = (lab.workspace(), lab.connection());
        let path = lab.mirror(&workspace, "m", &sql_mirror(&connection, None));
        Self { lab, path, connection }
    }

    pub(crate) fn run(&self, actions: &[(f64, Action)]) {
        for (wait, action) in actions {
            self.lab.advance(*wait);
            self.act(action);
        }
    }

    /// The mirror with the same ids in another tenant.
    pub(crate) fn in_tenant(&self, tenant: &str) -> Self {
        let (path, connection) = (self.path.clone(), self.connection.clone());
        Self { lab: self.lab.in_tenant(tenant), path, connection }
    }

    fn act(&self, action: &Action) {
        match action {
            Action::Start => drop(self.lab.post_empty(&format!("{}/startMirroring", self.path))),
            Action::Stop => drop(self.lab.post_empty(&format!("{}/stopMirroring", self.path))),
            Action::PauseAndResume => {
                self.lab.set_capacity("Inactive");
                self.lab.set_capacity("Active");
            }
            Action::Pace(pace) => self.lab.settings(json!({"pace": pace})),
            Action::Trouble(kind, begins, ends) => self.plan(kind, *begins, *ends),
            Action::EndTrouble(n) => {
                let list = self.lab.get("/_emulator/trouble").is(200).body()["value"].as_array().unwrap().clone();
                if let Some(id) = list.get(n % list.len().max(1)).and_then(|trouble| trouble["id"].as_str()) {
                    self.lab.delete(&format!("/_emulator/trouble/{id}")).is(200);
                }
            }
            Action::Declare(bursts, identity, idle) => {
                let table = |name: &str, rate: f64| {
                    let bursts = if *bursts { json!([{"every": 333, "rows": 50}]) } else { json!([]) };
                    json!({"schemaName": "dbo", "tableName": name, "rows": 100_000, "rowsPerSecond": rate, "bursts": bursts})
                };
                let mut source =
                    json!({"tables": [table("Orders", 0.01), table("Customers", 3.0)], "idleBackoff": idle});
                if *identity {
                    source["identity"] = json!({"principalId": IDENTITY});
                }
                self.lab.put(&format!("/_emulator/sources/{}", self.connection), source).is(200);
            }
            Action::Role(gives) => {
                let workspace = self.path.split("/mirroredDatabases").next().unwrap();
                let roles = format!("{workspace}/roleAssignments");
                if *gives {
                    let principal = json!({"id": IDENTITY, "type": "ServicePrincipal"});
                    drop(self.lab.post(&roles, json!({"principal": principal, "role": "Contributor"})));
                } else {
                    drop(self.lab.delete(&format!("{roles}/{IDENTITY}")));
                }
            }
            Action::Define(tables) => {
                let mirroring = sql_mirror(&self.connection, tables.as_deref());
                let body = json!({"definition": definition(&mirroring.to_string())});
                self.lab.post(&format!("{}/updateDefinition", self.path), body).is(200);
            }
        }
    }

    /// Plans trouble. Some combinations are rejected.
    fn plan(&self, kind: &str, begins: Begins, ends: Option<f64>) {
        let item = self.path.rsplit('/').next().unwrap();
        let is_of_item = KINDS.iter().position(|known| *known == kind) >= Some(6);
        let table = json!({"schemaName": "dbo", "tableName": "Orders"});
        let target = match (is_of_item, begins) {
            (true, _) => json!({"item": item}),
            (false, Begins::Share(_)) => json!({"source": self.connection, "table": table}),
            (false, _) => json!({"source": self.connection}),
        };
        let mut body = json!({"target": target, "kind": kind});
        let now = self.lab.get("/_emulator/clock").body()["now"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        match begins {
            Begins::Now => {}
            Begins::At(seconds) => {
                let at = now + jiff::SignedDuration::from_secs_f64(seconds);
                body["starts"] = json!({"at": at.to_string()});
            }
            Begins::After(seconds) => body["starts"] = json!({"after": seconds}),
            Begins::Share(share) => body["starts"] = json!({"share": share}),
        }
        match ends {
            None => {}
            Some(0.0) => body["ends"] = json!("restart"),
            Some(seconds) => body["ends"] = json!({"after": seconds}),
        }
        if kind == "slow" {
            body["factor"] = json!(if ends.is_some() { 2.5 } else { 0.5 });
        }
        drop(self.lab.post("/_emulator/trouble", body));
    }

    /// The id of the mirrored database.
    pub(crate) fn id(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    fn clock_now(&self) -> jiff::Timestamp {
        self.lab.emulator.default_tenant().clock().now()
    }

    /// The instant that the clock shows, as in responses.
    pub(crate) fn now(&self) -> String {
        format!("{:.7}", self.clock_now())
    }

    /// Its status with the error, and its tables, with metrics.
    pub(crate) fn observed(&self) -> (Value, Vec<Value>) {
        let status = self.lab.post_empty(&format!("{}/getMirroringStatus", self.path)).is(200).body();
        (status, self.lab.tables(&self.path))
    }

    /// Its status and those of its tables, with errors.
    fn statuses(&self) -> (Value, Vec<[Value; 3]>) {
        let (status, tables) = self.observed();
        let members = |table: Value| ["sourceTableName", "status", "error"].map(|member| table[member].clone());
        (status, tables.into_iter().map(members).collect())
    }
}

/// A change between two pages of a list, to the n-th element.
#[derive(Debug, Clone)]
enum ListChange {
    Create,
    Delete(usize),
    Move(usize),
    Rename(usize),
}

fn changes() -> impl Strategy<Value = Vec<Vec<ListChange>>> {
    let action = prop_oneof![
        Just(ListChange::Create),
        (0_usize..100).prop_map(ListChange::Delete),
        (0_usize..100).prop_map(ListChange::Move),
        (0_usize..100).prop_map(ListChange::Rename),
    ];
    prop::collection::vec(prop::collection::vec(action, 0..4), 0..12)
}

/// A list whose elements are created, deleted, moved and renamed by id.
struct Listed<'a> {
    lab: &'a Lab,
    list: String,
    target: String,
    made: usize,
    there: Vec<String>,
}

impl Listed<'_> {
    fn act(&mut self, action: &ListChange) {
        let path = |n: &usize| self.there.get(n % self.there.len().max(1)).map(|id| format!("{}/{id}", self.list));
        let folders = self.list.ends_with("folders");
        match action {
            ListChange::Create => {
                self.made += 1;
                let mut body = json!({"displayName": format!("n{}", self.made)});
                if !folders {
                    body["definition"] = definition(&open_mirror().to_string());
                }
                self.there.push(self.lab.post(&self.list, body).is(201).id());
            }
            ListChange::Delete(n) => {
                if let Some(path) = path(n) {
                    self.lab.delete(&path).is(200);
                    self.there.remove(n % self.there.len());
                }
            }
            ListChange::Move(n) => {
                if let Some(path) = path(n) {
                    let path = path.replace("mirroredDatabases", "items");
                    self.lab.post(&format!("{path}/move"), json!({"targetFolderId": self.target})).is(200);
                }
            }
            ListChange::Rename(n) => {
                self.made += 1;
                if let Some(path) = path(n) {
                    self.lab.patch(&path, json!({"displayName": format!("n{}", self.made)})).is(200);
                }
            }
        }
    }

    /// Reads the list page by page with changes after each page; the ids in order.
    fn walk(&mut self, changes: &[Vec<ListChange>]) -> Vec<String> {
        let (mut seen, mut query) = (Vec::new(), String::new());
        for actions in changes.iter().map(Vec::as_slice).chain(std::iter::repeat(&[][..])) {
            let body = self.lab.get(&format!("{}{query}", self.list)).is(200).body();
            seen.extend(body["value"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()));
            let Some(token) = body["continuationToken"].as_str() else { break };
            query = format!("?continuationToken={token}");
            actions.iter().for_each(|action| self.act(action));
        }
        seen
    }
}

/// 40 cases, or `PROPTEST_CASES`. Failing cases are saved in `tests/proptest-regressions` and run first from then on.
pub(crate) fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { ProptestConfig { cases: 40, ..config } }
}

/// A week of trouble of every kind, in one step and in ten thousand.
#[test]
fn one_step_and_ten_thousand_give_the_same_result() {
    const WEEK: f64 = 604_800.0;
    const STEPS: i32 = 10_000;
    let (one, many) = (Mirror::new(), Mirror::new());
    for mirror in [&one, &many] {
        mirror.act(&Action::Declare(true, false, true));
        mirror.lab.advance(20.0);
        mirror.act(&Action::Start);
        for (n, kind) in KINDS.iter().enumerate() {
            let begins = 3_000.0 + 50_000.0 * n as f64;
            let ends = (*kind != "reseed").then_some(10_000.0);
            mirror.plan(kind, Begins::At(begins), ends);
        }
    }
    let begin = many.clock_now();
    for step in 1..=STEPS {
        let passed = jiff::SignedDuration::from_secs_f64(WEEK) / STEPS * step;
        many.lab.emulator.default_tenant().clock().advance_to(begin + passed).unwrap();
        if step % 100 == 0 {
            many.observed();
        }
    }
    one.lab.advance(WEEK);
    assert_eq!(one.clock_now(), many.clock_now());
    assert_eq!(one.observed(), many.observed());
}

proptest! {
    #![proptest_config(config())]

    /// The waits between actions are passed at once or in pieces, with observations in between.
    #[test]
    fn clock_steps_do_not_affect_the_result(
        actions in actions(), pieces in 1_u32..5, steps in prop::collection::vec(0.01_f64..5000.0, 1..20)
    ) {
        let (one, many) = (Mirror::new(), Mirror::new());
        let waits = steps.iter().map(|step| (*step, None));
        let actions = actions.iter().map(|(wait, action)| (*wait, Some(action)));
        for (wait, action) in actions.chain(waits) {
            let begin = many.clock_now();
            one.lab.advance(wait);
            let end = one.clock_now();
            let piece = end.duration_since(begin) / i32::try_from(pieces).unwrap();
            for n in 1..pieces {
                many.lab.emulator.default_tenant().clock().advance_to(begin + piece * i32::try_from(n).unwrap()).unwrap();
                many.observed();
            }
            many.lab.emulator.default_tenant().clock().advance_to(end).unwrap();
            if let Some(action) = action {
                one.act(action);
                many.act(action);
            }
        }
        prop_assert_eq!(one.observed(), many.observed());
    }

    #[test]
    fn upcoming_change_is_the_next_change(actions in actions()) {
        let mirror = Mirror::new();
        mirror.run(&actions);
        for _ in 0..20 {
            let before = mirror.statuses();
            let tenant = mirror.lab.emulator.default_tenant();
            let now = tenant.clock().now();
            let upcoming: Vec<_> = tenant.read_upcoming(|upcoming| upcoming.after(now).collect());
            let Some(next) = upcoming.first().map(|change| change.at) else {
                mirror.lab.advance(1e6);
                prop_assert_eq!(mirror.statuses(), before);
                break;
            };
            tenant.clock().advance_to(next - jiff::SignedDuration::from_nanos(1)).unwrap();
            prop_assert_eq!(mirror.statuses(), before.clone());
            tenant.clock().advance_to(next).unwrap();
            let visible = upcoming.iter().any(|change| change.at == next && matches!(change.change, specularite::fabric::upcoming::Change::Visible));
            prop_assert!(visible || mirror.statuses() != before, "nothing changed at the upcoming change");
        }
    }

    #[test]
    fn metrics_only_grow_under_trouble(
        troubles in prop::collection::vec((0.0_f64..5_000.0, troubles()), 1..8),
        seconds in prop::collection::vec(0.01_f64..3_000.0, 1..30)
    ) {
        let mirror = Mirror::new();
        mirror.lab.advance(20.0);
        mirror.act(&Action::Start);
        let mut troubles = troubles.into_iter();
        let mut before: Vec<(Value, i64)> = Vec::new();
        for second in seconds {
            mirror.lab.advance(second);
            if let Some((wait, trouble)) = troubles.next() {
                mirror.act(&trouble);
                mirror.lab.advance(wait);
            }
            let rows = |table: &Value| (table["sourceTableName"].clone(), table["metrics"]["processedRows"].as_i64().unwrap_or(0));
            let now: Vec<_> = mirror.lab.tables(&mirror.path).iter().map(rows).collect();
            for (was, is) in before.iter().zip(&now) {
                prop_assert!(is.1 >= was.1, "{was:?} {is:?}");
            }
            before = now;
        }
    }

    #[test]
    fn metrics_only_grow(seconds in prop::collection::vec(0.01_f64..100_000.0, 1..60)) {
        let mirror = Mirror::new();
        mirror.lab.advance(20.0);
        mirror.act(&Action::Start);
        let figures = |table: &Value| {
            let metrics = &table["metrics"];
            (metrics["processedRows"].as_i64().unwrap_or(0), metrics["processedBytes"].as_i64().unwrap_or(0), metrics["lastSyncDateTime"].as_str().unwrap_or("").to_owned())
        };
        let mut before: Vec<(i64, i64, String)> = Vec::new();
        for second in seconds {
            mirror.lab.advance(second);
            let now: Vec<_> = mirror.lab.tables(&mirror.path).iter().map(figures).collect();
            for (was, is) in before.iter().zip(&now) {
                prop_assert!(is.0 >= was.0 && is.1 >= was.1 && is.2 >= was.2, "{was:?} {is:?}");
                prop_assert!((is.0 == was.0) || is.2 > was.2, "more rows without a sync: {was:?} {is:?}");
            }
            before = now;
        }
    }

    #[test]
    fn later_actions_do_not_alter_the_past(actions in actions(), later in actions()) {
        let mirror = Mirror::new();
        mirror.run(&actions);
        let tenant = mirror.lab.emulator.default_tenant();
        let now = tenant.clock().now();
        let then = || tenant.read(|state| {
            let all = state.workspaces().values();
            let items = all.flat_map(|workspace| workspace.items().values().map(|item| (workspace.id, item)));
            let mirrors = items.filter_map(|(workspace, item)| state.replication(workspace, item).ok());
            let status = |it: &Replication<'_>| {
                let phase = it.phase_at(now);
                let tables: Vec<TableState> = it.tables_at(state, now);
                // Upcoming changes are not of the past.
                let past = tables.into_iter().map(|table| (table.name, table.status, table.metrics, table.error));
                (phase.status, phase.error.cloned(), past.collect::<Vec<_>>())
            };
            mirrors.map(|it| status(&it)).collect::<Vec<_>>()
        });
        let before = then();
        mirror.lab.advance(0.001);
        mirror.run(&later);
        prop_assert_eq!(then(), before);
    }

    #[test]
    fn paging_has_no_duplicates_or_gaps(
        folders in any::<bool>(), first in 0_usize..12, size in 1_u32..5, changes in changes()
    ) {
        let lab = Lab::new();
        lab.settings(json!({"throttle": "off", "pageSize": size}));
        let workspace = lab.workspace();
        let target = lab.post(&format!("{workspace}/folders"), json!({"displayName": "target"})).is(201).id();
        let list = format!("{workspace}/{}", if folders { "folders" } else { "mirroredDatabases" });
        let mut listed = Listed { lab: &lab, list, target: target.clone(), made: 0, there: Vec::new() };
        (0..first).for_each(|_| listed.act(&ListChange::Create));
        let before = listed.there.clone();
        let mut seen = listed.walk(&changes);
        seen.retain(|id| *id != target);
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), seen.len(), "duplicates: {:?}", seen);
        for id in before.iter().filter(|id| listed.there.contains(id)) {
            prop_assert!(seen.contains(id), "a gap: {} is missing in {:?}", id, seen);
        }
        prop_assert_eq!(listed.walk(&[]).len() - usize::from(folders), listed.there.len());
    }

    #[test]
    fn pauses_lose_no_replicated_rows(
        steps in prop::collection::vec((0_u8..4, 0.0_f64..300.0), 1..25)
    ) {
        let mirror = Mirror::new();
        mirror.lab.advance(20.0);
        mirror.act(&Action::Start);
        mirror.lab.advance(3600.0);
        let figures = |lab: &Lab| -> Vec<u64> {
            lab.tables(&mirror.path).iter().map(|table| table["metrics"]["processedRows"].as_u64().unwrap()).collect()
        };
        let mut before = figures(&mirror.lab);
        for (action, wait) in steps {
            let status = mirror.lab.status(&mirror.path);
            match action {
                0 => mirror.act(&Action::PauseAndResume),
                1 => mirror.act(&Action::Start),
                2 => {
                    mirror.lab.set_capacity("Inactive");
                    mirror.lab.advance(wait);
                    mirror.lab.set_capacity("Active");
                    let stood = figures(&mirror.lab);
                    prop_assert!(status == "Running" || stood == before, "{status}: {before:?} {stood:?}");
                }
                _ => mirror.lab.advance(wait),
            }
            let now = figures(&mirror.lab);
            prop_assert!(before.iter().zip(&now).all(|(was, is)| is >= was), "{before:?} {now:?}");
            if mirror.lab.status(&mirror.path) == "Paused" {
                mirror.lab.advance(wait);
                prop_assert_eq!(&figures(&mirror.lab), &now, "metrics change while Paused");
            }
            before = now;
        }
    }

    #[test]
    fn replay_of_the_facts_gives_the_same_state(actions in actions()) {
        let mirror = Mirror::new();
        commit_other_facts(&mirror.lab);
        mirror.run(&actions);
        let tenant = mirror.lab.emulator.default_tenant();
        prop_assert!(tenant.replays());
        let facts = tenant.facts();
        let stored = serde_json::to_string(&facts).unwrap();
        let read: Vec<DatedFact> = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(&read, &facts);
        let replay = |facts: &[DatedFact]| {
            let mut state = State::new(specularite::seed::Seed::new(1), Default::default());
            facts.iter().for_each(|fact| state.apply(fact));
            state
        };
        prop_assert!(replay(&read) == replay(&facts));
        let state = tenant.read(State::clone);
        let stored = serde_json::to_string(&state).unwrap();
        prop_assert!(serde_json::from_str::<State>(&stored).unwrap() == state, "{}", stored);
    }
}

/// Commits one fact of each kind that the actions on a mirror do not produce.
fn commit_other_facts(lab: &Lab) {
    let other = "00000000-0000-4000-8000-000000000011";
    let path = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", json!({"displayName": "else"})).is(201).id());
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    lab.post(&format!("{path}/assignToCapacity"), json!({"capacityId": capacity})).is(202);
    lab.patch(&path, json!({"description": "d"})).is(200);
    lab.assign_role(&path, other, "Viewer");
    lab.patch(&format!("{path}/roleAssignments/{other}"), json!({"role": "Member"})).is(200);
    lab.delete(&format!("{path}/roleAssignments/{other}")).is(200);
    let folder = lab.post(&format!("{path}/folders"), json!({"displayName": "f"})).is(201).id();
    let empty =
        lab.post(&format!("{path}/folders"), json!({"displayName": "g", "parentFolderId": folder})).is(201).id();
    lab.patch(&format!("{path}/folders/{empty}"), json!({"displayName": "h"})).is(200);
    lab.post_empty(&format!("{path}/folders/{empty}/move")).is(200);
    lab.delete(&format!("{path}/folders/{empty}")).is(200);
    lab.put("/_emulator/tags", json!({"value": [{"displayName": "t"}]})).is(200);
    let tag = lab.get("/v1/tags").body()["value"][0]["id"].clone();
    let sql = lab.sql_database(&path, "sql");
    let item = sql.replace("sqlDatabases", "items");
    lab.post(&format!("{item}/applyTags"), json!({"tags": [tag]})).is(200);
    lab.post(&format!("{item}/move"), json!({"targetFolderId": folder})).is(200);
    lab.post_empty(&format!("{sql}/stopMirroring")).is(200);
    lab.post_empty(&format!("{sql}/getDefinition")).is(202);
    lab.patch(&sql, json!({"description": "d"})).is(200);
    lab.sql_database(&path, "gone");
    lab.delete(&sql).is(200);
    let connection = lab.post("/v1/connections", sql_connection("else")).is(201).id();
    lab.delete(&format!("/v1/connections/{connection}")).is(200);
    let failing = json!({"displayName": "c", "definition": {"parts": [part("definition.json", "{")]}});
    lab.post(&format!("{path}/cosmosDbDatabases"), failing).is(202);
}

/// A seeded generator, so that the requests are the same in every run.
fn random(n: u64) -> impl FnMut(usize) -> usize {
    let mut seed = specularite::seed::Seed::new(n);
    move |most| {
        seed = seed.fork("next");
        seed.between(0, most as u64 - 1) as usize
    }
}

/// Valid bodies of many operations, for a mirror over a connection.
fn valid_bodies(connection: &str, mirror: &str) -> Vec<Vec<u8>> {
    [
        json!({"displayName": "a", "definition": definition(&sql_mirror(connection, None).to_string())}),
        json!({"displayName": "b", "type": "MirroredDatabase", "definition": definition(&open_mirror().to_string())}),
        sql_connection("c"),
        json!({"definition": definition(&sql_mirror(connection, Some(&["x"])).to_string())}),
        json!({"seconds": 3.5}),
        json!({"mode": "manual"}),
        json!({"pace": "fast", "limits": {}, "behaviours": {}}),
        json!({"tables": [{"schemaName": "s", "tableName": "t", "rows": 5, "rowsPerSecond": 1e9}], "snapshotRowsPerSecond": 0.001}),
        json!({"until": {"mirroredDatabase": mirror.rsplit('/').next(), "status": "Running"}, "timeoutSeconds": 1}),
        json!({"displayName": "é\u{1F600}", "parentFolderId": null, "description": "x"}),
        json!(null),
    ]
    .iter()
    .map(|body| body.to_string().into_bytes())
    .collect()
}

/// Method and path of every operation and of the control interface.
fn all_paths() -> Vec<(String, String)> {
    let mut paths: Vec<(String, String)> = specularite::http::operations::OPERATIONS
        .iter()
        .map(|route| (route.operation.method.to_string(), format!("/v1{}", route.operation.path)))
        .collect();
    for path in
        ["reset", "settings", "clock", "clock/advance", "sources/{connectionId}", "health", "overview", "timeline"]
    {
        // A reset would delete the items that the other requests use.
        for method in ["GET", "POST", "PATCH", "PUT"].iter().filter(|method| path != "reset" || **method == "PATCH") {
            paths.push(((*method).into(), format!("/_emulator/{path}")));
        }
    }
    paths
}

/// Changes, removes or inserts up to three bytes. A body never becomes empty.
fn mutate(body: &mut Vec<u8>, pick: &mut impl FnMut(usize) -> usize) {
    for _ in 0..pick(4) {
        let at = pick(body.len());
        match pick(3) {
            0 => body[at] = pick(256) as u8,
            1 => drop(body.remove(at)),
            _ => body.insert(at, b"{}[]\",:0-.e\\"[pick(12)]),
        }
        if body.is_empty() {
            body.push(b'0');
        }
    }
}

#[test]
fn mutated_requests_never_answer_500() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off", "pace": "fast"}));
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let bodies = valid_bodies(&connection, &mirror);
    let paths = all_paths();
    let mut pick = random(1);
    for n in 0..10_000 {
        let (method, path) = &paths[pick(paths.len())];
        let item = mirror.rsplit('/').next().unwrap();
        let mut path = path
            .replace("{workspaceId}", workspace.rsplit('/').next().unwrap())
            .replace("{connectionId}", &connection)
            .replace("{itemId}", item)
            .replace("{mirroredDatabaseId}", item);
        if pick(3) == 0 {
            path += [
                "?continuationToken=LDE%3D",
                "?rootFolderId=x",
                "?type=MirroredDatabase",
                "?%ff=%",
                "?updateMetadata=True&recursive=no",
            ][pick(5)];
        }
        let mut body = bodies[pick(bodies.len())].clone();
        mutate(&mut body, &mut pick);
        let path = path.replace(['{', '}'], "");
        let reply = lab.send(method, &path, &[("content-type", "application/json")], body.clone());
        let status = reply.status.as_u16();
        assert!(
            status < 500 || status == 501,
            "request {n}: {method} {path} {:?}: {}",
            String::from_utf8_lossy(&body),
            reply.text()
        );
    }
    assert!(lab.emulator.default_tenant().replays());
}
