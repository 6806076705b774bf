//! A service that gives credentials, played on a loopback port: it is told what it is asked, and asked what it says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What it is asked.
#[derive(Debug, Clone)]
pub struct Question {
    pub method: String,
    /// Path and query.
    pub path: String,
    head: String,
    pub body: String,
}

impl Question {
    /// The value of a header, whose name is given in lower case; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(found, _)| found.to_ascii_lowercase() == name);
        found.map_or("", |(_, value)| value.trim())
    }
}

/// A running service, stopped when dropped.
pub struct CredentialService {
    port: u16,
    asked: Arc<Mutex<Vec<Question>>>,
    is_over: Arc<AtomicBool>,
}

impl CredentialService {
    /// What `answer` says of a question and of how many came before it, as a status and a body.
    pub fn start(
        answer: impl Fn(&Question, usize) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (questions, over) = (Arc::clone(&asked), Arc::clone(&is_over));
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                // Whoever goes away has no question.
                let _ = converse(stream, &answer, &questions);
            }
        });
        Self {
            port,
            asked,
            is_over,
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for CredentialService {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// How long a machine's session lasts, which its service tells; others do not look at it.
const SESSION: &str = "X-aws-ec2-metadata-token-ttl-seconds: 21600";

/// One question for each connection.
fn converse(
    mut stream: TcpStream,
    answer: &impl Fn(&Question, usize) -> (u16, String),
    asked: &Mutex<Vec<Question>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let mut words = head.split(' ').map(str::to_owned);
    let mut question = Question {
        method: words.next().unwrap(),
        path: words.next().unwrap(),
        head: head.clone(),
        body: String::new(),
    };
    let length = question.header("content-length").parse().unwrap_or(0);
    reader.take(length).read_to_string(&mut question.body)?;
    let number = {
        let mut asked = asked.lock().unwrap();
        asked.push(question.clone());
        asked.len() - 1
    };
    let (status, body) = answer(&question, number);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n{SESSION}\r\n\r\n{body}"
    )
}
