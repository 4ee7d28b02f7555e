//! Jobs: runs on demand, and schedules.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply, STRANGER};

/// Creates an item and returns its path on the generic route.
pub(crate) fn item(lab: &Lab, workspace: &str, kind: &str) -> String {
    let made = lab.post(&format!("{workspace}/items"), json!({"displayName": "x", "type": kind})).succeeds();
    let id = if made.status == 202 { lab.result(&made).id() } else { made.id() };
    format!("{workspace}/items/{id}")
}

/// A configuration with an interval in minutes, from the beginning of the clock of a lab on.
pub(crate) fn cron(interval: u32) -> Value {
    configuration("Cron", json!({"interval": interval}))
}

#[expect(clippy::needless_pass_by_value, reason = "tests write values in place")]
fn configuration(kind: &str, members: Value) -> Value {
    let mut configuration = json!({"type": kind, "startDateTime": "2031-02-04T00:00:00",
        "endDateTime": "2041-01-01T00:00:00", "localTimeZoneId": "UTC"});
    configuration.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    configuration
}

/// The body to create an enabled schedule.
pub(crate) fn schedule(configuration: &Value) -> Value {
    json!({"enabled": true, "configuration": configuration})
}

/// A lab with an item.
struct Runs {
    lab: Lab,
    item: String,
}

impl Runs {
    fn new(kind: &str) -> Self {
        let lab = Lab::unthrottled();
        let item = item(&lab, &lab.workspace(), kind);
        Self { lab, item }
    }

    /// Runs a job and returns the path of the run.
    fn run(&self, job_type: &str) -> String {
        let started = self.lab.post_empty(&format!("{}/jobs/{job_type}/instances", self.item)).is(202);
        path(&started)
    }

    fn statuses(&self) -> Vec<String> {
        let list = self.lab.get(&format!("{}/jobs/instances", self.item)).is(200).body();
        list["value"].as_array().unwrap().iter().map(|it| it["status"].as_str().unwrap().to_owned()).collect()
    }

    /// The instants at which the listed runs started, to the second.
    fn starts(&self) -> Vec<String> {
        let list = self.lab.get(&format!("{}/jobs/instances", self.item)).is(200).body();
        let start = |it: &Value| it["startTimeUtc"].as_str().unwrap()[..19].to_owned();
        list["value"].as_array().unwrap().iter().map(start).collect()
    }

    fn schedules(&self, job_type: &str) -> String {
        format!("{}/jobs/{job_type}/schedules", self.item)
    }

    /// Sets the durations of runs to zero, so that `startTimeUtc` is the instant at which a run falls due.
    fn at_once(self) -> Self {
        self.lab.settings(json!({"durations": {"job": 0}}));
        self
    }
}

/// The path in the header `Location`.
fn path(reply: &Reply) -> String {
    let location = reply.header("location").expect("the answer has a location");
    location[location.find("/v1/").unwrap()..].to_owned()
}

#[test]
fn run_passes_through_its_statuses() {
    let it = Runs::new("Notebook");
    let run = it.run("RunNotebook");
    let seen = |status: &str| {
        let reply = it.lab.get(&run).is(200);
        assert_eq!(reply.body()["status"], status);
        reply
    };
    let reply = seen("NotStarted");
    assert_eq!(
        (reply.header("retry-after"), reply.header("access-control-expose-headers")),
        (Some("60"), Some("RequestId,Retry-After"))
    );
    it.lab.advance(29.5);
    assert_eq!(seen("NotStarted").header("retry-after"), Some("31"));
    it.lab.advance(0.5);
    let body = seen("InProgress").body();
    assert_eq!((&body["failureReason"], &body["endTimeUtc"]), (&Value::Null, &Value::Null));
    it.lab.advance(30.0);
    let ended = seen("Completed");
    assert_eq!(ended.header("retry-after"), None);
    insta::assert_snapshot!("job_instance", ended.text());
    it.lab.advance(86_400.0);
    assert_eq!(seen("Completed").body(), ended.body());
}

#[test]
fn run_is_accepted_on_both_paths_and_shows_its_type_as_spelled() {
    let it = Runs::new("Notebook");
    let older = it.lab.post(&format!("{}/jobs/instances?jobType=runNotebook", it.item), json!({"executionData": {}}));
    let older = older.is(202);
    assert_eq!(older.text(), "");
    assert_eq!(older.header("retry-after"), Some("60"));
    assert_eq!(older.header("access-control-expose-headers"), Some("RequestId,Location,Retry-After"));
    assert_eq!(older.header("content-type"), Some("application/octet-stream"));
    assert_eq!(older.header("x-emulator-note"), Some("inert=executionData"));
    assert_eq!(it.lab.get(&path(&older)).body()["jobType"], "runNotebook");
    assert_eq!(it.lab.get(&it.run("DefaultJob")).body()["jobType"], "DefaultJob");
}

#[test]
fn fast_and_instant_paces_shorten_runs() {
    for (pace, seconds) in [("fast", 2.0), ("instant", 0.0)] {
        let it = Runs::new("DataPipeline");
        it.lab.settings(json!({"pace": pace}));
        let run = it.run("Pipeline");
        it.lab.advance(seconds);
        assert_eq!(it.lab.get(&run).body()["status"], "Completed", "{pace}");
    }
    let it = Runs::new("DataPipeline");
    it.lab.settings(json!({"durations": {"job": 600}}));
    let run = it.run("Pipeline");
    it.lab.settings(json!({"durations": {"job": 1}}));
    it.lab.advance(599.0);
    assert_eq!(it.lab.get(&run).body()["status"], "InProgress", "a run keeps its duration");
}

#[test]
fn kinds_have_their_types_of_jobs() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    for (kind, types) in [
        ("Notebook", &["RunNotebook"][..]),
        ("DataPipeline", &["Pipeline"]),
        ("SparkJobDefinition", &["sparkjob"]),
        ("Lakehouse", &["TableMaintenance", "RefreshMaterializedLakeViews"]),
        ("Dataflow", &["Execute", "ApplyChanges"]),
        ("CopyJob", &["Execute"]),
        ("DataBuildToolJob", &["Execute"]),
        ("GraphModel", &["RefreshGraph"]),
        ("Eventstream", &[]),
    ] {
        let item = item(&lab, &workspace, kind);
        let run = |name: &str| lab.post_empty(&format!("{item}/jobs/{name}/instances"));
        types.iter().for_each(|name| drop(run(name).is(202)));
        run("Nonsense").refuses(400, "InvalidJobType");
        if types.is_empty() {
            run("DefaultJob").refuses(400, "InvalidJobType");
        }
        lab.post_empty(&format!("{item}/jobs/instances")).refuses(400, "InvalidJobType");
    }
}

#[test]
fn own_routes_of_kinds_run_jobs() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    for (kind, collection, segment, shown) in [
        ("Notebook", "notebooks", "execute", "RunNotebook"),
        ("DataPipeline", "dataPipelines", "execute", "Pipeline"),
        ("SparkJobDefinition", "sparkJobDefinitions", "sparkjob", "sparkjob"),
        ("Lakehouse", "lakehouses", "tableMaintenance", "TableMaintenance"),
        ("Lakehouse", "lakehouses", "refreshMaterializedLakeViews", "RefreshMaterializedLakeViews"),
        ("Dataflow", "dataflows", "execute", "Execute"),
        ("Dataflow", "dataflows", "applyChanges", "ApplyChanges"),
        ("CopyJob", "copyJobs", "execute", "Execute"),
        ("DataBuildToolJob", "dataBuildToolJobs", "execute", "Execute"),
        ("GraphModel", "graphModels", "refreshGraph", "RefreshGraph"),
    ] {
        let within = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", json!({"displayName": segment.to_owned() + kind, "capacityId": lab.get(&workspace).body()["capacityId"]})).is(201).id());
        let item = item(&lab, &within, kind);
        let instances = format!("{}/jobs/{segment}/instances", item.replace("/items/", &format!("/{collection}/")));
        let run = lab.get(&path(&lab.post_empty(&instances).is(202))).is(200).body();
        assert_eq!(run["jobType"], shown, "{kind}");
        let id = run["id"].as_str().unwrap();
        match kind {
            "Notebook" => {
                lab.get(&format!("{instances}/{id}")).refuses(400, "InvalidParameter");
                assert_eq!(lab.get(&format!("{instances}/{id}?beta=true")).is(200).body(), run);
            }
            "DataPipeline" => {
                assert_eq!(lab.get(&format!("{instances}/{id}")).is(200).body(), run);
                assert_eq!(lab.get(&instances).is(200).body(), json!({"value": [run]}));
            }
            "CopyJob" => assert_eq!(lab.get(&instances).is(200).body(), json!({"value": [run]})),
            _ => {}
        }
        let wrong = instances.replace(item.rsplit('/').next().unwrap(), MISSING);
        lab.post_empty(&wrong).refuses(404, "EntityNotFound");
    }
}

#[test]
fn list_of_a_type_has_only_runs_of_the_type() {
    let it = Runs::new("Lakehouse");
    it.run("TableMaintenance");
    it.run("RefreshMaterializedLakeViews");
    assert_eq!(it.statuses().len(), 2);
    let pipeline = item(&it.lab, it.item.split("/items").next().unwrap(), "DataPipeline");
    it.lab.post_empty(&format!("{pipeline}/jobs/DefaultJob/instances")).is(202);
    let own = format!("{}/jobs/execute/instances", pipeline.replace("/items/", "/dataPipelines/"));
    assert_eq!(it.lab.get(&own).is(200).body()["value"].as_array().unwrap().len(), 1, "DefaultJob is this type");
}

#[test]
fn cancellation_takes_effect_after_a_while() {
    let it = Runs::new("Notebook");
    let run = it.run("RunNotebook");
    it.lab.advance(30.0);
    let cancelled = it.lab.post_empty(&format!("{run}/cancel")).is(202);
    assert_eq!((path(&cancelled), cancelled.header("retry-after")), (run.clone(), Some("60")));
    it.lab.post_empty(&format!("{run}/cancel")).is(202);
    assert_eq!(it.lab.get(&run).body()["status"], "InProgress");
    it.lab.advance(20.0);
    let body = it.lab.get(&run).body();
    assert_eq!((body["status"].as_str(), &body["failureReason"]), (Some("Cancelled"), &Value::Null));
    it.lab.post_empty(&format!("{run}/cancel")).refuses(400, "JobAlreadyCompleted");
    let late = it.run("RunNotebook");
    it.lab.advance(50.0);
    it.lab.post_empty(&format!("{late}/cancel")).is(202);
    it.lab.advance(20.0);
    assert_eq!(it.lab.get(&late).body()["status"], "Completed", "the run ended before");
    let waiting = it.run("RunNotebook");
    it.lab.post_empty(&format!("{waiting}/cancel")).is(202);
    it.lab.advance(20.0);
    let body = it.lab.get(&waiting).body();
    assert_eq!(body["status"], "Cancelled");
    assert!(body["startTimeUtc"].as_str() < body["endTimeUtc"].as_str(), "{body}");
}

#[test]
fn unknown_runs_and_items_are_not_found() {
    let it = Runs::new("Notebook");
    let instances = format!("{}/jobs/instances", it.item);
    it.lab.get(&format!("{instances}/{MISSING}")).refuses(404, "EntityNotFound");
    it.lab.post_empty(&format!("{instances}/{MISSING}/cancel")).refuses(404, "EntityNotFound");
    it.lab.get(&format!("{instances}/x")).refuses(400, "InvalidInput");
    let other = item(&it.lab, it.item.split("/items").next().unwrap(), "DataPipeline");
    let run = it.run("RunNotebook").replace(&it.item, &other);
    it.lab.get(&run).refuses(404, "EntityNotFound");
    let missing = it.item.replace(it.item.rsplit('/').next().unwrap(), MISSING);
    it.lab.get(&format!("{missing}/jobs/instances")).refuses(404, "EntityNotFound");
    it.lab.post_empty(&format!("{missing}/jobs/RunNotebook/instances")).refuses(404, "EntityNotFound");
    it.lab.get(&format!("{missing}/jobs/RunNotebook/schedules")).refuses(404, "EntityNotFound");
}

#[test]
fn paused_capacity_rejects_runs() {
    let it = Runs::new("Notebook");
    it.lab.set_capacity("Inactive");
    let run = format!("{}/jobs/RunNotebook/instances", it.item);
    it.lab.post_empty(&run).refuses(404, "CapacityNotActive");
    assert_eq!(it.statuses().len(), 0);
}

#[test]
fn list_is_paged_from_the_latest_run_on_and_keeps_a_hundred_ended_ones() {
    let it = Runs::new("Notebook");
    let mut runs = Vec::new();
    for _ in 0..103 {
        runs.push(it.run("RunNotebook"));
        it.lab.advance(10.0);
    }
    it.lab.advance(60.0);
    runs.push(it.run("RunNotebook"));
    it.lab.settings(json!({"pageSize": 40}));
    let mut listed = Vec::new();
    let mut next = format!("{}/jobs/instances", it.item);
    loop {
        let page = it.lab.get(&next).is(200).body();
        listed.extend(page["value"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        let Some(uri) = page["continuationUri"].as_str() else { break };
        next = uri[uri.find("/v1/").unwrap()..].to_owned();
        // A run that begins between two pages does not change the rest.
        if listed.len() == 40 {
            it.run("RunNotebook");
        }
    }
    let expected = runs.iter().rev().take(101).map(|run| run.rsplit('/').next().unwrap());
    assert_eq!(listed, expected.collect::<Vec<_>>());
    it.lab.get(&runs[0]).refuses(404, "EntityNotFound");
}

#[test]
fn roles_are_required() {
    let it = Runs::new("Notebook");
    let run = it.run("RunNotebook");
    let schedules = it.schedules("RunNotebook");
    let made = it.lab.post(&schedules, schedule(&cron(10))).is(201).id();
    let workspace = it.item.split("/items").next().unwrap().to_owned();
    it.lab.assign_role(&workspace, ALICE, "Viewer");
    let viewer = it.lab.user(ALICE);
    for path in [&run, &format!("{}/jobs/instances", it.item), &schedules, &format!("{schedules}/{made}")] {
        viewer.get(path).is(200);
        it.lab.user(STRANGER).get(path).refuses(404, "EntityNotFound");
    }
    let refused = |reply: Reply| drop(reply.refuses(403, "InsufficientPrivileges"));
    refused(viewer.post_empty(&format!("{}/jobs/RunNotebook/instances", it.item)));
    refused(viewer.post_empty(&format!("{run}/cancel")));
    refused(viewer.post(&schedules, schedule(&cron(10))));
    refused(viewer.patch(&format!("{schedules}/{made}"), schedule(&cron(10))));
    refused(viewer.delete(&format!("{schedules}/{made}")));
}

#[test]
fn schedule_is_created_read_updated_and_deleted() {
    let it = Runs::new("Notebook");
    let schedules = it.schedules("RunNotebook");
    assert_eq!(it.lab.get(&schedules).is(200).body(), json!({"value": []}));
    let made = it.lab.post(&schedules, schedule(&cron(10))).is(201);
    assert_eq!(made.header("access-control-expose-headers"), Some("RequestId,Location"));
    insta::assert_snapshot!("schedule", made.text());
    let place = path(&made);
    assert_eq!(place, format!("{schedules}/{}", made.id()));
    assert_eq!(it.lab.get(&place).is(200).body(), made.body());
    assert_eq!(it.lab.get(&schedules).is(200).body(), json!({"value": [made.body()]}));
    let weekly = configuration("Weekly", json!({"times": ["19:43", "22:00"], "weekdays": ["Monday", "Tuesday"]}));
    let mut update = schedule(&weekly);
    update["executionData"] = json!({"a": [1, 2]});
    let updated = it.lab.patch(&place, update).is(200);
    insta::assert_snapshot!("schedule_updated", updated.text());
    assert_eq!(it.lab.get(&place).is(200).body(), updated.body());
    assert_eq!(it.lab.delete(&place).is(200).text(), "");
    it.lab.get(&place).refuses(404, "ScheduleNotFound");
    it.lab.patch(&place, schedule(&cron(10))).refuses(404, "ScheduleNotFound");
    it.lab.delete(&place).refuses(404, "ScheduleNotFound");
    it.lab.get(&it.schedules("Nonsense")).refuses(400, "InvalidJobType");
    it.lab.post(&it.schedules("Nonsense"), schedule(&cron(10))).refuses(400, "InvalidJobType");
}

#[test]
fn schedules_belong_to_their_type() {
    let it = Runs::new("Lakehouse");
    let made = it.lab.post(&it.schedules("RefreshMaterializedLakeViews"), schedule(&cron(10))).is(201).id();
    assert_eq!(it.lab.get(&it.schedules("TableMaintenance")).is(200).body(), json!({"value": []}));
    it.lab.get(&format!("{}/{made}", it.schedules("TableMaintenance"))).refuses(404, "ScheduleNotFound");
    let own = it.schedules("refreshMaterializedLakeViews").replace("/items/", "/lakehouses/");
    let second = it.lab.post(&own, schedule(&cron(20))).is(201);
    assert_eq!(path(&second), format!("{}/{}", it.schedules("RefreshMaterializedLakeViews"), second.id()));
    it.lab.patch(&format!("{own}/{made}"), schedule(&cron(30))).is(200);
    it.lab.delete(&format!("{own}/{made}")).is(200);
    it.lab.settings(json!({"pageSize": 1}));
    it.lab.post(&own, schedule(&cron(40))).is(201);
    let page = it.lab.get(&it.schedules("RefreshMaterializedLakeViews")).is(200).body();
    assert_eq!(page["value"][0]["id"], second.id());
    assert!(page["continuationToken"].is_string());
}

#[test]
fn schedule_requests_are_validated() {
    let it = Runs::new("Notebook");
    let schedules = it.schedules("RunNotebook");
    let check = |body: Value| drop(it.lab.post(&schedules, body).refuses(400, "InvalidInput"));
    check(json!({"configuration": cron(10)}));
    check(json!({"enabled": true}));
    check(json!({"enabled": true, "configuration": cron(10), "executionData": [1]}));
    check(json!({"enabled": true, "configuration": cron(10), "executionData": {"a": "x".repeat(70_000)}}));
    let invalid = |configuration: Value| check(schedule(&configuration));
    let times: Vec<String> = (0..101).map(|n| format!("{:02}:{:02}", n / 60, n % 60)).collect();
    invalid(cron(0));
    invalid(cron(5_270_401));
    invalid(configuration("Cron", json!({})));
    invalid(configuration("Hourly", json!({"interval": 1})));
    invalid(configuration("Daily", json!({"times": []})));
    invalid(configuration("Daily", json!({"times": times})));
    invalid(configuration("Daily", json!({"times": ["24:00"]})));
    invalid(configuration("Weekly", json!({"times": ["12:00"], "weekdays": []})));
    invalid(configuration("Weekly", json!({"times": ["12:00"], "weekdays": ["Someday"]})));
    let monthly = |recurrence: u32, occurrence: Value| {
        configuration("Monthly", json!({"times": ["12:00"], "recurrence": recurrence, "occurrence": occurrence}))
    };
    invalid(monthly(13, json!({"occurrenceType": "DayOfMonth", "dayOfMonth": 1})));
    invalid(monthly(1, json!({"occurrenceType": "DayOfMonth", "dayOfMonth": 32})));
    invalid(monthly(1, json!({"occurrenceType": "OrdinalWeekday", "weekIndex": "Sixth", "weekday": "Monday"})));
    for (member, value) in [
        ("startDateTime", "tomorrow"),
        ("startDateTime", "2041-01-01T00:00:00"),
        ("endDateTime", "2031-02-04"),
        ("localTimeZoneId", "Mars Standard Time"),
    ] {
        let mut configuration = cron(10);
        configuration[member] = value.into();
        invalid(configuration);
    }
    assert_eq!(it.lab.get(&schedules).body(), json!({"value": []}));
    let mut zoned = cron(10);
    zoned["startDateTime"] = "2031-02-04T01:00:00+01:00".into();
    let made = it.lab.post(&schedules, schedule(&zoned)).is(201).body();
    assert_eq!(made["configuration"]["startDateTime"], "2031-02-04T00:00:00");
}

#[test]
fn runs_fall_due_in_virtual_time() {
    let monthly = json!({"times": ["12:00"], "recurrence": 2,
        "occurrence": {"occurrenceType": "OrdinalWeekday", "weekIndex": "Second", "weekday": "Tuesday"}});
    for (configuration, expected) in [
        (cron(24 * 60), &["2031-02-06T00:00:00", "2031-02-05T00:00:00", "2031-02-04T00:00:00"][..]),
        (configuration("Daily", json!({"times": ["12:00"]})), &["2031-02-05T12:00:00", "2031-02-04T12:00:00"]),
        (configuration("Weekly", json!({"times": ["12:00"], "weekdays": ["Wednesday"]})), &["2031-02-05T12:00:00"]),
        (configuration("Monthly", monthly), &[]),
    ] {
        let it = Runs::new("Notebook").at_once();
        it.lab.post(&it.schedules("RunNotebook"), schedule(&configuration)).is(201);
        assert_eq!(it.starts(), Vec::<String>::new());
        it.lab.advance(3.0 * 86_400.0);
        assert_eq!(it.starts(), expected, "{configuration}");
        let list = it.lab.get(&format!("{}/jobs/instances", it.item)).body();
        for run in list["value"].as_array().unwrap() {
            assert_eq!(run["invokeType"], "Scheduled");
            let one = it.lab.get(&format!("{}/jobs/instances/{}", it.item, run["id"].as_str().unwrap()));
            assert_eq!(&one.is(200).body(), run);
        }
    }
}

#[test]
fn next_change_is_that_of_a_run() {
    let it = Runs::new("Notebook");
    let next = || {
        let body = it.lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200).body();
        let change = |it: &Value| (it["what"].clone(), it["status"].clone(), it["jobInstanceId"].clone());
        let changes: Vec<_> = body["changes"].as_array().unwrap().iter().map(change).collect();
        (body["now"].as_str().unwrap()[..19].to_owned(), changes)
    };
    let run = it.run("RunNotebook");
    let id: Value = run.rsplit_once('/').unwrap().1.into();
    let job = |status: &str, id: &Value| vec![("job".into(), status.into(), id.clone())];
    assert_eq!(next(), ("2031-02-03T04:05:56".into(), job("InProgress", &id)));
    assert_eq!(next(), ("2031-02-03T04:06:26".into(), job("Completed", &id)));
    assert_eq!(next(), ("2031-02-03T04:06:26".into(), vec![]));

    it.lab.post(&it.schedules("RunNotebook"), schedule(&cron(24 * 60))).is(201);
    for day in ["04", "05"] {
        let (now, due) = next();
        assert_eq!(now, format!("2031-02-{day}T00:00:00"));
        let id = due[0].2.clone();
        assert_eq!(due, job("NotStarted", &id));
        assert_eq!(next(), (format!("2031-02-{day}T00:00:30"), job("InProgress", &id)));
        let run = format!("{}/jobs/instances/{}", it.item, id.as_str().unwrap());
        assert_eq!(it.lab.get(&run).is(200).body()["status"], "InProgress");
        it.lab.post_empty(&format!("{run}/cancel")).is(202);
        let (_, ended) = next();
        assert_eq!(ended, job("Cancelled", &id));
    }
}

#[test]
fn jump_of_years_lists_the_last_runs() {
    let it = Runs::new("Notebook").at_once();
    it.lab.post(&it.schedules("RunNotebook"), schedule(&cron(1))).is(201);
    it.lab.post(&it.schedules("RunNotebook"), schedule(&configuration("Daily", json!({"times": ["12:00"]})))).is(201);
    it.lab.advance(20.0 * 365.0 * 86_400.0);
    let starts = it.starts();
    assert_eq!((starts.len(), starts[0].as_str()), (100, "2041-01-01T00:00:00"), "nothing is due after the end");
}

#[test]
fn start_in_the_past_runs_at_once() {
    let it = Runs::new("Notebook").at_once();
    let mut past = cron(60);
    past["startDateTime"] = "2031-02-03T00:30:00".into();
    it.lab.post(&it.schedules("RunNotebook"), schedule(&past)).is(201);
    assert_eq!(it.starts().len(), 1);
    it.lab.advance(3_600.0);
    assert_eq!(it.starts()[0], "2031-02-03T04:30:00");
    past["endDateTime"] = "2031-02-03T01:00:00".into();
    it.lab.post(&it.schedules("RunNotebook"), schedule(&past)).is(201);
    assert_eq!(it.starts().len(), 2, "this schedule has ended");
}

#[test]
fn changes_of_a_schedule_keep_its_past_runs() {
    let it = Runs::new("Notebook").at_once();
    let place = path(&it.lab.post(&it.schedules("RunNotebook"), schedule(&cron(24 * 60))).is(201));
    it.lab.advance(1.5 * 86_400.0);
    let first = it.starts();
    assert_eq!(first, ["2031-02-04T00:00:00"]);
    it.lab.patch(&place, json!({"enabled": false, "configuration": cron(24 * 60)})).is(200);
    it.lab.advance(10.0 * 86_400.0);
    assert_eq!(it.starts(), first, "a disabled schedule has no runs");
    it.lab.patch(&place, schedule(&configuration("Daily", json!({"times": ["12:00"]})))).is(200);
    it.lab.advance(86_400.0);
    assert_eq!(it.starts(), ["2031-02-15T12:00:00", "2031-02-04T00:00:00"]);
    it.lab.delete(&place).is(200);
    it.lab.advance(86_400.0);
    assert_eq!(it.starts(), ["2031-02-15T12:00:00", "2031-02-04T00:00:00"]);
}

#[test]
fn scheduled_run_has_statuses_and_is_cancelled() {
    let it = Runs::new("Notebook");
    it.lab.post(&it.schedules("RunNotebook"), schedule(&cron(24 * 60))).is(201);
    it.lab.post("/_emulator/clock", json!({"now": "2031-02-04T00:00:20Z"})).is(200);
    assert_eq!(it.statuses(), ["NotStarted"]);
    let list = it.lab.get(&format!("{}/jobs/instances", it.item)).body();
    let run = format!("{}/jobs/instances/{}", it.item, list["value"][0]["id"].as_str().unwrap());
    it.lab.post_empty(&format!("{run}/cancel")).is(202);
    it.lab.advance(20.0);
    assert_eq!(it.statuses(), ["Cancelled"]);
    it.lab.advance(86_460.0);
    assert_eq!(it.statuses(), ["Completed", "Cancelled"]);
}

#[test]
fn trouble_fails_the_runs_that_begin_during_it() {
    let it = Runs::new("Notebook");
    it.lab.post(&it.schedules("RunNotebook"), schedule(&cron(24 * 60))).is(201);
    let before = it.run("RunNotebook");
    it.lab.advance(1.0);
    let id = it.item.rsplit('/').next().unwrap();
    let error = json!({"errorCode": "KernelDied", "message": "The kernel died."});
    let trouble =
        json!({"target": {"item": id}, "kind": "jobFails", "ends": {"after": 1.5 * 86_400.0}, "error": error});
    it.lab.post("/_emulator/trouble", trouble).is(201);
    let during = it.run("RunNotebook");
    assert_eq!(it.lab.get(&during).body()["failureReason"], Value::Null, "it has not failed yet");
    it.lab.advance(60.0);
    assert_eq!(it.lab.get(&before).body()["status"], "Completed");
    let body = it.lab.get(&during).body();
    assert_eq!(body["status"], "Failed");
    let reason = &body["failureReason"];
    assert_eq!((&reason["errorCode"], &reason["message"]), (&error["errorCode"], &error["message"]));
    assert_eq!(reason["isRetriable"], false);
    it.lab.advance(3.0 * 86_400.0);
    assert_eq!(it.statuses(), ["Completed", "Completed", "Failed", "Failed", "Completed"]);
}

#[test]
fn trouble_of_jobs_needs_an_item_with_jobs() {
    let it = Runs::new("Eventstream");
    let id = it.item.rsplit('/').next().unwrap();
    let trouble = json!({"target": {"item": id}, "kind": "jobFails"});
    it.lab.post("/_emulator/trouble", trouble).refuses(400, "InvalidInput");
}

#[test]
fn jobs_are_deleted_with_their_item_and_kept_in_snapshots() {
    let it = Runs::new("Notebook");
    let run = it.run("RunNotebook");
    it.lab.post(&it.schedules("RunNotebook"), schedule(&cron(1))).is(201);
    it.lab.advance(86_400.0);
    let listed = it.lab.get(&format!("{}/jobs/instances", it.item)).is(200).body();
    let snapshot = it.lab.get("/_emulator/snapshot").is(200).body();
    it.lab.delete(&it.item).is(200);
    it.lab.get(&run).refuses(404, "EntityNotFound");
    it.lab.put("/_emulator/snapshot", snapshot).is(200);
    assert_eq!(it.lab.get(&format!("{}/jobs/instances", it.item)).is(200).body(), listed);
}
