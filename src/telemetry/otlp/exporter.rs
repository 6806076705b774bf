//! The two ways to a collector, OTLP over HTTP and over gRPC, each with its own words for the same settings.

use std::collections::HashMap;
use std::env;
use std::error::Error as StdError;
use std::path::Path;
use std::thread;
use std::time::Duration;

use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig, Identity};
use opentelemetry_otlp::{
    Compression, Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig,
    WithTonicConfig,
};
use reqwest::blocking::{Client, ClientBuilder};
use reqwest::redirect::Policy;

use crate::error::{Error, Kind, Result};
use crate::small_file;
use crate::telemetry::tracing_config::{Retry, Tls, TracingConfig};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Over HTTP/1.1 or 2, from whichever thread; needs no runtime.
pub(super) fn http(config: &TracingConfig, path: &str) -> Result<SpanExporter> {
    let timeout = config.timeout.unwrap_or(DEFAULT_TIMEOUT);
    let mut client = Client::builder().timeout(timeout).redirect(Policy::none());
    if let Some(tls) = &config.tls {
        client = http_tls(client, tls)?;
    }
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(build(client)?)
        .with_headers(header_strings(config))
        .with_retry_policy(retry_policy(config.retry));
    if let Some(url) = url(config, 4318, path) {
        exporter = exporter.with_endpoint(url);
    }
    if config.gzip {
        exporter = exporter.with_compression(Compression::Gzip);
    }
    exporter
        .with_timeout(timeout)
        .build()
        .map_err(cannot_prepare)
}

/// A blocking client panics when it is built inside an asynchronous context, so a plain thread does it.
fn build(client: ClientBuilder) -> Result<Client> {
    thread::spawn(move || client.build())
        .join()
        .map_err(|_| Error::new(Kind::Other, "prepare the export of spans"))?
        .map_err(cannot_prepare)
}

fn http_tls(mut client: ClientBuilder, tls: &Tls) -> Result<ClientBuilder> {
    if let Some(path) = &tls.ca_file {
        client = client.tls_certs_only(certificates(path, &read(path)?)?);
    }
    if let Some(files) = &tls.identity {
        let mut pem = read(&files.cert_file)?;
        pem.push(b'\n');
        pem.extend(read(&files.key_file)?);
        let identity =
            reqwest::Identity::from_pem(&pem).map_err(|err| unusable(&files.cert_file, err))?;
        client = client.identity(identity);
    }
    Ok(client.tls_danger_accept_invalid_certs(tls.insecure_skip_verify))
}

/// Over gRPC. To be called inside the runtime that is to drive the connection.
pub(super) fn grpc(config: &TracingConfig) -> Result<SpanExporter> {
    let mut exporter = SpanExporter::builder()
        .with_tonic()
        .with_metadata(MetadataMap::from_headers(config.headers.clone()))
        .with_retry_policy(retry_policy(config.retry))
        .with_timeout(config.timeout.unwrap_or(DEFAULT_TIMEOUT));
    if let Some(url) = url(config, 4317, "") {
        exporter = exporter.with_endpoint(url);
    }
    if let Some(tls) = &config.tls {
        exporter = exporter.with_tls_config(grpc_tls(tls)?);
    }
    if config.gzip {
        exporter = exporter.with_compression(Compression::Gzip);
    }
    exporter.build().map_err(cannot_prepare)
}

fn grpc_tls(tls: &Tls) -> Result<ClientTlsConfig> {
    let mut config = ClientTlsConfig::new();
    if let Some(path) = &tls.ca_file {
        let pem = read(path)?;
        certificates(path, &pem)?; // tonic itself takes anything, and then trusts nobody
        config = config.ca_certificate(Certificate::from_pem(pem));
    } else {
        config = config.with_native_roots();
    }
    if let Some(files) = &tls.identity {
        config = config.identity(Identity::from_pem(
            read(&files.cert_file)?,
            read(&files.key_file)?,
        ));
    }
    if let Some(name) = &tls.server_name {
        config = config.domain_name(name);
    }
    Ok(config)
}

/// The collector's address, unless the environment tells it and the configuration does not.
fn url(config: &TracingConfig, default_port: u16, path: &str) -> Option<String> {
    let told_by_environment = [
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ]
    .into_iter()
    .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    let endpoint = match &config.endpoint {
        Some(endpoint) => endpoint.clone(),
        None if told_by_environment => return None,
        None => format!("localhost:{default_port}"),
    };
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    Some(format!("{scheme}://{endpoint}{path}"))
}

fn header_strings(config: &TracingConfig) -> HashMap<String, String> {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    config
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect()
}

fn retry_policy(retry: Option<Retry>) -> RetryPolicy {
    let policy = RetryPolicy::recommended();
    let Some(retry) = retry else { return policy };
    let policy = match retry.initial_interval {
        Some(interval) => policy.with_initial_delay(interval),
        None => policy,
    };
    match retry.max_interval {
        Some(interval) => policy.with_max_delay(interval),
        None => policy,
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    small_file::read(path).map_err(|err| {
        Error::usage(format!(
            "read {}, which --tracing.config names",
            path.display()
        ))
        .because(err)
    })
}

/// The certificates in `pem`, which are the content of `path`: one at least.
fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<reqwest::Certificate>> {
    let certificates =
        reqwest::Certificate::from_pem_bundle(pem).map_err(|err| unusable(path, err))?;
    if certificates.is_empty() {
        return Err(unusable(path, "it holds no certificate"));
    }
    Ok(certificates)
}

fn unusable(path: &Path, err: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    Error::usage(format!(
        "use {}, which --tracing.config names",
        path.display()
    ))
    .because(err)
}

fn cannot_prepare(err: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    Error::usage("prepare the export of spans that --tracing.config asks for").because(err)
}
