//! Wrong command lines and configurations: one line, exit code 2, nothing contacted.

use crate::support::complaint::{COLD, HOT, assert_names, complaint};
use crate::support::proxy::Line;
use crate::support::run::{OLD, Ran, binary};

/// S-2.3
#[test]
fn what_is_missing_is_named() {
    for (arguments, names) in [
        (&[COLD, OLD] as &[&str], ["--objstore.config", "YAML"]),
        (&[HOT, OLD], ["--objstore-to.config", "YAML"]),
        (&[HOT, COLD], ["--older-than", "30d"]),
        (
            &[HOT, COLD, OLD, "--concurrency"],
            ["--concurrency", "NUMBER"],
        ),
        (&[HOT, COLD, "--older-than"], ["--older-than", "AGE"]),
    ] {
        assert_names(&complaint(arguments, &[]), &names);
    }
}

/// S-2.3, S-4.2
#[test]
fn a_wrong_cutoff_is_told_with_what_is_accepted() {
    for value in [
        "",
        "30",
        "30x",
        "1.5d",
        "0x10d",
        "30 d",
        "1d1y",
        "yesterday",
        "2025-13-01",
        "2025-02-30",
        "2025-06-01T00:00:00",
        "2025-06-01T25:00:00Z",
        "99999999999999y",
    ] {
        let line = complaint(&[HOT, COLD, &format!("--older-than={value}")], &[]);
        assert_names(
            &line,
            &[
                "--older-than",
                &format!("{value:?}"),
                "30d",
                "2025-06-01T00:00:00Z",
            ],
        );
    }
    for arguments in [&["--older-than=-30d"] as &[&str], &["--older-than", "-30d"]] {
        let line = complaint(&[&[HOT, COLD], arguments].concat(), &[]);
        assert_eq!(line, "--older-than \"-30d\": an age has no sign: write 30d");
    }
    let line = complaint(&[HOT, COLD, "--older-than=90"], &[]);
    assert_names(&line, &["did you mean 90d?"]);
    let line = complaint(&[HOT, COLD, "--older-than=2999-01-01"], &[]);
    assert_names(&line, &["--older-than", "2999-01-01", "in the future"]);
}

/// S-2.3
#[test]
fn a_wrong_value_is_told_with_what_is_accepted() {
    for (flag, value, accepted) in [
        ("--concurrency", "0", "from 1 to 1000"),
        ("--concurrency", "-1", "from 1 to 1000"),
        ("--concurrency", "many", "from 1 to 1000"),
        ("--concurrency", "", "from 1 to 1000"),
        ("--max-retries", "-1", "from 0 to 1000"),
        ("--max-failures", "0", "from 1 to 1000000"),
        ("--max-error-rate", "", "such as 10% or 0.1"),
        ("--max-error-rate", "10", "such as 10% or 0.1"),
        ("--max-error-rate", "1", "such as 10% or 0.1"),
        ("--max-error-rate", "101%", "what has no % is a part of 1"),
        ("--max-error-rate", "-5%", "such as 10% or 0.1"),
        ("--max-error-rate", "few", "such as 10% or 0.1"),
        ("--max-duration", "0s", "such as 30m, 6h or 2days"),
        ("--max-duration", "3years", "at most 365days"),
        ("--max-bytes", "0", "such as 500MiB, 10GiB or 1TB"),
        ("--max-bytes", "many", "such as 500MiB, 10GiB or 1TB"),
        ("--verify", "crc", "size, checksum or content"),
        ("--retry.initial-backoff", "0s", "500ms"),
        ("--retry.initial-backoff", "2m", "--retry.max-backoff"),
        ("--retry.max-backoff", "5", "500ms"),
        ("--shutdown-grace", "soon", "30s"),
        ("--shard", "3/3", "0 <= i < n"),
        ("--shard", "0/0", "0 <= i < n"),
        ("--shard", "1", "i/n"),
        ("--output", "yaml", "text or json"),
        ("--log.level", "trace", "debug, info, warn or error"),
        ("--log.format", "text", "logfmt or json"),
        ("--publish-order", "random", "strict or none"),
        ("--id", "01ABC", "26 upper-case"),
        ("--id", "01jgwne9800000000000000001", "26 upper-case"),
        ("--id", "81JGWNE9800000000000000001", "26 upper-case"),
        ("--resolution", "10m", "0s, 5m or 1h"),
        ("--resolution", "300000", "0s, 5m or 1h"),
        ("--compaction-min", "-1", "from 0"),
        ("--compaction-max", "-1", "from 0"),
        ("--dry-run", "maybe", "true or false"),
        ("--exclude-delete-marked", "1", "true or false"),
        (
            "--selector.relabel-config-file",
            "/nowhere/x",
            "No such file",
        ),
        ("--tracing.config-file", "/nowhere/x", "No such file"),
    ] {
        let line = complaint(&[HOT, COLD, OLD, &format!("{flag}={value}")], &[]);
        assert_names(&line, &[flag, &format!("{value:?}"), accepted]);
    }
}

/// S-2.3
#[test]
fn what_is_no_flag_is_told_with_what_was_meant() {
    for (argument, names) in [
        ("--dryrun", ["--dryrun", "--dry-run"]),
        ("--older_than=1d", ["--older_than", "--older-than"]),
        (
            "--objstore.conf=x",
            ["--objstore.conf", "--objstore.config"],
        ),
        ("--no-concurrency", ["--no-concurrency", "--concurrency"]),
        ("--bogus", ["--bogus", "--help"]),
        ("-x", ["-x", "--help"]),
        ("--dry-run=true=true", ["--dry-run", "true or false"]),
        (
            "--no-dry-run=true",
            ["--no-dry-run: takes no value", "--dry-run=false"],
        ),
    ] {
        assert_names(&complaint(&[HOT, COLD, OLD, argument], &[]), &names);
    }
    assert_names(
        &complaint(&[HOT, COLD, OLD, "--dry-run", "false"], &[]),
        &["unexpected argument \"false\"", "right after its flag"],
    );
    for (arguments, names) in [
        (&["migrat"] as &[&str], ["migrat", "expected migrate"]),
        (
            &["--output=json", "migrate"],
            ["--output", "stands before migrate"],
        ),
        (
            &["--no-dry-run", "migrate"],
            ["--dry-run", "stands before migrate"],
        ),
    ] {
        let mut command = binary();
        command.args(arguments);
        let ran = Ran::of(command).expect(2);
        assert_names(&ran.stderr, &names);
    }
}

/// S-2.3
#[test]
fn flags_that_exclude_each_other_are_both_named() {
    for (arguments, names) in [
        (
            &["--compaction-min=4", "--compaction-max=2"] as &[&str],
            &["--compaction-min", "4", "--compaction-max", "2"] as &[&str],
        ),
        (
            &["--overwrite-existing", "--exclude-delete-marked=false"],
            &["--overwrite-existing", "--exclude-delete-marked"],
        ),
        (
            &["--objstore.config-file=x"],
            &["--objstore.config", "--objstore.config-file"],
        ),
        (
            &["--concurrency=1", "--concurrency=2"],
            &["--concurrency", "once"],
        ),
        (&["--older-than=1d"], &["--older-than", "once"]),
    ] {
        let line = complaint(&[&[HOT, COLD, OLD], arguments].concat(), &[]);
        assert_names(&line, names);
    }
}

/// S-2.1, S-2.3
#[test]
fn a_wrong_variable_is_named_instead_of_its_flag() {
    for (name, value, accepted) in [
        ("THANOS_BUCKET_CONCURRENCY", "x", "from 1 to 1000"),
        ("THANOS_BUCKET_DRY_RUN", "perhaps", "true or false"),
        ("THANOS_BUCKET_ID", "01X", "26 upper-case"),
        ("THANOS_BUCKET_OLDER_THAN", "old", "30d"),
        ("THANOS_BUCKET_LOG_LEVEL", "loud", "debug, info"),
    ] {
        let arguments = [HOT, COLD, OLD];
        let arguments = if name.ends_with("OLDER_THAN") {
            &arguments[..2]
        } else {
            &arguments
        };
        let line = complaint(arguments, &[(name, value)]);
        assert_names(&line, &[name, &format!("{value:?}"), accepted]);
    }
}

/// S-2.3, S-3.1, S-3.2, S-3.3
#[test]
fn a_wrong_bucket_is_told_with_the_key() {
    let wrong: &[(&str, &[&str])] = &[
        ("", &["empty"]),
        ("{", &["line"]),
        ("just text", &["mapping"]),
        ("[1, 2]", &["mapping"]),
        (
            "config: {directory: /x}",
            &["type", "FILESYSTEM or GCS or OBS or OCI or S3 or SWIFT"],
        ),
        ("{type: NFS}", &["NFS", "AZURE or BOS or COS or FILESYSTEM"]),
        (
            "{type: OBS, config: {bucket: b}}",
            &["config.endpoint", "missing"],
        ),
        ("{type: SWIFT}", &["config.auth_url", "missing"]),
        ("{type: FILESYSTEM}", &["config.directory", "missing"]),
        (
            "{type: FILESYSTEM, config: {directory: [a]}}",
            &["config.directory", "a string"],
        ),
        (
            "{type: FILESYSTEM, config: {directory: /x}, prefixx: y}",
            &["prefixx", "config, prefix, type"],
        ),
        (
            "{type: FILESYSTEM, config: {directory: /x}, prefix: ../y}",
            &["prefix", "../y", "expected"],
        ),
        (
            "{type: FILESYSTEM, config: {directory: $(NOT_SET)}}",
            &["NOT_SET", "not set"],
        ),
        ("{type: S3, type: S3}", &["type", "twice"]),
        ("{type: S3, config: {endpoint: 'x:1'}}", &["config.bucket"]),
        ("{type: S3, config: {bucket: hot}}", &["config.endpoint"]),
        (
            "{type: S3, config: {bucket: hot, endpoint: 'http://h:1'}}",
            &["config.endpoint", "http://h:1", "host[:port]"],
        ),
        (
            "{type: S3, config: {bucket: hot, endpoint: 'h:1', access_key: k}}",
            &["config.secret_key", "missing"],
        ),
    ];
    for (text, names) in wrong {
        let line = complaint(&[&format!("--objstore.config={text}"), COLD, OLD], &[]);
        assert_names(&line, &[&["--objstore.config"], *names].concat());
    }
    let line = complaint(&["--objstore.config-file=/nowhere/x", COLD, OLD], &[]);
    assert_names(
        &line,
        &["--objstore.config-file", "/nowhere/x", "No such file"],
    );
    let line = complaint(&["--objstore.config-file={type: S3}", COLD, OLD], &[]);
    assert_names(&line, &["--objstore.config-file", "expected a path"]);
    let line = complaint(
        &[
            concat!(
                "--objstore.config=",
                env!("CARGO_MANIFEST_DIR"),
                "/Cargo.toml"
            ),
            COLD,
            OLD,
        ],
        &[],
    );
    assert_names(&line, &["--objstore.config", "expected YAML", "-file"]);
}

/// S-2.3, S-2.6, S-3.3: whatever is wrong, no secret is repeated, and nothing is contacted.
#[test]
fn a_wrong_key_of_an_s3_bucket_is_named_without_secrets() {
    let wrong: &[(&str, &[&str])] = &[
        ("bukcet: y", &["bukcet", "bucket_lookup_type"]),
        ("signature_version2: maybe", &["signature_version2"]),
        (
            "bucket_lookup_type: dns",
            &["bucket_lookup_type", "dns", "virtual-hosted"],
        ),
        (
            "list_objects_version: v3",
            &["list_objects_version", "v3", "v1 or v2"],
        ),
        ("part_size: 5", &["part_size", "5", "5242880"]),
        ("part_size: huge", &["part_size", "huge", "whole number"]),
        (
            "disable_dualstack: maybe",
            &["disable_dualstack", "maybe", "true or false"],
        ),
        ("max_retries: -3", &["max_retries", "-3", "0 to 100"]),
        ("aws_sdk_auth: true", &["aws_sdk_auth", "access_key"]),
        ("put_user_metadata: [a]", &["put_user_metadata", "mapping"]),
        (
            "http_config: {idle_conn_timeout: never}",
            &["idle_conn_timeout", "never", "30d"],
        ),
        (
            "http_config: {bogus: 1}",
            &["http_config.bogus", "tls_config"],
        ),
        (
            "http_config: {tls_config: {ca_file: /nowhere}}",
            &["ca_file", "/nowhere"],
        ),
        (
            "http_config: {tls_config: {cert_file: /nowhere}}",
            &["key_file", "missing"],
        ),
        (
            "http_config: {tls_config: {server_name: 'x:443'}}",
            &["server_name", "without a port"],
        ),
        (
            "sse_config: {type: SSE-X}",
            &["sse_config.type", "SSE-X", "SSE-KMS or SSE-C"],
        ),
        ("sse_config: {type: SSE-KMS}", &["kms_key_id", "missing"]),
        (
            "sse_config: {type: SSE-C, encryption_key: /nowhere}",
            &["encryption_key", "/nowhere"],
        ),
        ("bucket: again", &["bucket", "twice"]),
    ];
    let proxy = Line::to(1).open();
    for (entry, names) in wrong {
        let text = format!(
            "--objstore.config={{type: S3, config: {{bucket: hot, endpoint: '127.0.0.1:{}', insecure: true, \
             access_key: hunter1, secret_key: hunter2, {entry}}}}}",
            proxy.port()
        );
        for log in ["--log.level=info", "--log.level=debug"] {
            let line = complaint(&[&text, COLD, OLD, log], &[]);
            assert_names(&line, &[&["--objstore.config"], *names].concat());
            assert!(!line.contains("hunter"), "{line}");
        }
    }
    let torn = ["--objstore.config={type:", "S3,", "secret_key:", "hunter2}"];
    let line = complaint(&[&torn as &[&str], &[COLD, OLD]].concat(), &[]);
    assert_names(&line, &["in quotes"]);
    assert!(!line.contains("hunter"), "{line}");
    assert!(proxy.requests().is_empty());
}

/// S-2.3, S-2.6: what stands before the host, or after it, may be a key.
#[test]
fn an_endpoint_that_holds_more_than_a_host_is_told_without_it() {
    for endpoint in [
        "hunter1:hunter2@127.0.0.1:9000",
        "https://hunter1:hunter2@127.0.0.1:9000/x",
        "127.0.0.1:9000/?X-Amz-Signature=hunter2",
    ] {
        let text = format!(
            "--objstore.config={{type: S3, config: {{bucket: hot, endpoint: '{endpoint}'}}}}"
        );
        let line = complaint(&[&text, COLD, OLD], &[]);
        assert_names(&line, &["--objstore.config", "endpoint", "host[:port]"]);
        assert!(!line.contains("hunter"), "{line}");
    }
}

/// S-2.3, S-4.3
#[test]
fn a_wrong_selector_is_told_with_the_rule() {
    let wrong: &[(&str, &[&str])] = &[
        ("x", &["a list"]),
        ("action: keep", &["a list"]),
        (
            "[{action: kep, source_labels: [a]}]",
            &["rule 1", "kep", "keep, drop or hashmod"],
        ),
        (
            "[{action: replace, target_label: a}]",
            &["rule 1", "replace", "keep, drop or hashmod"],
        ),
        (
            "[{action: keep, regex: '(', source_labels: [a]}]",
            &["rule 1", "regex", "("],
        ),
        (
            "[{action: keep, regex: '(?=a)', source_labels: [a]}]",
            &["rule 1", "regex", "(?=a)"],
        ),
        (
            "[{action: hashmod, source_labels: [a], target_label: t}]",
            &["rule 1", "modulus"],
        ),
        (
            "[{action: keep, source_labels: a}]",
            &["source_labels", "a list"],
        ),
    ];
    for (text, names) in wrong {
        let line = complaint(
            &[HOT, COLD, OLD, &format!("--selector.relabel-config={text}")],
            &[],
        );
        assert_names(&line, &[&["--selector.relabel-config"], *names].concat());
    }
}

#[test]
fn wrong_tracing_is_refused() {
    for (text, names) in [
        ("type: JAEGER", ["JAEGER", "not supported yet"]),
        ("type: X", ["X", "OTLP"]),
        ("[", ["line", "--tracing.config"]),
        (
            "{type: OTLP, config: {client_type: udp}}",
            ["client_type", "http or grpc"],
        ),
    ] {
        let line = complaint(&[HOT, COLD, OLD, &format!("--tracing.config={text}")], &[]);
        assert_names(&line, &names);
        assert!(line.starts_with("--tracing.config: "), "{line}");
    }
}

/// S-3.4: equal, written differently, one inside the other.
#[test]
fn the_same_bucket_twice_is_refused_before_anything_is_contacted() {
    let s3 = |side: &str, bucket: &str, rest: &str| {
        format!(
            "--{side}.config={{type: S3, config: {{bucket: {bucket}, endpoint: '127.0.0.1:1', access_key: a, \
             secret_key: b, insecure: true}}{rest}}}"
        )
    };
    let folder = |side: &str, path: &str| {
        format!("--{side}.config={{type: FILESYSTEM, config: {{directory: {path}}}}}")
    };
    for (source, target) in [
        (folder("objstore", "/tmp"), folder("objstore-to", "/tmp")),
        (
            folder("objstore", "/tmp"),
            folder("objstore-to", "/tmp/../tmp/"),
        ),
        (folder("objstore", "/tmp/a"), folder("objstore-to", "/tmp")),
        (
            folder("objstore", "/tmp"),
            folder("objstore-to", "/tmp/a/b"),
        ),
        (s3("objstore", "hot", ""), s3("objstore-to", "hot", "")),
        (
            s3("objstore", "hot", ""),
            s3("objstore-to", "hot", ", prefix: x"),
        ),
        (
            s3("objstore", "hot", ", prefix: x/y"),
            s3("objstore-to", "hot", ", prefix: x"),
        ),
    ] {
        for dry_run in ["--dry-run", "--no-dry-run"] {
            let line = complaint(&[&source, &target, OLD, dry_run], &[]);
            assert_names(
                &line,
                &[
                    "--objstore-to.config",
                    "--objstore.config",
                    "the same bucket",
                ],
            );
        }
    }
}
