//! Reads objects piece by piece, always the version that was listed.

use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, ObjectStore};

use super::bandwidth::Bandwidth;
use super::opened::Opened;
use super::store::SizeUnknown;
use crate::block::{Object, ObjectPath};
use crate::error::{Error, Kind, Result};
use crate::progress::{BlockProgress, Piece};

/// The ranges that make up an object; none for an empty one.
pub(super) fn ranges(size: u64, part: u64) -> impl Iterator<Item = Range<u64>> {
    let starts = (0..size.div_ceil(part)).map(move |number| number * part);
    starts.map(move |start| start..size.min(start + part))
}

/// The version of an object that is read in several ranges, taken from the first answer, because a listing need not tell one.
#[derive(Debug, Default)]
pub(super) struct Version(OnceLock<String>);

impl Version {
    /// Why the answer is of another version than the first one, if it is.
    fn difference(&self, got: &GetResult) -> Option<String> {
        let now = got.meta.e_tag.as_deref()?;
        let first = self.0.get_or_init(|| now.to_owned());
        (opaque(now) != opaque(first))
            .then(|| format!("its entity tag is {now}, and a moment ago it was {first}"))
    }
}

/// Reads one range, whole or not at all.
///
/// Errors: [`Kind::Changed`] where another version lies there now than was listed, or than other ranges were read of; [`Kind::Unreadable`] where
/// this object alone cannot be read.
pub(super) async fn fetch(
    bucket: &Opened,
    path: &ObjectPath,
    object: &Object,
    range: Range<u64>,
    version: &Version,
) -> Result<Bytes> {
    let backend = &bucket.backend;
    let full: Path = bucket.full(path)?;
    let attempt = || format!("read {path} in {}", backend.location);
    let size = range.end - range.start;
    let options = GetOptions {
        if_match: condition(object).map(str::to_owned),
        // An empty range is no range.
        range: (size > 0).then_some(GetRange::Bounded(range)),
        ..GetOptions::default()
    };
    let read = async {
        let got = backend.store.get_opts(&full, options).await?;
        if let Some(why) = difference(object, &got).or_else(|| version.difference(&got)) {
            return Ok(Err(why));
        }
        collect(got, size, &bucket.common.bandwidth).await.map(Ok)
    };
    let read = read
        .await
        .map_err(|err| unreadable(bucket.error(err, attempt())))?;
    let bytes = read.map_err(|why| Error::new(Kind::Changed, attempt()).because(why))?;
    all_of(bytes, size, attempt)
}

/// The entity tag that the listed version must have, as a condition asks for it; `None` where it has none, or a weak one, which never matches.
pub(super) fn condition(object: &Object) -> Option<&str> {
    let tag = object.version.as_deref();
    tag.filter(|tag| !tag.starts_with(WEAK))
}

/// How an entity tag begins that tells versions apart, and not their bytes.
const WEAK: &str = "W/";

fn opaque(tag: &str) -> &str {
    tag.strip_prefix(WEAK).unwrap_or(tag)
}

/// What tells that the answer brings another version than was listed.
fn difference(listed: &Object, got: &GetResult) -> Option<String> {
    let (now, then) = (got.meta.size, listed.size_bytes);
    if now != then && got.extensions.get::<SizeUnknown>().is_none() {
        return Some(format!("it has {now} bytes, {then} were listed"));
    }
    let (now, then) = (got.meta.e_tag.as_deref()?, listed.version.as_deref()?);
    (opaque(now) != opaque(then)).then(|| format!("its entity tag is {now}, {then} was listed"))
}

/// What comes of an answer that should have so many bytes, and of a longer one no more than it takes to see that.
pub(super) async fn collect(
    got: GetResult,
    size: u64,
    bandwidth: &Bandwidth,
) -> object_store::Result<Vec<u8>> {
    // Keeping the pieces themselves would keep alive buffers that are larger than they are.
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    let mut pieces = got.into_stream();
    while let Some(piece) = pieces.try_next().await? {
        bandwidth.pass(piece.len()).await;
        bytes.extend_from_slice(&piece);
        BlockProgress::came(piece.len() as u64);
        if let Some(piece) = Piece::current() {
            piece.came(bytes.len() as u64);
        }
        if bytes.len() as u64 > size {
            break;
        }
    }
    Ok(bytes)
}

/// What was collected, which may be another number of bytes on the next try.
pub(super) fn all_of(bytes: Vec<u8>, size: u64, attempt: impl Fn() -> String) -> Result<Bytes> {
    let came = bytes.len() as u64;
    if came == size {
        return Ok(bytes.into());
    }
    let why = if came > size {
        format!("more than {size} bytes came")
    } else {
        format!("{came} of {size} bytes came")
    };
    Err(Error::new(Kind::Transient, attempt()).because(why))
}

/// A refusal to read one object of a bucket whose other objects can be read concerns that object.
fn unreadable(err: Error) -> Error {
    if err.kind() == Kind::Refused {
        err.of_kind(Kind::Unreadable)
    } else {
        err
    }
}
