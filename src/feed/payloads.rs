//! Payloads: those of a manifest, or files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::payload::{Options, Payload, Reader, Sink, capture};

/// Payloads of one format.
#[derive(Debug)]
pub(super) struct Payloads {
    options: Options,
    what: What,
    folder: PathBuf,
}

/// Where they are.
#[derive(Debug)]
pub(super) enum What {
    /// In this manifest.
    Manifest(PathBuf),
    /// Each of these files is one.
    Files(Vec<PathBuf>),
}

impl Payloads {
    /// Relative paths of a manifest begin in `folder`.
    pub(super) fn new(options: Options, what: What, folder: &Path) -> Self {
        Self {
            options,
            what,
            folder: folder.to_owned(),
        }
    }

    /// Reads all of them, one after another.
    pub(super) fn read(&self, sink: &mut Sink<'_>) -> Result<()> {
        let mut reader = Reader::new(self.options.clone());
        match &self.what {
            What::Manifest(path) => {
                let name = self.shown(path);
                let file = File::open(path)
                    .map_err(|err| Error::new(Kind::Other, format!("read {name}")).because(err))?;
                let mut file = BufReader::new(file);
                let mut each =
                    |mut captured: capture::Captured| reader.read(&mut captured.payload(), sink);
                if self.options.add_up() {
                    capture::each_payload_by_time(&mut file, &name, &self.folder, &mut each)?;
                } else {
                    capture::each_payload(file, &name, &self.folder, &mut each)?;
                }
            }
            What::Files(paths) => {
                for path in paths {
                    let name = self.shown(path);
                    let mut body = capture::open(path, &name)?;
                    let query_params = BTreeMap::new();
                    let mut payload = Payload {
                        body: &mut body,
                        received_at_ms: None,
                        query_params: &query_params,
                        place: &name,
                    };
                    reader.read(&mut payload, sink)?;
                }
            }
        }
        reader.finish(sink)
    }

    /// As the plan names it.
    fn shown(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.folder).unwrap_or(path);
        shown.to_string_lossy().into_owned()
    }
}
