#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use super::*;

fn parsed(config: &str) -> TracingConfig {
    TracingConfig::parse(&format!("type: OTLP\nconfig: {{{config}}}")).unwrap()
}

fn sampler(config: &str) -> String {
    format!(
        "{:?}",
        parsed(&format!("client_type: grpc, {config}")).sampler
    )
}

#[test]
fn everything_that_is_written_is_taken() {
    let config = TracingConfig::parse(
        r#"
type: otlp
config:
  client_type: http
  service_name: mover
  resource_attributes: {cluster: cold}
  endpoint: "collector.example.internal:4318"
  url_path: custom/path
  timeout: 1m30s
  compression: gzip
  headers: {X-Scope-OrgID: tenant-1}
  tls_config: {ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem, insecure_skip_verify: true}
  retry_config: {retry_enabled: true, retry_initial_interval: 1s, retry_max_interval: 2s}
  sampler_type: TraceIDRatioBased
  sampler_param: "0.25"
"#,
    )
    .unwrap();
    let path = "/custom/path".into();
    assert_eq!(config.protocol, Protocol::Http { path });
    assert_eq!(
        config.endpoint.as_deref(),
        Some("collector.example.internal:4318")
    );
    assert_eq!(config.service_name.as_deref(), Some("mover"));
    assert_eq!(config.resource_attributes["cluster"], "cold");
    assert_eq!(config.timeout, Some(Duration::from_secs(90)));
    assert!(config.gzip);
    assert_eq!(config.headers["x-scope-orgid"], "tenant-1");
    let identity = IdentityFiles {
        cert_file: "cert.pem".into(),
        key_file: "key.pem".into(),
    };
    let tls = Tls {
        ca_file: Some("ca.pem".into()),
        identity: Some(identity),
        server_name: None,
        insecure_skip_verify: true,
    };
    assert_eq!(config.tls, Some(tls));
    let retry = Retry {
        initial_interval: Some(Duration::from_secs(1)),
        max_interval: Some(Duration::from_secs(2)),
    };
    assert_eq!(config.retry, Some(retry));
    assert_eq!(format!("{:?}", config.sampler), "TraceIdRatioBased(0.25)");
}

#[test]
fn zero_values_mean_the_defaults_as_in_thanos() {
    let config = parsed(
        "client_type: grpc, service_name: '', resource_attributes: {}, reconnection_period: 0s, \
         compression: '', insecure: false, endpoint: '', url_path: '', timeout: 0s, \
         retry_config: {retry_enabled: false, retry_initial_interval: 0s, retry_max_interval: 0s, retry_max_elapsed_time: 0s}, \
         headers: {}, tls_config: {ca_file: '', cert_file: '', key_file: '', server_name: '', insecure_skip_verify: false}, \
         sampler_type: '', sampler_param: ''",
    );
    assert_eq!(config.protocol, Protocol::Grpc);
    assert_eq!(config.endpoint, None);
    assert_eq!(config.tls, Some(Tls::default()));
    assert_eq!((config.timeout, config.retry), (None, None));
    assert_eq!(config.service_name, None);
    assert_eq!(sampler(""), "ParentBased(AlwaysOn)");
}

#[test]
fn insecure_is_without_tls_whatever_tls_config_says() {
    let text = "client_type: grpc, insecure: true, tls_config: {insecure_skip_verify: true}";
    assert_eq!(parsed(text).tls, None);
}

#[test]
fn samplers_have_thanos_names() {
    for (name, wanted) in [
        ("alwayssample", "AlwaysOn"),
        ("NeverSample", "AlwaysOff"),
        ("traceidratiobased", "TraceIdRatioBased(0.5)"),
        ("parentbasedalwayssample", "ParentBased(AlwaysOn)"),
        ("parentbasedneversample", "ParentBased(AlwaysOff)"),
        (
            "parentbasedtraceidratiobased",
            "ParentBased(TraceIdRatioBased(0.5))",
        ),
    ] {
        let config = format!("sampler_type: {name}, sampler_param: 0.5");
        assert_eq!(sampler(&config), wanted);
    }
}

#[test]
fn keys_that_thanos_passes_over_are_passed_over() {
    parsed("client_type: grpc, no_such_key: 1, tls_config: {no_such_key: 1}");
}

#[test]
fn what_is_wrong_or_not_carried_out_is_refused_with_one_line_that_names_it() {
    for (text, named) in [
        ("", "empty"),
        ("type: [", "line"),
        ("config: {client_type: http}", "type is missing"),
        ("type: OTLP", "config is missing"),
        ("type: OTLP\nextra: 1\nconfig: {client_type: http}", "extra"),
        ("type: JAEGER\nconfig: {}", "JAEGER is not supported yet"),
        (
            "type: lightstep\nconfig: {}",
            "lightstep is not supported yet",
        ),
        ("type: ZIPKIN\nconfig: {}", "\"ZIPKIN\" is not supported"),
        ("type: OTLP\nconfig: {}", "config.client_type is \"\""),
        (
            "type: OTLP\nconfig: {client_type: HTTP}",
            "write http or grpc",
        ),
    ] {
        assert_refused(text, named);
    }
    for (config, named) in [
        (
            "client_type: grpc, reconnection_period: 1s",
            "config.reconnection_period",
        ),
        (
            "client_type: grpc, endpoint: 'http://a:1'",
            "config.endpoint",
        ),
        (
            "client_type: grpc, endpoint: 'user:hunter2@a:1'",
            "config.endpoint",
        ),
        ("client_type: grpc, endpoint: 'a:port'", "config.endpoint"),
        ("client_type: http, url_path: '/a b'", "config.url_path"),
        ("client_type: grpc, timeout: 1d", "config.timeout is \"1d\""),
        (
            "client_type: grpc, compression: zstd",
            "config.compression \"zstd\"",
        ),
        ("client_type: grpc, insecure: perhaps", "config.insecure"),
        (
            "client_type: grpc, headers: {'a b': hunter2}",
            "config.headers",
        ),
        (
            "client_type: grpc, headers: {a: \"hunter2\\n\"}",
            "config.headers.a",
        ),
        ("client_type: grpc, headers: hunter2", "config.headers"),
        ("client_type: grpc, tls_config: {cert_file: a}", "key_file"),
        (
            "client_type: grpc, tls_config: {insecure_skip_verify: true}",
            "insecure_skip_verify",
        ),
        (
            "client_type: http, tls_config: {server_name: a}",
            "server_name",
        ),
        (
            "client_type: grpc, retry_config: {retry_enabled: true, retry_max_elapsed_time: 1s}",
            "retry_max_elapsed_time",
        ),
        (
            "client_type: grpc, retry_config: {retry_max_interval: often}",
            "retry_max_interval",
        ),
        (
            "client_type: grpc, sampler_type: sometimes",
            "config.sampler_type is \"sometimes\"",
        ),
        (
            "client_type: grpc, sampler_param: 2",
            "config.sampler_param is \"2\"",
        ),
        (
            "client_type: grpc, sampler_param: nan",
            "config.sampler_param is \"nan\"",
        ),
    ] {
        assert_refused(&format!("type: OTLP\nconfig: {{{config}}}"), named);
    }
}

fn assert_refused(text: &str, named: &str) {
    let err = TracingConfig::parse(text).unwrap_err();
    let line = format!("{err:#}");
    assert_eq!(err.kind(), Kind::Usage, "{text}");
    assert!(line.contains(named), "{text}: {line}");
    assert!(!line.contains('\n') && !line.contains("hunter2"), "{line}");
}

#[test]
fn headers_are_secrets() {
    let config = parsed("client_type: grpc, headers: {authorization: hunter2}");
    assert!(!format!("{config:?}").contains("hunter2"));
}
