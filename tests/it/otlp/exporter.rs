//! A real exporter: what OpenTelemetry's own library sends is captured, read by its manifest, and the same as what Prometheus makes of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_otlp::{Compression, MetricExporter, Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{Aggregation, Instrument, SdkMeterProvider, Stream, Temporality};
use serde_json::json;
use thanos_bucket::payload::capture::each_payload;
use thanos_bucket::payload::otlp::{Options, Reader};

use super::endpoint::Endpoint;
use super::ours::{Given, assert_same, shown};

/// What an exporter has sent at once.
#[derive(Debug, Clone)]
struct Sent {
    body: Vec<u8>,
    content_type: String,
    is_compressed: bool,
    received_at_ms: u64,
}

/// A server that takes what it is sent; it is gone with this value.
struct Collector {
    port: u16,
    sent: Arc<Mutex<Vec<Sent>>>,
    server: Option<JoinHandle<()>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let server = thread::spawn({
            let sent = Arc::clone(&sent);
            move || {
                // A connection without a request ends it.
                while let Some(one) = take(&listener.accept().unwrap().0) {
                    sent.lock().unwrap().push(one);
                }
            }
        });
        Self {
            port,
            sent,
            server: Some(server),
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// One request of a connection, answered.
fn take(mut stream: &TcpStream) -> Option<Sent> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("post /v1/metrics http/1.1\r\n"), "{head}");
    let header = |name: &str| {
        let mut lines = head.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::to_owned)
    };
    let mut body = vec![0; header("content-length").unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .unwrap();
    Some(Sent {
        body,
        content_type: header("content-type").unwrap(),
        is_compressed: header("content-encoding").is_some_and(|how| how == "gzip"),
        received_at_ms: now_ms(),
    })
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

/// What a small service measures, exported three times.
fn export(protocol: Protocol, temporality: Temporality, is_compressed: bool) -> Vec<Sent> {
    let collector = Collector::start();
    let mut exporter = MetricExporter::builder()
        .with_http()
        .with_temporality(temporality)
        .with_protocol(protocol)
        .with_endpoint(format!("http://127.0.0.1:{}/v1/metrics", collector.port));
    if is_compressed {
        exporter = exporter.with_compression(Compression::Gzip);
    }
    let resource = Resource::builder_empty()
        .with_attribute(KeyValue::new("service.name", "checkout"))
        .with_attribute(KeyValue::new("service.instance.id", "7"))
        .with_attribute(KeyValue::new("host.name", "h"))
        .build();
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(exporter.build().unwrap())
        .with_resource(resource)
        .with_view(|instrument: &Instrument| {
            let scaled = Aggregation::Base2ExponentialHistogram {
                max_size: 160,
                max_scale: 20,
                record_min_max: true,
            };
            let is_scaled = instrument.name() == "payload.size";
            is_scaled.then(|| Stream::builder().with_aggregation(scaled).build().unwrap())
        })
        .build();
    let meter = provider.meter("shop");
    let orders = meter.u64_counter("orders").with_unit("{order}").build();
    let bytes = meter.f64_counter("io").with_unit("By").build();
    let active = meter.i64_up_down_counter("active.requests").build();
    let load = meter.f64_gauge("load").with_unit("1").build();
    let duration = meter
        .f64_histogram("request.duration")
        .with_unit("s")
        .build();
    let size = meter.f64_histogram("payload.size").with_unit("By").build();
    for round in 1_u32..=3 {
        for (path, times) in [("/", 3), ("/cart", round)] {
            let at = [KeyValue::new("http.route", path)];
            for time in 1..=times {
                orders.add(1, &at);
                bytes.add(f64::from(time) * 0.1, &at);
                active.add(if time == 2 { -1 } else { 1 }, &at);
                load.record(f64::from(round) / 3.0, &at);
                duration.record(0.003 * f64::from(time * time), &at);
                size.record(f64::from(time * round) * 11.7 - 20.0, &at);
                size.record(0.0, &at);
                size.record(f64::from(time) * 1e6, &at);
            }
        }
        // Prometheus' times are milliseconds: two exports within one would be one.
        let before = now_ms();
        provider.force_flush().unwrap();
        while now_ms() <= before + 1 {
            thread::yield_now();
        }
    }
    provider.shutdown().unwrap();
    let sent = collector.sent.lock().unwrap().clone();
    assert!(sent.len() >= 3, "{} requests", sent.len());
    sent
}

/// What a capture of these gives.
fn captured(sent: &[Sent]) -> Given {
    let folder = tempfile::tempdir().unwrap();
    let entries = sent.iter().enumerate().map(|(number, one)| {
        let mut entry = json!({"received_at_ms": one.received_at_ms});
        // By turns in the manifest itself and beside it.
        if number % 2 == 0 {
            entry["body_base64"] = STANDARD.encode(&one.body).into();
        } else {
            let name = format!("payload-{number}");
            std::fs::write(folder.path().join(&name), &one.body).unwrap();
            entry["path"] = name.into();
        }
        entry
    });
    let manifest = serde_json::to_vec(&entries.collect::<Vec<_>>()).unwrap();
    let mut given = Given::default();
    let mut reader = Reader::new(Options::default());
    each_payload(
        &manifest[..],
        "capture.json",
        folder.path(),
        &mut |mut one| {
            reader.read(&mut one.payload(), &mut |item| {
                given.take(item);
                Ok(())
            })
        },
    )
    .unwrap();
    given
}

/// S-24.28
#[test]
fn what_a_real_exporter_sends_is_read_from_its_capture_as_prometheus_reads_it() {
    for (protocol, temporality, is_compressed) in [
        (Protocol::HttpBinary, Temporality::Cumulative, false),
        (Protocol::HttpBinary, Temporality::Delta, true),
        (Protocol::HttpJson, Temporality::Cumulative, true),
        (Protocol::HttpJson, Temporality::Delta, false),
    ] {
        let sent = export(protocol, temporality, is_compressed);
        let prometheus = Endpoint::start("{}", "");
        for one in &sent {
            assert_eq!(one.is_compressed, is_compressed);
            let body = one.body.clone();
            let answer = prometheus.send_as(body, &one.content_type, one.is_compressed);
            answer.unwrap();
        }
        let given = captured(&sent);
        let what = format!("{protocol:?} {temporality:?}");
        assert_same(&shown(&prometheus.stored()), &shown(&given.stored), &what);
        assert!(given.left_out.is_empty(), "{:?}", given.left_out);
        let last = |series: &str| {
            let mut found = given.stored.iter();
            let found = found.find(|(labels, _)| format!("{labels}") == series);
            let (_, samples) =
                found.unwrap_or_else(|| panic!("{series}: {:#?}", given.stored.keys()));
            format!("{:?}", samples.last_key_value().unwrap().1.value)
        };
        let route = r#"http_route="/", instance="7", job="checkout""#;
        assert_eq!(last(&format!("orders_total{{{route}}}")), "Float(9.0)");
        assert_eq!(
            last(&format!("request_duration_seconds_count{{{route}}}")),
            "Float(9.0)"
        );
    }
}
