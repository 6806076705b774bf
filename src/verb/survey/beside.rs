//! What lies in a bucket beside blocks. It is reported where there are no blocks, for the prefix or the bucket may be wrong.

use std::collections::BTreeSet;

use crate::block::{BlockId, META_JSON, Object, ObjectPath};
use crate::bucket::Location;
use crate::plan::Warning;

/// How many names at the top of the bucket a warning shows.
const EXAMPLES: usize = 3;

/// Objects that belong to no block, and folders that nobody looks into.
#[derive(Debug, Default)]
pub(super) struct Beside {
    names: u64,
    /// The first names at the top; folders end with a slash.
    examples: BTreeSet<String>,
    /// A folder in which blocks lie after all.
    blocks_below: Option<String>,
}

impl Beside {
    pub(super) fn note(&mut self, path: &ObjectPath, object: &Object) {
        self.names += 1;
        let is_folder = object.size_bytes == 0 && object.version.is_none();
        let path = path.as_str();
        if self.examples.len() < EXAMPLES {
            let example = match path.split_once('/') {
                Some((top, _)) => format!("{top}/"),
                // A folder on disk, into which nobody looks.
                None if is_folder => format!("{path}/"),
                None => path.to_owned(),
            };
            self.examples.insert(example);
        }
        if self.blocks_below.is_none() {
            self.blocks_below = parent_of_block(path);
        }
    }

    /// The warning about a source without blocks, which cannot be what was meant.
    pub(super) fn in_source(&self, location: &Location) -> Warning {
        if self.names == 0 {
            let text = format!(
                "nothing lies in source {location}: is it the right bucket, and does the prefix fit?"
            );
            return warning(text);
        }
        warning(format!("source {location} {}", self.instead()))
    }

    /// The warning about a target without blocks; `None` where it is empty, as a new target is.
    pub(super) fn in_target(&self, location: &Location) -> Option<Warning> {
        (self.names > 0).then(|| warning(format!("target {location} {}", self.instead())))
    }

    fn instead(&self) -> String {
        let plural = if self.names == 1 { "" } else { "s" };
        let examples: Vec<&str> = self.examples.iter().map(String::as_str).collect();
        let hint = match &self.blocks_below {
            Some(folder) => format!("blocks lie below {folder}/: is that the prefix?"),
            None => "is it the right bucket, and does the prefix fit?".to_owned(),
        };
        format!(
            "holds no block, but {} other name{plural} ({}): {hint}",
            self.names,
            examples.join(", ")
        )
    }
}

fn warning(text: String) -> Warning {
    Warning {
        name: "no-blocks",
        text,
        blocks: Vec::new(),
    }
}

/// `a/b` of `a/b/01J…/meta.json`.
fn parent_of_block(path: &str) -> Option<String> {
    let directory = path.strip_suffix(META_JSON)?.strip_suffix('/')?;
    let (parent, name) = directory.rsplit_once('/')?;
    name.parse::<BlockId>().ok()?;
    Some(parent.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::block::Fingerprint;

    use super::*;

    fn told(paths: &[&str]) -> (String, Option<String>) {
        let mut beside = Beside::default();
        for path in paths {
            let is_folder = path.ends_with(':');
            let object = Object {
                name: "".into(),
                size_bytes: 0,
                modified: None,
                version: (!is_folder).then(|| "a".into()),
                fingerprint: Fingerprint::UNKNOWN,
                archived: false,
                file: None,
                left_out: None,
            };
            beside.note(&ObjectPath::new(path.trim_end_matches(':')), &object);
        }
        let location = Location::named("s3://minio:9000/hot/p");
        let text = |warning: Warning| warning.text.replace(&location.to_string(), "B");
        (
            text(beside.in_source(&location)),
            beside.in_target(&location).map(text),
        )
    }

    /// S-8.4
    #[test]
    fn a_bucket_without_blocks_is_told_with_what_it_holds_instead() {
        let (source, target) = told(&[]);
        assert_eq!(
            source,
            "nothing lies in source B: is it the right bucket, and does the prefix fit?"
        );
        assert_eq!(target, None);
        let (source, target) = told(&["a.txt", "backup/1", "backup/2", "c/d", "e", "f"]);
        assert_eq!(
            source,
            "source B holds no block, but 6 other names (a.txt, backup/, c/): is it the right bucket, and does the prefix fit?"
        );
        assert_eq!(target, Some(source.replace("source", "target")));
        let (source, _) = told(&["notes.txt", "thanos:"]);
        assert_eq!(
            source,
            "source B holds no block, but 2 other names (notes.txt, thanos/): is it the right bucket, and does the prefix fit?"
        );
        let (source, _) = told(&["debug/x", "a/thanos/01J9ZK3M7Q8T5V6W7X8Y9Z0A1B/meta.json"]);
        assert_eq!(
            source,
            "source B holds no block, but 2 other names (a/, debug/): blocks lie below a/thanos/: is that the prefix?"
        );
    }
}
