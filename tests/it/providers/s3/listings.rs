//! Listings of a server that holds names as no file system could, page by page, in both versions.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use reqwest::Url;
use thanos_bucket::block::{BlockId, ObjectPath};
use thanos_bucket::bucket::{Bucket, BucketConfig, Environment, Swept};
use thanos_bucket::retry::{Jitter, Policy};

const BLOCK: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

/// Names that are left alone, outside a block and inside.
const ODD: [&str; 16] = [
    "/",
    "/a",
    "//",
    "a//b",
    "a/./b",
    "a/../b",
    "./a",
    "../a",
    "..",
    "a\nb",
    "a\u{1}",
    "a\u{7f}b",
    "a\tb\rc",
    "trailing//",
    "full/",
    "z//",
];

/// Names like any other.
const PLAIN: [&str; 9] = [
    "a",
    "a%2Fb",
    "a b+c",
    "100%",
    "%41~[]{}#?*&<>\"'",
    "\u{e9}/\u{6f22}",
    "...",
    "marker/",
    "\u{fffd}",
];

/// How a server spells its pages.
#[derive(Debug, Clone, Copy)]
struct Dialect {
    page: usize,
    /// Whether names are escaped when that is asked for.
    escapes: bool,
    /// Whether it says that a page is the last one.
    says_the_end: bool,
    /// Every request of so many fails in passing.
    fails: usize,
}

/// A server with these names and nothing in them, but for those that a slash ends.
#[derive(Debug)]
struct Server {
    names: Vec<String>,
    dialect: Dialect,
    requests: Mutex<usize>,
}

impl Server {
    fn page(&self, url: &Url) -> String {
        let asked = |name: &str| {
            let pair = url.query_pairs().find(|(key, _)| key == name);
            pair.map(|(_, value)| value.into_owned())
        };
        let prefix = asked("prefix").unwrap_or_default();
        let is_second = asked("list-type").is_some();
        let token =
            asked("continuation-token").map(|token| token.trim_start_matches("after ").to_owned());
        let after = token.or(asked("start-after")).or(asked("marker"));
        let mut names = self.names.iter().filter(|name| {
            name.starts_with(&prefix) && after.as_ref().is_none_or(|after| *name > after)
        });
        let shown: Vec<&String> = names.by_ref().take(self.dialect.page).collect();
        let is_last = names.next().is_none();
        let escapes = self.dialect.escapes && asked("encoding-type").is_some();
        let spelled = |name: &str| {
            if escapes {
                name.bytes()
                    .fold(String::new(), |text, byte| format!("{text}%{byte:02x}"))
            } else {
                by_numbers(name)
            }
        };
        let mut page = vec!["<ListBucketResult>".to_owned()];
        if escapes {
            page.push("<EncodingType>url</EncodingType>".to_owned());
        }
        for name in &shown {
            let size = if name.ends_with("full/") { 5 } else { 0 };
            let name = spelled(name);
            page.push(format!(
                "<Contents><Key>{name}</Key><Size>{size}</Size></Contents>"
            ));
        }
        if self.dialect.says_the_end {
            page.push(format!("<IsTruncated>{}</IsTruncated>", !is_last));
            if is_second && !is_last {
                // A token is never escaped.
                let token = by_numbers(shown.last().unwrap());
                page.push(format!(
                    "<NextContinuationToken>after {token}</NextContinuationToken>"
                ));
            }
        }
        page.concat() + "</ListBucketResult>"
    }
}

/// Each letter as XML can spell any.
fn by_numbers(name: &str) -> String {
    name.chars().fold(String::new(), |text, letter| {
        format!("{text}&#{};", u32::from(letter))
    })
}

#[async_trait]
impl HttpService for Server {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let number = {
            let mut requests = self.requests.lock().unwrap();
            *requests += 1;
            *requests
        };
        if self.dialect.fails > 0 && number % self.dialect.fails == 0 {
            let broken = std::io::Error::other("it breaks");
            return Err(HttpError::new(HttpErrorKind::Connect, broken));
        }
        let page = self.page(&Url::parse(&request.uri().to_string()).unwrap());
        Ok(HttpResponse::new(HttpResponseBody::from(page)))
    }
}

async fn open(server: impl HttpService, version: &str) -> Bucket {
    let text = format!(
        "{{type: S3, config: {{bucket: bucket, endpoint: h, insecure: true, access_key: a, secret_key: b, max_retries: 1, list_objects_version: {version}}}}}"
    );
    let config = BucketConfig::parse(&text, &Environment::default()).unwrap();
    let backend = config.open_over(HttpClient::new(server)).await.unwrap();
    let retry = Policy {
        max_retries: 3,
        initial_backoff: Duration::from_millis(1),
        max_backoff: Duration::from_millis(1),
        jitter: Jitter::None,
    };
    Bucket::new(backend, retry)
}

fn dialects() -> impl Iterator<Item = (Dialect, &'static str)> {
    let pages = [1, 2, 3, 1000].into_iter();
    let flags = pages.flat_map(|page| [(page, true), (page, false)]);
    let all = flags.flat_map(|(page, escapes)| {
        [(true, 0), (false, 0), (true, 3)].map(|(says_the_end, fails)| Dialect {
            page,
            escapes,
            says_the_end,
            fails,
        })
    });
    all.flat_map(|dialect| ["v1", "v2"].map(|version| (dialect, version)))
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// S-1.1, S-4.9: whatever the last name of a page is, and wherever a page fails.
#[tokio::test]
async fn every_name_is_listed_once_and_as_it_is() {
    let names = sorted(ODD.into_iter().chain(PLAIN).map(str::to_owned));
    for (dialect, version) in dialects() {
        let server = Server {
            names: names.clone(),
            dialect,
            requests: Mutex::new(0),
        };
        let bucket = open(server, version).await;
        let listed: Vec<Swept> = bucket
            .reader()
            .sweep()
            .try_collect()
            .await
            .unwrap_or_else(|err| panic!("{version} {dialect:?}: {err:?}"));
        let found: Vec<&str> = listed.iter().map(|swept| swept.path.as_str()).collect();
        assert_eq!(found, names, "{version} {dialect:?}");
        for Swept { path, object, .. } in &listed {
            // Without escapes nobody knows whether the letter of doubt stands for itself.
            let is_doubtful = path.as_str() == "\u{fffd}" && !dialect.escapes;
            let is_odd = ODD.contains(&path.as_str()) || is_doubtful;
            assert_eq!(object.left_out.is_some(), is_odd, "{path:?} {dialect:?}");
        }
    }
}

/// S-4.5: inside a block they are left out, and show.
#[tokio::test]
async fn odd_names_of_a_block_are_known_to_be_there() {
    let block: BlockId = BLOCK.parse().unwrap();
    let inside = ODD
        .into_iter()
        .chain(PLAIN)
        .map(|name| format!("{BLOCK}/{name}"));
    // What only begins like the block's directory is not in it.
    let beside = [
        format!("{BLOCK}-/index"),
        format!("{BLOCK}x"),
        "zzz".to_owned(),
    ];
    let names = sorted(inside.chain(beside));
    for (dialect, version) in dialects() {
        let server = Server {
            names: names.clone(),
            dialect,
            requests: Mutex::new(0),
        };
        let listed = open(server, version)
            .await
            .reader()
            .list_block(block)
            .await
            .unwrap();
        let doubtful = usize::from(!dialect.escapes);
        assert_eq!(listed.left_out().count(), ODD.len() + doubtful);
        assert_eq!(listed.iter().count(), PLAIN.len() - doubtful);
    }
}

/// Answers `HEAD` without a word, and `GET` with this status and body.
#[derive(Debug)]
struct Mute(u16, &'static str);

#[async_trait]
impl HttpService for Mute {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (status, body) = match request.method().as_str() {
            "HEAD" => (404, ""),
            _ => (self.0, self.1),
        };
        let mut answer = HttpResponse::new(HttpResponseBody::from(body.to_owned()));
        *answer.status_mut() = status.try_into().unwrap();
        Ok(answer)
    }
}

/// S-6.14: the answer to `HEAD` says nothing, so `GET` is asked.
#[tokio::test]
async fn the_head_of_a_refusal_is_not_believed() {
    const GONE: &str = "<Error><Code>NoSuchKey</Code></Error>";
    let (absent, there, unknown) = (Some(false), Some(true), None);
    for (status, body, expected) in [
        (404, GONE, absent),
        (200, "{}", there),
        (404, "default backend - 404", unknown),
        (403, "<Error><Code>AccessDenied</Code></Error>", unknown),
    ] {
        let bucket = open(Mute(status, body), "v2").await;
        let path = ObjectPath::new("a");
        let exists = bucket.reader().exists(&path).await.ok();
        assert_eq!(exists, expected, "{status} {body}");
    }
}
