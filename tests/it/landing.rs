//! The landing zone of open mirroring: cycles, reasons, listings and figures. The content of files is simulated.

mod zone;

use jiff::SignedDuration;
use proptest::prelude::*;
use specularite::fabric::landing::{
    Cycle, MissingMetadata, Plan, Reason, Timing, UnflushedFile, explain, listing, monitoring, plan, progress,
};
use specularite::fabric::mirroring::TableStatus;

use self::zone::{Recorder, file, instant};

/// Polls every 10 s; the first commit takes 5 s, others 3 s, a drop 1 s.
const TIMING: Timing = Timing {
    poll: SignedDuration::from_secs(10),
    first: SignedDuration::from_secs(5),
    batch: SignedDuration::from_secs(3),
    drop: SignedDuration::from_secs(1),
    ..Timing::INSTANT
};

const PLAIN: &[u8] = b"{}";
const BY_TIME: &[u8] = br#"{"fileDetectionStrategy": "LastUpdateTimeFileDetection"}"#;

fn planned<'z>(recorder: &'z Recorder, timing: &Timing, second: i64) -> Plan<'z> {
    plan(&recorder.zone, timing, &mut recorder.tables(), instant(second))
}

/// A cycle in short: poll and commit in seconds, the files with the version, and what else happened.
fn short(cycle: &Cycle<'_>) -> String {
    let seconds = |at: jiff::Timestamp| at.duration_since(instant(0)).as_secs();
    let files: Vec<&str> = cycle.files.iter().map(|file| file.file.path.trim_start_matches('0')).collect();
    let mut text = format!("{}-{}", seconds(cycle.poll.at), seconds(cycle.commit.at));
    if cycle.drops.is_some() {
        text += " drop";
    }
    if cycle.clears {
        text += " clear";
    }
    if let Some(version) = cycle.version {
        text += &format!(" v{version}: {}", files.join(" "));
    }
    if let Some(stop) = &cycle.stop {
        text += &format!(" failed: {}", stop.path.trim_start_matches('0'));
    }
    text
}

fn cycles(recorder: &Recorder, timing: &Timing, second: i64) -> Vec<String> {
    planned(recorder, timing, second).cycles().into_iter().map(short).collect()
}

fn reason(recorder: &Recorder, path: &str, second: i64) -> String {
    let plan = planned(recorder, &TIMING, second);
    explain(&recorder.zone, &TIMING, &plan, path, instant(second)).to_string()
}

/// A zone that is mirrored from second 0, with a table `T`.
fn started(metadata: &[u8]) -> Recorder {
    let mut recorder = Recorder::new();
    recorder.start();
    recorder.write("T/_metadata.json", metadata);
    recorder
}

#[test]
fn cycles_read_consecutive_files() {
    let check = |name: &str, act: &dyn Fn(&mut Recorder), expected: &[&str]| {
        let mut recorder = started(PLAIN);
        act(&mut recorder);
        assert_eq!(cycles(&recorder, &TIMING, 1_000), expected, "{name}");
    };
    check("nothing", &|_| {}, &[]);
    check("a file at the start is seen by the next poll", &|r| r.write(&file(1), b"3"), &["10-15 v0: 1.parquet"]);
    check(
        "files in one cycle",
        &|r| {
            r.write(&file(2), b"1");
            r.write(&file(1), b"1");
        },
        &["10-15 v0: 1.parquet 2.parquet"],
    );
    check(
        "a file at the instant of a poll is seen by the next",
        &|r| {
            r.wait(10.0);
            r.write(&file(1), b"1");
        },
        &["20-25 v0: 1.parquet"],
    );
    check(
        "files during a cycle wait for the next poll",
        &|r| {
            r.write(&file(1), b"1");
            r.wait(12.0);
            r.write(&file(2), b"1");
        },
        &["10-15 v0: 1.parquet", "20-23 v1: 2.parquet"],
    );
    check(
        "a gap blocks",
        &|r| {
            r.write(&file(1), b"1");
            r.write(&file(3), b"1");
            r.wait(60.0);
            r.write(&file(2), b"1");
        },
        &["10-15 v0: 1.parquet", "70-73 v1: 2.parquet 3.parquet"],
    );
    check(
        "names with an underscore are invisible until they are renamed",
        &|r| {
            r.write("T/_00000000000000000001.parquet", b"1");
            r.wait(60.0);
            r.rename("T/_00000000000000000001.parquet", &file(1));
        },
        &["70-75 v0: 1.parquet"],
    );
    check(
        "a file that is not flushed waits",
        &|r| {
            r.create(&file(1));
            r.wait(60.0);
            r.write(&file(1), b"1");
        },
        &["70-75 v0: 1.parquet"],
    );
    check(
        "a file with rows is read after one without",
        &|r| {
            r.write(&file(1), b"0");
            r.write(&file(2), b"1");
        },
        &["10-15 v0: 1.parquet 2.parquet"],
    );
}

#[test]
fn errors_stop_a_table_until_the_file_is_deleted() {
    let check = |name: &str, act: &dyn Fn(&mut Recorder), expected: &[&str]| {
        let mut recorder = started(PLAIN);
        recorder.write(&file(1), b"1");
        recorder.wait(20.0);
        act(&mut recorder);
        assert_eq!(cycles(&recorder, &TIMING, 1_000)[1..], *expected, "{name}");
    };
    let broken = |r: &mut Recorder, bytes: &[u8]| {
        r.write(&file(2), bytes);
        r.write(&file(3), b"1");
        r.wait(20.0);
    };
    check("later files wait", &|r| broken(r, b""), &["30-33 failed: 2.parquet"]);
    check(
        "a file before the broken one is applied",
        &|r| {
            r.write(&file(2), b"1");
            r.write(&file(3), b"broken");
        },
        &["30-33 v1: 2.parquet failed: 3.parquet"],
    );
    check(
        "overwriting does not help",
        &|r| {
            broken(r, b"");
            r.write(&file(2), b"1");
        },
        &["30-33 failed: 2.parquet"],
    );
    check(
        "another file of the same name is read",
        &|r| {
            broken(r, b"");
            r.delete(&file(2));
            r.write(&file(2), b"1");
        },
        &["30-33 failed: 2.parquet", "50-53 clear v1: 2.parquet 3.parquet"],
    );
    check(
        "a deleted file is a gap",
        &|r| {
            broken(r, b"");
            r.delete(&file(2));
        },
        &["30-33 failed: 2.parquet", "50-50 clear"],
    );
    check(
        "an error of the schema stays",
        &|r| {
            broken(r, b"schema");
            r.delete(&file(2));
            r.write(&file(2), b"1");
        },
        &["30-33 failed: 2.parquet"],
    );
    check(
        "a new folder begins anew",
        &|r| {
            broken(r, b"schema");
            r.delete_folder("T");
            r.write("T/_metadata.json", PLAIN);
            r.write(&file(1), b"1");
        },
        &["30-33 failed: 2.parquet", "50-55 drop v0: 1.parquet"],
    );
    check(
        "the metadata disappears and comes back",
        &|r| {
            r.delete("T/_metadata.json");
            r.write(&file(2), b"1");
            r.wait(20.0);
            r.write("T/_metadata.json", PLAIN);
        },
        &["30-30 failed: _metadata.json", "50-53 clear v1: 2.parquet"],
    );
    check(
        "the metadata has a fault",
        &|r| {
            r.write("T/_metadata.json", b"{");
            r.write(&file(2), b"1");
            r.wait(20.0);
            r.write("T/_metadata.json", PLAIN);
        },
        &["30-30 failed: _metadata.json", "50-53 clear v1: 2.parquet"],
    );
}

#[test]
fn key_columns_cannot_be_changed_after_rows_were_read() {
    let mut recorder = started(PLAIN);
    let key = |name: &str| format!(r#"{{"keyColumns": ["{name}"]}}"#).into_bytes();
    for (number, metadata) in [PLAIN.to_vec(), key("a"), key("b"), key("a")].iter().enumerate() {
        recorder.write("T/_metadata.json", metadata);
        recorder.write(&file(number as u64 + 1), b"1");
        recorder.wait(20.0);
    }
    let expected = [
        "10-15 v0: 1.parquet",
        "30-33 v1: 2.parquet",
        "50-50 failed: _metadata.json",
        "70-73 clear v2: 3.parquet 4.parquet",
    ];
    assert_eq!(cycles(&recorder, &TIMING, 1_000), expected);
}

#[test]
fn folders_and_starts_begin_anew() {
    let check = |name: &str, act: &dyn Fn(&mut Recorder), expected: &[&str]| {
        let mut recorder = started(PLAIN);
        recorder.write(&file(1), b"1");
        recorder.write(&file(2), b"1");
        recorder.wait(20.0);
        act(&mut recorder);
        assert_eq!(cycles(&recorder, &TIMING, 1_000)[1..], *expected, "{name}");
    };
    check("a deleted folder", &|r| r.delete_folder("T"), &["30-31 drop"]);
    check(
        "a folder that is made again at one instant",
        &|r| {
            r.delete_folder("T");
            r.write("T/_metadata.json", PLAIN);
            r.write(&file(1), b"1");
        },
        &["30-35 drop v0: 1.parquet"],
    );
    check(
        "a folder that is made again without files",
        &|r| {
            r.delete_folder("T");
            r.write("T/_metadata.json", PLAIN);
        },
        &["30-31 drop"],
    );
    check(
        "a start after a stop expects number 1, which was moved",
        &|r| {
            r.stop();
            r.wait(20.0);
            r.start();
        },
        &["40-41 drop"],
    );
    check(
        "a resumption goes on",
        &|r| {
            r.stop();
            r.wait(25.0);
            r.write(&file(3), b"1");
            r.resume();
        },
        &["55-58 v1: 3.parquet"],
    );
    check(
        "a stop interrupts a cycle",
        &|r| {
            r.write(&file(3), b"1");
            r.wait(12.0);
            r.stop();
            r.wait(1.0);
            r.resume();
        },
        &["33-36 v1: 3.parquet"],
    );
    check(
        "a stop at the instant of the commit comes after it",
        &|r| {
            r.write(&file(3), b"1");
            r.wait(13.0);
            r.stop();
        },
        &["30-33 v1: 3.parquet"],
    );
}

#[test]
fn files_by_time_are_read_once_in_order() {
    let mut recorder = started(BY_TIME);
    recorder.write("T/z.parquet", b"1");
    recorder.wait(0.001);
    recorder.write("T/a.parquet", b"1");
    recorder.create("T/late.parquet");
    recorder.wait(20.0);
    // A path that was read, and one that was moved.
    recorder.write("T/a.parquet", b"2");
    recorder.write("T/late.parquet", b"1");
    recorder.write("T/other.txt", b"1");
    assert_eq!(cycles(&recorder, &TIMING, 100), ["10-15 v0: z.parquet a.parquet", "30-33 v1: late.parquet"]);
    assert_eq!(reason(&recorder, "T/other.txt", 100), "ignored: the table reads files *.parquet in its folder");
    recorder.wait(100.0);
    recorder.write("T/z.parquet", b"2");
    assert_eq!(cycles(&recorder, &TIMING, 1_000).len(), 2);
    assert_eq!(
        reason(&recorder, "T/z.parquet", 1_000),
        "read in cycle 1 as version 0 at 2026-01-05T08:00:15Z: 1 operations"
    );
}

#[test]
fn partitions_have_their_own_numbers() {
    let mut recorder = started(br#"{"isPartitionEnabled": "true"}"#);
    for path in ["a=1", "a=2/b=x"] {
        recorder.write(&format!("T/{path}/00000000000000000001.parquet"), b"1");
    }
    recorder.write("T/a=2/b=x/00000000000000000003.parquet", b"1");
    recorder.write("T/other/00000000000000000001.parquet", b"1");
    let plan = planned(&recorder, &TIMING, 100);
    let files: Vec<&str> = plan.cycles()[0].files.iter().map(|file| file.file.path).collect();
    assert_eq!(files, ["a=1/00000000000000000001.parquet", "a=2/b=x/00000000000000000001.parquet"]);
    let waits = reason(&recorder, "T/a=2/b=x/00000000000000000003.parquet", 100);
    assert_eq!(waits, "waits: number 2 is missing or not flushed");
}

#[test]
fn instant_timing_reads_at_once_and_in_order() {
    let mut recorder = started(PLAIN);
    recorder.write(&file(1), b"1");
    recorder.write(&file(3), b"1");
    recorder.write(&file(2), b"1");
    recorder.stop();
    recorder.write(&file(4), b"1");
    assert_eq!(cycles(&recorder, &Timing::INSTANT, 0), ["0-0 v0: 1.parquet", "0-0 v1: 2.parquet 3.parquet"]);
}

#[test]
fn behaviours_choose_the_other_answer() {
    let unflushed = Timing { unflushed: UnflushedFile::Error, ..TIMING };
    let mut recorder = started(PLAIN);
    recorder.create(&file(1));
    assert_eq!(cycles(&recorder, &unflushed, 100), ["10-15 failed: 1.parquet"]);

    let insert_only = Timing { missing_metadata: MissingMetadata::InsertOnly, ..TIMING };
    let mut recorder = Recorder::new();
    recorder.start();
    recorder.write(&file(1), b"1");
    assert_eq!(cycles(&recorder, &TIMING, 100), [""; 0]);
    assert_eq!(cycles(&recorder, &insert_only, 100), ["10-15 v0: 1.parquet"]);
}

#[test]
fn empty_polls_cost_nothing() {
    let mut recorder = started(PLAIN);
    recorder.wait(8.0 * 86_400.0);
    recorder.write(&file(1), b"1");
    let began = std::time::Instant::now();
    let found = cycles(&recorder, &Timing::FAST, 400 * 86_400);
    assert_eq!(found, ["691201-691202 v0: 1.parquet"]);
    assert!(began.elapsed().as_millis() < 500, "{:?}", began.elapsed());
}

#[test]
fn next_change_is_a_commit_or_a_poll() {
    let mut recorder = started(PLAIN);
    recorder.write(&file(1), b"1");
    recorder.wait(12.0);
    recorder.write(&file(2), b"1");
    for (second, expected) in [
        (0, Some(10)),
        (9, Some(10)),
        (10, Some(15)),
        (12, Some(15)),
        (15, Some(20)),
        (20, Some(23)),
        (23, Some(30)),
        (30, None),
    ] {
        let next = planned(&recorder, &TIMING, second).next();
        assert_eq!(next, expected.map(instant), "{second}");
    }
}

#[test]
fn reasons_explain_each_path() {
    let mut recorder = started(PLAIN);
    recorder.write(&file(1), b"2");
    recorder.write(&file(2), b"1");
    recorder.create(&file(3));
    recorder.write(&file(5), b"1");
    recorder.write("T/_state.json", b"x");
    recorder.write("T/1.parquet", b"x");
    recorder.write("T/sub/00000000000000000001.parquet", b"x");
    recorder.write("T/00000000000000000000.parquet", b"x");
    recorder.write("loose", b"x");
    recorder.write("N/00000000000000000001.parquet", b"1");
    recorder.write("dbo.schema/T/_metadata.json", PLAIN);
    recorder.write("dbo.schema/T/00000000000000000001.parquet", b"1");
    let check = |path: &str, second: i64, expected: &str| {
        assert_eq!(reason(&recorder, path, second), expected, "{path} at {second}");
    };
    let one = &file(1);
    check(one, 0, "due: the next poll is at 2026-01-05T08:00:10Z");
    check(one, 12, "being read since 2026-01-05T08:00:10Z, until 2026-01-05T08:00:15Z");
    check(one, 15, "read in cycle 1 as version 0 at 2026-01-05T08:00:15Z: 2 operations");
    check(&file(2), 15, "read in cycle 1 as version 0 at 2026-01-05T08:00:15Z: 1 operations");
    check(&file(3), 15, "waits: created at 2026-01-05T08:00:00Z, never flushed");
    check(&file(4), 15, "not in the landing zone");
    check(&file(5), 15, "waits: number 3 is missing or not flushed");
    check("T/_state.json", 15, "ignored: \"_state.json\" begins with _");
    check("T/1.parquet", 15, "ignored: the name is not a number of 20 digits");
    check("T/sub/00000000000000000001.parquet", 15, "ignored: the table reads files *.parquet in its folder");
    check("T/00000000000000000000.parquet", 15, "ignored: the table expects number 3");
    check("T/_metadata.json", 15, "describes the table");
    check("loose", 15, "ignored: no file in the folder of a table");
    check("N/00000000000000000001.parquet", 15, "waits: the table has no _metadata.json");
    check("dbo.schema/T/00000000000000000001.parquet", 15, "ignored: the older folder \"T\" has the same table");
    recorder.wait(20.0);
    recorder.delete(&file(3));
    recorder.write(&file(3), b"broken");
    recorder.wait(20.0);
    let failed = reason(&recorder, &file(3), 40);
    assert!(failed.starts_with("failed in cycle 2 at 2026-01-05T08:00:33Z"), "{failed}");
    recorder.write(&file(4), b"1");
    let waits = reason(&recorder, &file(4), 40);
    assert!(waits.starts_with("waits: \"00000000000000000003.parquet\" failed"), "{waits}");
    recorder.stop();
    recorder.delete(&file(5));
    assert_eq!(reason(&recorder, &file(4), 41), "waits: mirroring does not run");
    assert_eq!(reason(&recorder, &file(5), 41), "deleted at 2026-01-05T08:00:40Z before it was read");
}

#[test]
fn read_files_move_and_are_deleted_after_a_week() {
    let mut recorder = started(PLAIN);
    for number in 1..=3 {
        recorder.write(&file(number), b"1");
    }
    let check = |recorder: &Recorder, second: i64, expected: &[&str]| {
        let plan = planned(recorder, &TIMING, second);
        let listed = listing(&recorder.zone, &plan, instant(second));
        let files: Vec<&str> = listed
            .iter()
            .filter(|listed| listed.content.is_some() && !listed.path.ends_with(".json"))
            .map(|listed| listed.path.strip_prefix("T/").unwrap())
            .collect();
        assert_eq!(files, expected, "{second}");
    };
    let short = |number: u64| format!("{number:020}.parquet");
    let moved = |number: u64| format!("_ProcessedFiles/{number:020}.parquet");
    check(&recorder, 14, &[&short(1), &short(2), &short(3)]);
    check(&recorder, 15, &[&short(3), &moved(1), &moved(2)]);
    let week = 7 * 86_400;
    check(&recorder, 14 + week, &[&short(3), &moved(1), &moved(2)]);
    check(&recorder, 15 + week, &[&short(3)]);
    recorder.wait(100.0);
    recorder.remove_moved("T/_ProcessedFiles");
    check(&recorder, 100, &[&short(3)]);
    recorder.write(&file(4), b"1");
    check(&recorder, 200, &[&short(4), &moved(3)]);
    recorder.delete_folder("T");
    check(&recorder, 200, &[]);
}

#[test]
fn progress_counts_operations_of_the_incarnation() {
    let mut recorder = started(PLAIN);
    let check = |recorder: &Recorder, second: i64, expected: Option<(TableStatus, u64, u64, Option<i64>)>| {
        let plan = planned(recorder, &TIMING, second);
        let seen = progress(&recorder.zone, &plan, instant(second));
        let seen = seen.first().map(|table| {
            (
                table.status,
                table.operations,
                table.bytes,
                table.last_sync.map(|at| at.duration_since(instant(0)).as_secs()),
            )
        });
        assert_eq!(seen, expected, "{second}");
    };
    check(&recorder, 9, None);
    check(&recorder, 10, Some((TableStatus::Snapshotting, 0, 0, None)));
    recorder.wait(11.0);
    recorder.write(&file(1), b"7");
    check(&recorder, 25, Some((TableStatus::Replicating, 7, 1, Some(25))));
    recorder.wait(30.0);
    recorder.write(&file(2), b"10");
    recorder.write(&file(3), b"broken");
    check(&recorder, 60, Some((TableStatus::Failed, 17, 3, Some(53))));
    recorder.wait(30.0);
    recorder.delete(&file(3));
    check(&recorder, 80, Some((TableStatus::Replicating, 17, 3, Some(53))));
    recorder.wait(10.0);
    recorder.stop();
    check(&recorder, 90, Some((TableStatus::Stopped, 17, 3, Some(53))));
    recorder.delete_folder("T");
    recorder.start();
    check(&recorder, 200, None);
}

#[test]
fn monitoring_files_show_the_progress() {
    let mut recorder = started(PLAIN);
    recorder.write(&file(1), b"7");
    let plan = planned(&recorder, &TIMING, 20);
    let tables = monitoring::tables(&progress(&recorder.zone, &plan, instant(20)), |_| uuid::Uuid::nil());
    assert_eq!(
        String::from_utf8(tables).unwrap(),
        r#"{"tables":[{"id":"00000000-0000-0000-0000-000000000000","status":"Replicating","errorCode":null,"errorMessage":null,"normalizedTableName":"dbo.T","sourceTableName":"T","sourceSchemaName":null,"sourceObjectType":"Table","metrics":{"processedRowCount":7,"processedByte":1,"lastSourceCommitTimeUtc":"0001-01-01T00:00:00","lastSyncTimeUtc":"2026-01-05T08:00:15"}}]}"#
    );
    let replicator = monitoring::replicator("Running", None);
    assert_eq!(replicator, br#"{"status":"Running","errorCode":null,"errorMessage":null}"#);
}

/// An action of a producer or of the item, after a wait in seconds.
#[derive(Debug, Clone)]
enum Act {
    Write(usize, &'static [u8]),
    Create(usize),
    Delete(usize),
    Publish(usize),
    Metadata(&'static [u8]),
    DeleteFolder,
    Start,
    Stop,
    Resume,
}

const PATHS: [&str; 6] = [
    "T/00000000000000000001.parquet",
    "T/00000000000000000002.parquet",
    "T/00000000000000000003.parquet",
    "T/00000000000000000004.parquet",
    "T/a=1/00000000000000000001.parquet",
    "hr.schema/T/00000000000000000001.parquet",
];

fn acts() -> impl Strategy<Value = Vec<(f64, Act)>> {
    let path = || 0..PATHS.len();
    let bytes = prop::sample::select(vec![&b"1"[..], b"12", b"0", b"broken", b"schema", b""]);
    let metadata = prop::sample::select(vec![PLAIN, BY_TIME, b"{", br#"{"isPartitionEnabled": true}"#]);
    let act = prop_oneof![
        6 => (path(), prop_oneof![3 => Just(&b"3"[..]), 1 => bytes]).prop_map(|(path, bytes)| Act::Write(path, bytes)),
        1 => path().prop_map(Act::Create),
        2 => path().prop_map(Act::Delete),
        2 => path().prop_map(Act::Publish),
        2 => metadata.prop_map(Act::Metadata),
        1 => Just(Act::DeleteFolder),
        1 => Just(Act::Start),
        1 => Just(Act::Stop),
        1 => Just(Act::Resume),
    ];
    let wait = prop::sample::select(vec![0.0, 0.0, 0.3, 1.0, 5.0, 10.0, 33.0]);
    prop::collection::vec((wait, act), 1..40)
}

fn act(recorder: &mut Recorder, act: &Act) {
    match act {
        Act::Write(path, bytes) => recorder.write(PATHS[*path], bytes),
        Act::Create(path) => recorder.create(PATHS[*path]),
        Act::Delete(path) => recorder.delete(PATHS[*path]),
        Act::Publish(path) => {
            let (folder, name) = PATHS[*path].rsplit_once('/').unwrap();
            let hidden = format!("{folder}/_{name}");
            recorder.write(&hidden, b"4");
            recorder.rename(&hidden, PATHS[*path]);
        }
        Act::Metadata(bytes) => {
            recorder.write("T/_metadata.json", bytes);
            recorder.write("hr.schema/T/_metadata.json", PLAIN);
        }
        Act::DeleteFolder => recorder.delete_folder("T"),
        Act::Start => recorder.start(),
        Act::Stop => recorder.stop(),
        Act::Resume => recorder.resume(),
    }
}

fn timings() -> impl Strategy<Value = Timing> {
    prop::sample::select(vec![TIMING, Timing::FAST, Timing::REALISTIC, Timing::INSTANT])
}

/// The laws of the cycles of one table.
fn hold_laws(cycles: &[Cycle<'_>], recorder: &Recorder, is_instant: bool) {
    let mut next = std::collections::BTreeMap::new();
    for (index, cycle) in cycles.iter().enumerate() {
        assert!(cycle.poll <= cycle.commit && cycle.number == index as u64 + 1);
        assert!(index == 0 || cycles[index - 1].commit <= cycle.poll);
        let ended = recorder.zone.epochs[cycle.epoch].ended;
        assert!(ended.is_none_or(|ended| cycle.commit <= ended));
        for file in &cycle.files {
            let since = file.file.content.since;
            assert!(since < cycle.poll && (is_instant || since.at < cycle.poll.at), "a poll sees earlier facts only");
            if let Some(number) = file.file.number {
                let partition = file.file.path.rsplit_once('/').map_or("", |(partition, _)| partition);
                let expected = next.entry((cycle.incarnation, partition.to_owned())).or_insert(1);
                assert_eq!(number, *expected, "a gap blocks");
                *expected += 1;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// The plan at an instant is the beginning of each later plan: whether the zone is settled in one jump or in steps, and
    /// whatever happens afterwards.
    #[test]
    fn later_facts_and_longer_jumps_do_not_change_cycles(acts in acts(), timing in timings()) {
        let mut recorder = Recorder::new();
        recorder.start();
        let mut snapshots = Vec::new();
        for (wait, action) in &acts {
            recorder.wait(*wait);
            snapshots.push(recorder.clone());
            act(&mut recorder, action);
        }
        let end = recorder.now() + SignedDuration::from_hours(1);
        let full = plan(&recorder.zone, &timing, &mut recorder.tables(), end);
        for table in &full.tables {
            hold_laws(&table.cycles, &recorder, timing.is_instant());
        }
        for earlier in &snapshots {
            let then = plan(&earlier.zone, &timing, &mut earlier.tables(), earlier.now());
            for table in &then.tables {
                let whole = &full.table(table.folder.path).unwrap().cycles;
                prop_assert_eq!(&table.cycles[..], &whole[..table.cycles.len()]);
                // A start polls at once.
                let has_started = recorder.zone.epochs.iter().any(|epoch| epoch.started.at == earlier.now());
                if !timing.is_instant() && !has_started {
                    let due = whole.iter().filter(|cycle| cycle.commit.at <= earlier.now()).count();
                    prop_assert_eq!(table.cycles.len(), due);
                }
            }
        }
    }

    /// After an hour, nothing is due, and every file has a reason and one place in the listing.
    #[test]
    fn nothing_is_due_after_an_hour(acts in acts(), timing in timings()) {
        let mut recorder = Recorder::new();
        recorder.start();
        for (wait, action) in &acts {
            recorder.wait(*wait);
            act(&mut recorder, action);
        }
        let end = recorder.now() + SignedDuration::from_hours(1);
        let plan = plan(&recorder.zone, &timing, &mut recorder.tables(), end);
        prop_assert_eq!(plan.next(), None);
        for path in PATHS {
            let reason = explain(&recorder.zone, &timing, &plan, path, end);
            let is_due = matches!(reason, Reason::NotPolled { .. } | Reason::BeingRead { .. });
            prop_assert!(!is_due, "{path}: {reason}");
        }
        let listed = listing(&recorder.zone, &plan, end);
        prop_assert!(listed.windows(2).all(|pair| pair[0].path < pair[1].path));
    }
}
