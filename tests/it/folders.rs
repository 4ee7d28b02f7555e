//! Folders: names, depth, moves, deletion, and items that are moved into them.

use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, Reply, open_mirror};

#[test]
fn folders_nest_ten_deep_under_unique_names() {
    let lab = Lab::new();
    let folders = format!("{}/folders", lab.workspace());
    let mut parent = json!(null);
    for depth in 1..=10 {
        let body = json!({"displayName": depth.to_string(), "parentFolderId": parent});
        parent = lab.post(&folders, body).is(201).id().into();
    }
    lab.post(&folders, json!({"displayName": "11", "parentFolderId": parent})).refuses(400, "FolderDepthOutOfRange");
    lab.post(&folders, json!({"displayName": "1"})).refuses(409, "FolderDisplayNameAlreadyInUse");
    lab.post(&folders, json!({"displayName": "a/b"})).refuses(400, "InvalidFolderDisplayName");
    lab.post(&folders, json!({"displayName": "x", "parentFolderId": MISSING})).refuses(404, "FolderNotFound");
    insta::assert_snapshot!("folder", lab.get(&format!("{folders}/{}", parent.as_str().unwrap())).is(200).whole());
    assert_eq!(lab.get(&folders).body()["value"].as_array().unwrap().len(), 10);
    assert_eq!(lab.get(&format!("{folders}?recursive=false")).body()["value"].as_array().unwrap().len(), 1);
}

#[test]
fn folders_are_at_most_a_thousand_per_workspace() {
    let lab = Lab::unthrottled();
    let folders = format!("{}/folders", lab.workspace());
    for n in 0..1000 {
        lab.post(&folders, json!({"displayName": format!("f{n}")})).is(201);
    }
    lab.post(&folders, json!({"displayName": "too many"})).refuses(400, "TooManyFolders");
}

/// fabric-cicd sends an empty id for the root.
#[test]
fn empty_folder_id_means_the_root() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    lab.post(&format!("{workspace}/folders"), json!({"displayName": "f", "parentFolderId": ""})).is(201);
    let body = json!({"displayName": "l", "type": "Lakehouse", "folderId": ""});
    let made = lab.post(&format!("{workspace}/items"), body).is(201).body();
    assert!(made.get("folderId").is_none());
    lab.post(&format!("{workspace}/items/{}/move", made["id"].as_str().unwrap()), json!({"targetFolderId": ""}))
        .is(200);
    let nonsense = json!({"displayName": "m", "type": "Lakehouse", "folderId": "root"});
    lab.post(&format!("{workspace}/items"), nonsense).refuses(400, "InvalidInput");
}

/// Creates a chain of folders, each inside the one before; their ids.
fn chain(lab: &Lab, folders: &str, parent: &Value, names: &[&str]) -> Vec<Value> {
    let mut ids = vec![parent.clone()];
    for name in names {
        let body = json!({"displayName": name, "parentFolderId": ids.last()});
        ids.push(lab.post(folders, body).is(201).id().into());
    }
    ids.split_off(1)
}

/// A workspace with the folder `b` in the folder `a`.
struct Folders {
    lab: Lab,
    folders: String,
    a: Value,
    b: Value,
}

impl Folders {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let folders = format!("{}/folders", lab.workspace());
        let [a, b] = <[Value; 2]>::try_from(chain(&lab, &folders, &json!(null), &["a", "b"])).unwrap();
        Self { lab, folders, a, b }
    }

    fn path(&self, id: &Value) -> String {
        format!("{}/{}", self.folders, id.as_str().unwrap())
    }

    fn rename(&self, id: &Value, name: &str) -> Reply {
        self.lab.patch(&self.path(id), json!({"displayName": name}))
    }

    fn move_to(&self, id: &Value, target: &Value) -> Reply {
        self.lab.post(&format!("{}/move", self.path(id)), json!({"targetFolderId": target}))
    }

    fn create(&self, name: &str) -> Value {
        self.lab.post(&self.folders, json!({"displayName": name})).is(201).id().into()
    }
}

#[test]
fn folder_names_are_changed_and_validated() {
    let it = Folders::new();
    insta::assert_snapshot!("folder_renamed", it.rename(&it.b, "c").is(200).whole());
    it.rename(&it.b, "C").is(200);
    it.lab.patch(&it.path(&it.b), json!({})).refuses(400, "InvalidInput");
    it.rename(&it.b, "a/b").refuses(400, "InvalidFolderDisplayName");
    let other = it.create("c");
    it.rename(&other, "A").refuses(409, "FolderDisplayNameAlreadyInUse");
}

#[test]
fn folder_moves_reject_loops_conflicts_and_unknown_targets() {
    let it = Folders::new();
    let root = json!(null);
    it.move_to(&it.a, &it.b).refuses(400, "InfiniteFolderHierarchyLoop");
    it.move_to(&it.a, &it.a).refuses(400, "InfiniteFolderHierarchyLoop");
    it.move_to(&it.a, &json!(MISSING)).refuses(404, "FolderNotFound");
    let other = it.create("B");
    it.move_to(&it.b, &root).refuses(409, "FolderDisplayNameAlreadyInUse");
    it.lab.post_empty(&format!("{}/move", it.path(&it.b))).refuses(409, "FolderDisplayNameAlreadyInUse");
    it.lab.delete(&it.path(&other)).is(200);
    let moved = it.move_to(&it.b, &root).is(200).body();
    assert!(moved.get("parentFolderId").is_none(), "{moved}");
}

#[test]
fn folder_moves_respect_the_depth_of_the_moved_tree() {
    let it = Folders::new();
    it.move_to(&it.b, &json!(null)).is(200);
    let deep = chain(&it.lab, &it.folders, &it.b, &["1", "2", "3", "4", "5", "6", "7", "8"]);
    it.move_to(&it.a, &deep[7]).is(200);
    let short = chain(&it.lab, &it.folders, &json!(null), &["x", "y"]);
    it.move_to(&short[0], &deep[7]).refuses(400, "FolderDepthOutOfRange");
    it.move_to(&short[0], &deep[6]).is(200);
    let within = it.lab.get(&format!("{}?rootFolderId={}", it.folders, it.b.as_str().unwrap())).body();
    assert_eq!(within["value"].as_array().unwrap().len(), 11);
}

#[test]
fn folder_is_deleted_only_when_empty() {
    let it = Folders::new();
    it.lab.delete(&it.path(&it.a)).refuses(400, "FolderNotEmpty");
    it.lab.delete(&it.path(&it.b)).is(200);
    it.lab.get(&it.path(&it.b)).refuses(404, "FolderNotFound");
    it.lab.delete(&it.path(&it.b)).refuses(404, "FolderNotFound");
}

/// Three mirrored databases with their SQL endpoints, and an empty folder.
struct Mirrors {
    lab: Lab,
    workspace: String,
    folder: String,
    ids: Vec<String>,
    endpoint: String,
}

impl Mirrors {
    fn new() -> Self {
        let lab = Lab::new();
        let workspace = lab.workspace();
        let folder = lab.post(&format!("{workspace}/folders"), json!({"displayName": "f"})).is(201).id();
        let create = |name: &&str| lab.create(&workspace, name, &open_mirror()).is(201).id();
        let ids = ["a", "b", "c"].iter().map(create).collect();
        lab.advance(30.0);
        let endpoints = lab.get(&format!("{workspace}/sqlEndpoints")).body();
        let endpoint = endpoints["value"][0]["id"].as_str().unwrap().to_owned();
        Self { lab, workspace, folder, ids, endpoint }
    }

    fn move_item(&self, id: &str, body: Value) -> Reply {
        self.lab.post(&format!("{}/items/{id}/move", self.workspace), body)
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
    fn bulk_move(&self, items: Value) -> Reply {
        let body = json!({"targetFolderId": self.folder, "items": items});
        self.lab.post(&format!("{}/items/bulkMove", self.workspace), body)
    }

    /// The number of items in the folder.
    fn count(&self) -> usize {
        let items = self.lab.get(&format!("{}/items?rootFolderId={}", self.workspace, self.folder)).body();
        items["value"].as_array().unwrap().len()
    }
}

#[test]
fn item_is_moved_with_its_companions() {
    let it = Mirrors::new();
    let moved = it.move_item(&it.ids[0], json!({"targetFolderId": it.folder})).is(200);
    insta::assert_snapshot!("item_moved", moved.text());
    assert_eq!(it.count(), 2);
    it.move_item(&it.endpoint, json!({})).refuses(400, "CannotMoveChildOnly");
    it.lab.post_empty(&format!("{}/items/{}/move", it.workspace, it.ids[0])).is(200);
    assert_eq!(it.count(), 0);
    it.move_item(&it.ids[2], json!({"targetFolderId": MISSING})).refuses(404, "FolderNotFound");
}

#[test]
fn bulk_move_is_atomic() {
    let it = Mirrors::new();
    it.bulk_move(json!([it.ids[1], it.endpoint])).refuses(400, "CannotMoveChildOnly");
    it.bulk_move(json!([it.ids[1], MISSING])).refuses(404, "EntityNotFound");
    it.bulk_move(json!([])).refuses(400, "InvalidInput");
    it.bulk_move(json!(vec![&it.ids[1]; 51])).refuses(400, "InvalidInput");
    assert_eq!(it.count(), 0);
    let moved = it.bulk_move(json!([it.ids[0], it.ids[1], it.endpoint])).is(200).body();
    assert_eq!(moved["value"].as_array().unwrap().len(), 3);
    assert_eq!(it.count(), 4);
    it.lab.delete(&format!("{}/folders/{}", it.workspace, it.folder)).refuses(400, "FolderNotEmpty");
}
