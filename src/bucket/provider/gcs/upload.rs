//! Uploads in pieces, one after another into one session: nobody sees the object before the last piece is there, and the last one bears the checksum
//! of all, which the service verifies.
//!
//! A piece whose answer is lost may have been taken in part: the service is asked how far it is, and the rest is sent. What plays the service takes
//! such a question for the end, so that nothing is asked of it and the upload is given up.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::client::{HttpError, HttpErrorKind, HttpRequest, HttpRequestBody};
use object_store::path::Path;
use object_store::{Extensions, MultipartUpload, PutPayload, PutResult, UploadPart};
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RANGE};
use reqwest::{Method, Url};
use tokio::sync::{Mutex, watch};
use tracing::debug;

use super::ask::{Asker, Checksum, is_what_was_put};
use super::asked::Asked;
use super::config::QUANTUM;
use super::fault::{Fault, generic};
use super::refusal::Refusal;
use super::resource::{MEMBERS, Resource};
use crate::causes;
use crate::retry::{Backoff, Jitter, Policy};

/// The header that bears the checksum of all.
const HASH: &str = "x-goog-hash";

/// An upload that goes on.
#[derive(Debug)]
pub(super) struct Upload {
    state: Arc<State>,
    /// How many parts were given.
    parts: usize,
}

/// Whether the service tells how far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    Tells,
    /// It takes the question for the end of the upload.
    MustNotBeAsked,
}

#[derive(Debug)]
struct State {
    session: Session,
    /// What was taken so far; whoever has the lock sends.
    so_far: Mutex<SoFar>,
    /// Whose turn it is; `None` once one has failed.
    turn: watch::Sender<Option<usize>>,
}

/// Where pieces go.
#[derive(Debug)]
struct Session {
    asker: Asker,
    key: Path,
    url: Url,
    asking: Asking,
}

struct SoFar {
    /// How many bytes the service has.
    taken_bytes: u64,
    /// What is too little to be sent by itself.
    rest: Vec<Bytes>,
    checksum: Checksum,
}

impl fmt::Debug for SoFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.taken_bytes)
    }
}

/// How far an upload is.
enum Progress {
    /// The service has so many bytes.
    Taken(u64),
    /// It is complete.
    Done(Box<Resource>),
}

/// A request that failed; its address is a secret.
#[derive(Debug)]
struct Failed {
    key: String,
    cause: HttpError,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upload a piece of {}", self.key)
    }
}

impl StdError for Failed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.cause)
    }
}

impl Upload {
    /// Begins one.
    pub(super) async fn begin(
        asker: &Asker,
        key: &Path,
        asking: Asking,
        extensions: Extensions,
    ) -> object_store::Result<Self> {
        let query = [("uploadType", "resumable"), ("fields", MEMBERS)];
        let url = asker.url("/upload", &asker.of_bucket("/o"), &query)?;
        let base = url.clone();
        let mut request = asker.request(Method::POST, url, Asked::Begin);
        request.extensions.extend(extensions);
        let kind = HeaderValue::from_static("application/json; charset=UTF-8");
        request.headers.insert(CONTENT_TYPE, kind);
        request.body = PutPayload::from(asker.about(key).to_string());
        let session = |headers: &HeaderMap, _: &[u8]| {
            let location = headers.get(LOCATION).and_then(|url| url.to_str().ok());
            let url = location.and_then(|location| session(&base, location));
            url.ok_or_else(|| Fault::NoUpload.passing())
        };
        let begun = asker.server.ask(&request, session).await;
        let url = asker.believed_of_bucket(begun).await?;
        Ok(Self {
            state: Arc::new(State {
                session: Session {
                    asker: asker.clone(),
                    key: key.clone(),
                    url,
                    asking,
                },
                so_far: Mutex::new(SoFar {
                    taken_bytes: 0,
                    rest: Vec::new(),
                    checksum: Checksum::new(),
                }),
                turn: watch::Sender::new(Some(0)),
            }),
            parts: 0,
        })
    }
}

/// The address of a session, at the server that was asked: whatever host the answer names is not given a token.
fn session(base: &Url, location: &str) -> Option<Url> {
    let told = base.join(location).ok()?;
    let mut url = base.clone();
    url.set_path(told.path());
    url.set_query(told.query());
    url.query_pairs()
        .any(|(name, id)| name == "upload_id" && !id.is_empty())
        .then_some(url)
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let (state, number) = (Arc::clone(&self.state), self.parts);
        self.parts += 1;
        Box::pin(async move { state.put(number, payload).await })
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        let State {
            session, so_far, ..
        } = &*self.state;
        self.state.until(self.parts).await?;
        let mut so_far = so_far.lock().await;
        let rest = std::mem::take(&mut so_far.rest);
        let size_bytes = so_far.taken_bytes + length(&rest);
        let end = End {
            size_bytes,
            hash: format!("crc32c={}", so_far.checksum.spelled()),
        };
        let done = session
            .deliver(rest, so_far.taken_bytes, Some(&end))
            .await?;
        let there = done.ok_or_else(|| session.failed(Fault::OddEnd.final_one()))?;
        if !is_what_was_put(&there, size_bytes, so_far.checksum.value()) {
            debug!(object = %session.key, "the service has made something else of an upload; it is removed");
            let deleted = session.asker.delete(&session.key, there.generation(), 1);
            if let Err(err) = deleted.await {
                debug!(object = %session.key, %err, "it is not removed");
            }
            return Err(session.failed(Fault::OtherBytes.final_one()));
        }
        Ok(PutResult {
            e_tag: there.tag(),
            version: None,
            extensions: Extensions::default(),
        })
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        let session = &self.state.session;
        let request = session.request(Method::DELETE, Asked::Cancel, Vec::new());
        let asked = async { session.asker.server.http.execute(request?).await };
        asked.await.map(drop).map_err(|err| session.failed(err))
    }
}

impl State {
    /// Sends a part in its turn.
    async fn put(&self, number: usize, payload: PutPayload) -> object_store::Result<()> {
        self.until(number).await?;
        let put = async {
            let mut so_far = self.so_far.lock().await;
            payload
                .iter()
                .for_each(|piece| so_far.checksum.update(piece));
            let mut pieces = std::mem::take(&mut so_far.rest);
            pieces.extend(payload);
            let whole = length(&pieces) / QUANTUM * QUANTUM;
            let (now, later) = cut(pieces, whole);
            so_far.rest = later;
            if whole > 0 {
                self.session.deliver(now, so_far.taken_bytes, None).await?;
                so_far.taken_bytes += whole;
            }
            Ok(())
        };
        let done = put.await;
        self.turn.send_replace(done.is_ok().then_some(number + 1));
        done
    }

    /// Waits for the turn of that part. The service takes one after the other.
    async fn until(&self, number: usize) -> object_store::Result<()> {
        let mut turn = self.turn.subscribe();
        let is_now = |turn: &Option<usize>| turn.is_none_or(|turn| turn == number);
        let came = turn.wait_for(is_now).await.map_err(generic)?;
        match *came {
            Some(_) => Ok(()),
            None => Err(self.session.failed(Fault::LostPieces.final_one())),
        }
    }
}

/// What ends an upload.
struct End {
    size_bytes: u64,
    /// The checksum of all, as the header has it.
    hash: String,
}

impl Session {
    /// Sends bytes that begin at that place, until the service has all of them. Of what ends the upload the object is returned.
    async fn deliver(
        &self,
        mut pieces: Vec<Bytes>,
        mut start: u64,
        end: Option<&End>,
    ) -> object_store::Result<Option<Box<Resource>>> {
        let behind = start + length(&pieces);
        let mut backoff = Backoff::new(&Policy {
            max_retries: self.asker.retries,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            jitter: Jitter::Half,
        });
        let mut progress = self.send(&pieces, start, end).await;
        loop {
            let failure = match progress {
                Ok(Progress::Done(there)) if end.is_some() => return Ok(Some(there)),
                Ok(Progress::Taken(taken)) if taken == behind && end.is_none() => return Ok(None),
                Ok(Progress::Taken(taken)) if (start..=behind).contains(&taken) => {
                    if skip(&mut pieces, &mut start, taken) {
                        backoff.reset();
                    }
                    Fault::OddEnd.passing()
                }
                Ok(Progress::Taken(taken)) if taken < start => {
                    return Err(self.failed(Fault::LostPieces.final_one()));
                }
                Ok(_) => return Err(self.failed(Fault::OddEnd.final_one())),
                Err(err) => err,
            };
            let may_pass = !matches!(
                failure.kind(),
                HttpErrorKind::Unknown | HttpErrorKind::Decode
            );
            // Nothing was taken of what never went out, nor of what comes next. What plays the service takes all of a piece before it answers well;
            // but a gateway may answer in its place once it has.
            let is_untouched = failure.kind() == HttpErrorKind::Connect
                || causes::first::<Fault>(&failure).is_some()
                || (self.asking == Asking::MustNotBeAsked
                    && causes::first::<Refusal>(&failure).is_some_and(Refusal::is_services));
            let goes_on = self.asking == Asking::Tells || is_untouched;
            let Some(delay) = backoff.next_delay().filter(|_| may_pass && goes_on) else {
                return Err(self.failed(failure));
            };
            debug!(object = %self.key, ?delay, err = %failure, "a piece is sent again");
            tokio::time::sleep(delay).await;
            if !is_untouched {
                match self.how_far().await {
                    Ok(Progress::Taken(taken))
                        if (start..behind).contains(&taken)
                            || (taken == behind && end.is_some()) =>
                    {
                        if skip(&mut pieces, &mut start, taken) {
                            backoff.reset();
                        }
                    }
                    // The answer may be that all is there.
                    told => {
                        progress = told;
                        continue;
                    }
                }
            }
            progress = self.send(&pieces, start, end).await;
        }
    }

    /// Sends bytes, and tells how far the upload is then.
    async fn send(
        &self,
        pieces: &[Bytes],
        start: u64,
        end: Option<&End>,
    ) -> Result<Progress, HttpError> {
        let size = end.map_or_else(|| "*".to_owned(), |end| end.size_bytes.to_string());
        let range = match start + length(pieces) {
            behind if behind == start => format!("bytes */{size}"),
            behind => format!("bytes {start}-{}/{size}", behind - 1),
        };
        let mut headers = vec![(CONTENT_RANGE.as_str(), range)];
        headers.extend(end.map(|end| (HASH, end.hash.clone())));
        let mut request = self.request(Method::PUT, Asked::Piece, headers)?;
        if !pieces.is_empty() {
            let body: PutPayload = pieces.iter().cloned().collect();
            *request.body_mut() = body.into();
        }
        self.progress(request).await
    }

    async fn how_far(&self) -> Result<Progress, HttpError> {
        let headers = vec![(CONTENT_RANGE.as_str(), "bytes */*".to_owned())];
        let request = self.request(Method::PUT, Asked::Piece, headers)?;
        self.progress(request).await
    }

    async fn progress(&self, request: HttpRequest) -> Result<Progress, HttpError> {
        let answer = self.asker.server.http.execute(request).await?;
        let (head, body) = answer.into_parts();
        if head.status.as_u16() == 308 {
            let Some(range) = head.headers.get(RANGE) else {
                return Ok(Progress::Taken(0));
            };
            let taken = range.to_str().ok().and_then(taken);
            return taken
                .map(Progress::Taken)
                .ok_or_else(|| Fault::OddEnd.final_one());
        }
        let there = Resource::read(&body.bytes().await?);
        let there = there.ok_or_else(|| Fault::NoObject.final_one())?;
        Ok(Progress::Done(Box::new(there)))
    }

    fn request(
        &self,
        method: Method,
        asked: Asked,
        headers: Vec<(&'static str, String)>,
    ) -> Result<HttpRequest, HttpError> {
        let unfit = |err: Box<dyn StdError + Send + Sync>| {
            HttpError::new(HttpErrorKind::Unknown, Unfit(err.to_string()))
        };
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = method;
        let url = self.url.as_str().parse();
        *request.uri_mut() = url.map_err(|_| unfit("the session has no address".into()))?;
        for (name, value) in headers {
            let value = HeaderValue::from_str(&value).map_err(|err| unfit(err.into()))?;
            request.headers_mut().insert(name, value);
        }
        request.extensions_mut().insert(asked);
        Ok(request)
    }

    fn failed(&self, cause: HttpError) -> object_store::Error {
        generic(Failed {
            key: self.key.to_string(),
            cause,
        })
    }
}

/// A request that cannot be made.
#[derive(Debug)]
struct Unfit(String);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Unfit {}

/// How many bytes the service has that says `bytes=0-41`.
fn taken(range: &str) -> Option<u64> {
    let last = range.trim().strip_prefix("bytes=0-")?;
    last.parse::<u64>().ok()?.checked_add(1)
}

fn length(pieces: &[Bytes]) -> u64 {
    pieces.iter().map(|piece| piece.len() as u64).sum()
}

/// Leaves out what the service has; tells whether that is something.
fn skip(pieces: &mut Vec<Bytes>, start: &mut u64, taken: u64) -> bool {
    let bytes = taken - *start;
    (_, *pieces) = cut(std::mem::take(pieces), bytes);
    *start = taken;
    bytes > 0
}

/// The first so many bytes, and the others.
fn cut(pieces: Vec<Bytes>, at_bytes: u64) -> (Vec<Bytes>, Vec<Bytes>) {
    let (mut before, mut behind) = (Vec::new(), Vec::new());
    let mut left = at_bytes;
    for mut piece in pieces {
        // No more than the piece has.
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let first = piece.split_to(length);
        left -= length as u64;
        before.extend((!first.is_empty()).then_some(first));
        behind.extend((!piece.is_empty()).then_some(piece));
    }
    (before, behind)
}

#[cfg(test)]
mod tests;
