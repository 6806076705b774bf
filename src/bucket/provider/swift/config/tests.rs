#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use super::*;
use crate::environment::Environment;
use crate::yaml;

fn parsed(text: &str) -> (Result<Config>, Vec<String>) {
    let node = yaml::parse(text).unwrap().unwrap();
    let environment = Environment::default();
    let mut warnings = Vec::new();
    let section = Section {
        config: &node,
        environment: &environment,
        warnings: &mut warnings,
    };
    (Config::parse(section), warnings)
}

fn good(text: &str) -> Config {
    let (parsed, _) = parsed(text);
    parsed.unwrap_or_else(|err| panic!("{text}: {err:#}"))
}

/// Whose container it is, in a few words.
fn told(config: &Config) -> String {
    let domain = |domain: &Domain| match domain {
        Domain::Id(id) => format!("#{id}"),
        Domain::Name(name) => name.clone(),
    };
    let user = |user: &User| {
        let parts = [
            user.id.as_ref().map(|id| format!("#{id}")),
            user.name.clone(),
            user.domain.as_ref().map(|it| format!("in {}", domain(it))),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let how = match &config.auth.how {
        How::V1 { user, key } => format!("1 {user} {}", key.expose()),
        How::V2 {
            user,
            password,
            tenant_id,
            tenant_name,
        } => format!(
            "2 {user} {} {tenant_id:?} {tenant_name:?}",
            password.expose()
        ),
        How::V3 { who, scope } => {
            let who = match who {
                Who::Password { user: it, password } => {
                    format!("{} {}", user(it), password.expose())
                }
                Who::Credential { id, secret } => format!("credential #{id} {}", secret.expose()),
                Who::UsersCredential {
                    name,
                    user: it,
                    secret,
                } => format!("credential {name} of {} {}", user(it), secret.expose()),
                Who::Token(token) => format!("token {}", token.expose()),
            };
            let scope = match scope {
                Some(Scope::Project(id)) => format!("for #{id}"),
                Some(Scope::ProjectOfName(name, of)) => format!("for {name} in {}", domain(of)),
                None => "for nothing".to_owned(),
            };
            format!("3 {who} {scope}")
        }
    };
    let kind = match config.large {
        Kind::Static => "static",
        Kind::Dynamic => "dynamic",
    };
    format!(
        "{how}; {}/{} and {} from {} {kind}, {} retries",
        config.region.as_deref().unwrap_or("-"),
        config.container,
        config.segments_container,
        config.chunk_bytes,
        config.retries
    )
}

/// S-3.40: sections as they stand in manuals, charts and issues.
#[test]
fn sections_of_the_real_world_mean_what_they_mean_to_thanos() {
    for (text, expected) in [
        // The manual of Thanos, with what it lists as defaults left empty.
        (
            "{auth_version: 0, auth_url: 'https://os.example:5000/v3', username: u, user_domain_name: '', user_domain_id: '', user_id: '', password: p, domain_id: '', domain_name: Default, application_credential_id: '', application_credential_name: '', application_credential_secret: '', project_id: '', project_name: thanos, project_domain_id: '', project_domain_name: '', region_name: '', container_name: c, large_object_chunk_size: 1073741824, large_object_segments_container_name: '', retries: 3, connect_timeout: 10s, timeout: 5m, use_dynamic_large_objects: false, http_config: {idle_conn_timeout: 1m30s, response_header_timeout: 2m, insecure_skip_verify: false, tls_handshake_timeout: 10s, expect_continue_timeout: 1s, max_idle_conns: 100, max_idle_conns_per_host: 100, max_conns_per_host: 0, tls_config: {ca_file: '', cert_file: '', key_file: '', server_name: '', insecure_skip_verify: false}, disable_compression: false}}",
            "3 u in Default p for thanos in Default; -/c and c from 1073741824 static, 3 retries",
        ),
        // OVH.
        (
            "{auth_url: 'https://auth.cloud.ovh.net/v3/', username: user-abc, domain_name: Default, password: p, project_name: '1234567890', project_id: abcdef, region_name: GRA, container_name: thanos}",
            "3 user-abc in Default p for #abcdef; GRA/thanos and thanos from 1073741824 static, 3 retries",
        ),
        // A domain by its id, for the project as well.
        (
            "{auth_url: 'https://k/identity/v3', user_id: 4f1, password: p, domain_id: default, project_name: monitoring, container_name: c}",
            "3 #4f1 in #default p for monitoring in #default; -/c and c from 1073741824 static, 3 retries",
        ),
        // The project's domain is another one, and its name counts before its id.
        (
            "{auth_url: 'https://k/v3', username: u, password: p, domain_id: one, domain_name: One, project_name: m, project_domain_id: two, project_domain_name: Two, container_name: c}",
            "3 u in One p for m in Two; -/c and c from 1073741824 static, 3 retries",
        ),
        (
            "{auth_url: 'https://k/v3', username: u, password: p, project_name: m, container_name: c}",
            "3 u p for m in Default; -/c and c from 1073741824 static, 3 retries",
        ),
        // Application credentials, in both ways; a scope they have themselves.
        (
            "{auth_url: 'https://k/v3', application_credential_id: a1, application_credential_name: thanos, application_credential_secret: s, project_id: p1, region_name: RegionOne, container_name: c}",
            "3 credential #a1 s for nothing; RegionOne/c and c from 1073741824 static, 3 retries",
        ),
        (
            "{auth_url: 'https://k/v3', application_credential_name: thanos, application_credential_secret: s, username: u, domain_name: D, domain_id: d, container_name: c}",
            "3 credential thanos of u in #d s for nothing; -/c and c from 1073741824 static, 3 retries",
        ),
        (
            "{auth_url: 'https://k/v3', application_credential_name: thanos, application_credential_secret: s, username: u, user_id: '7', container_name: c}",
            "3 credential thanos of #7 s for nothing; -/c and c from 1073741824 static, 3 retries",
        ),
        // A credential without its secret is none.
        (
            "{auth_url: 'https://k/v3', application_credential_id: a1, username: u, password: p, domain_name: D, container_name: c}",
            "3 u in D p for nothing; -/c and c from 1073741824 static, 3 retries",
        ),
        // A token that somebody has.
        (
            "{auth_url: 'https://k/v3', password: gAAAA, project_id: p, container_name: c}",
            "3 token gAAAA for #p; -/c and c from 1073741824 static, 3 retries",
        ),
        // The second version, by its address; and by a number that counts before it.
        (
            "{auth_url: 'https://k:5000/v2.0', username: u, password: p, project_name: t, region_name: LON, container_name: c}",
            "2 u p None Some(\"t\"); LON/c and c from 1073741824 static, 3 retries",
        ),
        (
            "{auth_version: 2, auth_url: 'https://k:5000/v3', username: u, password: p, project_id: t, container_name: c}",
            "2 u p Some(\"t\") None; -/c and c from 1073741824 static, 3 retries",
        ),
        // What plays Swift on one machine, and the gateway of Ceph.
        (
            "{auth_url: 'http://127.0.0.1:8080/auth/v1.0', username: 'test:tester', password: testing, container_name: c, retries: -1}",
            "1 test:tester testing; -/c and c from 1073741824 static, 0 retries",
        ),
        (
            "{auth_version: 1, auth_url: 'http://rgw:7480/auth/', username: 'thanos:swift', password: k, container_name: c, large_object_chunk_size: 5368709121, retries: 0}",
            "1 thanos:swift k; -/c and c from 5368709120 static, 3 retries",
        ),
        // Large objects by how their names begin, in a container of their own.
        (
            "{auth_url: 'https://k/v3', user_id: u, password: p, project_id: p, container_name: c, large_object_segments_container_name: c_segments, use_dynamic_large_objects: true, large_object_chunk_size: 104857600}",
            "3 #u p for #p; -/c and c_segments from 104857600 dynamic, 3 retries",
        ),
        (
            "{auth_url: 'https://k/v3', user_id: u, password: p, project_id: p, container_name: c, large_object_chunk_size: 0}",
            "3 #u p for #p; -/c and c from 10485760 static, 3 retries",
        ),
    ] {
        assert_eq!(told(&good(text)), expected, "{text}");
    }
}

/// S-3.40, S-3.1
#[test]
fn what_is_missing_is_one_line_that_names_the_key() {
    for (text, expected) in [
        ("{container_name: c}", "config.auth_url is missing"),
        (
            "{auth_url: 'https://k/v3', user_id: u, password: p}",
            "config.container_name is missing",
        ),
        (
            "{auth_url: 'https://k/v3', user_id: u, container_name: c}",
            "config.password is missing",
        ),
        (
            "{auth_url: 'https://k/v3', application_credential_id: a, container_name: c}",
            "config.application_credential_secret is missing",
        ),
        (
            "{auth_url: 'https://k/v3', application_credential_name: a, application_credential_secret: hunter2, container_name: c}",
            "config.application_credential_name takes config.user_id",
        ),
        (
            "{auth_url: 'https://k/v3', application_credential_name: a, application_credential_secret: hunter2, username: u, container_name: c}",
            "config.domain_id or config.domain_name",
        ),
        (
            "{auth_url: 'https://k/v1.0', password: hunter2, container_name: c}",
            "config.username is missing",
        ),
        (
            "{auth_url: 'https://k/v2.0', username: u, container_name: c}",
            "config.password is missing",
        ),
        (
            "{auth_url: 'https://k:5000', username: u, password: hunter2, container_name: c}",
            "config.auth_version is missing",
        ),
        (
            "{auth_url: 'k:5000/v3', username: u, password: hunter2, container_name: c}",
            "config.auth_url: expected",
        ),
        (
            "{auth_url: 'https://u:hunter2@k/v3', container_name: c}",
            "config.auth_url: expected",
        ),
    ] {
        is_refused(text, expected);
    }
}

fn is_refused(text: &str, expected: &str) {
    let (parsed, _) = parsed(text);
    let err = format!("{:#}", parsed.map(|it| told(&it)).unwrap_err());
    assert!(err.contains(expected), "{text}: {err}");
    assert!(!err.contains("hunter2"), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
}

/// S-3.40, S-3.1
#[test]
fn a_wrong_value_is_one_line_that_names_the_key() {
    const REST: &str = "auth_url: 'https://k/v3', user_id: u, password: hunter2, container_name: c";
    for (text, expected) in [
        (
            &format!("{{{REST}, auth_version: 4}}"),
            "config.auth_version \"4\"",
        ),
        (
            &format!("{{{REST}, auth_version: '3'}}"),
            "config.auth_version",
        ),
        (&format!("{{{REST}, trust_id: t}}"), "trust_id"),
        (&format!("{{{REST}, tenant_name: t}}"), "tenant_name"),
        (&format!("{{{REST}, container_name: d}}"), "container_name"),
        (
            &REST.replace("container_name: c", "container_name: a/b"),
            "config.container_name: expected",
        ),
        (
            &format!("{{{REST}, large_object_segments_container_name: a/b}}"),
            "config.large_object_segments_container_name: expected",
        ),
        (
            &format!("{{{REST}, large_object_chunk_size: -1}}"),
            "config.large_object_chunk_size \"-1\"",
        ),
        (
            &format!("{{{REST}, large_object_chunk_size: 1GiB}}"),
            "config.large_object_chunk_size",
        ),
        (&format!("{{{REST}, retries: 1000}}"), "config.retries"),
        (
            &format!("{{{REST}, connect_timeout: 10}}"),
            "config.connect_timeout",
        ),
        (&format!("{{{REST}, timeout: soon}}"), "config.timeout"),
        (
            &format!("{{{REST}, use_dynamic_large_objects: maybe}}"),
            "config.use_dynamic_large_objects",
        ),
        (
            &format!("{{{REST}, http_config: {{timeout: 1s}}}}"),
            "config.http_config",
        ),
        (
            &format!("{{{REST}, region_name: \"One\\n\"}}"),
            "config.region_name ends in a line break",
        ),
        (
            &format!("{{{}}}", REST.replace("hunter2", "\"hunter2\\n\"")),
            "config.password ends in a line break",
        ),
    ] {
        let text = if text.starts_with('{') {
            text.to_owned()
        } else {
            format!("{{{text}}}")
        };
        is_refused(&text, expected);
    }
}

/// S-3.40
#[test]
fn what_has_no_effect_or_is_not_safe_is_warned_about() {
    for (text, expected) in [
        (
            "{auth_url: 'https://k/v3', username: u, password: p, user_domain_name: Default, container_name: c}",
            Some("config.user_domain_name has no effect"),
        ),
        (
            "{auth_url: 'https://k/v3', username: u, password: p, user_domain_id: default, container_name: c}",
            Some("config.domain_id"),
        ),
        (
            "{auth_url: 'http://k/v3', username: u, password: p, container_name: c}",
            Some("travels to k unencrypted"),
        ),
        (
            "{auth_url: 'https://k/v3', username: u, password: 0123, container_name: c}",
            Some("config.password looks like a number"),
        ),
        (
            "{auth_url: 'https://k/v3', username: u, password: p, container_name: c, http_config: {insecure_skip_verify: true}}",
            Some("no certificate is verified"),
        ),
        (
            "{auth_url: 'https://k/v3', username: u, password: p, container_name: c}",
            None,
        ),
    ] {
        let (parsed, warnings) = parsed(text);
        parsed.unwrap();
        let warned = warnings.join("\n");
        match expected {
            Some(expected) => assert!(warned.contains(expected), "{text}: {warned}"),
            None => assert_eq!(warned, "", "{text}"),
        }
    }
}

/// S-3.40: a connection stands in time, and an answer does not stand still for longer than is configured.
#[test]
fn times_are_those_of_the_keys() {
    let rest = "auth_url: 'https://k/v3', username: u, password: p, container_name: c";
    for (more, connecting, silence) in [
        ("", 10, 120),
        (", connect_timeout: 3s, timeout: 20s", 3, 20),
        (", connect_timeout: 0s, timeout: 0s", 10, 60),
        (
            ", timeout: 10m, http_config: {response_header_timeout: 5m, tls_handshake_timeout: 1s}",
            1,
            300,
        ),
    ] {
        let config = good(&format!("{{{rest}{more}}}"));
        let found = (
            config.http.connect_timeout().as_secs(),
            config.http.silence().before_answer.as_secs(),
        );
        assert_eq!(found, (connecting, silence), "{more}");
    }
}

/// S-3.4, S-3.5
#[test]
fn containers_are_told_apart_by_who_gives_tokens_region_project_and_name() {
    use super::super::location::location;
    let at = |more: &str, prefix: &str| {
        let config = good(&format!("{{password: p, container_name: hot, {more}}}"));
        location(
            &config.auth,
            config.region.as_deref(),
            &config.container,
            prefix,
        )
    };
    let url = "auth_url: 'https://K:5000/v3', user_id: u";
    let hot = at(&format!("{url}, project_id: p"), "a");
    assert_eq!(hot.to_string(), "swift://k:5000/p/hot/a");
    for (other, prefix, expected, name) in [
        ("project_id: p", "a", true, "swift://k:5000/p/hot/a"),
        ("project_id: p", "", true, "swift://k:5000/p/hot"),
        ("project_id: p", "a/b", true, "swift://k:5000/p/hot/a/b"),
        ("project_id: p", "ab", false, "swift://k:5000/p/hot/ab"),
        ("project_id: q", "a", false, "swift://k:5000/q/hot/a"),
        (
            "project_name: p, domain_name: D",
            "a",
            false,
            "swift://k:5000/D:p/hot/a",
        ),
        (
            "project_id: p, region_name: One",
            "a",
            false,
            "swift://k:5000/One/p/hot/a",
        ),
    ] {
        let other = at(&format!("{url}, {other}"), prefix);
        assert_eq!(other.to_string(), name);
        assert_eq!(hot.overlaps(&other), expected, "{other}");
    }
    let by_id = at(
        "auth_url: 'https://k:5000/v3', application_credential_id: a, application_credential_secret: s",
        "",
    );
    assert_eq!(by_id.to_string(), "swift://k:5000/hot");
    let another = at(
        "auth_url: 'https://k:5000/v3', application_credential_id: b, application_credential_secret: s",
        "",
    );
    assert!(by_id.overlaps(&by_id) && !by_id.overlaps(&another));
    // Thanos does nothing with the project there, so that it may name it.
    let named = at(
        "auth_url: 'https://k:5000/v3', application_credential_id: b, application_credential_secret: s, project_id: p",
        "a",
    );
    assert_eq!(named.to_string(), "swift://k:5000/p/hot/a");
    assert!(named.overlaps(&hot));
    let first = at(
        "auth_url: 'http://s:8080/auth/v1.0', username: 'test:tester'",
        "",
    );
    assert_eq!(first.to_string(), "swift://s:8080/test/hot");
}
