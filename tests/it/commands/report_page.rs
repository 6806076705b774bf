//! `report`: the page that is made of report files, whatever stands in them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::run::{OLD, Ran, binary};

const DAY_MS: i64 = 86_400_000;

/// A folder for report files and pages.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, lines: &[Value]) -> PathBuf {
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        fs::write(self.path(name), lines.join("\n") + "\n").unwrap();
        self.path(name)
    }

    /// The page of these files in HTML, which must be well-formed, and in Markdown.
    #[track_caller]
    fn pages(&self, files: &[PathBuf], code: i32) -> (String, String) {
        let [html, markdown] = ["html", "markdown"].map(|form| {
            let place = self.path(&format!("page.{form}"));
            let mut command = binary();
            command.arg("report").args(files);
            command.arg(format!("--{form}={}", place.display()));
            Ran::of(command).expect(code);
            let page = fs::read_to_string(&place).unwrap();
            fs::remove_file(place).unwrap();
            page
        });
        assert_well_formed(&html);
        (html, markdown)
    }
}

/// Asserts that each element ends where it should, that headings are in order, and that nothing is asked for from elsewhere or is a program.
#[track_caller]
fn assert_well_formed(html: &str) {
    let mut reader = Reader::from_str(html);
    reader.config_mut().check_end_names = true;
    let (mut level, mut open) = (0, 0);
    loop {
        match reader
            .read_event()
            .unwrap_or_else(|err| panic!("{err}: {html}"))
        {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                let name = String::from_utf8(tag.name().as_ref().to_vec()).unwrap();
                assert!(
                    !["script", "link", "img", "iframe", "object", "a"].contains(&name.as_str()),
                    "{name}"
                );
                if let Some(heading) = name
                    .strip_prefix('h')
                    .and_then(|digit| digit.parse::<i32>().ok())
                {
                    assert!(heading <= level + 1, "h{heading} after h{level}");
                    level = heading;
                }
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
                    assert!(
                        !name.starts_with("on") && name != "src" && name != "href",
                        "{name}"
                    );
                }
                open += 1;
            }
            Event::Text(text) => assert!(!String::from_utf8_lossy(&text).contains('\u{202e}')),
            _ => {}
        }
    }
    assert!(open > 20, "{html}");
    assert!(
        !html.contains("url(") && !html.contains("@import"),
        "{html}"
    );
}

/// Some run's id; later ones have larger numbers.
fn run(number: u64) -> String {
    Block::new(900 + number).id()
}

fn at(ms: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(1_760_000_000_000 + ms).unwrap();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn line(run: &str, ms: i64, event: &str, rest: &Value) -> Value {
    let mut line = json!({"v": 1, "at": at(ms), "run": run, "event": event});
    let members = rest.as_object().unwrap().clone();
    line.as_object_mut().unwrap().extend(members);
    line
}

fn begins(run: &str, ms: i64, dry: bool) -> Value {
    let rest = json!({"version": "0.1.0", "verb": "migrate", "dry_run": dry, "source": "s3://hot", "target": "s3://cold", "arguments": {}, "process": 1});
    line(run, ms, "run-begins", &rest)
}

fn selected(run: &str, ms: i64, block: &str, day: i64) -> Value {
    let rest = json!({"block": block, "labels": {"cluster": "eu-1"}, "resolution": "0s", "min_time": at(day * DAY_MS),
        "max_time": at((day + 1) * DAY_MS), "objects": 3, "size_bytes": 1 << 20, "action": "copy"});
    line(run, ms, "selected", &rest)
}

fn ended(run: &str, ms: i64, block: &str, ending: &str, detail: &str) -> Value {
    let is_bad = ending != "migrated";
    let rest = json!({"block": block, "ending": ending, "detail": detail, "mark": "none", "objects_put": 3, "bytes_sent": 1 << 20,
        "elapsed_seconds": 2.5, "needs_a_person": is_bad, "what_to_do": is_bad.then_some("mend it")});
    line(run, ms, if is_bad { "failed" } else { "done" }, &rest)
}

fn ends(run: &str, ms: i64, exit: u8) -> Value {
    line(
        run,
        ms,
        "run-ends",
        &json!({"exit_code": exit, "complete": true, "elapsed_seconds": 9, "endings": {}}),
    )
}

/// S-20.5, S-20.7: the whole way, from a run to its pages.
#[test]
fn a_run_becomes_a_page_that_says_what_moved_what_failed_and_what_to_do() {
    let damaged = Block::new(2).days(1, 2).without("chunks/000001");
    let held_back = Block::new(3).days(2, 3);
    let world = World::new(&[Block::new(1).days(0, 1), damaged.clone(), held_back.clone()]);
    let desk = Desk::new();
    let file = desk.path("runs.ndjson");
    let flag = format!("--report-file={}", file.display());
    let report = world
        .migrate(&[OLD, &flag, "--output=json"])
        .expect(3)
        .json();
    let (html, markdown) = desk.pages(&[file], 0);
    for page in [&html, &markdown] {
        for told in [
            "1 block moved by 1 run, 2 need a person.",
            &damaged.id(),
            &held_back.id(),
            report["run"].as_str().unwrap(),
            "incomplete",
            "restore what is missing",
            "held-back",
        ] {
            assert!(page.contains(told), "{told}: {page}");
        }
    }
    assert!(
        html.contains("<rect class=\"moved\"") && html.contains("<rect class=\"failed\""),
        "{html}"
    );
    assert!(html.contains("cluster=&quot;eu-1&quot;") && markdown.contains("cluster=\"eu-1\""));
    assert!(markdown.contains("`#"), "{markdown}");
}

/// S-20.7
#[test]
fn the_latest_ending_of_a_block_counts_and_all_are_listed() {
    let desk = Desk::new();
    let [mended, broken, left] = [1, 2, 3].map(|number| Block::new(number).id());
    let [first, second, third] = [1, 2, 3].map(run);
    let night = |run: &str, ms: i64, endings: [(&str, &str); 2]| {
        let mut lines = vec![begins(run, ms, false)];
        lines.extend([&mended, &broken, &left].map(|block| selected(run, ms + 1, block, 0)));
        lines.extend(endings.map(|(block, ending)| ended(run, ms + 9, block, ending, "why")));
        lines.push(ends(run, ms + 10, 3));
        lines
    };
    let one = desk.put(
        "one",
        &night(&first, 0, [(&mended, "failed"), (&broken, "migrated")]),
    );
    let other = desk.put(
        "other",
        &night(
            &second,
            DAY_MS,
            [(&mended, "migrated"), (&broken, "failed")],
        ),
    );
    // A dry run, and one that was killed.
    let dry = desk.put(
        "dry",
        &[
            begins(&third, 2 * DAY_MS, true),
            selected(&third, 2 * DAY_MS, &mended, 0),
        ],
    );
    let (html, markdown) = desk.pages(&[other.clone(), dry, one.clone(), one.clone()], 0);
    for page in [&html, &markdown] {
        assert!(
            page.contains("1 block moved by 3 runs, 1 needs a person, 1 still hot."),
            "{page}"
        );
        assert!(page.contains("it has not said that it ended"), "{page}");
    }
    let (_, several) = html.split_once("came up more than once").unwrap();
    let (several, _) = several.split_once("</table>").unwrap();
    assert_eq!(
        several.matches("<tr><th scope=\"row\"").count(),
        4,
        "{several}"
    );
    // Copies of a file under another name change nothing, as where a file was moved away and copied.
    let copy = desk.path("copy");
    fs::copy(&one, &copy).unwrap();
    let (again, _) = desk.pages(&[one.clone(), copy, other.clone()], 0);
    let (whole, _) = desk.pages(&[one, other], 0);
    let sums = |page: &str| {
        page.split("<dl")
            .nth(1)
            .unwrap()
            .split("</dl>")
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(sums(&again), sums(&whole));
}

/// S-20.6
#[test]
fn what_is_no_line_is_named_and_spoils_nothing() {
    let desk = Desk::new();
    let run = run(1);
    let block = Block::new(1).id();
    let good = [
        begins(&run, 0, false),
        selected(&run, 1, &block, 0),
        ended(&run, 9, &block, "migrated", ""),
    ];
    let good = good.map(|line| line.to_string());
    let torn = "{\"v\":1,\"at\":\"2025";
    let cases: [(String, i32, &str); 7] = [
        (String::new(), 0, "There is no run"),
        (good.join("\r\n"), 0, "1 block moved"),
        (
            format!("{}\n{torn}", good.join("\n")),
            0,
            "1 line came to no end",
        ),
        (
            format!("{}\n{torn}\n{}", good[0], good[1..].join("\n")),
            0,
            "1 block moved",
        ),
        (
            format!("{}\nlevel=info\n<b>\n", good.join("\n")),
            3,
            "2 lines could not be read",
        ),
        (
            format!(
                "{}\n{}",
                good.join("\n"),
                good[1]
                    .replace("\"v\":1", "\"v\":9")
                    .replace("selected", "flown")
            ),
            0,
            "does not know: flown",
        ),
        (
            format!("{}\n{}\n", "x".repeat(3 << 20), good.join("\n")),
            3,
            "longer than",
        ),
    ];
    for (text, code, told) in cases {
        let file = desk.path("file.ndjson");
        fs::write(&file, &text).unwrap();
        let (html, markdown) = desk.pages(&[file], code);
        assert!(html.contains(told), "{told}: {html}");
        assert!(markdown.contains(told), "{told}: {markdown}");
        if code == 3 {
            assert!(
                html.contains("file.ndjson:1") || html.contains("file.ndjson:4"),
                "{html}"
            );
        }
    }
}

/// S-20.8
#[test]
fn foreign_text_is_text_on_a_page() {
    let desk = Desk::new();
    let run = run(1);
    let block = Block::new(1).id();
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>|`x`\\|\u{202e}abc\n# @all [a](javascript:b) <!-- ]]> --> &lt;";
    let mut lines = vec![
        begins(&run, 0, false),
        selected(&run, 1, &block, 0),
        ended(&run, 9, &block, "failed", evil),
    ];
    lines[0]["source"] = json!(evil);
    lines[1]["labels"] = json!({evil: evil});
    lines[2]["ending"] = json!(evil);
    lines[2]["what_to_do"] = json!(evil);
    lines.push(line(
        &run,
        10,
        "warned",
        &json!({"reason": evil, "detail": evil, "blocks": 1}),
    ));
    lines.push(line(&run, 11, evil, &json!({})));
    lines.push(line(
        &run,
        12,
        "run-ends",
        &json!({"exit_code": 1, "complete": false, "aborted": evil}),
    ));
    let (html, markdown) = desk.pages(&[desk.put(&format!("x{}", "<b>"), &lines)], 0);
    assert!(!html.contains("<img") && !html.contains("<b>"), "{html}");
    let mut columns = None;
    for row in markdown.lines() {
        assert!(
            !row.contains("<script") && !row.contains("<img") && !row.contains("javascript:b)"),
            "{row}"
        );
        assert!(!row.contains('\u{202e}'));
        if !row.starts_with("| ") {
            columns = None;
            continue;
        }
        let cells = row.matches('|').count();
        assert_eq!(*columns.get_or_insert(cells), cells, "{row}");
    }
}

/// S-20.9: ten thousand blocks of a thousand groups, and all of them fail, each for a reason of its own.
#[test]
fn a_page_stays_small_and_counts_what_it_leaves_out() {
    let desk = Desk::new();
    let run = run(1);
    let mut lines = vec![begins(&run, 0, false)];
    for number in 0..10_000 {
        let block = Block::new(number).id();
        let mut one = selected(&run, 1, &block, i64::try_from(number).unwrap() / 1000);
        one["labels"] = json!({"tenant": format!("team-{}", number % 1000)});
        lines.push(one);
        lines.push(ended(
            &run,
            9,
            &block,
            "failed",
            &format!("reason {number} of {block}"),
        ));
    }
    let (html, markdown) = desk.pages(&[desk.put("many", &lines)], 0);
    for page in [&html, &markdown] {
        assert!(page.len() < 1 << 20, "{}", page.len());
        for told in ["960 groups", " more", "10,000 need a person"] {
            assert!(page.contains(told), "{told}: {page}");
        }
    }
}

/// S-20.5
#[test]
fn a_page_is_written_over_nothing_unless_that_is_asked_for() {
    let desk = Desk::new();
    let file = desk.put("runs.ndjson", &[begins(&run(1), 0, false)]);
    let report = |arguments: &[&str]| {
        let mut command = binary();
        command
            .arg("report")
            .args(arguments)
            .current_dir(desk.0.path());
        Ran::of(command)
    };
    fs::write(desk.path("there"), "there").unwrap();
    let file = file.to_str().unwrap();
    for (arguments, why) in [
        (&[file] as &[&str], "--html"),
        (&["--html=page"], "FILE is required"),
        (
            &["absent", "--html=page"],
            "FILE \"absent\": cannot be read",
        ),
        (&[".", "--html=page"], "this is a folder"),
        (&[file, "--html=there"], "it is there already"),
        (&[file, "--html=absent/page"], "in a folder that is there"),
        (&[file, "--html=page", "--markdown=page"], "the same place"),
        (&[file, "--html=-", "--markdown=-"], "the same place"),
        (
            &["runs.ndjson", "--overwrite", "--html=./runs.ndjson"],
            "one of the report files",
        ),
        (&["-", "-", "--html=page"], "given twice"),
        (&[file, "--htlm=page"], "did you mean --html"),
        (&[file, "--report-file=x", "--html=page"], "--report-file"),
    ] {
        let ran = report(arguments).expect(2);
        assert!(ran.stderr.contains(why), "{why}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
    let whole = report(&[file, "--html=page", "--markdown=-"]).expect(0);
    assert!(
        whole.stdout.starts_with("# What became"),
        "{}",
        whole.stdout
    );
    report(&[file, "--html=page"]).expect(2);
    fs::write(desk.path("page"), "old").unwrap();
    report(&[file, "--html=page", "--overwrite"]).expect(0);
    assert!(
        fs::read_to_string(desk.path("page"))
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
    // One place in two spellings, and a page that a link leads to.
    fs::create_dir(desk.path("sub")).unwrap();
    std::os::unix::fs::symlink("page", desk.path("link")).unwrap();
    for other in ["./page", "sub/../page", "link"] {
        let other = format!("--markdown={other}");
        let ran = report(&[file, "--html=page", &other, "--overwrite"]).expect(2);
        assert!(ran.stderr.contains("the same place"), "{ran:?}");
    }
    let before = fs::read(desk.path("page")).unwrap();
    report(&[file, "--markdown=link", "--overwrite"]).expect(0);
    let link = fs::symlink_metadata(desk.path("link")).unwrap();
    assert!(link.is_symlink());
    assert_ne!(fs::read(desk.path("page")).unwrap(), before);
    // From a pipe.
    let mut command = binary();
    command
        .args(["report", "-", "--markdown=-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&fs::read(file).unwrap()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("by 1 run")
    );
    let mut names: Vec<_> = fs::read_dir(desk.0.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["link", "page", "runs.ndjson", "sub", "there"]);
    assert!(Path::new(file).exists());
}
