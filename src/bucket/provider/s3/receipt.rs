//! Answers to what was put, in the form in which `object_store` reads them. Servers call their documents `…Result`, `…Response` or `…Output`, after
//! what was done: `Thanos` looks at no document's name.

use quick_xml::escape::escape;
use reqwest::header::{ETAG, HeaderMap, HeaderValue};

use super::asked::Asked;
use crate::http::xml;

/// What the beginning or the end of an upload in parts is answered with, and what a copy is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Receipt {
    Begun { upload: String },
    Completed { tag: String },
    Copied { tag: String },
}

const BEGUN: [&str; 2] = ["InitiateMultipartUpload", "CreateMultipartUpload"];
const COMPLETED: [&str; 1] = ["CompleteMultipartUpload"];
const COPIED: [&str; 3] = ["CopyObject", "CopyPart", "UploadPartCopy"];

/// Whether a document of that name tells that one of these was done.
fn tells(root: &str, done: &[&str]) -> bool {
    let ends = |rest: &str| matches!(rest, "Result" | "Response" | "Output");
    done.iter()
        .any(|done| root.strip_prefix(done).is_some_and(ends))
}

impl Receipt {
    /// `None` for what is no such answer.
    pub(super) fn read(asked: &Asked, body: &[u8]) -> Option<Self> {
        let (mut upload, mut tag, mut is_completed) = (None, String::new(), false);
        let mut copied = None;
        let is_whole = xml::walk(body, |element| match element.path {
            [root, "UploadId"] if tells(root, &BEGUN) => {
                upload = Some(element.text.trim().to_owned());
            }
            [root, "ETag"] if tells(root, &COMPLETED) => {
                element.text.trim().clone_into(&mut tag);
            }
            [root] if tells(root, &COMPLETED) => is_completed = true,
            [root, "ETag"] if tells(root, &COPIED) => {
                copied = Some(element.text.trim().to_owned());
            }
            _ => {}
        });
        match asked {
            Asked::Begin => {
                let upload = upload.filter(|upload| is_whole && !upload.is_empty())?;
                Some(Self::Begun { upload })
            }
            Asked::Copy => {
                let tag = copied.filter(|tag| is_whole && !tag.is_empty())?;
                Some(Self::Copied { tag })
            }
            Asked::Complete => (is_whole && is_completed).then_some(Self::Completed { tag }),
            _ => None,
        }
    }

    /// As a document.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Begun { upload } => {
                let upload = escape(upload.as_str());
                format!(
                    "<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
                )
            }
            Self::Completed { tag } => {
                let tag = escape(tag.as_str());
                format!(
                    "<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>"
                )
            }
            Self::Copied { tag } => {
                let tag = escape(tag.as_str());
                format!("<CopyObjectResult><ETag>{tag}</ETag></CopyObjectResult>")
            }
        }
    }
}

/// Only the headers that can be read, with an empty entity tag where there is none: `object_store` insists on one.
pub(super) fn with_tag(headers: &HeaderMap) -> HeaderMap {
    let readable = headers.iter().filter(|(_, value)| value.to_str().is_ok());
    let mut readable: HeaderMap = readable
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    readable.entry(ETAG).or_insert(HeaderValue::from_static(""));
    readable
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn receipts_are_read_in_every_dialect() {
        let read = |asked: &Asked, body: &str| Receipt::read(asked, body.as_bytes());
        for (body, upload) in [
            (
                "<InitiateMultipartUploadResult><UploadId>a&amp;b</UploadId></InitiateMultipartUploadResult>",
                Some("a&b"),
            ),
            (
                "<?xml version=\"1.0\"?>\n<s:InitiateMultipartUploadResult xmlns:s=\"x\"><s:UploadId>\na </s:UploadId></s:InitiateMultipartUploadResult>",
                Some("a"),
            ),
            (
                "<InitiateMultipartUploadResponse><UploadId>a</UploadId></InitiateMultipartUploadResponse>",
                Some("a"),
            ),
            (
                "<CreateMultipartUploadOutput><UploadId>a</UploadId></CreateMultipartUploadOutput>",
                Some("a"),
            ),
            ("<html><UploadId>a</UploadId></html>", None),
            ("<Error><UploadId>a</UploadId></Error>", None),
            (
                "<InitiateMultipartUploadResult><UploadId/></InitiateMultipartUploadResult>",
                None,
            ),
            (
                "<InitiateMultipartUploadResult><UploadId>a</UploadId>",
                None,
            ),
            ("<Error><Code>InternalError</Code></Error>", None),
            ("", None),
        ] {
            let expected = upload.map(|upload| Receipt::Begun {
                upload: upload.to_owned(),
            });
            let found = read(&Asked::Begin, body);
            assert_eq!(found, expected, "{body}");
            assert_eq!(read(&Asked::Complete, body), None);
            if let Some(receipt) = found {
                assert_eq!(read(&Asked::Begin, &receipt.written()), Some(receipt));
            }
        }
        for (body, tag) in [
            (
                "<CompleteMultipartUploadResult><ETag>&quot;a-1&quot;</ETag></CompleteMultipartUploadResult>",
                Some("\"a-1\""),
            ),
            (
                "\n  \n<CompleteMultipartUploadResult><Location>x</Location></CompleteMultipartUploadResult>",
                Some(""),
            ),
            (
                "<CompleteMultipartUploadResponse><ETag>a</ETag></CompleteMultipartUploadResponse>",
                Some("a"),
            ),
            ("<CompleteMultipartUploadOutput/>", Some("")),
            ("<CompleteMultipartUpload/>", None),
            ("<CompleteMultipartUploadResult/>", Some("")),
            ("<CompleteMultipartUploadResult>", None),
            ("<html/>", None),
        ] {
            let expected = tag.map(|tag| Receipt::Completed {
                tag: tag.to_owned(),
            });
            assert_eq!(read(&Asked::Complete, body), expected, "{body}");
        }
    }

    /// S-6.14: a copy that failed after its answer had begun has the status of one that did not.
    #[test]
    fn a_copy_is_one_when_the_answer_names_what_was_copied() {
        for (body, tag) in [
            (
                "<CopyObjectResult><LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>&quot;a&quot;</ETag></CopyObjectResult>",
                Some("\"a\""),
            ),
            (
                "<?xml version=\"1.0\"?>\n<CopyPartResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><ETag>\"a\"</ETag></CopyPartResult>",
                Some("\"a\""),
            ),
            (
                "\n  \n<s:CopyObjectResult xmlns:s=\"x\"><s:ETag>\n a </s:ETag></s:CopyObjectResult>",
                Some("a"),
            ),
            (
                "<CopyObjectResponse><ETag>a</ETag></CopyObjectResponse>",
                Some("a"),
            ),
            (
                "<UploadPartCopyResult><ETag>a</ETag></UploadPartCopyResult>",
                Some("a"),
            ),
            ("<CopyObjectResult><ETag/></CopyObjectResult>", None),
            ("<CopyObjectResult/>", None),
            ("<CopyObjectResult><ETag>a</ETag>", None),
            ("<Error><Code>InternalError</Code></Error>", None),
            (
                "<CompleteMultipartUploadResult><ETag>a</ETag></CompleteMultipartUploadResult>",
                None,
            ),
            (
                "<Error><CopyObjectResult><ETag>a</ETag></CopyObjectResult></Error>",
                None,
            ),
            ("", None),
        ] {
            let expected = tag.map(|tag| Receipt::Copied {
                tag: tag.to_owned(),
            });
            let found = Receipt::read(&Asked::Copy, body.as_bytes());
            assert_eq!(found, expected, "{body}");
            if let Some(receipt) = found {
                let again = Receipt::read(&Asked::Copy, receipt.written().as_bytes());
                assert_eq!(again, Some(receipt));
            }
        }
    }

    #[test]
    fn a_tag_that_is_missing_or_cannot_be_read_is_empty() {
        for (value, expected) in [
            (None, ""),
            (Some(&b"\"a\""[..]), "\"a\""),
            (Some(b"\xff"), ""),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(ETAG, HeaderValue::from_bytes(value).unwrap());
            }
            assert_eq!(with_tag(&headers).get(ETAG).unwrap(), expected);
        }
    }
}
