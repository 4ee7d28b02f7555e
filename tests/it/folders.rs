//! Folders: names, depth, moving and deleting them; items that are moved into them.

use serde_json::{Value, json};

use crate::lab::{Lab, open_mirror};

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
    lab.post(&folders, json!({"displayName": "x", "parentFolderId": "00000000-1111-4222-8333-444444444444"}))
        .refuses(404, "FolderNotFound");
    insta::assert_snapshot!("folder", lab.get(&format!("{folders}/{}", parent.as_str().unwrap())).is(200).whole());
    assert_eq!(lab.get(&folders).body()["value"].as_array().unwrap().len(), 10);
    assert_eq!(lab.get(&format!("{folders}?recursive=false")).body()["value"].as_array().unwrap().len(), 1);
    for n in 10..1000 {
        lab.settings(json!({"throttle": "off"}));
        lab.post(&folders, json!({"displayName": format!("f{n}")})).is(201);
    }
    lab.post(&folders, json!({"displayName": "too many"})).refuses(400, "TooManyFolders");
}

/// fabric-cicd names the root so.
#[test]
fn an_empty_id_is_the_root() {
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

/// A chain of folders, each in the one before; their ids.
fn chain(lab: &Lab, folders: &str, parent: &Value, names: &[&str]) -> Vec<Value> {
    let mut ids = vec![parent.clone()];
    for name in names {
        let body = json!({"displayName": name, "parentFolderId": ids.last()});
        ids.push(lab.post(folders, body).is(201).id().into());
    }
    ids.split_off(1)
}

#[test]
fn folders_are_renamed_moved_and_deleted() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off"}));
    let workspace = lab.workspace();
    let folders = format!("{workspace}/folders");
    let [a, b] = &chain(&lab, &folders, &json!(null), &["a", "b"])[..] else { panic!() };
    let path = |id: &Value| format!("{folders}/{}", id.as_str().unwrap());
    let move_to =
        |id: &Value, target: &Value| lab.post(&format!("{}/move", path(id)), json!({"targetFolderId": target}));

    insta::assert_snapshot!("folder_renamed", lab.patch(&path(b), json!({"displayName": "c"})).is(200).whole());
    lab.patch(&path(b), json!({"displayName": "C"})).is(200);
    lab.patch(&path(b), json!({})).refuses(400, "InvalidInput");
    lab.patch(&path(b), json!({"displayName": "a/b"})).refuses(400, "InvalidFolderDisplayName");
    let other = lab.post(&folders, json!({"displayName": "c"})).is(201).id().into();
    lab.patch(&path(&other), json!({"displayName": "A"})).refuses(409, "FolderDisplayNameAlreadyInUse");

    move_to(a, b).refuses(400, "InfiniteFolderHierarchyLoop");
    move_to(a, a).refuses(400, "InfiniteFolderHierarchyLoop");
    move_to(a, &json!("00000000-1111-4222-8333-444444444444")).refuses(404, "FolderNotFound");
    move_to(b, &json!(null)).refuses(409, "FolderDisplayNameAlreadyInUse");
    lab.call(&format!("{}/move", path(b))).refuses(409, "FolderDisplayNameAlreadyInUse");
    lab.delete(&path(&other)).is(200);
    let moved = move_to(b, &json!(null)).is(200).body();
    assert!(moved.get("parentFolderId").is_none(), "{moved}");

    let deep = chain(&lab, &folders, b, &["1", "2", "3", "4", "5", "6", "7", "8"]);
    move_to(a, &deep[7]).is(200);
    let short = chain(&lab, &folders, &json!(null), &["x", "y"]);
    move_to(&short[0], &deep[7]).refuses(400, "FolderDepthOutOfRange");
    move_to(&short[0], &deep[6]).is(200);
    assert_eq!(
        lab.get(&format!("{folders}?rootFolderId={}", b.as_str().unwrap())).body()["value"].as_array().unwrap().len(),
        11
    );

    lab.delete(&path(b)).refuses(400, "FolderNotEmpty");
    lab.delete(&path(&short[1])).is(200);
    lab.get(&path(&short[1])).refuses(404, "FolderNotFound");
    lab.delete(&path(&short[1])).refuses(404, "FolderNotFound");
}

#[test]
fn items_are_moved_with_what_came_along_and_not_without() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let folder = lab.post(&format!("{workspace}/folders"), json!({"displayName": "f"})).is(201).id();
    let mirrors: Vec<String> =
        ["a", "b", "c"].iter().map(|name| lab.mirror(&workspace, name, &open_mirror())).collect();
    let ids: Vec<&str> = mirrors.iter().map(|path| path.rsplit('/').next().unwrap()).collect();
    lab.pass(30.0);
    let endpoints = lab.get(&format!("{workspace}/sqlEndpoints")).body();
    let endpoint = endpoints["value"][0]["id"].as_str().unwrap();
    let within = |folder: &str| {
        lab.get(&format!("{workspace}/items?rootFolderId={folder}")).body()["value"].as_array().unwrap().len()
    };

    insta::assert_snapshot!(
        "item_moved",
        lab.post(&format!("{workspace}/items/{}/move", ids[0]), json!({"targetFolderId": folder})).is(200).text()
    );
    assert_eq!(within(&folder), 2);
    lab.post(&format!("{workspace}/items/{endpoint}/move"), json!({})).refuses(400, "CannotMoveChildOnly");
    lab.call(&format!("{workspace}/items/{}/move", ids[0])).is(200);
    assert_eq!(within(&folder), 0);

    let bulk = |items: Value| {
        lab.post(&format!("{workspace}/items/bulkMove"), json!({"targetFolderId": folder, "items": items}))
    };
    bulk(json!([ids[1], endpoint])).refuses(400, "CannotMoveChildOnly");
    bulk(json!([ids[1], "00000000-1111-4222-8333-444444444444"])).refuses(404, "EntityNotFound");
    bulk(json!([])).refuses(400, "InvalidInput");
    bulk(json!(vec![ids[1]; 51])).refuses(400, "InvalidInput");
    assert_eq!(within(&folder), 0, "all are moved, or none");
    assert_eq!(bulk(json!([ids[0], ids[1], endpoint])).is(200).body()["value"].as_array().unwrap().len(), 3);
    assert_eq!(within(&folder), 4);
    lab.delete(&format!("{workspace}/folders/{folder}")).refuses(400, "FolderNotEmpty");
    lab.post(
        &format!("{workspace}/items/{}/move", ids[2]),
        json!({"targetFolderId": "00000000-1111-4222-8333-444444444444"}),
    )
    .refuses(404, "FolderNotFound");
}
