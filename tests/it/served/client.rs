//! A board with something on it, a server of it, and somebody who asks.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use tempfile::TempDir;
use thanos_bucket::audit::{Event, Hearer, Subject};
use thanos_bucket::block::BlockId;
use thanos_bucket::board::{
    Attention, Board, Deed, Figures, Pending, RuleOutline, Run, Seen, Stood,
};
use thanos_bucket::exit::Exit;
use thanos_bucket::outcome::{BlockEnding, MarkState, Outcome};
use thanos_bucket::plan::Reason;
use thanos_bucket::progress::Progress;
use thanos_bucket::serve::{Server, Settings, Token};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

pub const TOKEN: &str = "a-long-token-of-tests";

pub fn id(number: u8) -> BlockId {
    format!("01J9ZK3M7Q8T5V6W7X8Y9Z0A{number:02}")
        .parse()
        .unwrap()
}

/// A quarter past noon.
pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 6, 1, 12, 15, 0).unwrap()
}

/// A board at noon, with two rules; nothing has happened yet.
pub fn board() -> Board {
    let board = Board::new(Arc::new(noon));
    board.policy_taken(vec![
        outline("old", Some(1 << 40)),
        outline("<b>\"|`&\u{202e}\n", None),
    ]);
    board
}

pub fn outline(name: &str, hot_bytes_limit: Option<u64>) -> RuleOutline {
    RuleOutline {
        name: name.to_owned(),
        source: "s3://minio:9000/hot".to_owned(),
        target: "s3://minio:9000/cold".to_owned(),
        hot_bytes_limit,
    }
}

/// A run of the rule `old` begins; what happens in it is told to what is handed back.
pub fn begin(board: &Board, deed: Deed, order: Option<&str>) -> Hearer {
    let progress = Arc::new(Progress::default());
    progress.start(4, 4000, None);
    board.run_begins(Run {
        rule: "old".to_owned(),
        deed,
        order: order.map(str::to_owned),
        progress,
    })
}

pub fn outcome(ending: BlockEnding, mark: MarkState) -> Outcome {
    Outcome {
        mark,
        objects_put: 3,
        bytes_sent: 1000,
        elapsed: Duration::from_secs(2),
        ..Outcome::untouched(ending, None)
    }
}

/// How a run ends of which some blocks need a person.
pub fn figures() -> Figures {
    Figures {
        exit: Exit::Attention,
        stopped_by: None,
        seen: Some(Seen {
            pending: Pending {
                blocks: 2,
                bytes: 2000,
                oldest: Some(noon()),
            },
            concerns: BTreeMap::from([("failed", 2)]),
            attention: vec![Attention {
                block: id(3),
                concern: "failed",
                detail: Some("read <script>index</script>".to_owned()),
                what_to_do: "mend the cause, and run it again".to_owned(),
            }],
            stood: vec![
                (id(3), Stood::Selected(Some(BlockEnding::Failed))),
                (id(5), Stood::LeftOut(Reason::TimeExcluded)),
                (id(6), Stood::LeftOut(Reason::MarkedForDeletion)),
            ],
        }),
    }
}

/// A board on which a cycle has ended that moved one block, failed at two, and has one in hand again.
pub fn filled() -> Board {
    let board = board();
    board.cycle_begins();
    let tell = begin(&board, Deed::Migrate, None);
    let run = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
    let planned = Event::Planned {
        blocks: 4,
        size_bytes: 4000,
        bytes_to_put: 4000,
        excluded: BTreeMap::new(),
    };
    tell(run, noon(), &planned);
    tell(run, noon(), &Event::Started(Subject::Block(id(1))));
    tell(run, noon(), &Event::Marked(id(1)));
    let moved = outcome(BlockEnding::Migrated, MarkState::Written);
    tell(run, noon(), &Event::Moved(id(1), &moved));
    for number in [2, 3] {
        let failed = outcome(BlockEnding::Failed, MarkState::Absent);
        tell(run, noon(), &Event::Moved(id(number), &failed));
    }
    board.hot("old", 1 << 39);
    board.run_ends(figures());
    board.cycle_ends(Duration::from_secs(75));
    board.next_cycle(noon());
    let tell = begin(&board, Deed::Migrate, None);
    tell(run, noon(), &Event::Started(Subject::Block(id(4))));
    board
}

/// A server that ends with this value.
pub struct Served {
    pub address: SocketAddr,
    pub token_file: PathBuf,
    ended: CancellationToken,
    server: Option<tokio::task::JoinHandle<()>>,
    runtime: Runtime,
    _folder: TempDir,
}

impl Served {
    /// Of that board, with an API.
    pub fn new(board: &Board) -> Self {
        Self::at(board, "127.0.0.1:0", true)
    }

    pub fn at(board: &Board, address: &str, with_api: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token_file = folder.path().join("token");
        std::fs::write(&token_file, format!("{TOKEN}\n")).unwrap();
        let runtime = Runtime::new().unwrap();
        let settings = Settings {
            address: address.parse().unwrap(),
            token: with_api.then(|| Token::in_file(token_file.clone()).unwrap()),
        };
        let server = runtime.block_on(Server::bind(settings)).unwrap();
        let address = server.address();
        let ended = CancellationToken::new();
        let end = ended.clone().cancelled_owned();
        let server = runtime.spawn(server.run(board.clone(), end));
        Self {
            address,
            token_file,
            ended,
            server: Some(server),
            runtime,
            _folder: folder,
        }
    }

    /// The server is told to end, and has ended when this is done.
    pub fn end(&mut self) {
        self.ended.cancel();
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server).unwrap();
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    /// With the token.
    pub fn api(&self, method: &str, path: &str, body: &str) -> Answer {
        let header = format!("Authorization: Bearer {TOKEN}");
        self.ask(method, path, &[&header], body)
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = self.connect();
        request(&mut stream, method, path, headers, body);
        Answer::read(&mut stream)
    }

    pub fn send(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        Answer::read(&mut stream)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        let patience = Some(Duration::from_secs(30));
        stream.set_read_timeout(patience).unwrap();
        stream
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

/// Sends a request.
pub fn request(stream: &mut TcpStream, method: &str, path: &str, headers: &[&str], body: &str) {
    let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|header| header.starts_with("Host:")) {
        text += "Host: localhost\r\n";
    }
    for header in headers {
        text.extend([header, "\r\n"]);
    }
    write!(stream, "{text}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn read(stream: &mut TcpStream) -> Self {
        let mut answer = Vec::new();
        // What was not read of a request breaks the connection behind the answer.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}
