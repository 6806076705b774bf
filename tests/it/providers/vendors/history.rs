//! Blocks that were deleted, where a vendor keeps no versions or is not known to tell of any.

use super::bos::BOS;
use super::cos::COS;
use super::obs::OBS;
use super::oss::OSS;
use super::{Kind, World, proxy};
use crate::support::run::{OLD, Ran, binary};
use crate::support::world::{Contents, assert_same, three};

/// S-19.2
#[test]
fn where_no_versions_are_told_that_is_said_and_nothing_is_done() {
    let kinds: [(&'static Kind, &str); 4] = [
        (&COS, "the bucket keeps no versions"),
        (&OSS, "the bucket keeps no versions"),
        (&OBS, "the bucket keeps no versions"),
        (&BOS, "NotImplemented"),
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
