//! What a request asks of the service; it stands among the request's extensions, for the same status means one thing to one request and another to
//! the next.

use std::ops::Range;

use crate::http::secrets::Carriers;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// A page of a listing.
    List,
    /// How the bucket keeps its objects.
    About,
    /// What is known of an object.
    Facts,
    /// An object, or a part of it.
    Read {
        /// The bytes that are wanted, where not all are.
        range: Option<Range<u64>>,
    },
    /// To put an object.
    Put {
        /// Whether to fail where an object exists.
        create: bool,
    },
    /// To begin an upload in pieces.
    Begin,
    /// To take a piece of one, or to tell how far it is.
    Piece,
    /// To copy an object.
    Rewrite,
    /// To delete an object, or what was uploaded so far.
    Delete,
    /// To end an upload before its time.
    Cancel,
}

/// Where requests carry secrets. Whoever knows the id of an upload can put into it.
pub(super) const CARRIERS: Carriers = Carriers {
    authorization: &[("Bearer ", ' ')],
    headers: &[],
    query: &["upload_id"],
};
