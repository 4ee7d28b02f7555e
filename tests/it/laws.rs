//! Laws of replication and of the store, for any history.

use proptest::prelude::*;
use serde_json::{Value, json};
use specularite::fabric::{Dated, State, fact};

use crate::lab::{Lab, definition, open_mirror, sql_mirror};

/// What can be done to the lab's mirror, and how long to wait before it.
#[derive(Debug, Clone)]
enum Deed {
    Start,
    Stop,
    Define(Option<Vec<&'static str>>),
    Pace(&'static str),
    PauseAndResume,
}

fn deeds() -> impl Strategy<Value = Vec<(f64, Deed)>> {
    let tables = prop::option::of(prop::sample::subsequence(vec!["Orders", "Customers", "Extra"], 0..=3));
    let deed = prop_oneof![
        4 => Just(Deed::Start),
        3 => Just(Deed::Stop),
        2 => tables.prop_map(Deed::Define),
        1 => Just(Deed::PauseAndResume),
        1 => prop::sample::select(vec!["fast", "realistic", "instant"]).prop_map(Deed::Pace),
    ];
    prop::collection::vec((prop_oneof![0.0..1.0, 0.0..40.0, 0.0..1000.0], deed), 1..12)
}

struct Mirror {
    lab: Lab,
    path: String,
    connection: String,
}

impl Mirror {
    fn new() -> Self {
        let lab = Lab::new();
        lab.settings(json!({"throttle": "off"}));
        let (workspace, connection) = (lab.workspace(), lab.connection());
        let path = lab.mirror(&workspace, "m", &sql_mirror(&connection, None));
        Self { lab, path, connection }
    }

    fn run(&self, deeds: &[(f64, Deed)]) {
        for (wait, deed) in deeds {
            self.lab.pass(*wait);
            self.act(deed);
        }
    }

    fn act(&self, deed: &Deed) {
        match deed {
            Deed::Start => drop(self.lab.call(&format!("{}/startMirroring", self.path))),
            Deed::Stop => drop(self.lab.call(&format!("{}/stopMirroring", self.path))),
            Deed::PauseAndResume => {
                self.lab.capacity("Inactive");
                self.lab.capacity("Active");
            }
            Deed::Pace(pace) => self.lab.settings(json!({"pace": pace})),
            Deed::Define(tables) => {
                let mirroring = sql_mirror(&self.connection, tables.as_deref());
                let body = json!({"definition": definition(&mirroring.to_string())});
                self.lab.post(&format!("{}/updateDefinition", self.path), body).is(200);
            }
        }
    }

    /// All that can be seen of it now.
    fn seen(&self) -> (String, Vec<Value>) {
        (self.lab.status(&self.path), self.lab.tables(&self.path))
    }

    /// The same without the figures.
    fn statuses(&self) -> (String, Vec<(Value, Value)>) {
        let (status, tables) = self.seen();
        (status, tables.into_iter().map(|table| (table["sourceTableName"].clone(), table["status"].clone())).collect())
    }
}

/// What others do between two pages of a walk: to the n-th thing that is there.
#[derive(Debug, Clone)]
enum Meanwhile {
    Create,
    Delete(usize),
    Move(usize),
    Rename(usize),
}

fn meanwhile() -> impl Strategy<Value = Vec<Vec<Meanwhile>>> {
    let deed = prop_oneof![
        Just(Meanwhile::Create),
        (0_usize..100).prop_map(Meanwhile::Delete),
        (0_usize..100).prop_map(Meanwhile::Move),
        (0_usize..100).prop_map(Meanwhile::Rename),
    ];
    prop::collection::vec(prop::collection::vec(deed, 0..4), 0..12)
}

/// A list whose things can be made, deleted, moved and renamed, all by their ids.
struct Listed<'a> {
    lab: &'a Lab,
    list: String,
    target: String,
    made: usize,
    there: Vec<String>,
}

impl Listed<'_> {
    fn act(&mut self, deed: &Meanwhile) {
        let path = |n: &usize| self.there.get(n % self.there.len().max(1)).map(|id| format!("{}/{id}", self.list));
        let folders = self.list.ends_with("folders");
        match deed {
            Meanwhile::Create => {
                self.made += 1;
                let mut body = json!({"displayName": format!("n{}", self.made)});
                if !folders {
                    body["definition"] = definition(&open_mirror().to_string());
                }
                self.there.push(self.lab.post(&self.list, body).is(201).id());
            }
            Meanwhile::Delete(n) => {
                if let Some(path) = path(n) {
                    self.lab.delete(&path).is(200);
                    self.there.remove(n % self.there.len());
                }
            }
            Meanwhile::Move(n) => {
                if let Some(path) = path(n) {
                    let path = path.replace("mirroredDatabases", "items");
                    self.lab.post(&format!("{path}/move"), json!({"targetFolderId": self.target})).is(200);
                }
            }
            Meanwhile::Rename(n) => {
                self.made += 1;
                if let Some(path) = path(n) {
                    self.lab.patch(&path, json!({"displayName": format!("n{}", self.made)})).is(200);
                }
            }
        }
    }

    /// Walks the list to its end, and does something after each page: what was seen, in order.
    fn walk(&mut self, meanwhile: &[Vec<Meanwhile>]) -> Vec<String> {
        let (mut seen, mut query) = (Vec::new(), String::new());
        for deeds in meanwhile.iter().map(Vec::as_slice).chain(std::iter::repeat(&[][..])) {
            let body = self.lab.get(&format!("{}{query}", self.list)).is(200).body();
            seen.extend(body["value"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()));
            let Some(token) = body["continuationToken"].as_str() else { break };
            query = format!("?continuationToken={token}");
            deeds.iter().for_each(|deed| self.act(deed));
        }
        seen
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_step_or_many_give_the_same_answer(deeds in deeds(), steps in prop::collection::vec(0.01_f64..5000.0, 1..40)) {
        let (one, many) = (Mirror::new(), Mirror::new());
        one.run(&deeds);
        many.run(&deeds);
        let start = many.lab.emulator.default_tenant().clock().now();
        for step in &steps {
            many.lab.pass(*step);
            many.seen();
        }
        let end = many.lab.emulator.default_tenant().clock().now();
        one.lab.emulator.default_tenant().clock().advance_to(end);
        prop_assert!(end > start);
        prop_assert_eq!(one.seen(), many.seen());
    }

    #[test]
    fn nothing_changes_before_the_announced_change(deeds in deeds()) {
        let mirror = Mirror::new();
        mirror.run(&deeds);
        for _ in 0..20 {
            let before = mirror.statuses();
            let tenant = mirror.lab.emulator.default_tenant();
            let now = tenant.clock().now();
            let planned = tenant.read(|state| specularite::fabric::planned::after(state, now));
            let Some(next) = planned.first().map(|change| change.at) else {
                mirror.lab.pass(1e6);
                prop_assert_eq!(mirror.statuses(), before);
                break;
            };
            tenant.clock().advance_to(next - jiff::SignedDuration::from_nanos(1));
            prop_assert_eq!(mirror.statuses(), before.clone());
            tenant.clock().advance_to(next);
            let visible = planned.iter().any(|change| change.at == next && matches!(change.change, specularite::fabric::planned::Change::Visible));
            prop_assert!(visible || mirror.statuses() != before, "announced, and nothing changed");
        }
    }

    #[test]
    fn figures_only_grow(seconds in prop::collection::vec(0.01_f64..100_000.0, 1..60)) {
        let mirror = Mirror::new();
        mirror.lab.pass(20.0);
        mirror.act(&Deed::Start);
        let figures = |table: &Value| {
            let metrics = &table["metrics"];
            (metrics["processedRows"].as_i64().unwrap_or(0), metrics["processedBytes"].as_i64().unwrap_or(0), metrics["lastSyncDateTime"].as_str().unwrap_or("").to_owned())
        };
        let mut before: Vec<(i64, i64, String)> = Vec::new();
        for second in seconds {
            mirror.lab.pass(second);
            let now: Vec<_> = mirror.lab.tables(&mirror.path).iter().map(figures).collect();
            for (was, is) in before.iter().zip(&now) {
                prop_assert!(is.0 >= was.0 && is.1 >= was.1 && is.2 >= was.2, "{was:?} {is:?}");
                prop_assert!((is.0 == was.0) || is.2 > was.2, "more rows without a sync: {was:?} {is:?}");
            }
            before = now;
        }
    }

    #[test]
    fn the_future_does_not_alter_the_past(deeds in deeds(), later in deeds()) {
        let mirror = Mirror::new();
        mirror.run(&deeds);
        let tenant = mirror.lab.emulator.default_tenant();
        let now = tenant.clock().now();
        let then = || tenant.read(|state| {
            let items = state.workspaces().values().flat_map(|workspace| workspace.items().values());
            let mirrors = items.filter_map(|item| item.mirroring.as_ref());
            mirrors.map(|mirroring| (mirroring.status_at(now), mirroring.tables_at(state, now))).collect::<Vec<_>>()
        });
        let before = then();
        mirror.lab.pass(0.001);
        mirror.run(&later);
        prop_assert_eq!(then(), before);
    }

    #[test]
    fn a_walk_through_a_list_ends_without_a_double_or_a_gap(
        folders in any::<bool>(), first in 0_usize..12, size in 1_u32..5, meanwhile in meanwhile()
    ) {
        let lab = Lab::new();
        lab.settings(json!({"throttle": "off", "pageSize": size}));
        let workspace = lab.workspace();
        let target = lab.post(&format!("{workspace}/folders"), json!({"displayName": "target"})).is(201).id();
        let list = format!("{workspace}/{}", if folders { "folders" } else { "mirroredDatabases" });
        let mut listed = Listed { lab: &lab, list, target: target.clone(), made: 0, there: Vec::new() };
        (0..first).for_each(|_| listed.act(&Meanwhile::Create));
        let before = listed.there.clone();
        let mut seen = listed.walk(&meanwhile);
        seen.retain(|id| *id != target);
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), seen.len(), "a double: {:?}", seen);
        for id in before.iter().filter(|id| listed.there.contains(id)) {
            prop_assert!(seen.contains(id), "a gap: {} in {:?}", id, seen);
        }
        prop_assert_eq!(listed.walk(&[]).len() - usize::from(folders), listed.there.len());
    }

    #[test]
    fn pauses_take_nothing_away_from_what_is_replicated(
        steps in prop::collection::vec((0_u8..4, 0.0_f64..300.0), 1..25)
    ) {
        let mirror = Mirror::new();
        mirror.lab.pass(20.0);
        mirror.act(&Deed::Start);
        mirror.lab.pass(3600.0);
        let figures = |lab: &Lab| -> Vec<u64> {
            lab.tables(&mirror.path).iter().map(|table| table["metrics"]["processedRows"].as_u64().unwrap()).collect()
        };
        let mut before = figures(&mirror.lab);
        for (deed, wait) in steps {
            let status = mirror.lab.status(&mirror.path);
            match deed {
                0 => mirror.act(&Deed::PauseAndResume),
                1 => mirror.act(&Deed::Start),
                2 => {
                    mirror.lab.capacity("Inactive");
                    mirror.lab.pass(wait);
                    mirror.lab.capacity("Active");
                    let stood = figures(&mirror.lab);
                    prop_assert!(status == "Running" || stood == before, "{status}: {before:?} {stood:?}");
                }
                _ => mirror.lab.pass(wait),
            }
            let now = figures(&mirror.lab);
            prop_assert!(before.iter().zip(&now).all(|(was, is)| is >= was), "{before:?} {now:?}");
            if mirror.lab.status(&mirror.path) == "Paused" {
                mirror.lab.pass(wait);
                prop_assert_eq!(&figures(&mirror.lab), &now, "figures move while Paused");
            }
            before = now;
        }
    }

    #[test]
    fn replaying_the_facts_gives_the_same_state(deeds in deeds()) {
        let mirror = Mirror::new();
        everything_else(&mirror.lab);
        mirror.run(&deeds);
        let tenant = mirror.lab.emulator.default_tenant();
        prop_assert!(tenant.replays());
        let facts = tenant.facts();
        let stored = serde_json::to_string(&facts).unwrap();
        let read: Vec<Dated> = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(&read, &facts);
        let replay = |facts: &[Dated]| {
            let mut state = State::new(specularite::seed::Seed::new(1), Default::default());
            facts.iter().for_each(|fact| state.apply(fact));
            state
        };
        prop_assert!(replay(&read) == replay(&facts));
        prop_assert_eq!(fact::FORMAT, 1);
    }
}

/// One of each kind of fact that the mirror's deeds do not come to.
fn everything_else(lab: &Lab) {
    let other = "00000000-0000-4000-8000-000000000011";
    let path = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", json!({"displayName": "else"})).is(201).id());
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    lab.post(&format!("{path}/assignToCapacity"), json!({"capacityId": capacity})).is(202);
    lab.patch(&path, json!({"description": "d"})).is(200);
    lab.give(&path, other, "Viewer");
    lab.patch(&format!("{path}/roleAssignments/{other}"), json!({"role": "Member"})).is(200);
    lab.delete(&format!("{path}/roleAssignments/{other}")).is(200);
    let folder = lab.post(&format!("{path}/folders"), json!({"displayName": "f"})).is(201).id();
    let empty =
        lab.post(&format!("{path}/folders"), json!({"displayName": "g", "parentFolderId": folder})).is(201).id();
    lab.patch(&format!("{path}/folders/{empty}"), json!({"displayName": "h"})).is(200);
    lab.call(&format!("{path}/folders/{empty}/move")).is(200);
    lab.delete(&format!("{path}/folders/{empty}")).is(200);
    lab.put("/_emulator/tags", json!({"value": [{"displayName": "t"}]})).is(200);
    let tag = lab.get("/v1/tags").body()["value"][0]["id"].clone();
    let sql = lab.sql_database(&path, "sql");
    let item = sql.replace("sqlDatabases", "items");
    lab.post(&format!("{item}/applyTags"), json!({"tags": [tag]})).is(200);
    lab.post(&format!("{item}/move"), json!({"targetFolderId": folder})).is(200);
    lab.call(&format!("{sql}/stopMirroring")).is(200);
    lab.call(&format!("{sql}/getDefinition")).is(202);
    lab.patch(&sql, json!({"description": "d"})).is(200);
    lab.sql_database(&path, "gone");
    lab.delete(&sql).is(200);
    let connection = lab.post("/v1/connections", crate::lab::sql_connection("else")).is(201).id();
    lab.delete(&format!("/v1/connections/{connection}")).is(200);
    let failing = json!({"displayName": "c", "definition": {"parts": [crate::lab::part("definition.json", "{")]}});
    lab.post(&format!("{path}/cosmosDbDatabases"), failing).is(202);
}

/// A small generator of its own: the requests are the same in every run.
fn random(n: u64) -> impl FnMut(usize) -> usize {
    let mut seed = specularite::seed::Seed::new(n);
    move |most| {
        seed = seed.fork("next");
        seed.between(0, most as u64 - 1) as usize
    }
}

#[test]
fn ten_thousand_requests_valid_and_mutated_cause_no_fault_of_ours() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off", "pace": "fast"}));
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let bodies: Vec<Vec<u8>> = [
        json!({"displayName": "a", "definition": definition(&sql_mirror(&connection, None).to_string())}),
        json!({"displayName": "b", "type": "MirroredDatabase", "definition": definition(&open_mirror().to_string())}),
        crate::lab::sql_connection("c"),
        json!({"definition": definition(&sql_mirror(&connection, Some(&["x"])).to_string())}),
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
    .collect();
    let mut paths: Vec<(String, String)> = specularite::http::operations::OPERATIONS
        .iter()
        .map(|route| (route.operation.method.to_string(), format!("/v1{}", route.operation.path)))
        .collect();
    for path in ["reset", "settings", "clock", "clock/advance", "sources/{connectionId}", "health"] {
        // A reset would only empty the table of what the other requests are about.
        for method in ["GET", "POST", "PATCH", "PUT"].iter().filter(|method| path != "reset" || **method == "PATCH") {
            paths.push(((*method).into(), format!("/_emulator/{path}")));
        }
    }
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
