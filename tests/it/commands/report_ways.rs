//! `report`: a page counts each block once, where it is, whichever runs have told of it.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::run::{OLD, Ran, binary};

const HOT_COLD: (&str, Option<&str>) = ("s3://hot", Some("s3://cold"));

/// Lines of one run: each a second after the other.
struct Lines {
    run: String,
    second: i64,
    all: Vec<Value>,
}

impl Lines {
    fn begin(
        number: u64,
        verb: &str,
        (source, target): (&str, Option<&str>),
        arguments: &Value,
    ) -> Self {
        let lines = Self {
            run: Block::new(900 + number).id(),
            second: i64::try_from(number).unwrap() * 1_000,
            all: Vec::new(),
        };
        let mut begins = json!({"version": "0.1.0", "verb": verb, "dry_run": false, "source": source, "arguments": arguments, "process": 1});
        if let Some(target) = target {
            begins["target"] = json!(target);
        }
        lines.tell("run-begins", &begins)
    }

    fn dry(mut self) -> Self {
        self.all[0]["dry_run"] = json!(true);
        self
    }

    fn tell(mut self, event: &str, rest: &Value) -> Self {
        let time = chrono::DateTime::from_timestamp(1_760_000_000 + self.second, 0).unwrap();
        let at = time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let mut line = json!({"v": 1, "at": at, "run": self.run, "event": event});
        line.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        self.all.push(line);
        self.second += 1;
        self
    }

    fn plan(self, hot: u64, cold: u64) -> Self {
        let held = |blocks: u64| json!({"blocks": blocks, "size_bytes": blocks, "spans": []});
        let group =
            json!({"labels": {"a": "b"}, "resolution": "0s", "hot": held(hot), "cold": held(cold)});
        self.tell(
            "planned",
            &json!({"blocks": 1, "size_bytes": 1, "bytes_to_put": 1, "excluded": {}}),
        )
        .tell("group", &group)
    }

    fn select(self, blocks: &[u64]) -> Self {
        blocks.iter().fold(self, |lines, block| {
            let rest = json!({"block": Block::new(*block).id(), "labels": {"a": "b"}, "resolution": "0s", "objects": 1, "size_bytes": 1, "action": "copy"});
            lines.tell("selected", &rest)
        })
    }

    fn end_blocks(self, blocks: &[u64], ending: &str, needs_a_person: bool) -> Self {
        blocks.iter().fold(self, |lines, block| {
            let rest = json!({"block": Block::new(*block).id(), "labels": {"a": "b"}, "resolution": "0s", "size_bytes": 1, "ending": ending,
                "needs_a_person": needs_a_person});
            lines.tell("done", &rest)
        })
    }

    fn end(self, exit: u8, rest: &Value) -> Vec<Value> {
        let mut ends =
            json!({"exit_code": exit, "complete": exit == 0 || exit == 3, "endings": {}});
        ends.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        self.tell("run-ends", &ends).all
    }

    fn done(self) -> Vec<Value> {
        self.end(0, &json!({}))
    }
}

/// The page of these lines in Markdown.
fn page(lines: &[Value]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.ndjson");
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(&file, text.join("\n") + "\n").unwrap();
    let mut command = binary();
    command.arg("report").arg(file).arg("--markdown=-");
    Ran::of(command).expect(0).stdout
}

fn migrate(number: u64, arguments: &Value) -> Lines {
    Lines::begin(number, "migrate", HOT_COLD, arguments)
}

fn moved(number: u64) -> Vec<Value> {
    let lines = migrate(number, &json!({})).plan(0, 0).select(&[1, 2]);
    lines.end_blocks(&[1, 2], "migrated", false).done()
}

/// Asserts what each page says at its top, in whichever order files come.
#[track_caller]
fn assert_told(cases: Vec<(&str, Vec<Vec<Value>>, &str)>) {
    for (what, runs, sentence) in cases {
        let told = page(&runs.concat());
        assert!(told.contains(sentence), "{what}: {told}");
        // Files may come in any order.
        let backwards: Vec<Value> = runs.into_iter().rev().flatten().collect();
        assert!(page(&backwards).contains(sentence), "{what}");
    }
}

/// S-20.7
#[test]
fn each_block_is_counted_once_and_where_it_is() {
    let none = json!({});
    let shard = |shard: &str| json!({"shard": [shard]});
    let only_cold = ("s3://cold", None);
    assert_told(vec![
        (
            "runs that share a migration count each other's blocks",
            vec![
                migrate(1, &shard("0/2"))
                    .plan(2, 0)
                    .select(&[1, 2])
                    .end_blocks(&[1, 2], "migrated", false)
                    .done(),
                migrate(2, &shard("1/2"))
                    .plan(0, 2)
                    .select(&[3, 4])
                    .end_blocks(&[3, 4], "migrated", false)
                    .done(),
            ],
            "4 blocks moved by 2 runs.",
        ),
        (
            "a later plan says what is left of a group",
            vec![
                migrate(1, &json!({"older-than": ["10000d"]}))
                    .plan(2, 0)
                    .done(),
                moved(2),
            ],
            "2 blocks moved by 2 runs.",
        ),
        (
            "who looks at the target alone brings nothing back",
            vec![
                moved(1),
                Lines::begin(2, "verify", only_cold, &none)
                    .end_blocks(&[1, 2], "whole", false)
                    .done(),
            ],
            "2 blocks moved by 2 runs.",
        ),
        (
            "one bucket is whole, and neither hot nor cold",
            vec![
                Lines::begin(2, "verify", only_cold, &none)
                    .end_blocks(&[1, 2], "whole", false)
                    .done(),
            ],
            "2 blocks looked at by 1 run, 2 whole.",
        ),
        (
            "what a dry run names counts for nothing beside a real one",
            vec![
                migrate(1, &none)
                    .dry()
                    .plan(0, 0)
                    .select(&[1, 2, 3, 4])
                    .done(),
                migrate(2, &none)
                    .plan(3, 0)
                    .select(&[1])
                    .end_blocks(&[1], "migrated", false)
                    .done(),
            ],
            "1 block moved by 2 runs, 3 still hot.",
        ),
    ]);
}

/// S-20.7
#[test]
fn what_is_over_needs_nobody_and_each_way_is_told_apart() {
    let none = json!({});
    assert_told(vec![
        (
            "what was mended and is named no more needs nobody",
            vec![
                migrate(1, &none)
                    .plan(0, 0)
                    .end_blocks(&[1], "damaged", true)
                    .end(3, &none),
                migrate(2, &none).plan(0, 0).done(),
            ],
            "0 blocks moved by 2 runs.",
        ),
        (
            "but not where the later run was asked for something else",
            vec![
                migrate(1, &none)
                    .plan(0, 0)
                    .end_blocks(&[1], "damaged", true)
                    .end(3, &none),
                migrate(2, &json!({"id": ["x"]})).plan(1, 0).done(),
            ],
            "0 blocks moved by 2 runs, 1 needs a person.",
        ),
        (
            "what is copied stays where it was",
            vec![
                Lines::begin(1, "replicate", HOT_COLD, &none)
                    .plan(0, 0)
                    .select(&[1])
                    .end_blocks(&[1], "replicated", false)
                    .done(),
            ],
            "1 block in both buckets after 1 run.",
        ),
        (
            "and so is what was taken back",
            vec![
                moved(1),
                Lines::begin(2, "unmark", ("s3://hot", None), &none)
                    .end_blocks(&[1], "unmarked", false)
                    .done(),
            ],
            "1 block moved by 2 runs, 1 in both buckets.",
        ),
        (
            "each way is told apart",
            vec![
                migrate(1, &none)
                    .plan(10, 5)
                    .select(&[1])
                    .end_blocks(&[1], "migrated", false)
                    .done(),
                Lines::begin(2, "migrate", ("s3://cold", Some("s3://glacier")), &none)
                    .plan(3, 4)
                    .select(&[2])
                    .end_blocks(&[2], "migrated", false)
                    .done(),
            ],
            "2 blocks on 2 ways by 2 runs.",
        ),
    ]);
}

/// S-20.7: also beside runs that came to their end.
#[test]
fn a_run_that_did_not_come_to_its_end_is_named_until_one_does() {
    let none = json!({});
    let killed = || migrate(1, &none).plan(0, 0).select(&[1]).all;
    let cleanup = || Lines::begin(2, "cleanup", HOT_COLD, &none).done();
    let healed = || {
        migrate(3, &none)
            .plan(0, 0)
            .select(&[1])
            .end_blocks(&[1], "migrated", false)
            .done()
    };
    let refused = || migrate(1, &none).end(1, &json!({"aborted": "list s3://hot: 403"}));
    for (lines, told) in [
        (killed(), "has not said that it ended"),
        ([killed(), cleanup()].concat(), "has not said that it ended"),
        (
            [refused(), cleanup()].concat(),
            "had to stop: mend why, and start it again (`list s3://hot: 403`)",
        ),
        (
            migrate(1, &none).end(143, &json!({"signal": "SIGTERM"})),
            "ended early: start it again, and it goes on",
        ),
        ([killed(), healed()].concat(), "Nothing needs a person."),
        ([refused(), healed()].concat(), "Nothing needs a person."),
    ] {
        let page = page(&lines);
        assert!(page.contains(told), "{told}: {page}");
        assert_eq!(
            page.contains("Nothing needs a person"),
            told.starts_with("Nothing"),
            "{page}"
        );
    }
}

/// S-20.7, S-20.9: no ending is lost, however many causes there are, and a ticket takes the page.
#[test]
fn many_causes_hide_no_ending_and_copied_bytes_are_put() {
    let none = json!({});
    let blocks: Vec<u64> = (0..11_000).collect();
    let mut lines = migrate(1, &none).plan(0, 0);
    for block in &blocks {
        let detail = format!("cause {block} {}", "<b>".repeat(200));
        lines = lines.tell("failed", &json!({"block": Block::new(*block).id(), "ending": "failed", "detail": detail, "needs_a_person": true}));
    }
    let failed = lines.end(3, &none);
    let first = page(&failed);
    assert!(
        first.contains("11,000 need a person") && first.len() < 65_536,
        "{}",
        first.len()
    );
    let second = migrate(20, &none)
        .plan(0, 0)
        .end_blocks(&blocks, "migrated", false)
        .done();
    let both = page(&[failed, second].concat());
    assert!(
        both.contains("11,000 blocks moved by 2 runs.") && both.contains("Nothing needs"),
        "{both:.3000}"
    );
    let killed = migrate(1, &none).plan(0, 0).select(&[1]);
    let killed = killed.tell("copied", &json!({"block": Block::new(1).id(), "objects_put": 1, "bytes_sent": 1 << 30, "elapsed_seconds": 1}));
    assert!(page(&killed.all).contains("| put into the target |  | 1.0 GiB |"));
}

/// S-20.2, S-20.7: the whole way; the first run finds all too young.
#[test]
fn a_group_of_which_nothing_is_left_over_is_told_too() {
    let world = World::new(&[Block::new(1).days(0, 1), Block::new(2).days(1, 2)]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.ndjson");
    let flag = format!("--report-file={}", file.display());
    world.migrate(&["--older-than=100000d", &flag]).expect(0);
    world.migrate(&[OLD, &flag]).expect(0);
    let mut command = binary();
    command.arg("report").arg(file).arg("--markdown=-");
    let page = Ran::of(command).expect(0).stdout;
    assert!(page.contains("2 blocks moved by 2 runs."), "{page}");
}

/// S-20.5, S-20.6: as who rotates logs leaves them.
#[test]
fn a_compressed_file_is_read_and_what_two_files_have_in_common_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let tried = json!({"block": Block::new(1).id()});
    let lines = (0..3).fold(migrate(1, &json!({})), |lines, _| {
        lines.tell("retried", &tried)
    });
    let text: Vec<String> = lines.done().iter().map(Value::to_string).collect();
    for name in ["runs.ndjson", "runs.ndjson.1"] {
        fs::write(path(name), text.join("\n") + "\n").unwrap();
    }
    let compressing = Command::new("gzip").arg(path("runs.ndjson.1")).status();
    assert!(compressing.unwrap().success());
    let report = |files: &[&str]| {
        let mut command = binary();
        command.arg("report").args(files).arg("--html=-");
        command.current_dir(folder.path());
        Ran::of(command)
    };
    for files in [
        &["runs.ndjson"] as &[&str],
        &["runs.ndjson.1.gz"],
        &["runs.ndjson.1.gz", "runs.ndjson"],
    ] {
        let page = report(files).expect(0).stdout;
        let (_, runs) = page.split_once("<caption>Runs, in the order").unwrap();
        let (_, row) = runs.split_once("<tbody>").unwrap();
        let cells: Vec<_> = row.split("<td").take(8).collect();
        assert!(cells[6].contains(">3<"), "{cells:?}");
    }
    let whole = fs::read(path("runs.ndjson.1.gz")).unwrap();
    fs::write(path("torn.gz"), &whole[..whole.len() / 2]).unwrap();
    let ran = report(&["torn.gz", "runs.ndjson"]).expect(3);
    assert!(ran.stderr.contains("torn.gz"), "{ran:?}");
    assert!(ran.stdout.contains("by 1 run"), "{ran:?}");
    fs::write(path("runs.zst"), b"\x28\xb5\x2f\xfd and more").unwrap();
    let ran = report(&["runs.zst"]).expect(1);
    assert!(ran.stderr.contains("compressed with zstd"), "{ran:?}");
}
