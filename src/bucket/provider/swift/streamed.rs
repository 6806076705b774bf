//! Puts an object whose body is fetched while it goes out: its MD5 is known once it has passed, and is compared with what the service says it has.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use md5::{Digest as _, Md5};
use object_store::Result;
use object_store::client::HttpError;
use object_store::path::Path;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};

use super::ask::{Asker, is_what_was_put, of_put};
use super::asked::Asked;
use super::fault::Fault;
use crate::hexadecimal::hexadecimal;
use crate::http::late_body::{LateBody, Streamed};

/// Puts the object, whatever was there. Returns its MD5.
pub(super) async fn put(asker: &Asker, key: &Path, body: &Streamed) -> Result<String> {
    let passing = Arc::new(Passing {
        inner: Arc::clone(&body.0),
        md5: Arc::default(),
    });
    let url = asker.url(&asker.container, Some(key.as_ref()), &[]).await?;
    let mut request = asker.request(Method::PUT, url);
    request.headers.extend(of_put(body.0.size_bytes()));
    let late: Arc<dyn LateBody> = Arc::<Passing>::clone(&passing);
    request.extensions.insert(Streamed(late));
    let taken = |_: StatusCode, headers: &HeaderMap, _: &[u8]| {
        let md5 = passing
            .passed()
            .ok_or_else(|| Fault::OtherBytes.passing())?;
        is_what_was_put(headers, &md5)?;
        Ok(md5)
    };
    asker
        .ask(&request, Asked::Put { create: false }, taken)
        .await
}

/// A body that is hashed as it goes out.
#[derive(Debug)]
struct Passing {
    inner: Arc<dyn LateBody>,
    /// Of the last try that went out whole.
    md5: Arc<Mutex<Option<String>>>,
}

impl Passing {
    fn passed(&self) -> Option<String> {
        let md5 = self.md5.lock().unwrap_or_else(PoisonError::into_inner);
        md5.clone()
    }
}

#[async_trait]
impl LateBody for Passing {
    fn size_bytes(&self) -> u64 {
        self.inner.size_bytes()
    }

    async fn md5(&self) -> Result<[u8; 16], HttpError> {
        self.inner.md5().await
    }

    async fn sha256(&self) -> Result<[u8; 32], HttpError> {
        self.inner.sha256().await
    }

    fn pieces(&self) -> BoxStream<'static, Result<Bytes, HttpError>> {
        let (whole, passed) = (self.size_bytes(), Arc::clone(&self.md5));
        let set = move |md5: Option<String>| {
            *passed.lock().unwrap_or_else(PoisonError::into_inner) = md5;
        };
        set(None);
        let (mut md5, mut went_bytes) = (Md5::new(), 0);
        let pieces = self.inner.pieces().inspect(move |piece| {
            let Ok(piece) = piece else { return };
            md5.update(piece);
            went_bytes += piece.len() as u64;
            if went_bytes == whole {
                set(Some(hexadecimal(&md5.clone().finalize())));
            }
        });
        pieces.boxed()
    }
}
