//! What shells complete, asked of the shells themselves. bash is on every machine that runs these tests; zsh and fish are asked where they are.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::run::{Ran, binary};

/// What is typed, and what has to be among what is offered; the first letters of what must not be.
const TYPED: [(&str, &[&str], &[&str]); 12] = [
    ("thanos-bucket rep", &["replicate", "report"], &["migrate"]),
    ("thanos-bucket migrate --dry", &["--dry-run"], &["--id"]),
    (
        "thanos-bucket rollback --run",
        &["--run"],
        &["--older", "unmark"],
    ),
    (
        "thanos-bucket migrate --verify ",
        &["size", "checksum", "content"],
        &["--", "hot"],
    ),
    (
        "thanos-bucket migrate --verify=",
        &["size", "checksum", "content"],
        &["--id", "hot"],
    ),
    (
        "thanos-bucket migrate --verify=c",
        &["checksum", "content"],
        &["size", "--id"],
    ),
    (
        "thanos-bucket migrate --dry-run=",
        &["true", "false"],
        &["--id", "hot"],
    ),
    (
        "thanos-bucket migrate --objstore.config-file=ho",
        &["hot.yaml"],
        &["--id", "cold"],
    ),
    (
        "thanos-bucket migrate --objstore.config-file ho",
        &["hot.yaml"],
        &["--id", "cold"],
    ),
    (
        "thanos-bucket --log.level debug plan --shape-of-nothing --out",
        &["--out", "--output"],
        &["--id"],
    ),
    ("thanos-bucket completion f", &["fish"], &["bash", "hot"]),
    ("thanos-bucket man mig", &["migrate"], &["plan", "hot"]),
];

fn script(shell: &str) -> String {
    let mut command = binary();
    command.args(["completion", shell]);
    let ran = Ran::of(command).expect(0);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

/// A folder with two files and the script.
fn folder(shell: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["hot.yaml", "cold.yaml"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    fs::write(folder.path().join("script"), script(shell)).unwrap();
    folder
}

#[expect(
    clippy::print_stderr,
    reason = "what was not asked should not be silent"
)]
fn is_here(shell: &str) -> bool {
    let found = Command::new(shell).args(["-c", "exit 0"]).output();
    let is_here = found.is_ok_and(|ran| ran.status.success());
    if !is_here {
        eprintln!("{shell} is not here, and was not asked");
    }
    is_here
}

/// What a shell offers: the words of each answer, one a line.
#[track_caller]
fn offered(shell: &str, arguments: &[&str], folder: &Path) -> Vec<String> {
    let mut command = Command::new(shell);
    command
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_DATA_HOME", folder)
        .env("XDG_CACHE_HOME", folder)
        .env("TERM", "dumb");
    let ran = Ran::of(command).expect(0);
    ran.stdout.lines().map(str::to_owned).collect()
}

#[track_caller]
fn is_right(shell: &str, typed: &str, offered: &[String], wanted: &[&str], unwanted: &[&str]) {
    for word in wanted {
        assert!(
            offered.iter().any(|offer| offer.trim_end() == *word),
            "{shell}: {typed:?}: {word} is not among {offered:?}"
        );
    }
    for word in unwanted {
        assert!(
            !offered.iter().any(|offer| offer.starts_with(word)),
            "{shell}: {typed:?}: {word} is among {offered:?}"
        );
    }
}

/// S-22.1: bash parts words at equals signs before it asks.
#[test]
fn bash_completes_subcommands_flags_values_and_files() {
    const ASK: &str = r#"
        . ./script
        shopt -s extglob
        typed=$1
        read -ra COMP_WORDS <<<"${typed//=/ = }"
        [[ $typed == *' ' ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        COMP_LINE=$typed COMP_POINT=${#typed}
        [[ $(complete -p thanos-bucket) =~ -F\ ([^ ]+) ]]
        "${BASH_REMATCH[1]}" thanos-bucket "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" 2>/dev/null
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let folder = folder("bash");
    for (typed, wanted, unwanted) in TYPED {
        let arguments = ["--norc", "--noprofile", "-c", ASK, "bash", typed];
        let offered = offered("bash", &arguments, folder.path());
        is_right("bash", typed, &offered, wanted, unwanted);
    }
}

/// S-22.1
#[test]
fn fish_completes_subcommands_flags_values_and_files() {
    // What it says of itself when it is spoken to goes elsewhere; descriptions follow a tab, and a flag stands before its value.
    const ASK: &str = "set fish_greeting; . ./script; complete -C $argv[1] | string replace -r '\\t.*' '' | string replace -r '^--[^=]*=' ''; exit 0";
    if !is_here("fish") {
        return;
    }
    let folder = folder("fish");
    for (typed, wanted, unwanted) in TYPED {
        let arguments = ["--no-config", "--interactive", "-c", ASK, typed];
        let offered = offered("fish", &arguments, folder.path());
        is_right("fish", typed, &offered, wanted, unwanted);
    }
}

/// S-22.1: zsh answers on a terminal alone, and has one of its own to be asked through.
#[test]
fn zsh_completes_subcommands_flags_values_and_files() {
    // What is typed is echoed, and has none of the marks that are waited for.
    const ASK: &str = r#"
        zmodload zsh/zpty || exit 1
        zpty asked zsh -f -i
        zpty -w asked 'PS1=; fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D'
        zpty -w asked 'compadd() { local -a all; builtin compadd -O all "$@"; print -rl -- "offer:"${^all}; builtin compadd "$@" }'
        zpty -w asked 'asked() { compstate[list]=; print; _main_complete; print -r end:$((40+2)); exit }'
        zpty -w asked 'zle -C ask complete-word asked; bindkey "^I" ask; print ready:$((40+2))'
        zpty -r asked line '*ready:42*'
        zpty -w -n asked "$1"$'\t'
        zpty -r asked offers '*end:42*'
        print -r -- "$offers"
    "#;
    if !is_here("zsh") {
        return;
    }
    let folder = folder("zsh");
    fs::create_dir(folder.path().join("functions")).unwrap();
    let place = folder.path().join("functions/_thanos-bucket");
    fs::rename(folder.path().join("script"), place).unwrap();
    for (typed, wanted, unwanted) in TYPED {
        let printed = offered("zsh", &["-f", "-c", ASK, "zsh", typed], folder.path());
        let offers = printed
            .iter()
            .filter_map(|line| line.trim().strip_prefix("offer:"));
        let offers: Vec<String> = offers.map(str::to_owned).collect();
        is_right("zsh", typed, &offers, wanted, unwanted);
    }
}

/// S-22.1
#[test]
fn each_script_names_every_subcommand_and_its_flags() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = script(shell);
        for word in [
            "undelete",
            "rollback",
            "objstore-to.config-file",
            "checksum",
        ] {
            // Those two shells are told of flags, not of values.
            let is_left_out = word == "checksum" && ["elvish", "powershell"].contains(&shell);
            assert!(is_left_out || script.contains(word), "{shell}: {word}");
        }
    }
}

/// S-22.1: a variable would be a default, and defaults are told.
#[test]
fn a_script_is_the_same_whatever_the_environment() {
    let plain = script("zsh");
    let mut command = binary();
    command
        .args(["completion", "zsh"])
        .env("THANOS_BUCKET_CONCURRENCY", "7")
        .env("THANOS_BUCKET_OBJSTORE_CONFIG", "secret");
    assert_eq!(Ran::of(command).expect(0).stdout, plain);
}

/// S-22.1, S-2.3
#[test]
fn a_shell_that_is_not_known_is_refused_with_those_that_are() {
    for (arguments, wrong) in [
        (&["completion"] as &[&str], "SHELL is required"),
        (&["completion", "tcsh"], "SHELL \"tcsh\""),
    ] {
        let mut command = binary();
        command.args(arguments);
        let ran = Ran::of(command).expect(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        let expected = "expected bash, zsh, fish, elvish or powershell";
        assert!(
            ran.stderr.contains(wrong) && ran.stderr.contains(expected),
            "{ran:?}"
        );
    }
}
