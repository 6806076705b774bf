//! How often tokens are asked for, and whose time that is: on a wire of ours, and a clock that stands still unless somebody waits.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use object_store::ObjectStoreExt;
use object_store::client::{
    HttpClient, HttpError, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use object_store::path::Path;
use serde_json::json;
use thanos_bucket::bucket::{Backend, BucketConfig, Environment};

/// Whoever gives tokens, and the container.
#[derive(Default)]
struct Played {
    /// What a token is given with.
    token: serde_json::Value,
    token_takes: Duration,
    read_takes: Duration,
    probes: AtomicUsize,
    tokens: AtomicUsize,
    reads: AtomicUsize,
}

#[derive(Clone)]
struct Wire(Arc<Played>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: String) -> HttpResponse {
    let mut answer = HttpResponse::new(HttpResponseBody::from(body));
    *answer.status_mut() = status.try_into().unwrap();
    for (name, value) in headers {
        answer.headers_mut().insert(*name, value.parse().unwrap());
    }
    answer
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let Played {
            token,
            token_takes,
            read_takes,
            probes,
            tokens,
            reads,
        } = &*self.0;
        let url = request.uri().to_string();
        if url.contains("blob.core.windows.net") {
            reads.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(*read_takes).await;
            let headers = [
                ("x-ms-request-id", "1"),
                ("etag", "\"1\""),
                ("content-length", "1"),
                ("last-modified", "Fri, 27 Nov 2026 08:00:00 GMT"),
            ];
            return Ok(answer(200, &headers, "a".to_owned()));
        }
        if !url.contains("resource=") {
            probes.fetch_add(1, Ordering::SeqCst);
            return Ok(answer(400, &[], String::new()));
        }
        tokens.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(*token_takes).await;
        Ok(answer(200, &[], token.to_string()))
    }
}

impl Played {
    async fn open(self, more: &str, variables: &[(&str, &str)]) -> (Arc<Self>, Backend) {
        let text =
            format!("{{type: AZURE, config: {{storage_account: acc, container: cold, {more}}}}}");
        let variables = variables.iter();
        let environment: Environment = variables
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let config = BucketConfig::parse(&text, &environment).unwrap();
        let played = Arc::new(self);
        let wire = HttpClient::new(Wire(Arc::clone(&played)));
        let backend = config.open_over(wire).await.unwrap();
        (played, backend)
    }
}

/// Reads an object so many times, all at once.
async fn read(backend: &Backend, times: usize) {
    let key = Path::from("a");
    let reads = (0..times).map(|_| async {
        let got = backend.store.get(&key).await.unwrap();
        assert_eq!(got.bytes().await.unwrap(), "a");
    });
    join_all(reads).await;
}

const SERVICE: [(&str, &str); 2] = [
    ("IDENTITY_ENDPOINT", "http://localhost:1/token"),
    ("IDENTITY_HEADER", "header"),
];

/// S-3.24: what is there once is there.
#[tokio::test(start_paused = true)]
async fn the_machines_metadata_are_looked_for_once() {
    let played = Played {
        // Of no use a moment later.
        token: json!({"access_token": "t", "expires_in": "0"}),
        ..Played::default()
    };
    let (played, backend) = played.open("", &[]).await;
    for _ in 0..5 {
        read(&backend, 1).await;
    }
    assert_eq!(played.tokens.load(Ordering::SeqCst), 6);
    assert_eq!(played.probes.load(Ordering::SeqCst), 1);
}

/// S-3.24: where the time here is later than a token ends, or the service has another time than the token's end.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_ahead_does_not_have_a_token_asked_for_with_every_request() {
    for end in [json!("1000000"), json!(1_000_000)] {
        let played = Played {
            token: json!({"access_token": "t", "expires_on": end}),
            ..Played::default()
        };
        let (played, backend) = played.open("", &SERVICE).await;
        read(&backend, 20).await;
        assert_eq!(played.tokens.load(Ordering::SeqCst), 1);
    }
}

/// S-3.24: the limit on a try is the service's.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_or_for_a_token_is_not_late() {
    const LIMIT: &str = "pipeline_config: {try_timeout: 1s}, max_retries: 1";
    let in_turn =
        format!("{LIMIT}, storage_account_key: a2V5, http_config: {{max_conns_per_host: 1}}");
    for (more, variables, token_takes) in [(in_turn.as_str(), &[][..], 0), (LIMIT, &SERVICE, 1500)]
    {
        let played = Played {
            token: json!({"access_token": "t", "expires_in": 0}),
            token_takes: Duration::from_millis(token_takes),
            read_takes: Duration::from_millis(700),
            ..Played::default()
        };
        let (played, backend) = played.open(more, variables).await;
        read(&backend, 4).await;
        assert_eq!(played.reads.load(Ordering::SeqCst), 4, "{more}");
    }
    // Whoever is late is.
    let played = Played {
        read_takes: Duration::from_millis(1100),
        ..Played::default()
    };
    let (played, backend) = played.open(&in_turn, &[]).await;
    let late = backend.store.get(&Path::from("a")).await.unwrap_err();
    assert!(thanos_bucket::causes::told(&late).contains("config.pipeline_config.try_timeout"));
    assert_eq!(played.reads.load(Ordering::SeqCst), 2);
}
