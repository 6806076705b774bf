//! Reads objects piece by piece, and notices a file that is changed under the reader.

use std::fs::File;
use std::io::{self, Read as _, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path as Location;
use object_store::{Attributes, Extensions, GetOptions, GetResult, GetResultPayload, Result};
use rustix::fs::fstat;

use super::blocking::blocking;
use super::failure::generic;
use super::identity::{Facts, object};
use super::root::Root;

/// How much is read at a time: enough for a disk's full speed, little enough to have many readers at once.
const PIECE_BYTES: u64 = 1024 * 1024;

/// Opens the object at `location` as `options` ask; its bytes are read as the result is.
pub(super) fn get(root: &Arc<Root>, location: Location, options: &GetOptions) -> Result<GetResult> {
    let (mut file, facts) = root.open(&location)?;
    let meta = object(location, &facts);
    options.check_preconditions(&meta)?;
    let range = match &options.range {
        Some(range) => range.as_range(meta.size).map_err(generic)?,
        None => 0..meta.size,
    };
    let payload = if options.head {
        stream::empty().boxed()
    } else {
        file.seek(SeekFrom::Start(range.start))
            .map_err(|err| root.unreadable(&meta.location, "read", err))?;
        Reader {
            root: Arc::clone(root),
            file,
            location: meta.location.clone(),
            left_bytes: range.end - range.start,
            e_tag: facts.e_tag(),
        }
        .pieces()
    };
    let mut extensions = Extensions::new();
    extensions.insert(facts.permissions);
    Ok(GetResult {
        payload: GetResultPayload::Stream(payload),
        meta,
        range,
        attributes: Attributes::new(),
        extensions,
    })
}

/// A file that is being read from where it stands.
struct Reader {
    root: Arc<Root>,
    file: File,
    location: Location,
    left_bytes: u64,
    /// The file's, as it was opened.
    e_tag: String,
}

impl Reader {
    fn pieces(self) -> BoxStream<'static, Result<Bytes>> {
        stream::try_unfold(self, |mut reader| async move {
            if reader.left_bytes == 0 {
                return Ok(None);
            }
            blocking(move || {
                let piece = reader.piece()?;
                Ok(Some((piece, reader)))
            })
            .await
        })
        .boxed()
    }

    fn piece(&mut self) -> Result<Bytes> {
        let size_bytes = self.left_bytes.min(PIECE_BYTES);
        let mut piece = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or_default());
        (&self.file)
            .take(size_bytes)
            .read_to_end(&mut piece)
            .map_err(|err| self.unreadable(err))?;
        if piece.len() as u64 != size_bytes {
            return Err(self.unreadable(io::ErrorKind::UnexpectedEof.into()));
        }
        self.root.note_read();
        self.left_bytes -= size_bytes;
        if self.left_bytes == 0 {
            refuse_changed(&self.root, &self.location, &self.file, &self.e_tag)?;
        }
        Ok(piece.into())
    }

    fn unreadable(&self, err: io::Error) -> object_store::Error {
        self.root.unreadable(&self.location, "read", err)
    }
}

/// Refuses a file that is not as it was opened, with that `e_tag`: Thanos writes into the very file that readers have open, so that they may get some
/// of the old and some of the new.
pub(super) fn refuse_changed(
    root: &Root,
    location: &Location,
    file: &File,
    e_tag: &str,
) -> Result<()> {
    let facts = fstat(file).map_err(io::Error::from);
    let facts: Facts = facts
        .map_err(|err| root.unreadable(location, "read", err))?
        .into();
    let now = facts.e_tag();
    if now == e_tag {
        return Ok(());
    }
    Err(object_store::Error::Precondition {
        path: location.to_string(),
        source: format!("it was changed while it was read: {e_tag} became {now}").into(),
    })
}
