//! The commands `run`, `env`, `token` and `serve`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

#[cfg(unix)]
use crate::clients::has_curl;
use crate::harness::claims;
use crate::judges::serve;

const PROGRAM: &str = env!("CARGO_BIN_EXE_specularite");

/// Runs the program with a new data directory.
fn program(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(PROGRAM);
    program.args(arguments).env("SPECULARITE_DATA_DIR", folder.path()).stdin(Stdio::null());
    program.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(unix)]
#[test]
fn run_keeps_streams_and_status() {
    let ran = program(&["run", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(7), "out\n"));
    let output = text(&ran.stderr);
    let lines: Vec<&str> = output.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("specularite: listening on http://127.0.0.1:") && lines[1] == "err",
        "{output}"
    );
    assert_eq!(program(&["run", "--", "sh", "-c", "kill -9 $$"]).status.code(), Some(128 + 9));
    for (command, status) in [("/no/such/program", 127), ("/", 126)] {
        let ran = program(&["run", "--", command]);
        assert_eq!(ran.status.code(), Some(status));
        assert!(text(&ran.stderr).contains(command));
    }
    assert_eq!(program(&["run"]).status.code(), Some(2));
    let ran = program(&["run", "--listen", "203.0.113.1:80", "--", "true"]);
    assert_eq!(ran.status.code(), Some(2), "{}", text(&ran.stderr));
}

#[cfg(unix)]
#[test]
fn run_forwards_signals_and_standard_input() {
    let mut child = Command::new(PROGRAM)
        .args(["run", "--", "sh", "-c", "trap 'echo terminated; exit 3' TERM; echo ready; read line; echo \"$line\"; while :; do read line || sleep 0.1; done"])
        .env("SPECULARITE_DATA_DIR", tempfile::tempdir().unwrap().path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    writeln!(child.stdin.as_ref().unwrap(), "said to it").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "said to it");
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "terminated");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

/// The environment of a command under `run --isolate`, in a shell that has conflicting variables.
#[cfg(unix)]
struct Environment {
    text: String,
    _data: tempfile::TempDir,
}

#[cfg(unix)]
impl Environment {
    fn of_run() -> Self {
        let data = tempfile::tempdir().unwrap();
        let company = data.path().join("company.pem");
        std::fs::write(&company, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        let elsewhere = "http://elsewhere:1";
        let mut run = Command::new(PROGRAM);
        run.args(["run", "--isolate", "--", "env"]).env("SPECULARITE_DATA_DIR", data.path());
        run.envs([("NO_PROXY", ".microsoft.com"), ("https_proxy", elsewhere), ("ALL_PROXY", elsewhere)]);
        run.envs([("AZURE_CLIENT_CERTIFICATE_PATH", "/mine"), ("SSL_CERT_DIR", "/mine")]);
        run.env("REQUESTS_CA_BUNDLE", &company);
        Self { text: text(&run.output().unwrap().stdout), _data: data }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }
}

#[cfg(unix)]
#[test]
fn run_sets_proxy_variables_and_clears_conflicting_ones() {
    let environment = Environment::of_run();
    let url = environment.get("SPECULARITE_URL").unwrap();
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
        assert_eq!(environment.get(name), Some(url), "{name}");
    }
    for name in ["NO_PROXY", "no_proxy"] {
        assert_eq!(environment.get(name), Some("127.0.0.1,localhost,::1"));
    }
    for name in ["ALL_PROXY", "AZURE_CLIENT_CERTIFICATE_PATH", "SSL_CERT_DIR", "AZURE_AUTHORITY_HOST"] {
        assert_eq!(environment.get(name), None, "{name}");
    }
    assert_eq!(environment.get("SSL_CERT_FILE"), environment.get("REQUESTS_CA_BUNDLE"));
}

#[cfg(unix)]
#[test]
fn run_isolates_credentials_and_home() {
    let environment = Environment::of_run();
    assert_ne!(environment.get("HOME").map(str::to_owned), std::env::var("HOME").ok());
    for name in [
        "AZURE_CLIENT_SECRET",
        "FAB_SPN_CLIENT_SECRET",
        "FABRIC_CLIENT_SECRET",
        "IDENTITY_HEADER",
        "BROWSER",
        "AZURE_CONFIG_DIR",
    ] {
        assert!(environment.get(name).is_some_and(|value| !value.is_empty()), "{name}");
    }
    // Python splits `BROWSER` at colons.
    assert!(!environment.get("BROWSER").unwrap().contains(':'));
    // Temporary files are deleted with the run.
    assert!(!std::path::Path::new(environment.get("AZURE_CONFIG_DIR").unwrap()).exists());
}

#[cfg(unix)]
#[test]
fn run_is_isolated_from_concurrent_runs() {
    if !has_curl() {
        return;
    }
    let ask = r#"for n in 1 2 3; do
        curl -sS --fail-with-body -o /dev/null -H 'Authorization: Bearer x' -H 'Content-Type: application/json' \
            https://api.fabric.microsoft.com/v1/workspaces -d "{\"displayName\": \"same $n\"}" || exit 1; done
        curl -sS -H 'Authorization: Bearer x' https://api.fabric.microsoft.com/v1/workspaces | grep -o same | wc -l"#;
    let folder = tempfile::tempdir().unwrap();
    let run = || {
        let mut run = Command::new(PROGRAM);
        run.args(["run", "--others", "refuse", "--", "bash", "-c", ask]).env("SPECULARITE_DATA_DIR", folder.path());
        run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for run in [run(), run(), run()] {
        let ended = run.wait_with_output().unwrap();
        assert_eq!(text(&ended.stdout).trim(), "3", "{}", text(&ended.stderr));
    }
}

#[test]
fn env_prints_every_format() {
    let served = serve(&[]);
    let listen = served.1.strip_prefix("http://").unwrap();
    let env = |more: &[&str]| {
        let printed = program(&[&["env", "--listen", listen], more].concat());
        assert!(printed.status.success(), "{}", text(&printed.stderr));
        text(&printed.stdout)
    };
    assert!(env(&[]).contains(&format!("export HTTPS_PROXY='http://{listen}'\n")));
    assert!(env(&["--format", "powershell"]).contains(&format!("$env:HTTPS_PROXY = 'http://{listen}'\n")));
    let dotenv = env(&["--format", "dotenv"]);
    assert!(dotenv.contains(&format!("\nHTTPS_PROXY=http://{listen}\n")));
    assert!(!dotenv.lines().any(|line| line.ends_with('=')), "{dotenv}");
    let json: Value = serde_json::from_str(&env(&["--format", "json", "--tenant", "a team"])).unwrap();
    assert_eq!(json["HTTPS_PROXY"], format!("http://a%20team:x@{listen}"));
    assert_eq!(json["ALL_PROXY"], Value::Null);
    let json: Value = serde_json::from_str(&env(&["--format", "json", "--direct"])).unwrap();
    assert!(json.get("HTTPS_PROXY").is_none());
    let port = listen.rsplit(':').next().unwrap();
    assert_eq!(json["AZURE_AUTHORITY_HOST"], format!("https://localhost:{port}"));
    let absent = program(&["env", "--listen", "127.0.0.1:1"]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(text(&absent.stderr).contains("127.0.0.1:1"));
}

#[test]
fn token_prints_tokens_for_users_and_apps() {
    let token = |arguments: &[&str]| {
        let printed = program(&[&["token"], arguments].concat());
        claims(&text(&printed.stdout).trim().into())
    };
    let admin = token(&[]);
    assert_eq!((&admin["upn"], &admin["scp"]), (&"admin@specularite.example".into(), &"user_impersonation".into()));
    let app = "00000000-0000-4000-8000-0000000000aa";
    let output = token(&["--app", app, "--tenant", "contoso.com", "--role", "A", "--role", "B", "--expires-in", "60"]);
    assert_eq!(
        (&output["oid"], &output["idtyp"], &output["roles"]),
        (&app.into(), &"app".into(), &serde_json::json!(["A", "B"]))
    );
    assert_eq!(output["exp"].as_i64().unwrap() - output["iat"].as_i64().unwrap(), 60);
    assert_eq!(
        token(&["--user", "a@b.c", "--scope", "https://api.fabric.microsoft.com/Item.Read.All"])["scp"],
        "Item.Read.All"
    );
    assert_eq!(program(&["token", "--user", "a", "--app", "b"]).status.code(), Some(2));
}

/// Other hosts are reached through the proxy that the environment names.
#[cfg(unix)]
#[test]
fn run_uses_the_upstream_proxy() {
    if !has_curl() {
        return;
    }
    let before = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:word@{}", before.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = before.accept().unwrap();
        let mut head = vec![0; 1_024];
        let n = stream.read(&mut head).unwrap();
        stream.write_all(b"HTTP/1.1 407 No\r\n\r\n").unwrap();
        text(&head[..n])
    });
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new(PROGRAM)
        .args(["run", "--report", "--", "curl", "-sS", "https://example.invalid/"])
        .envs([("HTTPS_PROXY", url.as_str()), ("https_proxy", &url), ("NO_PROXY", ""), ("no_proxy", "")])
        .env("SPECULARITE_DATA_DIR", folder.path())
        .output()
        .unwrap();
    let output = text(&ran.stderr);
    assert!(!ran.status.success() && output.contains("host unreachable: example.invalid"), "{output}");
    let head = asked.join().unwrap();
    assert!(
        head.starts_with("CONNECT example.invalid:443 HTTP/1.1\r\n") && head.contains("Basic dXNlcjp3b3Jk"),
        "{head}"
    );
}

/// A rule that never struck is listed. With `--strict-faults`, it makes a command that succeeds fail.
#[cfg(unix)]
#[test]
fn run_reports_faults_that_never_struck() {
    if !has_curl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rule = r#"{"name": "unused", "match": {"path": "/v1/capacities"}, "effect": {"answer": {"status": 503}}}"#;
    let add = format!("curl -sS --noproxy '*' -d '{rule}' $SPECULARITE_URL/_emulator/faults >/dev/null");
    let strike = "curl -sS --noproxy '*' -H 'Authorization: Bearer x' $SPECULARITE_URL/v1/capacities >/dev/null";
    for (options, command, expected, is_listed) in [
        (&["--strict-faults"][..], add.clone(), 3, true),
        (&["--strict-faults", "--report"], add.clone(), 3, true),
        (&["--report"], add.clone(), 0, true),
        (&[], add.clone(), 0, false),
        (&["--strict-faults"], format!("{add}; {strike}"), 0, false),
        (&["--strict-faults"], format!("{add}; exit 7"), 7, false),
        (&["--strict-faults"], "true".to_owned(), 0, false),
    ] {
        let ran = Command::new(PROGRAM)
            .arg("run")
            .args(options)
            .args(["--", "sh", "-c", &command])
            .env("SPECULARITE_DATA_DIR", folder.path())
            .output()
            .unwrap();
        let output = text(&ran.stderr);
        assert_eq!(ran.status.code(), Some(expected), "{options:?} {command}: {output}");
        assert_eq!(output.matches("\"unused\" never struck").count(), usize::from(is_listed), "{output}");
    }
}

/// The environment may name the very emulator that is being started, for example in a shell that has sourced `env`.
#[cfg(unix)]
#[test]
fn run_ignores_itself_as_upstream_proxy() {
    if !has_curl() {
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{port}");
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new(PROGRAM)
        .args([
            "run",
            "--listen",
            &port.to_string(),
            "--",
            "curl",
            "-sS",
            "--max-time",
            "20",
            "https://nowhere.invalid/",
        ])
        .envs([("HTTPS_PROXY", url.as_str()), ("https_proxy", &url), ("NO_PROXY", ""), ("no_proxy", "")])
        .env("SPECULARITE_DATA_DIR", folder.path())
        .output()
        .unwrap();
    let output = text(&ran.stderr);
    assert!(output.contains("502") && !output.contains("Too many open files"), "{output}");
}

#[cfg(unix)]
#[test]
fn run_works_without_a_data_directory() {
    if !has_curl() {
        return;
    }
    let run = |what: &[&str]| {
        let mut run = Command::new(PROGRAM);
        run.arg("run")
            .args(what)
            .env("HOME", "/proc/nowhere")
            .env_remove("XDG_DATA_HOME")
            .env_remove("SPECULARITE_DATA_DIR");
        run.output().unwrap()
    };
    let ran =
        run(&["--", "curl", "-sS", "-H", "Authorization: Bearer x", "https://api.fabric.microsoft.com/v1/workspaces"]);
    assert!(ran.status.success() && text(&ran.stdout).contains("value"), "{}", text(&ran.stderr));
    assert!(text(&ran.stderr).contains("--data-dir"), "{}", text(&ran.stderr));
}

#[cfg(unix)]
#[test]
fn logs_never_contain_the_ca_key() {
    if !has_curl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new(PROGRAM)
        .args([
            "run",
            "--report",
            "--",
            "curl",
            "-sS",
            "-H",
            "Authorization: Bearer x",
            "https://api.fabric.microsoft.com/v1/workspaces",
        ])
        .env("SPECULARITE_DATA_DIR", folder.path())
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    let output = text(&ran.stderr);
    assert!(ran.status.success() && output.contains("answering as api.fabric.microsoft.com"), "{output}");
    let key = std::fs::read_to_string(folder.path().join("ca.key")).unwrap();
    let secret = key.lines().nth(1).unwrap();
    assert!(!output.contains("PRIVATE") && !output.contains(secret), "{output}");
}

/// The program exits at once. It does not wait, not even for the writer of a named pipe.
#[cfg(unix)]
#[test]
fn serve_rejects_unsafe_key_files() {
    use std::os::unix::fs::PermissionsExt as _;
    for name in ["ca.key", "token-signing.key"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let serve =
            ["serve", "--listen", "127.0.0.1:0", "--data-dir", &folder.path().to_string_lossy()].map(str::to_owned);
        let check = |message: &str| {
            let ended = program(&serve.each_ref().map(String::as_str));
            let output = text(&ended.stderr);
            assert_eq!(ended.status.code(), Some(2), "{output}");
            assert!(output.contains(&format!("{} {message}", path.display())), "{output}");
        };
        std::fs::write(&path, "text").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o620)).unwrap();
        check("is writable by group or others (mode 0620): run `chmod go-w");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        check("does not contain ");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        check("is not a regular file");
        std::fs::remove_dir(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        check("is not a regular file");
    }
}

#[test]
fn serve_names_an_unusable_data_directory() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_string_lossy().into_owned();
    let ended = program(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &path]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(text(&ended.stderr).contains(&path) && text(&ended.stderr).contains("--data-dir"));
}
