//! The example of a bucket of Oracle's Object Storage.

use std::fs;

use super::example;
use crate::support::folders::World;
use crate::support::oci_server;
use crate::support::run::{Ran, migrate};
use crate::support::world::Contents;

/// S-3.70, S-3.71: with the profile of Oracle's SDK, and with a key in the file.
#[test]
fn the_oracle_configuration_is_accepted_and_reaches_its_prefix() {
    let text = example("oci.yaml");
    let mut with_key = text.replace("  provider: default\n", "");
    for (shown, ours) in [
        ("  # provider: raw", "  provider: raw".to_owned()),
        (
            "  # tenancy_ocid: ocid1.tenancy.oc1..example",
            format!("  tenancy_ocid: {}", oci_server::TENANCY),
        ),
        (
            "  # user_ocid: ocid1.user.oc1..example",
            format!("  user_ocid: {}", oci_server::USER),
        ),
        ("  # region", "  region".to_owned()),
        (
            "  # fingerprint: 20:3b:97:13:55:1c:5b:0d:d3:37:d8:50:4e:c5:3a:34",
            format!("  fingerprint: {}", *oci_server::FINGERPRINT),
        ),
        (
            "  # privatekey: |\n  #   -----BEGIN PRIVATE KEY-----\n  #   ...\n",
            format!(
                "  privatekey: |\n    {}\n",
                oci_server::KEY.trim_end().replace('\n', "\n    ")
            ),
        ),
    ] {
        assert!(with_key.contains(shown), "{shown}");
        with_key = with_key.replace(shown, &ours);
    }
    for text in [text, with_key] {
        let world = World::of_examples();
        let bucket = oci_server::Bucket::new("thanos-cold");
        let config = world.path("example.yaml");
        fs::write(&config, text.replace("example-thanos-cold", &bucket.name)).unwrap();
        let home = tempfile::tempdir().unwrap();
        oci_server::write_profile(home.path());
        let mut command = migrate(&world.source_config(), &config, &["--older-than=30d"]);
        command.env("HOME", home.path()).env(
            oci_server::ENDPOINT,
            oci_server::endpoint(oci_server::port()),
        );
        Ran::of(command).expect(0);
        let objects = bucket.tree();
        assert_eq!(objects.len(), 15);
        assert!(
            objects
                .keys()
                .all(|name| name.starts_with("prometheus/eu/01J"))
        );
    }
}
