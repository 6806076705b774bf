//! Brings the files of one block into a folder.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::block::{Inventory, Object};
use crate::bucket::{BucketReader, Ranged};
use crate::error::{Error, Kind, Result};
use crate::plan::SourceBlock;

/// How much is asked for at once.
const PIECE_BYTES: u64 = 8 << 20;

/// Writes the index and the segments of chunks below the folder, which it makes.
///
/// Errors: those of [`Ranged::read`]; or the folder cannot be written.
pub(super) async fn block(
    bucket: &BucketReader,
    block: &SourceBlock,
    objects: &Inventory,
    folder: &Path,
) -> Result<()> {
    let chunks = folder.join("chunks");
    fs::create_dir_all(&chunks).map_err(|err| unwritten(&chunks, err))?;
    let is_read = |object: &&Object| {
        let name = &*object.name;
        name == "index"
            || name
                .strip_prefix("chunks/")
                .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
    };
    for object in objects.data().filter(is_read) {
        let path = folder.join(&*object.name);
        let mut file = File::create_new(&path).map_err(|err| unwritten(&path, err))?;
        let from = block.id.object(&object.name);
        let ranged = Ranged::new(bucket.clone(), from, object.clone());
        let mut start = 0;
        while start < object.size_bytes {
            let end = start.saturating_add(PIECE_BYTES).min(object.size_bytes);
            let piece = ranged.read(start..end).await?;
            file.write_all(&piece)
                .map_err(|err| unwritten(&path, err))?;
            start = end;
        }
    }
    Ok(())
}

fn unwritten(path: &Path, err: std::io::Error) -> Error {
    Error::new(Kind::Other, format!("write {}", path.display())).because(err)
}
