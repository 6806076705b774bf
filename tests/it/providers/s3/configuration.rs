//! Values of an S3 bucket's configuration that no request can carry: exit code 2, one line that names the key, nothing contacted, and the
//! value itself not repeated.

use crate::support::complaint::{COLD, assert_names, complaint};
use crate::support::proxy::Line;
use crate::support::run::{OLD, Ran, binary};

/// A key, its value as YAML spells it, and what the complaint names.
const WRONG: &[(&str, &str, &[&str])] = &[
    (
        "access_key",
        "\"AKIAHUNTER\\n\"",
        &["config.access_key", "ends in a line break"],
    ),
    (
        "access_key",
        "\"AKIAHUNTER\\r\\n\"",
        &["config.access_key", "ends in a line break"],
    ),
    (
        "access_key",
        "'AKIAHUNTER '",
        &["config.access_key", "a space"],
    ),
    (
        "access_key",
        "\"AKIA\\0HUNTER\"",
        &["config.access_key", "a control character"],
    ),
    (
        "access_key",
        "AKIAHÜNTER",
        &["config.access_key", "beyond ASCII"],
    ),
    (
        "secret_key",
        "\"hunter2hunter2\\n\"",
        &["config.secret_key", "ends in a line break"],
    ),
    (
        "secret_key",
        "\"hunter2\\nhunter2\"",
        &["config.secret_key", "a line break"],
    ),
    (
        "session_token",
        "\"hunter2hunter2\\n\"",
        &["config.session_token", "ends in a line break"],
    ),
    (
        "session_token",
        "hünter2",
        &["config.session_token", "beyond ASCII"],
    ),
    (
        "region",
        "\"eu-west-1\\n\"",
        &["config.region", "ends in a line break"],
    ),
    ("region", "eu/west", &["config.region", "a slash"]),
    ("region", "'eu west'", &["config.region", "a space"]),
    ("bucket", "\"hot \"", &["config.bucket", "a space"]),
    (
        "bucket",
        "\"hot\\n\"",
        &["config.bucket", "ends in a line break"],
    ),
    (
        "bucket",
        "'hot#x'",
        &["config.bucket", "a character that no name has"],
    ),
    (
        "bucket",
        "hot?x",
        &["config.bucket", "a character that no name has"],
    ),
    (
        "bucket",
        "hot%2Fx",
        &["config.bucket", "a character that no name has"],
    ),
    (
        "bucket",
        "hot\\x",
        &["config.bucket", "a character that no name has"],
    ),
    ("bucket", "..", &["config.bucket", "3 to 63"]),
    ("bucket", "...", &["config.bucket", ".."]),
    ("bucket", "hot/", &["config.bucket", "a slash", "prefix"]),
    ("bucket", "/hot", &["config.bucket", "a slash", "prefix"]),
    ("bucket", "hot/sub", &["config.bucket", "a slash", "prefix"]),
    ("bucket", "s3://hot", &["config.bucket", "a URL"]),
    ("bucket", "'arn:aws:s3:::hot'", &["config.bucket", "an ARN"]),
    (
        "bucket",
        "'arn:aws:s3:eu-west-1:123456789012:accesspoint/hot'",
        &["config.bucket", "an ARN", "alias"],
    ),
    ("bucket", "10.0.0.1", &["config.bucket", "an IP address"]),
    ("bucket", "''", &["config.bucket", "missing"]),
    (
        "endpoint",
        "\"127.0.0.1:1\\n\"",
        &["config.endpoint", "ends in a line break"],
    ),
    (
        "endpoint",
        "'127.0.0.1:1 '",
        &["config.endpoint", "a space"],
    ),
    ("endpoint", "'::1:9000'", &["config.endpoint", "brackets"]),
    ("endpoint", "'[::1'", &["config.endpoint", "brackets"]),
    (
        "endpoint",
        "'127.0.0.1:99999'",
        &["config.endpoint", "a port"],
    ),
    ("endpoint", "'127.0.0.1:'", &["config.endpoint", "a port"]),
    (
        "endpoint",
        "'https://127.0.0.1:1'",
        &["config.endpoint", "a scheme"],
    ),
    (
        "endpoint",
        "'127.0.0.1:1/hot'",
        &["config.endpoint", "a path"],
    ),
    ("endpoint", "'a%20b'", &["config.endpoint", "no host"]),
    (
        "endpoint",
        "hot.s3.eu-west-1.amazonaws.com",
        &["config.endpoint", "bucket's name"],
    ),
    (
        "sts_endpoint",
        "sts.hunter2.example.com",
        &["config.sts_endpoint", "https://sts."],
    ),
    (
        "sts_endpoint",
        "'sts.hunter2.example.com:443'",
        &["config.sts_endpoint", "https://"],
    ),
    (
        "sts_endpoint",
        "'ftp://hunter2'",
        &["config.sts_endpoint", "https://"],
    ),
    (
        "sts_endpoint",
        "'https://hunter1:hunter2@sts'",
        &["config.sts_endpoint", "a user"],
    ),
    (
        "sts_endpoint",
        "\"https://sts\\n\"",
        &["config.sts_endpoint", "ends in a line break"],
    ),
    (
        "put_user_metadata",
        "{team: \"hunter2\\nx\"}",
        &["put_user_metadata.team", "a line break"],
    ),
    (
        "put_user_metadata",
        "{team: \"hunter2\\n\"}",
        &["put_user_metadata.team", "a line break"],
    ),
    (
        "put_user_metadata",
        "{'te am': a}",
        &["put_user_metadata", "no name of a header"],
    ),
    (
        "put_user_metadata",
        "{X-Amz-Server-Side-Encryption-Customer-Key: hunter2}",
        &["put_user_metadata", "sse_config"],
    ),
    (
        "sse_config",
        "{type: SSE-KMS, kms_key_id: \"hunter2\\n\"}",
        &["sse_config.kms_key_id", "ends in a line break"],
    ),
    (
        "sse_config",
        "{type: SSE-C, encryption_key: aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnQ=}",
        &[
            "sse_config.encryption_key",
            "the path of a file",
            "not repeated",
        ],
    ),
    (
        "sse_config",
        "{type: SSE-C, encryption_key: /HVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnQ=}",
        &[
            "sse_config.encryption_key",
            "the path of a file",
            "not repeated",
        ],
    ),
    (
        "sse_config",
        "{type: hunter2hunter2}",
        &["sse_config.type", "SSE-S3, SSE-KMS or SSE-C"],
    ),
    (
        "http_config",
        "{tls_config: {ca_file: \"-----BEGIN CERTIFICATE-----\\nhunter2\"}}",
        &["tls_config.ca_file", "not repeated"],
    ),
    (
        "http_config",
        "{tls_config: {cert_file: /nowhere, key_file: 'hunter2hunter2hunter2'}}",
        &["tls_config.cert_file", "/nowhere"],
    ),
    (
        "http_config",
        "{idle_conn_timeout: hunter2hunter2}",
        &["idle_conn_timeout", "1m30s"],
    ),
    (
        "bucket_lookup_type",
        "hunter2",
        &["bucket_lookup_type", "virtual-hosted or path"],
    ),
    (
        "list_objects_version",
        "hunter2",
        &["list_objects_version", "v1 or v2"],
    ),
    ("insecure", "hunter2", &["config.insecure", "true or false"]),
    (
        "part_size",
        "hunter2",
        &["config.part_size", "a whole number"],
    ),
    (
        "max_retries",
        "hunter2",
        &["config.max_retries", "a whole number"],
    ),
    (
        "hunter2",
        "x",
        &["a key of config is unknown", "secret_key"],
    ),
];

fn config(key: &str, value: &str, port: u16) -> String {
    let endpoint = format!("'127.0.0.1:{port}'");
    let mut entries = vec![
        ("bucket", "hot"),
        ("endpoint", &endpoint),
        ("access_key", "AKIAEXAMPLE"),
        ("secret_key", "hunter2secret"),
        ("insecure", "true"),
    ];
    entries.retain(|(name, _)| *name != key);
    entries.push((key, value));
    let entries: Vec<String> = entries
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!("{{type: S3, config: {{{}}}}}", entries.join(", "))
}

/// S-2.3, S-2.6, S-3.7
#[test]
fn a_value_that_no_request_can_carry_is_told_with_its_key_and_not_repeated() {
    let server = Line::to(1).open();
    for (key, value, names) in WRONG {
        let text = config(key, value, server.port());
        let line = complaint(&[&format!("--objstore.config={text}"), COLD, OLD], &[]);
        assert_names(&line, names);
        let told = line.to_lowercase();
        assert!(
            !told.contains("hunter") && !told.contains("hünter"),
            "{line}"
        );
        assert!(!line.contains("HVudGVy"), "{line}");
    }
    assert!(server.requests().is_empty());
}

/// S-2.3, S-2.6, S-3.7: what Secrets of Kubernetes make of a key, in a variable.
#[test]
fn a_variable_that_no_request_can_carry_is_told_by_its_name() {
    let server = Line::to(1).open();
    let text = format!(
        "--objstore.config={{type: S3, config: {{bucket: hot, endpoint: '127.0.0.1:{}', insecure: true}}}}",
        server.port()
    );
    let (id, secret) = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
    for (variables, names) in [
        (
            vec![(id, "AKIAHUNTER\n"), (secret, "hunter2")],
            [
                "environment variable AWS_ACCESS_KEY_ID",
                "ends in a line break",
            ],
        ),
        (
            vec![("AWS_ACCESS_KEY", "AKIAHUNTER "), (secret, "hunter2")],
            ["environment variable AWS_ACCESS_KEY ", "a space"],
        ),
        (
            vec![(id, "a"), (secret, "hunter2\n")],
            ["AWS_SECRET_ACCESS_KEY", "ends in a line break"],
        ),
        (
            vec![(id, "a"), (secret, "b"), ("AWS_SESSION_TOKEN", "hunter2\n")],
            ["AWS_SESSION_TOKEN", "ends in a line break"],
        ),
        (
            vec![
                ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"),
                ("AWS_ROLE_ARN", "arn:hunter2\n"),
            ],
            ["AWS_ROLE_ARN", "ends in a line break"],
        ),
        (
            vec![
                ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"),
                ("AWS_REGION", "hunter2\n"),
            ],
            ["AWS_REGION", "ends in a line break"],
        ),
        (vec![("AWS_REGION", "hunter2/x")], ["AWS_REGION", "a slash"]),
    ] {
        let line = complaint(&[&text, COLD, OLD], &variables);
        assert_names(&line, &names);
        assert!(!line.to_lowercase().contains("hunter"), "{line}");
    }
    // A key that comes into the configuration by a variable is its key's value.
    let by_variable = text.replace(
        "insecure",
        "access_key: \"$(KEY)\", secret_key: b, insecure",
    );
    let line = complaint(&[&by_variable, COLD, OLD], &[("KEY", "AKIAHUNTER\n")]);
    assert_names(&line, &["config.access_key", "space"]);
    assert!(server.requests().is_empty());
}

/// S-3.7: what a path leads to need not end.
#[test]
fn a_file_without_an_end_is_refused() {
    let text = |more: &str| {
        format!(
            "--objstore.config={{type: S3, config: {{bucket: hot, endpoint: '127.0.0.1:1', {more}}}}}"
        )
    };
    let ca = text("http_config: {tls_config: {ca_file: /dev/zero}}");
    assert_names(&complaint(&[&ca, COLD, OLD], &[]), &["ca_file", "too long"]);
    let found = text("insecure: true");
    for name in ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"] {
        let line = complaint(&[&found, COLD, OLD], &[(name, "/dev/zero")]);
        assert_names(&line, &[name, "too long"]);
    }
}

/// S-3.7: odd values of other variables end a run in words, never in a panic.
#[test]
fn odd_surroundings_end_a_run_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("odd");
    std::fs::write(&odd, b"[default\naws_access_key_id = \xff\n\0").unwrap();
    let newline = folder.path().join("newline");
    std::fs::write(
        &newline,
        "[default]\naws_access_key_id = a\u{7f}b\naws_secret_access_key = b\n",
    )
    .unwrap();
    let odd = odd.to_str().unwrap();
    let newline = newline.to_str().unwrap();
    let here = folder.path().to_str().unwrap();
    let nobody = ("AWS_EC2_METADATA_DISABLED", "true");
    for variables in [
        vec![("AWS_SHARED_CREDENTIALS_FILE", odd), nobody],
        vec![("AWS_SHARED_CREDENTIALS_FILE", newline), nobody],
        vec![("AWS_SHARED_CREDENTIALS_FILE", here), nobody],
        vec![("AWS_CONFIG_FILE", odd), nobody],
        vec![("AWS_PROFILE", "no\nbody"), nobody],
        vec![("AWS_WEB_IDENTITY_TOKEN_FILE", here), nobody],
        vec![("AWS_WEB_IDENTITY_TOKEN_FILE", odd), nobody],
        vec![("AWS_WEB_IDENTITY_TOKEN_FILE", "/dev/zero"), nobody],
        vec![("AWS_CONFIG_FILE", "/dev/null"), nobody],
        vec![
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "\u{1}://"),
            nobody,
        ],
        vec![
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://x y\n"),
            nobody,
        ],
        vec![
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\nb"),
            nobody,
        ],
        vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", "::not a url::\n")],
        vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")],
        vec![("AWS_ENDPOINT_URL", "::\n"), nobody],
        vec![("AWS_RETRY_MODE", "\n"), nobody],
        vec![("AWS_MAX_ATTEMPTS", "many"), nobody],
        vec![
            ("AWS_STS_REGIONAL_ENDPOINTS", "\n"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", odd),
            nobody,
        ],
        vec![("HOME", "\n"), nobody],
        vec![("HOME", ""), nobody],
        vec![("SSL_CERT_FILE", odd), nobody],
        vec![("SSL_CERT_FILE", "/nowhere"), nobody],
        vec![("SSL_CERT_DIR", "\n"), nobody],
        vec![("NO_PROXY", "\n,:::,[,*.*,/33,1.2.3.4/99"), nobody],
        vec![
            ("HTTP_PROXY", "\n"),
            ("HTTPS_PROXY", "\n"),
            ("NO_PROXY", "*"),
            nobody,
        ],
        vec![
            ("NO_COLOR", "\n"),
            ("TZ", ":\n"),
            ("LANG", "\u{fffd}"),
            nobody,
        ],
    ] {
        for insecure in [false, true] {
            let mut command = binary();
            let source = format!(
                "--objstore.config={{type: S3, config: {{bucket: hot, endpoint: '127.0.0.1:1', insecure: {insecure}}}}}"
            );
            command.args(["migrate", &source, COLD, OLD, "--dry-run"]);
            command.args(["--max-retries=0", "--retry.initial-backoff=1ms"]);
            command.envs(variables.iter().copied());
            let ran = Ran::of(command);
            let code = ran.status.code();
            assert!(code == Some(1) || code == Some(2), "{variables:?}: {ran:?}");
            assert!(!ran.stderr.contains("panicked"), "{variables:?}: {ran:?}");
        }
    }
}
