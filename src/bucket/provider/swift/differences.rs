//! What Swift of `OpenStack` does otherwise than others.

use super::config::LARGEST_OBJECT;
use crate::bucket::backend::Listings;
use crate::bucket::differences::{
    Classes, Create, Differences, Digest, Larger, Order, Pages, Precision, Sent, ServerCopy, Tag,
    Whole,
};
use crate::bucket::sizes::Sizes;

/// What a service puts together unless it is told otherwise.
const MOST_SEGMENTS: u64 = 1000;

pub(super) const DIFFERENCES: Differences = Differences {
    // `If-None-Match` goes along all the same: it refuses what lies there, but not what comes at the same time.
    create: Create::LookFirst,
    order: Order::Bytes,
    pages: Pages::AfterAnyName,
    listings: Listings::Lagging,
    tag: Tag::Md5OfOnePut,
    told: &[Digest::Md5],
    always_told: Some(Digest::Md5),
    answered: &[Digest::Md5],
    asked: &[],
    sent: &[Sent::WithObject("ETag"), Sent::WithPart("ETag")],
    server_copy: Some(ServerCopy {
        largest_bytes: None,
        larger: Larger::None,
        condition: "`If-Match`",
    }),
    sizes: Sizes {
        object_bytes: Some(MOST_SEGMENTS * LARGEST_OBJECT),
        put_bytes: Some(LARGEST_OBJECT),
        least_part_bytes: 1 << 20,
        largest_part_bytes: Some(LARGEST_OBJECT),
        parts: Some(MOST_SEGMENTS),
    },
    modified: Precision::Millisecond,
    classes: Classes::None,
    whole: Whole::Length,
};
