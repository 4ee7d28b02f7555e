//! Indexes of a tenant: after every change they equal what a walk over all workspaces, items and operations finds.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{Lab, definition, open_mirror, part, sql_mirror};
use crate::laws::config;

/// The managed identity of a source.
const IDENTITY: &str = "00000000-0000-4000-8000-0000000000dd";
/// A table of a source has two changes in its index. With this many tables, the index does not list all of them.
const MANY_TABLES: usize = 100;

/// A change of the tenant. Numbers select one of the existing workspaces, connections or items.
#[derive(Debug, Clone)]
enum Action {
    CreateWorkspace,
    DeleteWorkspace(usize),
    CreateConnection,
    DeleteConnection(usize),
    CreateMirror(usize, usize),
    CreateOpenMirror(usize),
    CreateCatalog(usize, usize),
    CreateItem(usize, &'static str),
    Rename(usize),
    Delete(usize),
    Start(usize),
    Stop(usize),
    Define(usize, usize),
    GetDefinition(usize),
    Declare(usize, bool, bool),
    ItemTrouble(usize, &'static str, f64),
    SourceTrouble(usize, &'static str, f64),
    EndTrouble(usize),
    Role(usize, bool),
    Capacity(bool),
    Assign(usize),
    Pace(&'static str),
    Restore,
}

fn actions() -> impl Strategy<Value = Vec<(f64, Action)>> {
    let n = || 0_usize..6;
    let item_kinds = prop::sample::select(vec!["Lakehouse", "Warehouse", "SQLDatabase", "Notebook"]);
    let item_troubles = vec!["startFails", "stuck", "databaseError", "sqlEndpointLate", "catalogFails"];
    let source_troubles = vec!["tableFails", "tableError", "reseed", "noRows", "unreachable"];
    let action = prop_oneof![
        1 => Just(Action::CreateWorkspace),
        1 => n().prop_map(Action::DeleteWorkspace),
        1 => Just(Action::CreateConnection),
        1 => n().prop_map(Action::DeleteConnection),
        5 => (n(), n()).prop_map(|(within, connection)| Action::CreateMirror(within, connection)),
        1 => n().prop_map(Action::CreateOpenMirror),
        2 => (n(), n()).prop_map(|(within, connection)| Action::CreateCatalog(within, connection)),
        2 => (n(), item_kinds).prop_map(|(within, kind)| Action::CreateItem(within, kind)),
        1 => n().prop_map(Action::Rename),
        1 => n().prop_map(Action::Delete),
        6 => n().prop_map(Action::Start),
        3 => n().prop_map(Action::Stop),
        2 => (n(), n()).prop_map(|(item, connection)| Action::Define(item, connection)),
        1 => n().prop_map(Action::GetDefinition),
        2 => (n(), any::<bool>(), any::<bool>()).prop_map(|(n, many, identity)| Action::Declare(n, many, identity)),
        2 => (n(), prop::sample::select(item_troubles), 0.0..500.0).prop_map(|(n, kind, at)| Action::ItemTrouble(n, kind, at)),
        2 => (n(), prop::sample::select(source_troubles), 0.0..500.0).prop_map(|(n, kind, at)| Action::SourceTrouble(n, kind, at)),
        1 => n().prop_map(Action::EndTrouble),
        1 => (n(), any::<bool>()).prop_map(|(n, gives)| Action::Role(n, gives)),
        2 => any::<bool>().prop_map(Action::Capacity),
        1 => n().prop_map(Action::Assign),
        1 => prop::sample::select(vec!["fast", "realistic", "instant"]).prop_map(Action::Pace),
        1 => Just(Action::Restore),
    ];
    prop::collection::vec((prop_oneof![Just(0.0), 0.0..3.0, 0.0..300.0], action), 1..30)
}

/// A tenant with the paths of its workspaces and items, and the ids of its connections.
struct World {
    lab: Lab,
    capacity: String,
    workspaces: Vec<String>,
    connections: Vec<String>,
    items: Vec<String>,
    names: usize,
}

impl World {
    fn new() -> Self {
        let lab = Lab::new();
        lab.settings(json!({"throttle": "off"}));
        let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].as_str().unwrap().to_owned();
        let (workspaces, connections) = (vec![lab.workspace()], vec![lab.connection()]);
        Self { lab, capacity, workspaces, connections, items: Vec::new(), names: 0 }
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("n{}", self.names)
    }

    /// Creates an item, and keeps its path if it is created at once.
    fn create(&mut self, within: usize, collection: &str, mut body: Value) {
        let Some(workspace) = pick(&self.workspaces, within) else { return };
        body["displayName"] = self.name().into();
        let made = self.lab.post(&format!("{workspace}/{collection}"), body);
        if made.status == 201 {
            self.items.push(format!("{workspace}/{collection}/{}", made.id()));
        }
    }

    fn act(&mut self, action: &Action) {
        let name = self.name();
        let item = |n: usize| pick(&self.items, n);
        let of_item = |n: usize, rest: &str| item(n).map(|path| format!("{path}{rest}"));
        let lab = Lab::of(Arc::clone(&self.lab.emulator));
        match action {
            Action::CreateWorkspace => {
                let body = json!({"displayName": name, "capacityId": self.capacity});
                let made = lab.post("/v1/workspaces", body);
                if made.status == 201 {
                    self.workspaces.push(format!("/v1/workspaces/{}", made.id()));
                }
            }
            Action::DeleteWorkspace(n) => {
                let Some(path) = pick(&self.workspaces, *n).filter(|_| self.workspaces.len() > 1) else { return };
                lab.delete(&path).is(200);
                self.workspaces.retain(|workspace| *workspace != path);
                self.items.retain(|item| !item.starts_with(&path));
            }
            Action::CreateConnection => {
                let made = lab.post("/v1/connections", crate::harness::sql_connection(&name)).is(201);
                self.connections.push(made.id());
            }
            Action::DeleteConnection(n) => {
                let Some(id) = pick(&self.connections, *n).filter(|_| self.connections.len() > 1) else { return };
                lab.delete(&format!("/v1/connections/{id}")).is(200);
                self.connections.retain(|connection| *connection != id);
            }
            Action::CreateMirror(within, n) => {
                let Some(connection) = pick(&self.connections, *n) else { return };
                let mirroring = sql_mirror(&connection, None).to_string();
                self.create(*within, "mirroredDatabases", json!({"definition": definition(&mirroring)}));
            }
            Action::CreateOpenMirror(within) => {
                let mirroring = open_mirror().to_string();
                self.create(*within, "mirroredDatabases", json!({"definition": definition(&mirroring)}));
            }
            Action::CreateCatalog(within, n) => {
                let Some(connection) = pick(&self.connections, *n) else { return };
                let typed = json!({"connectionId": connection, "scope": []});
                let source = json!({"type": "DremioIcebergCatalog", "typeProperties": typed});
                let document = json!({"$schema": "s", "properties": {"source": source}});
                let parts = [part("MirroredCatalogDefinition.json", &document.to_string())];
                self.create(*within, "mirroredCatalogs", json!({"definition": {"parts": parts}}));
            }
            Action::CreateItem(within, kind) => self.create(*within, "items", json!({"type": kind})),
            Action::Rename(n) => {
                let Some(path) = item(*n) else { return };
                drop(lab.patch(&path, json!({"displayName": name})));
            }
            Action::Delete(n) => {
                let Some(path) = item(*n) else { return };
                if lab.delete(&path).status == 200 {
                    self.items.retain(|item| *item != path);
                }
            }
            Action::Start(n) => of_item(*n, "/startMirroring").iter().for_each(|path| drop(lab.post_empty(path))),
            Action::Stop(n) => of_item(*n, "/stopMirroring").iter().for_each(|path| drop(lab.post_empty(path))),
            Action::GetDefinition(n) => {
                of_item(*n, "/getDefinition").iter().for_each(|path| drop(lab.post_empty(path)));
            }
            Action::Define(n, connection) => {
                let (Some(path), Some(connection)) =
                    (of_item(*n, "/updateDefinition"), pick(&self.connections, *connection))
                else {
                    return;
                };
                let mirroring = sql_mirror(&connection, Some(&["Orders", "Extra"])).to_string();
                drop(lab.post(&path, json!({"definition": definition(&mirroring)})));
            }
            Action::Declare(n, many, identity) => self.declare(*n, *many, *identity),
            Action::ItemTrouble(n, kind, at) => {
                let target = item(*n).map(|path| json!({"item": path.rsplit('/').next()}));
                target.into_iter().for_each(|target| plan(&lab, &target, kind, *at));
            }
            Action::SourceTrouble(n, kind, at) => {
                let target = pick(&self.connections, *n).map(|id| json!({"source": id}));
                target.into_iter().for_each(|target| plan(&lab, &target, kind, *at));
            }
            Action::EndTrouble(n) => {
                let list = lab.get("/_emulator/trouble").is(200).body()["value"].as_array().unwrap().clone();
                if let Some(id) = list.get(n % list.len().max(1)).and_then(|trouble| trouble["id"].as_str()) {
                    lab.delete(&format!("/_emulator/trouble/{id}")).is(200);
                }
            }
            Action::Role(n, gives) => {
                let Some(workspace) = pick(&self.workspaces, *n) else { return };
                let roles = format!("{workspace}/roleAssignments");
                let principal = json!({"id": IDENTITY, "type": "ServicePrincipal"});
                drop(match gives {
                    true => lab.post(&roles, json!({"principal": principal, "role": "Contributor"})),
                    false => lab.delete(&format!("{roles}/{IDENTITY}")),
                });
            }
            Action::Capacity(is_active) => lab.set_capacity(if *is_active { "Active" } else { "Inactive" }),
            Action::Assign(n) => {
                let Some(workspace) = pick(&self.workspaces, *n) else { return };
                drop(lab.post(&format!("{workspace}/assignToCapacity"), json!({"capacityId": self.capacity})));
            }
            Action::Pace(pace) => lab.settings(json!({"pace": pace})),
            Action::Restore => {
                let taken = lab.get("/_emulator/snapshot").is(200).body();
                lab.put("/_emulator/snapshot", taken).is(200);
            }
        }
    }

    fn declare(&self, n: usize, many: bool, identity: bool) {
        let Some(connection) = pick(&self.connections, n) else { return };
        let count = if many { MANY_TABLES } else { 2 };
        let table = |n| json!({"schemaName": "dbo", "tableName": format!("t{n}"), "rows": 1_000 + 777 * n});
        let mut source = json!({"tables": (0..count).map(table).collect::<Vec<_>>(), "snapshotRowsPerSecond": 1_000});
        if identity {
            source["identity"] = json!({"principalId": IDENTITY});
        }
        self.lab.put(&format!("/_emulator/sources/{connection}"), source).is(200);
    }
}

fn pick(known: &[String], n: usize) -> Option<String> {
    known.get(n % known.len().max(1)).cloned()
}

/// Plans trouble after some seconds. Some combinations are rejected.
fn plan(lab: &Lab, target: &Value, kind: &str, after: f64) {
    let mut body = json!({"target": target, "kind": kind});
    if kind != "sqlEndpointLate" && kind != "catalogFails" {
        body["starts"] = json!({"after": after});
    }
    if kind != "reseed" {
        body["ends"] = json!({"after": 100.0});
    }
    drop(lab.post("/_emulator/trouble", body));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn indexes_equal_a_walk_after_every_change(actions in actions()) {
        let mut world = World::new();
        for (wait, action) in &actions {
            world.lab.advance(*wait);
            world.act(action);
            let tenant = world.lab.emulator.default_tenant();
            prop_assert!(tenant.is_indexed(), "after {action:?}");
        }
        let tenant = world.lab.emulator.default_tenant();
        prop_assert!(tenant.replays());
        while let Some(next) = tenant.read_upcoming(|upcoming| upcoming.after(tenant.clock().now()).nth(10)) {
            tenant.clock().advance_to(next.at).unwrap();
            prop_assert!(tenant.is_indexed(), "at {}", next.at);
        }
    }
}
