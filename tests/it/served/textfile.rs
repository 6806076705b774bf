//! Figures for node_exporter.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::shown::{judged, value};
use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::run::{OLD, Ran, binary};

fn world() -> World {
    World::new(&[
        Block::new(1).days(0, 1),
        Block::new(2).days(1, 2),
        Block::new(3)
            .days(2, 3)
            .without("chunks/000001")
            .labels(&[("cluster", "b")]),
    ])
}

/// S-23.50
#[test]
fn a_run_leaves_figures_for_node_exporter_and_counters_go_on() {
    let world = world();
    fs::create_dir(world.path("figures")).unwrap();
    let file = world.path("figures/archive.prom");
    let flag = format!("--textfile={}", file.display());
    let rule = |name: &str| format!("thanos_bucket_{name}{{rule=\"archive\"}}");
    let moved =
        "thanos_bucket_blocks_total{rule=\"archive\",operation=\"migrate\",ending=\"migrated\"}";
    let ended = "thanos_bucket_runs_total{rule=\"archive\",operation=\"migrate\",exit_code=\"3\"}";
    for runs in [1.0, 2.0] {
        world.migrate(&[OLD, &flag]).expect(3);
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(judged(&text), "");
        assert_eq!(value(&text, moved), Some(2.0), "{text}");
        assert_eq!(value(&text, ended), Some(runs));
        assert_eq!(value(&text, &rule("last_run_exit_code")), Some(3.0));
        assert_eq!(value(&text, &rule("pending_blocks")), Some(0.0));
        let incomplete = "thanos_bucket_needs_attention{rule=\"archive\",concern=\"incomplete\"}";
        assert_eq!(value(&text, incomplete), Some(1.0));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }
    // Nothing else lies there that node_exporter might read.
    assert_eq!(fs::read_dir(world.path("figures")).unwrap().count(), 1);
}

/// S-23.50
#[test]
fn figures_are_left_also_by_a_run_that_could_not_be_done() {
    let world = world();
    let file = world.path("archive.prom");
    let flag = format!("--textfile={}", file.display());
    fs::remove_dir_all(&world.source).unwrap();
    world.migrate(&[OLD, &flag]).expect(1);
    let read = || fs::read_to_string(&file).unwrap();
    let code = "thanos_bucket_last_run_exit_code{rule=\"archive\"}";
    assert_eq!(value(&read(), code), Some(1.0));
    assert_eq!(judged(&read()), "");
    assert!(!read().contains("last_run_success"), "{}", read());
    // What a run has seen stays, whatever becomes of the next one.
    for (name, content) in &world.before {
        let path = world.source.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    world.migrate(&[OLD, &flag]).expect(3);
    let success = "thanos_bucket_last_run_success_timestamp_seconds{rule=\"archive\"}";
    let incomplete = "thanos_bucket_needs_attention{rule=\"archive\",concern=\"incomplete\"}";
    let seen = [success, incomplete].map(|series| value(&read(), series));
    assert_eq!(seen[1], Some(1.0));
    fs::rename(&world.source, world.path("away")).unwrap();
    for _ in 0..2 {
        world.migrate(&[OLD, &flag]).expect(1);
        let kept = [success, incomplete].map(|series| value(&read(), series));
        assert_eq!(kept, seen);
        assert_eq!(value(&read(), code), Some(1.0));
        assert_eq!(judged(&read()), "");
    }
    // Not even its report file could be opened.
    let nowhere = world.path("nowhere/report");
    let report = format!("--report-file={}", nowhere.display());
    let ran = world.migrate(&[OLD, &flag, &report]);
    let ended = ran.status.code().unwrap();
    assert_ne!(ended, 0);
    assert_eq!(value(&read(), code), Some(f64::from(ended)));
}

/// S-23.50
#[test]
fn what_is_only_copied_is_told_as_that() {
    let world = world();
    let file = world.path("copies.prom");
    let [source, target] = [world.source_config(), world.target_config()];
    let mut command = binary();
    command
        .arg("replicate")
        .arg(format!("--objstore.config-file={}", source.display()))
        .arg(format!("--objstore-to.config-file={}", target.display()))
        .arg(format!("--textfile={}", file.display()));
    Ran::of(command).expect(3);
    let text = fs::read_to_string(&file).unwrap();
    let series =
        "thanos_bucket_blocks_total{rule=\"copies\",operation=\"replicate\",ending=\"replicated\"}";
    assert_eq!(value(&text, series), Some(2.0), "{text}");
    assert!(!text.contains("operation=\"migrate\""), "{text}");
}

/// S-23.50
#[test]
fn a_textfile_that_cannot_be_written_is_said_and_one_of_another_name_warned_of() {
    let world = world();
    let flag = |path: &str| format!("--textfile={}", world.path(path).display());
    let ran = world
        .migrate(&[OLD, &flag("nowhere/archive.prom")])
        .expect(2);
    assert!(
        ran.stderr
            .contains("expected a path in a folder that is there"),
        "{ran:?}"
    );
    fs::create_dir(world.path("folder.prom")).unwrap();
    let ran = world.migrate(&[OLD, &flag("folder.prom")]).expect(2);
    assert!(
        ran.stderr.contains("expected the path of a file"),
        "{ran:?}"
    );
    let ran = world
        .migrate(&[OLD, "--dry-run", &flag("archive.prom")])
        .expect(2);
    assert!(
        ran.stderr.contains("a dry run leaves no figures"),
        "{ran:?}"
    );
    let ran = world.migrate(&[OLD, &flag("archive.txt")]).expect(3);
    assert!(ran.stderr.contains("does not end in .prom"), "{ran:?}");
}
