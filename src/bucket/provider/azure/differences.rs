//! What Azure does otherwise than others.

use crate::bucket::backend::Listings;
use crate::bucket::differences::{
    Classes, Create, Differences, Digest, Larger, Order, Pages, Precision, Sent, ServerCopy, Tag,
    Whole,
};
use crate::bucket::sizes::Sizes;

/// What one request copies at most.
pub(super) const LARGEST_COPY: u64 = 256 << 20;

/// How many blocks an object has at most.
pub(super) const BLOCKS: u64 = 50_000;

/// The largest block.
const LARGEST_BLOCK: u64 = 4_000 << 20;

pub(super) const DIFFERENCES: Differences = Differences {
    create: Create::Header("If-None-Match: *"),
    order: Order::Bytes,
    pages: Pages::AfterTheLast,
    listings: Listings::Strong,
    tag: Tag::Version,
    told: &[Digest::Md5],
    always_told: Some(Digest::Md5),
    answered: &[Digest::Md5],
    asked: &[],
    sent: &[
        Sent::WithObject("Content-MD5"),
        Sent::WithPart("Content-MD5"),
    ],
    server_copy: Some(ServerCopy {
        largest_bytes: Some(LARGEST_COPY),
        larger: Larger::InParts,
        condition: "`x-ms-source-if-match`",
    }),
    sizes: Sizes {
        object_bytes: Some(BLOCKS * LARGEST_BLOCK),
        put_bytes: Some(5_000 << 20),
        least_part_bytes: 1,
        largest_part_bytes: Some(LARGEST_BLOCK),
        parts: Some(BLOCKS),
    },
    modified: Precision::Second,
    classes: Classes::SomeArchived,
    whole: Whole::Length,
};
