//! Signals end `backfill` as they end all verbs, and what was not come to is the next run's.

use std::time::Duration;

use super::{Place, endings, text};
use crate::support::minio::Minio;
use crate::support::proxy::Line;
use crate::support::run::{Ran, Running, signal};

/// S-24.76
#[test]
fn a_signal_ends_it_with_its_exit_code_and_the_next_run_goes_on() {
    let minio = Minio::start();
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let bucket = minio.bucket(&name.to_lowercase());
        let proxy = Line::to(minio.port())
            .round_trip(Duration::from_millis(20))
            .open();
        let far = bucket.config_for("far.yaml", bucket.root(), proxy.port(), "");
        let place = Place::of(&text(60, 1));
        let arguments = ["--output=json", "--shutdown-grace=5s"];
        let running = Running::start(&mut place.backfill_into(&far, 60, &arguments));
        proxy.wait_for("PUT", "/meta.json");
        signal(name, running.id());
        let document = running.wait().expect(code).json();
        let endings_of = |ending: &str| {
            let all = endings(&document).into_iter();
            all.filter(|one| *one == ending).count()
        };
        let (written, waiting) = (endings_of("written"), endings_of("not-finished"));
        assert!(written > 0 && waiting > 0, "{document}");
        assert_eq!(written + waiting, 60, "{document}");
        assert_eq!(document["totals"]["windows"]["written"], written);
        let near = bucket.config("near.yaml");
        let next = Ran::of(place.backfill_into(&near, 60, &["--output=json"])).expect(0);
        assert_eq!(next.json()["totals"]["windows"]["written"], waiting);
    }
}
