//! Everybody who gives credentials: asked as they want to be asked, and again before what they gave expires, in the middle of a run. `MinIO` looks at
//! what they give, session tokens included.

use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::digest;
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::block::Block;
use crate::support::credential_service::{CredentialService, Question};
use crate::support::folders::{self, tree};
use crate::support::minio::{Bucket, Credentials, Minio, Temporary};
use crate::support::moto;
use crate::support::on_minio::World;
use crate::support::proxy::{Fault, Line, Request};
use crate::support::run::{OLD, Ran, migrate};
use crate::support::s3_server::S3Server;
use crate::support::world::{assert_same, without_marks};

/// The first that are given expire soon: too soon not to be asked for again.
fn expiration(number: usize) -> DateTime<Utc> {
    let life = if number < 2 {
        TimeDelta::minutes(1)
    } else {
        TimeDelta::hours(1)
    };
    Utc::now() + life
}

fn spelled(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Both configurations, without credentials.
fn configs(world: &World, more: &str) -> (PathBuf, PathBuf) {
    configs_through(world, world.source.minio().port(), more)
}

/// The same, through the port of a proxy.
fn configs_through(world: &World, port: u16, more: &str) -> (PathBuf, PathBuf) {
    let nobody = Credentials {
        access_key: String::new(),
        secret_key: String::new(),
    };
    let config = |bucket: &Bucket, file: &str| bucket.config_for(file, &nobody, port, more);
    (
        config(&world.source, "hot-nobody.yaml"),
        config(&world.target, "cold-nobody.yaml"),
    )
}

/// Blocks move as whoever is found by these variables.
fn moves(minio: &Minio, more: &str, variables: &[(&str, &str)]) {
    let world = World::new(minio, &[Block::new(1), Block::new(2)]);
    let (source, target) = configs(&world, more);
    let mut command: Command = migrate(&source, &target, &[OLD]);
    command.envs(variables.iter().copied());
    let ran = Ran::of(command).expect(0);
    assert!(!ran.stderr.contains("anonymous"), "{}", ran.stderr);
    world.assert_moved();
}

/// A server, and a service that answers what it is asked with credentials of it.
fn given(
    answer: impl Fn(&Temporary, &Question, usize) -> (u16, String) + Send + Sync + 'static,
) -> (Minio, CredentialService) {
    let minio = Minio::start();
    let temporary = minio.temporary();
    let answer = move |question: &Question, number| answer(&temporary, question, number);
    (minio, CredentialService::start(answer))
}

/// As services on the machine itself tell them.
fn document(given: &Temporary, expires: DateTime<Utc>) -> String {
    let Temporary {
        access_key,
        secret_key,
        token,
    } = given;
    let document = serde_json::json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": spelled(Utc::now()), "AccountId": "123456789012",
        "AccessKeyId": access_key, "SecretAccessKey": secret_key, "Token": token, "Expiration": spelled(expires),
    });
    document.to_string()
}

fn written(folder: &Path, file: &str, text: &str) -> String {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

const NO_MACHINE: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

/// S-3.9
#[test]
fn a_process_gives_credentials_and_is_asked_again_before_they_expire() {
    let minio = Minio::start();
    let folder = tempfile::tempdir().unwrap();
    let Temporary {
        access_key,
        secret_key,
        token,
    } = minio.temporary();
    let calls = folder.path().join("calls");
    let script = format!(
        "echo called >>{}\ncat <<END\n{{\"Version\": 1, \"AccessKeyId\": \"{access_key}\", \"SecretAccessKey\": \"{secret_key}\", \
         \"SessionToken\": \"{token}\", \"Expiration\": \"$(date -u -d '+1 minute' +%Y-%m-%dT%H:%M:%SZ)\"}}\nEND\n",
        calls.display()
    );
    let script = written(folder.path(), "give", &script);
    let profile = format!("[default]\ncredential_process = /bin/sh {script}\n");
    let credentials = written(folder.path(), "credentials", &profile);
    let path = std::env::var("PATH").unwrap();
    let variables = [
        ("AWS_SHARED_CREDENTIALS_FILE", &*credentials),
        ("PATH", &*path),
        NO_MACHINE,
    ];
    moves(&minio, "", &variables);
    let calls = std::fs::read_to_string(calls).unwrap();
    assert!(calls.lines().count() > 2, "{calls}");
}

/// S-3.9: the second role is taken on as the first one.
#[test]
fn roles_are_taken_on_one_after_the_other() {
    let (minio, service) = given(|last, question, number| {
        let is_by = |key: &str| {
            question
                .header("authorization")
                .contains(&format!("Credential={key}/"))
        };
        let has = |text: &str| question.body.contains(text);
        let token_sent = question.header("x-amz-security-token");
        let (access_key, secret_key, token, expires) = if is_by("base-key") && has("role%2Fmiddle")
        {
            (
                "middle-key",
                "middle-secret",
                "middle-token",
                Utc::now() + TimeDelta::hours(1),
            )
        } else if is_by("middle-key")
            && token_sent == "middle-token"
            && has("role%2Flast")
            && has("ExternalId=outside")
            && has("RoleSessionName=thanos")
        {
            (
                &*last.access_key,
                &*last.secret_key,
                &*last.token,
                expiration(number / 2),
            )
        } else {
            return (403, String::new());
        };
        let body = format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
             <AssumedRoleUser><AssumedRoleId>A:thanos</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/a/thanos</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>{secret_key}</SecretAccessKey>\
             <SessionToken>{token}</SessionToken><Expiration>{}</Expiration></Credentials>\
             </AssumeRoleResult></AssumeRoleResponse>",
            spelled(expires)
        );
        (200, body)
    });
    let folder = tempfile::tempdir().unwrap();
    let config = written(
        folder.path(),
        "config",
        "[profile base]\naws_access_key_id = base-key\naws_secret_access_key = base-secret\n\
         [profile middle]\nrole_arn = arn:aws:iam::123456789012:role/middle\nsource_profile = base\n\
         [profile last]\nrole_arn = arn:aws:iam::123456789012:role/last\nsource_profile = middle\n\
         external_id = outside\nrole_session_name = thanos\n",
    );
    let variables = [
        ("AWS_CONFIG_FILE", &*config),
        ("AWS_PROFILE", "last"),
        ("AWS_ENDPOINT_URL_STS", &*service.url()),
        NO_MACHINE,
    ];
    moves(&minio, "  aws_sdk_auth: true\n", &variables);
    assert!(service.asked().len() > 4, "{:?}", service.asked());
}

/// S-3.9: at a service that others wrote, and on a bucket of theirs; both look at every signature, and at the session's token.
#[test]
fn a_role_is_taken_on_at_a_service_that_looks_at_signatures() {
    let world = folders::World::new(&[Block::new(1), Block::new(2)]);
    let server = S3Server::moto();
    server.bucket("cold");
    let (somebody, role) = moto::role(&server);
    let port = server.port();
    let folder = tempfile::tempdir().unwrap();
    let bucket = format!(
        "type: S3\nconfig:\n  bucket: cold\n  endpoint: 127.0.0.1:{port}\n  insecure: true\n  aws_sdk_auth: true\n"
    );
    let bucket = PathBuf::from(written(folder.path(), "cold.yaml", &bucket));
    let service = format!("http://127.0.0.1:{port}");
    let run = |secret: &str, source: &Path, target: &Path| {
        let config = format!(
            "[profile base]\naws_access_key_id = {}\naws_secret_access_key = {secret}\n\
             [profile last]\nrole_arn = {role}\nsource_profile = base\n",
            somebody.access_key
        );
        let config = written(folder.path(), "config", &config);
        let mut command = migrate(source, target, &[OLD]);
        command.envs([
            ("AWS_CONFIG_FILE", &*config),
            ("AWS_PROFILE", "last"),
            ("AWS_ENDPOINT_URL_STS", &*service),
            NO_MACHINE,
        ]);
        Ran::of(command)
    };
    let (source, target) = (world.source_config(), world.target_config());
    let ran = run("another", &source, &bucket).expect(1);
    assert!(
        ran.stderr.contains("find AWS credentials"),
        "{}",
        ran.stderr
    );
    run(&somebody.secret_key, &source, &bucket).expect(0);
    run(&somebody.secret_key, &bucket, &target).expect(0);
    assert_same(&tree(&world.target), &without_marks(&world.before));
}

/// S-3.9: with the token that somebody's log-in left.
#[test]
fn single_sign_on_gives_credentials_for_its_token() {
    let (minio, service) = given(|role, question, number| {
        let is_right = question.method == "GET"
            && question.path.starts_with("/federation/credentials?")
            && question.path.contains("role_name=thanos")
            && question.path.contains("account_id=123456789012")
            && question.header("x-amz-sso_bearer_token") == "signed-on";
        if !is_right {
            return (401, String::new());
        }
        let expires = expiration(number).timestamp_millis();
        let body = serde_json::json!({"roleCredentials": {
            "accessKeyId": role.access_key, "secretAccessKey": role.secret_key, "sessionToken": role.token, "expiration": expires,
        }});
        (200, body.to_string())
    });
    let folder = tempfile::tempdir().unwrap();
    let start = "https://corp.awsapps.com/start";
    let config = format!(
        "[default]\nsso_start_url = {start}\nsso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = thanos\n"
    );
    let config = written(folder.path(), "config", &config);
    let name = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, start.as_bytes());
    let name: Vec<String> = name
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let cached = serde_json::json!({
        "startUrl": start, "region": "eu-west-1", "accessToken": "signed-on", "expiresAt": "2999-01-01T00:00:00Z",
    });
    written(
        folder.path(),
        &format!(".aws/sso/cache/{}.json", name.concat()),
        &cached.to_string(),
    );
    let home = folder.path().display().to_string();
    let variables = [
        ("AWS_CONFIG_FILE", &*config),
        ("HOME", &*home),
        ("AWS_ENDPOINT_URL_SSO", &*service.url()),
        NO_MACHINE,
    ];
    moves(&minio, "  aws_sdk_auth: true\n", &variables);
    assert!(service.asked().len() > 2, "{:?}", service.asked());
}

/// S-3.9: a pod's identity is in a file, which is read anew for each question.
#[test]
fn a_pod_and_a_container_are_given_credentials_for_their_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "token", "of-the-pod-0");
    let rewritten = file.clone();
    let (minio, service) = given(move |pod, question, number| {
        let sent = question.header("authorization");
        if question.path != "/v1/credentials" || sent != format!("of-the-pod-{number}") {
            return (401, String::new());
        }
        std::fs::write(&rewritten, format!("of-the-pod-{}", number + 1)).unwrap();
        (200, document(pod, expiration(number)))
    });
    let url = format!("{}/v1/credentials", service.url());
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*url),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &*file),
        NO_MACHINE,
    ];
    moves(&minio, "", &variables);
    assert!(service.asked().len() > 2, "{:?}", service.asked());
}

/// S-3.9: version 2 of the service, whose token is asked for first.
#[test]
fn a_machine_is_given_credentials_for_the_session_that_it_begins() {
    let (minio, service) = given(|machine, question, number| {
        if question.method == "PUT" && question.path == "/latest/api/token" {
            let lives = question.header("x-aws-ec2-metadata-token-ttl-seconds");
            return if lives.is_empty() {
                (400, String::new())
            } else {
                (200, "session".to_owned())
            };
        }
        if question.header("x-aws-ec2-metadata-token") != "session" {
            return (401, String::new());
        }
        let folder = "/latest/meta-data/iam/security-credentials";
        let Some(rest) = question.path.strip_prefix(folder) else {
            // It may ask for a newer kind of credentials first.
            return (404, String::new());
        };
        match rest.trim_start_matches('/') {
            "" => (200, "thanos".to_owned()),
            "thanos" => (200, document(machine, expiration(number / 8))),
            _ => (404, String::new()),
        }
    });
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*service.url())];
    moves(&minio, "", &variables);
    let given = service
        .asked()
        .into_iter()
        .filter(|question| question.path.ends_with("/thanos"));
    assert!(given.count() > 2, "{:?}", service.asked());
}

/// S-3.9: a file that says nothing of when its credentials end, and is written anew when they do.
#[test]
fn credentials_that_are_refused_are_looked_for_again() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1), Block::new(2)]);
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = [minio.temporary(), minio.temporary()];
    let profile = |given: &Temporary| {
        format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
            given.access_key, given.secret_key, given.token
        )
    };
    let file = written(folder.path(), "credentials", &profile(&old));
    let (rewritten, renewed) = (file.clone(), profile(&new));
    let old_key = old.access_key.clone();
    let proxy = Line::to(minio.port())
        .fault(move |request| {
            let is_old = |text: &str| text.contains(&old_key);
            if request.number < 12 || !request.header("authorization").is_some_and(is_old) {
                return Fault::None;
            }
            // Whoever reads it meanwhile finds the one or the other.
            let beside = format!("{rewritten}.{}", request.number);
            std::fs::write(&beside, &renewed).unwrap();
            std::fs::rename(&beside, &rewritten).unwrap();
            Fault::Answer(
                400,
                "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>",
            )
        })
        .open();
    let (source, target) = configs_through(&world, proxy.port(), "");
    let mut command = migrate(&source, &target, &[OLD]);
    command.envs([("AWS_SHARED_CREDENTIALS_FILE", &*file), NO_MACHINE]);
    Ran::of(command).expect(0);
    world.assert_moved();
    let requests = proxy.requests();
    let by = |key: &str| {
        let is_by = |request: &&Request| request.header("authorization").unwrap().contains(key);
        requests.iter().filter(is_by).count()
    };
    assert!(by(&old.access_key) >= 12 && by(&new.access_key) > 5);
}

/// S-3.9, S-2.6: one line that says who gave nothing, and nothing of what is secret.
#[test]
fn who_gives_no_credentials_is_named() {
    let minio = Minio::start();
    let world = World::new(&minio, &[Block::new(1)]);
    let (source, target) = configs(&world, "  aws_sdk_auth: true\n");
    let folder = tempfile::tempdir().unwrap();
    let profile = "[default]\ncredential_process = /bin/sh -c 'echo hunter2 >&2; exit 1'\n";
    let credentials = written(folder.path(), "credentials", profile);
    let denied = CredentialService::start(|_, _| (403, "{\"message\": \"denied\"}".to_owned()));
    let url = format!("{}/v1/credentials", denied.url());
    for variables in [
        vec![
            ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
            NO_MACHINE,
        ],
        vec![
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2"),
            NO_MACHINE,
        ],
        vec![NO_MACHINE],
    ] {
        let mut command = migrate(&source, &target, &[OLD]);
        command.envs(variables.iter().copied());
        let ran = Ran::of(command).expect(1);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
        assert_eq!(
            ran.stderr.matches("find AWS credentials").count(),
            1,
            "{}",
            ran.stderr
        );
    }
    assert!(world.target.is_empty());
}
