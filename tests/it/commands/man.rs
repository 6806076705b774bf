//! Manual pages: what they say, how they are laid out, and where they go.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;

use crate::support::run::{Ran, binary};

fn printed(arguments: &[&str]) -> String {
    let mut command = binary();
    command.arg("man").args(arguments);
    let ran = Ran::of(command).expect(0);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

fn written(folder: &Path) -> Ran {
    let mut command = binary();
    command
        .arg("man")
        .arg(format!("--out-dir={}", folder.display()));
    Ran::of(command)
}

fn help(arguments: &[&str]) -> String {
    let mut command = binary();
    command.args(arguments).arg("--help");
    Ran::of(command).expect(0).stdout
}

fn subcommands() -> Vec<String> {
    let row = Regex::new(r"(?m)^  ([a-z]+(?:-[a-z]+)*)  ").unwrap();
    let help = help(&[]);
    let (_, list) = help.split_once("\nCommands:\n").unwrap();
    let list = list.split("\n\n").next().unwrap();
    let names = row.captures_iter(list).map(|found| found[1].to_owned());
    names.filter(|name| name != "help").collect()
}

/// As a reader sees it.
fn laid_out(page: &Path) -> String {
    let mut command = Command::new("man");
    command
        .args(["--warnings", "--local-file"])
        .arg(page)
        .env("MANWIDTH", "80")
        .env("LC_ALL", "C.UTF-8")
        .env("MAN_KEEP_FORMATTING", "")
        .env("PAGER", "cat");
    let ran = Ran::of(command).expect(0);
    assert_eq!(ran.stderr, "", "{}", page.display());
    ran.stdout
}

/// S-22.2
#[test]
fn each_subcommand_has_a_page_with_all_that_its_help_says() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("made/as/well");
    written(&place).expect(0);
    let files: BTreeSet<String> = fs::read_dir(&place)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names = subcommands();
    assert!(names.len() > 10, "{names:?}");
    let expected = names.iter().map(|name| format!("thanos-bucket-{name}.1"));
    let expected = expected.chain(["thanos-bucket.1".to_owned()]).collect();
    assert_eq!(files, expected);
    let word = Regex::new(r"[\w.$()/@=-]+").unwrap();
    // The help says how to get the help, and a page has its own way to write what takes a value.
    let of_help_alone = Regex::new(r"<[^>]*>|\[=.*|\.\.\.|(?m)^Usage:.*$").unwrap();
    let flags = Regex::new(r"--[a-z][a-z0-9.-]*[a-z0-9]").unwrap();
    for name in names {
        let file = place.join(format!("thanos-bucket-{name}.1"));
        assert_eq!(fs::read_to_string(&file).unwrap(), printed(&[&name]));
        let page = laid_out(&file);
        let told: BTreeSet<&str> = word.find_iter(&page).map(|word| word.as_str()).collect();
        let told_flags: BTreeSet<&str> = flags.find_iter(&page).map(|flag| flag.as_str()).collect();
        let help = help(&[&name]);
        for flag in flags.find_iter(&help) {
            assert!(told_flags.contains(flag.as_str()), "{name}: {flag:?}");
        }
        let help = of_help_alone.replace_all(&help, "");
        let untold: Vec<_> = word
            .find_iter(&help)
            .map(|word| word.as_str())
            .filter(|word| !word.starts_with('-'))
            .filter(|word| {
                !told.contains(word)
                    && !["Arguments", "Examples", "Exit", "Options", "codes"].contains(word)
            })
            .collect();
        assert!(untold.is_empty(), "{name}: {untold:?}\n{page}");
    }
    assert_eq!(
        fs::read_to_string(place.join("thanos-bucket.1")).unwrap(),
        printed(&[])
    );
}

/// S-22.2
#[test]
fn a_page_keeps_groups_examples_and_exit_codes_as_the_help_has_them() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path()).expect(0);
    let page = laid_out(&folder.path().join("thanos-bucket-migrate.1"));
    let headings: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with(|letter: char| letter.is_ascii_uppercase()))
        .filter(|line| !line.contains('('))
        .collect();
    assert_eq!(
        headings,
        [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "ENVIRONMENT",
            "EXAMPLES",
            "EXIT STATUS",
            "SEE ALSO"
        ]
    );
    for passage in [
        "\nNAME\n       thanos-bucket-migrate - Moves blocks",
        "\nSYNOPSIS\n       thanos-bucket migrate [FLAGS]\n",
        "\n   Which blocks\n       --plan=FILE\n",
        "\n       --dry-run[=true|false]\n              Show the plan, and write nothing anywhere\n              [default: false]\n              [env: THANOS_BUCKET_DRY_RUN]\n",
        "\n         thanos-bucket migrate --objstore.config-file=hot.yaml \\\n           --objstore-to.config-file=cold.yaml --older-than=90d --dry-run\n",
        "\n       143  stopped by SIGTERM; start it again\n",
        " thanos-bucket-plan(1),",
    ] {
        assert!(page.contains(passage), "{passage}\n{page}");
    }
    let groups: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("   ") && !line.starts_with("    "))
        .collect();
    assert!(groups.len() > 5, "{groups:?}");
    assert_eq!(groups.last().copied(), Some("   Help"));
}

/// S-22.2
#[test]
fn pages_of_another_version_are_replaced_and_all_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("thanos-bucket.1");
    fs::write(&page, "of another version").unwrap();
    fs::write(folder.path().join("ls.1"), "of another tool").unwrap();
    let ran = written(folder.path()).expect(0);
    assert_eq!(ran.stdout, "");
    assert_eq!(fs::read_to_string(&page).unwrap(), printed(&[]));
    let other = fs::read_to_string(folder.path().join("ls.1")).unwrap();
    assert_eq!(other, "of another tool");
    let count = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(
        count,
        subcommands().len() + 2,
        "something unfinished lies there"
    );
}

/// S-22.2: a variable would be a default, and a secret on a page.
#[test]
fn a_page_is_the_same_whatever_the_environment() {
    let plain = printed(&["migrate"]);
    let mut command = binary();
    command
        .args(["man", "migrate"])
        .env("THANOS_BUCKET_CONCURRENCY", "7")
        .env("THANOS_BUCKET_OBJSTORE_CONFIG", "secret");
    assert_eq!(Ran::of(command).expect(0).stdout, plain);
}

/// S-22.2, S-2.3
#[test]
fn what_cannot_be_written_or_is_not_there_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let below = format!("--out-dir={}/below", file.display());
    let file = format!("--out-dir={}", file.display());
    for (arguments, code, told) in [
        (
            &["serve"] as &[&str],
            2,
            "SUBCOMMAND \"serve\": expected migrate,",
        ),
        (&[&file], 2, "expected a folder"),
        (&["plan", &file], 2, "both given"),
        (&[&below], 1, "make the folder"),
    ] {
        let mut command = binary();
        command.arg("man").args(arguments);
        let ran = Ran::of(command).expect(code);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(ran.stderr.contains(told), "{ran:?}");
    }
}
