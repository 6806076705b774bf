//! What a wrong command line is answered with: one line, exit code 2, at once.

use std::time::Duration;

use super::run::{Ran, binary};

/// Two folders that are not there, and old blocks.
pub const HOT: &str = "--objstore.config={type: FILESYSTEM, config: {directory: /nowhere/hot}}";
pub const COLD: &str =
    "--objstore-to.config={type: FILESYSTEM, config: {directory: /nowhere/cold}}";

/// The one line that a wrong command line is answered with.
#[track_caller]
pub fn complaint(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = binary();
    command
        .arg("migrate")
        .args(arguments)
        .envs(variables.iter().copied());
    let ran = Ran::of(command).expect(2);
    assert!(ran.elapsed < Duration::from_secs(1), "{ran:?}");
    assert!(ran.stdout.is_empty(), "{ran:?}");
    let line = ran.stderr.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{line}");
    line.strip_prefix("thanos-bucket: ").unwrap().to_owned()
}

/// The line names all of these.
#[track_caller]
pub fn assert_names(line: &str, names: &[&str]) {
    for name in names {
        assert!(line.contains(name), "{line:?} does not name {name:?}");
    }
}
