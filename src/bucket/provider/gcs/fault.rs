//! What is wrong with an answer that came with a good status.

use std::error::Error as StdError;
use std::fmt;

use object_store::client::{HttpError, HttpErrorKind};

use crate::error::Kind;

/// What errors of this provider call it.
pub(super) const STORE: &str = "GCS";

/// An answer is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no page of a listing.
    NoListing,
    /// It says that it comes next itself.
    SameToken,
    /// An object without a name.
    NoName,
    /// It does not tell of an object.
    NoObject,
    /// It tells of other bytes than were sent.
    OtherBytes,
    /// Another part of an object came than was asked for.
    OtherPart,
    /// The beginning of an upload is answered without its id.
    NoUpload,
    /// The service has lost what it had of an upload.
    LostPieces,
    /// An upload is at an end too soon, or at none.
    OddEnd,
    /// A copy gets no further.
    NoProgress,
    /// An object is denied that is listed, or a bucket of which something is.
    Denied,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NoListing => "the answer is no page of a listing",
            Fault::SameToken => "the page says that it comes next itself",
            Fault::NoName => "the page shows an object without a name",
            Fault::NoObject => "the answer tells of no object",
            Fault::OtherBytes => {
                "what was put is not what is there: the answer tells another size, another CRC-32C or another MD5"
            }
            Fault::OtherPart => "another part of the object came than was asked for",
            Fault::NoUpload => "the answer does not say where to put the pieces of an upload",
            Fault::LostPieces => "the service has lost pieces of an upload that it had taken",
            Fault::OddEnd => "the answer does not say how far the upload is",
            Fault::NoProgress => "the service copies, and gets no further",
            Fault::Denied => "it is said not to be there, and a listing shows it",
        })
    }
}

impl StdError for Fault {}

impl Fault {
    pub(super) fn kind(self) -> Kind {
        match self {
            Fault::NoName => Kind::Other,
            // It was asked again and again.
            Fault::NoProgress => Kind::Unsupported,
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
