//! Blocks that were deleted: they come back where a vendor keeps versions, and where it keeps none that is said.

use super::bos::BOS;
use super::cos::COS;
use super::obs::OBS;
use super::oss::OSS;
use super::{Kind, World, proxy};
use crate::support::run::{OLD, Ran, binary};
use crate::support::world::{Contents, Tree, assert_same, three};

/// S-19.2
#[test]
fn where_no_versions_are_told_that_is_said_and_nothing_is_done() {
    let kinds: [(&'static Kind, &str); 4] = [
        (&COS, "the bucket keeps no versions"),
        (&OSS, "NotImplemented"),
        (&OBS, "the bucket keeps no versions"),
        (&BOS, "the bucket keeps no versions"),
    ];
    for (kind, expected) in kinds {
        let world = World::of(kind, &three());
        let service = &world.task;
        let mut command = binary();
        command
            .env("HTTP_PROXY", proxy(service.server.port()))
            .arg("undelete")
            .arg(format!(
                "--objstore.config-file={}",
                service.config("hot").display()
            ))
            .args([OLD, "--no-dry-run"]);
        let line = Ran::of(command).expect(1).stderr;
        assert!(line.contains(expected), "{}: {line}", kind.vendor.name);
        assert_same(&world.source.tree(), &world.before);
    }
}

/// S-19.1, S-19.4, S-3.67: by taking away the marks of the deletions, and by copying where a service does not tell which version is one.
#[test]
fn deleted_blocks_come_back() {
    let kinds: [&'static Kind; 3] = [&COS, &OBS, &BOS];
    for kind in kinds {
        let world = World::of(kind, &three());
        let service = &world.task;
        world.source.versioning("Enabled");
        let migrated = Ran::of(world.command(&[OLD, "--output=json"]))
            .expect(0)
            .json();
        for name in world.source.tree().keys() {
            world.source.remove(name);
        }
        assert_same(&world.source.tree(), &Tree::new());
        let mut command = binary();
        command
            .env("HTTP_PROXY", proxy(service.server.port()))
            .arg("undelete")
            .arg(format!(
                "--objstore.config-file={}",
                service.config("hot").display()
            ))
            .arg(format!("--run={}", migrated["run"].as_str().unwrap()))
            .args(["--no-dry-run", "--output=json"]);
        let done = Ran::of(command).expect(0).json();
        assert_same(&world.source.tree(), &world.before);
        let ways = ["uncovered_objects", "copied_objects"].map(|way| done[way].as_u64().unwrap());
        let all = u64::try_from(world.before.len()).unwrap();
        let expected = match kind.vendor.deletion {
            Some(_) => [all, 0],
            None => [0, all],
        };
        assert_eq!(ways, expected, "{}", kind.vendor.name);
    }
}
