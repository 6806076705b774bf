//! The copy of an account in another region, which is only read.

use std::path::PathBuf;

use super::{World, run};
use crate::support::azurite::{ACCOUNT, Azurite, Container};
use crate::support::run::{OLD, Ran, binary};
use crate::support::world::{Contents, assert_same, three};

/// The container as it is seen there.
fn seen_there(container: &Container, file: &str) -> PathBuf {
    let path = container.config(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let there = format!("/{ACCOUNT}-secondary;");
    std::fs::write(&path, text.replace(&format!("/{ACCOUNT};"), &there)).unwrap();
    path
}

/// S-3.24: it cannot be marked, and what it shows may be over.
#[test]
fn a_migration_from_or_into_the_copy_of_an_account_is_refused_in_one_line() {
    let world = World::new(&three());
    let target = Azurite::shared().container("cold");
    let (hot, cold) = (
        seen_there(&world.source, "there-hot.yaml"),
        seen_there(&target, "there-cold.yaml"),
    );
    for configs in [
        (hot.clone(), world.configs().1),
        (world.configs().0, cold.clone()),
    ] {
        let ran = run(&configs, &[OLD]).expect(2);
        let said = "wants the account itself, without -secondary";
        assert_eq!(ran.stderr.matches(said).count(), 1, "{}", ran.stderr);
        let last = ran.stderr.lines().last().unwrap();
        assert!(last.contains(said), "{}", ran.stderr);
        assert_same(&world.source.tree(), &world.before);
        assert!(target.tree().is_empty());
    }
    // What only reads says what it reads.
    let planned = run(&(hot.clone(), world.configs().1), &[OLD, "--dry-run"]).expect(0);
    assert!(
        planned
            .stderr
            .contains("is the copy of an account in another region")
    );
    for block in three() {
        assert!(planned.stdout.contains(&block.id()), "{}", planned.stdout);
    }
    let mut command = binary();
    command
        .arg("check")
        .arg(format!("--objstore.config-file={}", hot.display()));
    let checked = Ran::of(command);
    assert!(
        checked
            .stdout
            .contains("is the copy of an account in another region"),
        "{checked:?}"
    );
}
