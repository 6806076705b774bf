//! How a file shows as an object: its size, its time to the nanosecond, and an entity tag made of what identifies it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use chrono::DateTime;
use object_store::ObjectMeta;
use object_store::path::Path as Location;

/// How the version of what is left out begins.
const LEFT_OUT: &str = "left out: ";

/// The object at `location` whose file has these `metadata`.
pub(super) fn object(location: Location, metadata: &Metadata) -> ObjectMeta {
    ObjectMeta {
        size: metadata.len(),
        e_tag: Some(e_tag(metadata)),
        ..stand_in(location, metadata)
    }
}

/// What shows an empty folder in a listing: nothing to read, and no entity tag to tell so.
pub(super) fn stand_in(location: Location, metadata: &Metadata) -> ObjectMeta {
    let nanoseconds = u32::try_from(metadata.mtime_nsec()).unwrap_or_default();
    ObjectMeta {
        location,
        last_modified: DateTime::from_timestamp(metadata.mtime(), nanoseconds).unwrap_or_default(),
        size: 0,
        e_tag: None,
        version: None,
    }
}

/// What shows an entry that is no object, and could be one of a block's: nothing to read, and why in the place of a version, which files
/// do not have.
pub(super) fn left_out(location: Location, why: &str) -> ObjectMeta {
    ObjectMeta {
        location,
        last_modified: DateTime::default(),
        size: 0,
        e_tag: None,
        version: Some(format!("{LEFT_OUT}{why}")),
    }
}

/// Why an entry with this version is no object; `None` for what a listing of any other bucket tells.
pub(in crate::bucket) fn why_left_out(version: &str) -> Option<&str> {
    version.strip_prefix(LEFT_OUT)
}

/// `<device>-<inode>-<mtime in ns>-<size>`, all hexadecimal.
pub(super) fn e_tag(metadata: &Metadata) -> String {
    let nanoseconds =
        i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    format!(
        "{:x}-{:x}-{nanoseconds:x}-{:x}",
        metadata.dev(),
        metadata.ino(),
        metadata.len()
    )
}

/// The device and inode of the file that a folder bucket gave this entity tag; `None` for any other entity tag.
pub(in crate::bucket) fn inode_of_etag(e_tag: &str) -> Option<(u64, u64)> {
    let fields: Vec<&str> = e_tag.split('-').collect();
    let [device, inode, nanoseconds, size] = fields.as_slice() else {
        return None;
    };
    u128::from_str_radix(nanoseconds, 16).ok()?;
    u64::from_str_radix(size, 16).ok()?;
    Some((
        u64::from_str_radix(device, 16).ok()?,
        u64::from_str_radix(inode, 16).ok()?,
    ))
}

/// Whether both are the same file, whatever its names.
pub(super) fn same_file(one: &Metadata, other: &Metadata) -> bool {
    one.dev() == other.dev() && one.ino() == other.ino()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn an_entity_tag_tells_device_and_inode() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let metadata = file.path().metadata().unwrap();
        assert_eq!(
            inode_of_etag(&e_tag(&metadata)),
            Some((metadata.dev(), metadata.ino()))
        );
    }

    #[test]
    fn another_providers_entity_tag_tells_no_inode() {
        for e_tag in [
            "",
            "\"9bb58f26192e4ba00f01e2e7b136bbd8\"",
            "9bb58f26192e4ba00f01e2e7b136bbd8-4",
            "\"0x8D4BCC2E4835CD0\"",
            "1-2-3",
            "1-2-3-x",
            "1-2-3-4-5",
        ] {
            assert_eq!(inode_of_etag(e_tag), None, "{e_tag}");
        }
    }
}
