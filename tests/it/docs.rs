//! Documentation that is held against the code. A block between `<!-- name -->` and `<!-- /name -->` is the text that
//! its test makes: a failing test prints it, and `SPECULARITE_GOLDEN=write` writes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use clap::CommandFactory as _;
use jiff::SignedDuration;
use specularite::Pace;
use specularite::config::Config;
use specularite::fabric::behaviours::Behaviours;
use specularite::fabric::item::kinds::{ItemKind, OperationTimes};
use specularite::fabric::mirroring::SourceType;
use specularite::fabric::mirroring::causes::{CAUSES, Cause};
use specularite::fabric::pace::{Step, Timing};
use specularite::fabric::settings::Settings;
use specularite::http::control::ROUTES;
use specularite::http::operations::OPERATIONS;
use tower::ServiceExt as _;

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    text.unwrap_or_else(|why| panic!("cannot read {path}: {why}"))
}

/// The text of a document before, inside and after a block.
fn split<'a>(path: &str, document: &'a str, name: &str) -> (&'a str, &'a str, &'a str) {
    let missing = || panic!("{path} has no block <!-- {name} --> … <!-- /{name} -->");
    let (before, rest) = document.split_once(&format!("<!-- {name} -->\n")).unwrap_or_else(missing);
    let (block, after) = rest.split_once(&format!("<!-- /{name} -->")).unwrap_or_else(missing);
    (before, block, after)
}

/// Held while a block is checked: two tests may write the same document.
static DOCUMENTS: Mutex<()> = Mutex::new(());

/// Fails with the expected text if a block differs from it.
#[track_caller]
fn check_block(path: &str, name: &str, expected: &str) {
    let _writing = DOCUMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let document = read(path).replace("\r\n", "\n");
    let (before, block, after) = split(path, &document, name);
    if block == expected {
        return;
    }
    if std::env::var("SPECULARITE_GOLDEN").is_ok_and(|mode| mode == "write") {
        let written = format!("{before}<!-- {name} -->\n{expected}<!-- /{name} -->{after}");
        // Renamed into place: other tests read the document at the same time.
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let new = target.with_extension("new");
        std::fs::write(&new, written).unwrap();
        std::fs::rename(new, target).unwrap();
        return;
    }
    panic!(
        "{path}: the block <!-- {name} --> is out of date; paste this, or run with SPECULARITE_GOLDEN=write:\n\n{expected}"
    );
}

/// The first letter in the case that `change` gives it.
fn with_first(text: &str, change: fn(char) -> char) -> String {
    let mut letters = text.chars();
    letters.next().map(change).into_iter().chain(letters).collect()
}

/// A row of the table of options.
fn option_row(option: &clap::Arg) -> String {
    let flag = option.get_long().unwrap();
    let values = option.get_possible_values();
    let value = if values.is_empty() {
        option.get_value_names().unwrap_or_default().join(" ")
    } else {
        values.iter().map(clap::builder::PossibleValue::get_name).collect::<Vec<_>>().join("\\|")
    };
    let variable = option.get_env().unwrap().to_string_lossy();
    let help = option.get_help().unwrap().to_string();
    // An option whose default depends on the command names it in its help.
    let (meaning, default) = match help.split_once(" [default: ") {
        Some((meaning, default)) => (meaning.to_owned(), default.trim_end_matches(']').to_owned()),
        None => {
            let defaults = option.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy()));
            (help, defaults.collect::<Vec<_>>().join(" "))
        }
    };
    let described = |value: &clap::builder::PossibleValue| {
        let help = value.get_help().unwrap().to_string();
        format!("`{}`: {}", value.get_name(), with_first(&help, |letter| letter.to_ascii_lowercase()))
    };
    let values: Vec<String> = values.iter().map(described).collect();
    let values = if values.is_empty() { String::new() } else { format!(". {}", values.join("; ")) };
    format!("| `--{flag} {value}` | `{variable}` | {default} | {meaning}{values} |\n")
}

#[test]
fn readme_lists_options_of_serve() {
    let command = Config::command();
    let serve = command.find_subcommand("serve").unwrap();
    let options = serve.get_arguments().filter(|option| option.get_env().is_some() && !option.is_hide_set());
    let rows: String = options.map(option_row).collect();
    check_block(
        "README.md",
        "options",
        &format!("| option | variable | default | meaning |\n|---|---|---|---|\n{rows}"),
    );
}

#[test]
fn control_document_lists_calls() {
    let row = |route: &specularite::http::control::Route| {
        format!("| `{} {}` | {} |\n", route.method, route.path.trim_start_matches('/'), route.summary)
    };
    let rows: String = ROUTES.iter().map(row).collect();
    check_block("docs/CONTROL.md", "calls", &format!("| call | effect |\n|---|---|\n{rows}"));
}

/// The causes of trouble in the document are those of the program.
#[test]
fn causes_are_listed() {
    let row = |cause: &Cause| {
        let kind = serde_json::to_value(cause.kind).unwrap();
        let shown = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
        let (name, code, message) = (cause.name, shown(cause.code), cause.message);
        format!("| `{name}` | `{}` | {code} | {message} | {} |\n", kind.as_str().unwrap(), cause.class)
    };
    let rows: String = CAUSES.iter().map(row).collect();
    let head = "| cause | kind | error code | message | class |\n|---|---|---|---|---|\n";
    check_block("docs/CONTROL.md", "causes", &format!("{head}{rows}"));
}

#[test]
fn control_routes_state_their_methods() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let router = specularite::router(specularite::Emulator::builder().seed(1).build());
    for path in ROUTES.iter().map(|route| route.path) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let uri = format!("/_emulator{}", path.replace(['{', '}'], ""));
            let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
            let status = runtime.block_on(router.clone().oneshot(request)).unwrap().status();
            let known = ROUTES.iter().any(|route| (route.method, route.path) == (method, path));
            assert_eq!(status != StatusCode::METHOD_NOT_ALLOWED, known, "{method} {path} answers {status}");
        }
    }
}

#[test]
fn control_document_lists_steps() {
    let document = read("docs/CONTROL.md");
    for step in Step::ALL {
        assert!(document.contains(&format!("`{}`", step.as_str())), "docs/CONTROL.md does not list {}", step.as_str());
    }
}

fn seconds(duration: SignedDuration) -> String {
    if duration.is_zero() { "0".to_owned() } else { format!("{} s", duration.as_secs_f64()) }
}

/// The shortest and the longest snapshot of a source that declares no speed.
fn snapshot(timing: Timing<'_>) -> String {
    let of_rows = |rows| timing.tables().snapshot.duration(rows, 1.0, false);
    let (shortest, longest) = (of_rows(0), of_rows(u64::MAX));
    if shortest == longest {
        seconds(shortest)
    } else if longest > SignedDuration::from_hours(1) {
        format!("by size, at least {}", seconds(shortest))
    } else {
        format!("{} to {}", shortest.as_secs_f64(), seconds(longest))
    }
}

fn operation(timing: Timing<'_>, kind: ItemKind, time: fn(OperationTimes) -> Option<SignedDuration>) -> String {
    seconds(timing.operation(time(kind.spec().operation_times).unwrap()))
}

/// A row of the table of durations: its label, its name in `settings.durations`, and its duration.
type DurationRow = (&'static str, Option<Step>, fn(Pace, Timing<'_>) -> String);

const DURATIONS: &[DurationRow] = &[
    ("`Initializing`", Some(Step::Initializing), |_, timing| seconds(timing.initializing())),
    ("until the SQL endpoint is listed; never later than `Initialized`", Some(Step::SqlEndpoint), |_, timing| {
        seconds(timing.sql_endpoint())
    }),
    ("`provisioningStatus` of a mirrored database is `InProgress`", Some(Step::Initializing), |_, timing| {
        seconds(timing.initializing())
    }),
    ("`Starting`", Some(Step::Starting), |_, timing| seconds(timing.starting(SourceType::AzureSqlDatabase))),
    ("`Starting`, Cosmos DB", Some(Step::Starting), |_, timing| seconds(timing.starting(SourceType::CosmosDb))),
    ("`Stopping`", Some(Step::Stopping), |_, timing| seconds(timing.stopping())),
    ("from `Running` to the snapshot of a table", Some(Step::TableWait), |_, timing| seconds(timing.tables().wait)),
    ("snapshot of a table, unless the source declares `snapshotRowsPerSecond`", Some(Step::Snapshot), |_, timing| {
        snapshot(timing)
    }),
    ("interval between publishings of changes", Some(Step::Publishing), |_, timing| {
        seconds(timing.tables().publishing)
    }),
    ("name of a deleted item is reserved", Some(Step::NameReserved), |_, timing| seconds(timing.name_reserved())),
    ("operations", Some(Step::Operation), |pace, timing| match pace {
        Pace::Realistic => "median of the kind and the operation".to_owned(),
        Pace::Fast | Pace::Instant => seconds(timing.operation(SignedDuration::MAX)),
    }),
    ("creation of a SQL database", Some(Step::Operation), |_, timing| {
        operation(timing, ItemKind::SQLDatabase, |times| times.create)
    }),
    ("creation of a Cosmos DB database", Some(Step::Operation), |_, timing| {
        operation(timing, ItemKind::CosmosDBDatabase, |times| times.create)
    }),
    ("`getDefinition` of a SQL database", Some(Step::Operation), |_, timing| {
        operation(timing, ItemKind::SQLDatabase, |times| times.get_definition)
    }),
    ("`updateDefinition` of a SQL database", Some(Step::Operation), |_, timing| {
        operation(timing, ItemKind::SQLDatabase, |times| times.update_definition)
    }),
    ("`getDefinition` of a Cosmos DB database", Some(Step::Operation), |_, timing| {
        operation(timing, ItemKind::CosmosDBDatabase, |times| times.get_definition)
    }),
    ("`updateDefinition` of a Cosmos DB database", Some(Step::Operation), |_, timing| {
        operation(timing, ItemKind::CosmosDBDatabase, |times| times.update_definition)
    }),
    ("`Retry-After` of operations", None, |_, timing| seconds(timing.retry_after())),
    ("first backup of a SQL database", Some(Step::FirstBackup), |_, timing| seconds(timing.first_backup())),
    ("assignment of a workspace to a capacity", Some(Step::CapacityAssignment), |_, timing| {
        seconds(timing.capacity_assignment())
    }),
    ("run of a job", Some(Step::Job), |pace, timing| match pace {
        Pace::Realistic => "60 to 200 s by type".to_owned(),
        Pace::Fast | Pace::Instant => seconds(timing.job(SignedDuration::MAX)),
    }),
    ("cancellation of a run", None, |_, timing| seconds(timing.job_cancellation())),
    ("`Retry-After` of a run", None, |_, timing| seconds(timing.retry_after_job())),
    ("throttle window", None, |pace, _| seconds(pace.throttle_window())),
];

/// The class of a row is the document's: it is kept by the label.
#[test]
fn fidelity_document_lists_durations() {
    let document = read("docs/fidelity.md").replace("\r\n", "\n");
    let (_, block, _) = split("docs/fidelity.md", &document, "durations");
    let class = |label: &str| {
        let row = block.lines().find(|row| row.starts_with(&format!("| {label} |")));
        row.and_then(|row| row.trim_end_matches('|').rsplit('|').next()).map_or("?", str::trim)
    };
    let row = |&(label, step, duration): &DurationRow| {
        let at = |pace| duration(pace, Settings { pace, ..Settings::default() }.timing());
        let [fast, realistic, instant] = [Pace::Fast, Pace::Realistic, Pace::Instant].map(at);
        let step = step.map_or_else(String::new, |step| format!("`{}`", step.as_str()));
        format!("| {label} | {step} | {fast} | {realistic} | {instant} | {} |\n", class(label))
    };
    let rows: String = DURATIONS.iter().map(row).collect();
    let head = "| | step | `fast` | `realistic` | `instant` | class of `realistic` |\n|---|---|---|---|---|---|\n";
    check_block("docs/fidelity.md", "durations", &format!("{head}{rows}"));
    for step in Step::ALL {
        assert!(DURATIONS.iter().any(|(_, of, _)| *of == Some(step)), "no row for {}", step.as_str());
    }
}

#[test]
fn fidelity_document_lists_behaviours_with_their_answers() {
    let document = read("docs/fidelity.md");
    for (name, answers) in Behaviours::ANSWERS {
        let row = document.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/fidelity.md does not list {name}"));
        assert!(answers.iter().all(|answer| row.contains(&format!("`{answer}`"))), "{row}");
    }
}

/// The resource in a path. Operations on a workspace itself belong to `workspaces`.
fn area(path: &'static str) -> &'static str {
    let named: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty() && !segment.starts_with('{')).collect();
    let is_shared =
        |segment: &str| OPERATIONS.iter().any(|other| other.operation.path.contains(&format!("/{segment}/")));
    match *named.as_slice() {
        ["workspaces", within, ..] if is_shared(within) => within,
        [first, ..] => first,
        [] => path,
    }
}

#[test]
fn readme_lists_coverage() {
    let mut areas: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for operation in OPERATIONS.iter().map(|route| &route.operation) {
        let at = ["served", "simplified", "absent"].iter().position(|it| *it == operation.coverage.as_str()).unwrap();
        areas.entry(area(operation.path)).or_default()[at] += 1;
    }
    let all = areas.values().fold([0; 3], |sum, counts| [0, 1, 2].map(|n| sum[n] + counts[n]));
    let row = |name: &str, counts: [usize; 3]| {
        let [served, simplified, absent] =
            counts.map(|count| if count == 0 { String::new() } else { count.to_string() });
        format!("| {name} | {served} | {simplified} | {absent} |\n")
    };
    let rows: String = areas.iter().map(|(name, counts)| row(&format!("`{name}`"), *counts)).collect();
    let head = "| resource | served | simplified | absent |\n|---|--:|--:|--:|\n";
    check_block("README.md", "coverage", &format!("{head}{rows}{}", row("all", all)));
}
