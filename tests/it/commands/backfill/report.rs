//! What the report says of windows of which there is little to say, and of samples that lie elsewhere.

use std::fs;

use super::{Place, START_S, endings, text};
use crate::support::run::Ran;

/// S-24.77
#[test]
fn neighbours_that_ended_alike_have_one_line() {
    let place = Place::of(&text(30, 1));
    let ran = Ran::of(place.backfill(366 * 12, &["--output=text"])).expect(0);
    let lines = ran.stdout.lines().count();
    assert!(lines < 30, "{}", ran.stdout);
    assert!(
        ran.stdout.contains(": written, 30 samples (30 windows)"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("windows)"), "{}", ran.stdout);
}

/// S-24.77
#[test]
fn samples_that_all_lie_elsewhere_are_warned_about() {
    let at = START_S - 3600;
    let place = Place::of(&format!(
        "# TYPE a gauge\na 1 {at}\na 2 {}\n# EOF\n",
        at + 60
    ));
    let ran = Ran::of(place.backfill(2, &["--output=json"])).expect(0);
    let warnings = ran.json()["warnings"].to_string();
    assert!(
        warnings.contains("all 2 samples that the source told lie outside of the range"),
        "{warnings}"
    );
}

/// S-24.2
#[test]
fn a_dry_run_tells_what_is_there_of_files_that_are_not_read_yet() {
    let place = Place::of(&text(2, 1));
    Ran::of(place.backfill(2, &[])).expect(0);
    let planned = Ran::of(place.backfill(2, &["--output=json", "--dry-run"]))
        .expect(0)
        .json();
    assert_eq!(endings(&planned), ["planned"; 2]);
    let window = &planned["windows"][0];
    assert!(window["block"].is_string(), "{planned}");
    assert!(
        window["detail"].as_str().unwrap().contains("is there"),
        "{planned}"
    );
}

/// S-24.78
#[test]
fn a_block_that_lacks_objects_is_made_whole_again() {
    let place = Place::of(&text(2, 1));
    Ran::of(place.backfill(2, &[])).expect(0);
    let bucket = place.bucket();
    let index = bucket.keys().find(|name| name.ends_with("/index")).unwrap();
    fs::remove_file(place.path("bucket").join(index)).unwrap();
    let again = Ran::of(place.backfill(2, &["--output=json"]))
        .expect(0)
        .json();
    let mut ended = endings(&again);
    ended.sort_unstable();
    assert_eq!(ended, ["already-there", "written"], "{again}");
    assert_eq!(place.bucket(), bucket);
    // Where the source has lost the samples of it, it is no empty window.
    fs::remove_file(place.path("bucket").join(index)).unwrap();
    let of_first = index.split('/').next().unwrap();
    for (windows, value, detail) in [
        (0, 1, "lacks objects, and the source tells none of it now"),
        (
            2,
            2,
            "and lacks objects, and the source tells something else now",
        ),
    ] {
        fs::write(place.path("metrics.om"), text(windows, value)).unwrap();
        let again = Ran::of(place.backfill(2, &["--output=json"]))
            .expect(3)
            .json();
        let told = again["windows"].as_array().unwrap().iter();
        let told: Vec<&str> = told.filter_map(|one| one["detail"].as_str()).collect();
        let is_told = told
            .iter()
            .any(|one| one.starts_with(of_first) && one.ends_with(detail));
        assert!(is_told, "{again}");
    }
}

/// S-24.79
#[test]
fn samples_that_the_source_has_lost_are_no_empty_window() {
    let place = Place::of(&text(2, 1));
    Ran::of(place.backfill(2, &[])).expect(0);
    fs::write(place.path("metrics.om"), text(1, 1)).unwrap();
    let again = Ran::of(place.backfill(2, &["--output=json"]))
        .expect(3)
        .json();
    assert_eq!(endings(&again), ["already-there", "refused"], "{again}");
    // Nor where they lie in a longer block.
    let place = Place::of(&text(2, 1));
    Ran::of(place.backfill(2, &["--block-duration=4h"])).expect(0);
    fs::write(place.path("metrics.om"), text(0, 1)).unwrap();
    let again = Ran::of(place.backfill(2, &["--output=json"]))
        .expect(3)
        .json();
    assert_eq!(endings(&again), ["refused"; 2], "{again}");
}
