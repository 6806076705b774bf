//! What a request asks of the store: the same status means one thing to one request and another to the next.

use crate::http::secrets::Carriers;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A page of a listing.
    List,
    /// What is known of a container.
    Container,
    /// What the service can do, which it tells everybody.
    Info,
    /// What is known of an object.
    Facts,
    /// The segments that a static large object names.
    Manifest,
    /// An object, or a part of it.
    Read,
    /// To put an object or a segment.
    Put {
        /// Whether to fail where an object exists.
        create: bool,
    },
    /// To make a large object of its segments.
    Assemble,
    /// To copy an object.
    Copy,
    /// To delete an object.
    Delete,
}

/// Where requests carry secrets.
pub(super) const CARRIERS: Carriers = Carriers {
    authorization: &[],
    headers: &["x-auth-token", "x-auth-key"],
    query: &[],
};
