//! A tracing collector on loopback that speaks OTLP over gRPC and over HTTP, and what it was sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A span as it arrived.
#[derive(Debug, Clone)]
pub struct Span {
    pub trace: String,
    pub id: Vec<u8>,
    pub parent: Vec<u8>,
    pub name: String,
    pub service: String,
    pub is_client: bool,
    pub is_error: bool,
    pub attributes: BTreeMap<String, String>,
    pub events: Vec<String>,
    pub begins: u64,
    pub ends: u64,
}

impl Span {
    /// An attribute; empty where it is not there.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// The languages that collectors speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Grpc,
    Http,
}

/// A collector; it is gone with this value.
pub struct Collector {
    port: u16,
    protocol: Protocol,
    received: Arc<Mutex<Vec<Span>>>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Collector {
    pub fn start(protocol: Protocol) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let server = thread::spawn({
            let received = Arc::clone(&received);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                let serve = async {
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    tell.send(listener.local_addr().unwrap().port()).unwrap();
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        let received = Arc::clone(&received);
                        tokio::spawn(async move {
                            match protocol {
                                Protocol::Grpc => grpc(stream, &received).await,
                                Protocol::Http => http(stream, &received).await,
                            }
                        });
                    }
                };
                runtime.block_on(async {
                    tokio::select! {
                        () = serve => {}
                        _ = stopped => {}
                    }
                });
            }
        });
        Self {
            port: told.recv().unwrap(),
            protocol,
            received,
            stop: Some(stop),
            server: Some(server),
        }
    }

    /// The flag that sends spans here, with more keys of `config` where there are any.
    pub fn flag(&self, more: &str) -> String {
        let client = match self.protocol {
            Protocol::Grpc => "grpc",
            Protocol::Http => "http",
        };
        format!(
            "--tracing.config={{type: OTLP, config: {{client_type: {client}, insecure: true, endpoint: '127.0.0.1:{}'{more}}}}}",
            self.port
        )
    }

    /// Every span that came, in the order in which they began.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = self.received.lock().unwrap().clone();
        spans.sort_by_key(|span| (span.begins, span.ends));
        spans
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// Spans as a tree: a line for each, with what `told` says of it, below its parent; those of one parent sorted by their lines.
pub fn tree(spans: &[Span], told: &dyn Fn(&Span) -> String) -> String {
    fn below(
        spans: &[Span],
        parent: &[u8],
        depth: usize,
        told: &dyn Fn(&Span) -> String,
    ) -> String {
        let mut branches: Vec<String> = spans
            .iter()
            .filter(|span| span.parent == parent)
            .map(|span| {
                let mut branch = String::new();
                writeln!(branch, "{:depth$}{}", "", told(span)).unwrap();
                branch + &below(spans, &span.id, depth + 2, told)
            })
            .collect();
        branches.sort();
        branches.concat()
    }
    below(spans, &[], 0, told)
}

/// HTTP/2 with one export a stream, each answered with an empty message.
async fn grpc(stream: TcpStream, received: &Mutex<Vec<Span>>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        assert_eq!(
            request.uri().path(),
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        );
        let mut body = request.into_body();
        let mut message = Vec::new();
        // The connection moves only when it is asked for the next stream.
        let read = async {
            while let Some(Ok(data)) = body.data().await {
                let _ = body.flow_control().release_capacity(data.len());
                message.extend_from_slice(&data);
            }
        };
        tokio::select! {
            () = read => {}
            _ = std::future::poll_fn(|context| connection.poll_closed(context)) => return,
        }
        // A byte that says whether it is compressed, and four of its length.
        assert_eq!(message[0], 0);
        take(&message[5..], received);
        let head = http::Response::builder()
            .header("content-type", "application/grpc")
            .body(())
            .unwrap();
        let mut body = respond.send_response(head, false).unwrap();
        body.send_data(Bytes::from_static(&[0; 5]), false).unwrap();
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        body.send_trailers(trailers).unwrap();
    }
}

/// HTTP/1.1 with one export a request.
async fn http(mut stream: TcpStream, received: &Mutex<Vec<Span>>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        take(&body, received);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    }
}

fn take(message: &[u8], received: &Mutex<Vec<Span>>) {
    let export = ExportTraceServiceRequest::decode(message).unwrap();
    let mut received = received.lock().unwrap();
    for resource in export.resource_spans {
        let attributes = resource.resource.unwrap_or_default().attributes;
        let service = attributes
            .iter()
            .find(|one| one.key == "service.name")
            .map(|one| text(one.value.as_ref()))
            .unwrap_or_default();
        for span in resource
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans)
        {
            received.push(Span {
                trace: span.trace_id.iter().fold(String::new(), |mut text, byte| {
                    write!(text, "{byte:02x}").unwrap();
                    text
                }),
                id: span.span_id,
                parent: span.parent_span_id,
                name: span.name,
                service: service.clone(),
                is_client: span.kind == 3,
                is_error: span
                    .status
                    .is_some_and(|status| status.code() == StatusCode::Error),
                attributes: span
                    .attributes
                    .into_iter()
                    .map(|one| (one.key, text(one.value.as_ref())))
                    .collect(),
                events: span.events.into_iter().map(|event| event.name).collect(),
                begins: span.start_time_unix_nano,
                ends: span.end_time_unix_nano,
            });
        }
    }
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}
