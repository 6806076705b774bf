//! What S3 servers, and proxies on the way to them, answer: requests end, listings are sorted or fail, and messages are plain.
//!
//! An input is what is asked for, on a line, and then answers, separated by lines of three dashes: a status, headers, an empty line, a body.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use reqwest::header::{HeaderName, HeaderValue};
use thanos_bucket::block::{BlockId, Inventory, ObjectPath};
use thanos_bucket::bucket::{Bucket, BucketConfig, Environment, Swept};
use thanos_bucket::retry::{Jitter, Policy};
use thanos_bucket::{Error, Result};
use tokio::time::Instant;

use super::corpus::texts;
use super::promise::{Promise, READ, assert_plain};

pub const PROMISES: [Promise; 1] = [Promise {
    name: "answer",
    seeds: || texts(&[MOVED]),
    tokens: XML,
    slowest: READ,
    check: answer,
}];

/// An answer that no file shows well.
const MOVED: &str = "list\n301\nlocation: https://elsewhere/\n\n";

const XML: &[&str] = &[
    "\n---\n200\n\n",
    "\n---\n503\nretry-after: 7\n\n",
    "\n---\n503\ndate: Wed, 21 Oct 2015 07:28:00 GMT\nretry-after: Wed, 21 Oct 2015 07:28:20 GMT\n\n",
    "\n---\n404\n\n",
    "list-v1\n200\n\n",
    "read\n200\n",
    "etag: \"9bb58f26192e4ba00f01e2e7b136bbd8-4\"\n",
    "content-length: 1\n",
    "content-range: bytes 0-0/1\n",
    "last-modified: Wed, 21 Oct 2015 07:28:00 GMT\n",
    "<ListBucketResult>",
    "</ListBucketResult>",
    "<Contents>",
    "</Contents>",
    "<Key>",
    "</Key>",
    "<Size>18446744073709551615</Size>",
    "<LastModified>2025-06-01T00:00:00.000Z</LastModified>",
    "<ETag>\"9bb58f26192e4ba00f01e2e7b136bbd8\"</ETag>",
    "<CommonPrefixes><Prefix>",
    "</Prefix></CommonPrefixes>",
    "<IsTruncated>true</IsTruncated>",
    "<NextContinuationToken>",
    "</NextContinuationToken>",
    "<NextMarker>",
    "</NextMarker>",
    "<Error><Code>",
    "</Code><Message>",
    "</Message></Error>",
    "<?xml version=\"1.0\"?>",
    "&amp;",
    "&#x1b;",
    "<![CDATA[",
    "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B/",
];

const ID: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";
const SECRET: &str = "a-secret-that-nobody-may-see";

/// A few tries each, of ours and of the client's; this many requests are more than any answer can bring about.
const TRIES: usize = 60;

/// Gives the answers in turn, and then none.
#[derive(Debug)]
struct Server {
    answers: Mutex<VecDeque<Vec<u8>>>,
    requests: Arc<Mutex<usize>>,
}

#[async_trait]
impl HttpService for Server {
    async fn call(&self, _: HttpRequest) -> std::result::Result<HttpResponse, HttpError> {
        *self.requests.lock().unwrap() += 1;
        let next = self.answers.lock().unwrap().pop_front();
        let read = next.and_then(|answer| response(&answer));
        read.ok_or_else(|| {
            let nothing = std::io::Error::other("no answer is left");
            HttpError::new(HttpErrorKind::Connect, nothing)
        })
    }
}

/// `None` for what no client takes for an answer.
fn response(answer: &[u8]) -> Option<HttpResponse> {
    let mut rest = answer;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.get(1..).unwrap_or_default();
        line
    };
    let status = std::str::from_utf8(line()).ok()?.parse::<u16>().ok()?;
    let mut headers = Vec::new();
    loop {
        let header = line();
        if header.is_empty() {
            break;
        }
        let colon = header.iter().position(|byte| *byte == b':')?;
        let (name, value) = header.split_at(colon);
        let name = HeaderName::from_bytes(name).ok()?;
        headers.push((name, HeaderValue::from_bytes(value[1..].trim_ascii()).ok()?));
    }
    let mut response = HttpResponse::new(HttpResponseBody::from(rest.to_vec()));
    *response.status_mut() = status.try_into().ok()?;
    response.headers_mut().extend(headers);
    Some(response)
}

/// The pieces between lines of three dashes.
fn answers(mut input: &[u8]) -> VecDeque<Vec<u8>> {
    const LINE: &[u8] = b"\n---\n";
    let mut answers = VecDeque::new();
    while let Some(at) = input.windows(LINE.len()).position(|piece| piece == LINE) {
        answers.push_back(input[..at].to_vec());
        input = &input[at + LINE.len()..];
    }
    answers.push_back(input.to_vec());
    answers
}

fn answer(input: &[u8]) {
    let (effort, outcome) = outcome(input);
    if let Err(err) = outcome {
        assert_plain(&err);
        assert!(!format!("{err:#}").contains(SECRET));
    }
    let Effort {
        requests, waited, ..
    } = effort;
    assert!(requests <= effort.answers + TRIES, "{requests} requests");
    // No server is given more than a minute for each, and our own patience is short.
    let longest = Duration::from_mins(1) + Duration::from_secs(10);
    assert!(
        waited <= longest * u32::try_from(requests).unwrap(),
        "{waited:?}"
    );
}

/// What it took to ask.
struct Effort {
    answers: usize,
    requests: usize,
    waited: Duration,
}

fn outcome(input: &[u8]) -> (Effort, Result<()>) {
    let end = input.iter().position(|byte| *byte == b'\n');
    let (asked, rest) = input.split_at(end.unwrap_or(input.len()));
    let answers = answers(rest.get(1..).unwrap_or_default());
    let mut effort = Effort {
        answers: answers.len(),
        requests: 0,
        waited: Duration::ZERO,
    };
    let requests = Arc::new(Mutex::new(0));
    let server = Server {
        answers: Mutex::new(answers),
        requests: Arc::clone(&requests),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let outcome = runtime.block_on(async {
        let version = if asked.ends_with(b"-v1") { "v1" } else { "v2" };
        let bucket = bucket(server, version).await;
        let began = Instant::now();
        let outcome = ask(&bucket, asked).await;
        effort.waited = began.elapsed();
        outcome
    });
    effort.requests = *requests.lock().unwrap();
    (effort, outcome)
}

async fn bucket(server: Server, version: &str) -> Bucket {
    let text = format!(
        "{{type: S3, config: {{bucket: hot, endpoint: h, insecure: true, access_key: a, secret_key: {SECRET}, list_objects_version: {version}}}}}"
    );
    let config = BucketConfig::parse(&text, &Environment::default()).unwrap();
    let backend = config.open_over(HttpClient::new(server)).await.unwrap();
    let retry = Policy {
        max_retries: 2,
        initial_backoff: Duration::from_secs(1),
        max_backoff: Duration::from_secs(2),
        jitter: Jitter::None,
    };
    Bucket::new(backend, retry)
}

async fn ask(bucket: &Bucket, asked: &[u8]) -> Result<()> {
    let block: BlockId = ID.parse().unwrap();
    let object = block.object("meta.json");
    let reader = bucket.reader();
    match asked {
        b"list" | b"list-v1" => {
            let listed: Vec<Swept> = reader.sweep().try_collect().await?;
            // What is left out may bear another name than the one it was sorted by.
            let as_told = listed
                .iter()
                .filter(|swept| swept.object.left_out.is_none());
            let paths: Vec<&ObjectPath> = as_told.map(|swept| &swept.path).collect();
            let with_slash = |path: &ObjectPath| format!("{path}/");
            let in_order = |pair: &[&ObjectPath]| {
                pair[0] < pair[1] || pair[0].as_str() < with_slash(pair[1]).as_str()
            };
            assert!(paths.windows(2).all(in_order), "{paths:?}");
            look_at(&listed.into_iter().map(|swept| swept.object).collect());
        }
        b"block" | b"block-v1" => look_at(&reader.list_block(block).await?),
        b"ids" | b"ids-v1" => drop(reader.list_block_ids().await?),
        b"read" => {
            let read = reader.read(&object, 1 << 10).await?;
            assert!(read.len() <= 1 << 10);
        }
        b"exists" => drop(reader.exists(&object).await?),
        b"create" => bucket.create(&object, "x".into()).await?,
        b"delete" => bucket.delete(&object).await?,
        _ => return Err(Error::usage("nothing is asked for")),
    }
    Ok(())
}

#[test]
fn real_answers_are_understood() {
    let files = super::corpus::files("tests/fuzz/corpus/answer");
    let errors: Vec<String> = files
        .iter()
        .filter_map(|file| outcome(file).1.err())
        .map(|err| format!("{err:#} {:?}", err.kind()))
        .collect();
    // Access is denied, a page is no listing, an object is not there.
    assert_eq!(errors.len(), 3, "{errors:?}");
}

/// Every object has a role, and whatever sizes there are can be summed up.
fn look_at(inventory: &Inventory) {
    let data = inventory.data().count() as u64;
    assert!(data <= inventory.block_objects());
    assert!(inventory.block_bytes() >= inventory.data().map(|o| o.size_bytes).max().unwrap_or(0));
    for (_, object) in inventory.iter() {
        assert_eq!(inventory.get(&object.name), Some(object));
    }
}
