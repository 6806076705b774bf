//! What is wrong with an answer that came with a good status, or with a request that cannot go out.

use std::error::Error as StdError;
use std::fmt;

use object_store::client::{HttpError, HttpErrorKind};

use crate::error::Kind;

/// What errors of this provider call it.
pub(super) const STORE: &str = "OCI";

/// An answer is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no namespace.
    NoNamespace,
    /// It is no page of a listing.
    NoListing,
    /// It says that it comes next itself.
    SamePage,
    /// The list of uploads goes on and brings nothing new.
    Endless,
    /// An object without a name, or an upload without an id.
    NoName,
    /// It does not tell of an object.
    NoObject,
    /// It tells of other bytes than were sent.
    OtherBytes,
    /// Another part of an object came than was asked for.
    OtherPart,
    /// The beginning of an upload is answered without its id, or a part without its tag.
    NoUpload,
    /// An object is denied that is listed.
    Denied,
    /// A bucket is denied of which something can be listed.
    NoWriting,
    /// The same, for the first time: the next request may fare better.
    NoWritingYet,
    /// The key signs nothing.
    NoSignature,
    /// The file of a token cannot be read.
    NoToken,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NoNamespace => "the answer is no namespace",
            Fault::NoListing => "the answer is no page of a listing",
            Fault::SamePage => "the page says that it comes next itself",
            Fault::Endless => "the list of uploads goes on and brings nothing new",
            Fault::NoName => "the page shows something without a name",
            Fault::NoObject => "the answer tells of no object",
            Fault::OtherBytes => {
                "what was put is not what is there: the answer tells another MD5 or another CRC-32C"
            }
            Fault::OtherPart => "another part of the object came than was asked for",
            Fault::NoUpload => "the answer does not tell the id of an upload, or the tag of a part",
            Fault::Denied => {
                "it is said not to be there, and a listing shows it: the right OBJECT_READ seems to be lacking"
            }
            Fault::NoWriting => {
                "the bucket is said not to be there, and can be listed: a right to do this in it seems to be lacking"
            }
            Fault::NoWritingYet => "the bucket is said not to be there, and can be listed",
            Fault::NoSignature => "the key signs nothing",
            Fault::NoToken => "the file that security_token_file names cannot be read",
        })
    }
}

impl StdError for Fault {}

impl Fault {
    pub(super) fn kind(self) -> Kind {
        match self {
            Fault::NoName | Fault::Endless => Kind::Other,
            Fault::Denied | Fault::NoWriting => Kind::Refused,
            Fault::NoSignature | Fault::NoToken => Kind::Credentials,
            // The next try may bring another answer.
            _ => Kind::Transient,
        }
    }

    /// An error after which the request is repeated as it is.
    pub(super) fn passing(self) -> HttpError {
        HttpError::new(HttpErrorKind::Request, self)
    }

    /// An error after which it is not.
    pub(super) fn final_one(self) -> HttpError {
        HttpError::new(HttpErrorKind::Unknown, self)
    }
}

/// An error of this provider.
pub(super) fn generic(err: impl StdError + Send + Sync + 'static) -> object_store::Error {
    object_store::Error::Generic {
        store: STORE,
        source: Box::new(err),
    }
}
