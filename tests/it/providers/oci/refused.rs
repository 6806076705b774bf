//! Who may not do what it takes, and answers that are none of the service's: no refusal is taken for an absence.

use std::time::Duration;

use crate::support::oci_server::{Bucket, ENDPOINT, World, endpoint, port};
use crate::support::proxy::{Fault, Line};
use crate::support::run::{OLD, QUICK_RETRIES, Ran, migrate};
use crate::support::world::{Contents, assert_same, three};

/// S-3.75, S-6.3: exit code 1, in one line, for a bucket that is not there and for one that may not be seen.
#[test]
fn a_bucket_that_is_denied_ends_the_run_and_is_never_an_empty_one() {
    let world = World::new(&three());
    let (source, target) = world.configs();
    let hidden = Bucket::new("hidden");
    hidden.with(|objects| objects.is_hidden = true);
    let unlisted = Bucket::new("unlisted");
    unlisted.with(|objects| objects.lacking.insert("OBJECT_INSPECT"));
    let absent = source.with_file_name("absent.yaml");
    let text = world
        .source
        .text()
        .replace(&world.source.name, "absent-bucket");
    std::fs::write(&absent, text).unwrap();
    for denied in [absent, hidden.config("c", ""), unlisted.config("c", "")] {
        for (source, target) in [(&denied, &target), (&source, &denied)] {
            for mode in ["--dry-run=true", "--dry-run=false"] {
                let mut command = migrate(source, target, &[&QUICK_RETRIES[..], &[mode]].concat());
                command.env(ENDPOINT, endpoint(port()));
                let ran = Ran::of(command).expect(1);
                assert!(ran.stderr.contains("BucketNotFound"), "{ran:?}");
                assert!(ran.stderr.contains("OBJECT_INSPECT"), "{ran:?}");
                assert!(ran.elapsed < Duration::from_secs(20), "{:?}", ran.elapsed);
            }
        }
    }
    assert_same(&world.source.tree(), &world.before);
    assert!(world.target.tree().is_empty());
}

/// S-3.75: a listing shows what a read denies, so that it is refused, and not gone.
#[test]
fn objects_that_may_not_be_read_are_refused_and_nothing_is_marked() {
    let world = World::new(&three());
    world
        .source
        .with(|objects| objects.lacking.insert("OBJECT_READ"));
    let ran = world.migrate(&QUICK_RETRIES);
    assert_ne!(ran.status.code(), Some(0), "{ran:?}");
    assert!(
        ran.stderr.contains("BucketNotFound") || ran.stderr.contains("OBJECT_READ"),
        "{ran:?}"
    );
    assert_same(&world.source.tree(), &world.before);
    assert!(world.moved().is_empty());
}

/// S-6.3: no right to write, to mark, or to replace: known before anything is lost, and told.
#[test]
fn rights_that_are_lacking_for_writing_are_told() {
    for (on_source, lacking) in [(false, "OBJECT_CREATE"), (true, "OBJECT_CREATE")] {
        let world = World::new(&three());
        let bucket = if on_source {
            &world.source
        } else {
            &world.target
        };
        bucket.with(|objects| objects.lacking.insert(lacking));
        let ran = world.migrate(&QUICK_RETRIES);
        assert_ne!(ran.status.code(), Some(0), "{ran:?}");
        assert!(ran.stderr.contains("seems to be lacking"), "{ran:?}");
        assert_same(&world.source.tree(), &world.before);
        world.assert_sound();
    }
}

/// S-3.73: an unknown key, another's fingerprint, and a clock that is off.
#[test]
fn a_signature_that_is_refused_ends_the_run_at_once() {
    let world = World::new(&three());
    let (source, target) = world.configs();
    let other = source.with_file_name("other.yaml");
    let fingerprint = &*crate::support::oci_server::FINGERPRINT;
    let text = world.source.text();
    std::fs::write(
        &other,
        text.replace(
            fingerprint,
            "20:3b:97:13:55:1c:5b:0d:d3:37:d8:50:4e:c5:3a:34",
        ),
    )
    .unwrap();
    let mut command = migrate(&other, &target, &[OLD]);
    command.env(ENDPOINT, endpoint(port()));
    let ran = Ran::of(command).expect(1);
    for expected in ["NotAuthenticated", "5 minutes", "is not that of the key"] {
        assert!(ran.stderr.contains(expected), "{expected}: {ran:?}");
    }
    assert_same(&world.source.tree(), &world.before);
}

/// S-4.9: a listing that does not come to its end is no listing, and a page of something else is none.
#[test]
fn a_listing_that_fails_ends_the_run_before_anything_is_written() {
    const REFUSED: &str = r#"{"code": "NotAuthorized", "message": "no access"}"#;
    const DENIED: &str = r#"{"code": "BucketNotFound", "message": "or you are not authorized"}"#;
    let world = World::new(&three());
    for (status, body) in [
        (503, ""),
        (403, REFUSED),
        (404, DENIED),
        (404, "default backend - 404"),
        (404, ""),
        (200, "<html>log in</html>"),
        (200, "{}"),
        (200, "[]"),
        (200, ""),
        (200, r#"{"objects": [], "nextStartWith": ""#),
        (200, REFUSED),
    ] {
        for bucket in [&world.source.name, &world.target.name] {
            let listed = format!("/b/{bucket}/o?");
            let proxy = Line::to(port())
                .fault(move |request| {
                    if request.is("GET", &listed) {
                        return Fault::Answer(status, body);
                    }
                    Fault::None
                })
                .open();
            let ran = world.migrate_through(&proxy, &QUICK_RETRIES).expect(1);
            assert!(ran.stderr.contains("level=error"), "{}", ran.stderr);
            assert!(
                proxy
                    .requests()
                    .iter()
                    .all(|request| request.method == "GET")
            );
            assert_same(&world.source.tree(), &world.before);
            assert!(world.target.tree().is_empty());
        }
    }
}

/// S-3.73: the namespace is asked for first, and is believed only where it is one.
#[test]
fn what_is_no_namespace_ends_the_run() {
    let world = World::new(&three());
    for (status, body, expected) in [
        (200, "<html>log in</html>", "something on the way"),
        (200, "{}", "is no namespace"),
        (200, "\"a/b\"", "is no namespace"),
        (200, "\"\"", "is no namespace"),
        (
            404,
            r#"{"code": "NotAuthorizedOrNotFound", "message": "no"}"#,
            "NotAuthorizedOrNotFound",
        ),
        (
            401,
            r#"{"code": "NotAuthenticated", "message": "no"}"#,
            "5 minutes",
        ),
    ] {
        let proxy = Line::to(port())
            .fault(move |request| match request.path.as_str() {
                "/n" => Fault::Answer(status, body),
                _ => Fault::None,
            })
            .open();
        let ran = world.migrate_through(&proxy, &QUICK_RETRIES).expect(1);
        assert!(ran.stderr.contains(expected), "{expected}: {ran:?}");
        assert!(proxy.requests().iter().all(|request| request.path == "/n"));
        assert!(world.target.tree().is_empty());
    }
}

/// S-5.4: an answer to a read that is none of the service's brings no object.
#[test]
fn pages_of_something_else_are_no_objects() {
    let world = World::new(&three());
    for name in ["meta.json", "index", "000001"] {
        let proxy = Line::to(port())
            .fault(move |request| {
                if request.is("GET", name) && request.path.contains("/o/") {
                    return Fault::Answer(200, "<html>log in</html>");
                }
                Fault::None
            })
            .open();
        let arguments = [&QUICK_RETRIES[..], &["--max-retries=1"]].concat();
        let ran = world.migrate_through(&proxy, &arguments);
        assert_ne!(ran.status.code(), Some(0), "{name}: {ran:?}");
        world.assert_sound();
        assert!(world.source.marked().is_empty(), "{name}");
        world.assert_heals();
    }
}
