//! Tokens: who gives them for what, when another is had, and what is said where there is none. Token services are played, and check what they are
//! asked.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::answering::{Answer, Answering, Asked};
use crate::support::block::Block;
use crate::support::fake_gcs::{EMULATOR, World, host, inline, port, service_account};
use crate::support::proxy::{Fault, Line, Proxy};
use crate::support::run::{OLD, QUICK_RETRIES, Ran, migrate};
use crate::support::world::three;

pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.full_control https://www.googleapis.com/auth/cloud-platform";

/// A proxy to the emulator that lets nobody through but who has one of these tokens.
pub(super) fn guarded(tokens: &Arc<Mutex<HashSet<String>>>) -> Proxy {
    const REFUSED: &str = r#"{"error": {"code": 401, "message": "Invalid Credentials", "errors": [{"reason": "authError", "message": "Invalid Credentials"}]}}"#;
    let tokens = Arc::clone(tokens);
    Line::to(port())
        .fault(move |request| {
            let token = request
                .header("authorization")
                .and_then(|value| value.strip_prefix("Bearer "));
            let is_good = token.is_some_and(|token| tokens.lock().unwrap().contains(token));
            if is_good {
                Fault::None
            } else {
                Fault::Answer(401, REFUSED)
            }
        })
        .open()
}

pub(super) fn only(token: &str) -> Arc<Mutex<HashSet<String>>> {
    Arc::new(Mutex::new([token.to_owned()].into()))
}

pub(super) fn token(text: &str) -> Answer {
    Answer::json(
        200,
        &json!({"access_token": text, "expires_in": 3599, "token_type": "Bearer"}),
    )
}

pub(super) fn wrong(asked: &Asked) -> Answer {
    Answer::json(
        400,
        &json!({"error": "invalid_request", "error_description": format!("asked for {}", asked.path)}),
    )
}

/// Runs `migrate` with variables set.
pub(super) fn run(
    world: &World,
    more: &str,
    proxy: &Proxy,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> Ran {
    let source = world.source.config("hot-as-somebody.yaml", more);
    let target = world.target.config("cold-as-somebody.yaml", more);
    let mut command = migrate(&source, &target, arguments);
    command.env(EMULATOR, host(proxy.port()));
    command.envs(variables.iter().copied());
    Ran::of(command)
}

/// A file of credentials.
pub(super) fn file(folder: &TempDir, name: &str, credentials: &Value) -> String {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, credentials.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// S-3.29, S-3.30: the same account inline and by the variable, but not as `gcloud` keeps it; the assertion says who, what for, to whom and for how long.
#[test]
fn a_service_account_is_found_wherever_thanos_looks_for_it() {
    let world = World::new(&three());
    let service = Answering::start(|asked| {
        let assertion = asked.member("assertion").unwrap_or_default();
        let claims = assertion.split('.').nth(1).unwrap_or_default().to_owned();
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let header: Value = serde_json::from_slice(
            &URL_SAFE_NO_PAD
                .decode(assertion.split('.').next().unwrap())
                .unwrap(),
        )
        .unwrap();
        let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        let is_right = asked.member("grant_type").as_deref()
            == Some("urn:ietf:params:oauth:grant-type:jwt-bearer")
            && claims["iss"] == "mover@tests.iam.gserviceaccount.com"
            && claims["scope"] == SCOPE
            && claims["aud"]
                .as_str()
                .is_some_and(|aud| aud.ends_with("/token"))
            && life == 3600
            && header == json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"});
        if is_right {
            token("ya29.service")
        } else {
            wrong(asked)
        }
    });
    let account = service_account(&service.url("/token"));
    let proxy = guarded(&only("ya29.service"));
    let folder = tempfile::tempdir().unwrap();
    let named = file(&folder, "named.json", &account);
    for (more, variables) in [
        (inline(&account), &[][..]),
        (
            String::new(),
            &[("GOOGLE_APPLICATION_CREDENTIALS", named.as_str())],
        ),
    ] {
        run(&world, &more, &proxy, variables, &[OLD]).expect(0);
        world.assert_moved();
        world.reset();
    }
    // Two buckets a run, each of which asks once.
    assert_eq!(service.seen().len(), 4);
    // What gcloud keeps is not meant for an emulator.
    file(
        &folder,
        ".config/gcloud/application_default_credentials.json",
        &account,
    );
    let home = [("HOME", folder.path().to_str().unwrap())];
    for variables in [&[][..], &home] {
        let ran = run(&world, "", &proxy, variables, &[OLD]).expect(1);
        assert!(
            ran.stderr.contains("Invalid Credentials"),
            "an emulator is asked without credentials: {}",
            ran.stderr
        );
    }
    assert_eq!(service.seen().len(), 4);
}

/// S-3.29: a person, an identity of another provider's in a file and at an address, and who acts as somebody else.
#[test]
fn every_other_kind_of_credentials_gets_its_token() {
    let world = World::new(&[Block::new(1)]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("subject"), "subject-token\n").unwrap();
    let service = Answering::start(give);
    let proxy = guarded(&only("ya29.good"));
    let external = |source: Value| {
        json!({"type": "external_account", "audience": "//iam.googleapis.com/pool",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": service.url("/exchange"),
            "credential_source": source})
    };
    let of_file = external(json!({"file": folder.path().join("subject")}));
    let of_url = external(
        json!({"url": service.url("/subject"), "headers": {"X-Who": "me"},
        "format": {"type": "json", "subject_token_field_name": "value"}}),
    );
    let mut acting = of_file.clone();
    acting["client_id"] = "client".into();
    acting["client_secret"] = "its secret".into();
    acting["service_account_impersonation_url"] = service.url("/act").into();
    acting["service_account_impersonation"] = json!({"token_lifetime_seconds": 1200});
    let mut acted = acting.clone();
    for member in [
        "service_account_impersonation_url",
        "service_account_impersonation",
    ] {
        acted.as_object_mut().unwrap().remove(member);
    }
    let impersonated = json!({"type": "impersonated_service_account", "source_credentials": acted,
        "service_account_impersonation_url": service.url("/act"), "delegates": [],
        "service_account_impersonation": {"token_lifetime_seconds": 1200}});
    let user = json!({"type": "authorized_user", "client_id": "me", "client_secret": "pass-word",
        "refresh_token": "1//refresh", "token_uri": service.url("/user")});
    for (number, credentials) in [user, of_file, of_url, acting, impersonated]
        .iter()
        .enumerate()
    {
        let path = file(&folder, &format!("{number}.json"), credentials);
        let variables = [("GOOGLE_APPLICATION_CREDENTIALS", path.as_str())];
        run(&world, "", &proxy, &variables, &[OLD]).expect(0);
        run(&world, &inline(credentials), &proxy, &[], &[OLD]).expect(0);
        world.assert_moved();
        world.reset();
    }
    let machine = host(service.port());
    run(
        &world,
        "",
        &proxy,
        &[("GCE_METADATA_HOST", &machine)],
        &[OLD],
    )
    .expect(0);
    world.assert_moved();
}

/// What each service gives to who asks for it in the right way.
fn give(asked: &Asked) -> Answer {
    match asked.path.split('?').next().unwrap() {
        "/user"
            if asked.member("grant_type").as_deref() == Some("refresh_token")
                && asked.member("client_id").as_deref() == Some("me")
                && asked.member("client_secret").as_deref() == Some("pass-word")
                && asked.member("refresh_token").as_deref() == Some("1//refresh") =>
        {
            token("ya29.good")
        }
        "/exchange"
            if asked.member("subject_token").as_deref() == Some("subject-token")
                && asked.member("grant_type").as_deref()
                    == Some("urn:ietf:params:oauth:grant-type:token-exchange")
                && asked.member("audience").as_deref() == Some("//iam.googleapis.com/pool")
                && asked.member("subject_token_type").as_deref()
                    == Some("urn:ietf:params:oauth:token-type:jwt")
                && asked.member("requested_token_type").as_deref()
                    == Some("urn:ietf:params:oauth:token-type:access_token")
                && asked.member("scope").as_deref() == Some(SCOPE) =>
        {
            token("ya29.good")
        }
        "/exchange"
            if asked.member("scope").as_deref()
                == Some("https://www.googleapis.com/auth/cloud-platform")
                && asked.header("authorization")
                    == Some(&format!("Basic {}", STANDARD.encode("client:its secret"))) =>
        {
            token("ya29.to-act")
        }
        "/subject" if asked.header("x-who") == Some("me") => {
            Answer::json(200, &json!({"value": "subject-token"}))
        }
        "/act" if asked.header("authorization") == Some("Bearer ya29.to-act") => {
            let wanted: Value = serde_json::from_slice(&asked.body).unwrap();
            assert_eq!(wanted["lifetime"], "1200s");
            assert_eq!(wanted["scope"].as_array().unwrap().len(), 2);
            Answer::json(
                200,
                &json!({"accessToken": "ya29.good", "expireTime": "2099-01-01T00:00:00Z"}),
            )
        }
        "/computeMetadata/v1/instance/service-accounts/default/token"
            if asked.header("metadata-flavor") == Some("Google")
                && asked
                    .member("scopes")
                    .is_some_and(|scopes| scopes == SCOPE.replace(' ', ",")) =>
        {
            token("ya29.good")
        }
        _ => wrong(asked),
    }
}

/// S-6.3: a token that expires in mid-run is had anew before, and one that is refused once.
#[test]
fn tokens_that_expire_or_are_refused_in_mid_run_are_had_anew() {
    let world = World::new(&three());
    let good = Arc::<Mutex<HashSet<String>>>::default();
    let (number, issued) = (AtomicUsize::new(0), Arc::clone(&good));
    let service = Answering::start(move |_| {
        let text = format!("ya29.{}", number.fetch_add(1, Ordering::SeqCst));
        // The last one alone is good.
        *issued.lock().unwrap() = [text.clone()].into();
        Answer::json(
            200,
            &json!({"access_token": text, "expires_in": 1, "token_type": "Bearer"}),
        )
    });
    let account = inline(&service_account(&service.url("/token")));
    let proxy = guarded(&good);
    // The source and the target have tokens of their own, of which the other one's ends this one's.
    let arguments = [&QUICK_RETRIES[..], &["--max-retries=20", "--concurrency=1"]].concat();
    let ran = run(&world, &account, &proxy, &[], &arguments);
    assert!(service.seen().len() > 2, "{}", service.seen().len());
    assert!([Some(0), Some(1)].contains(&ran.status.code()), "{ran:?}");
    world.assert_sound();
    let steady = Answering::start(|_| token("ya29.steady"));
    let revoked = Arc::new(AtomicUsize::new(0));
    let (seen, tokens) = (Arc::clone(&revoked), only("ya29.steady"));
    let line = Line::to(port())
        .fault(move |request| {
            let token = request
                .header("authorization")
                .unwrap_or_default()
                .to_owned();
            let is_good = tokens
                .lock()
                .unwrap()
                .contains(token.trim_start_matches("Bearer "));
            // Every tenth request is told that its token is no good.
            if is_good && request.number % 10 != 9 {
                return Fault::None;
            }
            seen.fetch_add(1, Ordering::SeqCst);
            Fault::Answer(
                401,
                r#"{"error": {"code": 401, "message": "Invalid Credentials"}}"#,
            )
        })
        .open();
    let account = inline(&service_account(&steady.url("/token")));
    run(&world, &account, &line, &[], &arguments).expect(0);
    world.assert_moved();
    let refused = revoked.load(Ordering::SeqCst);
    assert!(refused > 2 && steady.seen().len() > refused, "{refused}");
}

/// S-6.3, S-2.6: one line, exit code 1, and no word of a secret.
#[test]
fn credentials_that_get_no_token_end_the_run_at_once() {
    let world = World::new(&three());
    let proxy = guarded(&only("nobody's"));
    for (status, document) in [
        (
            400,
            json!({"error": "invalid_grant", "error_description": "Invalid grant: account not found"}),
        ),
        (
            401,
            json!({"error": "invalid_client", "error_description": "of pass-word and 1//refresh-never-printed"}),
        ),
        (
            403,
            json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no"}}),
        ),
        (
            200,
            json!({"access_token": "ya29.refused-by-all", "expires_in": 3600}),
        ),
    ] {
        let service = Answering::start(move |_| Answer::json(status, &document));
        let user = json!({"type": "authorized_user", "client_id": "me", "client_secret": "pass-word",
            "refresh_token": "1//refresh-never-printed", "token_uri": service.url("/user")});
        for mode in ["--dry-run=true", "--dry-run=false"] {
            let ran = run(
                &world,
                &inline(&user),
                &proxy,
                &[],
                &[OLD, mode, "--log.level=debug"],
            )
            .expect(1);
            let told = format!("{ran:?}");
            for secret in ["pass-word", "never-printed", "refused-by-all"] {
                assert!(!told.contains(secret), "{told}");
            }
            let errors = ran
                .stderr
                .lines()
                .filter(|line| line.contains("level=error"));
            assert_eq!(errors.count(), 1, "{}", ran.stderr);
        }
    }
    let nowhere = [("GCE_METADATA_HOST", "127.0.0.1:1")];
    let ran = run(&world, "", &proxy, &nowhere, &[OLD]).expect(1);
    assert!(
        ran.stderr.contains("no credentials were found"),
        "{}",
        ran.stderr
    );
}

/// S-3.28: exit code 2, one line, nothing is contacted.
#[test]
fn credentials_that_are_none_are_refused_before_anything_is_contacted() {
    let world = World::new(&[]);
    let proxy = guarded(&only("nobody's"));
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        &folder,
        "odd.json",
        &json!({"type": "external_account_authorized_user", "refresh_token": "never-printed"}),
    );
    for (more, variables, expected) in [
        (
            "  service_account: /etc/key.json\n",
            &[][..],
            "config.service_account is no JSON",
        ),
        (
            "  service_account: '{\"type\": \"service_account\"}'\n",
            &[],
            "private_key is missing",
        ),
        (
            "",
            &[("GOOGLE_APPLICATION_CREDENTIALS", path.as_str())],
            "are not supported",
        ),
        (
            "",
            &[("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")],
            "could not read",
        ),
        ("", &[(EMULATOR, "not a host")], EMULATOR),
        ("  no_auth: true\n", &[], "unknown key config.no_auth"),
    ] {
        let ran = run(&world, more, &proxy, variables, &[OLD]).expect(2);
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
        assert!(!ran.stderr.contains("never-printed"));
        let errors = ran
            .stderr
            .lines()
            .filter(|line| !line.contains("level=warn"));
        assert_eq!(errors.count(), 1, "{}", ran.stderr);
    }
    assert!(proxy.requests().is_empty());
    assert!(Path::new(&path).exists());
}

/// S-3.29: whatever its name, for a proxy would give its own identity.
#[test]
fn the_metadata_server_is_asked_past_every_proxy() {
    let world = World::new(&[Block::new(1)]);
    let service = Answering::start(give);
    let between = Answering::start(wrong);
    let guarded = guarded(&only("ya29.good"));
    // Proxies are asked for it, unlike for other names of this machine.
    let machine = format!("0.0.0.0:{}", service.port());
    let through = between.url("");
    let variables = [
        ("GCE_METADATA_HOST", machine.as_str()),
        ("HTTP_PROXY", &through),
    ];
    run(&world, "", &guarded, &variables, &[OLD]).expect(0);
    world.assert_moved();
    assert!(between.seen().is_empty());
}

/// S-3.29: who refuses for the time that an assertion tells says by its answer what time it is there.
#[test]
fn a_clock_that_is_wrong_is_no_reason_to_have_no_token() {
    let world = World::new(&[Block::new(1)]);
    let proxy = guarded(&only("ya29.good"));
    let service = Answering::start(|asked| {
        let there = chrono::Utc::now() - chrono::TimeDelta::hours(3);
        let assertion = asked.member("assertion").unwrap();
        let claims = assertion.split('.').nth(1).unwrap().to_owned();
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let age_secs = there.timestamp() - claims["iat"].as_i64().unwrap();
        let mut answer = if (-300..300).contains(&age_secs) {
            token("ya29.good")
        } else {
            Answer::json(
                400,
                &json!({"error": "invalid_grant", "error_description": "Invalid JWT: not in a reasonable timeframe"}),
            )
        };
        answer.headers.push(("date", there.to_rfc2822()));
        answer
    });
    let account = inline(&service_account(&service.url("/token")));
    run(&world, &account, &proxy, &[], &[OLD]).expect(0);
    world.assert_moved();
    assert_eq!(service.seen().len(), 4, "twice for each bucket");
}
