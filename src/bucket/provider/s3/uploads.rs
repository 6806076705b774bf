//! Uploads in parts that nobody completed: which there are, when something came of each last, and their end.
//!
//! Servers differ: some begin pages where they are told and some show everything at once, in any order; some tell a time at which an upload was begun
//! that it was not, so that the times of its parts count too.

use std::collections::HashSet;
use std::error::Error as StdError;
use std::fmt;

use chrono::{DateTime, Utc};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::{DELIMITER, Path};
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use super::ask::{Asker, escaped, escaped_value, generic};
use super::asked::Asked;
use super::page::{boolean, unescaped};
use super::refusal::Refusal;
use crate::bucket::pages::PAGES;
use crate::bucket::unfinished::{Begun, Form};
use crate::causes;
use crate::error::Kind;
use crate::http::ask::Request;
use crate::http::{date, xml};

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It lists no uploads: some servers take the question for one about objects.
    NoUploads,
    /// It lists no parts.
    NoParts,
    /// Page after page came, and nothing new.
    Endless,
    /// It tells an upload without its name or its id.
    NoName,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NoUploads => {
                "the answer is no list of uploads, which the server seems not to keep"
            }
            Fault::NoParts => "the answer is no list of an upload's parts",
            Fault::Endless => "the list of uploads goes on and brings nothing new",
            Fault::NoName => "the list shows an upload without a name or an id",
        })
    }
}

impl StdError for Fault {}

impl Fault {
    pub(super) fn kind(self) -> Kind {
        match self {
            Fault::NoUploads => Kind::Unsupported,
            Fault::NoParts | Fault::Endless | Fault::NoName => Kind::Other,
        }
    }

    fn error(self) -> HttpError {
        HttpError::new(HttpErrorKind::Unknown, self)
    }
}

/// A page of uploads.
#[derive(Debug, Default)]
struct Page {
    uploads: Vec<Begun>,
    /// After which upload the next page begins; `None` on the last one.
    next: Option<(String, String)>,
}

/// A page of an upload's parts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    /// When the latest of them came.
    latest: Option<DateTime<Utc>>,
    has_some: bool,
    /// After which number the next page begins; `None` on the last one.
    next: Option<u64>,
}

impl Asker {
    /// Every upload in parts that was begun below a directory and neither completed nor aborted.
    pub(super) async fn uploads(&self, below: Option<&Path>) -> object_store::Result<Vec<Begun>> {
        let (mut uploads, mut seen) = (Vec::new(), HashSet::new());
        let mut after = None;
        for _ in 0..PAGES {
            let page = match self.page_of_uploads(below, after.as_ref()).await {
                // versitygw refuses each id that it told itself. What else was begun of that name is told once these are gone.
                Err(err) if is_of_an_argument(&err) && after.as_ref().is_some_and(has_id) => {
                    let after = after.as_ref().map(|(key, _)| (key.clone(), String::new()));
                    self.page_of_uploads(below, after.as_ref()).await?
                }
                listed => listed?,
            };
            let before = seen.len();
            for upload in page.uploads {
                if seen.insert((upload.key.clone(), upload.id.clone())) {
                    uploads.push(upload);
                }
            }
            if page.next.is_none() {
                return Ok(uploads);
            }
            if seen.len() == before || page.next == after {
                break;
            }
            after = page.next;
        }
        Err(generic(Fault::Endless))
    }

    async fn page_of_uploads(
        &self,
        below: Option<&Path>,
        after: Option<&(String, String)>,
    ) -> object_store::Result<Page> {
        let mut url = format!("{}/?uploads", self.bucket);
        if let Some((name, value)) = self.spelled() {
            url.extend(["&", name, "=", value]);
        }
        if let Some(below) = below {
            let prefix = escaped_value(&format!("{below}{DELIMITER}"));
            url.extend(["&prefix=", &prefix]);
        }
        if let Some((key, id)) = after {
            let (key, id) = (escaped_value(key), escaped_value(id));
            url.extend(["&key-marker=", &key, "&upload-id-marker=", &id]);
        }
        let mut request = self.about(Method::GET, &url)?;
        request.extensions.insert(Asked::About);
        let read = |_: &HeaderMap, body: &[u8]| page_of_uploads(body).map_err(Fault::error);
        self.server.ask(&request, read).await
    }

    /// The upload with the time at which something of it came last, and whether it has parts; `None` where it is there no more.
    pub(super) async fn upload(
        &self,
        begun: &Begun,
    ) -> object_store::Result<Option<(Begun, bool)>> {
        let (mut touched, mut has_parts) = (begun.touched, false);
        let mut after = None;
        for _ in 0..PAGES {
            let parts = match self.page_of_parts(begun, after).await {
                Err(err) if is_gone(&err) => return Ok(None),
                asked => asked?,
            };
            touched = touched.max(parts.latest);
            has_parts |= parts.has_some;
            if parts.next.is_none() || parts.next <= after {
                let touched = Begun {
                    touched,
                    ..begun.clone()
                };
                return Ok(Some((touched, has_parts)));
            }
            after = parts.next;
        }
        Err(generic(Fault::Endless))
    }

    async fn page_of_parts(
        &self,
        begun: &Begun,
        after: Option<u64>,
    ) -> object_store::Result<Parts> {
        let mut url = self.address_of(begun)?;
        if let Some(after) = after {
            url.extend(["&part-number-marker=", &after.to_string()]);
        }
        let mut request = self.about(Method::GET, &url)?;
        request.extensions.insert(Asked::About);
        let read = |_: &HeaderMap, body: &[u8]| parts(body).ok_or_else(|| Fault::NoParts.error());
        self.server.ask(&request, read).await
    }

    /// Ends an upload and removes its parts, and does not repeat the request.
    pub(super) async fn abort(&self, begun: &Begun) -> object_store::Result<()> {
        let mut request = self.about(Method::DELETE, &self.address_of(begun)?)?;
        request.retries = 0;
        match self.server.ask(&request, |_, _| Ok(())).await {
            Err(err) if is_gone(&err) => Ok(()),
            asked => asked,
        }
    }

    fn address_of(&self, begun: &Begun) -> object_store::Result<String> {
        let key = Path::parse(&begun.key).map_err(generic)?;
        let (key, id) = (escaped(&key), escaped_value(&begun.id));
        Ok(format!("{}/{key}?uploadId={id}", self.bucket))
    }

    fn about(&self, method: Method, url: &str) -> object_store::Result<Request> {
        let url = Url::parse(url).map_err(generic)?;
        Ok(Request::new(method, url, self.retries))
    }
}

fn has_id(after: &(String, String)) -> bool {
    !after.1.is_empty()
}

fn is_of_an_argument(err: &object_store::Error) -> bool {
    causes::first::<Refusal>(err).is_some_and(Refusal::is_of_an_argument)
}

fn is_gone(err: &object_store::Error) -> bool {
    causes::first::<Refusal>(err).is_some_and(Refusal::lacks_upload)
}

/// An upload as a page spells it.
#[derive(Default)]
struct Raw {
    key: Option<String>,
    id: Option<String>,
    begun: Option<DateTime<Utc>>,
}

fn page_of_uploads(body: &[u8]) -> Result<Page, Fault> {
    const ROOTS: [&str; 3] = [
        "ListMultipartUploadsResult",
        "ListMultipartUploadsResponse",
        "ListMultipartUploadsOutput",
    ];
    let (mut is_one, mut is_escaped, mut is_truncated) = (false, false, false);
    let (mut key_marker, mut id_marker) = (String::new(), String::new());
    let (mut raws, mut current) = (Vec::new(), Raw::default());
    let is_whole = xml::walk(body, |element| {
        let text = || element.text.to_owned();
        let trimmed = element.text.trim();
        match element.path {
            [root] => is_one = ROOTS.contains(root),
            [_, "EncodingType"] => is_escaped = trimmed.eq_ignore_ascii_case("url"),
            [_, "IsTruncated"] => is_truncated = boolean(trimmed) == Some(true),
            [_, "NextKeyMarker"] => key_marker = text(),
            [_, "NextUploadIdMarker"] => trimmed.clone_into(&mut id_marker),
            [_, "Upload"] => raws.push(std::mem::take(&mut current)),
            [_, "Upload", "Key"] => current.key = Some(text()),
            [_, "Upload", "UploadId"] => current.id = Some(trimmed.to_owned()),
            [_, "Upload", "Initiated"] => current.begun = date::time(trimmed),
            _ => {}
        }
    });
    if !is_whole || !is_one {
        return Err(Fault::NoUploads);
    }
    // A name that cannot be told is nothing of ours.
    let decoded = |text: String| {
        if is_escaped {
            String::from_utf8(unescaped(&text)?).ok()
        } else {
            Some(text)
        }
    };
    let mut uploads = Vec::with_capacity(raws.len());
    for raw in raws {
        let (Some(key), Some(id)) = (raw.key, raw.id.filter(|id| !id.is_empty())) else {
            return Err(Fault::NoName);
        };
        uploads.extend(decoded(key).map(|key| Begun {
            form: Form::Upload,
            key,
            id,
            touched: raw.begun,
        }));
    }
    let next = is_truncated.then(|| {
        let last = uploads
            .last()
            .map(|last| (last.key.clone(), last.id.clone()));
        match decoded(key_marker) {
            Some(key) if !key.is_empty() => (key, id_marker),
            _ => last.unwrap_or_default(),
        }
    });
    Ok(Page { uploads, next })
}

/// `None` for what is no such document.
fn parts(body: &[u8]) -> Option<Parts> {
    const ROOTS: [&str; 3] = ["ListPartsResult", "ListPartsResponse", "ListPartsOutput"];
    let (mut is_one, mut is_truncated, mut next) = (false, false, None);
    let (mut latest, mut has_some) = (None, false);
    let is_whole = xml::walk(body, |element| match element.path {
        [root] => is_one = ROOTS.contains(root),
        [_, "IsTruncated"] => is_truncated = boolean(element.text.trim()) == Some(true),
        [_, "NextPartNumberMarker"] => next = element.text.trim().parse().ok(),
        [_, "Part"] => has_some = true,
        [_, "Part", "LastModified"] => latest = latest.max(date::time(element.text)),
        _ => {}
    });
    (is_whole && is_one).then(|| Parts {
        latest,
        has_some,
        next: next.filter(|_| is_truncated),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(page: &Page) -> Vec<(&str, &str, bool)> {
        let uploads = page.uploads.iter();
        uploads
            .map(|one| (one.key.as_str(), one.id.as_str(), one.touched.is_some()))
            .collect()
    }

    /// S-18.4
    #[test]
    fn pages_of_uploads_are_read_as_servers_write_them() {
        let escaped = br#"<?xml version="1.0"?><ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Bucket>b</Bucket><KeyMarker/><NextKeyMarker>a%2Fb+c</NextKeyMarker><NextUploadIdMarker>2</NextUploadIdMarker>
            <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
            <Upload><Key>a%2Fb+c</Key><UploadId>1</UploadId><Initiated>2026-11-27T13:35:25.325Z</Initiated></Upload>
            <Upload><Key>a%2Fb+c</Key><UploadId>2</UploadId><Initiated>soon</Initiated></Upload>
            <Upload><Key>%FF</Key><UploadId>3</UploadId></Upload></ListMultipartUploadsResult>"#;
        let page = page_of_uploads(escaped).unwrap_or_default();
        assert_eq!(told(&page), [("a/b c", "1", true), ("a/b c", "2", false)]);
        assert_eq!(page.next, Some(("a/b c".to_owned(), "2".to_owned())));
        // A page that says that another one follows, and not where.
        let bare = b"<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>\
            <Upload><Key>a%2Fb</Key><UploadId>1</UploadId></Upload></ListMultipartUploadsResult>";
        let page = page_of_uploads(bare).unwrap_or_default();
        assert_eq!(page.next, Some(("a%2Fb".to_owned(), "1".to_owned())));
        let last = b"<ListMultipartUploadsResult><NextKeyMarker>a</NextKeyMarker></ListMultipartUploadsResult>";
        assert!(page_of_uploads(last).is_ok_and(|page| page.next.is_none()));
    }

    /// S-18.4
    #[test]
    fn what_is_no_page_of_uploads_says_nothing_of_them() {
        for (body, expected) in [
            (&b"<ListBucketResult/>"[..], Fault::NoUploads),
            (b"", Fault::NoUploads),
            (b"<ListMultipartUploadsResult><Upload>", Fault::NoUploads),
            (
                b"<ListMultipartUploadsResult><Upload><Key>a</Key></Upload></ListMultipartUploadsResult>",
                Fault::NoName,
            ),
            (
                b"<ListMultipartUploadsResult><Upload><UploadId>1</UploadId></Upload></ListMultipartUploadsResult>",
                Fault::NoName,
            ),
        ] {
            assert_eq!(page_of_uploads(body).err(), Some(expected));
        }
    }

    #[test]
    fn the_latest_part_tells_when_something_came_last() {
        let page = b"<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker>\
            <Part><LastModified>2026-11-27T13:35:25Z</LastModified></Part>\
            <Part><LastModified>2026-11-26T13:35:25Z</LastModified></Part></ListPartsResult>";
        let read = parts(page).unwrap_or_default();
        assert_eq!(read.latest, date::time("2026-11-27T13:35:25Z"));
        assert_eq!((read.next, read.has_some), (Some(2), true));
        assert!(parts(b"<ListPartsResponse/>").is_some());
        assert_eq!(parts(b"<ListPartsResult/>"), Some(Parts::default()));
        assert_eq!(parts(b"<ListBucketResult/>"), None);
    }
}
