//! What the requests of the binary carry, and where they go: headers that the configuration asks for, regions, proxies, services for credentials.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::block::Block;
use crate::support::folders::World;
use crate::support::minio::{Bucket, Credentials, Minio};
use crate::support::on_minio::{World as Servers, run};
use crate::support::proxy::{Fault, Line, Proxy, Request};
use crate::support::run::{COPIED_HERE, OLD, Ran, binary, migrate};
use crate::support::world::three;

/// Two blocks whose objects are put at once, and one with a segment that is put in two parts.
pub(super) fn large_and_small(minio: &Minio) -> Servers<'_> {
    let large = Block::new(1).chunk_bytes(&[12 << 20]);
    let servers = Servers::new(minio, &[large, Block::new(2), Block::new(3)]);
    put_in_parts(&servers);
    servers
}

pub(super) fn put_in_parts(servers: &Servers) {
    let segment = format!("{}/chunks/000001", Block::new(1).id());
    let content = &servers.before[&segment];
    servers
        .source
        .put_in_parts(&segment, content, &[6 << 20, 6 << 20]);
}

/// S-3.12: as buckets with object lock demand it, and without the checksums that R2, B2 and Linode refuse.
#[test]
fn what_is_put_carries_its_md5_unless_the_configuration_says_otherwise() {
    let minio = Minio::start();
    let servers = large_and_small(&minio);
    for (more, expected) in [
        ("", true),
        ("  send_content_md5: true\n", true),
        ("  send_content_md5: false\n", false),
    ] {
        let proxy = Line::to(minio.port())
            .fault(|request| {
                if request.head.to_ascii_lowercase().contains("x-amz-checksum") {
                    const WHY: &str =
                        "<Error><Code>NotImplemented</Code><Message>no</Message></Error>";
                    return Fault::Answer(501, WHY);
                }
                Fault::None
            })
            .open();
        run(&servers.configs_with(&proxy, more), &[OLD, "--copy=client"]).expect(0);
        servers.assert_moved();
        let requests = proxy.requests();
        let puts: Vec<_> = requests
            .iter()
            .filter(|request| request.method == "PUT")
            .collect();
        assert!(
            puts.iter()
                .any(|request| request.path.contains("partNumber=2"))
        );
        for request in &requests {
            let has = request.header("content-md5").is_some();
            assert_eq!(has, expected && request.method == "PUT", "{request:?}");
        }
        servers.reset();
    }
}

/// S-3.12: a target that keeps what it once had.
#[test]
fn a_bucket_with_object_lock_can_be_a_target() {
    let minio = Minio::start();
    let mut servers = large_and_small(&minio);
    servers.target = minio.locked_bucket("locked");
    run(&servers.configs(), &[OLD]).expect(0);
    servers.assert_moved();
}

/// S-3.13: above what is held in memory, over HTTP and TLS, with and without an MD5, and when it is cut short.
#[test]
fn without_multipart_an_object_of_any_size_goes_in_one_request() {
    let large = [Block::new(1).chunk_bytes(&[70 << 20]), Block::new(2)];
    for minio in [Minio::start(), Minio::start_with_tls()] {
        let servers = Servers::new(&minio, &large);
        let source = servers.source.config_for(
            "hot-any.yaml",
            servers.source.root(),
            minio.port(),
            UNVERIFIED,
        );
        for more in ["", "  send_content_md5: false\n"] {
            let more = format!("  disable_multipart: true\n{more}{UNVERIFIED}");
            let cut = AtomicBool::new(false);
            let proxy = Line::to(minio.port())
                .fault(move |request| {
                    let is_large = request.is("PUT", "/chunks/000001")
                        && request.path.contains(&Block::new(1).id());
                    if is_large && !cut.swap(true, Ordering::SeqCst) {
                        return Fault::ResetRequest(20 << 20);
                    }
                    Fault::None
                })
                .open();
            let port = if minio.speaks_tls() {
                minio.port()
            } else {
                proxy.port()
            };
            let target =
                servers
                    .target
                    .config_for("cold-single.yaml", servers.target.root(), port, &more);
            run(&(source.clone(), target), &COPIED_HERE).expect(0);
            servers.assert_moved();
            let requests = proxy.requests();
            assert!(
                requests
                    .iter()
                    .all(|request| !request.path.contains("upload"))
            );
            servers.reset();
        }
    }
}

/// Whatever the server's certificate is.
const UNVERIFIED: &str = "  http_config:\n    insecure_skip_verify: true\n";

/// S-3.13: sizes are known, so a plan says what cannot be put.
#[test]
fn what_is_too_large_for_one_request_is_said_before_anything_is_put() {
    let minio = Minio::start();
    let world = World::new(&[Block::new(1).without_file_list(), Block::new(2)]);
    let segment = world.source.join(Block::new(1).id()).join("chunks/000001");
    let file = std::fs::File::options().write(true).open(segment).unwrap();
    file.set_len((5 << 30) + 1).unwrap();
    let cold = minio.bucket("cold");
    let more = "  disable_multipart: true\n";
    let target = cold.config_for("cold-single.yaml", cold.root(), minio.port(), more);
    for mode in ["--dry-run=true", "--dry-run=false"] {
        let ran = Ran::of(migrate(
            &world.source_config(),
            &target,
            &[OLD, mode, "--output=json"],
        ))
        .expect(3);
        let document = ran.json();
        let large = &document["blocks"][0];
        assert_eq!(large["action"], "conflict", "{document}");
        let reason = large["reason"].as_str().unwrap();
        assert!(
            reason.contains("chunks/000001") && reason.contains("disable_multipart"),
            "{reason}"
        );
        let moved = cold.tree();
        assert!(
            !moved
                .keys()
                .any(|name| name.starts_with(&Block::new(1).id()))
        );
    }
}

/// S-3.10
#[test]
fn metadata_goes_along_with_what_is_put_and_nothing_else() {
    let minio = Minio::start();
    let servers = large_and_small(&minio);
    let proxy = Line::to(minio.port()).open();
    let more = "  put_user_metadata:\n    team: storage\n    X-Amz-Meta-Tier: cold\n    Cache-Control: no-store\n    \
                X-Amz-Storage-Class: STANDARD\n    X-Amz-Acl: private\n";
    let ran = run(&servers.configs_with(&proxy, more), &[OLD]).expect(0);
    servers.assert_moved();
    assert!(
        ran.stderr
            .contains("put_user_metadata.Cache-Control is sent as a header"),
        "{}",
        ran.stderr
    );
    let expected = [
        ("x-amz-meta-team", "storage"),
        ("x-amz-meta-tier", "cold"),
        ("cache-control", "no-store"),
        ("x-amz-storage-class", "STANDARD"),
        ("x-amz-acl", "private"),
    ];
    let mut begun = 0;
    for request in proxy.requests() {
        let begins = request.is("POST", "?uploads");
        begun += usize::from(begins);
        let puts = request.method == "PUT" && !request.path.contains("partNumber") || begins;
        for (name, value) in expected {
            let found = request.header(name);
            assert_eq!(found, puts.then_some(value), "{name}: {request:?}");
        }
    }
    assert_eq!(begun, 1);
}

/// S-3.8: a refusal that names the region, one that names none, and a region that is configured.
#[test]
fn a_server_in_a_region_is_asked_for_it_when_the_configuration_does_not_say() {
    const WRONG: &str =
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong</Message></Error>";
    let minio = Minio::start_in_region("fr-par");
    let servers = Servers::new(&minio, &three());
    let is_usual = |request: &Request| {
        let header = request.header("authorization").unwrap_or_default();
        header.contains("/us-east-1/s3/")
    };
    for names_it in [true, false] {
        let proxy = Line::to(minio.port())
            .fault(move |request| {
                if !names_it && is_usual(request) && !request.path.contains("?location") {
                    return Fault::Answer(400, WRONG);
                }
                Fault::None
            })
            .open();
        run(&servers.configs_through(&proxy), &[OLD]).expect(0);
        servers.assert_moved();
        let requests = proxy.requests();
        let wrong = requests.iter().filter(|request| is_usual(request));
        let (asked, refused): (Vec<_>, Vec<_>) =
            wrong.partition(|request| request.path.contains("?location"));
        // One of each for each bucket.
        assert_eq!(
            (asked.len(), refused.len()),
            (if names_it { 0 } else { 2 }, 2)
        );
        servers.reset();
    }
    let proxy = Line::to(minio.port()).open();
    run(&servers.configs_with(&proxy, "  region: fr-par\n"), &[OLD]).expect(0);
    servers.assert_moved();
    servers.reset();
    let ran = run(
        &servers.configs_with(&proxy, "  region: eu-west-1\n"),
        &[OLD],
    )
    .expect(1);
    assert!(
        ran.stderr.contains("AuthorizationHeaderMalformed"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("config.region"), "{}", ran.stderr);
}

/// S-6.16: named where it is dead, without its password; passed by on the way to loopback.
#[test]
fn a_dead_proxy_is_named_and_loopback_needs_none() {
    const DEAD: &str = "http://hunter1:hunter2@127.0.0.1:1";
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let (source, target) = servers.configs();
    let through = |source: &Path, variables: &[(&str, &str)]| {
        let mut command = migrate(source, &target, &[OLD, "--max-retries=0"]);
        command.envs(variables.iter().copied());
        Ran::of(command)
    };
    let variables = [
        ("HTTP_PROXY", DEAD),
        ("HTTPS_PROXY", DEAD),
        ("ALL_PROXY", DEAD),
    ];
    through(&source, &variables).expect(0);
    servers.assert_moved();
    let far = source.with_file_name("far.yaml");
    let text = std::fs::read_to_string(&source).unwrap();
    let port = format!("127.0.0.1:{}", minio.port());
    std::fs::write(&far, text.replace(&port, "minio.example:9000")).unwrap();
    let ran = through(&far, &variables).expect(1);
    assert!(
        ran.stderr
            .contains("through the proxy http://127.0.0.1:1, which HTTP_PROXY names"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("hunter"), "{}", ran.stderr);
    let past = [("HTTP_PROXY", DEAD), ("NO_PROXY", "example.com,.example")];
    let ran = through(&far, &past).expect(1);
    assert!(!ran.stderr.contains("proxy"), "{}", ran.stderr);
    let wrong = [("http_proxy", "ftp://hunter2")];
    let ran = through(&far, &wrong).expect(2);
    assert!(
        ran.stderr.contains("http_proxy") && !ran.stderr.contains("hunter"),
        "{}",
        ran.stderr
    );
}

/// A bucket's configuration without credentials, with more lines below `config`.
fn without_credentials(bucket: &Bucket, file: &str, more: &str) -> PathBuf {
    let nobody = Credentials {
        access_key: String::new(),
        secret_key: String::new(),
    };
    bucket.config_for(file, &nobody, bucket.minio().port(), more)
}

/// What a service for credentials gives, once asked.
fn service(upstream: &TcpListener, answer: String) -> Proxy {
    let answer: &'static str = answer.leak();
    Line::to(upstream.local_addr().unwrap().port())
        .fault(move |_| Fault::Answer(200, answer))
        .open()
}

/// What is behind those who answer everything themselves.
fn nobody() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).unwrap()
}

/// S-3.9
#[test]
fn a_web_identity_is_taken_to_the_service_that_the_configuration_names() {
    let minio = Minio::start();
    let servers = Servers::new(&minio, &three());
    let root = servers.source.root();
    let nobody = nobody();
    let sts = service(
        &nobody,
        format!(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult>\
         <Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken></SessionToken>\
         <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
         </AssumeRoleWithWebIdentityResponse>",
            root.access_key, root.secret_key
        ),
    );
    let more = format!("  sts_endpoint: http://127.0.0.1:{}\n", sts.port());
    let source = without_credentials(&servers.source, "hot-sts.yaml", &more);
    let target = without_credentials(&servers.target, "cold-sts.yaml", &more);
    let token = source.with_file_name("token");
    std::fs::write(&token, "hunter2.hunter2.hunter2\n").unwrap();
    let identity = |command: &mut Command, file: &Path| {
        command.env("AWS_WEB_IDENTITY_TOKEN_FILE", file);
        command.env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/thanos");
    };
    let mut command = migrate(&source, &target, &[OLD]);
    identity(&mut command, &token);
    Ran::of(command).expect(0);
    servers.assert_moved();
    assert_eq!(sts.requests().len(), 2, "one for each bucket");
    assert!(sts.requests().iter().all(|request| request.is("POST", "/")));
    // Version 1 of listings is no exception.
    servers.reset();
    let more = format!("{more}  list_objects_version: v1\n");
    let source = without_credentials(&servers.source, "hot-sts.yaml", &more);
    let mut command = migrate(&source, &target, &[OLD]);
    identity(&mut command, &token);
    Ran::of(command).expect(0);
    servers.assert_moved();
    servers.reset();
    let mut command = migrate(&source, &target, &[OLD]);
    identity(&mut command, Path::new("/nowhere/token"));
    let ran = Ran::of(command).expect(1);
    assert!(
        ran.stderr.contains("AWS_WEB_IDENTITY_TOKEN_FILE"),
        "{}",
        ran.stderr
    );
}

/// Where a web identity is taken, and by what one knows.
struct Partition {
    endpoint: &'static str,
    region: &'static str,
    variables: &'static [(&'static str, &'static str)],
    expected: &'static str,
}

/// S-3.9: what a proxy is asked for tells which service is meant.
#[test]
fn each_partition_is_asked_for_credentials_in_its_own_service() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "token").unwrap();
    let cold = folder.path().join("cold");
    for case in [
        Partition {
            endpoint: "s3.cn-north-1.amazonaws.com.cn",
            region: "",
            variables: &[],
            expected: "sts.cn-north-1.amazonaws.com.cn:443",
        },
        Partition {
            endpoint: "minio.example",
            region: "cn-northwest-1",
            variables: &[],
            expected: "sts.cn-northwest-1.amazonaws.com.cn:443",
        },
        Partition {
            endpoint: "minio.example",
            region: "",
            variables: &[("AWS_REGION", "us-gov-west-1")],
            expected: "sts.us-gov-west-1.amazonaws.com:443",
        },
        Partition {
            endpoint: "minio.example",
            region: "eu-west-1",
            variables: &[("AWS_STS_REGIONAL_ENDPOINTS", "legacy")],
            expected: "sts.amazonaws.com:443",
        },
        Partition {
            endpoint: "minio.example",
            region: "",
            variables: &[],
            expected: "sts.amazonaws.com:443",
        },
    ] {
        let Partition {
            endpoint,
            region,
            variables,
            expected,
        } = case;
        let nobody = nobody();
        let port = nobody.local_addr().unwrap().port();
        let proxy = Line::to(port).fault(|_| Fault::Answer(502, "")).open();
        let region = if region.is_empty() {
            String::new()
        } else {
            format!(", region: {region}")
        };
        let mut command = binary();
        command.args(["migrate", OLD, "--max-retries=0"]);
        command.arg(format!(
            "--objstore.config={{type: S3, config: {{bucket: hot, endpoint: {endpoint}{region}, max_retries: 1}}}}"
        ));
        command.arg(format!(
            "--objstore-to.config={{type: FILESYSTEM, config: {{directory: {}}}}}",
            cold.display()
        ));
        command.env("HTTPS_PROXY", format!("http://127.0.0.1:{}", proxy.port()));
        command.env("AWS_WEB_IDENTITY_TOKEN_FILE", &token);
        command.env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/thanos");
        command.envs(variables.iter().copied());
        let ran = Ran::of(command).expect(1);
        let asked = proxy.requests();
        assert!(
            asked.iter().all(|request| request.is("CONNECT", expected)) && !asked.is_empty(),
            "{expected}: {asked:?}"
        );
        assert!(
            ran.stderr.contains("through the proxy http://127.0.0.1:"),
            "{}",
            ran.stderr
        );
    }
}
