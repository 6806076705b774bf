#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use std::fs;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::bucket::provider::gcs::understood::understood;
use crate::environment::Environment;
use crate::yaml;

/// What a section comes to: its configuration and its warnings.
fn parsed(section: &str, variables: &[(&str, &str)]) -> Result<(Config, Vec<String>)> {
    let node = yaml::parse(section).unwrap().unwrap();
    let pairs = variables.iter();
    let environment: Environment = pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut warnings = Vec::new();
    let config = Config::parse(Section {
        config: &node,
        environment: &environment,
        warnings: &mut warnings,
    })?;
    Ok((config, warnings))
}

fn key() -> String {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'static> = key.as_der().unwrap();
    let text = STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

fn account(key: &str) -> Value {
    json!({"type": "service_account", "project_id": "p", "private_key_id": "0a1b", "private_key": key,
        "client_email": "thanos@p.iam.gserviceaccount.com", "client_id": "1", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token", "auth_provider_x509_cert_url": "https://x", "universe_domain": "googleapis.com"})
}

/// S-3.28, S-3.29: in the shapes of Thanos' documentation and of Google's files.
#[test]
fn real_files_come_to_the_right_settings() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let key = key();
    let account = account(&key);
    let pretty = serde_json::to_string_pretty(&account).unwrap();
    let indented = pretty.replace('\n', "\n  ");
    let user = json!({"account": "", "client_id": "764.apps.googleusercontent.com", "client_secret": "d-FL95Q19q7MQmFpd7hHD0Ty",
        "quota_project_id": "paying", "refresh_token": "1//0never-printed", "type": "authorized_user", "universe_domain": "googleapis.com"});
    let external = json!({"type": "external_account", "universe_domain": "googleapis.com",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/k8s/providers/k8s",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": "/var/run/service-account/token", "format": {"type": "text"}},
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com:generateAccessToken"});
    let of_url = json!({"type": "external_account", "audience": "//iam.googleapis.com/a", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "credential_source": {"url": "http://169.254.169.254/metadata/identity/oauth2/token?resource=x", "headers": {"Metadata": "True"},
            "format": {"type": "json", "subject_token_field_name": "access_token"}}});
    let impersonated = json!({"type": "impersonated_service_account", "delegates": [], "source_credentials": user,
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p:generateAccessToken"});
    let other = json!({"type": "service_account", "private_key": key, "client_email": "a@b", "universe_domain": "apis-berlin.goog"});
    let file = write("account.json", &pretty);
    write(
        "gcloud/application_default_credentials.json",
        &user.to_string(),
    );
    write(
        ".config/gcloud/application_default_credentials.json",
        &user.to_string(),
    );
    let gcloud = folder.path().join("gcloud");
    let named = [("GOOGLE_APPLICATION_CREDENTIALS", file.as_str())];
    let who = "the service account thanos@p.iam.gserviceaccount.com";
    let google = "https://storage.googleapis.com";
    for (section, variables, endpoint, expected) in [
        (format!("bucket: hot\nservice_account: |-\n  {indented}"), &[][..], google, who),
        (format!("bucket: hot\nservice_account: {}", json!(pretty)), &[], google, who),
        ("bucket: hot\nservice_account: ''".to_owned(), &named[..], google, who),
        // Go does not know that variable.
        ("bucket: hot".to_owned(), &[("CLOUDSDK_CONFIG", gcloud.to_str().unwrap())], google, "those of this machine"),
        ("bucket: hot".to_owned(), &[("HOME", folder.path().to_str().unwrap())], google, "an authorized user"),
        ("bucket: hot".to_owned(), &[("HOME", "/nowhere")], google, "those of this machine, as the metadata server at 169.254.169.254"),
        ("bucket: hot".to_owned(), &[("GCE_METADATA_HOST", "metadata:8080")], google, "at metadata:8080"),
        ("bucket: hot".to_owned(), &[("STORAGE_EMULATOR_HOST", "fake:4443")], "http://fake:4443", "none: an emulator is asked"),
        // Whoever has logged in has not meant an emulator.
        ("bucket: hot".to_owned(), &[("STORAGE_EMULATOR_HOST", "fake:4443"), ("HOME", folder.path().to_str().unwrap())], "http://fake:4443", "none: an emulator is asked"),
        (format!("bucket: hot\nservice_account: {}", json!(external.to_string())), &[], google, "a service account that an external account"),
        (format!("bucket: hot\nservice_account: {}", json!(of_url.to_string())), &[], google, "an external account"),
        (format!("bucket: hot\nservice_account: {}", json!(impersonated.to_string())), &[], google, "a service account that an authorized user acts as"),
        (format!("bucket: hot\nservice_account: {}", json!(other.to_string())), &[], "https://storage.apis-berlin.goog", "the service account a@b"),
        (
            "bucket: hot\nuse_grpc: false\ngrpc_conn_pool_size: 0\nchunk_size_bytes: 0\nmax_retries: 0\nhttp_config: {idle_conn_timeout: 1m30s, response_header_timeout: 2m, insecure_skip_verify: false, tls_handshake_timeout: 10s, expect_continue_timeout: 1s, max_idle_conns_per_host: 100, max_conns_per_host: 0, tls_config: {ca_file: '', cert_file: '', key_file: '', server_name: '', insecure_skip_verify: false}}".to_owned(),
            &named, google, who,
        ),
    ] {
        let (config, _) = parsed(&section, variables).unwrap();
        assert_eq!(config.endpoint.base(), endpoint, "{section}");
        let told = understood(&config);
        let (_, credentials) = told.iter().find(|(name, _)| *name == "credentials").unwrap();
        assert!(credentials.contains(expected), "{credentials}");
        let shown = format!("{told:?} {config:?}");
        for secret in ["never-printed", "d-FL95Q19q7MQmFpd7hHD0Ty", &key[40..80]] {
            assert!(!shown.contains(secret), "{secret}");
        }
    }
}

/// S-3.28
#[test]
fn numbers_are_taken_as_thanos_takes_them() {
    let emulator = [("STORAGE_EMULATOR_HOST", "fake:4443")];
    let config = |more: &str| parsed(&format!("bucket: hot\n{more}"), &emulator).unwrap();
    for (more, part, attempts, warnings) in [
        ("", None, None, 1),
        ("chunk_size_bytes: 1", Some(262_144), None, 1),
        ("chunk_size_bytes: 16777216", Some(16_777_216), None, 1),
        ("chunk_size_bytes: 16777217", Some(17_039_360), None, 1),
        ("chunk_size_bytes: 67108864", Some(67_108_864), None, 1),
        ("chunk_size_bytes: 67108865", Some(67_108_864), None, 2),
        ("max_retries: 1", None, Some(1), 1),
        ("max_retries: -3", None, None, 1),
        ("use_grpc: true\ngrpc_conn_pool_size: 4", None, None, 3),
    ] {
        let (config, told) = config(more);
        assert_eq!(config.part_size_bytes, part, "{more}");
        assert_eq!(config.max_attempts, attempts, "{more}");
        assert_eq!(told.len(), warnings, "{told:?}");
    }
    let quota = [emulator[0], ("GOOGLE_CLOUD_QUOTA_PROJECT", "paying")];
    let (config, _) = parsed("bucket: hot", &quota).unwrap();
    assert_eq!(config.quota_project.as_deref(), Some("paying"));
}

/// S-3.28, S-2.6: one line, of the kind that ends with exit code 2, which repeats nothing of what is secret.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_wrong_is_told_in_one_line_that_names_the_key() {
    let inline = |document: &Value| {
        format!(
            "bucket: hot\nservice_account: {}",
            json!(document.to_string())
        )
    };
    let without = |document: &Value, member: &str| {
        let mut document = document.clone();
        document.as_object_mut().unwrap().remove(member);
        inline(&document)
    };
    let with = |document: &Value, member: &str, value: Value| {
        let mut document = document.clone();
        document[member] = value;
        inline(&document)
    };
    let account = account(&key());
    let external = json!({"type": "external_account", "audience": "a", "subject_token_type": "t", "credential_source": {"file": "/f"}});
    for (section, expected) in [
        (String::from("{}"), "config.bucket is missing"),
        ("bucket: Hot".to_owned(), "config.bucket has a character"),
        (
            "bucket: \"hot\\n\"".to_owned(),
            "config.bucket ends in a line break",
        ),
        (
            "{bucket: hot, no_auth: true}".to_owned(),
            "unknown key config.no_auth",
        ),
        (
            "{bucket: hot, noauth: true}".to_owned(),
            "unknown key config.noauth",
        ),
        ("{bukcet: hot}".to_owned(), "unknown key config.bukcet"),
        (
            "{bucket: hot, chunk_size_bytes: -1}".to_owned(),
            "config.chunk_size_bytes",
        ),
        (
            "{bucket: hot, chunk_size_bytes: many}".to_owned(),
            "config.chunk_size_bytes",
        ),
        (
            "{bucket: hot, max_retries: 1000}".to_owned(),
            "config.max_retries",
        ),
        (
            "{bucket: hot, use_grpc: perhaps}".to_owned(),
            "config.use_grpc",
        ),
        (
            "{bucket: hot, http_config: {tls_config: {ca_file: /nowhere}}}".to_owned(),
            "ca_file",
        ),
        (
            "{bucket: hot, service_account: {type: service_account}}".to_owned(),
            "config.service_account",
        ),
        (
            "{bucket: hot, service_account: /etc/key.json}".to_owned(),
            "config.service_account is no JSON",
        ),
        (
            "bucket: hot\nservice_account: '{\"type\": \"service_account\", '".to_owned(),
            "config.service_account is no JSON",
        ),
        (
            "bucket: hot\nservice_account: '{\"type\": 1}'".to_owned(),
            "has a member of another type",
        ),
        (
            without(&account, "type"),
            "config.service_account: type is missing",
        ),
        (without(&account, "client_email"), "client_email is missing"),
        (without(&account, "private_key"), "private_key is missing"),
        (
            with(&account, "private_key", json!("never-printed")),
            "private_key is no RSA key",
        ),
        (
            with(
                &account,
                "private_key",
                json!(
                    "-----BEGIN PRIVATE KEY-----\nbmV2ZXItcHJpbnRlZA==\n-----END PRIVATE KEY-----"
                ),
            ),
            "private_key is no RSA key",
        ),
        (
            with(&account, "token_uri", json!("ftp://never-printed")),
            "token_uri: expected a URL",
        ),
        (
            with(&account, "client_email", json!("a@b\n")),
            "client_email ends in a line break",
        ),
        (
            with(&account, "type", json!("never-printed")),
            "its type is none of Google's",
        ),
        (
            with(&account, "type", json!("gdch_service_account")),
            "gdch_service_account are not supported",
        ),
        (
            with(&account, "type", json!("external_account_authorized_user")),
            "external_account_authorized_user are not supported",
        ),
        (
            with(&account, "universe_domain", json!("a/b")),
            "universe_domain",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"environment_id": "aws2", "url": "http://x", "region_url": "http://x"}),
            ),
            "environment_id: expected aws1",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"environment_id": "aws1", "url": "http://x"}),
            ),
            "region_url is missing, and so are the environment variables AWS_REGION",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"environment_id": "aws1", "region_url": "http://x"}),
            ),
            "url is missing, and so is one of the environment variables AWS_ACCESS_KEY_ID",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"environment_id": "aws1", "url": "http://x", "region_url": "http://x", "regional_cred_verification_url": "sts.{region}"}),
            ),
            "regional_cred_verification_url: expected a URL",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"executable": {"command": "never-printed"}}),
            ),
            "only where the environment variable GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES is 1",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"executable": {"command": " "}}),
            ),
            "executable: command is missing",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"executable": {"command": "x", "timeout_millis": 4999}}),
            ),
            "executable: timeout_millis: expected 5000 to 120000",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"certificate": {"use_default_certificate_config": true, "certificate_config_location": "/x"}}),
            ),
            "certificate: expected either certificate_config_location or",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"certificate": {"use_default_certificate_config": true}}),
            ),
            "HOME are not set",
        ),
        (
            with(&external, "credential_source", json!({})),
            "credential_source: file, url, executable, certificate or environment_id is missing",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"file": "/f", "format": {"type": "json"}}),
            ),
            "subject_token_field_name is missing",
        ),
        (
            with(
                &external,
                "credential_source",
                json!({"file": "/f", "format": {"type": "xml"}}),
            ),
            "format.type",
        ),
        (without(&external, "audience"), "audience is missing"),
        (
            inline(&json!({"type": "impersonated_service_account"})),
            "source_credentials is missing",
        ),
        (
            inline(
                &json!({"type": "authorized_user", "client_id": "a", "client_secret": "never-printed"}),
            ),
            "refresh_token is missing",
        ),
    ] {
        let Err(err) = parsed(&section, &[]) else {
            panic!("{section}");
        };
        let told = format!("{err:#}");
        assert_eq!(err.kind(), crate::Kind::Usage);
        assert!(told.contains(expected), "{expected}: {told}");
        assert!(
            !told.contains("never-printed") && told.lines().count() == 1,
            "{told}"
        );
    }
    for (variable, value, expected) in [
        (
            "GOOGLE_APPLICATION_CREDENTIALS",
            "/nowhere/key.json",
            "could not read \"/nowhere/key.json\"",
        ),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/dev/null", "is no JSON"),
        ("GCE_METADATA_HOST", "a/b", "GCE_METADATA_HOST"),
        ("STORAGE_EMULATOR_HOST", "a b", "STORAGE_EMULATOR_HOST"),
        (
            "GOOGLE_CLOUD_QUOTA_PROJECT",
            "a\nb",
            "GOOGLE_CLOUD_QUOTA_PROJECT",
        ),
        ("HTTPS_PROXY", "ftp://x", "HTTPS_PROXY"),
    ] {
        let Err(err) = parsed("bucket: hot", &[(variable, value)]) else {
            panic!("{variable}");
        };
        let told = format!("{err:#}");
        assert!(
            told.contains(expected) && told.lines().count() == 1,
            "{told}"
        );
    }
}
