//! What Oracle's Object Storage does otherwise than others.

use super::config::LEAST_PART;
use crate::bucket::backend::Listings;
use crate::bucket::differences::{
    Classes, Create, Differences, Digest, Order, Pages, Precision, Sent, Tag, Whole,
};
use crate::bucket::sizes::Sizes;

pub(super) const DIFFERENCES: Differences = Differences {
    create: Create::Header("If-None-Match: *"),
    order: Order::Bytes,
    pages: Pages::AfterAnyName,
    listings: Listings::Strong,
    tag: Tag::Version,
    told: &[Digest::Md5, Digest::Md5OfParts],
    always_told: None,
    answered: &[Digest::Md5, Digest::Crc32c],
    asked: &[Digest::Crc32c],
    sent: &[
        Sent::WithObject("Content-MD5"),
        Sent::WithPart("Content-MD5"),
    ],
    server_copy: None,
    sizes: Sizes {
        object_bytes: Some(10 << 40),
        put_bytes: Some(50 << 30),
        least_part_bytes: LEAST_PART,
        largest_part_bytes: Some(50 << 30),
        parts: Some(10_000),
    },
    modified: Precision::Millisecond,
    classes: Classes::SomeArchived,
    whole: Whole::Length,
};
