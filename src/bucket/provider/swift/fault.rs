//! What is wrong with an answer that came with a good status, or with what it shows.

use std::error::Error as StdError;
use std::fmt;

use object_store::client::{HttpError, HttpErrorKind};

use crate::error::Kind;

/// What errors of this provider call it.
pub(super) const STORE: &str = "Swift";

/// An answer is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no page of a listing.
    NoListing,
    /// An object without a name.
    NoName,
    /// It does not tell of an object.
    NoObject,
    /// It tells of other bytes than were sent.
    OtherBytes,
    /// Another part of an object came than was asked for.
    OtherPart,
    /// It does not list segments.
    NoManifest,
    /// Another large object lies there by now.
    OtherManifest,
    /// A dynamic large object lacks one of its segments.
    LostSegment,
    /// The container of a dynamic large object's segments is not there.
    LostSegments,
    /// It is said not to be there, and no listing shows it.
    Absent,
    /// It is said not to be there, and it is.
    Denied,
    /// Whatever is deleted, an older version comes back.
    CameBack,
    /// A large object is made of what is not copied here.
    OddManifest,
    /// The service does not put static large objects together.
    NoStaticLargeObjects,
    /// The container in which segments are to lie is not there.
    NoSegmentsContainer,
    /// It is not at the place from which a copy is to come.
    OtherService,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NoListing => "the answer is no page of a listing",
            Fault::NoName => "the page shows an object without a name",
            Fault::NoObject => "the answer tells of no object",
            Fault::OtherBytes => "what was put is not what is there: the answer tells another MD5",
            Fault::OtherPart => "another part of the object came than was asked for",
            Fault::NoManifest => "the answer names no segments of a large object",
            Fault::OtherManifest => "another large object lies there by now",
            Fault::LostSegment => {
                "it is a dynamic large object, and the listing of its segments lacks one"
            }
            Fault::LostSegments => {
                "it is a dynamic large object, and the container of its segments is not there"
            }
            Fault::CameBack => "an older version of it comes back however often it is deleted",
            Fault::Absent => "it is not there, and no listing shows it",
            Fault::Denied => "it is said not to be there, and it is",
            Fault::OddManifest => {
                "it is made of parts of objects, or of other large objects, which are not copied one by one"
            }
            Fault::NoStaticLargeObjects => {
                "the service does not put static large objects together"
            }
            Fault::NoSegmentsContainer => "the container of the segments is not there",
            Fault::OtherService => "the source is at another address",
        })
    }
}

impl StdError for Fault {}

impl Fault {
    pub(super) fn kind(self) -> Kind {
        match self {
            Fault::NoName | Fault::CameBack => Kind::Other,
            Fault::Absent => Kind::NotFound,
            Fault::NoStaticLargeObjects | Fault::OddManifest | Fault::OtherService => {
                Kind::Unsupported
            }
            Fault::NoSegmentsContainer => Kind::BucketGone,
            Fault::OtherManifest => Kind::Changed,
            Fault::LostSegment | Fault::LostSegments => Kind::Unreadable,
            // The next try may bring another answer.
            _ => Kind::Transient,
        }
    }

    /// What to look at.
    pub(super) fn hint(self) -> Option<&'static str> {
        match self {
            Fault::NoListing => Some("something on the way to the service answers"),
            Fault::NoSegmentsContainer => Some(
                "config.large_object_segments_container_name is to name one, which nobody makes here",
            ),
            Fault::NoStaticLargeObjects => {
                Some("config.use_dynamic_large_objects: true puts large objects in another way")
            }
            _ => None,
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
