#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use opentelemetry_sdk::trace::Sampler;
use tracing::info_span;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::telemetry::tracing_config::{IdentityFiles, Tls};

fn config(protocol: Protocol, endpoint: String) -> TracingConfig {
    let mut config = TracingConfig {
        protocol,
        endpoint: Some(endpoint),
        tls: None,
        headers: reqwest::header::HeaderMap::new(),
        gzip: false,
        timeout: None,
        retry: None,
        service_name: Some("service-under-test".into()),
        resource_attributes: BTreeMap::from([("cluster".into(), "cold-storage".into())]),
        sampler: Sampler::AlwaysOn,
    };
    config
        .headers
        .insert("x-scope-orgid", "tenant-1".parse().unwrap());
    config
}

fn http_config(endpoint: String) -> TracingConfig {
    let path = "/v1/traces".into();
    config(Protocol::Http { path }, endpoint)
}

/// Makes one span of ours and one of a dependency, and waits until they are sent or given up.
fn send_spans(config: TracingConfig) -> Arc<Complaint> {
    let spans = start(config).unwrap();
    let complaint = Arc::clone(&spans.complaint);
    let subscriber = Registry::default().with(spans.layer());
    tracing::subscriber::with_default(subscriber, || {
        info_span!("bucket_get", name = "01J/index").in_scope(|| ());
        info_span!(target: "hyper::client", "foreign_span", authorization = "hunter2")
            .in_scope(|| ());
    });
    drop(spans);
    complaint
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

/// A server on loopback that serves one connection; its address and what it heard.
fn listen<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || serve(listener.accept().unwrap().0));
    (address, server)
}

/// One HTTP/1.1 request: head and body.
fn serve_http(mut stream: TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap();
    let length = length.split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    (head, body)
}

/// One gRPC request over HTTP/2, answered with an empty message: its data.
fn serve_grpc(mut stream: TcpStream) -> Vec<u8> {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const SETTINGS: u8 = 4;
    const END_STREAM: u8 = 1;
    const END_HEADERS: u8 = 4;
    const STATUS_200_GRPC: &[u8] = b"\x88\x0f\x10\x10application/grpc";
    const GRPC_STATUS_0: &[u8] = b"\x00\x0bgrpc-status\x010";

    let write = |stream: &mut TcpStream, kind: u8, flags: u8, id: [u8; 4], payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(id);
        frame.extend(payload);
        stream.write_all(&frame).unwrap();
    };
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).unwrap();
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    write(&mut stream, SETTINGS, 0, [0; 4], &[]);
    let mut data = Vec::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).unwrap();
        let [l0, l1, l2, kind, flags, id @ ..] = head;
        let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).unwrap();
        match kind {
            SETTINGS if flags == 0 => write(&mut stream, SETTINGS, 1, [0; 4], &[]),
            DATA => {
                data.extend(payload);
                if flags & END_STREAM != 0 {
                    write(&mut stream, HEADERS, END_HEADERS, id, STATUS_200_GRPC);
                    write(&mut stream, DATA, 0, id, &[0; 5]);
                    let flags = END_HEADERS | END_STREAM;
                    write(&mut stream, HEADERS, flags, id, GRPC_STATUS_0);
                    // To close with something unread would take the answer back.
                    let _ = io::copy(&mut stream, &mut io::sink());
                    return data;
                }
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_arrives_over_http_as_protobuf() {
    let (address, server) = listen(serve_http);
    let complaint = send_spans(http_config(address));
    let (head, body) = server.join().unwrap();
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf\r\n"));
    assert!(head.contains("x-scope-orgid: tenant-1\r\n"), "{head}");
    assert_eq!(body[0], 0x0a, "the field resource_spans opens the message");
    for told in ["bucket_get", "01J/index", "service-under-test", "cluster"] {
        assert!(contains(&body, told), "{told}");
    }
    assert!(!complaint.0.load(Ordering::Relaxed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_arrives_over_grpc() {
    let (address, server) = listen(serve_grpc);
    let complaint = send_spans(config(Protocol::Grpc, address));
    let data = server.join().unwrap();
    assert!(contains(&data, "bucket_get") && contains(&data, "service-under-test"));
    assert!(!complaint.0.load(Ordering::Relaxed));
}

#[test]
fn a_span_arrives_over_grpc_without_a_runtime_around() {
    let (address, server) = listen(serve_grpc);
    send_spans(config(Protocol::Grpc, address));
    assert!(contains(&server.join().unwrap(), "bucket_get"));
}

#[test]
fn spans_of_dependencies_stay_here() {
    let (address, server) = listen(serve_http);
    send_spans(http_config(address));
    let (_, body) = server.join().unwrap();
    assert!(!contains(&body, "foreign_span") && !contains(&body, "hunter2"));
}

#[test]
fn compressed_means_gzip() {
    let (address, server) = listen(serve_http);
    send_spans(TracingConfig {
        gzip: true,
        ..http_config(address)
    });
    let (head, body) = server.join().unwrap();
    assert!(head.contains("content-encoding: gzip\r\n"), "{head}");
    assert_eq!(body[..2], [0x1f, 0x8b]);
}

#[test]
fn what_is_not_sampled_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let complaint = send_spans(TracingConfig {
        sampler: Sampler::AlwaysOff,
        ..http_config(listener.local_addr().unwrap().to_string())
    });
    assert!(listener.accept().is_err(), "nobody came");
    assert!(!complaint.0.load(Ordering::Relaxed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_complained_of_and_no_obstacle() {
    for protocol in [
        Protocol::Grpc,
        Protocol::Http {
            path: "/v1/traces".into(),
        },
    ] {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = nobody.local_addr().unwrap().to_string();
        drop(nobody);
        let complaint = send_spans(config(protocol, address));
        assert!(complaint.0.load(Ordering::Relaxed));
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let missing = folder.path().join("missing.pem");
    let empty = file("empty.pem", "");
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let broken = file("broken.pem", broken);
    let authority = |path: &PathBuf| Tls {
        ca_file: Some(path.clone()),
        ..Tls::default()
    };
    let identity = IdentityFiles {
        cert_file: missing.clone(),
        key_file: empty.clone(),
    };
    let identity = Tls {
        identity: Some(identity),
        ..Tls::default()
    };
    for (tls, named) in [
        (authority(&missing), "missing.pem"),
        (authority(&empty), "empty.pem"),
        (authority(&broken), "broken.pem"),
        (identity, "missing.pem"),
    ] {
        for protocol in [Protocol::Grpc, Protocol::Http { path: "/".into() }] {
            let err = start(TracingConfig {
                tls: Some(tls.clone()),
                ..config(protocol, "localhost:1".into())
            })
            .err()
            .unwrap();
            assert_eq!(err.kind(), Kind::Usage);
            assert!(format!("{err:#}").contains(named), "{err:#}");
        }
    }
}
