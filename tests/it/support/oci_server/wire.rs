//! Requests and answers, on the wire and within TLS behind a `CONNECT`, which is how a client comes whose address is none of ours.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rcgen::CertifiedKey;
use serde_json::Value;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What it is answered with.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(found, _)| found == name)?;
        Some(value)
    }

    /// What stands between the slashes of the path, decoded.
    pub fn names(&self) -> Vec<String> {
        let path = self.target.split('?').next().unwrap();
        path.split('/').skip(1).map(decoded).collect()
    }

    /// A parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut found = pairs.filter(|(found, _)| *found == name);
        found.next().map(|(_, value)| decoded(value))
    }
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// A document.
    pub fn json(document: &Value) -> Self {
        let body = document.to_string().into_bytes();
        Self::status(200)
            .with("content-type", "application/json")
            .of(body)
    }

    /// A refusal, as the service puts it.
    pub fn refusal(status: u16, code: &str, message: &str) -> Self {
        let document = serde_json::json!({"code": code, "message": message});
        Self {
            status,
            ..Self::json(&document)
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn of(self, body: Vec<u8>) -> Self {
        Self { body, ..self }
    }
}

/// Without what is percent-encoded.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Answers whoever comes, until the process ends.
pub fn serve(listener: TcpListener, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) {
    let answer = Arc::new(answer);
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let config = Arc::new(tls(&own));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (answer, config) = (Arc::clone(&answer), Arc::clone(&config));
            thread::spawn(move || {
                let _ = client.set_nodelay(true);
                let mut plain = BufReader::new(client);
                if let Ended::Connects = converse(&mut plain, &*answer) {
                    let connection = ServerConnection::new(config).unwrap();
                    let secured = StreamOwned::new(connection, plain.into_inner());
                    converse(&mut BufReader::new(secured), &*answer);
                }
            });
        }
    });
}

fn tls(own: &CertifiedKey<rcgen::KeyPair>) -> ServerConfig {
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap()
}

/// How a conversation ended.
enum Ended {
    Gone,
    /// Who asks wants to be connected with whoever it names, and that are we.
    Connects,
}

/// Answers all requests of a connection.
fn converse<S: Read + Write>(
    stream: &mut BufReader<S>,
    answer: &(dyn Fn(&Asked) -> Answer + Send + Sync),
) -> Ended {
    while let Some(asked) = read(stream) {
        if asked.method == "CONNECT" {
            let said = stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            return match said {
                Ok(()) => Ended::Connects,
                Err(_) => Ended::Gone,
            };
        }
        let Answer {
            status,
            headers,
            body,
        } = answer(&asked);
        let now = chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT");
        let mut head = format!("HTTP/1.1 {status} Said\r\ndate: {now}\r\n");
        let tells_length = headers.iter().any(|(name, _)| name == "content-length");
        if !tells_length && status != 204 {
            write!(head, "content-length: {}\r\n", body.len()).unwrap();
        }
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head += "\r\n";
        let body: &[u8] = if asked.method == "HEAD" { &[] } else { &body };
        let stream = stream.get_mut();
        let sent = stream.write_all(&[head.as_bytes(), body].concat());
        if sent.and_then(|()| stream.flush()).is_err() {
            return Ended::Gone;
        }
    }
    Ended::Gone
}

fn read<S: Read + Write>(stream: &mut BufReader<S>) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" if lines.is_empty() => {}
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let (first, rest) = lines.split_first()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, String)> = rest
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut asked = Asked {
        method,
        target,
        headers,
        body: Vec::new(),
    };
    if asked
        .header("expect")
        .is_some_and(|it| it.eq_ignore_ascii_case("100-continue"))
    {
        stream
            .get_mut()
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .ok()?;
        stream.get_mut().flush().ok()?;
    }
    if asked.header("transfer-encoding").is_some() {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).ok()?;
            let length = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut piece = vec![0; length + 2];
            stream.read_exact(&mut piece).ok()?;
            if length == 0 {
                break;
            }
            asked.body.extend(&piece[..length]);
        }
    } else {
        let length = asked.header("content-length").unwrap_or("0");
        asked.body = vec![0; length.parse().ok()?];
        stream.read_exact(&mut asked.body).ok()?;
    }
    Some(asked)
}
