//! A proxy between an HTTP client and a loopback server: it counts requests, keeps a distance, and lets things go wrong.
//! Requests pass unchanged, so signatures stay valid, unless one is told that a name stands for another.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, copy, sink,
};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::sleep;

pub use super::message::Answer;
use super::message::{Body, Overheard, read_head};

/// One request that came along.
#[derive(Debug, Clone)]
pub struct Request {
    /// How many came before it.
    pub number: usize,
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Its head as it came: names and values may be secret.
    pub head: String,
    /// When its head had come.
    pub at: Instant,
}

impl Request {
    /// Whether it has this method and a path that contains this text.
    pub fn is(&self, method: &str, part_of_path: &str) -> bool {
        self.method == method && self.path.contains(part_of_path)
    }

    /// Whether it asks for a page of a listing of that bucket.
    pub fn lists(&self, bucket: &str) -> bool {
        self.is("GET", bucket) && self.path.contains("list-type=2")
    }

    /// The value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(found, _)| found.to_ascii_lowercase() == name)?;
        Some(value.trim())
    }
}

/// What happens to a request.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Nothing: it passes.
    None,
    /// It does not reach the server; this status and body are the answer.
    Answer(u16, &'static str),
    /// It does not reach the server; the answer has this status, this header line, and no body.
    AnswerHead(u16, &'static str),
    /// It does not reach the server; the answer has this status, and a body that does not end before the client has enough. A part of an
    /// object is answered with that part, and more.
    Endless(u16),
    /// It does not reach the server; the connection is reset.
    Reset,
    /// It does not reach the server, and nothing ever comes back.
    Stall,
    /// The connection is reset after so many bytes of its body.
    ResetRequest(u64),
    /// Its body takes so long, in many steps.
    SlowRequest(Duration),
    /// Another byte comes in the middle of its body.
    DamageRequest,
    /// The server acts; instead of its answer the connection is reset.
    LoseAnswer,
    /// The server acts; its answer ends after so many bytes of the body.
    CutAnswer(u64),
    /// The same, with a reset.
    ResetAnswer(u64),
    /// The server acts; its answer stands still after so many bytes of the body.
    StallAnswer(u64),
    /// The server acts; the body of its answer takes so long, in many steps.
    SlowAnswer(Duration),
}

type Edit = dyn Fn(&Request, &mut Answer) + Send + Sync;

/// A proxy to be.
pub struct Line {
    upstream: u16,
    round_trip: Duration,
    fault: Box<dyn Fn(&Request) -> Fault + Send + Sync>,
    answered: Box<dyn Fn(&Request) + Send + Sync>,
    edit: Option<Box<Edit>>,
    alias: Option<[String; 2]>,
    seen: Mutex<Vec<Request>>,
    longest: AtomicU64,
    /// What was sent, and what was answered, where that is noted.
    notes: Option<[Mutex<Vec<u8>>; 2]>,
}

impl Line {
    /// To a loopback port, with no distance and no faults.
    pub fn to(upstream: u16) -> Self {
        Self {
            upstream,
            round_trip: Duration::ZERO,
            fault: Box::new(|_| Fault::None),
            answered: Box::new(|_| ()),
            edit: None,
            alias: None,
            seen: Mutex::default(),
            longest: AtomicU64::new(0),
            notes: None,
        }
    }

    /// A request takes so long to and fro, and a new connection once more.
    pub fn round_trip(mut self, round_trip: Duration) -> Self {
        self.round_trip = round_trip;
        self
    }

    /// What happens to each request.
    pub fn fault(mut self, fault: impl Fn(&Request) -> Fault + Send + Sync + 'static) -> Self {
        self.fault = Box::new(fault);
        self
    }

    /// One of four requests meets it: those whose number leaves this remainder.
    pub fn one_of_four(self, remainder: usize, fault: Fault) -> Self {
        self.fault(move |request| {
            if request.number % 4 == remainder {
                fault
            } else {
                Fault::None
            }
        })
    }

    /// Requests of that method, with that in their path, are never answered.
    pub fn stall(self, method: &'static str, part_of_path: &'static str) -> Self {
        self.fault(move |request| {
            if request.is(method, part_of_path) {
                Fault::Stall
            } else {
                Fault::None
            }
        })
    }

    /// Called once the server has acted on a request, before its answer is passed on.
    pub fn answered(mut self, answered: impl Fn(&Request) + Send + Sync + 'static) -> Self {
        self.answered = Box::new(answered);
        self
    }

    /// Changes each answer that is passed on whole. One that says so goes out in chunks.
    pub fn edit(mut self, edit: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> Self {
        self.edit = Some(Box::new(edit));
        self
    }

    /// Requests for the one name go to the server as requests for the other.
    pub fn alias(mut self, name: &str, of: &str) -> Self {
        self.alias = Some([name.to_owned(), of.to_owned()]);
        self
    }

    /// What the server gets of that head.
    fn forwarded(&self, head: Vec<u8>) -> Vec<u8> {
        let Some([name, of]) = &self.alias else {
            return head;
        };
        let text = String::from_utf8(head).unwrap();
        let (first, rest) = text.split_once("\r\n").unwrap();
        format!("{}\r\n{rest}", first.replace(name, of)).into_bytes()
    }

    /// Notes all that passes, for [`Proxy::overheard`].
    pub fn noting(mut self) -> Self {
        self.notes = Some(Default::default());
        self
    }

    /// Listens on a free loopback port from now on.
    pub fn open(self) -> Proxy {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::new(self);
        let accepting = Arc::clone(&line);
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, Arc::clone(&accepting)));
            }
        });
        Proxy {
            runtime: Some(runtime),
            line,
            port,
        }
    }

    fn one_way(&self) -> Duration {
        self.round_trip / 2
    }

    /// Writes for as long as the client reads, and notes how much that was.
    async fn pour(
        &self,
        request: &Request,
        status: u16,
        client: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        const ENOUGH: u64 = 256 << 20;
        let piece = vec![b'a'; 64 << 10];
        let range = request.header("range").map(|range| {
            let range = range.trim_start_matches("bytes=");
            let end: u64 = range.split('-').nth(1).unwrap().parse().unwrap();
            let size = end + 1;
            format!("Content-Range: bytes {range}/{size}\r\nContent-Length: {ENOUGH}\r\n")
        });
        let range = range.unwrap_or_default();
        let head = format!("HTTP/1.1 {status} Endless\r\n{range}Connection: close\r\n\r\n");
        client.write_all(head.as_bytes()).await?;
        let mut poured = 0;
        while poured < ENOUGH {
            client.write_all(&piece).await?;
            poured += piece.len() as u64;
            self.longest.fetch_max(poured, Ordering::SeqCst);
        }
        Ok(())
    }

    fn note(&self, head: &[u8]) -> Request {
        let text = String::from_utf8_lossy(head);
        let mut words = text.split(' ').map(str::to_owned);
        let mut seen = self.seen.lock().unwrap();
        let request = Request {
            number: seen.len(),
            method: words.next().unwrap(),
            path: words.next().unwrap(),
            head: text.to_string(),
            at: Instant::now(),
        };
        seen.push(request.clone());
        request
    }
}

/// A proxy that listens until it is dropped.
pub struct Proxy {
    runtime: Option<Runtime>,
    line: Arc<Line>,
    port: u16,
}

impl Proxy {
    /// The loopback port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The requests that came so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.line.seen.lock().unwrap().clone()
    }

    /// Returns once such a request has come.
    pub fn wait_for(&self, method: &str, part_of_path: &str) {
        let has_come = |request: &Request| request.is(method, part_of_path);
        while !self.requests().iter().any(has_come) {
            std::thread::yield_now();
        }
    }

    /// What was sent and what was answered since the last such question, byte for byte, where it is noted.
    pub fn overheard(&self) -> [Vec<u8>; 2] {
        let notes = self.line.notes.as_ref().unwrap();
        notes
            .each_ref()
            .map(|notes| std::mem::take(&mut *notes.lock().unwrap()))
    }

    /// How many bytes a client took at most of an endless answer, those on their way included.
    pub fn longest(&self) -> u64 {
        self.line.longest.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// How a connection ends.
enum End {
    Close,
    Reset,
}

async fn connection(mut client: TcpStream, line: Arc<Line>) -> io::Result<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, line.upstream)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let end = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let notes = |number: usize| line.notes.as_ref().map(|notes| &notes[number]);
        let from_client = BufReader::new(Overheard {
            from: from_client,
            notes: notes(0),
        });
        let from_server = BufReader::new(Overheard {
            from: from_server,
            notes: notes(1),
        });
        let (sent, awaited) = mpsc::unbounded_channel();
        tokio::select! {
            end = requests(&line, from_client, to_server, sent) => end?,
            end = answers(&line, from_server, to_client, awaited) => end?,
        }
    };
    if matches!(end, End::Reset) {
        client.set_zero_linger()?;
    }
    Ok(())
}

async fn requests(
    line: &Line,
    mut client: impl AsyncBufRead + Unpin,
    mut server: impl AsyncWrite + Unpin,
    sent: mpsc::UnboundedSender<(Request, Fault)>,
) -> io::Result<End> {
    sleep(line.round_trip).await;
    while let Some(head) = read_head(&mut client).await? {
        let request = line.note(&head);
        let fault = (line.fault)(&request);
        let body = Body::of(&head).unwrap_or(Body::Length(0));
        let head = line.forwarded(head);
        match fault {
            Fault::Reset => return Ok(End::Reset),
            Fault::Stall => return std::future::pending().await,
            Fault::Answer(..) | Fault::AnswerHead(..) | Fault::Endless(..) => {
                body.copy(&mut client, &mut sink()).await?;
                let _ = sent.send((request, fault));
            }
            Fault::ResetRequest(length) => {
                server.write_all(&head).await?;
                copy(&mut (&mut client).take(length), &mut server).await?;
                return Ok(End::Reset);
            }
            Fault::SlowRequest(time) => {
                let _ = sent.send((request, fault));
                server.write_all(&head).await?;
                body.trickle(&mut client, &mut server, time).await?;
            }
            Fault::DamageRequest => {
                let _ = sent.send((request, fault));
                server.write_all(&head).await?;
                body.damage(&mut client, &mut server).await?;
            }
            _ => {
                sleep(line.one_way()).await;
                let _ = sent.send((request, fault));
                server.write_all(&head).await?;
                body.copy(&mut client, &mut server).await?;
            }
        }
    }
    Ok(End::Close)
}

async fn answers(
    line: &Line,
    mut server: impl AsyncBufRead + Unpin,
    mut client: impl AsyncWrite + Unpin,
    mut awaited: mpsc::UnboundedReceiver<(Request, Fault)>,
) -> io::Result<End> {
    loop {
        let next = tokio::select! {
            biased;
            next = awaited.recv() => next,
            // A server that closes an idle connection has nothing more to say.
            _ = server.fill_buf() => None,
        };
        let Some((request, fault)) = next else {
            return Ok(End::Close);
        };
        let own = match fault {
            Fault::Answer(status, body) => Some((status, "X-Injected: yes", body)),
            Fault::AnswerHead(status, header) => Some((status, header, "")),
            _ => None,
        };
        if let Some((status, header, body)) = own {
            sleep(line.round_trip).await;
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} Injected\r\n{header}\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            client.write_all(answer.as_bytes()).await?;
            if request.method != "HEAD" {
                client.write_all(body.as_bytes()).await?;
            }
            return Ok(End::Close);
        }
        if let Fault::Endless(status) = fault {
            line.pour(&request, status, &mut client).await?;
            return Ok(End::Close);
        }
        let head = loop {
            let Some(head) = read_head(&mut server).await? else {
                return Ok(End::Close);
            };
            if head.get(9) != Some(&b'1') {
                break head;
            }
            client.write_all(&head).await?;
        };
        (line.answered)(&request);
        if matches!(fault, Fault::LoseAnswer) {
            return Ok(End::Reset);
        }
        sleep(line.one_way()).await;
        let status = head.get(9..12).unwrap_or_default();
        let body = if request.method == "HEAD" || status == b"204" || status == b"304" {
            Body::Length(0)
        } else {
            Body::of(&head).unwrap_or(Body::UntilClose)
        };
        if let (Some(edit), Body::Length(length), "GET" | "HEAD" | "PUT" | "POST") =
            (&line.edit, body, request.method.as_str())
        {
            let mut answer = Answer::of(&head, &request.method);
            (&mut server)
                .take(length)
                .read_to_end(&mut answer.body)
                .await?;
            edit(&request, &mut answer);
            client.write_all(&answer.bytes()).await?;
            continue;
        }
        client.write_all(&head).await?;
        match fault {
            Fault::CutAnswer(length) | Fault::ResetAnswer(length) | Fault::StallAnswer(length) => {
                copy(&mut server.take(length), &mut client).await?;
                // What was written is to arrive before the reset does.
                sleep(Duration::from_millis(20)).await;
                match fault {
                    Fault::StallAnswer(_) => return std::future::pending().await,
                    Fault::ResetAnswer(_) => return Ok(End::Reset),
                    _ => return Ok(End::Close),
                }
            }
            Fault::SlowAnswer(time) => body.trickle(&mut server, &mut client, time).await?,
            _ => body.copy(&mut server, &mut client).await?,
        }
    }
}
