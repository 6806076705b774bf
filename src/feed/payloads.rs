//! Payloads: those of a manifest, or files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::error::{Error, Kind, Result};
use crate::payload::{Malformed, Options, Payload, Reader, Sink, capture};
use crate::samples::Item;

/// Payloads of one format.
#[derive(Debug)]
pub(super) struct Payloads {
    options: Options,
    malformed: Malformed,
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
    pub(super) fn new(options: Options, malformed: Malformed, what: What, folder: &Path) -> Self {
        Self {
            options,
            malformed,
            what,
            folder: folder.to_owned(),
        }
    }

    /// Reads all of them, one after another.
    pub(super) fn read(&self, sink: &mut Sink<'_>) -> Result<()> {
        let mut malformed = (0, String::new());
        let sink: &mut Sink<'_> = &mut |item| {
            if let Item::LeftOut(left_out) = &item
                && left_out.kind == Malformed::KIND
            {
                if malformed.0 == 0 {
                    malformed.1.clone_from(&left_out.example);
                }
                malformed.0 += left_out.count;
            }
            sink(item)
        };
        self.read_to_end(sink)?;
        if malformed.0 > 0 {
            let (count, example) = malformed;
            warn!(count, %example, "what cannot be read was left out");
        }
        Ok(())
    }

    fn read_to_end(&self, sink: &mut Sink<'_>) -> Result<()> {
        let mut reader = Reader::new(self.options.clone()).with_malformed(self.malformed);
        match &self.what {
            What::Manifest(path) => {
                let name = self.shown(path);
                let file = File::open(path)
                    .map_err(|err| Error::new(Kind::Other, format!("read {name}")).because(err))?;
                let mut file = BufReader::new(file);
                let mut each =
                    |mut captured: capture::Captured| reader.read(&mut captured.payload(), sink);
                if self.options.add_up() {
                    let first_time = |payload: &mut Payload<'_>| self.options.first_time(payload);
                    capture::each_payload_by_time(
                        &mut file,
                        &name,
                        &self.folder,
                        &first_time,
                        &mut each,
                    )?;
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
