//! Files and folders that appear whole, and over nothing: they are written beside their place under a name of their own, and moved.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::block::RunId;
use crate::error::{Error, Result};

/// What is to appear at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A file: nothing may lie there.
    File,
    /// A folder: nothing may lie there but an empty one.
    Folder,
}

/// Refuses a path at which it cannot appear, or where it would replace something.
///
/// Errors, of kind [`Kind::Usage`](crate::Kind::Usage): why, behind the path.
pub fn may_appear(path: &Path, what: What) -> Result<()> {
    let wrong = |why: &str| Err(Error::usage(format!("{:?}: {why}", path.to_string_lossy())));
    if path.as_os_str() == "-" {
        return wrong("expected a path, for the plan goes to stdout");
    }
    if path.file_name().is_none() {
        return wrong("expected the path of a file");
    }
    let is_free = match (fs::symlink_metadata(path), what) {
        (Err(err), _) => err.kind() == io::ErrorKind::NotFound,
        (Ok(_), What::File) => false,
        (Ok(_), What::Folder) => {
            fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
        }
    };
    match (is_free, what) {
        (false, What::File) => wrong("it is there already: expected a path where nothing lies"),
        (false, What::Folder) => {
            wrong("it is there already: expected a path where nothing lies, or an empty folder")
        }
        (true, _) if !above(path).is_dir() => wrong("expected a path in a folder that is there"),
        (true, _) => Ok(()),
    }
}

/// What is written and not yet in its place. It is removed where it does not get there; a kill leaves it behind under a name that says what it is.
#[derive(Debug)]
pub struct Draft(PathBuf);

/// The folder that a path lies in.
fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    }
}

impl Draft {
    /// A path beside another one, at which nothing lies.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut draft = OsString::from(".");
        draft.push(name);
        draft.push(format!(".{}.unfinished", RunId::generate()));
        Ok(Self(above(path).join(draft)))
    }

    /// Where it is to be written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Moves the file that was written to its place. Another one there stays, and is an error.
    pub fn becomes_file(self, path: &Path) -> io::Result<()> {
        // Unlike a move, a link replaces nothing.
        fs::hard_link(&self.0, path)?;
        fs::remove_file(&self.0)?;
        sync(path)
    }

    /// Moves the file that was written to its place, also where another one lies there, which is gone then.
    pub fn replaces_file(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)?;
        sync(path)
    }

    /// Moves the folder that was written to its place. Another one there stays unless it is empty, and is an error.
    pub fn becomes_folder(self, path: &Path) -> io::Result<()> {
        fs::File::open(&self.0)?.sync_all()?;
        fs::rename(&self.0, path)?;
        sync(path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After it got to its place there is nothing to be removed.
        if self.0.is_dir() {
            let _ = fs::remove_dir_all(&self.0);
        } else {
            let _ = fs::remove_file(&self.0);
        }
    }
}

/// The name outlasts a loss of power too.
fn sync(path: &Path) -> io::Result<()> {
    fs::File::open(above(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    /// S-11.4
    #[test]
    fn a_draft_appears_whole_and_over_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest");
        let draft = |text: &str| {
            let draft = Draft::beside(&path).unwrap();
            fs::write(draft.path(), text).unwrap();
            draft
        };
        drop(draft("given up"));
        assert!(names(folder.path()).is_empty());
        draft("first").becomes_file(&path).unwrap();
        draft("second").becomes_file(&path).unwrap_err();
        assert_eq!(names(folder.path()), ["manifest"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
    }

    /// S-11.4
    #[test]
    fn a_folder_replaces_nothing_but_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest");
        fs::create_dir(&path).unwrap();
        for text in ["first", "second"] {
            let draft = Draft::beside(&path).unwrap();
            fs::create_dir(draft.path()).unwrap();
            fs::write(draft.path().join("unit"), text).unwrap();
            assert_eq!(draft.becomes_folder(&path).is_ok(), text == "first");
        }
        assert_eq!(names(folder.path()), ["manifest"]);
        assert_eq!(fs::read_to_string(path.join("unit")).unwrap(), "first");
    }
}
