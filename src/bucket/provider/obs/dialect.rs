//! What OBS does otherwise than others, and how it is spoken to.

use crate::bucket::backend::Listings;
use crate::bucket::differences::{
    self, Create, Differences, Digest, Larger, Order, Pages, Precision, Sent, ServerCopy, Tag,
    Whole,
};
use crate::bucket::provider::s3::{Classes, Dialect, Hints, ListVersion, Names, OBS, Tagging};
use crate::bucket::sizes::Sizes;

pub(super) const DIFFERENCES: Differences = Differences {
    // It documents no header that forbids to replace an object, and does not look at S3's.
    create: Create::LookFirst,
    order: Order::Bytes,
    pages: Pages::AfterAnyName,
    listings: Listings::Strong,
    tag: Tag::Md5UnlessEncrypted,
    told: &[Digest::Md5, Digest::Md5OfParts],
    always_told: None,
    answered: &[Digest::Md5],
    asked: &[],
    sent: &[
        Sent::WithObject("Content-MD5"),
        Sent::WithPart("Content-MD5"),
    ],
    server_copy: Some(ServerCopy {
        largest_bytes: Sizes::USUAL.put_bytes,
        larger: Larger::InParts,
        condition: "`x-amz-copy-source-if-match`",
    }),
    sizes: Sizes {
        least_part_bytes: 100 << 10,
        ..Sizes::USUAL
    },
    modified: Precision::Second,
    classes: differences::Classes::SomeArchived,
    whole: Whole::Length,
};

pub(super) static DIALECT: Dialect = Dialect {
    service: Some(OBS),
    differences: DIFFERENCES,
    // Its parallel file systems know no version 2, and begin every page anew where names are asked for escaped.
    list: ListVersion::One,
    names: Names::Plain,
    tagging: Tagging::Unknown,
    // By the names of S3's header: WARM is STANDARD_IA, and COLD is GLACIER.
    classes: Classes::These {
        whose: "OBS'",
        readable: &["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING"],
        archived: &["GLACIER", "DEEP_ARCHIVE"],
    },
    hints: Hints {
        plain: "the server speaks TLS: config.endpoint is to begin with https://",
        elsewhere: "the bucket is elsewhere: config.endpoint is to be that of the bucket's region",
        listing: None,
        too_large: "something on the way to OBS takes no request of that size",
    },
};
