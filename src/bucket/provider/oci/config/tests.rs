#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use std::fs;
use std::path::Path;

use super::*;
use crate::yaml;

/// What a file is understood as.
struct Parsed {
    config: Config,
    warnings: Vec<String>,
}

fn parse_with(text: &str, variables: &[(&str, &str)]) -> Result<Parsed> {
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let environment = variables.collect();
    let document = yaml::parse(text)?.unwrap();
    let mut warnings = Vec::new();
    let config = Config::parse(Section {
        config: &document,
        environment: &environment,
        warnings: &mut warnings,
    })?;
    Ok(Parsed { config, warnings })
}

fn parse(text: &str) -> Result<Parsed> {
    parse_with(text, &[])
}

const KEY: &str = include_str!("key/testing/pkcs8.pem");
const ENCRYPTED: &str = include_str!("key/testing/pkcs1-aes256.pem");
const FINGERPRINT: &str = "e1:cd:bf:28:21:49:97:c5:f9:07:f9:f9:e4:59:0c:78";
const TENANCY: &str =
    "ocid1.tenancy.oc1..aaaaaaaaba3pv6wkcr4jqae5f15p2b2m2yt2j6rx32uzr4h25vqstifsfdsq";
const USER: &str = "ocid1.user.oc1..aaaaaaaat5nvwcna5j6aqzjcaty5eqbb6qt2jvpkanghtgdaqedqw3rynjq";

/// A section of `provider: raw`, with other lines than these or more.
fn raw(pem: &str, more: &str) -> String {
    let keys = [
        ("provider", "raw".to_owned()),
        ("bucket", "thanos".to_owned()),
        ("tenancy_ocid", TENANCY.to_owned()),
        ("user_ocid", USER.to_owned()),
        ("region", "eu-frankfurt-1".to_owned()),
        ("fingerprint", FINGERPRINT.to_owned()),
        ("privatekey", serde_json::to_string(pem).unwrap()),
    ];
    let is_other = |key: &str| {
        let mut lines = more.lines();
        lines.any(|line| line.split(':').next() == Some(key))
    };
    let lines = keys.iter().filter(|(key, _)| !is_other(key));
    let lines: Vec<String> = lines
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    format!("{}\n{more}\n", lines.join("\n"))
}

/// S-3.70, S-3.71: files as people have them.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn files_of_the_real_world_are_understood() {
    // As Thanos' own documentation shows it, with every key.
    let documented = raw(
        KEY,
        "provider: \"raw\"\nbucket: \"thanos-blocks\"\ncompartment_ocid: \"ocid1.compartment.oc1..aaaa\"\npassphrase: \"\"\npart_size: 0\n\
         max_request_retries: 3\nrequest_retry_interval: 10\nhttp_config:\n  idle_conn_timeout: 1m30s\n  response_header_timeout: 2m\n  \
         insecure_skip_verify: false\n  tls_handshake_timeout: 10s\n  expect_continue_timeout: 1s\n  max_idle_conns: 100\n  \
         max_idle_conns_per_host: 100\n  max_conns_per_host: 0\n  disable_compression: false\n  client_timeout: 90s",
    );
    let literal = format!(
        "provider: raw\nbucket: b\ntenancy_ocid: {TENANCY}\nuser_ocid: {USER}\nregion: phx\nfingerprint: {FINGERPRINT}\nprivatekey: |\n  {}\n",
        KEY.trim_end().replace('\n', "\n  ")
    );
    for (what, text, host, warnings) in [
        (
            "documented",
            documented,
            "eu-frankfurt-1.oraclecloud.com",
            3,
        ),
        ("literal", literal, "us-phoenix-1.oraclecloud.com", 0),
        ("plain", raw(KEY, ""), "eu-frankfurt-1.oraclecloud.com", 0),
        (
            "any case",
            raw(KEY, "provider: RAW"),
            "eu-frankfurt-1.oraclecloud.com",
            0,
        ),
        (
            "short",
            raw(KEY, "region: iad"),
            "us-ashburn-1.oraclecloud.com",
            0,
        ),
        (
            "government",
            raw(KEY, "region: us-gov-phoenix-1"),
            "us-gov-phoenix-1.oraclegovcloud.com",
            0,
        ),
        (
            "sovereign",
            raw(KEY, "region: eu-frankfurt-2"),
            "eu-frankfurt-2.oraclecloud.eu",
            0,
        ),
        (
            "dotted",
            raw(KEY, "region: site.example.com"),
            "site.example.com",
            0,
        ),
        (
            "new",
            raw(KEY, "region: xx-nowhere-9"),
            "xx-nowhere-9.oraclecloud.com",
            1,
        ),
        (
            "encrypted",
            raw(ENCRYPTED, "passphrase: open sesame"),
            "eu-frankfurt-1.oraclecloud.com",
            0,
        ),
        (
            "unknown keys",
            raw(KEY, "namespace: ns\nendpoint: x"),
            "eu-frankfurt-1.oraclecloud.com",
            2,
        ),
        (
            "another fingerprint",
            raw(
                KEY,
                "fingerprint: 20:3b:97:13:55:1c:5b:0d:d3:37:d8:50:4e:c5:3a:34",
            ),
            "eu-frankfurt-1.oraclecloud.com",
            1,
        ),
        (
            "unknown in http_config",
            raw(
                KEY,
                "http_config: {tls_config: {ca_file: /not/there, min_version: TLS12}, proxy_url: x}",
            ),
            "eu-frankfurt-1.oraclecloud.com",
            2,
        ),
        (
            "no certificate",
            raw(KEY, "http_config: {insecure_skip_verify: true}"),
            "eu-frankfurt-1.oraclecloud.com",
            1,
        ),
    ] {
        let parsed = parse(&text).unwrap_or_else(|err| panic!("{what}: {err}"));
        let expected = format!("https://objectstorage.{host}");
        assert_eq!(parsed.config.endpoint().unwrap().base(), expected, "{what}");
        assert_eq!(
            parsed.warnings.len(),
            warnings,
            "{what}: {:?}",
            parsed.warnings
        );
        let Identity::User { key, origin, .. } = &parsed.config.identity else {
            panic!("{what}");
        };
        assert_eq!(
            (key.tenancy.as_str(), origin),
            (TENANCY, &Origin::Configuration),
            "{what}"
        );
    }
}

/// S-3.70
#[test]
fn numbers_are_taken_as_thanos_takes_them() {
    let parsed = |more: &str| parse(&raw(KEY, more)).unwrap().config;
    let none = parsed("");
    assert_eq!(none.retries.attempts, None);
    assert_eq!(none.part_size_bytes, None);
    for (given, expected) in [
        (-1, Some(1)),
        (0, Some(1)),
        (1, Some(1)),
        (2, Some(2)),
        (10, Some(10)),
    ] {
        let config = parsed(&format!("max_request_retries: {given}"));
        assert_eq!(config.retries.attempts, expected, "{given}");
    }
    assert_eq!(
        parsed("request_retry_interval: 3").retries.interval,
        Duration::from_secs(3)
    );
    assert_eq!(
        parsed("part_size: 20971520").part_size_bytes,
        Some(20 << 20)
    );
    assert_eq!(parsed("part_size: 5242880").part_size_bytes, Some(10 << 20));
    assert_eq!(parsed("part_size: -5").part_size_bytes, None);
}

/// S-3.70, S-2.6
#[test]
fn what_is_wrong_gets_one_line_that_names_the_key_and_no_secret() {
    for (text, expected) in [
        ("{}".to_owned(), "config.provider is missing"),
        (
            "provider: rawest".to_owned(),
            "config.provider: there is no such provider: expected raw, default or instance-principal",
        ),
        (
            "provider: OKE-workload-identity\nbucket: b".to_owned(),
            "config.provider: oke-workload-identity is not supported yet",
        ),
        (raw(KEY, "bucket: \"\""), "config.bucket is missing"),
        (raw(KEY, "bucket: a/b"), "config.bucket has a slash"),
        (
            raw(KEY, "tenancy_ocid: \"\"\nuser_ocid: \"\""),
            "config.tenancy_ocid, config.user_ocid are missing",
        ),
        (
            raw(KEY, "region: \"\""),
            "config.region is missing: provider raw wants",
        ),
        (raw(KEY, "region: eu frankfurt"), "config.region: expected"),
        (
            raw(KEY, "tenancy_ocid: ocid1.user.oc1..x"),
            "config.tenancy_ocid: expected an OCID",
        ),
        (
            raw(KEY, "user_ocid: me@example.com"),
            "config.user_ocid: expected an OCID",
        ),
        (
            raw("hunter2hunter2", ""),
            "config.privatekey is no RSA key in PEM",
        ),
        (
            raw(ENCRYPTED, ""),
            "config.privatekey is encrypted, and no passphrase",
        ),
        (
            raw(ENCRYPTED, "passphrase: hunter2hunter2"),
            "config.privatekey is not decrypted by the passphrase",
        ),
        (raw(KEY, "fingerprint: \"a\\nb\""), "config.fingerprint"),
        (raw(KEY, "part_size: 99999999999999"), "config.part_size"),
        (raw(KEY, "part_size: big"), "config.part_size"),
        (
            raw(KEY, "max_request_retries: 1000"),
            "config.max_request_retries",
        ),
        (
            raw(KEY, "request_retry_interval: -1"),
            "config.request_retry_interval",
        ),
        (
            raw(KEY, "request_retry_interval: 10s"),
            "config.request_retry_interval",
        ),
        (
            raw(KEY, "http_config: {client_timeout: soon}"),
            "config.http_config.client_timeout: expected a duration",
        ),
        (
            raw(KEY, "http_config: {idle_conn_timeout: x}"),
            "config.http_config.idle_conn_timeout",
        ),
    ] {
        let err = parse(&text).err().unwrap_or_else(|| panic!("{text}"));
        let told = format!("{err:#}");
        assert!(told.contains(expected), "{told}\n{text}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(!told.contains("hunter2") && !told.contains("MII"), "{told}");
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// S-3.71: the file in the home folder, the one that a variable names, the older one, and variables, in this order.
#[test]
fn the_default_is_what_oracles_sdk_finds() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let path = home.path().to_str().unwrap();
    write(&at("key.pem"), KEY);
    let profile = |region: &str| {
        format!(
            "[DEFAULT]\nuser={USER}\nfingerprint = {FINGERPRINT}\nkey_file=~/key.pem\ntenancy={TENANCY}\nregion={region}\n\n[OTHER]\nregion=nowhere\n"
        )
    };
    let section = "provider: default\nbucket: b";
    let elsewhere = at("elsewhere");
    let key = at("key.pem");
    let variables = [
        ("HOME", path),
        ("OCI_CONFIG_FILE", elsewhere.to_str().unwrap()),
        ("TF_VAR_tenancy_ocid", TENANCY),
        ("TF_VAR_user_ocid", USER),
        ("TF_VAR_fingerprint", FINGERPRINT),
        ("TF_VAR_private_key_path", key.to_str().unwrap()),
        ("TF_VAR_region", "lhr"),
    ];
    let region = |variables: &[(&str, &str)]| {
        let parsed = parse_with(section, variables).unwrap();
        assert_eq!(parsed.warnings, Vec::<String>::new());
        parsed.config.endpoint().unwrap().region().to_owned()
    };
    assert_eq!(region(&variables), "uk-london-1");
    write(&at(".oraclebmc/config"), &profile("ams"));
    assert_eq!(region(&variables), "eu-amsterdam-1");
    write(
        &elsewhere,
        &format!("# ours\n[OTHER]\nregion=nowhere\n{}", profile("fra")),
    );
    assert_eq!(region(&variables), "eu-frankfurt-1");
    write(&at(".oci/config"), &profile("phx"));
    assert_eq!(region(&variables), "us-phoenix-1");
    // A file that names no region leaves it to a variable.
    write(&at(".oci/config"), &profile("").replace("region=\n", ""));
    fs::remove_file(at(".oraclebmc/config")).unwrap();
    let with_region = [("HOME", path), ("OCI_REGION", "zrh")];
    assert_eq!(region(&with_region), "eu-zurich-1");
}

/// S-3.71
#[test]
fn a_session_is_one_of_a_token_that_is_read_again() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_str().unwrap();
    write(&home.path().join("k"), ENCRYPTED);
    write(
        &home.path().join(".oci/config"),
        &format!(
            "[DEFAULT]\nkey_file=~/k\npass_phrase=open sesame\ntenancy={TENANCY}\nregion=fra\nsecurity_token_file=~/token\n"
        ),
    );
    let section = "provider: default\nbucket: b\nuser_ocid: ignored";
    let parsed = parse_with(section, &[("HOME", path)]).unwrap();
    let Identity::User { key, .. } = &parsed.config.identity else {
        panic!("{:?}", parsed.config);
    };
    assert_eq!(key.id, KeyId::TokenFile(format!("{path}/token")));
    assert_eq!(parsed.warnings.len(), 1);
    assert!(parsed.warnings[0].contains("config.user_ocid has no effect"));
}

/// S-3.71
#[test]
fn what_is_wrong_with_a_profile_is_told_with_its_place() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_str().unwrap();
    let section = "provider: default\nbucket: b";
    let told = |text: Option<&str>| {
        if let Some(text) = text {
            write(&home.path().join(".oci/config"), text);
        }
        let err = parse_with(section, &[("HOME", path)]).err().unwrap();
        let told = format!("{err:#}");
        assert_eq!(told.lines().count(), 1, "{told}");
        told
    };
    assert!(told(None).contains("nothing is found"));
    assert!(told(Some("[OTHER]\nregion=fra\n")).contains("nothing is found"));
    let with = |lines: &str| format!("[DEFAULT]\nregion=fra\n{lines}\n");
    let named = format!("tenancy={TENANCY}\nuser={USER}");
    for (lines, expected) in [
        (String::new(), "tenancy is missing"),
        (format!("tenancy={TENANCY}"), "key_file is missing"),
        (
            format!("{named}\nkey_file=/nowhere/key.pem"),
            "key_file: could not read \"/nowhere/key.pem\"",
        ),
        (
            format!("{named}\nauthentication_type=other"),
            "authentication_type other is not supported yet",
        ),
        (
            format!("{named}\nkey_file=~/.oci/config"),
            "the key in key_file is no RSA key",
        ),
        (
            format!("tenancy={USER}\nkey_file=~/k"),
            "tenancy: expected an OCID",
        ),
    ] {
        let told = told(Some(&with(&lines)));
        assert!(told.contains(expected), "{told}");
        assert!(told.contains(".oci/config"), "{told}");
    }
}

/// S-3.71
#[test]
fn a_machine_is_asked_where_oracles_sdk_asks_it() {
    let home = tempfile::tempdir().unwrap();
    write(
        &home.path().join(".oci/config"),
        "[DEFAULT]\nauthentication_type=instance_principal\n",
    );
    let path = home.path().to_str().unwrap();
    for provider in ["instance-principal", "Instance-Principal", "default"] {
        let text = format!("provider: {provider}\nbucket: b\nuser_ocid: x");
        let parsed = parse_with(&text, &[("HOME", path)]).unwrap();
        let Identity::Machine(beside) = &parsed.config.identity else {
            panic!("{provider}");
        };
        assert_eq!(beside.metadata(), "http://169.254.169.254/opc/v2");
        assert_eq!(beside.sessions(), None);
        assert_eq!(parsed.warnings.len(), 1, "{:?}", parsed.warnings);
    }
    let other = ("OCI_METADATA_BASE_URL", "http://127.0.0.1:80/opc/");
    let text = "provider: instance-principal\nbucket: b";
    let parsed = parse_with(text, &[other]).unwrap();
    let Identity::Machine(beside) = &parsed.config.identity else {
        panic!("{:?}", parsed.config);
    };
    assert_eq!(beside.metadata(), "http://127.0.0.1:80/opc");
    let err = parse_with(text, &[("OCI_METADATA_BASE_URL", "nowhere")])
        .err()
        .unwrap();
    assert!(err.to_string().contains("OCI_METADATA_BASE_URL"), "{err}");
}
