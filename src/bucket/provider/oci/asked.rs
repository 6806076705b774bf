//! What a request asks of the service; it stands among the request's extensions, for the same status means one thing to one request and another to
//! the next.

use crate::http::secrets::Carriers;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The namespace of who asks.
    Namespace,
    /// A page of a listing: of objects, of their versions, or of uploads.
    List,
    /// How the bucket keeps its objects.
    About,
    /// What is known of an object.
    Facts,
    /// An object, or a part of it.
    Read,
    /// To put an object.
    Put {
        /// Whether to fail where an object exists.
        create: bool,
    },
    /// To begin an upload in parts.
    Begin,
    /// To take a part.
    Part,
    /// To make the object of its parts.
    Commit,
    /// To tell of the parts of an upload.
    Parts,
    /// To end an upload.
    Abort,
    /// To delete an object.
    Delete,
}

impl Asked {
    /// The rights that it takes, as Oracle's policies name them.
    pub(super) fn right(self) -> &'static str {
        match self {
            Asked::Namespace => "OBJECTSTORAGE_NAMESPACE_READ",
            Asked::List | Asked::Parts => "OBJECT_INSPECT",
            Asked::About => "BUCKET_READ",
            Asked::Facts | Asked::Read => "OBJECT_READ",
            Asked::Put { create: true } => "OBJECT_CREATE",
            Asked::Put { create: false } | Asked::Begin | Asked::Part | Asked::Commit => {
                "OBJECT_CREATE or OBJECT_OVERWRITE"
            }
            Asked::Delete | Asked::Abort => "OBJECT_DELETE",
        }
    }

    /// Whether the body is an object or a part of one.
    pub(super) fn brings_an_object(self) -> bool {
        matches!(self, Asked::Put { .. } | Asked::Part)
    }
}

/// Where requests carry secrets. Whoever knows the id of an upload can put into it, if its rights allow it.
pub(super) const CARRIERS: Carriers = Carriers {
    authorization: &[("signature=\"", '"'), ("keyId=\"", '"')],
    headers: &[],
    query: &["uploadId"],
};
