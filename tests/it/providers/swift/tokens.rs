//! Tokens: renewed in mid-run, had anew where they are refused, and never asked for more often than that.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::keystone::PASSWORD;
use crate::support::proxy::{Fault, Line, Request};
use crate::support::run::{COPIED_HERE, Ran, migrate};
use crate::support::swift::{Container, Swift};
use crate::support::world::{self, three};

type World = world::World<Container>;

fn world(swift: &Arc<Swift>) -> World {
    World::filled(
        swift.container("hot"),
        swift.container("cold"),
        (),
        &three(),
    )
}

fn asks_for_a_token(request: &Request) -> bool {
    request.path.contains("/auth/")
}

fn count(requests: &[Request], is: impl Fn(&Request) -> bool) -> usize {
    requests.iter().filter(|request| is(request)).count()
}

/// S-3.41: a run lasts several times as long as a token, and no request is refused on the way to its end.
#[test]
fn tokens_that_end_in_mid_run_are_renewed() {
    let swift = Swift::start(json!({"token_seconds": 3}));
    let world = world(&swift);
    let proxy = Line::to(swift.port())
        .round_trip(Duration::from_millis(600))
        .open();
    let port = Some(proxy.port());
    let ran = Ran::of(migrate(
        &world.source.config_with("hot.yaml", port, ""),
        &world.target.config_with("cold.yaml", port, ""),
        &COPIED_HERE,
    ))
    .expect(0);
    world.assert_moved();
    assert!(ran.elapsed > Duration::from_secs(7), "{:?}", ran.elapsed);
    let asked = count(&proxy.requests(), asks_for_a_token);
    // Each of two containers, each time once before it ends and once where that was too late.
    let at_most = 2 + 4 * usize::try_from(ran.elapsed.as_secs() / 3 + 1).unwrap();
    assert!(
        (4..=at_most).contains(&asked),
        "{asked} in {:?}",
        ran.elapsed
    );
}

/// S-3.41: many requests find at once that the token is refused; one asks for another.
#[test]
fn a_token_that_is_revoked_is_had_anew_once() {
    let swift = Swift::start_with_keystone(3600, json!({"cache_seconds": -1}));
    let world = world(&swift);
    let (keystone, _) = swift.keystone();
    let tokens = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&tokens);
    let identity = Line::to(keystone.port())
        .edit(move |request, answer| {
            let told = answer.headers.iter().find_map(|header| {
                let (name, value) = header.split_once(':')?;
                name.eq_ignore_ascii_case("x-subject-token")
                    .then(|| value.trim().to_owned())
            });
            if asks_for_a_token(request) {
                noted.lock().unwrap().extend(told);
            }
        })
        .open();
    let revoking = Arc::clone(&swift);
    let (given, seen) = (Arc::clone(&tokens), AtomicUsize::new(0));
    let data = Line::to(swift.port())
        .fault(move |request| {
            // In the middle of copying.
            if request.is("PUT", "/index") && seen.fetch_add(1, Ordering::SeqCst) == 1 {
                let given = given.lock().unwrap().clone();
                let revoking = Arc::clone(&revoking);
                // Whoever asks a Keystone waits for its answer, which a proxy must not.
                let revoked = thread::spawn(move || {
                    let (keystone, _) = revoking.keystone();
                    for token in given {
                        keystone.revoke(&token);
                    }
                });
                revoked.join().unwrap();
            }
            Fault::None
        })
        .open();
    let file = |container: &Container, file: &str| {
        let text = container.text(Some(data.port()));
        let [own, through] =
            [keystone.port(), identity.port()].map(|port| format!("127.0.0.1:{port}/v3"));
        container.write(file, &text.replace(&own, &through))
    };
    let (source, target) = (
        file(&world.source, "hot.yaml"),
        file(&world.target, "cold.yaml"),
    );
    let ran = Ran::of(migrate(&source, &target, &COPIED_HERE)).expect(0);
    world.assert_moved();
    let refused = tokens.lock().unwrap().clone();
    assert!((3..=4).contains(&refused.len()), "{}", refused.len());
    assert_eq!(count(&identity.requests(), asks_for_a_token), refused.len());
    for secret in refused.iter().map(String::as_str).chain([PASSWORD]) {
        assert!(!format!("{ran:?}").contains(secret));
    }
}

/// S-3.41, S-6.3: who is refused with every token is told so, and asks no more than twice.
#[test]
fn a_container_that_refuses_every_token_ends_the_run() {
    let swift = Swift::shared();
    let world = world(&swift);
    for number in [0, 5, 15] {
        let proxy = Line::to(swift.port())
            .fault(move |request| {
                if request.path.starts_with("/v1/") && request.number >= number {
                    Fault::AnswerHead(401, "X-Trans-Id: tx0123456789abcdef")
                } else {
                    Fault::None
                }
            })
            .open();
        let port = Some(proxy.port());
        let ran = Ran::of(migrate(
            &world.source.config_with("hot.yaml", port, ""),
            &world.target.config_with("cold.yaml", port, ""),
            &COPIED_HERE,
        ))
        .expect(1);
        assert!(ran.stderr.contains("401"), "{}", ran.stderr);
        let asked = count(&proxy.requests(), asks_for_a_token);
        assert!(asked <= 12, "{asked}: {}", ran.stderr);
        world.assert_sound();
        world.reset();
    }
}
