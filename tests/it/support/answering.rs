//! A small HTTP server of our own, which remembers what it was asked and answers as a test says.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What it is answered with.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(found, _)| found == name)?;
        Some(value)
    }

    /// The members of a form, or of the query, decoded.
    pub fn member(&self, name: &str) -> Option<String> {
        let body = String::from_utf8_lossy(&self.body);
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let pairs = [query, &body].map(|text| {
            let url = reqwest::Url::parse(&format!("http://form/?{text}")).unwrap();
            let pairs = url
                .query_pairs()
                .map(|(name, value)| (name.into_owned(), value.into_owned()));
            pairs.collect::<Vec<_>>()
        });
        let (_, value) = pairs
            .concat()
            .into_iter()
            .find(|(found, _)| found == name)?;
        Some(value)
    }
}

impl Answer {
    /// A document.
    pub fn json(status: u16, document: &serde_json::Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json; charset=UTF-8".to_owned())],
            body: document.to_string().into_bytes(),
        }
    }
}

/// A server that answers until the process ends.
pub struct Answering {
    port: u16,
    seen: Arc<Mutex<Vec<Asked>>>,
}

impl Answering {
    /// Listens on a free loopback port from now on.
    pub fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<Asked>>>::default();
        let (answer, notes) = (Arc::new(answer), Arc::clone(&seen));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (answer, notes) = (Arc::clone(&answer), Arc::clone(&notes));
                thread::spawn(move || serve(&client, &*answer, &notes));
            }
        });
        Self { port, seen }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:port` with what follows.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Asked> {
        self.seen.lock().unwrap().clone()
    }
}

/// Answers all requests of a connection.
fn serve(
    client: &TcpStream,
    answer: &(dyn Fn(&Asked) -> Answer + Send + Sync),
    seen: &Mutex<Vec<Asked>>,
) {
    let mut reader = BufReader::new(client);
    while let Some(asked) = read(&mut reader) {
        seen.lock().unwrap().push(asked.clone());
        let Answer {
            status,
            headers,
            body,
        } = answer(&asked);
        let mut head = format!(
            "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let mut client = client;
        let sent = client
            .write_all(format!("{head}\r\n").as_bytes())
            .and_then(|()| client.write_all(&body));
        if sent.is_err() {
            return;
        }
    }
}

/// The next request; nothing where the connection ends before it does.
pub fn read(reader: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let (first, rest) = lines.split_first()?;
    let mut words = first.split(' ');
    let headers: Vec<(String, String)> = rest
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, length)| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        headers,
        body,
    })
}
