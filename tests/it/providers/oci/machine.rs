//! A machine of the cloud, which signs with keys that it gets for a while.

use crate::support::oci_server::{
    DESCRIBED, ENDPOINT, World, as_machine, endpoint, port, sessions,
};
use crate::support::proxy::{Fault, Line};
use crate::support::run::{QUICK_RETRIES, Ran, migrate};
use crate::support::world::{Contents, assert_same, three};

/// `migrate` by a machine that asks through that port.
fn run(world: &World, at: u16, uses: u32) -> Ran {
    let source = world.source.machines_config("hot.yaml");
    let target = world.target.machines_config("cold.yaml");
    let mut command = migrate(&source, &target, &QUICK_RETRIES);
    as_machine(&mut command, at, uses);
    command
        .env(ENDPOINT, endpoint(at))
        .env("OCI_REGION_METADATA", DESCRIBED);
    Ran::of(command)
}

/// S-3.71: a session that ends, or is refused, is followed by another one.
#[test]
fn blocks_move_by_a_machine_whose_sessions_end() {
    let world = World::new(&three());
    let before = sessions();
    run(&world, port(), 7).expect(0);
    world.assert_moved();
    let began = sessions() - before;
    assert!(began > 2, "{began} sessions");
}

/// S-3.71: exit code 1, in one line, and nothing is written.
#[test]
fn a_machine_without_what_it_signs_with_is_told_so() {
    let world = World::new(&three());
    for (path, status, body, expected) in [
        (
            "/identity/cert.pem",
            404,
            "",
            "the metadata service answers 404",
        ),
        ("/identity/cert.pem", 200, "<html>", "gives no certificate"),
        ("/identity/key.pem", 200, "<html>", "is no RSA key in PEM"),
        ("/v1/x509", 401, "", "the service for sessions answers 401"),
        ("/v1/x509", 200, "{}", "gives no token"),
        ("/v1/x509", 503, "", "the service for sessions answers 503"),
        ("/instance/region", 200, "<html>", "tells no region"),
    ] {
        let proxy = Line::to(port())
            .fault(move |request| {
                if request.path.ends_with(path) {
                    return Fault::Answer(status, body);
                }
                Fault::None
            })
            .open();
        let ran = run(&world, proxy.port(), 1000).expect(1);
        assert!(ran.stderr.contains(expected), "{expected}: {ran:?}");
        assert!(!ran.stderr.contains("MII"), "{ran:?}");
        assert_same(&world.source.tree(), &world.before);
        assert!(world.target.tree().is_empty());
    }
}
