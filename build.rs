//! Tells the binary which commit it is built from, and of what day that is: `THANOS_BUCKET_COMMIT` and `THANOS_BUCKET_DATE` if these are set, else what git
//! says, else `unknown`.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    tell("THANOS_BUCKET_COMMIT", commit_in_git);
    tell("THANOS_BUCKET_DATE", || {
        git(&["show", "--no-patch", "--format=%cs", "HEAD"])
    });
}

fn tell(variable: &str, in_git: impl FnOnce() -> Option<String>) {
    println!("cargo::rerun-if-env-changed={variable}");
    let told = env::var(variable)
        .ok()
        .filter(|told| is_plain(told))
        .or_else(in_git)
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env={variable}={told}");
}

/// What may stand in a line of output, and in an instruction to cargo.
fn is_plain(told: &str) -> bool {
    !told.is_empty() && told.chars().all(|c| c.is_ascii_graphic())
}

fn commit_in_git() -> Option<String> {
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    // A commit changes the branch, a checkout changes HEAD, `git gc` moves branches into packed-refs.
    for name in ["HEAD", "refs/heads", "packed-refs"] {
        if let Some(path) = git(&["rev-parse", "--git-path", name])
            && Path::new(&path).exists()
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    Some(commit)
}

/// The one line that git answers. A repository that this folder merely lies in is not ours.
fn git(arguments: &[&str]) -> Option<String> {
    let folder = env::var_os("CARGO_MANIFEST_DIR")?;
    let output = Command::new("git")
        .arg("-C")
        .arg(&folder)
        .args(arguments)
        .env("GIT_CEILING_DIRECTORIES", Path::new(&folder).parent()?)
        .output()
        .ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    let line = line.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}
