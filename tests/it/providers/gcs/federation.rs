//! Identities of other providers for which the token service gives tokens: of AWS, of a program, of a certificate. The services are played, and check
//! what they are asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rcgen::CertifiedKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::credentials::{SCOPE, file, guarded, only, run, token, wrong};
use crate::support::answering::{Answer, Answering, Asked};
use crate::support::block::Block;
use crate::support::fake_gcs::{World, inline};
use crate::support::run::OLD;
use crate::support::tls_front::TlsFront;

const AUDIENCE: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q";

/// The file of an identity whose token is exchanged there.
fn external(service: &Answering, token_type: &str, source: &Value) -> Value {
    json!({"type": "external_account", "audience": AUDIENCE, "subject_token_type": token_type,
        "token_url": service.url("/exchange"), "credential_source": source})
}

/// Whether it asks for a token in the name of a subject token of that type, which is returned.
fn subject_token(asked: &Asked, token_type: &str) -> Option<String> {
    let has = |name: &str, value: &str| asked.member(name).as_deref() == Some(value);
    let is_right = asked.method == "POST"
        && asked.path == "/exchange"
        && has(
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        )
        && has("audience", AUDIENCE)
        && has("scope", SCOPE)
        && has("subject_token_type", token_type)
        && has(
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        );
    asked.member("subject_token").filter(|_| is_right)
}

const AWS: &str = "urn:ietf:params:aws:token-type:aws4_request";

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// What a request is signed with, as Amazon computes it, where it asks who asks.
fn signature(headers: &Value, host: &str, region: &str, secret: &str) -> String {
    let header = |name: &str| {
        let mut all = headers.as_array().unwrap().iter();
        let found = all.find(|header| header["key"].as_str().unwrap().to_lowercase() == name);
        found.map(|header| header["value"].as_str().unwrap().to_owned())
    };
    assert_eq!(header("host").unwrap(), host);
    assert_eq!(header("x-goog-cloud-target-resource").unwrap(), AUDIENCE);
    let authorization = header("authorization").unwrap();
    let (_, names) = authorization.split_once("SignedHeaders=").unwrap();
    let names = names.split(',').next().unwrap();
    let lines: Vec<String> = names
        .split(';')
        .map(|name| format!("{name}:{}\n", header(name).unwrap()))
        .collect();
    let lines = lines.concat();
    // Whatever is sent along is signed.
    assert_eq!(
        names.split(';').count() + 1,
        headers.as_array().unwrap().len()
    );
    let empty = hex(&Sha256::digest(b""));
    let request =
        format!("POST\n/\nAction=GetCallerIdentity&Version=2011-06-15\n{lines}\n{names}\n{empty}");
    let time = header("x-amz-date").unwrap();
    let service = host.split('.').next().unwrap();
    let scope = format!("{}/{region}/{service}/aws4_request", &time[..8]);
    let digest = hex(&Sha256::digest(request));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let mut key = format!("AWS4{secret}").into_bytes();
    for text in scope.split('/').chain([to_sign.as_str()]) {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(text.as_bytes());
        key = mac.finalize().into_bytes().to_vec();
    }
    hex(&key)
}

/// Whether it is the request of that key's owner to tell who asks, with its session where it has one.
fn is_signed(told: &str, id: &str, secret: &str, session: Option<&str>) -> bool {
    // What a form holds was escaped once more.
    let url = reqwest::Url::parse(&format!("http://form/?a={told}")).unwrap();
    let (_, told) = url.query_pairs().next().unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    let region = "eu-west-1";
    let host = format!("sts.{region}.amazonaws.com");
    let address = format!("https://{host}?Action=GetCallerIdentity&Version=2011-06-15");
    assert_eq!(
        (&told["url"], &told["method"]),
        (&json!(address), &json!("POST"))
    );
    let expected = signature(&told["headers"], &host, region, secret);
    let text = told["headers"].to_string();
    text.contains(&format!("Credential={id}/"))
        && text.contains(&format!("Signature={expected}"))
        && session.is_none_or(|session| text.contains(session))
        && text.contains("x-amz-security-token") == session.is_some()
}

/// Plays the machine's own server, which wants a session where one `is_asked` for, and the token service.
fn amazon(is_asked: bool) -> Answering {
    let text = |text: &str| Answer {
        status: 200,
        body: text.as_bytes().to_vec(),
        ..Answer::default()
    };
    Answering::start(move |asked| {
        let has_session =
            !is_asked || asked.header("x-aws-ec2-metadata-token") == Some("session-of-machine");
        match (asked.method.as_str(), asked.path.as_str()) {
            ("PUT", "/latest/api/token")
                if asked.header("x-aws-ec2-metadata-token-ttl-seconds") == Some("300") =>
            {
                text("session-of-machine")
            }
            ("GET", "/zone") if has_session => text("eu-west-1b"),
            ("GET", "/credentials") if has_session => text("the-role"),
            ("GET", "/credentials/the-role") if has_session => Answer::json(
                200,
                &json!({"Code": "Success", "AccessKeyId": "ASIALENT", "SecretAccessKey": "lent+secret/1",
                    "Token": "IQoJlent//token==", "Expiration": "2099-01-01T00:00:00Z"}),
            ),
            _ => match subject_token(asked, AWS) {
                Some(told)
                    if is_signed(
                        &told,
                        "ASIALENT",
                        "lent+secret/1",
                        Some("IQoJlent//token=="),
                    ) || is_signed(&told, "AKIAGIVEN", "given+secret/2", None)
                        || is_signed(&told, "AKIAGIVEN", "given+secret/2", Some("given-token")) =>
                {
                    token("ya29.good")
                }
                _ => wrong(asked),
            },
        }
    })
}

/// S-3.29: of what the machine is asked for and what variables give, as Google's clients take it.
#[test]
fn an_identity_of_aws_is_told_by_a_signed_request() {
    let world = World::new(&[Block::new(1)]);
    let proxy = guarded(&only("ya29.good"));
    let region = ("AWS_REGION", "eu-west-1");
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAGIVEN"),
        ("AWS_SECRET_ACCESS_KEY", "given+secret/2"),
    ];
    let session = ("AWS_SESSION_TOKEN", "given-token");
    for (has_session_url, variables, of_machine) in [
        (true, vec![], 4),
        (false, vec![], 3),
        (true, vec![region], 3),
        (true, keys.to_vec(), 2),
        // Both are given, so that the machine is asked for nothing.
        (true, [&keys[..], &[region]].concat(), 0),
        (
            true,
            [&keys[..], &[("AWS_DEFAULT_REGION", "eu-west-1"), session]].concat(),
            0,
        ),
    ] {
        let service = amazon(has_session_url);
        let mut source = json!({"environment_id": "aws1", "region_url": service.url("/zone"), "url": service.url("/credentials"),
            "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"});
        if has_session_url {
            source["imdsv2_session_token_url"] = service.url("/latest/api/token").into();
        }
        let account = inline(&external(&service, AWS, &source));
        run(&world, &account, &proxy, &variables, &[OLD]).expect(0);
        world.assert_moved();
        world.reset();
        // Two buckets.
        assert_eq!(service.seen().len(), 2 * (of_machine + 1), "{variables:?}");
    }
}

/// S-3.29, S-2.6: one line, and no word of a secret.
#[test]
fn an_identity_of_aws_that_is_not_to_be_had_is_told_in_one_line() {
    let world = World::new(&[Block::new(1)]);
    let proxy = guarded(&only("ya29.good"));
    for (path, answer, expected) in [
        (
            "/credentials/r",
            Answer::json(200, &json!({"Code": "Failed"})),
            "none of Amazon's",
        ),
        (
            "/zone",
            Answer {
                status: 403,
                ..Answer::default()
            },
            "/zone gives nothing (403)",
        ),
        (
            "/exchange",
            Answer::json(
                400,
                &json!({"error": "invalid_grant", "error_description": "lent-secret of ASIALENT"}),
            ),
            "invalid_grant",
        ),
    ] {
        let service = Answering::start(move |asked| match asked.path.as_str() {
            asked if asked == path => answer.clone(),
            "/credentials" => Answer {
                status: 200,
                body: b"r\n".to_vec(),
                ..Answer::default()
            },
            "/zone" => Answer {
                status: 200,
                body: b"eu-west-1a\n".to_vec(),
                ..Answer::default()
            },
            _ => Answer::json(
                200,
                &json!({"AccessKeyId": "ASIALENT", "SecretAccessKey": "lent-secret"}),
            ),
        });
        let source = json!({"environment_id": "aws1", "region_url": service.url("/zone"), "url": service.url("/credentials")});
        let account = inline(&external(&service, AWS, &source));
        let arguments = [OLD, "--max-retries=1", "--retry.initial-backoff=1ms"];
        let ran = run(&world, &account, &proxy, &[], &arguments).expect(1);
        let errors = ran
            .stderr
            .lines()
            .filter(|line| line.contains("level=error"));
        assert_eq!(errors.count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
        assert!(proxy.requests().is_empty());
    }
}

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A program of these lines, that can be started.
fn script(folder: &TempDir, lines: &str) -> String {
    let path = folder.path().join("vouch");
    fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

const ALLOWED: (&str, &str) = ("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1");

/// S-3.29: it is told what for, and what it keeps is used again.
#[test]
fn a_program_prints_the_token_and_may_keep_it() {
    const LINES: &str = r#"
echo started >> "$(dirname "$0")/starts"
test "$GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE $1 $2" = "0 for everybody" || exit 4
token="$GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE $GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE $GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL"
printed="{\"version\": 1, \"success\": true, \"token_type\": \"urn:ietf:params:oauth:token-type:jwt\", \"id_token\": \"$token\", \"expiration_time\": 4070908800}"
if test -n "$GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE"; then echo "$printed" > "$GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE"; fi
echo "$printed"
"#;
    let world = World::new(&[Block::new(1)]);
    let proxy = guarded(&only("ya29.good"));
    let folder = tempfile::tempdir().unwrap();
    let service = Answering::start(|asked| {
        let expected = format!("{AUDIENCE} {JWT} ");
        match subject_token(asked, JWT) {
            Some(told) if told == expected => token("ya29.good"),
            _ => wrong(asked),
        }
    });
    let command = format!("{} for everybody", script(&folder, LINES));
    let kept = folder.path().join("kept.json");
    let starts = || {
        let starts = fs::read_to_string(folder.path().join("starts"));
        starts.unwrap_or_default().lines().count()
    };
    let path = ("PATH", "/usr/bin:/bin");
    let without = json!({"executable": {"command": &command}});
    let with =
        json!({"executable": {"command": &command, "timeout_millis": 6000, "output_file": &kept}});
    // Two buckets, each of which needs a token.
    for (source, variables, expected) in [
        (&without, &[ALLOWED, path][..], 2),
        (&with, &[ALLOWED, path], 4),
        (&with, &[ALLOWED, path], 4),
        (&with, &[], 4),
    ] {
        let account = inline(&external(&service, JWT, source));
        run(&world, &account, &proxy, variables, &[OLD]).expect(0);
        world.assert_moved();
        world.reset();
        assert!(starts() <= expected, "{source}: {}", starts());
    }
    assert!(starts() >= 3);
    let account = inline(&external(&service, JWT, &without));
    let ran = run(&world, &account, &proxy, &[], &[OLD]).expect(2);
    assert!(ran.stderr.contains(ALLOWED.0), "{}", ran.stderr);
}

/// S-3.29, S-2.6: one line that says why, without what it printed.
#[test]
fn a_program_that_prints_no_token_ends_the_run_in_one_line() {
    let world = World::new(&[Block::new(1)]);
    let proxy = guarded(&only("ya29.good"));
    let folder = tempfile::tempdir().unwrap();
    let service = Answering::start(wrong);
    for (lines, expected) in [
        ("echo never-printed; exit 3", "exit code 3"),
        ("echo never-printed", "no document"),
        (
            r#"echo '{"version": 1, "success": false, "code": "401", "message": "log in first"}'"#,
            "401: log in first",
        ),
    ] {
        let source = json!({"executable": {"command": script(&folder, lines)}});
        let account = inline(&external(&service, JWT, &source));
        let ran = run(&world, &account, &proxy, &[ALLOWED], &[OLD]).expect(1);
        let errors = ran
            .stderr
            .lines()
            .filter(|line| line.contains("level=error"));
        assert_eq!(errors.count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
        assert!(!format!("{ran:?}").contains("never-printed"));
    }
    assert!(service.seen().is_empty() && proxy.requests().is_empty());
}

/// A certificate for that name, and its key.
fn certified(name: &str) -> CertifiedKey<rcgen::KeyPair> {
    rcgen::generate_simple_self_signed([name.to_owned()]).unwrap()
}

/// S-3.29: it is shown to the token service, which is told of those up to its authority, too.
#[test]
fn a_certificate_vouches_for_who_shows_it() {
    const TYPE: &str = "urn:ietf:params:oauth:token-type:mtls";
    let world = World::new(&[Block::new(1)]);
    let proxy = guarded(&only("ya29.good"));
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (own, authority) = (certified("own"), certified("authority"));
    for (name, made) in [("own", &own), ("authority", &authority)] {
        fs::write(path(&format!("{name}.pem")), made.cert.pem()).unwrap();
        let key = made.signing_key.serialize_pem();
        fs::write(path(&format!("{name}.key")), key).unwrap();
    }
    let told = [&own, &authority].map(|made| STANDARD.encode(made.cert.der()));
    let expected = [json!([told[0]]).to_string(), json!(told).to_string()];
    let service = Answering::start(move |asked| match subject_token(asked, TYPE) {
        Some(told) if expected.contains(&told) => token("ya29.good"),
        _ => wrong(asked),
    });
    let server = certified("127.0.0.1");
    let front = TlsFront::before(service.port(), &server, &own);
    fs::write(path("server.pem"), server.cert.pem()).unwrap();
    let account = |source: &Value| {
        let mut account = external(&service, TYPE, source);
        account["token_url"] = format!("https://127.0.0.1:{}/exchange", front.port()).into();
        let trusts = json!({"tls_config": {"ca_file": path("server.pem")}});
        format!("{}  http_config: {trusts}\n", inline(&account))
    };
    let config = |name: &str, certificate: &str, key: &str| {
        let paths = json!({"cert_path": path(certificate), "key_path": path(key)});
        let config = json!({"version": 1, "cert_configs": {"workload": paths}});
        file(&folder, name, &config)
    };
    let good = config(
        ".config/gcloud/certificate_config.json",
        "own.pem",
        "own.key",
    );
    let both =
        [path("own.pem"), path("authority.pem")].map(|file| fs::read_to_string(file).unwrap());
    fs::write(path("chain.pem"), both.concat()).unwrap();
    let at = |location: &str| json!({"certificate": {"certificate_config_location": location}});
    let mut with_chain = at(&good);
    with_chain["certificate"]["trust_chain_path"] = json!(path("chain.pem"));
    let default = json!({"certificate": {"use_default_certificate_config": true}});
    let home = folder.path().to_str().unwrap();
    for (source, variables) in [
        (at(&good), &[][..]),
        (with_chain, &[]),
        (default.clone(), &[("HOME", home)]),
        (default, &[("GOOGLE_API_CERTIFICATE_CONFIG", good.as_str())]),
    ] {
        run(&world, &account(&source), &proxy, variables, &[OLD]).expect(0);
        world.assert_moved();
        world.reset();
    }
    let odd = config("odd.json", "own.pem", "authority.key");
    let unknown = config("unknown.json", "authority.pem", "authority.key");
    for (location, expected) in [
        (odd.as_str(), "no usable pair"),
        (unknown.as_str(), "no answer came from https://127.0.0.1"),
        ("/nowhere/config.json", "could not be read"),
    ] {
        let arguments = [OLD, "--max-retries=1", "--retry.initial-backoff=1ms"];
        let ran = run(&world, &account(&at(location)), &proxy, &[], &arguments).expect(1);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
}
