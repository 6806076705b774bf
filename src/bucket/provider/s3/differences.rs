//! What S3 does otherwise than others.

use crate::bucket::backend::Listings;
use crate::bucket::differences::{
    Classes, Create, Differences, Digest, Larger, Order, Pages, Precision, Sent, ServerCopy, Tag,
    Whole,
};
use crate::bucket::sizes::Sizes;

pub(super) const DIFFERENCES: Differences = Differences {
    create: Create::Header("If-None-Match: *"),
    order: Order::Bytes,
    pages: Pages::AfterAnyName,
    listings: Listings::Strong,
    tag: Tag::Md5UnlessEncrypted,
    told: &[Digest::Md5, Digest::Md5OfParts],
    always_told: None,
    // Amazon's; most others tell the entity tag alone.
    answered: &[Digest::Md5, Digest::Crc64Nvme],
    asked: &[Digest::Crc32c, Digest::Crc64Nvme],
    sent: &[
        Sent::WithObject("Content-MD5"),
        Sent::WithPart("Content-MD5"),
    ],
    server_copy: Some(ServerCopy {
        largest_bytes: Sizes::USUAL.put_bytes,
        larger: Larger::InParts,
        condition: "`x-amz-copy-source-if-match`",
    }),
    sizes: Sizes::USUAL,
    // Amazon's; most others tell milliseconds.
    modified: Precision::Second,
    classes: Classes::SomeArchived,
    whole: Whole::Length,
};
