//! The way from a configuration's text to an opened bucket and its first requests: whatever a key holds, a request goes to the bucket's own
//! objects or to nobody, and what is wrong is said in words that hold no secret.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use object_store::client::{
    HttpClient, HttpError, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use thanos_bucket::Result;
use thanos_bucket::block::BlockId;
use thanos_bucket::bucket::{Bucket, BucketConfig, Environment};
use thanos_bucket::retry::{Jitter, Policy};

use super::corpus::examples;
use super::promise::{Promise, READ, assert_plain, text_of};

pub const PROMISES: [Promise; 1] = [Promise {
    name: "opening",
    seeds: || {
        let files = super::corpus::files("tests/fuzz/corpus/bucket");
        [
            examples("s3-"),
            examples("cos"),
            examples("aliyunoss"),
            examples("obs"),
            examples("bos"),
            files,
        ]
        .concat()
    },
    tokens: TOKENS,
    slowest: READ,
    check: opening,
}];

const TOKENS: &[&str] = &[
    "type: S3\n",
    "type: COS\n",
    "type: ALIYUNOSS\n",
    "type: OBS\n",
    "type: BOS\n",
    "config:\n",
    "  bucket: ",
    "  endpoint: ",
    "  region: ",
    "  access_key: ",
    "  secret_key: ",
    "  session_token: ",
    "  app_id: '1250000000'\n",
    "  secret_id: ",
    "  access_key_id: ",
    "  access_key_secret: ",
    "  sts_endpoint: ",
    "  put_user_metadata: {",
    "  list_objects_version: v1\n",
    "  bucket_lookup_type: virtual-hosted\n",
    "  sse_config: {type: SSE-KMS, kms_key_id: ",
    "prefix: ",
    "s3.amazonaws.com",
    "[::1]:9000",
    "\"\\n\"",
    "'..'",
];

const ID: &str = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B";

/// What requests came, as method and address.
#[derive(Debug, Clone, Default)]
struct Server(Arc<Mutex<Vec<(String, String)>>>);

#[async_trait]
impl HttpService for Server {
    async fn call(&self, request: HttpRequest) -> std::result::Result<HttpResponse, HttpError> {
        let (method, url) = (request.method().to_string(), request.uri().to_string());
        let (status, body) = match method.as_str() {
            "GET" if url.contains('?') => (
                200,
                "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
            ),
            "GET" | "HEAD" => (
                404,
                "<Error><Code>NoSuchKey</Code><Message>None.</Message></Error>",
            ),
            _ => (200, ""),
        };
        self.0.lock().unwrap().push((method, url));
        let mut answer = HttpResponse::new(HttpResponseBody::from(body.to_owned()));
        *answer.status_mut() = status.try_into().unwrap();
        // What was put is acknowledged, or else it is looked for.
        let tag = "\"8d777f385d3dfec8815d20f7496026dc\"";
        answer.headers_mut().insert("etag", tag.parse().unwrap());
        Ok(answer)
    }
}

fn environment() -> Environment {
    let variables = [
        ("HOME", "/nowhere"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
    ];
    variables
        .into_iter()
        .chain([("COLD_ACCESS_KEY", "a"), ("COLD_SECRET_KEY", "b")])
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn opening(input: &[u8]) {
    drop(opened(&text_of(input), &environment()));
}

/// What comes of asking the bucket for what every run asks for.
fn opened(text: &str, environment: &Environment) -> Result<()> {
    let config = match BucketConfig::parse(text, environment) {
        Ok(config) => config,
        Err(err) => {
            assert_plain(&err);
            return Err(err);
        }
    };
    // What the SDK finds on this machine is nobody's business here.
    if text.contains("aws_sdk_auth") && !text.contains("aws_sdk_auth: false") {
        return Ok(());
    }
    let server = Server::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let asked = runtime.block_on(async {
        let backend = config.open_over(HttpClient::new(server.clone())).await?;
        let bucket = Bucket::new(
            backend,
            Policy {
                max_retries: 1,
                initial_backoff: Duration::from_secs(1),
                max_backoff: Duration::from_secs(1),
                jitter: Jitter::None,
            },
        );
        let object = ID.parse::<BlockId>().unwrap().object("meta.json");
        let _: Vec<_> = bucket.reader().sweep().try_collect().await?;
        bucket.put(&object, "{}".into()).await?;
        bucket.reader().exists(&object).await?;
        bucket.delete(&object).await
    });
    for (method, url) in server.0.lock().unwrap().iter() {
        let writes = matches!(method.as_str(), "PUT" | "DELETE");
        let path = url.split('?').next().unwrap_or_default();
        assert!(
            !writes || path.ends_with(&format!("/{ID}/meta.json")),
            "{method} {url}"
        );
    }
    if let Err(err) = &asked {
        assert_plain(err);
    }
    asked
}

/// S-2.6, S-3.7: each key in turn holds each of these, and a secret.
#[test]
fn whatever_a_key_holds_ends_in_requests_or_in_words() {
    let usual = [
        ("bucket", "hot"),
        ("endpoint", "minio:9000"),
        ("region", "eu-west-1"),
        ("access_key", "a"),
        ("secret_key", "b"),
        ("session_token", "c"),
        ("sts_endpoint", "https://sts.example.com"),
        ("bucket_lookup_type", "path"),
        ("list_objects_version", "v2"),
        ("part_size", "5242880"),
        ("max_retries", "1"),
        ("insecure", "true"),
        ("disable_multipart", "false"),
        ("send_content_md5", "true"),
        ("put_user_metadata", "{a: b}"),
        ("sse_config", "{type: SSE-S3}"),
        ("http_config", "{idle_conn_timeout: 1s}"),
        ("trace", "{enable: false}"),
    ];
    let odd = [
        "\\n", "\\r\\n", "\\t", "\\0", "\\e[31m", " ", "\\x7f", "\\x9b", "\\u2028", "\\ufeff",
        "\\u00e9", "#", "?", "/", "//", "..", "%", "%00", "%2e%2e", "@", ":", "::", "[", "]",
        "\\\"", "\\\\", "'", "|", "<", ">", "&", "=", "+", ",", ";", "*", "{", "}", "$", "`",
    ];
    let environment = environment();
    for (key, _) in usual {
        for odd in odd {
            for value in [
                odd.to_owned(),
                format!("hunter2hunter2{odd}"),
                format!("{odd}hunter2hunter2"),
                format!("hunter2{odd}hunter2"),
            ] {
                for nested in [false, true] {
                    let value = match (nested, key) {
                        (true, "put_user_metadata") => format!("{{team: \"{value}\"}}"),
                        (true, "sse_config") => {
                            format!("{{type: SSE-KMS, kms_key_id: \"{value}\"}}")
                        }
                        (true, "http_config") => {
                            format!("{{tls_config: {{ca_file: \"{value}\"}}}}")
                        }
                        (true, _) => continue,
                        (false, _) => format!("\"{value}\""),
                    };
                    let entries: Vec<String> = usual
                        .iter()
                        .map(|(name, usual)| {
                            let value = if *name == key { value.as_str() } else { usual };
                            format!("{name}: {value}")
                        })
                        .collect();
                    let text = format!("{{type: S3, config: {{{}}}}}", entries.join(", "));
                    if let Err(err) = opened(&text, &environment) {
                        let told = format!("{err:#}");
                        assert!(!told.contains("hunter2"), "{key}: {told}");
                    }
                }
            }
        }
    }
}

/// S-3.7: the same for the variables that a bucket is opened with.
#[test]
fn whatever_a_variable_holds_ends_in_requests_or_in_words() {
    let text = "{type: S3, config: {bucket: hot, endpoint: 'minio:9000', insecure: true}}";
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
    ] {
        for odd in [
            "\n", "\r", "\0", "\t", " ", "\u{e9}", "\u{1b}", "://", "[", "]:", "%", "*", ",", "/",
        ] {
            for value in [
                odd.to_owned(),
                format!("hunter2{odd}"),
                format!("{odd}hunter2"),
                format!("h{odd}hunter2"),
            ] {
                let variables = [
                    ("AWS_ACCESS_KEY_ID", "a"),
                    ("AWS_SECRET_ACCESS_KEY", "b"),
                    (name, &value),
                ];
                let environment: Environment = variables
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                if let Err(err) = opened(text, &environment) {
                    let told = format!("{err:#}");
                    assert!(!told.contains("hunter2"), "{name}: {told}");
                }
            }
        }
    }
}
