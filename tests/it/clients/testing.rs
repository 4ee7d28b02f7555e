//! The helpers of docs/TESTING.md with pytest, Jest, Go and JUnit, each under `specularite run --scenario`; and the JSON
//! Schema of scenarios with a validator.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{PROGRAM, environment, missing, output_of, packages, sources, venv};
use crate::coverage::notice;
use crate::harness::Lab;

/// The files in the code blocks of docs/TESTING.md whose first line is a comment with one of these paths, written into a new
/// folder. Their number is that of the paths.
fn folder_of(name: &str, paths: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("testing").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    for path in paths {
        let start = ["# ", "// "].map(|comment| format!("\n{comment}{path}\n"));
        let document = include_str!("../../../docs/TESTING.md").replace("\r\n", "\n");
        let found = start.iter().find_map(|start| document.split_once(start.as_str()));
        let (_, rest) = found.unwrap_or_else(|| panic!("docs/TESTING.md has no file {path}"));
        let (text, _) = rest.split_once("\n```").unwrap();
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    folder
}

/// Runs a command under the emulator with the scenario of the tutorial. It must succeed, and print these texts.
#[track_caller]
fn run(folder: &Path, command: &[impl AsRef<OsStr>], prints: &[&str]) {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios/cosmos-tutorial.json");
    let mut run = Command::new(PROGRAM);
    run.arg("run").arg("--scenario").arg(scenario).arg("--").args(command).current_dir(folder);
    run.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-count=1").env("NO_COLOR", "1");
    let output = output_of(&mut run).unwrap_or_else(|why| panic!("{why}"));
    for wanted in prints {
        assert!(output.contains(wanted), "no {wanted:?} in {output}");
    }
}

fn exists(program: &str) -> bool {
    let version = if program == "go" { "version" } else { "--version" };
    Command::new(program).arg(version).output().is_ok_and(|ended| ended.status.success())
}

#[test]
fn pytest_has_a_tenant_per_test() {
    let Some(programs) = venv("pytest") else { return };
    let folder = folder_of("pytest", &["conftest.py", "test_shop.py"]);
    let pytest = programs.join("pytest").to_string_lossy().into_owned();
    run(&folder, &[&*pytest, "-q", "-p", "no:cacheprovider"], &["2 passed"]);
    // A program under test that signs in by itself goes through the proxy. urllib reads the variables only once, unless there is
    // a new opener.
    let document = include_str!("../../../docs/TESTING.md").replace("\r\n", "\n");
    let (_, lines) = document.split_once("\nfor name in [\"HTTPS_PROXY\"").unwrap();
    let lines = format!("for name in [\"HTTPS_PROXY\"{}", lines.split_once("\n```").unwrap().0);
    let test = "import urllib.request\nfrom conftest import EMULATOR\n\n\
                def test_proxy_selects_the_tenant(tenant, monkeypatch):\n    ";
    let rest = "\n    request = urllib.request.Request('https://api.fabric.microsoft.com/v1/workspaces')\n    \
                request.add_header('Authorization', 'Bearer any')\n    \
                urllib.request.build_opener().open(request).read()\n    \
                assert b'Workspaces_ListWorkspaces' in urllib.request.urlopen(\n        \
                f'{EMULATOR}/_emulator/journal?tenant={tenant.id}').read()\n";
    let lines = lines.replace('\n', "\n    ");
    std::fs::write(folder.join("test_proxy.py"), format!("{test}{lines}{rest}")).unwrap();
    run(&folder, &[&*pytest, "-q", "-p", "no:cacheprovider", "test_proxy.py"], &["1 passed"]);
}

#[test]
fn jest_has_a_tenant_per_test() {
    let Some(installed) = packages("jest") else { return };
    let folder = folder_of("jest", &["tenant.js", "shop.test.js"]);
    // The configuration also keeps Jest from looking for one in the folders above.
    std::fs::write(folder.join("package.json"), "{\"private\": true, \"jest\": {}}").unwrap();
    let jest = installed.join("node_modules/.bin/jest").to_string_lossy().into_owned();
    run(&folder, &[&*jest, "--no-cache", "--no-watchman"], &["2 passed, 2 total"]);
}

#[test]
fn go_has_a_tenant_per_test() {
    if !exists("go") {
        return missing("Go is not installed");
    }
    let folder = folder_of("go", &["tenant_test.go", "shop_test.go"]);
    std::fs::write(folder.join("go.mod"), "module shop\n\ngo 1.21\n").unwrap();
    run(
        &folder,
        &["go", "test", "-v", "./..."],
        &["--- PASS: TestMirroringStarts", "--- PASS: TestMirroringIsNotStarted"],
    );
}

/// The machines of CI need not have a JDK and Maven.
#[test]
fn junit_has_a_tenant_per_test() {
    if !exists("mvn") || !exists("javac") {
        return notice("SKIPPED: the JUnit helper of docs/TESTING.md was not run: a JDK and Maven are not installed");
    }
    let repository = environment("junit", &["pom.xml"], |folder| {
        let test = folder.join("src/test/java");
        std::fs::create_dir_all(&test).map_err(|why| why.to_string())?;
        let text = "class EmptyTest { @org.junit.jupiter.api.Test void passes() {} }";
        std::fs::write(test.join("EmptyTest.java"), text).map_err(|why| why.to_string())?;
        // The first run downloads what the second needs.
        output_of(maven(&folder.join("repository")).current_dir(folder)).map(drop)
    });
    let Some(repository) = repository.map(|folder| folder.join("repository")) else { return };
    let folder = folder_of("junit", &["src/test/java/Tenant.java", "src/test/java/ShopTest.java"]);
    std::fs::copy(sources("junit").join("pom.xml"), folder.join("pom.xml")).unwrap();
    let mut command = maven(&repository);
    command.arg("--offline");
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    run(&folder, &words, &["Tests run: 2, Failures: 0, Errors: 0, Skipped: 0"]);
}

fn maven(repository: &Path) -> Command {
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "test"]).arg(format!("-Dmaven.repo.local={}", repository.display()));
    maven
}

/// The scenarios, those of the documents and the fixtures, and a snapshot are valid. An unknown member is not.
#[test]
fn schema_accepts_documents_and_no_unknown_member() {
    let Some(programs) = venv("schema") else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let one_line = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap().to_string() + "\n";
    let mut documents = String::new();
    for entry in std::fs::read_dir(root.join("fixtures/scenarios")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            documents += &one_line(&std::fs::read_to_string(path).unwrap());
        }
    }
    let control = include_str!("../../../docs/CONTROL.md").replace("\r\n", "\n");
    let (_, example) = control.split_once("\n## Scenarios\n").unwrap();
    documents += &one_line(example.split_once("```json\n").unwrap().1.split_once("```").unwrap().0);
    documents += &one_line(&crate::facts::history().get("/_emulator/snapshot").is(200).text());
    documents += &one_line(&Lab::new().get("/_emulator/snapshot").is(200).text());
    let everything = std::fs::read_to_string(root.join("fixtures/scenarios/everything.json")).unwrap();
    for document in crate::scenario_schema::with_unknown_members(&everything) {
        documents += &format!("!{document}\n");
    }
    for invalid in [r#"{"format": 2}"#, "{}", "[]", r#"{"format": 1, "base": {}}"#] {
        documents += &format!("!{invalid}\n");
    }
    let mut validate = Command::new(programs.join("python"));
    validate.arg(sources("schema").join("validate.py")).arg(root.join("fixtures/scenario.schema.json"));
    let mut child = validate.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A validator that finds a fault ends before it has read all documents.
    let written = child.stdin.take().unwrap().write_all(documents.as_bytes());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && written.is_ok(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(String::from_utf8(ended.stdout).unwrap().trim(), documents.lines().count().to_string());
}
