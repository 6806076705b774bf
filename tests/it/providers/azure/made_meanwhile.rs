//! A container that somebody makes while others ask for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use object_store::ObjectStoreExt;
use object_store::client::{
    HttpClient, HttpError, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use object_store::path::Path;
use thanos_bucket::bucket::{BucketConfig, Environment};

/// A service without the container, until somebody makes it. What is put second is told only then that there was none.
#[derive(Debug, Default)]
struct Service {
    puts: AtomicUsize,
    makings: AtomicUsize,
    is_made: AtomicBool,
}

#[derive(Debug, Clone, Default)]
struct Wire(Arc<Service>);

fn answer(status: u16, code: Option<&'static str>) -> HttpResponse {
    let mut answer = HttpResponse::new(HttpResponseBody::from(String::new()));
    *answer.status_mut() = status.try_into().unwrap();
    let headers = answer.headers_mut();
    headers.insert("x-ms-request-id", "1".parse().unwrap());
    headers.insert("etag", "\"1\"".parse().unwrap());
    if let Some(code) = code {
        headers.insert("x-ms-error-code", code.parse().unwrap());
    }
    answer
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let service = &self.0;
        if request.uri().to_string().contains("restype=container") {
            service.makings.fetch_add(1, Ordering::SeqCst);
            service.is_made.store(true, Ordering::SeqCst);
            return Ok(answer(201, None));
        }
        match service.puts.fetch_add(1, Ordering::SeqCst) {
            0 => {
                while service.puts.load(Ordering::SeqCst) < 2 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Ok(answer(404, Some("ContainerNotFound")))
            }
            1 => {
                while !service.is_made.load(Ordering::SeqCst) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(answer(404, Some("ContainerNotFound")))
            }
            _ => Ok(answer(201, None)),
        }
    }
}

/// S-3.26: it is made once, and nobody takes it for gone.
#[tokio::test]
async fn a_container_that_is_made_meanwhile_is_not_gone() {
    let text =
        "{type: AZURE, config: {storage_account: acc, container: cold, storage_account_key: a2V5}}";
    let config = BucketConfig::parse(text, &Environment::default()).unwrap();
    let wire = Wire::default();
    let backend = config
        .open_over(HttpClient::new(wire.clone()))
        .await
        .unwrap();
    let (one, other) = (Path::from("a"), Path::from("b"));
    let put = |path| backend.store.put(path, "content".into());
    let (one, other) = futures::join!(put(&one), put(&other));
    one.unwrap();
    other.unwrap();
    assert_eq!(wire.0.makings.load(Ordering::SeqCst), 1);
}
