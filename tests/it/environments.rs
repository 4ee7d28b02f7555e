//! Environments: staged and published compute and libraries, and their publishing.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, Reply};

const YML: &str = "name: env\ndependencies:\n  - numpy=1.26.4\n  - pip:\n      - fuzzywuzzy==0.0.1\n";

struct Environment {
    lab: Lab,
    workspace: String,
    path: String,
}

impl Environment {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let workspace = lab.workspace();
        let id = lab.post(&format!("{workspace}/environments"), json!({"displayName": "e"})).is(201).id();
        Self { path: format!("{workspace}/environments/{id}"), lab, workspace }
    }

    fn get(&self, path: &str) -> Reply {
        self.lab.get(&format!("{}/{path}", self.path))
    }

    fn stage(&self, change: Value) -> Reply {
        self.lab.patch(&format!("{}/staging/sparkcompute", self.path), change)
    }

    fn upload(&self, name: &str, content: &[u8]) -> Reply {
        let path = format!("{}/staging/libraries/{name}", self.path);
        self.lab.send("POST", &path, &[("content-type", "application/octet-stream")], content)
    }

    fn import(&self, yml: &str) -> Reply {
        self.upload("importExternalLibraries", yml.as_bytes())
    }

    fn delete(&self, path: &str) -> Reply {
        self.lab.delete(&format!("{}/{path}", self.path))
    }

    fn publish(&self) -> Value {
        self.lab.post_empty(&format!("{}/staging/publish", self.path)).is(200).body()["publishDetails"].clone()
    }

    fn cancel(&self) -> Reply {
        self.lab.post_empty(&format!("{}/staging/cancelPublish", self.path))
    }

    fn state(&self) -> Value {
        self.get("").is(200).body()["properties"]["publishDetails"]["state"].clone()
    }

    fn names(&self, path: &str) -> Vec<String> {
        let libraries = self.get(&format!("{path}?beta=false")).is(200).body()["libraries"].clone();
        libraries.as_array().unwrap().iter().map(|library| library["name"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn compute_of_new_environment_is_that_of_the_service() {
    let it = Environment::new();
    let expected = json!({
        "instancePool": {"name": "Starter Pool", "type": "Workspace", "id": "00000000-0000-0000-0000-000000000000"},
        "driverCores": 8, "driverMemory": "56g", "executorCores": 8, "executorMemory": "56g",
        "dynamicExecutorAllocation": {"enabled": true, "minExecutors": 1, "maxExecutors": 9},
        "sparkProperties": {}, "runtimeVersion": "1.3",
    });
    assert_eq!(it.get("staging/sparkcompute").is(200).body(), expected);
    assert_eq!(it.get("sparkcompute?beta=true").is(200).body(), expected);
    assert_eq!(it.get("sparkcompute?beta=false").is(200).body()["sparkProperties"], json!([]));
}

#[test]
fn staged_compute_is_published() {
    let it = Environment::new();
    let before = it.get("sparkcompute").body();
    // The service accepts a number as the version.
    let change = json!({"driverCores": 4, "driverMemory": "28g", "runtimeVersion": 1.2,
        "sparkProperties": {"spark.a": "x", "spark.b": 1}});
    let staged = it.stage(change).is(200).body();
    assert_eq!((&staged["driverCores"], &staged["runtimeVersion"]), (&json!(4), &json!("1.2")));
    assert_eq!(staged["sparkProperties"], json!({"spark.a": "x", "spark.b": "1"}));
    assert_eq!(it.get("sparkcompute").body(), before, "nothing is published yet");
    let first = it.get("").body()["properties"]["publishDetails"]["targetVersion"].clone();
    let details = it.publish();
    assert_eq!(details["state"], "Success");
    assert_ne!(details["targetVersion"], first);
    assert_eq!(it.get("sparkcompute").body(), staged);
    assert_eq!(it.get("staging/sparkcompute").body(), staged, "staging still shows what is published");
    it.stage(json!({"sparkProperties": {"spark.b": null}})).is(200);
    assert_eq!(it.get("sparkcompute").body(), staged);
    it.publish();
    it.publish();
    assert_eq!(it.get("sparkcompute").body()["sparkProperties"], json!({"spark.a": "x"}));
}

#[test]
fn spark_properties_of_the_release_version_are_a_list() {
    let it = Environment::new();
    let path = format!("{}/staging/sparkcompute?beta=false", it.path);
    let list = json!({"sparkProperties": [{"key": "spark.a", "value": "x"}, {"key": "spark.b", "value": "y"}]});
    assert_eq!(it.lab.patch(&path, list.clone()).is(200).body()["sparkProperties"], list["sparkProperties"]);
    let removed = it.lab.patch(&path, json!({"sparkProperties": [{"key": "spark.a"}]})).is(200).body();
    assert_eq!(removed["sparkProperties"], json!([{"key": "spark.b", "value": "y"}]));
    it.lab.patch(&path, json!({"sparkProperties": {"spark.a": "x"}})).refuses(400, "InvalidInput");
    let live = it.lab.patch(&path, json!({"customLivePoolSupport": "Enabled"})).is(200);
    assert_eq!(live.header("x-emulator-note"), Some("inert=customLivePoolSupport"));
}

#[test]
fn staged_compute_is_validated() {
    let it = Environment::new();
    let before = it.get("staging/sparkcompute").body();
    let executors = |min: u32, max: u32| json!({"dynamicExecutorAllocation": {"enabled": true, "minExecutors": min, "maxExecutors": max}});
    let many: serde_json::Map<String, Value> = (0..501).map(|n| (format!("spark.p{n}"), json!("x"))).collect();
    for change in [
        json!({"driverCores": 7}),
        json!({"executorCores": 0}),
        json!({"driverMemory": "1g"}),
        json!({"executorMemory": ""}),
        json!({"runtimeVersion": "new"}),
        json!({"runtimeVersion": ["1.3"]}),
        executors(0, 3),
        executors(3, 2),
        executors(1, 10),
        json!({"instancePool": {"name": "missing", "type": "Workspace"}}),
        json!({"sparkProperties": {"": "x"}}),
        json!({"sparkProperties": {"spark.a": "x".repeat(2_049)}}),
        json!({"sparkProperties": {"spark.a": []}}),
        json!({"sparkProperties": many}),
    ] {
        it.stage(change).refuses(400, "InvalidInput");
    }
    assert_eq!(it.get("staging/sparkcompute").body(), before);
    let pool = json!({"name": "p", "nodeFamily": "MemoryOptimized", "nodeSize": "Small",
        "autoScale": {"enabled": true, "minNodeCount": 1, "maxNodeCount": 20},
        "dynamicExecutorAllocation": {"enabled": false, "minExecutors": 1, "maxExecutors": 1}});
    let pool = it.lab.post(&format!("{}/spark/pools", it.workspace), pool).is(201).id();
    let mut change = executors(1, 19);
    change["instancePool"] = json!({"name": "p", "type": "Workspace"});
    assert_eq!(it.stage(change).is(200).body()["instancePool"]["id"], json!(pool));
}

#[test]
fn libraries_are_published_after_a_while() {
    let it = Environment::new();
    it.get("staging/libraries").refuses(404, "EnvironmentLibrariesNotFound");
    it.get("libraries").refuses(404, "EnvironmentLibrariesNotFound");
    assert_eq!(it.get("libraries?beta=false").is(200).body(), json!({"libraries": []}));
    for name in ["a.whl", "b.py", "c.jar", "d.tar.gz", "a.whl"] {
        it.upload(name, b"x").is(200);
    }
    it.import(YML).is(200);
    let custom =
        json!({"wheelFiles": ["a.whl"], "pyFiles": ["b.py"], "jarFiles": ["c.jar"], "rTarFiles": ["d.tar.gz"]});
    let staged = it.get("staging/libraries").is(200).body();
    assert_eq!(staged, json!({"customLibraries": custom, "environmentYml": YML}));
    let all = ["a.whl", "b.py", "c.jar", "d.tar.gz", "numpy", "fuzzywuzzy"];
    assert_eq!(it.names("staging/libraries"), all);
    let details = it.publish();
    assert_eq!((&details["state"], details.get("endTime")), (&json!("Running"), None));
    assert_eq!(it.publish(), details, "the publishing is in progress");
    assert_eq!(it.names("libraries"), [""; 0]);
    it.lab.advance(180.0);
    assert_eq!(it.state(), "Success");
    assert_eq!(it.names("libraries"), all);
    let exported = it.get("libraries/exportExternalLibraries").is(200);
    assert_eq!((exported.text().as_str(), exported.header("content-type")), (YML, Some("application/octet-stream")));
    let pages = it.get("libraries?beta=false").body();
    assert_eq!(pages["libraries"][4], json!({"libraryType": "External", "name": "numpy", "version": "1.26.4"}));
    assert_eq!(pages["libraries"][0], json!({"libraryType": "Custom", "name": "a.whl"}));
    assert_eq!(it.publish()["state"], "Success", "nothing is left to install");
}

#[test]
fn publishing_of_libraries_can_be_cancelled() {
    let it = Environment::new();
    it.cancel().refuses(400, "OperationNotAllowedInCurrentStatus");
    it.upload("a.py", b"x").is(200);
    it.publish();
    assert_eq!(it.cancel().is(200).body()["publishDetails"]["state"], "Cancelled");
    it.cancel().refuses(400, "OperationNotAllowedInCurrentStatus");
    it.lab.advance(1_000.0);
    assert_eq!((it.state(), it.names("libraries")), (json!("Cancelled"), Vec::new()));
    assert_eq!(it.names("staging/libraries"), ["a.py"]);
    it.upload("b.py", b"x").is(200);
    it.publish();
    it.lab.advance(1_000.0);
    assert_eq!((it.state(), it.names("libraries")), (json!("Success"), vec!["a.py".into(), "b.py".into()]));
}

#[test]
fn libraries_are_uploaded_as_parts_too() {
    let it = Environment::new();
    let path = format!("{}/staging/libraries", it.path);
    let upload = |part: &str| {
        let body = format!("--x\r\nContent-Disposition: form-data; name=\"file\"; {part}\r\n\r\ncontent\r\n--x--\r\n");
        it.lab.send("POST", &path, &[("content-type", "multipart/form-data; boundary=x")], body)
    };
    upload("filename=\"a.jar\"").is(200);
    upload("filename=\"environment.yml\"").is(200);
    upload("filename=\"a.exe\"").refuses(400, "InvalidInput");
    upload("").refuses(400, "InvalidInput");
    it.lab.send("POST", &path, &[("content-type", "application/json")], "{}").refuses(415, "UnsupportedMediaType");
    let staged = it.get("staging/libraries").is(200).body();
    assert_eq!(
        (&staged["customLibraries"]["jarFiles"], &staged["environmentYml"]),
        (&json!(["a.jar"]), &json!("content"))
    );
    it.delete("staging/libraries").refuses(400, "InvalidInput");
    it.delete("staging/libraries?libraryToDelete=b.jar").refuses(400, "InvalidInput");
    it.delete("staging/libraries?libraryToDelete=a.jar").is(200);
    it.delete("staging/libraries?libraryToDelete=environment.yml").is(200);
    it.get("staging/libraries").refuses(404, "EnvironmentLibrariesNotFound");
}

#[test]
fn libraries_are_validated_and_removed() {
    let it = Environment::new();
    it.get("staging/libraries/exportExternalLibraries").refuses(404, "EnvironmentLibrariesNotFound");
    for (name, content) in [("a.exe", "x"), ("a.py", ""), ("a%2Fb.py", "x"), (&format!("{}.py", "a".repeat(253)), "x")]
    {
        it.upload(name, content.as_bytes()).refuses(400, "InvalidInput");
    }
    it.import("").refuses(400, "InvalidInput");
    it.import(&"x".repeat((64 << 10) + 1)).refuses(400, "InvalidInput");
    it.upload("importExternalLibraries", b"\xff").refuses(400, "InvalidInput");
    assert_eq!(it.names("staging/libraries"), [""; 0]);
    it.import(YML).is(200);
    it.upload("a%20b.py", b"x").is(200);
    let remove = |body: Value| it.lab.post(&format!("{}/staging/libraries/removeExternalLibrary", it.path), body);
    remove(json!({"name": "numpy"})).refuses(400, "InvalidInput");
    remove(json!({"name": "numpy", "version": "2"})).refuses(400, "InvalidInput");
    remove(json!({"name": "numpy", "version": "1.26.4"})).is(200);
    assert_eq!(it.get("staging/libraries/exportExternalLibraries").text(), YML.replace("  - numpy=1.26.4\n", ""));
    it.delete("staging/libraries/a%20b.py").is(200);
    it.delete("staging/libraries/a%20b.py").refuses(400, "InvalidInput");
    assert_eq!(it.names("staging/libraries"), ["fuzzywuzzy"]);
}

#[test]
fn custom_libraries_are_limited() {
    let it = Environment::new();
    for n in 0..200 {
        it.upload(&format!("l{n}.py"), b"x").is(200);
    }
    it.upload("one-more.py", b"x").refuses(400, "InvalidInput");
    it.upload("l0.py", b"y").is(200);
}

#[test]
fn environments_are_read_by_viewers_and_staged_by_contributors() {
    let it = Environment::new();
    it.lab.add_principals(&[(ALICE, "User")]);
    let alice = it.lab.user(ALICE);
    for (role, status) in [("Viewer", 403), ("Contributor", 200)] {
        it.lab.assign_role(&it.workspace, ALICE, role);
        alice.get(&format!("{}/staging/sparkcompute", it.path)).is(200);
        alice.patch(&format!("{}/staging/sparkcompute", it.path), json!({})).is(status);
        alice.post(&format!("{}/staging/libraries/a.py", it.path), json!(1)).is(status);
        it.lab.delete(&format!("{}/roleAssignments/{ALICE}", it.workspace)).is(200);
    }
}
