//! What a request asks of S3, read from the request itself: the same status means one thing to one request and another to the next.

use std::ops::Range;

use object_store::client::HttpRequest;

use crate::http::secrets::Carriers;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// A page of a listing.
    List,
    /// How the bucket keeps its objects.
    About,
    /// Whether a version says that an object is deleted, and nothing else.
    Deletion,
    /// An object, or a part of it.
    Read {
        /// The bytes that are wanted, where not all are.
        range: Option<Range<u64>>,
        /// Whether only the head of the answer is wanted.
        head_only: bool,
    },
    /// To put an object, or a part of one.
    Put {
        /// Whether to fail where an object exists.
        create: bool,
    },
    /// To copy an object, or a part of one.
    Copy,
    /// To begin an upload in parts.
    Begin,
    /// To complete one.
    Complete,
    /// To delete an object, or abort an upload.
    Delete,
    /// Credentials.
    Credentials,
}

/// Where requests to S3, and to the services that give credentials for it, carry secrets.
pub(super) const CARRIERS: Carriers = Carriers {
    // Of version 4, and of version 2: `AWS key:signature`.
    authorization: &[
        ("Credential=", '/'),
        ("Signature=", ','),
        ("AWS ", ':'),
        (":", ' '),
    ],
    headers: &[
        "x-amz-security-token",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-server-side-encryption-customer-key-md5",
        "x-amz-copy-source-server-side-encryption-customer-key",
        "x-amz-copy-source-server-side-encryption-customer-key-md5",
    ],
    query: &["WebIdentityToken"],
};

impl Asked {
    pub(super) fn by(request: &HttpRequest) -> Self {
        if let Some(asked @ (Self::List | Self::About | Self::Deletion | Self::Copy)) =
            request.extensions().get()
        {
            return asked.clone();
        }
        let header = |name: &str| request.headers().get(name)?.to_str().ok();
        let query = request.uri().query().unwrap_or_default();
        let has = |name: &str| {
            query
                .split('&')
                .any(|pair| pair.split('=').next() == Some(name))
        };
        match request.method().as_str() {
            "GET" | "HEAD" => Self::Read {
                range: header("range").and_then(range),
                head_only: request.method() == "HEAD",
            },
            "PUT" => Self::Put {
                create: header("if-none-match").is_some(),
            },
            "POST" if has("uploads") => Self::Begin,
            "POST" if has("uploadId") => Self::Complete,
            "DELETE" => Self::Delete,
            _ => Self::Credentials,
        }
    }
}

/// The bytes that `bytes=2-4` asks for.
fn range(text: &str) -> Option<Range<u64>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    Some(first.parse().ok()?..end)
}
