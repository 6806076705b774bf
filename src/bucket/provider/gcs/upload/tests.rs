#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should panic"
)]

use std::sync::Mutex as StdMutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::client::{HttpClient, HttpResponse, HttpResponseBody, HttpService};

use super::*;
use crate::bucket::provider::gcs::answers::Answers;
use crate::bucket::provider::gcs::fault::STORE;
use crate::bucket::storage_class::StorageClasses;
use crate::causes;
use crate::http::ask as asking;

/// What the service makes of the pieces that come, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Take,
    /// It takes so many bytes of it, and says so.
    TakeSome(u64),
    /// It takes so many bytes, and its answer is lost.
    TakeAndBreak(u64),
    /// It answers 503, and takes nothing.
    Later,
    /// It forgets the upload.
    Forget,
    /// It says that it has less than it had.
    Lose,
}

/// Plays the service's uploads as they are documented: pieces begin where the last one ended and are multiples of 256 KiB, a question how far the
/// upload is has no body, and the end verifies the checksum of all.
#[derive(Debug)]
struct Service {
    has: StdMutex<Vec<u8>>,
    acts: StdMutex<Vec<Act>>,
    asked: StdMutex<Vec<String>>,
    spoils: bool,
}

/// A client of it.
#[derive(Debug)]
struct Played(Arc<Service>);

impl Service {
    fn answer(status: u16, headers: &[(&'static str, String)], body: String) -> HttpResponse {
        let mut answer = HttpResponse::new(HttpResponseBody::from(body));
        *answer.status_mut() = status.try_into().unwrap();
        for (name, value) in headers {
            answer.headers_mut().insert(*name, value.parse().unwrap());
        }
        answer
    }

    fn so_far(&self) -> HttpResponse {
        let headers = match self.has.lock().unwrap().len() {
            0 => vec![],
            taken => vec![("range", format!("bytes=0-{}", taken - 1))],
        };
        Self::answer(308, &headers, String::new())
    }

    fn refusal(status: u16) -> HttpResponse {
        let body = serde_json::json!({"error": {"code": status, "message": "no", "errors": []}});
        Self::answer(status, &[], body.to_string())
    }
}

#[async_trait]
impl HttpService for Played {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.0.answer_to(request).await
    }
}

impl Service {
    async fn answer_to(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let mut sent = Vec::new();
        let mut body = std::pin::pin!(body);
        while let Some(frame) =
            std::future::poll_fn(|context| http_body::Body::poll_frame(body.as_mut(), context))
                .await
        {
            sent.extend(frame.unwrap().into_data().unwrap());
        }
        let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap());
        let range = header("content-range").unwrap_or_default().to_owned();
        self.asked
            .lock()
            .unwrap()
            .push(format!("{} {range}", head.method));
        match head.method.as_str() {
            "POST" => {
                // Whatever host is named, the pieces go where the upload was begun.
                let url = "https://elsewhere/upload/storage/v1/b/cold/o?uploadType=resumable&upload_id=ADPy";
                return Ok(Service::answer(
                    200,
                    &[("location", url.to_owned())],
                    String::new(),
                ));
            }
            "DELETE" => return Ok(Service::refusal(499)),
            _ => {}
        }
        assert_eq!(head.uri.host(), Some("storage.googleapis.com"));
        let (place, size) = range
            .strip_prefix("bytes ")
            .unwrap()
            .split_once('/')
            .unwrap();
        if range == "bytes */*" {
            assert!(sent.is_empty());
            return Ok(self.so_far());
        }
        let act = {
            let mut acts = self.acts.lock().unwrap();
            if acts.is_empty() {
                Act::Take
            } else {
                acts.remove(0)
            }
        };
        if let Some((first, last)) = place.split_once('-') {
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            assert_eq!(
                first,
                self.has.lock().unwrap().len(),
                "a piece begins elsewhere"
            );
            assert_eq!(last + 1 - first, sent.len());
            assert!(
                size != "*" || sent.len().is_multiple_of(256 << 10),
                "{range}"
            );
        }
        let some = match act {
            Act::TakeSome(bytes) | Act::TakeAndBreak(bytes) => usize::try_from(bytes).unwrap(),
            Act::Take => sent.len(),
            Act::Later => return Ok(Service::refusal(503)),
            Act::Forget => return Ok(Service::refusal(410)),
            Act::Lose => {
                self.has.lock().unwrap().clear();
                return Ok(self.so_far());
            }
        };
        self.has
            .lock()
            .unwrap()
            .extend(&sent[..some.min(sent.len())]);
        if let Act::TakeAndBreak(_) = act {
            return Err(HttpError::new(
                HttpErrorKind::Interrupted,
                Unfit("cut off".to_owned()),
            ));
        }
        let has = self.has.lock().unwrap().clone();
        if size.parse::<usize>().ok() != Some(has.len()) {
            return Ok(self.so_far());
        }
        let crc = Checksum::of([&Bytes::from(has.clone())]).value();
        let spelled = STANDARD.encode(crc.to_be_bytes());
        assert_eq!(
            header("x-goog-hash"),
            Some(format!("crc32c={spelled}").as_str())
        );
        let told = if self.spoils {
            "AAAAAA==".to_owned()
        } else {
            spelled
        };
        let there = serde_json::json!({"name": "a", "size": has.len().to_string(), "generation": "7", "crc32c": told});
        Ok(Service::answer(200, &[], there.to_string()))
    }
}

fn service(acts: &[Act], spoils: bool) -> Arc<Service> {
    Arc::new(Service {
        has: StdMutex::default(),
        acts: StdMutex::new(acts.to_vec()),
        asked: StdMutex::default(),
        spoils,
    })
}

/// Puts these parts; the later ones begin first.
async fn put(
    service: &Arc<Service>,
    asking: Asking,
    parts: &[usize],
) -> object_store::Result<Vec<u8>> {
    let asker = Asker {
        server: asking::Asker {
            http: HttpClient::new(Answers {
                inner: HttpClient::new(Played(Arc::clone(service))),
            }),
            store: STORE,
        },
        base: "https://storage.googleapis.com".to_owned(),
        bucket: "cold".to_owned(),
        classes: StorageClasses::default(),
        retries: 3,
    };
    let key = Path::from("a");
    let mut upload = Upload::begin(&asker, &key, asking, Extensions::default()).await?;
    let mut all = Vec::new();
    let mut puts = Vec::new();
    for (number, size) in parts.iter().enumerate() {
        let part: Vec<u8> = (0..*size)
            .map(|at| u8::try_from((at * 7 + number) % 251).unwrap())
            .collect();
        all.extend(&part);
        puts.push(upload.put_part(part.into()));
    }
    puts.reverse();
    futures::future::try_join_all(puts).await?;
    upload.complete().await?;
    Ok(all)
}

const KIB: usize = 1 << 10;

/// S-3.31
#[tokio::test(start_paused = true)]
async fn parts_of_any_size_arrive_in_their_order() {
    for parts in [
        &[][..],
        &[0],
        &[5],
        &[256 * KIB],
        &[512 * KIB, 3],
        &[300 * KIB, 300 * KIB, 7],
        &[10, 20, 256 * KIB, 256 * KIB - 30],
    ] {
        let service = service(&[], false);
        let all = put(&service, Asking::Tells, parts).await.unwrap();
        assert!(*service.has.lock().unwrap() == all, "{parts:?}");
    }
}

/// S-6.1: what was taken in part is not sent again, and nothing is sent twice.
#[tokio::test(start_paused = true)]
async fn a_piece_that_arrives_in_part_is_completed() {
    let kib = |kib: u64| kib << 10;
    for acts in [
        &[Act::TakeSome(kib(256))][..],
        &[Act::Take, Act::TakeSome(0), Act::TakeSome(kib(256))],
        &[Act::TakeAndBreak(kib(256))],
        &[Act::TakeAndBreak(0), Act::TakeAndBreak(kib(512))],
        &[Act::Later, Act::Later],
        &[
            Act::Take,
            Act::Take,
            Act::TakeAndBreak(100),
            Act::TakeSome(50),
        ],
    ] {
        let service = service(acts, false);
        let all = put(&service, Asking::Tells, &[512 * KIB, 256 * KIB, 200]).await;
        assert!(*service.has.lock().unwrap() == all.unwrap(), "{acts:?}");
    }
}

/// S-6.1
#[tokio::test(start_paused = true)]
async fn an_upload_that_is_lost_is_given_up() {
    for acts in [
        &[Act::Take, Act::Forget][..],
        &[Act::Take, Act::Lose],
        &[Act::Later; 4],
    ] {
        let service = service(acts, false);
        let parts = [256 * KIB, 256 * KIB];
        put(&service, Asking::Tells, &parts).await.unwrap_err();
        let asked = service.asked.lock().unwrap();
        assert!(
            asked.iter().all(|asked| !asked.ends_with("/524288")),
            "{asked:?}"
        );
    }
}

/// S-6.1: what plays the service takes a question for the end of an upload.
#[tokio::test(start_paused = true)]
async fn where_nobody_may_ask_how_far_it_is_an_upload_is_given_up() {
    let parts = [256 * KIB, 256 * KIB];
    let service_of = |acts| service(acts, false);
    let broken = service_of(&[Act::TakeAndBreak(0)]);
    put(&broken, Asking::MustNotBeAsked, &parts)
        .await
        .unwrap_err();
    let asked = broken.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|asked| !asked.contains("*/")), "{asked:?}");
    // What says that it has taken nothing is asked again.
    let later = service_of(&[Act::Later, Act::Take, Act::Later]);
    put(&later, Asking::MustNotBeAsked, &parts).await.unwrap();
}

/// S-3.31, S-5.4: what arrives as something else is an error, and is removed.
#[tokio::test(start_paused = true)]
async fn an_upload_that_becomes_something_else_is_removed() {
    let service = service(&[], true);
    let err = put(&service, Asking::Tells, &[300 * KIB])
        .await
        .unwrap_err();
    assert_eq!(causes::first::<Fault>(&err), Some(&Fault::OtherBytes));
    let asked = service.asked.lock().unwrap();
    assert_eq!(asked.last().map(String::as_str), Some("DELETE "));
}

#[test]
fn a_session_is_where_the_upload_was_begun() {
    let base = Url::parse("http://127.0.0.1:4443/upload/storage/v1/b/cold/o?uploadType=resumable")
        .unwrap();
    for (location, expected) in [
        (
            "https://evil.example/upload/x?upload_id=1",
            Some("http://127.0.0.1:4443/upload/x?upload_id=1"),
        ),
        (
            "/upload/x?name=a+b&upload_id=1",
            Some("http://127.0.0.1:4443/upload/x?name=a+b&upload_id=1"),
        ),
        ("http://h/upload/x?upload_id=", None),
        ("http://h/upload/x", None),
        ("::", None),
    ] {
        let found = session(&base, location).map(String::from);
        assert_eq!(found.as_deref(), expected, "{location}");
    }
}
