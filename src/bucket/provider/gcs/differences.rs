//! What Google Cloud Storage does otherwise than others.

use crate::bucket::backend::Listings;
use crate::bucket::differences::{
    Classes, Create, Differences, Digest, Larger, Order, Pages, Precision, Sent, ServerCopy, Tag,
    Whole,
};
use crate::bucket::sizes::Sizes;

const LARGEST_OBJECT: u64 = 5 << 40;

pub(super) const DIFFERENCES: Differences = Differences {
    create: Create::Header("ifGenerationMatch=0"),
    order: Order::Bytes,
    pages: Pages::AfterAnyName,
    listings: Listings::Strong,
    tag: Tag::Version,
    told: &[Digest::Md5, Digest::Crc32c],
    always_told: Some(Digest::Crc32c),
    answered: &[Digest::Md5, Digest::Crc32c],
    asked: &[],
    sent: &[
        Sent::WithObject("crc32c"),
        Sent::WithLastPiece("x-goog-hash"),
    ],
    server_copy: Some(ServerCopy {
        largest_bytes: None,
        larger: Larger::Repeated,
        condition: "`ifSourceGenerationMatch`",
    }),
    // Pieces of one session, of which there may be any number.
    sizes: Sizes {
        object_bytes: Some(LARGEST_OBJECT),
        put_bytes: Some(LARGEST_OBJECT),
        least_part_bytes: 1 << 20,
        largest_part_bytes: None,
        parts: None,
    },
    modified: Precision::Millisecond,
    classes: Classes::Readable,
    whole: Whole::Length,
};
