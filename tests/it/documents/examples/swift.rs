//! The example of a container of `OpenStack` Swift.

use std::fs;

use super::example;
use crate::support::folders::World;
use crate::support::keystone::PASSWORD;
use crate::support::run::{Ran, migrate};
use crate::support::swift::Swift;
use crate::support::world::Contents;

/// S-3.40: with the address, the user, the region and the container of a real Keystone and a real Swift.
#[test]
fn the_swift_configuration_is_accepted_and_reaches_its_prefix() {
    let container = Swift::with_keystone().container("thanos-cold");
    let ours = container.text(None);
    let value_of = |key: &str| -> &str {
        let line = ours.lines().find_map(|line| line.trim().strip_prefix(key));
        line.unwrap().trim()
    };
    let mut text = example("swift.yaml");
    for (shown, key) in [
        ("https://keystone.example.com:5000/v3", "auth_url:"),
        ("username: thanos", "username:"),
        ("region_name: eu-1", "region_name:"),
        ("container_name: thanos-cold", "container_name:"),
    ] {
        assert!(text.contains(shown), "{shown}");
        let value = value_of(key);
        let there = if shown.starts_with("https") {
            value.to_owned()
        } else {
            format!("{key} {value}")
        };
        text = text.replacen(shown, &there, 1);
    }
    let world = World::of_examples();
    let config = world.path("example.yaml");
    fs::write(&config, text).unwrap();
    let mut command = migrate(&world.source_config(), &config, &["--older-than=30d"]);
    command.env("OS_PASSWORD", PASSWORD);
    Ran::of(command).expect(0);
    let objects = container.tree();
    assert_eq!(objects.len(), 15);
    assert!(
        objects
            .keys()
            .all(|name| name.starts_with("prometheus/eu/01J"))
    );
}
